//! Bytes on disk: the header of a segment, of a record, and a mark. Little-endian, each closed by a CRC32C.
//!
//! | segment header | record header | mark |
//! | --- | --- | --- |
//! | magic 8 | magic 8 | magic 8 |
//! | version 4 | version 4 | sequence 8 |
//! | first sequence 8 | payload length 4 | chain 32 |
//! | chain before it 32 | sequence 8 | CRC 4 |
//! | first sequence of the segment before 8 | chain 32 | |
//! | length of the segment before 8 | CRC of the payload 4 | |
//! | CRC 4 | CRC 4 | |
//!
//! The CRC of a record's header begins with the record's place (segment, offset), which is not stored: a record that
//! a disk wrote elsewhere, or an image of one inside a payload, is no record.

use std::fmt;

use crc32c::{crc32c, crc32c_append};
use sha2::{Digest as _, Sha256};

/// The most bytes of one record's payload: the batch of a writer that fell behind fits, and a reader's memory is bounded.
pub const PAYLOAD_BYTES_MAX: usize = 16 << 20;

/// The version of the format.
pub(super) const VERSION: u32 = 1;

pub(super) const SEGMENT_HEADER_BYTES: usize = 72;
pub(super) const RECORD_HEADER_BYTES: usize = 64;
pub(super) const MARK_BYTES: usize = 52;

// 0xF5 is in no UTF-8 text, and the line end shows a copy that "corrected" it.
const SEGMENT_MAGIC: [u8; 8] = *b"\xF5pwseg\r\n";
pub(super) const RECORD_MAGIC: [u8; 8] = *b"\xF5pwrec\r\n";
const MARK_MAGIC: [u8; 8] = *b"\xF5pwhwm\r\n";

/// The hash of everything up to a record: SHA-256 of the chain before it, the first 24 bytes of its header, its payload.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Chain([u8; 32]);

impl Chain {
    /// The chain of a journal without records.
    pub(super) const EMPTY: Chain = Chain([0; 32]);

    /// The chain after a record with this start of a header and this payload.
    fn after(&self, head: &[u8], payload: &[u8]) -> Chain {
        Chain(Sha256::new().chain_update(self.0).chain_update(head).chain_update(payload).finalize().into())
    }
}

/// 64 hexadecimal digits.
impl fmt::Display for Chain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

/// Where a record stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Position {
    /// The number of the record: 1 is the first, without gaps.
    pub sequence: u64,
    /// The number of the first record of its segment, which is the name of the file.
    pub segment: u64,
    /// The first byte of its header, in bytes from the start of the file.
    pub offset: u64,
}

/// The start of a segment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct SegmentHeader {
    pub(super) version: u32,
    /// The number of its first record.
    pub(super) first: u64,
    /// The chain up to the last record of the segment before.
    pub(super) chain: Chain,
    /// The first record of the segment before; 0 when there is none.
    pub(super) before: u64,
    /// The length of the segment before, in bytes.
    pub(super) before_bytes: u64,
}

impl SegmentHeader {
    pub(super) fn encode(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(SEGMENT_HEADER_BYTES);
        bytes.extend(SEGMENT_MAGIC);
        bytes.extend(self.version.to_le_bytes());
        bytes.extend(self.first.to_le_bytes());
        bytes.extend(self.chain.0);
        bytes.extend(self.before.to_le_bytes());
        bytes.extend(self.before_bytes.to_le_bytes());
        seal(&mut bytes, 0);
        bytes
    }

    /// `None` when the bytes are not whole.
    pub(super) fn decode(bytes: &[u8]) -> Option<Self> {
        let mut cut = unseal(bytes.first_chunk::<SEGMENT_HEADER_BYTES>()?, 0, SEGMENT_MAGIC)?;
        Some(SegmentHeader {
            version: cut.u32()?,
            first: cut.u64()?,
            chain: cut.chain()?,
            before: cut.u64()?,
            before_bytes: cut.u64()?,
        })
    }
}

/// The start of a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct RecordHeader {
    pub(super) version: u32,
    /// Bytes of the payload.
    pub(super) length: u32,
    pub(super) sequence: u64,
    /// The chain after this record.
    pub(super) chain: Chain,
    payload_crc: u32,
}

impl RecordHeader {
    /// Puts a whole record, header and payload, into `bytes`, and gives the chain after it; `None` for a payload above
    /// the maximum.
    pub(super) fn encode(at: Position, before: Chain, payload: &[u8], bytes: &mut Vec<u8>) -> Option<Chain> {
        let length = u32::try_from(payload.len()).ok().filter(|_| payload.len() <= PAYLOAD_BYTES_MAX)?;
        bytes.clear();
        let head = head(VERSION, length, at.sequence);
        let chain = before.after(&head, payload);
        bytes.extend(head);
        bytes.extend(chain.0);
        bytes.extend(crc32c(payload).to_le_bytes());
        seal(bytes, place(at.segment, at.offset));
        bytes.extend(payload);
        Some(chain)
    }

    /// The header at this place; `None` when the bytes are not whole, or whole for another place.
    pub(super) fn decode(bytes: &[u8], segment: u64, offset: u64) -> Option<Self> {
        let bytes = bytes.first_chunk::<RECORD_HEADER_BYTES>()?;
        let mut cut = unseal(bytes, place(segment, offset), RECORD_MAGIC)?;
        let header = RecordHeader {
            version: cut.u32()?,
            length: cut.u32()?,
            sequence: cut.u64()?,
            chain: cut.chain()?,
            payload_crc: cut.u32()?,
        };
        (header.payload_bytes() <= PAYLOAD_BYTES_MAX).then_some(header)
    }

    pub(super) fn payload_bytes(&self) -> usize {
        usize::try_from(self.length).unwrap_or(usize::MAX)
    }

    /// Bytes of the record, header and payload.
    pub(super) fn record_bytes(&self) -> u64 {
        wide(RECORD_HEADER_BYTES).saturating_add(u64::from(self.length))
    }

    pub(super) fn fits(&self, payload: &[u8]) -> bool {
        payload.len() == self.payload_bytes() && crc32c(payload) == self.payload_crc
    }

    /// Whether the record was written behind one with the chain `before`.
    pub(super) fn continues(&self, before: Chain, payload: &[u8]) -> bool {
        before.after(&head(self.version, self.length, self.sequence), payload) == self.chain
    }
}

/// The last record that was acknowledged, as `high-water` has it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Mark {
    pub(super) sequence: u64,
    pub(super) chain: Chain,
}

impl Mark {
    pub(super) fn encode(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(MARK_BYTES);
        bytes.extend(MARK_MAGIC);
        bytes.extend(self.sequence.to_le_bytes());
        bytes.extend(self.chain.0);
        seal(&mut bytes, 0);
        bytes
    }

    /// `None` when the bytes are not whole.
    pub(super) fn decode(bytes: &[u8]) -> Option<Self> {
        let mut cut = unseal(bytes.first_chunk::<MARK_BYTES>()?, 0, MARK_MAGIC)?;
        Some(Mark { sequence: cut.u64()?, chain: cut.chain()? })
    }
}

/// A length as the numbers on disk have it.
pub(super) fn wide(bytes: usize) -> u64 {
    u64::try_from(bytes).unwrap_or(u64::MAX)
}

/// What the chain takes of a header: everything before the chain itself.
fn head(version: u32, length: u32, sequence: u64) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(24);
    bytes.extend(RECORD_MAGIC);
    bytes.extend(version.to_le_bytes());
    bytes.extend(length.to_le_bytes());
    bytes.extend(sequence.to_le_bytes());
    bytes
}

/// The CRC that a record's header begins with.
fn place(segment: u64, offset: u64) -> u32 {
    crc32c_append(crc32c(&segment.to_le_bytes()), &offset.to_le_bytes())
}

/// Closes what stands in `bytes` with its CRC, begun at `seed`.
fn seal(bytes: &mut Vec<u8>, seed: u32) {
    let crc = crc32c_append(seed, bytes);
    bytes.extend(crc.to_le_bytes());
}

/// What stands between the magic and the CRC; `None` when one of them is not right.
fn unseal(bytes: &[u8], seed: u32, magic: [u8; 8]) -> Option<Cut<'_>> {
    let (body, crc) = bytes.split_last_chunk::<4>()?;
    let rest = body.strip_prefix(&magic)?;
    (crc32c_append(seed, body) == u32::from_le_bytes(*crc)).then_some(Cut(rest))
}

/// Bytes that are taken from the front.
struct Cut<'a>(&'a [u8]);

impl Cut<'_> {
    fn take<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (head, rest) = self.0.split_first_chunk::<N>()?;
        self.0 = rest;
        Some(*head)
    }

    fn u32(&mut self) -> Option<u32> {
        self.take().map(u32::from_le_bytes)
    }

    fn u64(&mut self) -> Option<u64> {
        self.take().map(u64::from_le_bytes)
    }

    fn chain(&mut self) -> Option<Chain> {
        self.take().map(Chain)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_is_whole_at_its_place_alone_and_without_a_flipped_bit() {
        let at = Position { sequence: 9, segment: 5, offset: 1000 };
        let mut bytes = Vec::new();
        let chain = RecordHeader::encode(at, Chain::EMPTY, b"facts", &mut bytes).unwrap();
        let header = RecordHeader::decode(&bytes, 5, 1000).unwrap();
        assert_eq!((header.sequence, header.length, header.chain), (9, 5, chain));
        assert!(header.fits(b"facts") && header.continues(Chain::EMPTY, b"facts"));
        assert!(!header.fits(b"fact") && !header.fits(b"faces") && !header.continues(chain, b"facts"));
        for (segment, offset) in [(5, 999), (5, 1064), (1, 1000), (1000, 5)] {
            assert_eq!(RecordHeader::decode(&bytes, segment, offset), None);
        }
        for bit in 0..8 * RECORD_HEADER_BYTES {
            let mut flipped = bytes.clone();
            flipped[bit / 8] ^= 1 << (bit % 8);
            assert_eq!(RecordHeader::decode(&flipped, 5, 1000), None, "bit {bit}");
        }
    }
}
