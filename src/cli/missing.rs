//! What is missing to a promotion, in the words of a cashier.

use super::words::{Words, count};
use crate::promotion::{Benefit, Count, Promotion};
use crate::rulebook::slots_of;
use crate::server::wire::{Goods, MissingGoods, Product, Reason, reason::Code};

impl Words<'_> {
    /// What is missing, and of what.
    pub(super) fn missing(&self, code: Code, reason: &Reason) -> String {
        let of = self.in_brackets(reason.goods.as_ref());
        match code {
            Code::SpendMissing => self.spend_missing(reason),
            Code::QuantityMissing => {
                if let Some(all) = self.find(&reason.promotion_id).and_then(same_sku_from) {
                    let equal = self.counted(
                        all,
                        ["piece", "pieces"],
                        ["однакову штуку", "однакові штуки", "однакових штук"],
                    );
                    let here = count(u64::from(all.saturating_sub(reason.missing_quantity)));
                    return self.lang.pick(
                        format!("it takes {equal} of the same item; you have {here}{of}"),
                        format!("треба {equal}; є {here}{of}"),
                    );
                }
                let missing = self.more_pieces(reason.missing_quantity);
                self.lang.pick(format!("it takes {missing}{of}"), format!("треба {missing}{of}"))
            }
            Code::SetMissing if !reason.missing_goods.is_empty() => {
                let promotion = self.find(&reason.promotion_id);
                let lacks = |slot: &MissingGoods| self.slot_lacks(slot, promotion);
                let missing = reason.missing_goods.iter().map(lacks).collect::<Vec<_>>();
                let missing = missing.join(self.lang.pick(" and ", " і "));
                self.lang.pick(
                    format!("the set is not complete: it takes {missing}"),
                    format!("набір не зібрано: треба {missing}"),
                )
            }
            Code::BasketLacks if reason.missing_quantity > 0 => {
                let missing = self.more_pieces(reason.missing_quantity);
                let pieces = self.pieces(reason.missing_quantity);
                self.lang.pick(
                    format!("the basket must also hold {missing}{of}"),
                    format!("у кошику має бути ще {pieces}{of}"),
                )
            }
            Code::BasketLacks if reason.missing_amount > 0 => {
                let missing = self.money(reason.missing_amount);
                self.lang.pick(
                    format!("the basket must also hold goods for {missing} more{of}"),
                    format!("у кошику має бути товарів ще на {missing}{of}"),
                )
            }
            code => self.bare(code).to_owned(),
        }
    }

    /// What a slot of a set lacks, and of what; of equal pieces how many it takes.
    fn slot_lacks(&self, lacks: &MissingGoods, promotion: Option<&Promotion>) -> String {
        let place = usize::try_from(lacks.slot).unwrap_or(usize::MAX);
        // Where other slots have taken some, those that this one has are not all that there are.
        let slots = promotion.map(slots_of).filter(|slots| slots.len() == 1);
        let slot = slots.and_then(|slots| slots.get(place)).filter(|slot| slot.same_sku);
        let goods = || lacks.goods.iter().chain(&lacks.or_goods);
        // Where one of the slots takes any goods, any will do.
        let is_any = lacks.goods.is_none() || goods().any(|goods| *goods == Goods::default());
        let of = if is_any { String::new() } else { self.any_of(goods().collect()) };
        let Some(slot) = slot.filter(|slot| lacks.quantity < slot.quantity) else {
            return self.more_pieces(lacks.quantity) + &of;
        };
        let all = self.counted(
            slot.quantity,
            ["piece", "pieces"],
            ["однакову штуку", "однакові штуки", "однакових штук"],
        );
        let here = count(u64::from(slot.quantity - lacks.quantity));
        self.lang.pick(format!("{all} of the same item{of}, you have {here}"), format!("{all}{of}, є {here}"))
    }

    /// What the sum must be, what it is, and of which goods.
    fn spend_missing(&self, reason: &Reason) -> String {
        let goods = reason.goods.as_ref().map(|goods| self.goods(goods));
        let counts = goods.map(|goods| {
            self.lang.pick(format!("; only these count: {goods}"), format!("; рахуються лише: {goods}"))
        });
        let counts = counts.unwrap_or_default();
        if reason.needed_amount <= 0 {
            let missing = self.money(reason.missing_amount);
            return self.lang.pick(
                format!("{missing} is missing to its sum{counts}"),
                format!("до потрібної суми бракує {missing}{counts}"),
            );
        }
        let needed = self.money(reason.needed_amount);
        let mut have = self.money(reason.needed_amount.saturating_sub(reason.missing_amount));
        if !reason.not_counted.is_empty() {
            let others = self.names(reason.not_counted.iter().map(|id| self.promotion(id)));
            have += &self.lang.pick(format!(" even without {others}"), format!(" навіть без {others}"));
        }
        let benefit = self.find(&reason.promotion_id).map(|promotion| &promotion.benefit);
        let (english, ukrainian) = match benefit {
            _ if reason.at_list_prices => ("at list prices", "за цінами без знижок"),
            // What depends on a sum itself comes after it, and so do amounts off the whole basket.
            Some(Benefit::Spend { .. }) => {
                ("after discounts on single goods", "після знижок на окремі товари")
            }
            _ => ("after all discounts", "після всіх знижок"),
        };
        self.lang.pick(
            format!("{needed} is needed {english}, you have {have}{counts}"),
            format!("потрібно {needed} {ukrainian}, є {have}{counts}"),
        )
    }

    /// Goods of which any will do, beside what is missing.
    fn any_of(&self, mut all: Vec<&Goods>) -> String {
        // The longest list first: it may hold the others.
        all.sort_by_key(|goods| std::cmp::Reverse(goods.products.len()));
        let is_named =
            |goods: &&Goods| Goods { products: goods.products.clone(), ..Goods::default() } == **goods;
        if all.iter().all(is_named) {
            let mut products: Vec<Product> = Vec::new();
            for product in all.iter().flat_map(|goods| &goods.products) {
                if !products.contains(product) {
                    products.push(product.clone());
                }
            }
            return self.in_brackets(Some(&Goods { products, ..Goods::default() }));
        }
        let mut words: Vec<String> = all.into_iter().map(|goods| self.goods(goods)).collect();
        words.dedup();
        format!(" ({})", words.join(self.lang.pick(" or ", " або ")))
    }
}

/// How many equal pieces the lowest tier of a promotion asks for, where it counts each SKU by itself.
fn same_sku_from(promotion: &Promotion) -> Option<u32> {
    match &promotion.benefit {
        Benefit::Quantity { tiers, count: Count::SameSku, .. } => tiers.iter().map(|tier| tier.from).min(),
        _ => None,
    }
}
