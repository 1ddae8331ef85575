//! The end of the receipt: prices, sums, and the list of what applied.

use std::collections::{BTreeMap, BTreeSet};

use super::audit::Audit;
use crate::basket::Item;
use crate::money::Amount;
use crate::pricing::quote::{Applied, Carried, Floor, Stop};
use crate::rulebook::PromotionIndex;

impl Audit<'_> {
    /// Every unit's price and every promotion's share, as worked out here and as the quote has them.
    pub(super) fn prices(&mut self) {
        let mut units = self.units.iter();
        let mut wrong = Vec::new();
        for (place, line) in self.quote.lines.iter().enumerate() {
            let item = self.checked.items.get(place);
            if item.is_some_and(|item| item.sku != line.sku || item.list_price != line.list_price) {
                wrong.push(format!("line `{}` has other goods or another list price", line.id));
            }
            let (mut total, mut held, mut floor) = (Amount::ZERO, Amount::ZERO, Amount::ZERO);
            for group in &line.groups {
                for _ in 0..group.quantity {
                    let Some(unit) = units.next() else {
                        break;
                    };
                    let what = |carried: &Carried| (carried.promotion, carried.amount);
                    let quoted = group.carried.iter();
                    if unit.price != group.price {
                        wrong.push(format!(
                            "line `{}`: a unit costs {}, not {}",
                            line.id, unit.price, group.price
                        ));
                    } else if !unit.takes.iter().map(what).eq(quoted.clone().map(what)) {
                        wrong.push(format!(
                            "line `{}`: the shares of a unit's promotions are others",
                            line.id
                        ));
                    } else if !unit.takes.iter().eq(quoted) {
                        wrong.push(format!("line `{}`: its floor holds something else back", line.id));
                    }
                    if unit.price < unit.floor {
                        wrong.push(format!("line `{}`: a unit stands below its floor", line.id));
                    }
                    total += unit.price;
                    held += unit.takes.iter().map(|carried| carried.held).sum();
                    floor = unit.floor;
                }
            }
            if line.floor != item.filter(|_| !held.is_zero()).map(|item| self.named(item, floor)) {
                wrong.push(format!("line `{}` names another floor", line.id));
            }
            if total != line.total {
                wrong.push(format!("line `{}` costs {total}, not {}", line.id, line.total));
            }
        }
        wrong.into_iter().for_each(|flaw| self.flaw(flaw));
    }

    /// The floor of an item, with the caps that set it.
    fn named(&self, item: &Item, price: Amount) -> Floor {
        let caps = self.rulebook.caps().iter().filter(|cap| {
            !item.no_promotions
                && cap.on.matches(&item.goods())
                && cap.floor.floor(item.list_price, item.cost) == price
        });
        let caps: BTreeSet<String> = caps.map(|cap| cap.id.clone()).collect();
        Floor { price, caps: caps.into_iter().collect() }
    }

    pub(super) fn totals(&mut self) {
        let list_total: Amount = self.units.iter().map(|unit| unit.list).sum();
        let goods: Amount = self.units.iter().map(|unit| unit.price).sum();
        let quote = self.quote;
        let delivery_total = self.delivery_price() - quote.delivery.map_or(Amount::ZERO, |(_, take)| take);
        let expected = [
            ("list_total", list_total, quote.list_total),
            ("discount_total", list_total - goods, quote.discount_total),
            ("delivery_total", delivery_total, quote.delivery_total),
            ("total", goods + delivery_total, quote.total),
        ];
        for (name, worked_out, quoted) in expected {
            if worked_out != quoted {
                self.flaw(format!("{name} is {worked_out}, not {quoted}"));
            }
        }
        // What stopped them is asked by itself.
        let quoted = quote.applied.iter().map(|applied| Applied { stop: Stop::default(), ..*applied });
        if !self.applied().into_iter().eq(quoted) {
            self.flaw("the promotions that are shown as applied are not those that do something, or do something else");
        }
    }

    /// What took something off, gave a gift or earned points, by place.
    fn applied(&self) -> Vec<Applied> {
        let mut applied: BTreeMap<PromotionIndex, Applied> = BTreeMap::new();
        let blank = |promotion| Applied {
            promotion,
            amount: Amount::ZERO,
            units: 0,
            points: 0,
            stop: Stop::default(),
        };
        for carried in self.units.iter().flat_map(|unit| &unit.takes) {
            if !carried.amount.is_zero() {
                let applied = applied.entry(carried.promotion).or_insert_with(|| blank(carried.promotion));
                applied.amount += carried.amount;
                applied.units += 1;
            }
        }
        for &index in &self.giving {
            applied.entry(index).or_insert_with(|| blank(index));
        }
        for (&index, &points) in &self.earned {
            applied.entry(index).or_insert_with(|| blank(index)).points = points;
        }
        if let Some((index, take)) = self.quote.delivery {
            applied.entry(index).or_insert_with(|| blank(index)).amount = take;
        }
        applied.into_values().collect()
    }
}
