//! Warnings: what is no mistake in the language, yet probably none that was meant. One module a family.

pub mod placed;
pub mod goods;
pub mod words;
pub mod codes;
pub mod beaten;
pub mod held;
pub mod slots;

use crate::catalog::Product;
use crate::rulebook::diagnostic::report::Diagnostic;
use crate::rulebook::read::file::Reading;

/// Every warning about files that are read together.
#[must_use]
pub fn lint(readings: &[&Reading<'_>], products: &[&Product], has_catalog: bool) -> Vec<Diagnostic> {
    let mut found = Vec::new();
    if has_catalog {
        words::mentions(readings, products, &mut found);
    }
    // What is compared with others must be read whole.
    let sound: Vec<&Reading<'_>> = readings.iter().copied().filter(|reading| reading.is_sound()).collect();
    codes::shared(&sound, &mut found);
    beaten::beaten(&sound, &mut found);
    held::held(&sound, &mut found);
    slots::overlapping(&sound, has_catalog.then_some(products), &mut found);
    found
}
