//! What `pricewright bench` can be told, and what it makes of that.

use std::path::PathBuf;
use std::time::Duration;

/// Streams of one connection: what the service takes on one.
const STREAMS_MAX: i64 = 1_024;
/// Longer is a soak test, not a measurement; and it keeps every sum of nanoseconds far from its end.
const DURATION_MAX: Duration = Duration::from_secs(3_600);

/// Measure latency and throughput on your rules and baskets, beside the floor of the same machine
///
/// Prices the baskets one after another in process, then over gRPC against a server that it starts itself, as a process of its
/// own on a free port. Two floors run on the same server in the same rounds: `echo` moves the bytes alone, `ready` reads the
/// request and writes a quote that was worked out before. What `quote` takes beyond them is pricing.
///
/// Exits with 0 when every request was answered, with 1 when some were refused.
#[derive(Debug, Clone, clap::Args)]
#[command(after_help = "\
Examples:
  pricewright bench
  pricewright bench --rules /srv/rules yesterday.jsonl
  pricewright bench --only grpc --streams 64 --connections 4 --duration 10s
  pricewright bench --only grpc --streams 64 --rate 5000     an open loop: 5 000 a second, come what may
  pricewright bench --server till-gateway:50051 --rate 200   a server that runs elsewhere
  pricewright bench --json | jq '.grpc.ratios'")]
pub struct Args {
    /// Folder with the rule files
    #[arg(long, env = "PRICEWRIGHT_RULES", default_value = "rules", value_name = "DIR")]
    pub rules: PathBuf,
    /// Measure one of the two alone
    #[arg(long, value_enum, value_name = "WHERE")]
    pub only: Option<Place>,
    /// Connections, each with its own streams
    #[arg(long, default_value_t = 1, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=256))]
    pub connections: u32,
    /// Requests at once on each connection; several numbers are measured one after another
    #[arg(long, default_value = "1,16,64", value_delimiter = ',', value_name = "N,…",
        value_parser = clap::value_parser!(u32).range(1..=STREAMS_MAX))]
    pub streams: Vec<u32>,
    /// Send so many requests a second whether or not the answers keep up, and count latency from the moment when a request
    /// was due; without it each stream sends its next request when it has the answer
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=10_000_000))]
    pub rate: Option<u32>,
    /// How long each row of the tables is measured, in all its rounds
    #[arg(long, default_value = "2s", value_name = "TIME", value_parser = duration)]
    pub duration: Duration,
    /// Rounds in which the rows take turns; the figures are medians of them
    #[arg(long, default_value_t = 3, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=1_000))]
    pub rounds: u32,
    /// How long each row runs before it is measured
    #[arg(long, default_value = "300ms", value_name = "TIME", value_parser = duration)]
    pub warm_up: Duration,
    /// Ask for explanations, whatever the baskets say
    #[arg(long)]
    pub explain: bool,
    /// Measure QuoteStream beside Quote
    #[arg(long)]
    pub stream: bool,
    /// Measure a server that runs already, over gRPC alone: no CPU, and no floors unless it has them
    #[arg(long, value_name = "ADDR", conflicts_with = "only")]
    pub server: Option<String>,
    /// Print one object of JSON: times in nanoseconds
    #[arg(long)]
    pub json: bool,
    /// Requests as proto3 JSON, one a line [default: baskets.jsonl in the rules folder]
    #[arg(value_name = "BASKETS.jsonl")]
    pub baskets: Option<PathBuf>,
}

/// Where baskets are priced.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Place {
    /// In this process, on one thread.
    InProcess,
    /// Over gRPC on loopback.
    Grpc,
}

impl Args {
    /// The file with the baskets.
    #[must_use]
    pub fn file(&self) -> PathBuf {
        self.baskets.clone().unwrap_or_else(|| self.rules.join("baskets.jsonl"))
    }

    /// Whether this place is measured.
    #[must_use]
    pub fn covers(&self, place: Place) -> bool {
        match &self.server {
            Some(_) => place == Place::Grpc,
            None => self.only.is_none_or(|only| only == place),
        }
    }

    /// How long one round of a row is.
    #[must_use]
    pub fn round(&self) -> Duration {
        (self.duration / self.rounds.max(1)).max(Duration::from_millis(1))
    }

    /// Where the server listens that runs already.
    #[must_use]
    pub fn uri(&self) -> Option<String> {
        let server = self.server.as_ref()?;
        Some(if server.contains("://") { server.clone() } else { format!("http://{server}") })
    }
}

/// Reads `200ms`, `1.5s`, `10s`, `2m`.
fn duration(text: &str) -> Result<Duration, String> {
    let unit = text.trim_start_matches(|letter: char| letter.is_ascii_digit() || letter == '.');
    let number = text.strip_suffix(unit).unwrap_or_default();
    let (whole, part) = number.split_once('.').unwrap_or((number, "0"));
    let thousandths = format!("{part:0<3}");
    let millis = match unit {
        "ms" => Some(1),
        "s" => Some(1_000),
        "m" => Some(60_000),
        _ => None,
    };
    let time = millis.zip(whole.parse::<u64>().ok()).zip(thousandths.parse::<u64>().ok());
    let time = time.filter(|_| thousandths.len() == 3).and_then(|((unit, whole), part)| {
        let micros = whole.checked_mul(unit)?.checked_mul(1_000)?.checked_add(part * unit)?;
        Some(Duration::from_micros(micros))
    });
    match time {
        Some(time) if (Duration::from_millis(1)..=DURATION_MAX).contains(&time) => Ok(time),
        Some(_) => Err("a time here is between 1ms and 60m".to_owned()),
        None => Err("write a time such as 200ms, 1.5s or 2m".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_as_people_write_them() {
        for (text, millis) in [
            ("200ms", Some(200)),
            ("1.5s", Some(1_500)),
            ("10s", Some(10_000)),
            ("2m", Some(120_000)),
            ("0.25s", Some(250)),
            ("0s", None),
            ("61m", None),
            ("5", None),
            ("s", None),
            ("1.2345s", None),
            ("1.s.", None),
            ("-1s", None),
            ("99999999999999999999s", None),
            ("10 с", None),
        ] {
            assert_eq!(duration(text).ok(), millis.map(Duration::from_millis), "{text}");
        }
    }
}
