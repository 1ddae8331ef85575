//! Holds the engine's prices against an independent optimiser: each random problem is stated as a mixed-integer program
//! from the definition of the price alone, HiGHS solves it, and the totals must be equal.

mod shop;
mod states;
mod settle;
mod program;
mod problems;
mod compare;
#[cfg(test)]
mod brute;

use std::io::Write as _;
use std::process::ExitCode;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use compare::{Outcome, Verdict, compare};
use problems::{Kind, Size};

const HELP: &str = "\
Compares pricewright's prices with the optimum that HiGHS finds.

Usage: cargo run --release -p optimum -- [OPTIONS]

  --problems N   how many problems (1000)
  --seed N       the first seed (1)
  --size SIZE    large: 20 to 60 units, 10 to 30 promotions; small: 4 to 16, 2 to 8 (large)
  --kinds LIST   all, or some of units,quantity,sets,spends,baskets (all)
  --seconds N    the most time for HiGHS on one problem (30)
  --jobs N       problems at once (1)

Exits 1 when a total disagrees.";

struct Options {
    problems: u64,
    seed: u64,
    size: Size,
    kinds: Vec<Kind>,
    limit: Duration,
    jobs: usize,
}

fn main() -> ExitCode {
    let options = match options(std::env::args().skip(1)) {
        Ok(Some(options)) => options,
        Ok(None) => {
            println!("{HELP}");
            return ExitCode::SUCCESS;
        }
        Err(what) => {
            eprintln!("optimum: {what}\n\n{HELP}");
            return ExitCode::from(2);
        }
    };
    match run(&options) {
        Ok(outcomes) => summary(&options, &outcomes),
        Err(what) => {
            eprintln!("optimum: {what}");
            ExitCode::from(2)
        }
    }
}

fn options(mut arguments: impl Iterator<Item = String>) -> Result<Option<Options>, String> {
    let mut options = Options {
        problems: 1_000,
        seed: 1,
        size: Size::LARGE,
        kinds: Kind::ALL.map(|(_, kind)| kind).to_vec(),
        limit: Duration::from_secs(30),
        jobs: 1,
    };
    while let Some(name) = arguments.next() {
        if name == "--help" || name == "-h" {
            return Ok(None);
        }
        let value = arguments.next().ok_or_else(|| format!("`{name}` needs a value"))?;
        let number = || value.parse::<u64>().map_err(|_| format!("`{value}` is not a number"));
        match name.as_str() {
            "--problems" => options.problems = number()?,
            "--seed" => options.seed = number()?,
            "--seconds" => options.limit = Duration::from_secs(number()?),
            "--jobs" => options.jobs = usize::try_from(number()?).unwrap_or(1).max(1),
            "--size" => {
                options.size = match value.as_str() {
                    "large" => Size::LARGE,
                    "small" => Size::SMALL,
                    _ => return Err(format!("no size is called `{value}`")),
                }
            }
            "--kinds" if value == "all" => {}
            "--kinds" => {
                let named = value.split(',').map(|word| {
                    let found = Kind::ALL.iter().find(|(name, _)| *name == word);
                    found.map(|(_, kind)| *kind).ok_or_else(|| format!("no kind is called `{word}`"))
                });
                options.kinds = named.collect::<Result<_, _>>()?;
            }
            _ => return Err(format!("there is no `{name}`")),
        }
    }
    Ok(Some(options))
}

/// Compares every problem; the outcomes come in the order of their seeds.
fn run(options: &Options) -> Result<Vec<Outcome>, String> {
    let next = AtomicU64::new(0);
    let done: Mutex<(Vec<Outcome>, Option<String>)> = Mutex::new((Vec::new(), None));
    let began = Instant::now();
    std::thread::scope(|scope| {
        for _ in 0..options.jobs {
            scope.spawn(|| {
                loop {
                    let place = next.fetch_add(1, Ordering::Relaxed);
                    if place >= options.problems {
                        return;
                    }
                    let outcome = compare(options.seed + place, options.size, &options.kinds, options.limit);
                    let Ok(mut done) = done.lock() else { return };
                    match outcome {
                        Ok(outcome) => {
                            if let Verdict::Disagreed(what) = &outcome.verdict {
                                eprintln!("\nseed {}: {what}", outcome.seed);
                            }
                            done.0.push(outcome);
                        }
                        Err(what) => done.1 = Some(what),
                    }
                    if done.1.is_some() {
                        return;
                    }
                    progress(&done.0, options.problems, began.elapsed());
                }
            });
        }
    });
    eprintln!();
    let (mut outcomes, fault) = done.into_inner().map_err(|_| "a comparison broke off".to_owned())?;
    outcomes.sort_by_key(|outcome| outcome.seed);
    fault.map_or(Ok(outcomes), Err)
}

fn progress(outcomes: &[Outcome], all: u64, time: Duration) {
    let count = |is: fn(&Verdict) -> bool| outcomes.iter().filter(|outcome| is(&outcome.verdict)).count();
    eprint!(
        "\r{} of {all}, {} disagree, {} undecided, {} s ",
        outcomes.len(),
        count(|verdict| matches!(verdict, Verdict::Disagreed(_))),
        count(|verdict| matches!(verdict, Verdict::Undecided)),
        time.as_secs()
    );
    // What is not shown in time is shown with the next problem.
    std::io::stderr().flush().unwrap_or_default();
}

fn summary(options: &Options, outcomes: &[Outcome]) -> ExitCode {
    let mut disagreements = 0;
    for outcome in outcomes {
        match &outcome.verdict {
            Verdict::Disagreed(what) => {
                disagreements += 1;
                // Told in full as soon as it was seen.
                println!("seed {}: {}", outcome.seed, what.lines().next().unwrap_or_default());
            }
            Verdict::HighsOff(by) => {
                println!("seed {}: HiGHS called optimal what is off by {by}", outcome.seed)
            }
            Verdict::Agreed | Verdict::Undecided => {}
        }
    }
    let count = |is: &dyn Fn(&Outcome) -> bool| outcomes.iter().filter(|&outcome| is(outcome)).count();
    let agreed = |outcome: &Outcome| matches!(outcome.verdict, Verdict::Agreed);
    let row = |name: &str, value: String| println!("{name:<44}{value:>12}");
    let open = || outcomes.iter().filter(|outcome| !outcome.proven);
    row(&format!("problems from seed {}", options.seed), outcomes.len().to_string());
    row("agreed", count(&agreed).to_string());
    row("  of them PROVEN, totals equal", count(&|one| agreed(one) && one.proven).to_string());
    row("  of them BOUNDED, optimum within", count(&|one| agreed(one) && !one.proven).to_string());
    row(
        "    and the engine's total is the optimum",
        count(&|one| agreed(one) && !one.proven && one.above == 0).to_string(),
    );
    row("disagreed", disagreements.to_string());
    row("HiGHS wrong", count(&|one| matches!(one.verdict, Verdict::HighsOff(_))).to_string());
    row(
        "HiGHS undecided at its time limit",
        count(&|one| matches!(one.verdict, Verdict::Undecided)).to_string(),
    );
    row(
        "  of them PROVEN by the engine",
        count(&|one| matches!(one.verdict, Verdict::Undecided) && one.proven).to_string(),
    );
    row("widest gap of the engine, minor units", open().map(|one| one.gap).max().unwrap_or(0).to_string());
    row("engine farthest above the optimum", open().map(|one| one.above).max().unwrap_or(0).to_string());
    if let Some(worst) = open().filter(|one| one.above > 0).max_by_key(|one| one.above) {
        row("  at seed", worst.seed.to_string());
    }
    row("  mean where BOUNDED, % of the optimum", far(outcomes));
    row("columns, mean", mean(outcomes, |one| one.columns));
    row("rows, mean", mean(outcomes, |one| one.rows));
    let time = |of: fn(&Outcome) -> Duration| {
        let mut times: Vec<Duration> = outcomes.iter().map(of).collect();
        times.sort_unstable();
        let at = |percent: usize| times.get((times.len() * percent / 100).min(times.len().max(1) - 1));
        let all: Duration = times.iter().sum();
        let show =
            |time: Option<&Duration>| format!("{:.1}", time.map_or(0.0, Duration::as_secs_f64) * 1_000.0);
        format!("{:.1} s, median {} ms, worst {} ms", all.as_secs_f64(), show(at(50)), show(times.last()))
    };
    println!("time of the engine: {}", time(|one| one.engine));
    println!("time of HiGHS:      {}", time(|one| one.highs));
    if disagreements == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// How far the engine stands above the optimum on average where it does not say PROVEN, in percent.
fn far(outcomes: &[Outcome]) -> String {
    let open: Vec<&Outcome> = outcomes
        .iter()
        .filter(|one| !one.proven && matches!(one.verdict, Verdict::Agreed) && one.best > 0)
        .collect();
    let parts: i64 = open.iter().map(|one| one.above * 10_000 / one.best).sum();
    let mean = parts / i64::try_from(open.len()).unwrap_or(1).max(1);
    format!("{}.{:02}", mean / 100, mean % 100)
}

fn mean(outcomes: &[Outcome], of: fn(&Outcome) -> usize) -> String {
    (outcomes.iter().map(of).sum::<usize>() / outcomes.len().max(1)).to_string()
}
