//! Baskets of so many lines, made of the sample chain's.

use std::collections::BTreeSet;

use jiff::civil::Date;
use pricewright::basket::{Context, Line, Request};
use pricewright::time::Instant;

use super::dice::Dice;
use super::sample::{self, MAILINGS, mailing};
use super::{Outcome, mix};

const SEED: u64 = 1_127;
const DAY_S: i64 = 86_400;
/// Three weeks keep the weekday, and bring every day of the sample into the season.
const SHIFT_S: i64 = 21 * DAY_S;
/// Banks whose cards the shop knows apart when it says no more than `card`.
const BANKS: [&str; 4] = ["card", "privat", "oschad", "pumb"];

/// One basket for each of the sample's, with its purchase: cut when it is longer, filled up when it is shorter: from
/// the next ones of its channel, and where 200 lines are more than the channel has, from those of the others.
pub(super) fn of(lines: usize) -> Outcome<Vec<Request>> {
    let requests = sample::requests()?;
    let mut dice = Dice::new(SEED);
    let mut baskets = Vec::new();
    for (place, request) in requests.iter().enumerate() {
        let others = || requests.iter().cycle().skip(place).take(requests.len());
        let is_alike = |other: &&Request| other.context.channel == request.context.channel;
        let (alike, unlike) = (others().filter(is_alike), others().filter(|other| !is_alike(other)));
        let mut basket = request.clone();
        basket.basket.lines = taken(lines, alike.chain(unlike), place);
        basket.context = in_season(&request.context, &mut dice)?;
        baskets.push(basket);
    }
    Ok(baskets)
}

/// Lines of one basket after the other. A SKU that is there already is left out, but for one in five of the joined baskets:
/// tills that scan piece by piece write it twice.
fn taken<'a>(count: usize, baskets: impl Iterator<Item = &'a Request>, place: usize) -> Vec<Line> {
    let mut seen = BTreeSet::new();
    let mut lines: Vec<Line> = Vec::new();
    for (turn, request) in baskets.enumerate() {
        for line in &request.basket.lines {
            let is_repeated = !seen.insert(line.sku.clone());
            if is_repeated && turn > 0 && !(turn + place).is_multiple_of(5) {
                continue;
            }
            if lines.len() == count {
                return lines;
            }
            lines.push(Line { id: (lines.len() + 1).to_string(), ..line.clone() });
        }
    }
    lines
}

/// The purchase within the season, with what a growing chain knows besides: the mailings that a customer gets, the
/// bank of the card, now and then a partner's code.
fn in_season(context: &Context, dice: &mut Dice) -> Outcome<Context> {
    let mut context = context.clone();
    context.time = moved(context.time)?;
    if let Some(customer) = &mut context.customer {
        for _ in 0..dice.below(5) {
            customer.segments.push(mailing(dice.between(1, MAILINGS)));
        }
    }
    if context.payment_method.as_deref() == Some("card") {
        context.payment_method = Some((*dice.pick(&BANKS)?).to_owned());
    }
    if dice.percent(12) {
        context.codes.push(mix::partner_code(dice.below(mix::PARTNERS)));
    }
    Ok(context)
}

fn moved(time: Instant) -> Outcome<Instant> {
    let bound = |day: i8, month: i8| -> Outcome<i64> {
        let midnight = Date::new(2026, month, day)?.at(0, 0, 0, 0);
        Ok(midnight.in_tz("Europe/Kyiv")?.timestamp().as_second())
    };
    let shift = match time.unix() {
        early if early < bound(16, 11)? => SHIFT_S,
        late if late >= bound(14, 12)? => -SHIFT_S,
        _ => 0,
    };
    Instant::from_unix(time.unix() + shift).ok_or_else(|| "a basket of no time".into())
}
