//! What must not be known: peppers, keyed hashes, PINs, and the randomness of codes.
//!
//! A code, a phone or a certificate number is stored as a [keyed hash](keyed::KeyedHash) alone, a PIN as an Argon2id
//! hash, and the keys of both are in a [file](key_file) apart from the store: whoever has a copy of the store can
//! try nothing. No type here shows a secret in `Debug`, none has a `Display`, and no error repeats one.

pub mod entropy;
pub(in crate::server) mod hex;
pub mod keyed;
mod key_text;
pub mod key_file;
pub mod pepper;
pub mod pin;
pub mod pin_hash;
pub mod pin_pool;

pub use entropy::Entropy;
pub use key_file::Stage;
pub use keyed::{Domain, KeyId, KeyedHash};
pub use pepper::Pepper;
pub use pin::Pin;
pub use pin_hash::{Cost, PinHash};
pub use pin_pool::PinPool;
