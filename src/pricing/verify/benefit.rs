//! What the sets of a promotion take off, and whether the units that get it are the ones that may.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use super::audit::{Audit, Seat, Take, Unit};
use super::shares::{Sharer, Tie, shares, whole_share};
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
    takes: BTreeMap<usize, Take>,
    flaw: Option<String>,
}

impl Audit<'_> {
    /// What the sets of a promotion take off each unit that carries it, by its place.
    pub(super) fn take_sets(&mut self, index: PromotionIndex, set: &SetOf) -> BTreeMap<usize, Take> {
        let Some(promotion) = self.promotion(index) else {
            return BTreeMap::new();
        };
        let outcomes = || READINGS.iter().map(|&reading| self.outcome(index, promotion, set, reading));
        let units = |outcome: &Outcome, is_same: fn(&Unit, PromotionIndex, Take) -> bool| {
            let mut takes = outcome.takes.iter();
            takes.all(|(&at, &take)| self.units.get(at).is_some_and(|unit| is_same(unit, index, take)))
        };
        let takes_as_quoted =
            |outcome: &Outcome| units(outcome, |unit, index, take| take.amount == unit.quoted_take(index));
        let is_quoted = |outcome: &Outcome| {
            takes_as_quoted(outcome)
                && units(outcome, |unit, index, take| {
                    unit.held(take.amount, take.wanted, unit.price - take.amount) == unit.quoted_held(index)
                })
        };
        let outcome = outcomes()
            .find(|outcome| outcome.flaw.is_none() && is_quoted(outcome))
            .or_else(|| outcomes().find(is_quoted))
            .or_else(|| outcomes().find(takes_as_quoted))
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
        let mut takes: BTreeMap<usize, Take> = BTreeMap::new();
        let mut reduced: Vec<Seat> = Vec::new();
        let mut is_idle = false;
        for seats in self.sets.get(&index).into_iter().flatten() {
            let of_set = self.set_takes(index, set, seats, reading);
            is_idle |= of_set.iter().all(|(_, take)| take.amount.is_zero());
            takes.extend(seats.iter().map(|seat| (seat.at, Take::default())));
            for (seat, take) in of_set {
                reduced.push(seat);
                takes.insert(seat.at, take);
            }
        }
        let share = |most, sharers: &[Sharer]| shares(most, sharers, reading.share);
        let takes = self.at_most(index, set.max_discount, takes, share);
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
    ) -> Vec<(Seat, Take)> {
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
                let mut cheapest: Vec<(Seat, Take)> = each(cut);
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
        take: Take,
        tie: Cheapest,
    ) -> (Amount, Reverse<bool>, i64, Reverse<usize>) {
        let unit = self.units.get(seat.at);
        let list = unit.map_or(Amount::ZERO, |unit| unit.list);
        let quoted = |unit: &Unit| unit.quoted_take(index) + unit.quoted_held(index);
        let shows = unit.is_some_and(|unit| !quoted(unit).is_zero());
        let by = match tie {
            Cheapest::Later => 0,
            Cheapest::Earlier => i64::try_from(seat.at).unwrap_or(i64::MAX),
            Cheapest::MoreToTake => -take.amount.minor(),
            Cheapest::LessToTake => take.amount.minor(),
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
    ) -> Vec<(Seat, Take)> {
        let sharer = |seat: &Seat| {
            let unit = self.units.get(seat.at)?;
            self.sharer(index, seat.at, unit.price, unit.price.above(unit.floor))
        };
        let sharers: Vec<Sharer> = seats.iter().filter_map(sharer).collect();
        let shares = shares(amount, &sharers, reading.share);
        seats.iter().copied().zip(together(amount, &sharers, shares)).collect()
    }

    /// "`max_discount` cuts a promotion's total; what remains is spread over its units in proportion to what each would have had",
    /// and so is what it would take without floors.
    pub(super) fn at_most(
        &self,
        index: PromotionIndex,
        most: Option<Amount>,
        mut takes: BTreeMap<usize, Take>,
        share: impl FnOnce(Amount, &[Sharer]) -> Vec<Amount>,
    ) -> BTreeMap<usize, Take> {
        let Some(most) = most else {
            return takes;
        };
        let wanted: Amount = takes.values().map(|take| take.wanted).sum();
        if most < wanted {
            for take in takes.values_mut() {
                take.wanted = whole_share(most, take.wanted, wanted);
            }
        }
        let total: Amount = takes.values().map(|take| take.amount).sum();
        if most < total {
            let sharer = |(&at, take): (&usize, &Take)| self.sharer(index, at, take.amount, take.amount);
            let sharers: Vec<Sharer> = takes.iter().filter_map(sharer).collect();
            for (take, amount) in takes.values_mut().zip(share(most, &sharers)) {
                take.amount = amount;
            }
        }
        takes
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

    /// What a cut takes off one unit now, down to its floor, and what it would take down to zero.
    pub(super) fn cut(&self, unit: &Unit, cut: UnitCut) -> Take {
        let off = match cut {
            UnitCut::Price(price) => unit.price.above(price),
            UnitCut::Percent(rate, Base::Current) => rate.of(unit.price, self.rounding),
            UnitCut::Percent(rate, Base::List) => rate.of(unit.list, self.rounding),
            UnitCut::Amount(amount) => amount,
        };
        Take { amount: off.min(unit.price.above(unit.floor)), wanted: off.min(unit.price) }
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

/// The shares of units in an amount, and what each would have without floors.
pub(super) fn together(amount: Amount, sharers: &[Sharer], shares: Vec<Amount>) -> Vec<Take> {
    let sum: Amount = sharers.iter().map(|sharer| sharer.weight).sum();
    let take = |(sharer, amount_of_one): (&Sharer, Amount)| Take {
        amount: amount_of_one,
        wanted: whole_share(amount, sharer.weight, sum).min(sharer.weight),
    };
    sharers.iter().zip(shares).map(take).collect()
}
