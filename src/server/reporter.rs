//! Reports: every sale of the ledger, looked at one by one.
//!
//! Nothing is kept beside the facts for a report. A pass over a million sales takes seconds, and holds no more in memory than its rows.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::ControlFlow;
use std::sync::{Arc, Mutex, PoisonError};

use super::archive::Archive;
use super::ledger;
use super::ledger::index::Index;
use crate::money::Amount;
use crate::promotion::Benefit;
use crate::report::{Asked, Known, Table, TooManyRows};
use crate::rulebook::Rulebook;
use crate::time::Zone;

/// Rulebooks of which is remembered what reports ask of them. With more they are read again.
const REMEMBERED_MAX: usize = 4_096;
/// Sales between two looks at whether anybody still waits.
const SALES_AT_ONCE: u32 = 1_024;

/// Why there is no report.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The ledger.
    #[error(transparent)]
    Ledger(#[from] ledger::Error),
    /// The rows.
    #[error(transparent)]
    TooManyRows(#[from] TooManyRows),
    /// Nobody waits for it any longer.
    #[error("the report took too long")]
    Over,
}

/// Makes reports.
#[derive(Debug)]
pub struct Reporter {
    archive: Arc<Archive>,
    remembered: Mutex<BTreeMap<String, Arc<Told>>>,
}

/// What a rulebook says that a sale does not.
#[derive(Debug, Default)]
struct Told {
    /// Promotions that wait for a code.
    with_code: BTreeSet<String>,
    /// What its gifts cost.
    costs: BTreeMap<String, Amount>,
}

impl Reporter {
    /// Asks `archive` for the rulebooks of old sales.
    #[must_use]
    pub fn new(archive: Arc<Archive>) -> Self {
        Reporter { archive, remembered: Mutex::default() }
    }

    /// The time zone of the settings that are live, or were last. `None` where there never were any.
    #[must_use]
    pub fn zone(&self) -> Option<Zone> {
        self.archive.newest().map(|newest| newest.rulebook.settings().time_zone.clone())
    }

    /// Looks at every sale of `index`, until `is_over` says that nobody waits.
    ///
    /// # Errors
    /// The index cannot be read, the rows are too many, nobody waits.
    pub fn report(
        &self,
        index: &dyn Index,
        asked: Asked,
        zone: Zone,
        is_over: &dyn Fn() -> bool,
    ) -> Result<Table, Error> {
        let mut table = Table::new(asked, zone);
        let mut books = Books { reporter: self, held: BTreeMap::new() };
        let (mut seen, mut end) = (0_u32, Ok(()));
        index.sales(&mut |sale| {
            seen = seen.wrapping_add(1);
            end = table.add(sale, &mut books).map_err(Error::from);
            if end.is_ok() && seen.is_multiple_of(SALES_AT_ONCE) && is_over() {
                end = Err(Error::Over);
            }
            if end.is_ok() { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
        })?;
        end.map(|()| table)
    }

    fn told(&self, digest: &str) -> Arc<Told> {
        let remembered = || self.remembered.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(told) = remembered().get(digest) {
            return Arc::clone(told);
        }
        let found = self.archive.find(digest).ok().flatten();
        let told = Arc::new(found.as_ref().map(|found| Told::by(&found.rulebook)).unwrap_or_default());
        // One that is not on the disk now may be later.
        if found.is_some() {
            let mut remembered = remembered();
            if remembered.len() >= REMEMBERED_MAX {
                remembered.clear();
            }
            remembered.insert(digest.to_owned(), Arc::clone(&told));
        }
        told
    }
}

impl Told {
    fn by(rulebook: &Rulebook) -> Self {
        let mut told = Told::default();
        for promotion in rulebook.promotions() {
            if promotion.when.code.is_some() {
                told.with_code.insert(promotion.id.clone());
            }
            let Benefit::Gift(gift) = &promotion.benefit else { continue };
            for sku in &gift.skus {
                let cost = rulebook.catalog().get(sku).and_then(|product| product.cost);
                told.costs.extend(cost.map(|cost| (sku.clone(), cost)));
            }
        }
        told
    }
}

/// The rulebooks of one report.
struct Books<'a> {
    reporter: &'a Reporter,
    held: BTreeMap<String, Arc<Told>>,
}

impl Books<'_> {
    fn of(&mut self, digest: &str) -> Arc<Told> {
        if let Some(told) = self.held.get(digest) {
            return Arc::clone(told);
        }
        let told = self.reporter.told(digest);
        self.held.insert(digest.to_owned(), Arc::clone(&told));
        told
    }
}

impl Known for Books<'_> {
    fn has_code(&mut self, rulebook: &str, promotion: &str) -> bool {
        self.of(rulebook).with_code.contains(promotion)
    }

    fn cost(&mut self, rulebook: &str, sku: &str) -> Option<Amount> {
        self.of(rulebook).costs.get(sku).copied()
    }
}
