//! Pricing for keeps: the same price as a quote's, with what it takes of limits.

use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::basket::Left;
use crate::ledger::{OpenedCode, Purchase, Take};
use crate::rulebook::Rulebook;
use crate::server::archive::Archived;
use crate::server::convert::{Asked, Rules, sale};
use crate::server::grpc::failure::Failure;
use crate::server::limits::{Buyer, Seen};
use crate::server::wire;
use crate::time::Instant;

/// A basket priced for keeps.
pub(super) struct Priced {
    pub(super) purchase: Purchase,
    pub(super) takes: Vec<Take>,
}

/// Prices what is asked under `rules`, where `left` says what of their limits is left for whom.
pub(super) fn priced(
    rules: &Archived,
    asked: wire::QuoteRequest,
    now: Instant,
    seen: Seen<'_>,
    buyer: impl FnOnce(&crate::basket::Request) -> Buyer,
    left: impl FnOnce(&Rulebook, &Buyer) -> Vec<Left>,
    codes: &[OpenedCode],
) -> Result<Priced, Failure> {
    let rulebook = rules.rulebook.as_ref();
    let named = Rules { rulebook, digest: &rules.digest };
    let work = || {
        let read = Asked::read(named, asked.clone(), now)?;
        let buyer = buyer(read.request());
        let read = read.with_left(left(rulebook, &buyer)).with_opened(codes);
        let request = read.request().clone();
        let (quote, takes) =
            read.price_and(named, |request, quote| seen.takes(rulebook, request, quote, &buyer, codes))?;
        let kept = sale::kept_request(asked, &request, rulebook);
        let purchase = sale::purchase(kept, &request, quote, buyer.key().cloned(), codes);
        Ok(Priced { purchase, takes })
    };
    // A panic of the core costs one call and no other.
    catch_unwind(AssertUnwindSafe(work)).map_err(|_| Failure::Internal)?.map_err(Failure::Invalid)
}

/// Reads what is asked.
pub(super) fn read(rules: &Archived, asked: wire::QuoteRequest, now: Instant) -> Result<Asked, Failure> {
    let named = Rules { rulebook: rules.rulebook.as_ref(), digest: &rules.digest };
    let work = || Asked::read(named, asked, now);
    catch_unwind(AssertUnwindSafe(work)).map_err(|_| Failure::Internal)?.map_err(Failure::Invalid)
}
