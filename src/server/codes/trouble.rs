//! What keeps codes from being looked up or kept.

use crate::server::ledger::Error;

/// Why codes cannot be looked up.
#[derive(Debug, thiserror::Error)]
pub enum Trouble {
    /// The ledger has stopped.
    #[error("the ledger has stopped")]
    Stopped,
    /// The database of the ledger is away.
    #[error("the ledger's database is away")]
    Away,
    /// The ledger cannot be read.
    #[error(transparent)]
    Ledger(#[from] Error),
    /// More PINs wait to be checked than may.
    #[error("too many PINs are being checked")]
    Busy,
    /// There is too little room on the disk for more.
    #[error("the disk is nearly full")]
    DiskFull,
    /// The system gives no random numbers.
    #[error("the system gives no random numbers")]
    Entropy,
}
