//! The `pricewright` binary.

fn main() -> std::process::ExitCode {
    pricewright::cli::run()
}
