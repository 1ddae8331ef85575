//! What is promised and kept: facts that only grow, and everything that is derived from them.
//!
//! *Balances and a command in, facts out.* [`decide()`] has no clock, no randomness and no disk: the moment and the ids come
//! in the command. Facts are applied to [`Balances`], and the same facts give the same balances everywhere. Prices are not
//! known here: a command brings a [`Purchase`] that was priced already, and the [`Take`]s that it needs.

mod base32;
pub mod code;
pub mod id;
pub mod codes;
pub mod certificate;
pub mod counter;
pub mod purchase;
pub mod rejection;
pub mod sale;
pub mod command;
pub mod fact;
pub mod balance;
mod passbook;
mod apply;
mod touched;
mod spend;
pub mod decide;
pub mod books;

pub use balance::{Account, Balances, Key, Known, Outcome};
pub use books::Books;
pub use certificate::{
    Certificate, Change, Entry, EntryKind, Note, Otp, OtpKey, Payment, Sent, SentKey, Side, Standing,
};
pub use codes::{
    AttemptKey, Attempts, Batch, CodeKey, CodeState, NewCode, OpenedCode, PhoneKey, PinKey, Pool, Terms,
};
pub use command::{
    Action, AddCodes, AskOtp, ChangeCertificate, Command, Commit, Issue, Look, Part, Pay, Presented, Refund,
    Repriced, Reserve, ReturnedUnits,
};
pub use counter::{Counter, CounterKey, Limit, Take};
pub use decide::decide;
pub use fact::{Event, Fact};
pub use id::{CertificateKey, Content, CustomerKey, RequestId, SaleId};
pub use purchase::{Purchase, SoldGift, SoldLine, SoldPromotion, SoldUnits};
pub use rejection::Rejection;
pub use sale::{Issued, Return, ReturnedLine, Sale, State};
pub use touched::{touched, touched_by_fact, touched_by_sale};
