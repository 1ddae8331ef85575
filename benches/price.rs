//! How long a basket takes to be priced: lines by promotions, with and without what explains it, and the plain evaluator beside.
//!
//! `cargo bench --bench price` measures all of it (some minutes); `cargo bench --bench price -- 'price/10 lines'` a part;
//! `cargo bench --bench price -- --test` only shows that everything runs. One iteration is one basket: the benches go around
//! among real baskets of the chain with so many lines, so a figure is a mean over them and not one lucky basket. Times move with
//! the machine; `benches/instructions.rs` counts what does not.

#[path = "chain/mod.rs"]
#[expect(dead_code, reason = "of what the benches share this one needs a part")]
mod chain;
#[path = "plain/mod.rs"]
mod plain;

use std::hint::black_box;
use std::time::Duration;

use chain::{LINES, Outcome, PROMOTIONS};
use criterion::measurement::WallTime;
use criterion::{BenchmarkGroup, BenchmarkId, Criterion};
use pricewright::basket::Request;
use pricewright::pricing::{Effort, price};
use pricewright::rulebook::Rulebook;

/// How most chains look: what is measured in one direction only stays there in the other.
const USUAL_LINES: usize = 10;
const USUAL_PROMOTIONS: usize = 300;
const UNRELATED: usize = 9_000;

fn main() -> Outcome<()> {
    let mut criterion = Criterion::default()
        .warm_up_time(Duration::from_millis(200))
        .measurement_time(Duration::from_millis(800))
        .sample_size(10)
        .configure_from_args();
    grid(&mut criterion)?;
    usual(&mut criterion)?;
    hard(&mut criterion)?;
    on_items(&mut criterion)?;
    criterion.final_summary();
    Ok(())
}

/// Lines by promotions.
fn grid(criterion: &mut Criterion) -> Outcome<()> {
    let mut group = criterion.benchmark_group("price");
    for promotions in PROMOTIONS {
        let rulebook = chain::rulebook(&chain::promotions(promotions)?)?;
        for lines in LINES {
            let id = BenchmarkId::new(named(lines), promotions);
            engine(&mut group, id, &rulebook, &chain::baskets(lines)?);
        }
    }
    group.finish();
    Ok(())
}

/// What the quote tells with `explain`, and what promotions cost that have nothing to do with the basket.
fn usual(criterion: &mut Criterion) -> Outcome<()> {
    let mut sources = chain::promotions(USUAL_PROMOTIONS)?;
    let rulebook = chain::rulebook(&sources)?;
    let mut group = criterion.benchmark_group("explain");
    for lines in LINES {
        let explained =
            chain::baskets(lines)?.into_iter().map(|request| Request { explain: true, ..request });
        engine(
            &mut group,
            BenchmarkId::new(named(lines), USUAL_PROMOTIONS),
            &rulebook,
            &explained.collect::<Vec<_>>(),
        );
    }
    group.finish();
    sources.extend(chain::unrelated(UNRELATED)?);
    let mut group = criterion.benchmark_group("unrelated");
    let id = BenchmarkId::new(named(USUAL_LINES), format!("{USUAL_PROMOTIONS} and {UNRELATED}"));
    engine(&mut group, id, &chain::rulebook(&sources)?, &chain::baskets(USUAL_LINES)?);
    group.finish();
    Ok(())
}

/// Sets, tiers and sums over the same goods.
fn hard(criterion: &mut Criterion) -> Outcome<()> {
    let mut group = criterion.benchmark_group("hard");
    for campaign in chain::hard()? {
        let rulebook = chain::rulebook(&campaign.sources)?;
        engine(&mut group, BenchmarkId::from_parameter(campaign.name), &rulebook, &campaign.baskets);
    }
    group.finish();
    Ok(())
}

/// The engine and the plain evaluator, where both have the same answer.
fn on_items(criterion: &mut Criterion) -> Outcome<()> {
    let baskets = chain::baskets(USUAL_LINES)?;
    let mut group = criterion.benchmark_group("on items");
    for promotions in PROMOTIONS {
        let rulebook = chain::rulebook(&chain::item_only(promotions)?)?;
        println!("plain evaluator: {}", agreed("on items", promotions, &rulebook, &baskets)?);
        engine(&mut group, BenchmarkId::new("engine", promotions), &rulebook, &baskets);
        let mut turn = baskets.iter().cycle();
        group.bench_function(BenchmarkId::new("plain", promotions), |bencher| {
            bencher.iter(|| turn.next().map(|request| plain::total(&rulebook, black_box(request))));
        });
    }
    group.finish();
    let rulebook = chain::rulebook(&chain::promotions(USUAL_PROMOTIONS)?)?;
    for lines in [1, USUAL_LINES] {
        let told = agreed("of the whole mix", USUAL_PROMOTIONS, &rulebook, &chain::baskets(lines)?)?;
        println!("plain evaluator: {told}");
    }
    Ok(())
}

/// How many of the baskets the plain evaluator can do, and that it finds the same total for each.
fn agreed(what: &str, promotions: usize, rulebook: &Rulebook, baskets: &[Request]) -> Outcome<String> {
    let digits = rulebook.settings().currency.digits();
    let mut able = 0;
    for request in baskets {
        let Some(plain) = plain::total(rulebook, request) else {
            continue;
        };
        let quote = price(rulebook, request, Effort::default()).map_err(|faults| format!("{faults:?}"))?;
        let total = quote.total.to_major(digits);
        if total != plain {
            return Err(format!(
                "the engine says {total}, the plain evaluator {plain}: {:?}",
                request.basket
            )
            .into());
        }
        able += 1;
    }
    let lines = baskets.first().map_or(0, |request| request.basket.lines.len());
    Ok(format!("{able} of {} baskets, {} under {promotions} promotions {what}", baskets.len(), named(lines)))
}

fn engine(
    group: &mut BenchmarkGroup<'_, WallTime>,
    id: BenchmarkId,
    rulebook: &Rulebook,
    baskets: &[Request],
) {
    let mut turn = baskets.iter().cycle();
    group.bench_function(id, |bencher| {
        bencher.iter(|| turn.next().map(|request| price(rulebook, black_box(request), Effort::default())));
    });
}

fn named(lines: usize) -> String {
    format!("{lines} line{}", if lines == 1 { "" } else { "s" })
}
