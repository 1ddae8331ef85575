//! All records from a segment on to the end of the journal, and the decision what its end is.

use std::collections::VecDeque;

use super::disk::Place;
use super::error::{Damage, Error};
use super::folder::{MARK_NAME, segment_path};
use super::frame::{Chain, Mark, Position, SEGMENT_HEADER_BYTES, wide};
use super::segments::Segments;
use super::walk::{Step, Walk};

/// What the marks say was acknowledged; read before the segments, so that a reader beside the writer asks for no more
/// than it can find.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Promise {
    /// The mark beside the segments.
    pub(super) mark: Option<Mark>,
    /// The highest number that the index knows.
    pub(super) known: u64,
}

impl Promise {
    pub(super) fn sequence(&self) -> u64 {
        self.mark.map_or(0, |mark| mark.sequence).max(self.known)
    }
}

/// The records from a segment on.
#[derive(Debug)]
pub(super) struct Stream {
    place: Place,
    /// Segments that are not begun.
    ahead: VecDeque<u64>,
    unborn: Option<u64>,
    promise: Promise,
    walk: Option<Walk>,
    /// Bytes of a torn tail.
    torn_bytes: u64,
}

/// Where the whole records end.
#[derive(Debug, Clone, Copy)]
pub(super) struct End {
    /// The number of the last one; 0 when there is none.
    pub(super) sequence: u64,
    /// The chain after it.
    pub(super) chain: Chain,
    /// The first number of the last segment that has a header; 0 when there is none.
    pub(super) segment: u64,
    /// Its length without the torn tail, in bytes.
    pub(super) length: u64,
    /// Where its last record begins, when it has one.
    pub(super) last_offset: Option<u64>,
    /// Bytes of the torn tail behind.
    pub(super) torn_bytes: u64,
    /// A segment that was made and has no header.
    pub(super) unborn: Option<u64>,
}

impl Stream {
    /// Begins at the first record of the last segment that holds `from` or ends before it.
    pub(super) fn open(
        place: &Place,
        segments: Segments,
        from: u64,
        promise: Promise,
    ) -> Result<Self, Error> {
        let skipped = segments.firsts.partition_point(|&first| first <= from).saturating_sub(1);
        let ahead = segments.firsts.into_iter().skip(skipped).collect();
        let unborn = segments.unborn;
        let place = place.clone();
        let mut stream = Stream { place, ahead, unborn, promise, walk: None, torn_bytes: 0 };
        if let Some(first) = stream.ahead.pop_front() {
            stream.walk = Some(Walk::open(&stream.place, first)?);
        }
        stream.check_mark()?;
        Ok(stream)
    }

    /// Goes over the next record and leaves its payload in `payload`; `None` at the end, when everything that was
    /// promised was there.
    pub(super) fn next(&mut self, payload: &mut Vec<u8>) -> Result<Option<Position>, Error> {
        while let Some(walk) = &mut self.walk {
            match walk.step(payload)? {
                Step::Record(position) => {
                    self.check_mark()?;
                    return Ok(Some(position));
                }
                Step::Unwhole(claimed) => {
                    self.torn_bytes = self.tail(claimed)?;
                    break;
                }
                Step::End => match self.ahead.pop_front() {
                    Some(first) => self.enter(first)?,
                    None => break,
                },
            }
        }
        self.check_end()?;
        Ok(None)
    }

    /// What [`Stream::next`] has come to.
    pub(super) fn end(&self) -> End {
        let walk = self.walk.as_ref();
        End {
            sequence: walk.map_or(0, |walk| walk.sequence),
            chain: walk.map_or(Chain::EMPTY, |walk| walk.chain),
            segment: walk.map_or(0, |walk| walk.header.first),
            length: walk.map_or(0, |walk| walk.offset),
            last_offset: walk.and_then(|walk| walk.last_offset),
            torn_bytes: self.torn_bytes,
            unborn: self.unborn,
        }
    }

    /// Goes on to the segment `first`, which must begin where the one before has ended.
    fn enter(&mut self, first: u64) -> Result<(), Error> {
        let before = self.end();
        let walk = Walk::open(&self.place, first)?;
        if (walk.sequence, walk.chain) != (before.sequence, before.chain) {
            return Err(walk.damaged(Damage::SegmentBefore));
        }
        self.walk = Some(walk);
        Ok(())
    }

    /// A record that is not whole: a torn tail, and how many bytes of it, or damage.
    fn tail(&self, claimed: Option<u64>) -> Result<u64, Error> {
        let Some(walk) = &self.walk else { return Ok(0) };
        let promised = self.promise.sequence();
        if promised > walk.sequence {
            return Err(walk.damaged(Damage::Acknowledged { promised }));
        }
        // A segment is made only when the last record of the one before is synced.
        if !self.ahead.is_empty() || self.unborn.is_some() {
            return Err(walk.damaged(Damage::Inside));
        }
        walk.tail(claimed)
    }

    fn check_end(&self) -> Result<(), Error> {
        let end = self.end();
        let next = end.sequence.saturating_add(1);
        let promised = self.promise.sequence();
        if promised > end.sequence {
            let file = segment_path(&self.place.folder, end.segment.max(1));
            let what = Damage::Short { promised };
            return Err(Error::Damaged { file, sequence: next, offset: end.length, what });
        }
        match self.unborn {
            Some(first) if first != next => {
                let file = segment_path(&self.place.folder, first);
                Err(Error::Damaged { file, sequence: first, offset: 0, what: Damage::SegmentBefore })
            }
            _ => Ok(()),
        }
    }

    /// The mark is of this journal and not of another that was copied over it.
    fn check_mark(&self) -> Result<(), Error> {
        let (Some(mark), end) = (self.promise.mark, self.end()) else { return Ok(()) };
        if mark.sequence != end.sequence || mark.chain == end.chain {
            return Ok(());
        }
        let (sequence, file) = (mark.sequence, self.place.join(MARK_NAME));
        Err(Error::Damaged { file, sequence, offset: 0, what: Damage::MarkChain })
    }
}

impl End {
    /// Whether the last segment has a header and nothing else.
    pub(super) fn is_empty_segment(&self) -> bool {
        self.length == wide(SEGMENT_HEADER_BYTES)
    }
}
