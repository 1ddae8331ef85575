//! Who may do what: callers with tokens or certificates, their roles, and the stores and channels they speak for. Denied by default.
//!
//! All of it is in one file of TOML that people write and the service reads again when it changes. Knows no wire type. See `docs/access.md`.

mod role;
mod matrix;
mod token;
mod caller;
mod directory;
mod file;
mod guard;

pub use caller::{Caller, Refused};
pub use directory::{Credential, Directory, FourEyes};
pub use file::Error;
pub use guard::{Guard, Seen};
pub use matrix::{ForTwo, METHODS, Method, method};
pub use role::{ROLES, Role};
pub use token::{PREFIX, TokenHash, random};
