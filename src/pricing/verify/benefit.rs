//! What the sets of a promotion take off, and whether the units that get it are the ones that may.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use super::audit::{Audit, Seat, Unit};
use super::shares::{Sharer, Tie, shares};
use crate::money::Amount;
use crate::promotion::{Base, Promotion, SetBenefit, SetOf, UnitCut};
use crate::rulebook::PromotionIndex;

/// How ties are broken where the definition leaves them open: the reading that the quote follows is looked for.
#[derive(Clone, Copy)]
struct Reading {
    share: Tie,
    cheapest: Cheapest,
}

/// Of equally cheap units those are reduced that show it in the quote. Where a maximum left nothing to show, one of these.
#[derive(Clone, Copy)]
enum Cheapest {
    Later,
    Earlier,
    MoreToTake,
    LessToTake,
}

const READINGS: [Reading; 8] = {
    const fn reading(share: Tie, cheapest: Cheapest) -> Reading {
        Reading { share, cheapest }
    }
    [
        reading(Tie::First, Cheapest::Later),
        reading(Tie::First, Cheapest::Earlier),
        reading(Tie::First, Cheapest::MoreToTake),
        reading(Tie::First, Cheapest::LessToTake),
        reading(Tie::Quoted, Cheapest::Later),
        reading(Tie::Quoted, Cheapest::Earlier),
        reading(Tie::Quoted, Cheapest::MoreToTake),
        reading(Tie::Quoted, Cheapest::LessToTake),
    ]
};

/// What all sets of a promotion do.
struct Outcome {
    /// What each unit has taken off, by its place.
    takes: BTreeMap<usize, Amount>,
    flaw: Option<String>,
}

impl Audit<'_> {
    /// What the sets of a promotion take off each unit that carries it, by its place.
    pub(super) fn take_sets(&mut self, index: PromotionIndex, set: &SetOf) -> BTreeMap<usize, Amount> {
        let Some(promotion) = self.promotion(index) else {
            return BTreeMap::new();
        };
        let outcomes = || READINGS.iter().map(|&reading| self.outcome(index, promotion, set, reading));
        let quoted = |at: usize| self.units.get(at).map_or(Amount::ZERO, |unit| unit.quoted_take(index));
        let is_quoted = |outcome: &Outcome| outcome.takes.iter().all(|(&at, &take)| take == quoted(at));
        let outcome = outcomes()
            .find(|outcome| outcome.flaw.is_none() && is_quoted(outcome))
            .or_else(|| outcomes().find(is_quoted))
            .or_else(|| outcomes().next());
        let Some(outcome) = outcome else {
            return BTreeMap::new();
        };
        if let Some(flaw) = outcome.flaw {
            self.flaw(flaw);
        }
        outcome.takes
    }

    fn outcome(
        &self,
        index: PromotionIndex,
        promotion: &Promotion,
        set: &SetOf,
        reading: Reading,
    ) -> Outcome {
        let mut wanted: BTreeMap<usize, Amount> = BTreeMap::new();
        let mut reduced: Vec<Seat> = Vec::new();
        let mut is_idle = false;
        for seats in self.sets.get(&index).into_iter().flatten() {
            let takes = self.set_takes(index, set, seats, reading);
            is_idle |= takes.iter().all(|(_, take)| take.is_zero());
            wanted.extend(seats.iter().map(|seat| (seat.at, Amount::ZERO)));
            for (seat, take) in takes {
                reduced.push(seat);
                *wanted.entry(seat.at).or_default() += take;
            }
        }
        let total: Amount = wanted.values().copied().sum();
        let takes = match set.max_discount.filter(|&most| most < total) {
            Some(most) => {
                let sharers: Vec<Sharer> =
                    wanted.iter().filter_map(|(&at, &take)| self.sharer(index, at, take, take)).collect();
                wanted.keys().copied().zip(shares(most, &sharers, reading.share)).collect()
            }
            None => wanted,
        };
        let flaw = if is_idle {
            Some(format!("a set of `{}` takes nothing off", promotion.id))
        } else if set.retailer_assigns && !self.are_cheapest(promotion, set, &reduced) {
            Some(format!("`{}` does not go to the cheapest goods that count", promotion.id))
        } else {
            None
        };
        Outcome { takes, flaw }
    }

    /// What one set takes off the units that get its benefit.
    fn set_takes(
        &self,
        index: PromotionIndex,
        set: &SetOf,
        seats: &[Seat],
        reading: Reading,
    ) -> Vec<(Seat, Amount)> {
        let each = |cut: UnitCut| {
            let takes =
                seats.iter().filter_map(|&seat| Some((seat, self.cut(self.units.get(seat.at)?, cut))));
            takes.collect()
        };
        let sum: Amount =
            seats.iter().filter_map(|seat| self.units.get(seat.at)).map(|unit| unit.price).sum();
        match set.benefit {
            SetBenefit::Percent(rate, base) => each(UnitCut::Percent(rate, base)),
            SetBenefit::Amount(amount) => self.shared(index, seats, amount.min(sum), reading),
            SetBenefit::Price(price) => self.shared(index, seats, sum.above(price), reading),
            SetBenefit::Cheapest { units, percent } => {
                let cut = UnitCut::Percent(percent, Base::Current);
                let mut cheapest: Vec<(Seat, Amount)> = each(cut);
                cheapest.sort_by_key(|&(seat, take)| self.turn(index, seat, take, reading.cheapest));
                cheapest.truncate(usize::try_from(units).unwrap_or(usize::MAX));
                cheapest
            }
            SetBenefit::BySlot => {
                let cut = |seat: &Seat| set.slots.get(seat.slot).and_then(|slot| slot.cut);
                let takes = seats
                    .iter()
                    .filter_map(|seat| Some((*seat, self.cut(self.units.get(seat.at)?, cut(seat)?))));
                takes.collect()
            }
        }
    }

    /// The order in which the units of a set are reduced: a dearer one, by list price, never before a cheaper one.
    fn turn(
        &self,
        index: PromotionIndex,
        seat: Seat,
        take: Amount,
        tie: Cheapest,
    ) -> (Amount, Reverse<bool>, i64, Reverse<usize>) {
        let unit = self.units.get(seat.at);
        let list = unit.map_or(Amount::ZERO, |unit| unit.list);
        let shows = unit.is_some_and(|unit| !unit.quoted_take(index).is_zero());
        let by = match tie {
            Cheapest::Later => 0,
            Cheapest::Earlier => i64::try_from(seat.at).unwrap_or(i64::MAX),
            Cheapest::MoreToTake => -take.minor(),
            Cheapest::LessToTake => take.minor(),
        };
        (list, Reverse(shows), by, Reverse(seat.at))
    }

    /// An amount shared by the units of one set.
    fn shared(
        &self,
        index: PromotionIndex,
        seats: &[Seat],
        amount: Amount,
        reading: Reading,
    ) -> Vec<(Seat, Amount)> {
        let sharer = |seat: &Seat| {
            let unit = self.units.get(seat.at)?;
            self.sharer(index, seat.at, unit.price, unit.price.above(unit.floor))
        };
        let sharers: Vec<Sharer> = seats.iter().filter_map(sharer).collect();
        seats.iter().copied().zip(shares(amount, &sharers, reading.share)).collect()
    }

    pub(super) fn sharer(
        &self,
        index: PromotionIndex,
        at: usize,
        weight: Amount,
        room: Amount,
    ) -> Option<Sharer> {
        let unit = self.units.get(at)?;
        Some(Sharer { line: unit.line, weight, room, quoted: unit.quoted_take(index) })
    }

    /// What a cut takes off one unit now, down to its floor.
    pub(super) fn cut(&self, unit: &Unit, cut: UnitCut) -> Amount {
        let off = match cut {
            UnitCut::Price(price) => unit.price.above(price),
            UnitCut::Percent(rate, Base::Current) => rate.of(unit.price, self.rounding),
            UnitCut::Percent(rate, Base::List) => rate.of(unit.list, self.rounding),
            UnitCut::Amount(amount) => amount,
        };
        off.min(unit.price.above(unit.floor))
    }

    /// `assign: retailer`: "the units that get the benefit must be the cheapest, by list price, of all that count for it",
    /// slot by slot.
    fn are_cheapest(&self, promotion: &Promotion, set: &SetOf, reduced: &[Seat]) -> bool {
        let mut is_reduced = vec![false; self.units.len()];
        for seat in reduced {
            if let Some(is_reduced) = is_reduced.get_mut(seat.at) {
                *is_reduced = true;
            }
        }
        let list = |seat: &Seat| self.units.get(seat.at).map(|unit| unit.list);
        set.slots.iter().enumerate().all(|(place, slot)| {
            let dearest = reduced.iter().filter(|seat| seat.slot == place).filter_map(list).max();
            let mut others = self.units.iter().zip(&is_reduced).filter(|(_, is_reduced)| !**is_reduced);
            dearest.is_none_or(|dearest| {
                others.all(|(unit, _)| {
                    unit.list >= dearest || !self.means(&slot.on, unit) || !self.goes_with(promotion, unit)
                })
            })
        })
    }
}
