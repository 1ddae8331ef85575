//! The last kopiykas of an assignment that is not proven: units change what they carry, or two of them change places, as long
//! as the till says that it helps. Roundings and spare minor units are seen by nothing but the till.

use fixedbitset::FixedBitSet;

use super::super::way::Served;
use super::queue::Decided;
use super::state::Search;

impl Search<'_> {
    /// Changes the best way step by step, as long as there is work left.
    pub(super) fn polish(&mut self) {
        let mut is_better = true;
        while is_better && self.left > 0 {
            let (served, settings) = self.best_way.clone();
            self.decided = Decided { settings, ..Decided::nothing(self.plan) };
            let (on, _) = self.on();
            let before = self.best.settled.value.clone();
            for at in 0..served.len() {
                self.change(&served, at, &on);
                for other in at + 1..served.len() {
                    self.exchange(&served, (at, other), &on);
                    if self.left == 0 {
                        break;
                    }
                }
                if self.left == 0 || self.best.settled.value > before {
                    break;
                }
            }
            is_better = self.best.settled.value > before;
        }
    }

    /// Every other choice with the same places in sets: for all units of an entry, and for one.
    fn change(&mut self, served: &[Served], at: usize, on: &FixedBitSet) {
        let Some(units) = served.get(at).copied() else {
            return;
        };
        let list = self.choices.lines.get(units.line).map_or(&[][..], Vec::as_slice);
        let own = list.get(units.choice).map(|choice| &choice.seats);
        for (choice, _) in list.iter().enumerate().filter(|(_, other)| Some(&other.seats) == own) {
            for count in [units.count, 1] {
                if choice != units.choice && (count == units.count || units.count > 1) {
                    self.try_out(with(served, &[(at, choice, count)]), on);
                }
            }
        }
    }

    /// One unit of an entry and one of another carry each what the other did; their places in sets stay, for the order of prices
    /// in a set would be broken unseen.
    fn exchange(&mut self, served: &[Served], (at, other): (usize, usize), on: &FixedBitSet) {
        self.left = self.left.saturating_sub(1);
        let as_there = |from: usize, to: usize| {
            let (units, model) = (served.get(from)?, served.get(to)?);
            let there = self.choices.lines.get(model.line)?.get(model.choice)?;
            let list = self.choices.lines.get(units.line)?;
            let own =
                list.get(units.choice).filter(|own| own.seats == there.seats && own.acts != there.acts)?;
            list.iter().position(|choice| choice.acts == there.acts && choice.seats == own.seats)
        };
        if let (Some(one), Some(two)) = (as_there(at, other), as_there(other, at)) {
            self.try_out(with(served, &[(at, one, 1), (other, two, 1)]), on);
        }
    }

    fn try_out(&mut self, served: Vec<Served>, on: &FixedBitSet) {
        let most = self.best.settled.value.clone();
        self.leaf(&served, on, &most);
    }
}

/// A way in which so many units of some entries have another choice.
fn with(served: &[Served], changes: &[(usize, usize, u32)]) -> Vec<Served> {
    let mut changed = served.to_vec();
    for &(at, choice, count) in changes {
        if let Some(units) = changed.get_mut(at) {
            units.count -= count.min(units.count);
            let moved = Served { choice, count, ..*units };
            changed.push(moved);
        }
    }
    changed.retain(|units| units.count > 0);
    changed.sort_by_key(|units| (units.line, units.choice));
    changed
}
