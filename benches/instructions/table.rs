//! The table: as it is shown, as it is committed, and what is worse than it.

use std::fmt;
use std::path::Path;
use std::process::Command;

use crate::callgrind::Cost;
use crate::cases::{Case, grouped};
use crate::chain::Outcome;

/// Counts move by tenths of a percent with the compiler's mood; what is more has a reason.
pub(crate) const TOLERANCE_PERCENT: u64 = 5;

const TOOLS: &str = "# with ";

pub(crate) struct Table {
    /// Comments above the rows.
    pub(crate) head: Vec<String>,
    pub(crate) rows: Vec<Row>,
}

#[derive(Clone)]
pub(crate) struct Row {
    case: String,
    baskets: u64,
    median: u64,
    p99: u64,
    max: u64,
    allocations: u64,
}

impl Row {
    pub(crate) fn of(case: &str, mut costs: Vec<Cost>) -> Outcome<Self> {
        costs.sort();
        let at = |percent: usize| {
            // The nearest rank, so that the figure is a basket's.
            let rank = (costs.len() * percent).div_ceil(100).max(1);
            costs.get(rank - 1).copied().ok_or("callgrind has written no profile")
        };
        let (median, p99, max) = (at(50)?, at(99)?, at(100)?);
        Ok(Row {
            case: case.to_owned(),
            baskets: u64::try_from(costs.len())?,
            median: median.instructions,
            p99: p99.instructions,
            max: max.instructions,
            allocations: median.allocations,
        })
    }

    /// The name stands first; figures have no blanks in them.
    fn read(line: &str) -> Option<Self> {
        let (case, figures) = line.split_once("  ")?;
        let mut figures = figures.split_whitespace().map(|figure| figure.replace(',', "").parse::<u64>());
        let mut next = || figures.next()?.ok();
        Some(Row {
            case: case.to_owned(),
            baskets: next()?,
            median: next()?,
            p99: next()?,
            max: next()?,
            allocations: next()?,
        })
    }

    /// What has become worse than it was, in words.
    fn worse_than(&self, known: &Row) -> Option<String> {
        let is_over = |now: u64, then: u64| now * 100 > then * (100 + TOLERANCE_PERCENT);
        let figures = [("median", self.median, known.median), ("99th percentile", self.p99, known.p99)];
        let worse = figures.into_iter().filter(|(_, now, then)| is_over(*now, *then));
        let told: Vec<String> = worse
            .map(|(figure, now, then)| {
                format!("the {figure} is {} instead of {}", grouped(now), grouped(then))
            })
            .collect();
        (!told.is_empty()).then(|| format!("worse: {}: {}", self.case, told.join(", ")))
    }
}

/// What the table says of itself. Processor and load are not in it: they do not matter.
pub(crate) fn head(valgrind: &str) -> Vec<String> {
    let rustc = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let version = Command::new(rustc).arg("--version").output();
    let version = version.map(|output| String::from_utf8_lossy(&output.stdout).trim().to_owned());
    let rustc = version.unwrap_or_else(|_| "an unknown rustc".to_owned());
    vec![
        "# Instructions that a basket costs, counted by callgrind. To renew them:".to_owned(),
        "#     cargo bench --bench instructions -- --save --all".to_owned(),
        format!("{TOOLS}{rustc} for {}-{}, {valgrind}", std::env::consts::ARCH, std::env::consts::OS),
        "# They are the same to the instruction for one binary, whatever the machine does besides. They depend on compiler, target and".to_owned(),
        "# C library, and by a percent or two on how the compiler happens to cut the program up. An instruction is not a unit of time:".to_owned(),
        "# a basket that misses the cache takes longer for as many.".to_owned(),
    ]
}

impl Table {
    /// A file that is not there is an empty table.
    pub(crate) fn read(path: &Path) -> Outcome<Self> {
        let text = match std::fs::read_to_string(path) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => String::new(),
            text => text?,
        };
        let head = text.lines().filter(|line| line.starts_with('#')).map(str::to_owned).collect();
        Ok(Table { head, rows: text.lines().filter_map(Row::read).collect() })
    }

    /// With new rows for what was measured, in the order of the cases; what is no case any more is left out.
    pub(crate) fn renewed(&self, measured: &Table, cases: &[Case]) -> Table {
        let row = |case: &Case| measured.row(&case.name).or_else(|| self.row(&case.name)).cloned();
        Table { head: measured.head.clone(), rows: cases.iter().filter_map(row).collect() }
    }

    fn row(&self, case: &str) -> Option<&Row> {
        self.rows.iter().find(|row| row.case == case)
    }

    /// One line for each case that has become worse, or that this table does not have.
    pub(crate) fn worse(&self, measured: &Table) -> Vec<String> {
        let of = |row: &Row| match self.row(&row.case) {
            Some(known) => row.worse_than(known),
            None => Some(format!("not in the table: {}", row.case)),
        };
        measured.rows.iter().filter_map(of).collect()
    }

    /// A word of warning when another compiler or valgrind has counted.
    pub(crate) fn other_tools(&self, measured: &Table) -> Option<String> {
        let tools =
            |table: &Table| table.head.iter().find_map(|line| line.strip_prefix(TOOLS)).map(str::to_owned);
        let (then, now) = (tools(self)?, tools(measured)?);
        (then != now).then(|| format!("note: the table was made with {then}, this is {now}"))
    }
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let width = self.rows.iter().map(|row| row.case.chars().count()).max().unwrap_or(0).max(4) + 2;
        self.head.iter().try_for_each(|line| writeln!(f, "{line}"))?;
        writeln!(
            f,
            "{:<width$}{:>8}{:>16}{:>16}{:>16}{:>13}",
            "case", "baskets", "median", "p99", "max", "allocations"
        )?;
        for row in &self.rows {
            let [median, p99, max, allocations] =
                [row.median, row.p99, row.max, row.allocations].map(grouped);
            writeln!(
                f,
                "{:<width$}{:>8}{median:>16}{p99:>16}{max:>16}{allocations:>13}",
                row.case, row.baskets
            )?;
        }
        Ok(())
    }
}
