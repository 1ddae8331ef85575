//! How long the sample chain's rules take to compile, and its baskets to price.
//!
//! `cargo bench --bench price` measures (about a minute); `cargo bench --bench price -- price/10` one group of it;
//! `cargo bench --bench price -- --test` only shows that everything runs. One iteration of `price` is one basket: the benches go
//! around among real baskets of the chain with so many lines, so a figure is a mean over them and not one lucky basket.

use std::fs;
use std::hint::black_box;
use std::path::Path;
use std::time::Duration;

use criterion::{BenchmarkId, Criterion, Throughput};
use pricewright::basket::Request;
use pricewright::pricing::{Effort, price};
use pricewright::rulebook::{Rulebook, Source, compile, is_rule_file};
use pricewright::server::convert;
use pricewright::time::Instant;

type Outcome<T> = Result<T, Box<dyn std::error::Error>>;

/// Baskets of one size: enough to be a sample of the chain's customers.
const BASKETS: usize = 20;

fn main() -> Outcome<()> {
    let mut criterion = Criterion::default()
        .warm_up_time(Duration::from_millis(500))
        .measurement_time(Duration::from_secs(2))
        .sample_size(20)
        .configure_from_args();
    let sources = sources()?;
    let rulebook = compile(&sources).rulebook.ok_or("the sample chain does not compile")?;
    pricing(&mut criterion, &rulebook, &requests()?);
    compiling(&mut criterion, &sources);
    criterion.final_summary();
    Ok(())
}

fn pricing(criterion: &mut Criterion, rulebook: &Rulebook, requests: &[Request]) {
    for (name, explain) in [("price", false), ("price and explain", true)] {
        let mut group = criterion.benchmark_group(name);
        group.throughput(Throughput::Elements(1));
        for lines in [1, 5, 10, 20] {
            let baskets = of_size(requests, lines, explain);
            let mut turn = baskets.iter().cycle();
            group.bench_function(BenchmarkId::from_parameter(lines), |bencher| {
                bencher.iter(|| {
                    turn.next().map(|request| price(rulebook, black_box(request), Effort::default()))
                });
            });
        }
        group.finish();
    }
}

fn compiling(criterion: &mut Criterion, sources: &[Source]) {
    let mut group = criterion.benchmark_group("compile");
    let bytes = sources.iter().map(|source| u64::try_from(source.bytes.len()).unwrap_or(0)).sum();
    group.throughput(Throughput::Bytes(bytes));
    group.bench_function("sample chain", |bencher| bencher.iter(|| compile(black_box(sources))));
    group.finish();
}

/// Baskets of so many lines: a longer one is cut, so that every size has its sample.
fn of_size(requests: &[Request], lines: usize, explain: bool) -> Vec<Request> {
    let large_enough = requests.iter().filter(|request| request.basket.lines.len() >= lines);
    let cut = large_enough.take(BASKETS).map(|request| {
        let mut request = Request { explain, ..request.clone() };
        request.basket.lines.truncate(lines);
        request
    });
    cut.collect()
}

fn sources() -> Outcome<Vec<Source>> {
    let mut sources = Vec::new();
    for entry in fs::read_dir(folder())? {
        let path = entry?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if is_rule_file(&name) || name.ends_with(".csv") {
            sources.push(Source { path: name, bytes: fs::read(&path)? });
        }
    }
    sources.sort();
    Ok(sources)
}

fn requests() -> Outcome<Vec<Request>> {
    let now = Instant::from_unix(0).ok_or("the epoch is no moment")?;
    let text = fs::read_to_string(folder().join("baskets.jsonl"))?;
    let read = |line: &str| convert::request_from_json(line).map(|asked| convert::request(&asked, now).0);
    Ok(text.lines().map(read).collect::<Result<_, _>>()?)
}

fn folder() -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("rules")
}
