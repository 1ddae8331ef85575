//! The ledger over PostgreSQL: any number of nodes decide, and the database sees to it that no two decide on the same at once.
//!
//! A node takes what has come in at once as one batch, as the writer of the embedded engine does. A batch is one transaction: the accounts
//! that its commands look at are locked in the order of their names, decided on, and written with their facts. What many nodes want at
//! once they so take in turns, each for a whole batch; a counter that is far from its limit is cut into [`parts`], of which each node has
//! one, and then nobody waits for anybody.

mod parts;
mod rows;
mod tables;
mod locks;
mod write;
mod turn;
mod lane;
mod follow;
mod carry;

pub(super) use carry::{Filling, Snapshot};
pub(super) use follow::{Following, follow};
pub(super) use lane::Lane;
pub(super) use tables::Tables;
pub(super) use turn::Turn;
