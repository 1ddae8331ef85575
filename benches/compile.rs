//! How long a rules folder takes to become a rulebook, and how much memory that takes and keeps.
//!
//! `cargo bench --bench compile` measures; `cargo bench --bench compile -- --test` only shows that everything runs. Memory is
//! what the program asked for, counted on the way to the allocator: at rest, and at most while it compiled.

#[path = "chain/mod.rs"]
#[expect(dead_code, reason = "of what the benches share this one needs a part")]
mod chain;

use std::hint::black_box;
use std::time::Duration;

use chain::Outcome;
use criterion::{BenchmarkId, Criterion, Throughput};
use pricewright::rulebook::{Source, compile};

/// A large chain's assortment.
const GOODS: usize = 20_000;

fn main() -> Outcome<()> {
    let mut criterion = Criterion::default()
        .warm_up_time(Duration::from_millis(500))
        .measurement_time(Duration::from_secs(5))
        .sample_size(10)
        .configure_from_args();
    let mut group = criterion.benchmark_group("compile");
    for (name, promotions, sources) in folders()? {
        println!("{name}, {promotions} promotions: {}", memory(&sources)?);
        let bytes = sources.iter().map(|source| u64::try_from(source.bytes.len()).unwrap_or(0)).sum();
        group.throughput(Throughput::Bytes(bytes));
        let id = BenchmarkId::new(name, promotions);
        group.bench_function(id, |bencher| bencher.iter(|| compile(black_box(&sources))));
    }
    group.finish();
    criterion.final_summary();
    Ok(())
}

fn folders() -> Outcome<Vec<(String, usize, Vec<Source>)>> {
    let mut folders = vec![("sample catalog".to_owned(), 300, chain::promotions(300)?)];
    for promotions in [1_000, 10_000] {
        folders.push((format!("{GOODS} goods"), promotions, chain::over_goods(GOODS, promotions)?));
    }
    Ok(folders)
}

fn memory(sources: &[Source]) -> Outcome<String> {
    let mut compiled = None;
    let whole = allocation_counter::measure(|| compiled = Some(compile(sources)));
    let found = compiled.as_ref().map_or(0, |compiled| compiled.diagnostics.len());
    let mut rulebook = compiled.and_then(|compiled| compiled.rulebook);
    // What the rulebook gives back when it goes is what it held.
    let gone = allocation_counter::measure(|| drop(rulebook.take()));
    let at_rest = gone.bytes_current.unsigned_abs();
    Ok(format!(
        "{} KiB at rest, {} KiB at most, {} allocations, {found} findings",
        at_rest / 1_024,
        whole.bytes_max / 1_024,
        whole.count_total
    ))
}
