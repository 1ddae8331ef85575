//! The facts of a batch as text.

use super::batch::Batch;
use super::encode;
use super::index::Source;

/// The facts of a batch, written as they come, so that their size is known.
#[derive(Debug, Default)]
pub(super) struct Record {
    bytes: Vec<u8>,
    count: usize,
}

impl Record {
    /// Takes the facts that are new.
    pub(super) fn take<S: Source + ?Sized>(&mut self, batch: &Batch<'_, S>) {
        for fact in batch.facts().iter().skip(self.count) {
            self.bytes.push(if self.count == 0 { b'[' } else { b',' });
            encode::fact(fact, &mut self.bytes);
            self.count += 1;
        }
    }

    /// Its bytes so far.
    pub(super) fn len(&self) -> usize {
        self.bytes.len()
    }

    /// Whether there is no fact in it.
    pub(super) fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// Its text, which takes no more.
    pub(super) fn closed(mut self) -> Vec<u8> {
        self.bytes.push(b']');
        self.bytes
    }
}
