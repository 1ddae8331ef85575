//! The price of one unit as the promotions that it carries take effect.

use smallvec::SmallVec;

use super::model::{Act, Moment};
use crate::money::{Amount, Rounding};
use crate::pricing::problem::{Cut, Give, Line, Problem, SetShare};
use crate::pricing::settle::Value;
use crate::promotion::{Base, Stage};

/// One act at its moment.
pub(super) struct Step<'a> {
    pub(super) moment: Moment,
    pub(super) does: Does<'a>,
}

/// What an act does to the price.
#[derive(Clone, Copy)]
pub(super) enum Does<'a> {
    Cut(&'a Cut),
    /// The unit gives all that it costs to its set, which costs a price of its own: what a unit keeps of that is not known.
    Empties,
    /// The unit has a share in what its set gets: how much is not known.
    Shares,
}

/// Parts of a million in the whole.
pub(super) const WHOLE: i64 = 1_000_000;

/// A part of an amount in parts of a million, rounded up.
pub(super) fn part_up(amount: i64, rate: i64) -> i64 {
    let exact = i128::from(amount) * i128::from(rate);
    let whole = i128::from(WHOLE);
    i64::try_from((exact + whole - 1).div_euclid(whole)).unwrap_or(i64::MAX)
}

/// The same, rounded down.
pub(super) fn part_down(amount: i64, rate: i64) -> i64 {
    let exact = i128::from(amount) * i128::from(rate);
    i64::try_from(exact.div_euclid(i128::from(WHOLE))).unwrap_or(i64::MAX)
}

impl Step<'_> {
    pub(super) fn offer(&self) -> usize {
        self.moment.3
    }

    /// The rate of a percentage of what is left, in parts of a million.
    pub(super) fn later_rate(&self) -> Option<i64> {
        match self.does {
            Does::Cut(Cut::Percent(rate, Base::Current)) => Some(i64::from(rate.parts())),
            _ => None,
        }
    }

    /// What it takes of each minor unit that is not there: in parts of a million, and a fixed rest.
    pub(super) fn slope(&self) -> (i64, i64) {
        match self.does {
            Does::Cut(Cut::Percent(rate, Base::Current)) => (i64::from(rate.parts()), 1),
            Does::Cut(Cut::Percent(_, Base::List) | Cut::Price(_) | Cut::PriceByLine(_)) => (1_000_000, 0),
            Does::Cut(Cut::Amount(amount)) => (0, amount.minor()),
            Does::Cut(Cut::Nothing) => (0, 0),
            Does::Empties | Does::Shares => (1_000_000, 0),
        }
    }
}

/// The acts in the order of effect.
pub(super) fn in_order<'p>(problem: &'p Problem, acts: &[Act]) -> SmallVec<[Step<'p>; 4]> {
    let mut steps: SmallVec<[Step<'p>; 4]> = acts
        .iter()
        .filter_map(|act| {
            let offer = problem.offers.get(act.offer)?;
            let give = &offer.tiers.get(act.tier)?.give;
            let Give::Units(cut) = give else {
                return None;
            };
            let does = match offer.set.as_ref().and_then(|rules| rules.shared) {
                None => Does::Cut(cut),
                Some(SetShare::Amount(_)) => Does::Shares,
                Some(SetShare::Price(_)) => Does::Empties,
            };
            let order = offer.set.as_ref().map_or_else(|| give.order(), |rules| rules.order);
            Some(Step { moment: (offer.level, offer.stage, order, act.offer), does })
        })
        .collect();
    steps.sort_by_key(|step| step.moment);
    steps
}

/// The price after each step.
pub(super) struct Walk {
    list: Amount,
    marks: SmallVec<[(Moment, Amount); 4]>,
}

impl Walk {
    /// The price of one unit of the line at `place` after each step that `counts` lets take effect.
    pub(super) fn of(
        line: &Line,
        place: usize,
        rounding: Rounding,
        steps: &[Step<'_>],
        counts: impl Fn(&Step<'_>) -> bool,
    ) -> Self {
        let mut walk = Walk { list: line.list, marks: SmallVec::new() };
        let mut price = line.list;
        for step in steps.iter().filter(|step| counts(step)) {
            match step.does {
                Does::Cut(cut) => price -= cut.take(place, line, price, rounding),
                Does::Empties => price = Amount::ZERO,
                Does::Shares => {}
            }
            walk.marks.push((step.moment, price));
        }
        walk
    }

    pub(super) fn last(&self) -> Amount {
        self.marks.last().map_or(self.list, |&(_, price)| price)
    }

    pub(super) fn before(&self, moment: Moment) -> Amount {
        self.marks.iter().take_while(|&&(at, _)| at < moment).last().map_or(self.list, |&(_, price)| price)
    }

    /// What is taken off in all.
    pub(super) fn last_take(&self) -> Amount {
        self.list - self.last()
    }

    pub(super) fn take_of(&self, offer: usize) -> i64 {
        let mut price = self.list;
        for &((_, _, _, at), next) in &self.marks {
            if at == offer {
                return (price - next).minor();
            }
            price = next;
        }
        0
    }

    /// What is taken off down to each level.
    pub(super) fn value(&self, levels: usize) -> Value {
        (0..levels).map(|level| (self.list - self.before((level + 1, Stage::Item, 0, 0))).minor()).collect()
    }
}
