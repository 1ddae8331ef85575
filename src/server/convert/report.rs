//! Reports between the wire and the core.

use jiff::ToSpan as _;
use jiff::civil::Date;

use super::request::moment;
use crate::basket::{Fault, Problem};
use crate::report::{Asked, By, Key, Row, Sums, Table};
use crate::server::timestamp::Timestamp;
use crate::server::wire;
use crate::server::wire::promotions_request::{Dimension, From, Until};
use crate::time::{Instant, Zone};

/// Promotions that may be named.
const PROMOTIONS_MAX: usize = 1_000;

/// What is asked for; days are those of `zone`.
///
/// # Errors
/// Every field at fault.
pub fn asked(request: wire::PromotionsRequest, zone: &Zone) -> Result<Asked, Vec<Fault>> {
    let mut faults = Vec::new();
    let mut read = |field: &str, found: Option<Instant>| {
        if found.is_none() {
            faults.push(Fault { field: field.to_owned(), problem: Problem::Unreadable });
        }
        found
    };
    let from = request.from.and_then(|from| match from {
        From::StartTime(time) => read("start_time", at(&time)),
        From::FirstDay(day) => read("first_day", day_of(&day).and_then(|day| begin(day, zone))),
    });
    let until = request.until.and_then(|until| match until {
        Until::EndTime(time) => read("end_time", at(&time)),
        Until::LastDay(day) => {
            let next = day_of(&day).and_then(|day| day.checked_add(1.day()).ok());
            read("last_day", next.and_then(|next| begin(next, zone)))
        }
    });
    if request.promotion_ids.len() > PROMOTIONS_MAX {
        faults.push(Fault { field: "promotion_ids".to_owned(), problem: Problem::TooMany(PROMOTIONS_MAX) });
    }
    let mut by = By::default();
    for (place, dimension) in request.group_by.iter().enumerate() {
        match Dimension::try_from(*dimension) {
            Ok(Dimension::Promotion) => by.promotion = true,
            Ok(Dimension::Day) => by.day = true,
            Ok(Dimension::Channel) => by.channel = true,
            Ok(Dimension::Store) => by.store = true,
            Ok(Dimension::Unspecified) | Err(_) => {
                faults.push(Fault { field: format!("group_by[{place}]"), problem: Problem::Unreadable })
            }
        }
    }
    if faults.is_empty() {
        Ok(Asked { from, until, promotions: request.promotion_ids.into_iter().collect(), by })
    } else {
        Err(faults)
    }
}

fn at(time: &Timestamp) -> Option<Instant> {
    // What a moment is when none is said plays no part: one is.
    moment(Some(time), Instant::from_unix(0)?)
}

/// A day as ISO 8601 writes it, and in no other way.
fn day_of(text: &str) -> Option<Date> {
    Date::strptime("%Y-%m-%d", text).ok()
}

/// The first second of a day.
fn begin(day: Date, zone: &Zone) -> Option<Instant> {
    zone.instant(day.at(0, 0, 0, 0)).map(|(begin, _)| begin)
}

/// What was measured.
#[must_use]
pub fn told(table: &Table, zone: &Zone) -> wire::PromotionsResponse {
    wire::PromotionsResponse {
        time_zone: zone.name().to_owned(),
        rows: table.rows().into_iter().map(row).collect(),
        totals: table.totals().into_iter().map(row).collect(),
    }
}

fn row(Row { key, sums }: Row) -> wire::PromotionsRow {
    let Key { promotion, day, channel, store, currency } = key;
    let Sums { baskets, baskets_by_code, customers, baskets_without_customer, baskets_total, .. } = sums;
    wire::PromotionsRow {
        promotion_id: promotion,
        day: day.map(|day| day.to_string()),
        channel,
        store,
        currency_code: currency,
        basket_count: baskets,
        basket_by_code_count: baskets_by_code,
        customer_count: customers,
        basket_without_customer_count: baskets_without_customer,
        baskets_total: baskets_total.minor(),
        unit_count: sums.units,
        returned_unit_count: sums.units_back,
        sold_total: sums.sold.minor(),
        discount_total: sums.given.minor(),
        gift_count: sums.gifts,
        gift_cost_total: sums.gifts_cost.minor(),
        gift_without_cost_count: sums.gifts_without_cost,
        points: sums.points,
    }
}
