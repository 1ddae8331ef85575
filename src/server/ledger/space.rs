//! Room on the disk: new holds are refused before it is full, so that what was promised can still be resolved.

use std::io;
use std::path::Path;

use crate::server::journal::Journal;
use crate::server::journal::disk::{Disk as _, System};

/// Bytes that must be free for a new hold: some 10,000 payments, cancellations and refunds of what is held already.
pub const FREE_BYTES_MIN: u64 = 64 << 20;

/// Whether there is room for new holds beside a journal. Where the disk does not say, there is.
pub(super) fn has_room(journal: Option<&Journal>) -> bool {
    journal.and_then(|journal| journal.free_bytes().ok()).is_none_or(|free| free >= FREE_BYTES_MIN)
}

/// Bytes that are free where `folder` lies.
///
/// # Errors
/// What the system says.
pub fn free_bytes(folder: &Path) -> io::Result<u64> {
    System.free_bytes(folder)
}
