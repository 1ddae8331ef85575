//! The `pricewright` binary.

/// Two fifths of a price go into allocations that live for one request: see DESIGN.md for what this one saves.
#[cfg(feature = "server")]
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> std::process::ExitCode {
    pricewright::cli::run()
}
