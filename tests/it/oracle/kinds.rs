//! Sets, tiers by quantity, gifts and points for the random problems: slots that overlap, sets that can just be completed,
//! prices and amounts that bite.

use pricewright::basket::{Context, GiftChoice, GiftStock};
use pricewright::catalog::Selector;
use pricewright::catalog::selector::Facets;
use pricewright::money::Amount;
use pricewright::promotion::benefit::Earn;
use pricewright::promotion::limits::Sets;
use pricewright::promotion::{
    Base, Benefit, Count, Gift, Points, Promotion, QuantityTier, SetBenefit, SetOf, Slot, UnitCut,
};
use rust_decimal::Decimal;

use super::problems::{Maker, rate};

impl Maker<'_> {
    /// A set, or tiers by quantity.
    pub(super) fn set_or_tiers(&mut self) -> Benefit {
        let max_discount = self.dice.chance(18).then(|| self.amount(1, self.dearest * 2));
        if self.dice.chance(30) {
            return self.tiers(max_discount);
        }
        let mut slots: Vec<Slot> = (0..self.dice.pick(&[1, 1, 1, 2, 2, 2, 3])).map(|_| self.slot()).collect();
        let benefit = match self.dice.within(0, 99) {
            0..30 => {
                for slot in &mut slots {
                    slot.cut = self.dice.chance(60).then(|| self.cut());
                }
                // At least one slot gives something.
                let last = slots.last_mut().expect("at least one slot");
                last.cut = last.cut.or_else(|| Some(self.cut()));
                SetBenefit::BySlot
            }
            30..48 => {
                let base = if self.dice.chance(30) { Base::List } else { Base::Current };
                SetBenefit::Percent(self.percent(), base)
            }
            48..62 => SetBenefit::Amount(self.amount(1, self.dearest)),
            62..78 => {
                let size = slots.iter().map(|slot| slot.quantity).sum();
                SetBenefit::Price(self.price_of(size))
            }
            _ => {
                let size: i64 = slots.iter().map(|slot| i64::from(slot.quantity)).sum();
                let units = if self.dice.chance(70) { 1 } else { self.dice.within(1, size) };
                SetBenefit::Cheapest { units: u32::try_from(units).expect("few"), percent: self.percent() }
            }
        };
        let retailer_assigns = self.dice.chance(18);
        Benefit::Set(SetOf { slots, benefit, retailer_assigns, max_discount })
    }

    /// A gift, mostly of goods that may be in the basket, or points.
    pub(super) fn gift_or_points(&mut self) -> Benefit {
        let spend = self.dice.chance(45).then(|| (self.spend(), self.threshold()));
        if self.dice.chance(35) {
            let earn = if self.dice.chance(60) {
                let amount = self.amount(1, self.dearest);
                Earn::Per { amount, points: u64::try_from(self.dice.within(1, 3)).expect("few") }
            } else {
                Earn::Multiply(self.dice.pick(&[Decimal::new(15, 1), Decimal::TWO, Decimal::new(3, 0)]))
            };
            return Benefit::Points(Points { earn, spend });
        }
        let mut skus: Vec<String> = ["S0", "S1", "S2", "G"].map(str::to_owned).to_vec();
        self.dice.shuffle(&mut skus);
        skus.truncate(self.dice.pick(&[1, 1, 2, 3]));
        let choose = if skus.len() > 1 && self.dice.chance(25) { 2 } else { 1 };
        let buys = if self.dice.chance(40) { self.dice.pick(&[1, 1, 2]) } else { 0 };
        let slots = (0..buys).map(|_| self.slot()).collect();
        Benefit::Gift(Gift { skus, choose, spend, slots })
    }

    /// What the customer chose among the gifts, and what is left of them.
    pub(super) fn choices(&mut self, promotions: &[Promotion], context: &mut Context) {
        let mut gives = false;
        for promotion in promotions {
            let Benefit::Gift(gift) = &promotion.benefit else { continue };
            gives = true;
            for _ in 0..self.dice.pick(&[0, 1, 1, 1, 2, 2, 3]) {
                let place = self.dice.within(0, i64::try_from(gift.skus.len()).expect("few") - 1);
                let sku = gift.skus[usize::try_from(place).expect("not negative")].clone();
                context.gift_choices.push(GiftChoice { promotion: promotion.id.clone(), sku });
            }
        }
        for sku in ["S0", "S1", "S2", "G"] {
            if gives && self.dice.chance(15) {
                let quantity = u32::try_from(self.dice.within(0, 2)).expect("few");
                context.gift_stock.push(GiftStock { sku: sku.to_owned(), quantity });
            }
        }
    }

    /// `limits.sets`.
    pub(super) fn most_sets(&mut self) -> Option<Sets> {
        match self.dice.within(0, 9) {
            0..3 => Some(Sets::AtMost(u32::try_from(self.dice.within(1, 2)).expect("few"))),
            3 => Some(Sets::Unlimited),
            _ => None,
        }
    }

    fn slot(&mut self) -> Slot {
        let quantity = u32::try_from(self.dice.pick(&[1, 1, 1, 2, 2, 3])).expect("few");
        let on = if self.dice.chance(40) {
            Selector { facets: self.facets(), except: Facets::default() }
        } else {
            self.selector()
        };
        Slot { on, quantity, same_sku: quantity > 1 && self.dice.chance(25), cut: None }
    }

    fn tiers(&mut self, max_discount: Option<Amount>) -> Benefit {
        let mut froms: Vec<i64> =
            (0..self.dice.pick(&[1, 2, 2, 3])).map(|_| self.dice.within(1, 5)).collect();
        froms.sort_unstable();
        froms.dedup();
        let one_kind = self.dice.chance(60).then(|| self.cut());
        let mut tiers = Vec::new();
        for from in froms {
            // They need not rise, and they need not be of one kind.
            let mut cut = self.cut();
            while one_kind.is_some_and(|kind| std::mem::discriminant(&kind) != std::mem::discriminant(&cut)) {
                cut = self.cut();
            }
            tiers.push(QuantityTier { from: u32::try_from(from).expect("few"), cut });
        }
        let count = if self.dice.chance(45) { Count::SameSku } else { Count::Together };
        Benefit::Quantity { tiers, count, max_discount }
    }

    /// What some goods of the basket cost together, with something off, give or take one.
    fn price_of(&mut self, size: u32) -> Amount {
        let prices = self.list_prices.clone();
        let sum: i64 = (0..size).map(|_| self.dice.pick(&prices)).sum();
        let left = self.dice.pick(&[0, 25, 50, 70, 80, 90, 95, 100]);
        Amount::from_minor((sum * left / 100 + self.dice.within(-1, 1)).max(0))
    }

    fn percent(&mut self) -> pricewright::money::Rate {
        match self.cut() {
            UnitCut::Percent(percent, _) => percent,
            _ => rate(self.dice.pick(&["10", "25", "33.3333", "50", "100", "100"])),
        }
    }
}
