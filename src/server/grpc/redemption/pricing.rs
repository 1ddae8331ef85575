//! Pricing for keeps: the same price as a quote's, with what it takes of limits.

use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::basket::{Fault, Left, Problem};
use crate::ledger::{OpenedCode, Purchase, Take};
use crate::rulebook::Rulebook;
use crate::server::archive::Archived;
use crate::server::convert::{Asked, Rules, sale};
use crate::server::grpc::failure::Failure;
use crate::server::limits::{Buyer, Seen};
use crate::server::spans;
use crate::server::wire;
use crate::time::Instant;

/// Bytes of a purchase as it is kept. A basket of 1,000 ordinary lines has a third of it; several of the largest fit into one record of the
/// journal.
const PURCHASE_BYTES_MAX: usize = 2 << 20;

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
    let span = spans::price(asked.basket.as_ref().map_or(0, |basket| basket.lines.len()));
    let work = || {
        let read = Asked::read(named, asked.clone(), now)?;
        let buyer = buyer(read.request());
        let stocked = read.with_stock(|stock, store| seen.stock(stock, store));
        let read = stocked.with_left(left(rulebook, &buyer)).with_opened(codes);
        let request = read.request().clone();
        let (quote, takes) =
            read.price_and(named, |request, quote| seen.takes(rulebook, request, quote, &buyer, codes))?;
        spans::priced(&span, &quote.rulebook_version, quote.optimality().as_str_name());
        let certificates = sale::certificates(&asked);
        let kept = sale::kept_request(asked, &request, rulebook);
        let purchase =
            sale::purchase(kept, &certificates, &request, quote, buyer.keys().cloned().collect(), codes);
        Ok(Priced { purchase, takes })
    };
    // A panic of the core costs one call and no other.
    let priced = span.in_scope(|| catch_unwind(AssertUnwindSafe(work))).map_err(|_| Failure::Internal)?;
    let priced = priced.map_err(Failure::Invalid)?;
    let bytes = serde_json::to_vec(&priced.purchase).map_or(usize::MAX, |json| json.len());
    if bytes > PURCHASE_BYTES_MAX {
        let problem = Problem::TooLong(PURCHASE_BYTES_MAX);
        return Err(Failure::Invalid(vec![Fault { field: "quote_request".to_owned(), problem }]));
    }
    Ok(priced)
}

/// Reads what is asked.
pub(super) fn read(rules: &Archived, asked: wire::QuoteRequest, now: Instant) -> Result<Asked, Failure> {
    let named = Rules { rulebook: rules.rulebook.as_ref(), digest: &rules.digest };
    let work = || Asked::read(named, asked, now);
    catch_unwind(AssertUnwindSafe(work)).map_err(|_| Failure::Internal)?.map_err(Failure::Invalid)
}
