//! What a caller wants of the ledger, with everything that a decision needs: the moment and the ids come in here.

use super::codes::{AttemptKey, CodeKey, NewCode, Terms};
use super::counter::Take;
use super::id::{Content, RequestId, SaleId};
use super::purchase::Purchase;
use super::rejection::Rejection;
use crate::time::Instant;

/// One changing call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Command {
    /// The caller's id of the call.
    pub request: RequestId,
    /// What the call says.
    pub content: Content,
    /// The moment.
    pub at: Instant,
    /// What is wanted.
    pub action: Action,
}

/// What is wanted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Action {
    /// A purchase is about to be paid.
    Reserve(Box<Reserve>),
    /// A purchase is paid.
    Commit(Box<Commit>),
    /// A purchase is called off.
    Cancel(SaleId),
    /// Units come back.
    Refund(Box<Refund>),
    /// Codes come into being.
    AddCodes(Box<AddCodes>),
    /// A code is taken out of use.
    DisableCode(CodeKey),
    /// A pool is taken out of use, with all its codes.
    DisablePool(String),
    /// An attempt at a code has failed: of whom that is counted.
    Miss(Vec<AttemptKey>),
    /// The call was refused: from now on its id has this answer.
    Refuse(Rejection),
    /// A key comes into use: what the call says is its check value.
    UseKey,
}

/// A purchase is about to be paid.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reserve {
    /// What is bought.
    pub purchase: Purchase,
    /// What it takes.
    pub takes: Vec<Take>,
    /// When its holds end.
    pub expires_at: Instant,
}

/// A purchase is paid.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Commit {
    /// Which.
    pub sale: SaleId,
    /// With what, where it is not paid as it was reserved.
    pub part: Option<Part>,
}

/// A part of what was reserved, priced by itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part {
    /// What is bought.
    pub purchase: Purchase,
    /// What it takes.
    pub takes: Vec<Take>,
}

/// Units come back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refund {
    /// Of which sale.
    pub sale: SaleId,
    /// Which units.
    pub units: Vec<ReturnedUnits>,
    /// Whether the delivery is paid back.
    pub delivery: bool,
    /// The purchase without them, where it was priced again.
    pub repriced: Option<Repriced>,
}

/// Units of one line that come back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReturnedUnits {
    /// The line's id.
    pub line: String,
    /// The place of their group in the line; the cheapest that are left when the caller does not know.
    pub group: Option<usize>,
    /// How many.
    pub quantity: u32,
}

/// What is left of a purchase, priced again under its own rulebook.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Repriced {
    /// Returns that the sale had when it was priced: with more the price is no longer right.
    pub returns: usize,
    /// What is left, at its new price; nothing when all has come back.
    pub purchase: Purchase,
    /// What it takes now.
    pub takes: Vec<Take>,
}

/// Codes come into being.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AddCodes {
    /// In which pool.
    pub pool: String,
    /// What holds for all that have no terms of their own.
    pub terms: Terms,
    /// The codes.
    pub codes: Vec<NewCode>,
}
