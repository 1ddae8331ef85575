//! The messages of an import of codes: as they come or, where two must agree on all of them, held until all are there.

use std::collections::VecDeque;

use prost::Message;
use sha2::{Digest as _, Sha256};
use tokio::sync::watch;
use tonic::Streaming;

use super::failure::Failure;
use super::upload;
use crate::server::wire::ImportCodesRequest;

/// Bytes of the messages that are held: a million codes without terms of their own are 20 MB.
const HELD_BYTES_MAX: usize = 64 << 20;
/// What each of them takes besides: one that says nothing is there too.
const MESSAGE_BYTES: usize = 64;

/// Where the next message is.
pub(super) enum Inflow {
    /// On its way.
    Coming(Streaming<ImportCodesRequest>),
    /// Here, as on the wire: that is a fifth of what it is once read.
    Held(VecDeque<Vec<u8>>),
}

/// All messages of an import, and what two must agree on.
pub(super) struct Held {
    pub(super) messages: Inflow,
    /// How many codes there are.
    pub(super) codes: usize,
    /// The hash of all that is said, but for the approval.
    pub(super) content: [u8; 32],
    pub(super) approval: String,
    pub(super) is_check: bool,
}

impl Inflow {
    /// The next message; nothing behind the last.
    ///
    /// # Errors
    /// As [`upload::next`].
    pub(super) async fn next(
        &mut self,
        closing: &mut watch::Receiver<bool>,
    ) -> Result<Option<ImportCodesRequest>, Failure> {
        match self {
            Inflow::Coming(messages) => upload::next(messages, closing).await,
            Inflow::Held(_) if *closing.borrow() => Err(Failure::ShuttingDown),
            Inflow::Held(messages) => {
                let bytes = messages.pop_front();
                let read = bytes.map(|bytes| ImportCodesRequest::decode(bytes.as_slice()));
                read.transpose().map_err(|_| Failure::Internal)
            }
        }
    }
}

impl Held {
    /// Waits for all messages.
    ///
    /// # Errors
    /// As [`upload::next`], and there are too many bytes of them.
    pub(super) async fn all(
        mut coming: Streaming<ImportCodesRequest>,
        closing: &mut watch::Receiver<bool>,
    ) -> Result<Self, Failure> {
        let mut messages = VecDeque::new();
        let (mut codes, mut bytes) = (0_usize, 0_usize);
        let (mut approval, mut is_check) = (String::new(), false);
        let mut hash = Sha256::new_with_prefix("Import\n");
        while let Some(mut message) = upload::next(&mut coming, closing).await? {
            if messages.is_empty() {
                approval = std::mem::take(&mut message.approval);
                is_check = message.validate_only;
            }
            codes = codes.saturating_add(message.codes.len());
            let encoded = message.encode_to_vec();
            bytes = bytes.saturating_add(encoded.len()).saturating_add(MESSAGE_BYTES);
            if bytes > HELD_BYTES_MAX {
                return Err(Failure::TooLarge);
            }
            // With its length: where a message ends is a part of what is said.
            hash.update(encoded.len().to_le_bytes());
            hash.update(&encoded);
            messages.push_back(encoded);
        }
        let (messages, content) = (Inflow::Held(messages), hash.finalize().into());
        Ok(Held { messages, codes, content, approval, is_check })
    }
}
