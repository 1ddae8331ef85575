//! The index of a ledger at rest, brought up to its journal, for whoever only reads.

use std::path::Path;

use super::error::Error;
use super::rest::Rest;
use crate::server::ledger::embedded::{anew, follow};
use crate::server::ledger::index::Index;
use crate::server::ledger::shelf::Shelf;

/// Opens the index; where it cannot be used, it is built anew, as a start of the service would. No fact is added, no hold ends.
/// Close it in the end, and the next start need not read it whole.
///
/// # Errors
/// The journal is damaged, the disk says no.
pub fn look(ledger: &Rest) -> Result<Box<dyn Index>, Error> {
    let index = opened(&ledger.index())?;
    follow(&index, &ledger.journal())?;
    Ok(Box::new(index))
}

fn opened(at: &Path) -> Result<Shelf, Error> {
    match Shelf::open(at) {
        Ok(index) => Ok(index),
        Err(error) => Ok(anew(at, &error)?),
    }
}
