//! The way in: how many connections there may be, TLS, and who stands at the other end. Knows no message and no method.

mod tls;
mod peer;
mod places;
mod socket;
mod listen;

pub use listen::{Door, Listen, incoming};
pub use peer::Peer;
pub use places::{Place, Places, house};
pub use socket::Socket;
pub use tls::{Error, Files, SeenTls, Tls};
