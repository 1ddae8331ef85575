//! Brings an index up to the end of the journal.

use super::batch::Batch;
use super::encode;
use super::error::Error;
use super::index::Index;
use crate::server::journal::{self, Place};

/// Facts that are applied at once: few enough to stay in memory, enough to make one batch of the index worth it.
const FACTS_AT_ONCE: usize = 2_000;
/// Bytes of records after which they are applied too: one fact may make a thousand codes, or be a purchase of two megabytes.
const BYTES_AT_ONCE: usize = 8 << 20;

/// Applies every record after the mark of `index` up to record `until`; `told` hears how far it has come. How many facts these were.
pub(super) fn catch_up(
    index: &dyn Index,
    journal: &Place,
    until: u64,
    told: &mut dyn FnMut(u64),
) -> Result<u64, Error> {
    let mut count = 0;
    let mut batch = Batch::new(index);
    let (mut last, mut bytes) = (index.mark().sequence, 0_usize);
    for record in journal::reader_at(journal, last.saturating_add(1))? {
        let record = record?;
        if record.sequence > until {
            break;
        }
        for fact in encode::read_record(record.sequence, &record.payload)? {
            batch.take(fact)?;
            count += 1;
        }
        last = record.sequence;
        bytes = bytes.saturating_add(record.payload.len());
        if batch.facts().len() >= FACTS_AT_ONCE || bytes >= BYTES_AT_ONCE {
            index.apply(&batch.changes(), last)?;
            (batch, bytes) = (Batch::new(index), 0);
            told(last);
        }
    }
    if !batch.facts().is_empty() {
        index.apply(&batch.changes(), last)?;
        told(last);
    }
    Ok(count)
}
