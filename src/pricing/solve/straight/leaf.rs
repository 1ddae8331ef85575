//! All units have a pick: whether that holds, and what it costs.

use smallvec::SmallVec;

use super::model::{Bits, Chosen, Setting, bit};
use super::node::Node;
use super::path::{Digger, Halt, Way};
use super::price::Found;
use super::rows::ONE;

impl Digger<'_> {
    /// All units have a pick, and the sums that are decided hold.
    pub(super) fn leaf(&mut self, node: &Node, way: &Way) -> Result<(), Halt> {
        if !self.are_complete() || !self.trail.has_reached() || !self.has_reached_goals() {
            return Ok(());
        }
        let value = way.value - self.over(self.table.level) - self.missed(node);
        if self.is_hopeless(value * ONE, way.used) {
            return Ok(());
        }
        let (on, used) = self.settled_switches(node)?;
        let used = way.used | used;
        if self.is_hopeless(value * ONE, used) {
            return Ok(());
        }
        if !self.are_cheapest(on) {
            // With other amounts on, others count.
            let is_open = |&place: &usize| {
                node.is_open(place) && self.table.switches.get(place).is_some_and(|switch| switch.on != 0)
            };
            let open = (0..self.table.switches.len()).find(is_open);
            return open.map_or(Ok(()), |place| Err(Halt::Broken(place)));
        }
        let mut found = Found { value, used, chosen: self.trail.chosen.clone(), on, priced: None };
        if let Some(best) = self.best.as_mut().filter(|best| best.value == value) {
            let best = best.price(self.table).ok_or(Halt::Lost)?;
            if !found.price(self.table).ok_or(Halt::Lost)?.beats(best, self.table.problem, self.worth) {
                return Ok(());
            }
        }
        self.best = Some(found);
        Ok(())
    }

    /// What passes the maxima of a level and those above it.
    fn over(&self, level: usize) -> i64 {
        let table = self.table;
        let of = |offer: usize| table.problem.offers.get(offer).is_some_and(|offer| offer.level <= level);
        let capped = |place: usize| -> i64 {
            let take = |one: &Chosen| {
                let (_, take) = table.picks.get(one.pick)?.capped.filter(|&(maximum, _)| maximum == place)?;
                Some(take * i64::from(one.count))
            };
            self.trail.chosen.iter().filter_map(take).sum()
        };
        let maxima = table.maxima.iter().enumerate().filter(|(_, (offer, _))| of(*offer));
        maxima.map(|(place, &(_, most))| (capped(place) - most).max(0)).sum()
    }

    /// What the amounts that are on do not find on their goods.
    fn missed(&self, node: &Node) -> i64 {
        let on = node.decided(self.table).flatten().filter(|setting| setting.on != 0);
        on.map(|setting| (setting.amount - self.room(setting.on)).max(0)).sum()
    }

    /// Whether the levels above take off what they must.
    fn has_reached_goals(&self) -> bool {
        let table = self.table;
        let picks = |level: usize| -> i64 {
            let high =
                |one: &Chosen| Some(table.picks.get(one.pick)?.high.get(level)? * i64::from(one.count));
            self.trail.chosen.iter().filter_map(high).sum()
        };
        let sets = |level: usize| -> i64 {
            let kits = table.kits.iter().filter(|kit| kit.level <= level);
            kits.map(|kit| kit.gain * self.trail.begun(table, kit)).sum()
        };
        let mut goals = table.goals.iter().enumerate();
        goals.all(|(level, &goal)| picks(level) + sets(level) - self.over(level) >= goal)
    }

    fn are_complete(&self) -> bool {
        self.table.kits.iter().all(|kit| {
            let begun = self.trail.begun(self.table, kit);
            let roles = self.table.roles.iter().zip(&self.trail.seated);
            let mut roles = roles.skip(kit.roles.start).take(kit.roles.len());
            roles.all(|(role, &seated)| seated == begun * role.quantity)
        })
    }

    /// What the switches that are not decided come to with the chosen picks, if each keeps what it promised.
    fn settled_switches(&self, node: &Node) -> Result<(Bits, Bits), Halt> {
        let table = self.table;
        let picks = || self.trail.chosen.iter().filter_map(|one| table.picks.get(one.pick));
        let tiers = picks().fold(0, |all, pick| all | pick.tiers);
        let (mut on, mut used) = (node.on, 0);
        let mut first: SmallVec<[(usize, Setting); 16]> = SmallVec::new();
        for (place, (switch, decided)) in table.switches.iter().zip(node.decided(table)).enumerate() {
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
            used |= table.used_by(setting);
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
                && node.decided(table).flatten().all(|setting| self.keeps(setting, on));
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
            let dearest = self.trail.chosen.iter().filter(gets).map(|one| list(&one)).max();
            let left_out = self.trail.chosen.iter().filter(|one| !gets(one) && counts(one));
            dearest.is_none_or(|dearest| left_out.map(|one| list(&one)).all(|list| dearest <= list))
        })
    }

    /// Whether what was chosen reaches what a setting asks for, and no more, when these basket amounts are on.
    fn keeps(&self, setting: &Setting, on: Bits) -> bool {
        let sum = |gauge: usize| -> i64 {
            let adds = |one: &Chosen| self.table.sum(one.pick, gauge, on) * i64::from(one.count);
            self.trail.chosen.iter().map(adds).sum()
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
        self.trail.chosen.iter().filter_map(room).sum()
    }
}
