//! What callers notice of rulebooks that are swapped: the same load with ten swaps a second and without, in turns.
//!
//! `cargo bench --bench swap` measures 30 s of each (a minute in all). `-- --compile` compiles the rules anew for each swap, as an edited file
//! makes the service do; without it ten compiled rulebooks take turns, and only the swap itself is measured. `-- --test` only
//! shows that everything runs.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;
use std::{env, thread};

use pricewright::cli::bench::baskets::Baskets;
use pricewright::cli::bench::load::{Load, Method, connect};
use pricewright::cli::bench::tally::{Figures, medians, ratios};
use pricewright::cli::{local, serve};
use pricewright::rulebook::{Rulebook, Source, compile};
use pricewright::server::clock;
use pricewright::server::config::Options;
use pricewright::server::engine::{Engine, Folder, Live};
use pricewright::server::run::{RunningServer, Server};

/// As in the binary.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

type Outcome<T> = Result<T, Box<dyn std::error::Error>>;

/// Between two swaps.
const PAUSE: Duration = Duration::from_millis(100);
/// Rulebooks that take turns.
const RULEBOOKS: usize = 10;
/// Enough to keep every core busy.
const STREAMS: u32 = 16;

fn main() -> Outcome<()> {
    let asked = |name: &str| env::args().any(|argument| argument == name);
    let (turns, turn) = if asked("--test") { (1, 300) } else { (15, 2_000) };
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("rules");
    let sources = local::sources(&folder)?;
    let baskets = Baskets::read(&folder.join("baskets.jsonl"), false)?;
    let home = tempfile::tempdir()?;
    let service = serve::runtime()?;
    let server = service.block_on(start(home.path(), &sources))?;
    let swaps = Swaps { sources, compiles: asked("--compile"), count: AtomicU64::new(0) };
    let (with, without) = measure(&server, &baskets, &swaps, (turns, Duration::from_millis(turn)))?;
    print(&with, &without, &swaps);
    service.block_on(server.shutdown())?;
    Ok(())
}

async fn start(home: &Path, sources: &[Source]) -> Outcome<RunningServer> {
    for source in sources {
        let path = home.join("rules").join(&source.path);
        path.parent().map_or(Ok(()), std::fs::create_dir_all)?;
        std::fs::write(path, &source.bytes)?;
    }
    let options = Options {
        listen: Some(([127, 0, 0, 1], 0).into()),
        rules: Some(home.join("rules")),
        data: Some(home.join("data")),
        ..Options::default()
    };
    let server = Server::start(options.resolve()?).await?;
    server.ready().await.ok_or("no rulebook is live")?;
    Ok(server)
}

/// The load in turns, with swaps and without.
fn measure(
    server: &RunningServer,
    baskets: &Baskets,
    swaps: &Swaps,
    (turns, turn): (u32, Duration),
) -> Outcome<(Vec<Figures>, Vec<Figures>)> {
    let callers = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
    let address = format!("http://{}", server.local_addr());
    let load = Load {
        channels: callers.block_on(connect(&address, 1))?,
        streams: STREAMS,
        rate: None,
        method: Method::Quote,
        asked: Arc::new(baskets.unary.clone()),
    };
    callers.block_on(load.run(turn))?;
    let (mut with, mut without) = (Vec::new(), Vec::new());
    let rulebooks: Vec<Arc<Rulebook>> =
        (0..RULEBOOKS).map(|step| swaps.rulebook(step)).collect::<Outcome<_>>()?;
    for _ in 0..turns {
        without.push(callers.block_on(load.run(turn))?);
        let over = AtomicBool::new(false);
        let figures = thread::scope(|scope| {
            scope.spawn(|| swaps.go_on(server.engine(), &rulebooks, &over));
            let figures = callers.block_on(load.run(turn));
            over.store(true, Ordering::Relaxed);
            figures
        });
        with.push(figures?);
    }
    Ok((with, without))
}

struct Swaps {
    sources: Vec<Source>,
    compiles: bool,
    count: AtomicU64,
}

impl Swaps {
    /// The rules with one comment more: another rulebook, the same prices.
    fn rulebook(&self, step: usize) -> Outcome<Arc<Rulebook>> {
        let mut sources = self.sources.clone();
        let settings = sources.iter_mut().find(|source| source.path == "settings.yaml");
        settings.ok_or("no settings")?.bytes.extend(format!("\n# {step}\n").bytes());
        Ok(Arc::new(compile(&sources).rulebook.ok_or("the rules do not compile")?))
    }

    fn go_on(&self, engine: &Engine, rulebooks: &[Arc<Rulebook>], over: &AtomicBool) {
        let mut due = clock::steady();
        for (step, ready) in rulebooks.iter().cycle().enumerate() {
            if over.load(Ordering::Relaxed) {
                return;
            }
            let anew = self.compiles.then(|| self.rulebook(RULEBOOKS + step).ok()).flatten();
            let rulebook = anew.unwrap_or_else(|| Arc::clone(ready));
            engine.publish(Live::of(rulebook, clock::timestamp(), Folder::default()));
            self.count.fetch_add(1, Ordering::Relaxed);
            due += PAUSE;
            thread::sleep(due.saturating_duration_since(clock::steady()));
        }
    }
}

fn print(with: &[Figures], without: &[Figures], swaps: &Swaps) {
    let millis = |nanos: u64| format!("{}.{:03} ms", nanos / 1_000_000, nanos % 1_000_000 / 1_000);
    println!("{:14}{:>14}{:>14}{:>14}{:>12}", "", "p50", "p99", "p99.9", "a second");
    for (name, rounds) in [("without swaps", without), ("with swaps", with)] {
        let Figures { latency, .. } = medians(rounds);
        let times = [latency.p50, latency.p99, latency.p999].map(|time| format!("{:>14}", millis(time)));
        println!("{name:14}{}{:>12}", times.concat(), medians(rounds).per_second());
    }
    let compared = ratios(with, without);
    let ratio = |permille: Option<u64>| {
        let permille = permille.unwrap_or_default();
        format!("{}.{:03}", permille / 1_000, permille % 1_000)
    };
    let all = [compared.p50, compared.p99, compared.p999].map(|permille| format!("{:>14}", ratio(permille)));
    println!("{:14}{}{:>12}", "ratio", all.concat(), ratio(compared.per_second));
    let anew = if swaps.compiles { ", each compiled anew" } else { "" };
    println!("{} swaps{anew}; medians of {} turns", swaps.count.load(Ordering::Relaxed), with.len());
}
