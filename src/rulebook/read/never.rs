//! What one promotion shows by itself once it is read whole: that it could never apply, or gives more than it seems to.

use jiff::civil::{DateTime, Time};

use crate::promotion::{Benefit, Conditions, Promotion, SetBenefit, Slot, UnitCut};
use crate::rulebook::diagnostic::finding::{Clash, Finding, Never};
use crate::rulebook::read::reader::{Fields, Reader};
use crate::time::zone::Local;
use crate::time::{Hours, Instant, Zone};

/// Windows longer than this hold every weekday with all its hours.
const SHORT_WINDOW: i64 = 9 * 86_400;
/// Clocks move at a full quarter of an hour, everywhere.
const QUARTER: i64 = 15 * 60;

/// Adds what is wrong with a promotion of which each field by itself is right.
pub fn never(reader: &mut Reader<'_>, fields: Fields<'_, '_>, promotion: &Promotion) {
    units(reader, fields, promotion);
    cheapest(reader, fields, promotion);
    days(reader, fields, promotion);
    price(reader, fields, promotion);
}

fn pieces(slots: &[Slot]) -> u64 {
    slots.iter().map(|slot| u64::from(slot.quantity)).sum()
}

/// Fewer pieces may take part than one set, or the lowest tier, needs.
fn units(reader: &mut Reader<'_>, fields: Fields<'_, '_>, promotion: &Promotion) {
    let least = match &promotion.benefit {
        Benefit::Set(set) => pieces(&set.slots),
        Benefit::Quantity { tiers, .. } => tiers.iter().map(|tier| u64::from(tier.from)).min().unwrap_or(0),
        _ => return,
    };
    if let Some(at) = fields.inside("limits", "units")
        && promotion.limits.units.is_some_and(|units| u64::from(units) < least)
    {
        reader.add(at, Finding::Never(Never::Units));
    }
}

/// `cheapest` names as many pieces as the set has, so that nothing is left to be cheaper than.
fn cheapest(reader: &mut Reader<'_>, fields: Fields<'_, '_>, promotion: &Promotion) {
    let (Benefit::Set(set), Some(at)) = (&promotion.benefit, fields.inside("give", "cheapest")) else {
        return;
    };
    if let SetBenefit::Cheapest { units, .. } = set.benefit {
        match u64::from(units).cmp(&pieces(&set.slots)) {
            std::cmp::Ordering::Less => {}
            std::cmp::Ordering::Equal => reader.add(at, Finding::CheapestAll),
            std::cmp::Ordering::Greater => reader.add(at, Finding::Clash(Clash::CheapestTooMany)),
        }
    }
}

/// A fixed price that no goods of the promotion are above: list prices only ever go down.
fn price(reader: &mut Reader<'_>, fields: Fields<'_, '_>, promotion: &Promotion) {
    let Benefit::Units(units) = &promotion.benefit else {
        return;
    };
    if let (UnitCut::Price(price), Some(below), Some(at)) =
        (units.cut, promotion.on.facets.price_below, fields.inside("give", "price"))
        && below.minor() <= price.minor().saturating_add(1)
    {
        reader.add(at, Finding::Never(Never::PriceKept));
    }
}

/// A short window in which none of the weekdays and hours occurs.
fn days(reader: &mut Reader<'_>, fields: Fields<'_, '_>, promotion: &Promotion) {
    let when = &promotion.when;
    let (Some(from), Some(until)) = (when.window.from, when.window.until) else {
        return;
    };
    let is_short = from < until && until.unix().saturating_sub(from.unix()) <= SHORT_WINDOW;
    let at = fields.inside("when", "weekdays").or_else(|| fields.inside("when", "hours"));
    let Some(at) = at.filter(|_| is_short) else {
        return;
    };
    if !meets(&reader.settings.time_zone, when, from, until) {
        reader.add(at, Finding::Never(Never::Days));
    }
}

/// Whether the clock shows one of the weekdays and hours at some second of the window. A stretch of such seconds begins
/// with the window, where clocks move or a day begins, or where some hours begin: it is enough to look there.
fn meets(zone: &Zone, when: &Conditions, from: Instant, until: Instant) -> bool {
    let fits = |at: Instant| from <= at && at < until && fits(when, zone.local(at));
    let past = from.unix().rem_euclid(QUARTER);
    let first = from.unix().saturating_add((QUARTER - past).rem_euclid(QUARTER));
    let mut quarters = std::iter::successors(Some(first), |at| at.checked_add(QUARTER))
        .take_while(|at| *at < until.unix())
        .filter_map(Instant::from_unix);
    if fits(from) || quarters.any(fits) {
        return true;
    }
    let mut day = zone.local(from).date.yesterday().ok();
    let last = zone.local(until).date;
    while let Some(date) = day.filter(|date| *date <= last) {
        let begins = |hours: &Hours| {
            let (hour, minute) = (hours.from / 3600, hours.from / 60 % 60);
            let time = Time::new(i8::try_from(hour).ok()?, i8::try_from(minute).ok()?, 0, 0).ok()?;
            Some(zone.instant(DateTime::from_parts(date, time))?.0)
        };
        if when.hours.iter().filter_map(begins).any(fits) {
            return true;
        }
        day = date.tomorrow().ok();
    }
    false
}

/// The weekdays and hours alone; the part of a night after midnight belongs to the day on which it began.
fn fits(when: &Conditions, local: Local) -> bool {
    let is_day = |day: u8| when.weekdays.is_none_or(|days| days.contains(day));
    if when.hours.is_empty() {
        return is_day(local.weekday);
    }
    when.hours.iter().filter(|hours| hours.contains(local.second)).any(|hours| {
        let is_past_midnight = hours.from >= hours.until && local.second < hours.until;
        is_day(if is_past_midnight { (local.weekday + 6) % 7 } else { local.weekday })
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::promotion::Conditions;
    use crate::time::{Weekdays, Window};

    #[test]
    fn a_short_window_is_searched_to_the_minute() {
        let zone = Zone::named("Europe/Kyiv").unwrap();
        type Case = (&'static str, &'static str, Option<u8>, &'static [(u32, u32)], bool);
        let cases: [Case; 9] = [
            // Friday to Monday, by the wall of Kyiv.
            ("2026-11-26T22:00:00Z", "2026-11-30T22:00:00Z", Some(2), &[], false),
            ("2026-11-26T22:00:00Z", "2026-11-30T22:00:00Z", Some(0), &[], true),
            // The night of Thursday reaches into the window, the night of Monday does not reach out of it.
            ("2026-11-26T22:00:00Z", "2026-11-30T22:00:00Z", Some(3), &[(22 * 3600, 2 * 3600)], true),
            ("2026-11-26T22:00:00Z", "2026-11-27T21:00:00Z", Some(4), &[(23 * 3600, 2 * 3600)], false),
            // One minute, off the quarter of an hour.
            (
                "2026-11-27T08:00:00Z",
                "2026-11-27T09:00:00Z",
                None,
                &[(10 * 3600 + 420, 10 * 3600 + 480)],
                true,
            ),
            (
                "2026-11-27T08:00:30Z",
                "2026-11-27T08:01:10Z",
                None,
                &[(10 * 3600 + 60, 10 * 3600 + 120)],
                true,
            ),
            (
                "2026-11-27T08:00:30Z",
                "2026-11-27T08:01:00Z",
                None,
                &[(10 * 3600 + 60, 10 * 3600 + 120)],
                false,
            ),
            // Clocks go from 03:00 to 04:00: hours that begin in the skipped one run from 04:00 on.
            (
                "2026-03-29T00:00:00Z",
                "2026-03-29T02:00:00Z",
                None,
                &[(3 * 3600 + 1800, 4 * 3600 + 300)],
                true,
            ),
            ("2026-03-29T00:00:00Z", "2026-03-29T02:00:00Z", None, &[(3 * 3600, 4 * 3600)], false),
        ];
        for (from, until, day, hours, expected) in cases {
            let at = |text| Instant::from_rfc3339(text).unwrap();
            let when = Conditions {
                window: Window { from: Some(at(from)), until: Some(at(until)) },
                weekdays: day.map(|day| Weekdays::NONE.with(day)),
                hours: hours.iter().map(|&(from, until)| Hours { from, until }).collect(),
                ..Conditions::default()
            };
            assert_eq!(
                meets(&zone, &when, at(from), at(until)),
                expected,
                "{from} {until} {day:?} {hours:?}"
            );
        }
    }
}
