//! All units have a pick: whether that holds, and what it costs.

use smallvec::SmallVec;

use super::model::{Bits, Setting, bit};
use super::path::{Chosen, Digger, Halt, Node, Way};
use super::price;
use super::rows::{ONE, Sense};

impl Digger<'_> {
    /// All units have a pick.
    pub(super) fn leaf(&mut self, node: &Node, way: &Way) -> Result<(), Halt> {
        let holds = self.rows.iter().zip(&way.rows).all(|(row, &sum)| match row.sense {
            Sense::AtLeast => sum >= row.bound,
            Sense::AtMost => sum <= row.bound,
            Sense::Shared | Sense::Filled | Sense::Even => true,
        });
        if !holds || !self.are_complete(way) {
            return Ok(());
        }
        let lost: i64 = self.rows.iter().zip(&way.rows).map(|(row, &sum)| row.lost(sum)).sum();
        let value = way.value - lost;
        if self.is_hopeless(value * ONE, way.used) {
            return Ok(());
        }
        let (on, used) = self.settled_switches(node)?;
        let used = way.used | used;
        if self.is_hopeless(value * ONE, used) {
            return Ok(());
        }
        if !self.are_cheapest(on) {
            return Ok(());
        }
        let found = price::price(self.table, &self.chosen, on).ok_or(Halt::Lost)?;
        if found.settled.value.last() != Some(&value) {
            return Err(Halt::Lost);
        }
        let is_better = match &self.best {
            Some((_, best)) => found.beats(best, self.table.problem, self.worth),
            None => true,
        };
        if is_better {
            self.best = Some((value, found));
            self.used = used;
        }
        Ok(())
    }

    fn are_complete(&self, way: &Way) -> bool {
        self.table.kits.iter().all(|kit| {
            let begun = self.begun(kit, way);
            kit.roles.clone().all(|role| {
                let quantity = self.table.roles.get(role).map_or(0, |role| role.quantity);
                way.roles.get(role).copied().unwrap_or_default() == begun * quantity
            })
        })
    }

    /// What the switches that are not decided come to with the chosen picks, if each keeps what it promised.
    fn settled_switches(&self, node: &Node) -> Result<(Bits, Bits), Halt> {
        let table = self.table;
        let picks = || self.chosen.iter().filter_map(|one| table.picks.get(one.pick));
        let tiers = picks().fold(0, |all, pick| all | pick.tiers);
        let (mut on, mut used) = (node.on, 0);
        let mut first: SmallVec<[(usize, Setting); 16]> = SmallVec::new();
        for (place, (switch, decided)) in table.switches.iter().zip(self.decided(node)).enumerate() {
            if decided.is_some() {
                continue;
            }
            let settings = table.settings(switch);
            let own = tiers & switch.tiers;
            let setting = if switch.tiers == 0 {
                settings.first()
            } else {
                settings.iter().find(|setting| own & !setting.tiers == 0 && (own != 0 || setting.tiers == 0))
            };
            let Some(setting) = setting else {
                return Err(Halt::Broken(place));
            };
            on |= setting.on;
            used |= self.used_by(setting);
            first.push((place, *setting));
        }
        for &(place, setting) in &first {
            if (setting.on != 0 && self.room(setting.on) < setting.amount) || !self.keeps(&setting, on) {
                return Err(Halt::Broken(place));
            }
        }
        // Amounts that are not decided may hide units from sums that are, or meet where they cannot.
        let undecided = node.may & !node.on;
        if undecided != 0 {
            let is_legal = picks().all(|pick| table.may_share(pick, on))
                && self.decided(node).flatten().all(|setting| self.keeps(setting, on));
            if !is_legal {
                let place = first.iter().find(|&&(place, _)| {
                    table.switches.get(place).is_some_and(|switch| switch.on & undecided != 0)
                });
                return Err(place.map_or(Halt::Lost, |&(place, _)| Halt::Broken(place)));
            }
        }
        Ok((on, used))
    }

    /// Whether every benefit that the retailer assigns goes to the cheapest of all that count for it.
    fn are_cheapest(&self, on: Bits) -> bool {
        let table = self.table;
        let list = |one: &&Chosen| table.lines.get(one.line).map_or(0, |line| line.list);
        let pick = |one: &Chosen| table.picks.get(one.pick);
        table.kits.iter().filter(|kit| kit.retailer_assigns).all(|kit| {
            let gets = |one: &&Chosen| pick(one).is_some_and(|pick| pick.carried & bit(kit.offer) != 0);
            let counts = |one: &&Chosen| {
                let (Some(pick), Some(line)) = (pick(one), table.lines.get(one.line)) else {
                    return false;
                };
                let fits =
                    table.problem.offers.get(kit.offer).is_some_and(|offer| offer.on.contains(line.place));
                fits && (pick.carried | pick.takers & on) & !kit.compatible == 0
            };
            let dearest = self.chosen.iter().filter(gets).map(|one| list(&one)).max();
            let left_out = self.chosen.iter().filter(|one| !gets(one) && counts(one));
            dearest.is_none_or(|dearest| left_out.map(|one| list(&one)).all(|list| dearest <= list))
        })
    }

    /// Whether what was chosen reaches what a setting asks for, and no more, when these basket amounts are on.
    fn keeps(&self, setting: &Setting, on: Bits) -> bool {
        let sum = |gauge: usize| -> i64 {
            let adds = |one: &Chosen| self.table.sum(one.pick, gauge, on) * i64::from(one.count);
            self.chosen.iter().map(adds).sum()
        };
        setting.need.is_none_or(|(gauge, least)| least <= sum(gauge))
            && setting.limit.is_none_or(|(gauge, most)| sum(gauge) <= most)
    }

    /// The room that a basket amount finds on what was chosen.
    fn room(&self, basket: Bits) -> i64 {
        let room = |one: &Chosen| {
            let pick = self.table.picks.get(one.pick).filter(|pick| pick.takers & basket != 0)?;
            Some(pick.room * i64::from(one.count))
        };
        self.chosen.iter().filter_map(room).sum()
    }
}
