//! What is left of one sale for some of its promotions, once all that came back is taken off.

use std::collections::BTreeSet;

use crate::ledger::{Purchase, Sale, SoldPromotion, SoldUnits};
use crate::money::Amount;
use crate::money::spread::portion;

/// A paid sale, and what the customer kept of it.
#[derive(Debug)]
pub struct Left<'a> {
    sale: &'a Sale,
    /// As it was priced last.
    current: &'a Purchase,
    /// Groups of units with how many are left of each.
    groups: Vec<(&'a SoldUnits, u32)>,
    /// Units of the goods that are left.
    units: u64,
    /// Whether the delivery was paid back since it was priced.
    has_lost_delivery: bool,
}

/// What some promotions have in what is left of a sale.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Part {
    /// Whether any of them is still used.
    pub is_used: bool,
    /// Units that they reduced and that the customer kept.
    pub units: u64,
    /// Units that they had reduced and that came back.
    pub units_back: u64,
    /// What the kept units were sold for.
    pub sold: Amount,
    /// What was taken off goods and delivery.
    pub given: Amount,
    /// Points.
    pub points: u64,
}

impl<'a> Left<'a> {
    /// Looks at a paid sale.
    #[must_use]
    pub fn of(sale: &'a Sale) -> Self {
        let current = sale.current();
        let mut groups = Vec::new();
        for line in &current.lines {
            for (place, units) in line.units.iter().enumerate() {
                groups.push((units, sale.units_left(&line.id, place)));
            }
        }
        let units = groups.iter().map(|(_, left)| u64::from(*left)).sum();
        let has_lost_delivery = sale.since_priced().any(|back| back.delivery);
        Left { sale, current, groups, units, has_lost_delivery }
    }

    /// The promotions that it had when it was paid, or has now.
    #[must_use]
    pub fn promotions(&self) -> BTreeSet<&'a str> {
        let all = self.sale.sold().promotions.iter().chain(&self.current.promotions);
        all.map(|promotion| promotion.id.as_str()).collect()
    }

    /// What these promotions have in it.
    #[must_use]
    pub fn part(&self, promotions: &BTreeSet<&str>) -> Part {
        let is_one = |promotion: &str| promotions.contains(promotion);
        let is_on = |units: &SoldUnits| units.discounts.iter().any(|(promotion, _)| is_one(promotion));
        let mut part = Part::default();
        for (units, left) in self.groups.iter().filter(|(units, _)| is_on(units)) {
            part.units += u64::from(*left);
            plus(&mut part.sold, units.price.checked_times(*left));
            for (_, amount) in units.discounts.iter().filter(|(promotion, _)| is_one(promotion)) {
                plus(&mut part.given, amount.checked_times(*left));
            }
        }
        let of_sold = self.sale.sold().lines.iter().flat_map(|line| &line.units).filter(|units| is_on(units));
        let before: u64 = of_sold.map(|units| u64::from(units.quantity)).sum();
        part.units_back = before.saturating_sub(part.units);
        for applied in self.current.promotions.iter().filter(|applied| is_one(&applied.id)) {
            if !self.has_lost_delivery {
                plus(&mut part.given, Some(self.off_delivery(applied)));
            }
            part.points = part.points.saturating_add(self.points(applied));
            part.is_used |= self.is_used(applied);
        }
        part
    }

    /// What the customer has paid for it and not got back.
    #[must_use]
    pub fn value(&self) -> Amount {
        self.sale.value_left()
    }

    /// Those of these promotions that are still used.
    pub fn used(&self, promotions: &BTreeSet<&str>) -> impl Iterator<Item = &'a str> {
        let all = self.current.promotions.iter().filter(|applied| promotions.contains(applied.id.as_str()));
        all.filter(|applied| self.is_used(applied)).map(|applied| applied.id.as_str())
    }

    /// The pieces that one of these promotions gave on top of the basket: the SKU, which is empty while none was chosen, and how
    /// many. They count as given also when the goods they came with were brought back, and so as they were given: what was priced again
    /// without these goods has no gift any more, and the customer has it all the same.
    pub fn gifts(&self, promotions: &BTreeSet<&str>) -> impl Iterator<Item = (&'a str, u64)> {
        let all = self.sale.sold().gifts.iter().filter(|gift| promotions.contains(gift.promotion.as_str()));
        all.filter(|gift| gift.line.is_empty()).map(|gift| (gift.sku.as_str(), u64::from(gift.quantity)))
    }

    /// The pieces of the basket that became gifts, as far as their lines are still there.
    #[must_use]
    pub fn gifts_of_basket(&self, promotions: &BTreeSet<&str>) -> u64 {
        let all = self.current.gifts.iter().filter(|gift| promotions.contains(gift.promotion.as_str()));
        let kept = all.filter_map(|gift| {
            let line = self.current.line(&gift.line)?;
            let left = (0..line.units.len()).map(|group| self.sale.units_left(&line.id, group));
            Some(u64::from(gift.quantity.min(left.fold(0, u32::saturating_add))))
        });
        kept.sum()
    }

    /// A promotion that reduced units is used while one of these is left; another while anything is.
    fn is_used(&self, applied: &SoldPromotion) -> bool {
        let mut of_it = self.groups.iter().filter(|(units, _)| units.has(&applied.id)).peekable();
        match of_it.peek() {
            Some(_) => of_it.any(|(_, left)| *left > 0),
            None => self.units > 0,
        }
    }

    /// What it took off the delivery: what it took off in all, without what it took off goods.
    fn off_delivery(&self, applied: &SoldPromotion) -> Amount {
        let mut goods = Amount::ZERO;
        for (units, _) in &self.groups {
            for (_, amount) in units.discounts.iter().filter(|(promotion, _)| *promotion == applied.id) {
                plus(&mut goods, amount.checked_times(units.quantity));
            }
        }
        applied.amount.above(goods)
    }

    /// Its part of the points that were not taken back, rounded down.
    fn points(&self, applied: &SoldPromotion) -> u64 {
        let amount = |points: u64| Amount::from_minor(i64::try_from(points).unwrap_or(i64::MAX));
        let left = self.sale.points_left().min(self.current.points);
        let part = portion(amount(left), amount(applied.points), amount(self.current.points));
        u64::try_from(part.minor()).unwrap_or_default()
    }
}

/// A sum over a million sales may be larger than any of them; one that fits nowhere is told as the largest there is.
pub(super) fn plus(sum: &mut Amount, more: Option<Amount>) {
    let whole = more.and_then(|more| sum.checked_add(more));
    *sum = whole.unwrap_or(Amount::from_minor(i64::MAX));
}
