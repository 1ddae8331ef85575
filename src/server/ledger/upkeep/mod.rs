//! The ledger at rest: it is checked, copied, and told as text. No service runs on it meanwhile, save beside a backup.
//!
//! The journal alone is copied: an index follows from it, and is built anew at the place where the copy goes. What every one of these
//! answers with is the digest of all accounts, which is the same wherever the same facts were applied.

mod error;
mod rest;
mod replay;
pub mod check;
pub mod look;
mod tree;
pub mod backup;
pub mod text;
pub mod carried;

pub use backup::{Backup, Manifest, Restored, restore};
pub use carried::{check_shared, export_shared, import_shared};
pub use check::{Checked, Index, check};
pub use error::Error;
pub use look::look;
pub use replay::Counts;
pub use rest::{Rest, Told, in_use};
pub use text::{Exported, Imported, export, import};
