//! Code words that several promotions have.

use rustc_hash::FxHashMap;

use super::placed::{Placed, promotions};
use crate::promotion::{Code, Promotion};
use crate::rulebook::diagnostic::finding::Finding;
use crate::rulebook::diagnostic::report::Diagnostic;
use crate::rulebook::read::file::Reading;
use crate::rulebook::text::number::shorten;

/// Adds a finding for every promotion whose code word an earlier one has.
pub fn shared<'r>(readings: &[&'r Reading<'r>], found: &mut Vec<Diagnostic>) {
    let mut first: FxHashMap<&str, Placed<'r, Promotion>> = FxHashMap::default();
    for (page, ruled) in promotions(readings) {
        let (Some(Code::Word(word)), Some(at)) = (&ruled.item.when.code, ruled.code_at) else {
            continue;
        };
        match first.get(word.as_str()) {
            None => {
                first.insert(word, (page, ruled));
            }
            Some((other_page, other)) => {
                let finding = Finding::SharedCode { code: shorten(word), other: other.item.id.clone() };
                let also = other.code_at.map(|at| other_page.place(at));
                found.push(page.diagnostic(at, finding).with_also(other_page.path, also));
            }
        }
    }
}
