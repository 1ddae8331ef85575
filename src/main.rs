//! The `pricewright` binary.

/// A sixth of a call's time went into the C library's allocator: see DESIGN.md for what this one saves.
#[cfg(feature = "server")]
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> std::process::ExitCode {
    pricewright::cli::run()
}
