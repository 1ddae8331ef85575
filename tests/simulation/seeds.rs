//! Many seeds, and what all of them together have shown.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;

use pricewright::server::clock;

use crate::dice::number;
use crate::run::{Outcome, run};

/// Seeds of a usual run, and the first of them.
const SEEDS: u64 = 1_500;
const FIRST: u64 = 1;
/// Seeds that are run twice.
const TWICE: u64 = 64;

#[derive(Default)]
struct All {
    sum: Outcome,
    /// What was wrong, by seed.
    wrong: BTreeMap<u64, Vec<String>>,
    seeds: u64,
}

impl All {
    fn add(&mut self, seed: u64, one: Outcome) {
        let sum = &mut self.sum;
        sum.acknowledged += one.acknowledged;
        sum.refused += one.refused;
        sum.unknown += one.unknown;
        sum.again += one.again;
        sum.quotes += one.quotes;
        sum.sales += one.sales;
        sum.paid += one.paid;
        sum.millis += one.millis;
        for (kind, count) in one.faults {
            *sum.faults.entry(kind).or_default() += count;
        }
        if !one.wrong.is_empty() {
            self.wrong.insert(seed, one.wrong);
        }
        self.seeds += 1;
    }
}

#[test]
fn what_was_answered_stays_so_whatever_happens() {
    if let Ok(seed) = std::env::var("SIMULATION_SEED") {
        if std::env::var_os("SIMULATION_LOG").is_some() {
            tracing_subscriber::fmt().with_max_level(tracing::Level::TRACE).without_time().init();
        }
        let outcome = run(seed.parse().unwrap(), true);
        println!("{outcome:#?}");
        assert_eq!(outcome.wrong, Vec::<String>::new());
        return;
    }
    let (seeds, first) = (number("SIMULATION_SEEDS", SEEDS), number("SIMULATION_FIRST", FIRST));
    let (next, all, begun) = (AtomicU64::new(first), Mutex::new(All::default()), clock::steady());
    thread::scope(|scope| {
        for _ in 0..thread::available_parallelism().map_or(1, usize::from) {
            scope.spawn(|| {
                loop {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    if seed >= first + seeds || !all.lock().unwrap().wrong.is_empty() {
                        return;
                    }
                    let outcome = run(seed, false);
                    let mut all = all.lock().unwrap();
                    all.add(seed, outcome);
                    if all.seeds % 500 == 0 {
                        println!("{} seeds in {:?}", all.seeds, begun.elapsed());
                    }
                }
            });
        }
    });
    let All { sum, wrong, seeds } = all.into_inner().unwrap();
    println!(
        "{seeds} seeds in {:.0?}, {} simulated minutes: {} acknowledged ({} refusals among them), {} without an answer at first, asked \
         again {} times, {} sales, {} of them paid with certificates, {} quotes; faults: {:?}; lost or doubled in {} seeds",
        begun.elapsed(),
        sum.millis / 60_000,
        sum.acknowledged,
        sum.refused,
        sum.unknown,
        sum.again,
        sum.sales,
        sum.paid,
        sum.quotes,
        sum.faults,
        wrong.len(),
    );
    for (seed, wrong) in &wrong {
        println!("seed {seed}, after {seeds} seeds: {wrong:#?}");
    }
    assert!(wrong.is_empty(), "run SIMULATION_SEED={} again to see it", wrong.keys().next().unwrap());
    assert!(sum.unknown > seeds && sum.paid > 0 && sum.quotes > seeds, "nothing happened");
}

#[test]
fn a_seed_makes_the_same_run_again() {
    for seed in 1_000_000..1_000_000 + TWICE {
        let [one, other] = [run(seed, false), run(seed, false)];
        assert_eq!(
            (one.trace, one.acknowledged),
            (other.trace, other.acknowledged),
            "seed {seed}: {one:#?} {other:#?}"
        );
    }
}
