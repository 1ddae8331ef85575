//! Files are swapped in every way in which files get replaced, half of them broken, while clients price without pause:
//! no request fails, every answer belongs to one good rulebook, and a good file is live in the promised time.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::io::Write as _;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::sleep;
use std::time::{Duration, Instant};

use pricewright::rulebook::{Source, State, compile};
use pricewright::server::clock::steady;
use pricewright::server::config::Options;
use pricewright::server::keeper::SETTLE;
use pricewright::server::wire;
use pricewright::server::wire::quote_stream_response::Answer;
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;

use crate::running::{Folders, Running};

/// Good and broken versions of each lane; with five lanes 200 swaps.
const SWAPS_A_LANE: u32 = 40;
const QUOTES_A_LANE: u64 = 20_000;
const LINE_PAUSE: Duration = Duration::from_millis(12);

/// How a lane replaces its files; `at` is the last moment at which something was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    LineByLine,
    Rename,
    Editors,
    ConfigMap,
    PollingAlone,
}

const WAYS: [Way; 5] = [Way::LineByLine, Way::Rename, Way::Editors, Way::ConfigMap, Way::PollingAlone];

impl Way {
    fn promised(self) -> Duration {
        Duration::from_secs(if self == Way::PollingAlone { 3 } else { 1 })
    }
}

/// The files of one version: percentages `p` and `51 − p`, one in each file, so that a mix of two versions would show.
fn good(step: u32) -> [Source; 3] {
    let percent = 1 + step % 50;
    [
        source("settings.yaml", "currency: UAH\ntime_zone: Europe/Kyiv\n"),
        source("one.yaml", &rule("one", "A", percent, step)),
        source("two.yaml", &rule("two", "B", 51 - percent, step)),
    ]
}

fn total(step: u32) -> i64 {
    let percent = i64::from(1 + step % 50);
    (10_000 - 100 * percent) + (20_000 - 200 * (51 - percent))
}

fn rule(id: &str, sku: &str, percent: u32, step: u32) -> String {
    format!(
        "# Version {step}.\npromotions:\n  - id: {id}-first\n    name: First\n    on:\n      skus:\n        - {sku}\n    \
         give:\n      percent: {percent}\n  - id: {id}-second\n    name: Nothing for these goods\n    on:\n      \
         skus:\n        - {sku}-other\n    give:\n      percent: 5\n"
    )
}

fn source(path: &str, text: &str) -> Source {
    Source { path: path.to_owned(), bytes: text.into() }
}

/// `one.yaml` as nobody should write it.
fn broken(step: u32) -> Vec<u8> {
    let text = rule("one", "A", 33, step);
    match step % 4 {
        0 => text.replace("percent:", "percnt:").into_bytes(),
        1 => text.replace("percent: 33", "percent: {33").into_bytes(),
        2 => text.replace("percent: 33", "percent: 133").into_bytes(),
        _ => [text.as_bytes(), &[0xff, 0xfe, 0x00, 0x9f]].concat(),
    }
}

/// Replaces the files below `root`; what a slow writer left standing for as long as a settled folder, it tells.
fn swap(way: Way, root: &Path, step: u32, files: &[Source]) -> Vec<Vec<Source>> {
    let mut stalls = Vec::new();
    match way {
        Way::ConfigMap => swap_link(root, step, files),
        Way::LineByLine => {
            for (place, file) in files.iter().enumerate() {
                write_slowly(&root.join(&file.path), &file.bytes, |partial| {
                    let mut standing = files[..place].to_vec();
                    standing.push(Source { path: file.path.clone(), bytes: partial.to_vec() });
                    stalls.push(standing);
                });
            }
        }
        _ => {
            for file in files {
                let path = root.join(&file.path);
                match (way, step % 3) {
                    (Way::Editors, 0) => with_backup(&path, &file.bytes),
                    (Way::Editors, 1) => like_vim(&path, &file.bytes),
                    (Way::Editors, _) | (Way::PollingAlone, 0) => fs::write(&path, &file.bytes).unwrap(),
                    _ => renamed(&path, &file.bytes),
                }
            }
        }
    }
    stalls
}

fn write_slowly(path: &Path, bytes: &[u8], mut stalled: impl FnMut(&[u8])) {
    let mut file = File::create(path).unwrap();
    let mut written = 0;
    let mut last = steady();
    for line in bytes.split_inclusive(|&byte| byte == b'\n') {
        sleep(LINE_PAUSE);
        if last.elapsed() > SETTLE / 2 {
            stalled(&bytes[..written]);
        }
        file.write_all(line).unwrap();
        written += line.len();
        last = steady();
    }
}

fn renamed(path: &Path, bytes: &[u8]) {
    let beside = path.with_extension("tmp");
    fs::write(&beside, bytes).unwrap();
    fs::rename(beside, path).unwrap();
}

fn with_backup(path: &Path, bytes: &[u8]) {
    let backup = path.with_extension("yaml~");
    let _ = fs::rename(path, &backup);
    fs::write(path, bytes).unwrap();
    let _ = fs::remove_file(backup);
}

/// Whether the folder takes files is tried with a file named 4913; then the old file steps aside for the new one.
fn like_vim(path: &Path, bytes: &[u8]) {
    let probe = path.with_file_name("4913");
    fs::write(&probe, "").unwrap();
    fs::remove_file(probe).unwrap();
    fs::write(path.with_file_name(".one.yaml.swp"), "swap").unwrap();
    with_backup(path, bytes);
    fs::remove_file(path.with_file_name(".one.yaml.swp")).unwrap();
}

/// As the kubelet does it: a new folder, and one link that is renamed over the old one.
fn swap_link(root: &Path, step: u32, files: &[Source]) {
    let version = format!("..2026_11_27_{step}");
    let before = fs::read_link(root.join("..data")).ok();
    fs::create_dir(root.join(&version)).unwrap();
    if let Some(before) = &before {
        for entry in fs::read_dir(root.join(before)).unwrap() {
            let entry = entry.unwrap();
            fs::copy(entry.path(), root.join(&version).join(entry.file_name())).unwrap();
        }
    }
    for file in files {
        fs::write(root.join(&version).join(&file.path), &file.bytes).unwrap();
    }
    symlink(&version, root.join("..data_tmp")).unwrap();
    fs::rename(root.join("..data_tmp"), root.join("..data")).unwrap();
    for file in files {
        let link = root.join(&file.path);
        if !link.exists() {
            symlink(Path::new("..data").join(&file.path), link).unwrap();
        }
    }
    if let Some(before) = before {
        fs::remove_dir_all(root.join(before)).unwrap();
    }
}

/// What the clients of a lane saw.
#[derive(Default)]
struct Seen {
    answers: BTreeSet<(String, i64)>,
    quotes: u64,
}

fn request() -> wire::QuoteRequest {
    let line = |sku: &str, unit_price| wire::Line {
        id: sku.to_owned(),
        sku: sku.to_owned(),
        quantity: 1,
        unit_price: Some(unit_price),
        ..wire::Line::default()
    };
    wire::QuoteRequest {
        basket: Some(wire::Basket {
            lines: vec![line("A", 10_000), line("B", 20_000)],
            ..wire::Basket::default()
        }),
        ..wire::QuoteRequest::default()
    }
}

/// Prices on one stream, a few requests ahead, until the swapping is over and the quota is reached.
async fn price_without_pause(running: Arc<Running>, over: Arc<AtomicBool>, count: Arc<AtomicU64>) -> Seen {
    let (sender, receiver) = mpsc::channel(8);
    let feeding = tokio::spawn({
        let (over, count) = (Arc::clone(&over), Arc::clone(&count));
        async move {
            while !(over.load(Ordering::Relaxed) && count.load(Ordering::Relaxed) >= QUOTES_A_LANE) {
                let next = wire::QuoteStreamRequest { request: Some(request()) };
                if sender.send(next).await.is_err() {
                    return;
                }
            }
        }
    });
    let mut client = running.pricing().await;
    let mut answers = client.quote_stream(ReceiverStream::new(receiver)).await.unwrap().into_inner();
    let mut seen = Seen::default();
    while let Some(answer) = answers.message().await.expect("the stream failed") {
        match answer.answer {
            Some(Answer::Quote(quote)) => {
                let answer = (quote.rulebook_digest, quote.total);
                if !seen.answers.contains(&answer) {
                    seen.answers.insert(answer);
                }
                seen.quotes += 1;
                count.fetch_add(1, Ordering::Relaxed);
            }
            other => panic!("a request failed: {other:?}"),
        }
    }
    feeding.await.unwrap();
    seen
}

struct Lane {
    way: Way,
    seen: Seen,
    known: BTreeMap<String, i64>,
    times: Vec<Duration>,
    stalls: usize,
}

fn digest(sources: &[Source]) -> Option<String> {
    compile(sources).rulebook.map(|rulebook| rulebook.digest().to_string())
}

async fn lane(way: Way) -> Lane {
    let folders = Folders::new();
    let root = folders.rules();
    swap(way, &root, 0, &good(0));
    let options = Options { file_events: Some(way != Way::PollingAlone), ..Options::default() };
    let running = Arc::new(folders.serve(options).await);
    running.server.ready().await.unwrap();
    let (over, count) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU64::new(0)));
    let pricing =
        tokio::spawn(price_without_pause(Arc::clone(&running), Arc::clone(&over), Arc::clone(&count)));

    let mut known = BTreeMap::from([(digest(&good(0)).expect("good rules"), total(0))]);
    let (mut times, mut stalled) = (Vec::new(), 0);
    for step in 1..=SWAPS_A_LANE {
        let is_good = step % 2 == 0;
        let files = match is_good {
            true => good(step)[1..].to_vec(),
            false => vec![Source { path: "one.yaml".to_owned(), bytes: broken(step) }],
        };
        let wanted = digest(&good(step)).unwrap();
        known.insert(wanted.clone(), total(step));
        let (stalls, written): (Vec<Vec<Source>>, Instant) = tokio::task::spawn_blocking({
            let (root, files) = (root.clone(), files.clone());
            move || (swap(way, &root, step, &files), steady())
        })
        .await
        .unwrap();
        stalled += stalls.len();
        if is_good {
            running.until(|live| live.rulebook.digest().to_string() == wanted).await;
            times.push(written.elapsed());
        } else {
            let held = |path: &str, state| path == "one.yaml" && state == State::Held;
            running.until(|live| live.folder.standings.iter().any(|file| held(&file.path, file.state))).await;
        }
    }
    over.store(true, Ordering::Relaxed);
    let seen = pricing.await.unwrap();
    Lane { way, seen, known, times, stalls: stalled }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn files_are_swapped_under_load_and_no_price_is_ever_wrong() {
    let _quiet = crate::running::NOISE.write().await;
    let begun = steady();
    let lanes: Vec<_> = WAYS.into_iter().map(|way| tokio::spawn(lane(way))).collect();
    let (mut quotes, mut swaps) = (0, 0);
    for lane in lanes {
        let Lane { way, seen, known, mut times, stalls } = lane.await.unwrap();
        times.sort_unstable();
        let (p50, max) = (times[times.len() / 2], times[times.len() - 1]);
        println!(
            "{way:?}: {SWAPS_A_LANE} swaps, {} quotes, {} rulebooks seen, {stalls} stalled writers; live after p50 \
             {p50:?}, max {max:?}",
            seen.quotes,
            seen.answers.len()
        );
        // Where the machine stops a writer for as long as a folder takes to settle, half a file is a file: so many
        // rulebooks may be unknown, and none where no writer was stopped.
        let (good, unknown): (Vec<_>, Vec<_>) =
            seen.answers.iter().partition(|(digest, _)| known.contains_key(digest));
        assert!(unknown.len() <= stalls, "{way:?}: answers of no good rulebook: {unknown:?}");
        for (digest, total) in good {
            assert_eq!(known.get(digest), Some(total), "{way:?}: a total of another rulebook");
        }
        assert!(max <= way.promised(), "{way:?}: live after {max:?}, promised {:?}", way.promised());
        quotes += seen.quotes;
        swaps += SWAPS_A_LANE;
    }
    println!(
        "{swaps} swaps, half of them broken, under {quotes} quotes in {:?}; none failed",
        begun.elapsed()
    );
    assert!(quotes >= 100_000 && swaps >= 200);
}
