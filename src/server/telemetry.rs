//! Logs: JSON for machines, text for people, always on the error stream, never with personal data.
//!
//! What is logged of a request is its method, status, duration, sizes and the rulebook's version. Codes, customers and
//! baskets are not.

use std::io::{IsTerminal, stderr};
use std::panic;
use std::sync::atomic::{AtomicU64, Ordering};

use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{Layer, Registry, fmt, registry};

use super::spans;

/// How logs are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Deserialize, clap::ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    /// Text on a terminal, JSON otherwise.
    #[default]
    Auto,
    /// For people.
    Text,
    /// For machines: one object a line.
    Json,
}

/// What can be wrong with the settings of the logs.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Neither a level nor a list of targets with levels.
    #[error(
        "log level `{0}` is none of error, warn, info, debug, trace, nor a list such as `info,pricewright::request=debug`"
    )]
    Level(String),
}

/// Reads `info`, or `info,pricewright::request=debug`.
///
/// # Errors
/// The text is neither.
pub fn levels(text: &str) -> Result<Targets, Error> {
    // A bare unknown word would be read as the name of a target: a typo must not switch every log off.
    let known = |level: &str| ["off", "error", "warn", "info", "debug", "trace"].contains(&level);
    let plain = |part: &str| part.rsplit('=').next().is_some_and(|level| known(level.trim()));
    if !text.split(',').all(|part| plain(&part.to_ascii_lowercase())) {
        return Err(Error::Level(text.to_owned()));
    }
    text.parse().map_err(|_| Error::Level(text.to_owned()))
}

/// Who takes what happens in this process.
pub type Taker = Box<dyn Layer<Registry> + Send + Sync>;

/// Sends the logs of this process to its error stream, and its spans to `traces`; does nothing when they already go somewhere.
pub fn install(format: LogFormat, levels: Targets, traces: Option<Taker>) {
    let terminal = stderr().is_terminal();
    let json = match format {
        LogFormat::Auto => !terminal,
        LogFormat::Text => false,
        LogFormat::Json => true,
    };
    let layer = if json {
        fmt::layer().json().flatten_event(true).with_writer(stderr).boxed()
    } else {
        fmt::layer().with_ansi(terminal).with_writer(stderr).boxed()
    };
    // Spans are for traces, whatever a log asks for.
    let logs = layer.with_filter(levels.with_target(spans::TARGET, LevelFilter::OFF)).boxed();
    let takers: Vec<Taker> = traces.into_iter().chain([logs]).collect();
    let _ = registry().with(takers).try_init();
}

/// Panics of this process since their reports began.
static PANICS: AtomicU64 = AtomicU64::new(0);

/// Reports a panic by its place alone: its text could hold what a customer sent.
pub fn report_panics() {
    panic::set_hook(Box::new(|info| {
        PANICS.fetch_add(1, Ordering::Relaxed);
        let place = info.location().map(ToString::to_string).unwrap_or_default();
        tracing::error!(place, "a panic was caught");
    }));
}

/// How many panics were reported.
#[must_use]
pub fn panics() -> u64 {
    PANICS.load(Ordering::Relaxed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_typo_in_a_level_is_an_error() {
        for (text, good) in [
            ("info", true),
            ("INFO", true),
            ("warn,pricewright::request=debug", true),
            ("inof", false),
            ("info,debgu", false),
            ("", false),
        ] {
            assert_eq!(levels(text).is_ok(), good, "{text}");
        }
    }
}
