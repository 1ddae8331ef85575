//! Promotions and caps with the pages they stand on.

use crate::promotion::{Cap, Promotion};
use crate::rulebook::read::file::Reading;
use crate::rulebook::read::rules::Ruled;
use crate::rulebook::text::page::Page;

/// Something of a rule file and its page.
pub type Placed<'r, T> = (&'r Page<'r>, &'r Ruled<T>);

/// Every promotion, in the order of the files.
#[must_use]
pub fn promotions<'r>(readings: &[&'r Reading<'r>]) -> Vec<Placed<'r, Promotion>> {
    pages(readings)
        .flat_map(|(page, reading)| reading.rules.promotions.iter().map(move |ruled| (page, ruled)))
        .collect()
}

/// Every cap, in the order of the files.
#[must_use]
pub fn caps<'r>(readings: &[&'r Reading<'r>]) -> Vec<Placed<'r, Cap>> {
    pages(readings)
        .flat_map(|(page, reading)| reading.rules.caps.iter().map(move |ruled| (page, ruled)))
        .collect()
}

fn pages<'r>(readings: &[&'r Reading<'r>]) -> impl Iterator<Item = (&'r Page<'r>, &'r Reading<'r>)> {
    readings.iter().filter_map(|&reading| Some((reading.page.as_ref()?, reading)))
}
