//! How many instructions a basket costs, counted by callgrind: figures that a busy machine does not move.
//!
//! `cargo bench --bench instructions` measures and shows a table; `-- --help` says what else there is.

#[path = "chain/mod.rs"]
#[expect(dead_code, reason = "of what the benches share this one needs a part")]
mod chain;
#[path = "plain/mod.rs"]
mod plain;
#[path = "instructions/cases.rs"]
mod cases;
#[path = "instructions/callgrind.rs"]
mod callgrind;
#[path = "instructions/table.rs"]
mod table;

use std::hint::black_box;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use cases::{Case, Work};
use chain::Outcome;
use table::Table;

const HELP: &str = "\
Counts the instructions that one basket costs, with callgrind.

Usage: cargo bench --bench instructions -- [OPTIONS] [WORDS]...

Arguments:
  [WORDS]...   only cases whose names have all of these words

Options:
  --save       write what was measured into benches/instructions.txt
  --check      measure, and fail when a median or a 99th percentile is more than 5 % over that file
  --all        with the cases that take long
  --list       only name the cases
  --test       only show that every case runs, without callgrind
  -h, --help   this text

Examples:
  cargo bench --bench instructions
  cargo bench --bench instructions -- '10 lines' explain
  cargo bench --bench instructions -- --check
  cargo bench --bench instructions -- --save --all
";

/// What was asked on the command line.
#[derive(Default)]
struct Asked {
    save: bool,
    check: bool,
    all: bool,
    list: bool,
    test: bool,
    help: bool,
    /// Run under callgrind: measure the case of this name.
    child: Option<String>,
    words: Vec<String>,
}

fn main() -> Outcome<ExitCode> {
    let asked = asked()?;
    let all = cases::all();
    if asked.help {
        print!("{HELP}");
        return Ok(ExitCode::SUCCESS);
    }
    if let Some(name) = &asked.child {
        return work_off(all.iter().find(|case| case.name == *name).ok_or("no such case")?);
    }
    let is_asked = |case: &&Case| asked.words.iter().all(|word| case.name.contains(word.as_str()));
    let cases: Vec<&Case> = all.iter().filter(is_asked).filter(|case| asked.all || !case.is_long).collect();
    if cases.is_empty() {
        return Err("no case has these words in its name: `--list` shows the names".into());
    }
    if asked.list {
        cases.iter().for_each(|case| println!("{}", case.name));
        return Ok(ExitCode::SUCCESS);
    }
    if asked.test {
        return try_out(&cases);
    }
    measure(&asked, &cases)
}

fn asked() -> Outcome<Asked> {
    // Without `--bench`, as under `cargo test`, it is enough that everything runs.
    let mut asked = Asked { test: true, ..Asked::default() };
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            "--bench" => asked.test = false,
            "--save" => asked.save = true,
            "--check" => asked.check = true,
            "--all" => asked.all = true,
            "--list" => asked.list = true,
            "--help" | "-h" => asked.help = true,
            "--test" => return Ok(Asked { test: true, ..asked }),
            "--child" => asked.child = arguments.next(),
            unknown if unknown.starts_with('-') => {
                return Err(format!("`{unknown}` is not an option: see `--help`").into());
            }
            word => asked.words.push(word.to_owned()),
        }
    }
    Ok(asked)
}

fn measure(asked: &Asked, cases: &[&Case]) -> Outcome<ExitCode> {
    let Some(valgrind) = callgrind::version() else {
        eprintln!("instructions: left out, valgrind is not installed; nothing was measured");
        return Ok(if asked.save { ExitCode::FAILURE } else { ExitCode::SUCCESS });
    };
    let measured = Table { head: table::head(&valgrind), rows: callgrind::measure(cases)? };
    println!("{measured}");
    let known = Table::read(&committed())?;
    if asked.save {
        let file = committed();
        std::fs::write(&file, known.renewed(&measured, &cases::all()).to_string())?;
        println!("written into {}", file.display());
    }
    if asked.check {
        return Ok(checked(&known, &measured));
    }
    Ok(ExitCode::SUCCESS)
}

fn checked(known: &Table, measured: &Table) -> ExitCode {
    if let Some(note) = known.other_tools(measured) {
        println!("{note}");
    }
    let worse = known.worse(measured);
    worse.iter().for_each(|line| println!("{line}"));
    if worse.is_empty() {
        println!("no case is more than {} % over benches/instructions.txt", table::TOLERANCE_PERCENT);
        return ExitCode::SUCCESS;
    }
    println!("if that has to be: `cargo bench --bench instructions -- --save`, and say why in the commit");
    ExitCode::FAILURE
}

fn committed() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("benches/instructions.txt")
}

/// Under callgrind: everything once, each piece of work in a profile of its own.
fn work_off(case: &Case) -> Outcome<ExitCode> {
    let mut work = case.work()?;
    // What is made only once a process, such as the tables of time zones, is no basket's cost.
    if let Some(first) = work.first_mut() {
        first();
    }
    work.iter_mut().for_each(measured_one);
    Ok(ExitCode::SUCCESS)
}

/// Callgrind counts while this runs, and writes its profile when it ends.
#[inline(never)]
fn measured_one(work: &mut Work) {
    work();
    // Without it the call above would be a jump, and this function nowhere on the stack that callgrind watches.
    black_box(());
}

fn try_out(cases: &[&Case]) -> Outcome<ExitCode> {
    for case in cases {
        case.work()?.iter_mut().take(1).for_each(measured_one);
        println!("{}: runs", case.name);
    }
    Ok(ExitCode::SUCCESS)
}
