//! A quote over gRPC beside the two floors, at 1, 16 and 64 streams: `pricewright bench` on the sample chain, without what it measures in
//! process (that is `benches/price.rs`).
//!
//! `cargo bench --bench grpc` measures (half a minute); `cargo bench --bench grpc -- --test` only shows that everything runs; other
//! arguments go to `pricewright bench`, such as `cargo bench --bench grpc -- --streams 64 --rate 5000`.

use std::env;
use std::path::Path;
use std::process::{Command, ExitCode};

fn main() -> Result<ExitCode, std::io::Error> {
    // `--bench` comes from cargo.
    let (short, given): (Vec<String>, Vec<String>) = env::args()
        .skip(1)
        .filter(|argument| argument != "--bench")
        .partition(|argument| argument == "--test");
    let mut bench = Command::new(env!("CARGO_BIN_EXE_pricewright"));
    bench.args(["bench", "--only", "grpc", "--rules"]);
    bench.arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("rules"));
    if !short.is_empty() {
        bench.args(["--duration", "50ms", "--warm-up", "10ms", "--rounds", "1"]);
    }
    let done = bench.args(given).status()?;
    Ok(if done.success() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
