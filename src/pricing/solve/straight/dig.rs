//! The lines of a node, one after the other, each unit with a pick.

use super::model::{Chosen, bit, places};
use super::node::Node;
use super::path::{Digger, Halt, Way};
use super::rows::ONE;

/// The most ways to give picks to the units of a line that are decided one by one.
const WAYS_MAX: usize = 4_096;

impl Digger<'_> {
    /// Looks at everything under what is decided; the options are charged for it already.
    pub(super) fn dig(&mut self, node: &Node) -> Result<(), Halt> {
        let table = self.table;
        self.trail.lay(table, &self.bounds, node);
        // What the open amounts take off at most, and what sets get whatever is made up of them.
        let switches = table.switches.iter().zip(node.decided(table));
        let amounts: i64 = switches
            .map(|(switch, decided)| {
                decided.or(table.settings(switch).first()).map_or(0, |setting| setting.amount)
            })
            .sum();
        let gains: i64 = table.kits.iter().map(|kit| kit.gain.max(0) * kit.sets_max).sum();
        let way = Way {
            charged: self.bounds.beside(table, node),
            plain: (amounts + gains) * ONE,
            value: amounts,
            used: node.used,
            given: 0,
            giving: 0,
        };
        match self.follow(node, way) {
            Some(way) if node.lines < table.lines.len() => {
                self.line(node, node.lines, 0, self.quantity(node.lines), way)
            }
            Some(way) => self.leaf(node, &way),
            None => Ok(()),
        }
    }

    /// The way with the units that have a pick already.
    fn follow(&mut self, node: &Node, mut way: Way) -> Option<Way> {
        for (place, one) in node.given.iter().enumerate() {
            if !self.take(one.pick, one.count, &mut way) {
                return None;
            }
            self.trail.add(&self.bounds, one.pick, i64::from(one.count));
            self.trail.chosen.push(*one);
            let is_last = node.given.get(place + 1).is_none_or(|next| next.line != one.line);
            if is_last && self.is_last_at_price(one.line) {
                way.given |= way.giving;
            }
        }
        Some(way)
    }

    /// All ways to give picks to the units of the next line of a node.
    pub(super) fn ways(&mut self, node: &Node) -> Result<Vec<Node>, Halt> {
        (self.until, self.trail.last) = (0, Some(node.lines));
        let ended = self.dig(node);
        self.trail.last = None;
        ended?;
        Ok(std::mem::take(&mut self.trail.ways))
    }

    fn quantity(&self, line: usize) -> u32 {
        self.table.lines.get(line).map_or(0, |line| line.quantity)
    }

    /// Gives picks to the open units of the line at `at`, those from `slot` on.
    fn line(&mut self, node: &Node, at: usize, slot: usize, left: u32, way: Way) -> Result<(), Halt> {
        self.left = self.left.checked_sub(1).ok_or(Halt::Weary)?;
        if self.left < self.until {
            return Err(Halt::Impatient);
        }
        if left == 0 {
            if !self.may_close(at) {
                return Ok(());
            }
            if self.trail.last == Some(at) {
                if self.trail.ways.len() >= WAYS_MAX {
                    return Err(Halt::Weary);
                }
                self.trail.ways.push(node.with_line(self.table, &self.trail.chosen));
                return Ok(());
            }
            if at + 1 >= self.table.lines.len() {
                return self.leaf(node, &way);
            }
            let given = if self.is_last_at_price(at) { way.given | way.giving } else { way.given };
            return self.line(node, at + 1, 0, self.quantity(at + 1), Way { given, ..way });
        }
        let Some(pick) = self.trail.pick(at, slot) else {
            return Ok(());
        };
        let later = |sums: &[i64]| sums.get(at + 1).copied().unwrap_or_default();
        let charged = way.charged + self.bounds.charged(pick) * i64::from(left) + later(&self.trail.charged);
        // Where a sum is reached already, what the multipliers pay for more of it is worth nothing.
        let dearest = self.trail.dearest.get(at).copied().unwrap_or_default();
        let plain = way.plain + dearest * i64::from(left) + later(&self.trail.plain);
        let used = way.used | self.trail.must.get(at + 1).copied().unwrap_or_default();
        if self.is_hopeless(charged, used)
            || self.is_hopeless(plain, way.used)
            || !self.trail.can_reach(at, left)
            || !self.trail.can_complete(self.table, at, left)
        {
            return Ok(());
        }
        let is_last = slot + 1 == self.trail.count(at);
        for count in (if is_last { left } else { 0 }..=left.min(self.seats_left(pick))).rev() {
            if count == 0 {
                self.line(node, at, slot + 1, left, way)?;
                continue;
            }
            let (mut next, seated) = (way, self.trail.seated);
            self.trail.add(&self.bounds, pick, i64::from(count));
            let ended = if self.take(pick, count, &mut next) {
                self.trail.chosen.push(Chosen { line: at, pick, count });
                let ended = self.line(node, at, slot + 1, left - count, next);
                self.trail.chosen.pop();
                ended
            } else {
                self.left = self.left.saturating_sub(1);
                Ok(())
            };
            self.trail.add(&self.bounds, pick, -i64::from(count));
            self.trail.seated = seated;
            ended?;
        }
        Ok(())
    }

    /// The most units that the sets of a pick have room for.
    fn seats_left(&self, pick: usize) -> u32 {
        let seats = self.table.picks.get(pick).map_or(0, |pick| pick.seats);
        let room = |seat: usize| {
            let kit = self.table.kits.iter().find(|kit| kit.roles.contains(&seat))?;
            let seated = self.trail.seated.get(seat)?;
            Some(kit.sets_max.saturating_mul(self.table.roles.get(seat)?.quantity) - seated)
        };
        let room = places(seats).filter_map(room).min().unwrap_or(i64::MAX).max(0);
        u32::try_from(room).unwrap_or(u32::MAX)
    }

    /// Adds units with a pick to a way; false where no set could be made of them any more.
    fn take(&mut self, pick: usize, count: u32, way: &mut Way) -> bool {
        let table = self.table;
        let Some(numbers) = table.picks.get(pick) else {
            return false;
        };
        let times = i64::from(count);
        way.charged += self.bounds.charged(pick) * times;
        way.value += numbers.value * times;
        way.plain += numbers.value * times * ONE;
        way.used |= numbers.used;
        if numbers.withholds & way.given != 0 {
            return false;
        }
        for seat in places(numbers.seats) {
            let Some(kit) = table.kits.iter().find(|kit| kit.roles.contains(&seat)) else {
                return false;
            };
            let before = self.trail.begun(table, kit);
            if let Some(seated) = self.trail.seated.get_mut(seat) {
                *seated += times;
            }
            let sets = self.trail.begun(table, kit) - before;
            way.giving |= if kit.retailer_assigns { bit(kit.offer) } else { 0 };
            way.plain += kit.gain.min(0) * sets * ONE;
            way.value += kit.gain * sets;
            let of_offer = table.kits.iter().filter(|other| other.offer == kit.offer);
            let all: i64 = of_offer.map(|kit| self.trail.begun(table, kit)).sum();
            if before + sets > kit.sets_max || all > kit.all_sets_max {
                return false;
            }
        }
        true
    }

    fn is_last_at_price(&self, at: usize) -> bool {
        let list = |line: usize| self.table.lines.get(line).map(|line| line.list);
        list(at + 1) != list(at)
    }

    /// Whether a line may be left: its price rank is over, so sets of the cheapest have their dearer units by now.
    fn may_close(&self, at: usize) -> bool {
        if !self.is_last_at_price(at) {
            return true;
        }
        self.table.kits.iter().filter(|kit| kit.is_ordered).all(|kit| {
            let roles = || {
                self.table.roles.iter().zip(&self.trail.seated).skip(kit.roles.start).take(kit.roles.len())
            };
            let benefited = roles().filter(|(role, _)| role.is_benefited);
            let begun = benefited.map(|(role, &seated)| (seated + role.quantity - 1) / role.quantity.max(1));
            let begun = begun.max().unwrap_or_default();
            roles()
                .filter(|(role, _)| !role.is_benefited)
                .all(|(role, &seated)| seated >= begun * role.quantity)
        })
    }
}
