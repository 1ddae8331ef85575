//! What is remembered of a file that was sent, so that what the service says of a place in the stream can be told by line.

use serde::Serialize;

use super::source::Fault;
use super::table::Table;
use crate::server::wire::ImportCustomersResponse;

/// Faults that are told.
const FAULTS_MAX: usize = 100;

/// What became of all profiles.
#[derive(Debug, Default, Serialize)]
pub(super) struct Outcome {
    /// Profiles that were new, or other than before.
    pub(super) taken: u64,
    /// Profiles that were there as they came.
    pub(super) unchanged: u64,
    /// Profiles at fault.
    pub(super) refused: u64,
    /// What is wrong with them, by line.
    pub(super) faults: Vec<Fault>,
}

/// What is remembered of a file that was sent: where each profile stands, and what could not be read.
#[derive(Debug, Default)]
pub(super) struct Sent {
    /// Profiles sent.
    pub(super) count: u64,
    // Where the lines stop to follow each other: place in the stream and line.
    places: Vec<(u64, u64)>,
    refused: u64,
    faults: Vec<Fault>,
    /// The columns, where it was a table.
    pub(super) table: Option<Table>,
}

impl Sent {
    /// The next profile stands in this line.
    pub(super) fn note(&mut self, line: u64) {
        let expected = self.places.last().map(|(index, first)| first + (self.count - index));
        if expected != Some(line) {
            self.places.push((self.count, line));
        }
        self.count += 1;
    }

    fn line(&self, index: u64) -> u64 {
        let before = self.places.partition_point(|(first, _)| *first <= index);
        let place = before.checked_sub(1).and_then(|place| self.places.get(place));
        place.map_or(0, |(first, line)| line + (index - first))
    }

    /// A line that is no profile.
    pub(super) fn refuse(&mut self, fault: Fault) {
        self.refused += 1;
        if self.faults.len() < FAULTS_MAX {
            self.faults.push(fault);
        }
    }

    /// All of it together: what was refused here and there, by line.
    pub(super) fn with(mut self, done: ImportCustomersResponse) -> Outcome {
        let mut faults = std::mem::take(&mut self.faults);
        faults.extend(done.faults.into_iter().map(|fault| {
            let column = self.table.as_ref().and_then(|table| table.place(&fault.field));
            Fault {
                line: self.line(fault.index),
                column: column.and_then(|column| u64::try_from(column).ok()),
                field: fault.field,
                description: fault.description,
            }
        }));
        faults.sort_by_key(|fault| fault.line);
        faults.truncate(FAULTS_MAX);
        let refused = self.refused + done.refused;
        Outcome { taken: done.taken, unchanged: done.unchanged, refused, faults }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_profile_keeps_its_line() {
        let mut sent = Sent::default();
        // Line 4 is no profile, and a cell with line ends makes line 6 follow on 5 as 9.
        let lines = [2, 3, 5, 9, 10, 11];
        lines.iter().for_each(|&line| sent.note(line));
        assert_eq!((0..6).map(|index| sent.line(index)).collect::<Vec<_>>(), lines);
        assert_eq!(sent.places.len(), 3);
    }
}
