//! A way through the lines as an assignment, priced by `settle`.

use std::cmp::Reverse;

use fixedbitset::FixedBitSet;
use smallvec::SmallVec;

use super::super::choice::{Choice, Choices, Kit as SearchKit, KitRole};
use super::super::grouping::{Deal, assignment};
use super::super::orders::Order;
use super::super::search::Best;
use super::super::way::Served;
use super::model::{Bits, Chosen, Kit, Table, bit, places};
use crate::pricing::settle::{Assignment, Offers, Units, settle};

/// An assignment, with what it takes off by sums.
pub(super) struct Found {
    pub value: i64,
    pub used: Bits,
    pub chosen: Vec<Chosen>,
    pub on: Bits,
    /// Once it has been priced.
    pub priced: Option<Best>,
}

impl Found {
    /// The prices, if they are what the sums say.
    pub(super) fn priced(mut self, table: &Table<'_>) -> Option<Best> {
        self.price(table)?;
        let even = self.even(table);
        even.or(self.priced)
    }

    /// The same with what falls under a maximum on all units of its line, where that takes off as much: units of a line then cost
    /// the same.
    fn even(&self, table: &Table<'_>) -> Option<Best> {
        let pick = |one: &Chosen| table.picks.get(one.pick);
        let limited = table.limited.iter().fold(0, |all, &(offer, _)| all | bit(offer));
        let is_capped =
            |one: &Chosen| pick(one).is_some_and(|pick| pick.capped.is_some() && pick.carried & limited == 0);
        let is_free = |one: &Chosen| pick(one).is_some_and(|pick| pick.seats == 0);
        let of = |line: usize| self.chosen.iter().filter(move |one| one.line == line);
        let is_mixed = |line: usize| of(line).count() > 1 && of(line).all(is_free);
        let mut even = self.chosen.clone();
        for one in self.chosen.iter().filter(|one| is_capped(one) && is_mixed(one.line)) {
            even.retain(|other| other.line != one.line);
            even.push(Chosen { count: table.lines.get(one.line)?.quantity, ..*one });
        }
        if even.len() == self.chosen.len() {
            return None;
        }
        even.sort_by_key(|one| one.line);
        let priced = price(table, &even, self.on)?;
        self.is_told(table, &priced).then_some(priced)
    }

    /// Whether prices are what the sums say.
    fn is_told(&self, table: &Table<'_>, priced: &Best) -> bool {
        let goals = table.goals.iter().chain([&self.value]);
        goals.zip(&priced.settled.value).all(|(goal, value)| goal == value)
    }

    /// Prices it where it has no prices yet.
    pub(super) fn price(&mut self, table: &Table<'_>) -> Option<&Best> {
        if self.priced.is_none() {
            let priced = price(table, &self.chosen, self.on);
            self.priced = priced.filter(|priced| self.is_told(table, priced));
        }
        self.priced.as_ref()
    }
}

/// The prices of what was chosen; `None` where it is not legal.
fn price(table: &Table<'_>, chosen: &[Chosen], on: Bits) -> Option<Best> {
    let mut amounts = FixedBitSet::with_capacity(table.problem.offers.len());
    places(on).for_each(|place| amounts.insert(place));
    let has_sets = chosen.iter().any(|one| table.picks.get(one.pick).is_some_and(|pick| pick.seats != 0));
    let assignment =
        if has_sets { with_sets(table, chosen, &amounts)? } else { without(table, chosen, amounts)? };
    settle(table.problem, &assignment).map(|settled| Best::of(table.problem, settled))
}

/// Units with more promotions stand first, as the search has it: so promotions sit on earlier units.
fn without(table: &Table<'_>, chosen: &[Chosen], on: FixedBitSet) -> Option<Assignment> {
    let mut units: Vec<Units> = Vec::with_capacity(chosen.len());
    for one in chosen {
        let (line, pick) = (table.lines.get(one.line)?, table.picks.get(one.pick)?);
        let carried: Offers = places(pick.carried).collect();
        units.push(Units { line: line.place, count: one.count, carried });
    }
    units.sort_by(|one, other| {
        let key = |units: &Units| (units.line, Reverse(units.carried.len()));
        key(one).cmp(&key(other)).then_with(|| other.carried.cmp(&one.carried))
    });
    units.dedup_by(|later, first| {
        let is_same = later.line == first.line && later.carried == first.carried;
        first.count += if is_same { later.count } else { 0 };
        is_same
    });
    Some(Assignment { units, on, sets: Vec::new() })
}

fn with_sets(table: &Table<'_>, chosen: &[Chosen], on: &FixedBitSet) -> Option<Assignment> {
    let mut lines: Vec<Vec<Choice>> = vec![Vec::new(); table.problem.lines.len()];
    let mut served: Vec<Served> = Vec::with_capacity(chosen.len());
    for one in chosen {
        let (line, pick) = (table.lines.get(one.line)?, table.picks.get(one.pick)?);
        let seat = |seat: usize| {
            let kit = table.kits.iter().position(|kit| kit.roles.contains(&seat))?;
            Some((kit, seat - table.kits.get(kit)?.roles.start))
        };
        let seats: SmallVec<[(usize, usize); 1]> = places(pick.seats).filter_map(seat).collect();
        let list = lines.get_mut(line.place)?;
        served.push(Served { line: line.place, choice: list.len(), count: one.count });
        list.push(Choice::standing(places(pick.carried).collect(), seats));
    }
    served.sort_by_key(|units| units.line);
    let kits = table.kits.iter().filter_map(|kit| search_kit(table, kit)).collect();
    let choices = Choices::standing(lines, kits);
    Some(assignment(table.problem, &choices, &served, on, Deal::Basket, |_| Order::Turned(0)))
}

fn search_kit(table: &Table<'_>, kit: &Kit) -> Option<SearchKit> {
    let rules = table.problem.offers.get(kit.offer)?.set.as_ref()?;
    let roles = kit.roles.clone().zip(kit.first_role..).filter_map(|(role, at)| {
        let numbers = table.roles.get(role)?;
        let slot = rules.roles.get(at)?.slot;
        let quantity = u32::try_from(numbers.quantity).ok()?;
        Some(KitRole { role: at, slot, quantity, is_benefited: numbers.is_benefited })
    });
    Some(SearchKit::standing(kit.offer, roles.collect(), kit.is_ordered))
}
