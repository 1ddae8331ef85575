//! The best price a basket can have under hundreds of live promotions: exact, explained, and the same everywhere.
//!
//! *Text in, rulebook out. Rulebook and request in, quote out.* Two pure functions carry the crate,
//! [`rulebook::compile`] and [`pricing::price`]; whatever waits (disk, socket, clock) lives in `server`
//! and `cli`, and the rest does not know that it exists.
//!
//! The whole way, from the text of a rule file to a price:
//!
//! ```
//! use pricewright::basket::{Basket, Context, Line, Request};
//! use pricewright::money::Amount;
//! use pricewright::pricing::{Effort, Optimality, price};
//! use pricewright::rulebook::{Source, compile};
//! use pricewright::time::Instant;
//!
//! let rules = "promotions: [{id: creams-20, on: {brands: [Aurelle]}, give: {percent: 20%}}]";
//! let compiled = compile(&[Source { path: "creams.yaml".to_owned(), bytes: rules.into() }]);
//! let rulebook = compiled.rulebook.ok_or("the rules are at fault")?;
//!
//! let line = Line {
//!     id: "1".to_owned(),
//!     sku: "CREAM-50".to_owned(),
//!     quantity: 4,
//!     unit_price: Some(Amount::from_minor(16_50)),
//!     brand: Some("Aurelle".to_owned()),
//!     ..Line::default()
//! };
//! let context = Context::at(Instant::from_rfc3339("2026-11-27T12:00:00+02:00").ok_or("no time")?);
//! let request = Request { basket: Basket { lines: vec![line], ..Basket::default() }, context, explain: true };
//!
//! let quote = price(&rulebook, &request, Effort::default()).map_err(|faults| format!("{faults:?}"))?;
//! assert_eq!(quote.total, Amount::from_minor(4 * (16_50 - 3_30)));
//! assert_eq!(quote.optimality, Optimality::Proven);
//! # Ok::<(), String>(())
//! ```
//!
//! The order of the lines below is the floor plan: **a module imports only modules declared above it.**

pub mod lang;
pub mod money;
pub mod time;
pub mod catalog;
pub mod basket;
pub mod promotion;
pub mod ledger;
pub mod rulebook;
pub mod pricing;
pub mod report;
#[cfg(feature = "server")]
pub mod server;
#[cfg(feature = "server")]
pub mod cli;
