//! The baskets that are asked about: read, priced once, and as bytes for the wire.

use std::fs::{self, File};
use std::io::{BufRead as _, BufReader, BufWriter, Write as _};
use std::path::Path;

use anyhow::{Context as _, Result, ensure};
use prost::Message as _;
use prost::bytes::Bytes;

use crate::cli::local::Local;
use crate::lang::Lang;
use crate::server::convert;
use crate::server::wire::{QuoteRequest, QuoteStreamRequest};

/// More baskets would not tell more, and each has its answer ready in memory.
const BASKETS_MAX: usize = 100_000;

/// What is asked, in order.
#[derive(Debug, Clone)]
pub struct Baskets {
    /// As messages.
    pub requests: Vec<QuoteRequest>,
    /// As bytes of `Quote`.
    pub unary: Vec<Bytes>,
    /// As bytes of `QuoteStream`.
    pub streamed: Vec<Bytes>,
}

impl Baskets {
    /// Reads a file of requests, one a line, and asks for explanations when told to.
    ///
    /// # Errors
    /// The file cannot be read, or a line is no request.
    pub fn read(file: &Path, explain: bool) -> Result<Self> {
        let cannot = || format!("cannot read the baskets in `{}`", file.display());
        let input = BufReader::new(File::open(file).with_context(cannot)?);
        let mut requests = Vec::new();
        for (number, line) in (1_u32..).zip(input.lines()) {
            let line = line.with_context(cannot)?;
            if line.trim().is_empty() {
                continue;
            }
            ensure!(requests.len() < BASKETS_MAX, "more than {BASKETS_MAX} baskets in `{}`", file.display());
            let mut request: QuoteRequest = convert::request_from_json(&line)
                .with_context(|| format!("line {number} of `{}`", file.display()))?;
            request.explain |= explain;
            requests.push(request);
        }
        ensure!(!requests.is_empty(), "there is no basket in `{}`", file.display());
        Ok(Self::of(requests))
    }

    /// These requests.
    #[must_use]
    pub fn of(requests: Vec<QuoteRequest>) -> Self {
        let unary = requests.iter().map(|request| request.encode_to_vec().into()).collect();
        let in_stream = |request: &QuoteRequest| QuoteStreamRequest { request: Some(request.clone()) };
        let streamed = requests.iter().map(|request| in_stream(request).encode_to_vec().into()).collect();
        Baskets { requests, unary, streamed }
    }

    /// Prices every basket once: one that is refused would measure the refusal.
    ///
    /// # Errors
    /// What is wrong with a basket.
    pub fn check(&self, local: &Local) -> Result<()> {
        for (number, request) in (1_u32..).zip(&self.requests) {
            local.quote(request, Lang::En).with_context(|| format!("basket {number} cannot be priced"))?;
        }
        Ok(())
    }

    /// Lines of all baskets.
    #[must_use]
    pub fn lines(&self) -> usize {
        self.requests
            .iter()
            .map(|request| request.basket.as_ref().map_or(0, |basket| basket.lines.len()))
            .sum()
    }

    /// Writes them for another process, to the byte.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn hand_over(&self, file: &Path) -> Result<()> {
        let mut output = BufWriter::new(File::create(file)?);
        for request in &self.requests {
            output.write_all(&request.encode_length_delimited_to_vec())?;
        }
        Ok(output.flush()?)
    }

    /// Reads what was handed over.
    ///
    /// # Errors
    /// The file cannot be read, or is not one of these.
    pub fn take_over(file: &Path) -> Result<Self> {
        let mut bytes = Bytes::from(fs::read(file)?);
        let mut requests = Vec::new();
        while !bytes.is_empty() {
            requests.push(QuoteRequest::decode_length_delimited(&mut bytes)?);
        }
        Ok(Self::of(requests))
    }
}
