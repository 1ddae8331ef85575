//! A call from its beginning to its end, whichever it is.

use std::sync::Arc;
use std::time::Instant;

use super::all::Meters;
use super::calls::Method;
use crate::server::clock;

/// The number of the status of a call that its caller has broken off.
const CANCELLED: usize = 1;

/// A call that runs. It is counted when it is dropped, as broken off where nobody has said how it ended.
#[derive(Debug)]
pub struct Running {
    meters: Arc<Meters>,
    method: Method,
    begun: Instant,
    code: usize,
    is_stream: bool,
}

impl Running {
    /// A call of `method` that begins now.
    #[must_use]
    pub fn begin(meters: &Arc<Meters>, method: Method) -> Self {
        meters.calls.begin();
        let meters = Arc::clone(meters);
        Running { meters, method, begun: clock::steady(), code: CANCELLED, is_stream: false }
    }

    /// From now on it is a stream that is open.
    pub fn streams(&mut self) {
        if !self.is_stream {
            self.is_stream = true;
            self.meters.calls.open();
        }
    }

    /// How it has ended: the number of a status.
    pub fn ends(&mut self, code: usize) {
        self.code = code;
    }

    /// What it is counted in.
    #[must_use]
    pub fn meters(&self) -> &Meters {
        &self.meters
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.meters.calls.end(self.method, self.code, self.is_stream, self.begun.elapsed());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_call_that_nobody_ends_was_broken_off() {
        let meters = Arc::<Meters>::default();
        let quote = Method::of("/pricewright.v1.PricingService/Quote");
        drop(Running::begin(&meters, quote));
        let mut stream = Running::begin(&meters, quote);
        assert_eq!((meters.calls.in_work(), meters.calls.streams()), (1, 0));
        stream.streams();
        stream.ends(0);
        assert_eq!((meters.calls.in_work(), meters.calls.streams()), (0, 1));
        drop(stream);
        assert_eq!((meters.calls.in_work(), meters.calls.streams()), (0, 0));
        let ended: Vec<_> = meters.calls.ended().map(|(method, code, _)| (method, code)).collect();
        assert_eq!(ended, [("PricingService/Quote", "OK"), ("PricingService/Quote", "CANCELLED")]);
    }
}
