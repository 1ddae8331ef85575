//! What was measured: a table for people, an object for machines.

use console::Style;
use serde_json::{Number, Value, json};

use super::load::Method;
use super::measure::Row;
use super::tally::{Figures, Latency, Ratios, medians, ratios};
use crate::cli::words::count;

/// All that was measured, and on what.
#[derive(Debug, Clone, Default)]
pub struct Report {
    /// The rulebook's version, where it is known.
    pub rulebook: Option<String>,
    /// Its promotions.
    pub promotions: usize,
    /// How many baskets.
    pub baskets: usize,
    /// Lines of all of them.
    pub lines: usize,
    /// Whether explanations were asked for by the command line.
    pub explain: bool,
    /// Rows in process, by name.
    pub in_process: Vec<(&'static str, Figures)>,
    /// Over gRPC.
    pub grpc: Option<Grpc>,
}

/// What was measured over gRPC.
#[derive(Debug, Clone)]
pub struct Grpc {
    /// The server that was running already; else it was one of ours.
    pub server: Option<String>,
    /// Connections.
    pub connections: u32,
    /// Requests due in a second, in an open loop.
    pub rate: Option<u32>,
    /// Rounds.
    pub rounds: u32,
    /// Every method at every number of streams.
    pub rows: Vec<Row>,
}

impl Report {
    /// Whether something was refused.
    #[must_use]
    pub fn has_refused(&self) -> bool {
        let mut rows = self.grpc.iter().flat_map(|grpc| &grpc.rows);
        rows.any(|row| row.rounds.iter().any(|round| round.refused > 0))
    }

    /// For people.
    #[must_use]
    pub fn table(&self, colors: bool) -> String {
        let mut table = Table { text: String::new(), colors };
        let rules = self.rulebook.as_ref().map_or_else(String::new, |version| {
            format!("; rulebook {version}, {} promotions", count(wide(self.promotions)))
        });
        let explained = if self.explain { ", explained" } else { "" };
        let (baskets, lines) = (count(wide(self.baskets)), count(wide(self.lines)));
        table.line(&format!("{baskets} baskets, {lines} lines in all{explained}{rules}"));
        if !self.in_process.is_empty() {
            table.head("in process, one thread", &[]);
            for (name, figures) in &self.in_process {
                table.figures(name, figures, false);
            }
        }
        if let Some(grpc) = &self.grpc {
            grpc.print(&mut table);
        }
        table.text
    }

    /// For machines: times in nanoseconds.
    #[must_use]
    pub fn json(&self) -> Value {
        let in_process = self.in_process.iter().map(|(name, figures)| {
            let mut row = figures_json(figures);
            row.insert("what".to_owned(), json!(name));
            row
        });
        json!({
            "baskets": self.baskets,
            "lines": self.lines,
            "explain": self.explain,
            "rulebook": self.rulebook.as_ref().map(|version| {
                json!({"version": version, "promotions": self.promotions})
            }),
            "in_process": in_process.collect::<Vec<_>>(),
            "grpc": self.grpc.as_ref().map(Grpc::json),
        })
    }
}

impl Grpc {
    /// The floors of a row: those at the same number of streams.
    fn floors<'a>(&'a self, row: &'a Row) -> impl Iterator<Item = (&'a Row, Ratios)> {
        let floors = self.rows.iter().filter(|floor| {
            floor.streams == row.streams && matches!(floor.method, Method::Echo | Method::Ready)
        });
        floors
            .filter(|_| matches!(row.method, Method::Quote | Method::QuoteStream))
            .map(|floor| (floor, ratios(&row.rounds, &floor.rounds)))
    }

    fn print(&self, table: &mut Table) {
        let connections = if self.connections == 1 {
            "1 connection".to_owned()
        } else {
            format!("{} connections", self.connections)
        };
        let server = self.server.as_ref().map_or_else(String::new, |server| format!(" to {server}"));
        let pace = match self.rate {
            Some(rate) => format!("open loop, {} requests a second", count(u64::from(rate))),
            None => "closed loop".to_owned(),
        };
        let what = format!("gRPC{server}, {connections}, {pace}");
        table.line("");
        table.line(&format!("{what}; medians of {} rounds; CPU is the server's, a request", self.rounds));
        let mut last = None;
        for row in &self.rows {
            if last.replace(row.streams) != Some(row.streams) {
                let streams = if row.streams == 1 { "stream" } else { "streams" };
                table.head(&format!("{} {streams}", row.streams), &["CPU"]);
            }
            table.figures(row.method.name(), &medians(&row.rounds), true);
            for (floor, ratios) in self.floors(row) {
                table.ratios(&format!("  ÷ {}", floor.method.name()), &ratios);
            }
        }
        let late = self.rows.iter().filter_map(|row| medians(&row.rounds).sent_late).max();
        if let Some(late) = late {
            table.line(&format!("requests were sent at most {} late (p99)", time(late)));
        }
    }

    fn json(&self) -> Value {
        let rows = self.rows.iter().map(|row| {
            let mut json = figures_json(&medians(&row.rounds));
            json.insert("method".to_owned(), json!(row.method.name()));
            json.insert("streams".to_owned(), json!(row.streams));
            json
        });
        let compared = self.rows.iter().flat_map(|row| {
            self.floors(row).map(|(floor, ratios)| {
                json!({
                    "of": row.method.name(), "to": floor.method.name(), "streams": row.streams,
                    "p50": number(ratios.p50), "p90": number(ratios.p90), "p99": number(ratios.p99),
                    "p99.9": number(ratios.p999), "per_second": number(ratios.per_second),
                    "server_cpu": number(ratios.server_cpu),
                })
            })
        });
        json!({
            "server": self.server,
            "connections": self.connections,
            "loop": if self.rate.is_some() { "open" } else { "closed" },
            "rate": self.rate,
            "rounds": self.rounds,
            "rows": rows.collect::<Vec<_>>(),
            "ratios": compared.collect::<Vec<_>>(),
        })
    }
}

fn figures_json(figures: &Figures) -> serde_json::Map<String, Value> {
    let Latency { p50, p90, p99, p999, max } = figures.latency;
    let mut json = serde_json::Map::new();
    for (name, value) in [
        ("answered", json!(figures.answered)),
        ("refused", json!(figures.refused)),
        ("per_second", json!(figures.per_second())),
        ("latency_ns", json!({"p50": p50, "p90": p90, "p99": p99, "p99.9": p999, "max": max})),
        ("server_cpu_ns", json!(figures.server_cpu)),
        ("sent_late_ns", json!(figures.sent_late)),
    ] {
        json.insert(name.to_owned(), value);
    }
    json
}

/// Thousandths as a decimal fraction, without a float on the way.
fn number(permille: Option<u64>) -> Option<Number> {
    let permille = permille?;
    format!("{}.{:03}", permille / 1_000, permille % 1_000).parse().ok()
}

struct Table {
    text: String,
    colors: bool,
}

const NAME: usize = 22;
const COLUMN: usize = 10;

impl Table {
    fn line(&mut self, line: &str) {
        self.text.push_str(line.trim_end());
        self.text.push('\n');
    }

    fn row(&mut self, name: &str, cells: &[String], style: &Style) {
        let cells: String = cells.iter().map(|cell| format!("{cell:>COLUMN$}")).collect();
        let line = format!("{name:<NAME$}{cells}");
        let line = style.clone().force_styling(self.colors).apply_to(line.trim_end()).to_string();
        self.line(&line);
    }

    fn head(&mut self, name: &str, more: &[&str]) {
        self.line("");
        let heads = ["p50", "p90", "p99", "p99.9", "max", "a second"].iter().chain(more);
        self.row(name, &heads.map(ToString::to_string).collect::<Vec<_>>(), &Style::new().bold());
    }

    fn figures(&mut self, name: &str, figures: &Figures, grpc: bool) {
        let Latency { p50, p90, p99, p999, max } = figures.latency;
        let mut cells = [p50, p90, p99, p999, max].map(time).to_vec();
        cells.push(count(figures.per_second()));
        if grpc {
            cells.push(figures.server_cpu.map_or_else(String::new, time));
        }
        if figures.refused > 0 {
            cells.push(format!("  {} refused", count(figures.refused)));
        }
        self.row(name, &cells, &Style::new());
    }

    fn ratios(&mut self, name: &str, ratios: &Ratios) {
        let Ratios { p50, p90, p99, p999, per_second, server_cpu } = *ratios;
        let cells = [p50, p90, p99, p999, None, per_second, server_cpu];
        let told = |ratio: Option<u64>| {
            // To two places, to the nearest.
            ratio
                .map(|ratio| ratio.saturating_add(5) / 10)
                .map_or_else(String::new, |ratio| format!("{}.{:02}×", ratio / 100, ratio % 100))
        };
        self.row(name, &cells.map(told), &Style::new().dim());
    }
}

/// Nanoseconds in three or four digits.
fn time(nanos: u64) -> String {
    let micros = nanos / 1_000;
    match micros {
        0..100 => format!("{micros}.{} µs", nanos % 1_000 / 100),
        100..10_000 => format!("{micros} µs"),
        10_000..1_000_000 => format!("{}.{} ms", micros / 1_000, micros % 1_000 / 100),
        _ => format!("{}.{:02} s", micros / 1_000_000, micros % 1_000_000 / 10_000),
    }
}

fn wide(number: usize) -> u64 {
    u64::try_from(number).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_short() {
        for (nanos, text) in [
            (0, "0.0 µs"),
            (61_240, "61.2 µs"),
            (240_900, "240 µs"),
            (9_999_999, "9999 µs"),
            (12_340_000, "12.3 ms"),
            (2_340_000_000, "2.34 s"),
        ] {
            assert_eq!(time(nanos), text);
        }
        assert_eq!(number(Some(1_407)).unwrap().to_string(), "1.407");
    }
}
