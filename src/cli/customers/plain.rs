//! A table with plain line ends: no carriage returns, and one at the very end. Then lines can be counted.

use std::io::{self, BufRead, Read};

/// Reads another reader so.
pub(super) struct Plain<R> {
    inner: R,
    last: u8,
}

impl<R: BufRead> Plain<R> {
    /// Nothing is read yet.
    pub(super) fn of(inner: R) -> Self {
        Plain { inner, last: b'\n' }
    }
}

impl<R: BufRead> Read for Plain<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        loop {
            let chunk = self.inner.fill_buf()?;
            let is_end = chunk.is_empty();
            let rest: &[u8] = if is_end && self.last != b'\n' { b"\n" } else { chunk };
            let (mut taken, mut written) = (0, 0);
            let mut slots = into.iter_mut();
            for &byte in rest {
                if byte != b'\r' {
                    let Some(slot) = slots.next() else { break };
                    (*slot, self.last) = (byte, byte);
                    written += 1;
                }
                taken += 1;
            }
            if is_end || written > 0 || taken == 0 {
                self.inner.consume(if is_end { 0 } else { taken });
                return Ok(written);
            }
            self.inner.consume(taken);
        }
    }
}
