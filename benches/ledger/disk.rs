//! What the disk does without us.

use std::fs::{self, File};
use std::io::Write as _;
use std::path::Path;
use std::time::Duration;

use pricewright::server::clock;

use super::Outcome;

/// Appends of 4 KiB, each with its `fdatasync`, that one thread does in a second.
///
/// # Errors
/// The disk says no.
pub(crate) fn syncs_a_second(folder: &Path, time: Duration) -> Outcome<u64> {
    let path = folder.join("bare");
    let mut file = File::create(&path)?;
    let (begun, mut count) = (clock::steady(), 0_u64);
    while begun.elapsed() < time {
        file.write_all(&[7; 4_096])?;
        file.sync_data()?;
        count += 1;
    }
    let nanos = begun.elapsed().as_nanos().max(1);
    fs::remove_file(&path)?;
    Ok(u64::try_from(u128::from(count) * 1_000_000_000 / nanos)?)
}
