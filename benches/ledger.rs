//! How many purchases a second are reserved and paid for good: 64 callers over gRPC, a real service, a real disk.
//!
//! `cargo bench --bench ledger` measures (half a minute): one hot code, ten thousand codes, what the disk's bare `fdatasync` can do in the
//! same minute, and races for the last of a limit. `-- --seconds 30` measures longer, `-- --rounds 1000` runs more races, `-- --folder DIR`
//! keeps the ledger elsewhere than below `target/tmp` (in `/dev/shm` a sync costs nothing: what is left is the CPU). `-- --test` only
//! shows that everything runs.

#[path = "ledger/disk.rs"]
mod disk;
#[path = "ledger/given.rs"]
mod given;
#[path = "ledger/till.rs"]
mod till;
#[path = "ledger/shop.rs"]
mod shop;
#[path = "ledger/race.rs"]
mod race;

use std::time::Duration;

use given::Given;
use pricewright::cli::bench::tally::Latency;
use shop::Shop;
use till::Tally;

/// As in the binary.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

type Outcome<T> = Result<T, Box<dyn std::error::Error>>;

/// Tills that sell at once.
const CALLERS: usize = 64;
/// Codes beside the hot one.
const CODES: u32 = 10_000;
/// How long the bare disk is measured, before and after.
const BARE: Duration = Duration::from_secs(1);

fn main() -> Outcome<()> {
    let given = Given::read()?;
    std::fs::create_dir_all(&given.folder)?;
    let home = tempfile::tempdir_in(&given.folder)?;
    let shop = Shop::open(home.path(), given.rounds)?;
    let before = disk::syncs_a_second(home.path(), BARE)?;
    let hot = shop.sell(&shop.codes("hot", 1)?, given.time)?;
    let many = shop.sell(&shop.codes("many", CODES)?, given.time)?;
    let after = disk::syncs_a_second(home.path(), BARE)?;
    println!("{CALLERS} callers, {} s each, in {}\n", given.time.as_secs(), given.folder.display());
    println!(
        "{:<16}{:>14}{:>20}{:>20}{:>18}",
        "", "paid a second", "reserve p50 / p99", "commit p50 / p99", "paid per sync"
    );
    row("one hot code", &hot, (before, after));
    row("10,000 codes", &many, (before, after));
    println!("\nbare disk: {before} appends of 4 KiB with fdatasync a second before, {after} after");
    let told = race::run(&shop, given.rounds)?;
    println!("{told}");
    shop.close()
}

fn row(name: &str, tally: &Tally, (before, after): (u64, u64)) {
    let rate = tally.per_second();
    let syncs = (before + after).max(1);
    let tenths = rate * 20 / syncs;
    println!(
        "{name:<16}{rate:>14}{:>20}{:>20}{:>18}",
        pair(&tally.reserve),
        pair(&tally.commit),
        format!("{}.{}", tenths / 10, tenths % 10)
    );
}

fn pair(latency: &Latency) -> String {
    format!("{} / {} ms", tenths(latency.p50), tenths(latency.p99))
}

/// Nanoseconds as milliseconds with one digit.
fn tenths(nanos: u64) -> String {
    format!("{}.{}", nanos / 1_000_000, nanos / 100_000 % 10)
}
