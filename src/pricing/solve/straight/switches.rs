//! The decisions that couple the lines, with their settings.

use std::cmp::Reverse;

use smallvec::SmallVec;

use super::super::choice::room;
use super::layer::{Layer, Tiers};
use super::model::{Bits, GaugeOf, Setting, Switch, bit};
use crate::money::Amount;
use crate::pricing::problem::{Give, Offer};

/// The most amounts off the basket that are made one switch.
const MERGED_MAX: usize = 24;
/// The most multiples of an `every`.
const MULTIPLES_MAX: i64 = 60;

impl Layer<'_> {
    /// The least and the most that a gauge can show.
    fn range(&self, gauge: usize) -> (i64, i64) {
        let gauges = self.table.gauges.len();
        let is_hidden = self.table.gauges.get(gauge).is_some_and(|gauge| gauge.hidden_by != 0);
        let mut range = (0, 0);
        for line in &self.table.lines {
            let adds = || line.picks.clone().filter_map(|pick| self.table.sums.get(pick * gauges + gauge));
            let quantity = i64::from(line.quantity);
            range.0 += if is_hidden { 0 } else { adds().min().copied().unwrap_or_default() * quantity };
            range.1 += adds().max().copied().unwrap_or_default() * quantity;
        }
        range
    }

    /// The switches; the picks with tiers that nothing reaches are left out.
    pub(super) fn switches(&mut self) -> Option<()> {
        let problem = self.table.problem;
        let mut dead = 0;
        for tiers in std::mem::take(&mut self.tiers) {
            let offer = problem.offers.get(tiers.offer)?;
            let (least, most) = self.range(tiers.gauge);
            dead |= if offer.tiers.iter().any(|tier| matches!(tier.give, Give::Basket(_))) {
                self.amounts(offer, &tiers, least, most)?;
                0
            } else {
                self.by_tier(offer, &tiers, least, most)
            };
        }
        let without = self.table.baskets.iter().map(|&(place, _)| place);
        let without: SmallVec<[usize; 4]> = without
            .filter(|&place| problem.offers.get(place).is_some_and(|offer| offer.spend.is_none()))
            .collect();
        for place in without {
            let offer = problem.offers.get(place)?;
            let Some(Give::Basket(amount)) = offer.tiers.first().map(|tier| &tier.give) else {
                return None;
            };
            let on = Setting { amount: self.takes(offer, *amount, 1), on: bit(place), ..Setting::OFF };
            self.switch(0, &[on, Setting::OFF]);
        }
        self.delivery_switch()?;
        self.rivals();
        self.bury(dead);
        self.merge();
        Some(())
    }

    fn switch(&mut self, tiers: Bits, settings: &[Setting]) {
        let first = self.table.settings.len();
        self.table.settings.extend_from_slice(settings);
        let on = settings.iter().fold(0, |all, setting| all | setting.on);
        self.table.switches.push(Switch { settings: first..self.table.settings.len(), tiers, on });
    }

    /// The settings of an offer with tiers that units carry; returns the tiers that nothing reaches.
    fn by_tier(&mut self, offer: &Offer, tiers: &Tiers, least: i64, most: i64) -> Bits {
        let mut settings: SmallVec<[Setting; 4]> = SmallVec::new();
        let (mut all, mut dead) = (0, 0);
        for (at, tier) in offer.tiers.iter().enumerate() {
            let own = bit(tiers.first + at);
            all |= own;
            let next = offer.tiers.get(at + 1).map(|tier| tier.from);
            if tier.from > most || next.is_some_and(|next| next <= least) {
                dead |= own;
                continue;
            }
            let need = (tier.from > least).then_some((tiers.gauge, tier.from));
            let limit = next.filter(|&next| next <= most).map(|next| (tiers.gauge, next - 1));
            settings.push(Setting { tiers: own, need, limit, ..Setting::OFF });
        }
        settings.reverse();
        let is_certain = matches!(settings.as_slice(), [Setting { need: None, limit: None, .. }]);
        if !settings.is_empty() && !is_certain {
            settings.push(Setting::OFF);
            self.switch(all, &settings);
        }
        dead
    }

    /// What an amount off the basket comes to so many times: no more than its maximum, and than there is on its goods.
    fn takes(&self, offer: &Offer, amount: Amount, times: i64) -> i64 {
        let most = offer.max_discount.map_or(i64::MAX, Amount::minor);
        amount.minor().saturating_mul(times).min(most).min(room(self.table.problem, offer))
    }

    /// The settings of an amount off the basket that waits for a sum.
    fn amounts(&mut self, offer: &Offer, tiers: &Tiers, least: i64, most: i64) -> Option<()> {
        let mut settings: SmallVec<[Setting; 4]> = SmallVec::new();
        let is_every = offer.spend.as_ref().is_some_and(|measure| measure.every);
        for (at, tier) in offer.tiers.iter().enumerate() {
            let Give::Basket(amount) = tier.give else {
                return None;
            };
            let next = offer.tiers.get(at + 1).map(|tier| tier.from);
            let end = next.map_or(most, |next| most.min(next - 1));
            if tier.from > end {
                continue;
            }
            let times = if is_every && tier.from > 0 { end / tier.from } else { 1 };
            if times > MULTIPLES_MAX {
                return None;
            }
            for times in 1..=times {
                let from = if is_every { tier.from * times } else { tier.from };
                let until = if is_every && tier.from > 0 { Some(tier.from * (times + 1)) } else { None };
                let until = until.into_iter().chain(next).min().filter(|&until| until <= most);
                let amount = self.takes(offer, amount, times);
                let need = (from > least).then_some((tiers.gauge, from));
                let limit = until.map(|until| (tiers.gauge, until - 1));
                let on = bit(tiers.offer);
                settings.push(Setting { tiers: 0, amount, on, delivery: None, need, limit });
            }
        }
        settings.push(Setting::OFF);
        // A higher tier may take less.
        settings.sort_by_key(|setting| (Reverse(setting.amount), Reverse(setting.need)));
        if settings.len() > 1 {
            self.switch(0, &settings);
        }
        Some(())
    }

    fn delivery_switch(&mut self) -> Option<()> {
        let problem = self.table.problem;
        let mut settings: SmallVec<[Setting; 4]> = SmallVec::new();
        let gauges = self.table.gauges.iter().enumerate().filter_map(|(at, gauge)| match gauge.of {
            GaugeOf::Delivery(place) => Some((at, place)),
            _ => None,
        });
        for (gauge, place) in gauges {
            let Some(offer) = problem.deliveries.get(place).filter(|offer| !offer.lines.is_clear()) else {
                continue;
            };
            let from = offer.from.minor();
            if self.range(gauge).1 < from {
                continue;
            }
            // Without a sum some unit must count, whatever it costs.
            if from == 0 && !offer.refuses.is_clear() {
                return None;
            }
            let amount = offer.takes.minor();
            let need = (from > 0).then_some((gauge, from));
            settings.push(Setting { amount, delivery: Some(place), need, ..Setting::OFF });
        }
        if !settings.is_empty() {
            settings.push(Setting::OFF);
            self.switch(0, &settings);
        }
        Some(())
    }

    /// The basket amounts that cannot share a unit with each.
    fn rivals(&mut self) {
        let all: SmallVec<[usize; 4]> = self.table.baskets.iter().map(|&(place, _)| place).collect();
        for (place, rivals) in &mut self.table.baskets {
            let fits = self.compatible.get(*place).copied().unwrap_or_default();
            *rivals =
                all.iter().map(|&other| bit(other) & !fits).fold(0, |all, one| all | one) & !bit(*place);
        }
    }

    /// Makes one switch of amounts that are never on together.
    fn merge(&mut self) {
        // Each is held against all others.
        if !(2..=MERGED_MAX).contains(&self.table.baskets.len()) {
            return;
        }
        let mut merged: Vec<Vec<usize>> = Vec::new();
        for (place, switch) in self.table.switches.iter().enumerate() {
            let goes = |others: &&mut Vec<usize>| {
                switch.on != 0 && others.iter().all(|&other| self.table.are_apart(place, other))
            };
            match merged.iter_mut().find(goes) {
                Some(others) => others.push(place),
                None => merged.push(vec![place]),
            }
        }
        if merged.len() == self.table.switches.len() {
            return;
        }
        let (switches, settings) =
            (std::mem::take(&mut self.table.switches), std::mem::take(&mut self.table.settings));
        for places in merged {
            let own = places.iter().filter_map(|&place| switches.get(place));
            let tiers = own.clone().fold(0, |all, switch| all | switch.tiers);
            let mut all: SmallVec<[Setting; 8]> = own
                .flat_map(|switch| settings.get(switch.settings.clone()).unwrap_or_default())
                .copied()
                .collect();
            if places.len() > 1 {
                all.retain(|setting| setting.on != 0);
                all.push(Setting::OFF);
                // Of equal amounts the one that wins the tie: fewer codes and limits, then ids.
                let uses_up = self.table.uses_up;
                all.sort_by_key(|setting| {
                    let tie = (uses_up & setting.on != 0, setting.on.trailing_zeros());
                    (Reverse(setting.amount), tie, Reverse(setting.need))
                });
            }
            self.switch(tiers, &all);
        }
    }

    /// Leaves out the picks with tiers that nothing reaches.
    fn bury(&mut self, dead: Bits) {
        if dead == 0 {
            return;
        }
        let gauges = self.table.gauges.len();
        let (mut picks, mut sums) = (Vec::with_capacity(self.table.picks.len()), Vec::new());
        let old = std::mem::take(&mut self.table.picks);
        for line in &mut self.table.lines {
            let first = picks.len();
            for at in line.picks.clone() {
                if let Some(pick) = old.get(at).filter(|pick| pick.tiers & dead == 0) {
                    picks.push(*pick);
                    sums.extend_from_slice(
                        self.table.sums.get(at * gauges..(at + 1) * gauges).unwrap_or_default(),
                    );
                }
            }
            line.picks = first..picks.len();
        }
        (self.table.picks, self.table.sums) = (picks, sums);
    }
}
