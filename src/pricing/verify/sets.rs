//! How the quote makes up its sets: every unit in one place, every slot filled, no more sets than allowed.

use std::collections::BTreeMap;

use super::audit::{Audit, Seat};
use crate::pricing::quote::{MadeUp, Member};
use crate::promotion::limits::Sets;
use crate::promotion::{Benefit, Promotion, Slot};
use crate::rulebook::{PromotionIndex, slots_of};

/// How many units of a group are already in sets of a promotion, by promotion, line and group.
type Used = BTreeMap<(PromotionIndex, usize, usize), usize>;

impl Audit<'_> {
    /// Takes the sets of the quote apart, unit by unit: "the units in a set's slots carry it", and only they.
    pub(super) fn make_up(&mut self) {
        let quote = self.quote;
        let mut used = Used::new();
        for made_up in &quote.sets {
            let promotion = self.promotion(made_up.promotion);
            let Some(promotion) = promotion.filter(|one| matches!(one.benefit, Benefit::Set(_))) else {
                self.flaw("a set of a promotion that is none");
                continue;
            };
            match self.seats(promotion, made_up, &mut used) {
                Ok(sets) => {
                    if let Some(flaw) = sets.first().and_then(|set| self.incomplete(promotion, set)) {
                        self.flaw(flaw);
                    }
                    self.sets.entry(made_up.promotion).or_default().extend(sets);
                }
                Err(flaw) => self.flaw(flaw),
            }
        }
        if !quote.sets.is_sorted_by_key(|made_up| made_up.promotion) {
            self.flaw("the sets do not stand by promotion");
        }
        for index in self.used() {
            let is_set = |promotion: &&Promotion| matches!(promotion.benefit, Benefit::Set(_));
            if let Some(promotion) = self.promotion(index).filter(is_set) {
                self.check_whole(index, promotion);
            }
        }
    }

    /// The seats of sets that are made up alike: each takes its units from the groups that the quote names.
    fn seats(
        &self,
        promotion: &Promotion,
        made_up: &MadeUp,
        used: &mut Used,
    ) -> Result<Vec<Vec<Seat>>, String> {
        let fault = |what: &str| format!("a set of `{}` {what}", promotion.id);
        let times = usize::try_from(made_up.times).unwrap_or(usize::MAX);
        if times == 0 || times > self.units.len() || made_up.members.is_empty() {
            return Err(fault("stands for no set, or for more than there are units"));
        }
        let mut sets: Vec<Vec<Seat>> = vec![Vec::new(); times];
        for &Member { line, group, slot, quantity } in &made_up.members {
            let units = self.groups.get(&(line, group)).cloned();
            let units = units.ok_or_else(|| fault("names units that the quote does not have"))?;
            let quantity = usize::try_from(quantity).unwrap_or(usize::MAX);
            let carries =
                |at: &usize| self.units.get(*at).is_some_and(|u| u.carried.contains(&made_up.promotion));
            if quantity == 0 || !units.clone().take(1).all(|at| carries(&at)) {
                return Err(fault("holds a unit that does not carry it"));
            }
            let taken = used.entry((made_up.promotion, line, group)).or_default();
            let wanted = times.saturating_mul(quantity);
            if wanted > units.len().saturating_sub(*taken) {
                return Err(fault("holds a unit that is in another set"));
            }
            let mut free = units.skip(*taken);
            *taken += wanted;
            for set in &mut sets {
                set.extend(free.by_ref().take(quantity).map(|at| Seat { at, slot }));
            }
        }
        sets.iter_mut().for_each(|set| set.sort_unstable());
        Ok(sets)
    }

    /// What a set lacks. Sets that are made up alike lack the same.
    fn incomplete(&self, promotion: &Promotion, set: &[Seat]) -> Option<String> {
        let slots = slots_of(promotion);
        let fault = |what: &str| Some(format!("a set of `{}` {what}", promotion.id));
        if set.iter().any(|seat| seat.slot >= slots.len()) {
            return fault("fills a slot that there is not");
        }
        for (place, slot) in slots.iter().enumerate() {
            let Slot { on, quantity, same_sku, .. } = slot;
            let filling = set.iter().filter(|seat| seat.slot == place);
            let units: Vec<_> = filling.filter_map(|seat| self.units.get(seat.at)).collect();
            if u32::try_from(units.len()) != Ok(*quantity) {
                return fault("does not fill its slots with exactly as many units as they ask for");
            }
            if !units.iter().all(|unit| self.means(on, unit)) {
                return fault("has a unit in a slot that does not mean it");
            }
            let mut skus = units.iter().map(|unit| self.sku(unit));
            let first = skus.next();
            if *same_sku && !skus.all(|sku| Some(sku) == first) {
                return fault("has different goods in a slot that asks for equal ones");
            }
        }
        None
    }

    /// "A unit is in at most one application of the same promotion", and carrying it is being in one; `limits.sets` holds.
    fn check_whole(&mut self, index: PromotionIndex, promotion: &Promotion) {
        let sets = || self.sets.get(&index).into_iter().flatten();
        let (count, seats) = (sets().count(), sets().map(Vec::len).sum::<usize>());
        if seats != self.carrying(index).len() {
            self.flaw(format!("a unit carries `{}` and is in no set of it", promotion.id));
        }
        if let Some(Sets::AtMost(most)) = promotion.limits.sets
            && usize::try_from(most).is_ok_and(|most| count > most)
        {
            self.flaw(format!("more sets of `{}` than its limit", promotion.id));
        }
    }
}
