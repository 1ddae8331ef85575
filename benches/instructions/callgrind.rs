//! Runs this program again under callgrind, a case at a time, and reads what was counted.

use std::fs;
use std::io::{IsTerminal as _, Write as _};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Mutex;
use std::thread;

use crate::cases::Case;
use crate::chain::Outcome;
use crate::table::Row;

/// The function whose calls are counted, one by one.
const MEASURED: &str = "instructions::measured_one";
/// What gets memory from the C library.
const ALLOCATES: [&str; 4] = ["malloc", "calloc", "realloc", "posix_memalign"];

/// What one basket cost.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Cost {
    pub(crate) instructions: u64,
    pub(crate) allocations: u64,
}

/// `valgrind-3.19.0`; `None` when it is not there.
pub(crate) fn version() -> Option<String> {
    let output = Command::new("valgrind").arg("--version").output().ok()?;
    output.status.success().then(|| String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

/// The cases in their order. Two at once, where there are two processors: a count does not mind company.
pub(crate) fn measure(cases: &[&Case]) -> Outcome<Vec<Row>> {
    let left = Mutex::new(cases.iter().enumerate());
    let done = Mutex::new(Vec::new());
    let work = || {
        while let Some((place, case)) = left.lock().ok().and_then(|mut left| left.next()) {
            let row = one(case).map_err(|error| format!("{}: {error}", case.name));
            if let Ok(mut done) = done.lock() {
                done.push((place, row));
                tell(done.len(), cases.len(), case);
            }
        }
    };
    thread::scope(|scope| {
        for _ in 0..thread::available_parallelism().map_or(1, usize::from).min(cases.len()) {
            scope.spawn(work);
        }
    });
    let mut rows = done.into_inner().unwrap_or_default();
    rows.sort_by_key(|(place, _)| *place);
    Ok(rows.into_iter().map(|(_, row)| row).collect::<Result<_, _>>()?)
}

/// A line that is written over on a terminal, one a case elsewhere.
fn tell(done: usize, of: usize, case: &Case) {
    let mut screen = std::io::stderr();
    let line = format!("{done} of {of} measured: {}", case.name);
    let written = match screen.is_terminal() {
        true if done < of => write!(screen, "\r\x1b[2K{line}"),
        true => write!(screen, "\r\x1b[2K"),
        false => writeln!(screen, "{line}"),
    };
    // Who has closed the screen wants no progress.
    drop(written.and_then(|()| screen.flush()));
}

fn one(case: &Case) -> Outcome<Row> {
    let folder = tempfile::tempdir()?;
    let path = std::env::var_os("PATH").unwrap_or_default();
    // What cargo or a shell put into the environment moves the counts by a percent.
    let output = Command::new("valgrind")
        .env_clear()
        .env("PATH", path)
        .args(["--tool=callgrind", "--collect-atstart=no", &format!("--toggle-collect={MEASURED}")])
        .arg(format!("--dump-after={MEASURED}"))
        .args(["--dump-line=no", "--compress-strings=no"])
        .arg(format!("--callgrind-out-file={}", folder.path().join("out").display()))
        .arg(std::env::current_exe()?)
        .args(["--bench", "--child", &case.name])
        .stdin(Stdio::null())
        .output()?;
    if !output.status.success() {
        return Err(String::from_utf8_lossy(&output.stderr).into_owned().into());
    }
    Row::of(&case.name, costs(folder.path())?)
}

/// One profile a basket, `out.1` and so on; `out` itself holds what came after the last.
fn costs(folder: &Path) -> Outcome<Vec<Cost>> {
    let mut costs = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.extension().is_some() {
            costs.push(cost(&fs::read_to_string(path)?)?);
        }
    }
    Ok(costs)
}

/// The sum of a profile, and how often its functions called one that gets memory.
fn cost(profile: &str) -> Outcome<Cost> {
    let mut cost = Cost { instructions: 0, allocations: 0 };
    let mut called = "";
    for line in profile.lines() {
        if let Some(name) = line.strip_prefix("cfn=") {
            called = name;
        } else if let Some(calls) = line.strip_prefix("calls=").filter(|_| ALLOCATES.contains(&called)) {
            cost.allocations += calls.split(' ').next().unwrap_or_default().parse::<u64>()?;
        } else if let Some(total) = line.strip_prefix("totals: ") {
            cost.instructions = total.trim().parse()?;
        }
    }
    Ok(cost)
}
