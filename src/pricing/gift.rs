//! Gifts: how often a settled basket triggers each, which pieces it gives, and what became of the customer's choices.

use std::collections::BTreeMap;

use fixedbitset::FixedBitSet;

use super::candidate::Candidates;
use super::fill::{Need, Pool, lacking, sets};
use super::problem::{Problem, dearest_units, held};
use super::quote::{GiftRefused, GiftWhy, Given, Missing, Why};
use super::settle::Group;
use super::trigger::{Piece, Trigger};
use crate::basket::{Checked, GiftChoice, Request};
use crate::money::Amount;
use crate::promotion::{Benefit, Gift, Sets};
use crate::rulebook::{PromotionIndex, Rulebook};

/// A gift that may be given, as numbers.
pub struct GiftOffer<'a> {
    /// Its place in the rulebook.
    pub index: PromotionIndex,
    /// Its id.
    pub id: &'a str,
    /// Its level.
    pub level: i32,
    /// What it gives.
    pub gift: &'a Gift,
    /// What it asks for, but for the set.
    pub trigger: Trigger,
    /// The lines that may fill each slot of its set; none without a set.
    pub slots: Vec<FixedBitSet>,
    needs: Vec<Need>,
    sets_max: u32,
}

/// The goods of a problem after it is settled, or before.
#[derive(Clone, Copy)]
pub struct Goods<'a> {
    /// The numbers.
    pub problem: &'a Problem,
    /// The lines of the basket that the problem numbers.
    pub checked: &'a Checked<'a>,
    /// The units.
    pub groups: &'a [Group],
}

/// What is given, and what is not.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Served {
    /// By place of the promotion: units that became gifts, what was chosen, what is open.
    pub given: Vec<Given>,
    /// The choices that could not be honored, in the order of the request.
    pub refused: Vec<GiftRefused>,
    /// The gifts that gave nothing, by place.
    pub none: Vec<(PromotionIndex, Why)>,
    /// What the pieces on top of the basket are worth.
    pub value: Amount,
}

/// The gifts that may be given, by place.
#[must_use]
pub fn offers<'a>(candidates: &Candidates<'a>, problem: &Problem) -> Vec<GiftOffer<'a>> {
    let gifts = candidates.list.iter().filter_map(|candidate| match &candidate.promotion.benefit {
        Benefit::Gift(gift) => Some((candidate, gift)),
        _ => None,
    });
    gifts
        .map(|(candidate, gift)| GiftOffer {
            index: candidate.index,
            id: &candidate.promotion.id,
            level: candidate.promotion.level,
            gift,
            trigger: Trigger::of(candidate, candidates, problem),
            slots: candidate.slots.iter().map(|slot| held(&problem.lines, slot)).collect(),
            needs: gift
                .slots
                .iter()
                .map(|slot| Need { quantity: slot.quantity, same_sku: slot.same_sku })
                .collect(),
            sets_max: match candidate.promotion.limits.sets {
                None => 1,
                Some(Sets::AtMost(most)) => most,
                Some(Sets::Unlimited) => u32::MAX,
            },
        })
        .collect()
}

impl GiftOffer<'_> {
    /// How often it is triggered.
    #[must_use]
    pub fn times(&self, goods: Goods<'_>) -> u32 {
        let Goods { problem, groups, .. } = goods;
        if self.slots.is_empty() {
            return u32::from(self.trigger.is_met(problem, groups));
        }
        if !self.trigger.is_reached(problem, groups) {
            return 0;
        }
        sets(&self.needs, &self.pools(goods), self.sets_max)
    }

    /// Its limit of sets, where the goods make up more.
    #[must_use]
    pub fn limit(&self, goods: Goods<'_>) -> Option<u32> {
        let is_limited = || {
            let more = self.sets_max.saturating_add(1);
            self.trigger.is_reached(goods.problem, goods.groups)
                && sets(&self.needs, &self.pools(goods), more) == more
        };
        (!self.slots.is_empty() && self.sets_max < u32::MAX && is_limited()).then_some(self.sets_max)
    }

    /// How many pieces it gives, as far as there are any left.
    #[must_use]
    pub fn pieces(&self, goods: Goods<'_>) -> u32 {
        self.gift.choose.saturating_mul(self.times(goods))
    }

    /// How many units each slot asks for, over all sets of one application.
    #[must_use]
    pub fn needs(&self) -> &[Need] {
        &self.needs
    }

    /// What is missing to one more set; nothing without a set, or where no more are given.
    #[must_use]
    pub fn missing(&self, goods: Goods<'_>) -> Vec<Missing> {
        let made = sets(&self.needs, &self.pools(goods), self.sets_max);
        if made == self.sets_max {
            return Vec::new();
        }
        let lacks = lacking(&self.needs, &self.pools(goods), made.saturating_add(1));
        let missing = lacks.into_iter().enumerate().filter(|(_, quantity)| *quantity > 0);
        missing.map(|(slot, quantity)| Missing { slot, quantity }).collect()
    }

    fn pools<'g>(&self, goods: Goods<'g>) -> Vec<Pool<'g>> {
        let counting = goods.groups.iter().filter(|group| self.trigger.counts(&group.carried));
        let pool = |group: &Group| {
            let item = goods.checked.items.get(goods.problem.lines.get(group.line)?.first)?;
            let fits = self.slots.iter().enumerate().filter(|(_, lines)| lines.contains(group.line));
            let slots: Vec<usize> = fits.map(|(slot, _)| slot).collect();
            (!slots.is_empty()).then_some(Pool { sku: item.sku, slots, count: group.count })
        };
        counting.filter_map(pool).collect()
    }

    /// Why it is not triggered.
    fn why_not(&self, goods: Goods<'_>, converted: &[Piece]) -> Why {
        let Goods { problem, groups, .. } = goods;
        if let Some(missing) = self.trigger.missing(problem, groups) {
            return Why::SpendMissing(missing);
        }
        let missing = self.missing(goods);
        if self.slots.is_empty() || missing.is_empty() {
            return Why::Beaten(self.trigger.rivals(problem, groups, converted));
        }
        let rivals = self.trigger.rivals(problem, groups, &[]);
        // With a stacking of its own the units may be there and carry what it does not accept.
        if rivals.is_empty() {
            Why::SetMissing { lacks: missing, or: Vec::new() }
        } else {
            Why::Beaten(rivals)
        }
    }
}

/// Where gifts are handed out: what was chosen, what is left, what things are worth.
pub struct Desk<'a> {
    rulebook: &'a Rulebook,
    checked: &'a Checked<'a>,
    choices: &'a [GiftChoice],
    stock: BTreeMap<&'a str, u32>,
}

/// A choice that is honored: its place in the request, and the goods.
pub type Honored<'a> = (usize, &'a str);

impl<'a> Desk<'a> {
    /// The desk of a request; `checked` is the whole basket.
    #[must_use]
    pub fn of(rulebook: &'a Rulebook, request: &'a Request, checked: &'a Checked) -> Self {
        let context = &request.context;
        let stock = context.gift_stock.iter().map(|left| (left.sku.as_str(), left.quantity)).collect();
        Desk { rulebook, checked, choices: &context.gift_choices, stock }
    }

    /// Whether something was chosen.
    #[must_use]
    pub fn has_choices(&self) -> bool {
        !self.choices.is_empty()
    }

    /// The goods that could be given for the choices of a gift that gives so many pieces, one entry a piece, and whether nothing
    /// can come between: of goods that are short another gift may take the last, then a later choice comes in.
    #[must_use]
    pub fn hopes(&self, offer: &GiftOffer<'_>, pieces: u32) -> Vec<(&'a str, bool)> {
        let mut stock = self.stock.clone();
        let mut sure = 0;
        let mine = self.choices.iter().filter(|choice| choice.promotion == offer.id);
        let mut hopes = Vec::new();
        for sku in mine.map(|choice| choice.sku.as_str()) {
            let is_option = offer.gift.skus.iter().any(|option| option == sku);
            if sure < pieces && is_option && take(&mut stock, sku, 1) > 0 {
                let is_sure = !self.stock.contains_key(sku);
                sure += u32::from(is_sure);
                hopes.push((sku, is_sure));
            }
        }
        hopes
    }

    /// Hands out the gifts of a settled basket; `None` where units became gifts that are not given.
    #[must_use]
    pub fn serve(
        &self,
        offers: &[GiftOffer<'_>],
        candidates: &Candidates<'_>,
        goods: Goods<'_>,
        pieces: &[Piece],
    ) -> Option<Served> {
        let mut served = Served { refused: self.strangers(offers, candidates), ..Served::default() };
        let mut stock = self.stock.clone();
        for offer in offers {
            self.serve_one(offer, goods, pieces, &mut stock, &mut served)?;
        }
        served.refused.sort_by_key(|refused| refused.choice);
        Some(served)
    }

    fn serve_one(
        &self,
        offer: &GiftOffer<'_>,
        goods: Goods<'_>,
        converted: &[Piece],
        stock: &mut BTreeMap<&'a str, u32>,
        served: &mut Served,
    ) -> Option<()> {
        let pieces = offer.pieces(goods);
        let options = offered(offer, stock);
        let why = match (pieces, options.is_empty()) {
            (0, _) => Some(offer.why_not(goods, converted)),
            (_, true) => Some(Why::OutOfStock),
            _ => None,
        };
        let mut honored = self.honor(offer, pieces, stock, &mut served.refused, why.as_ref());
        let open = pieces.saturating_sub(u32::try_from(honored.len()).unwrap_or(u32::MAX));
        let mut given: Vec<Given> = Vec::new();
        let gift = |sku: &str, quantity, line| Given {
            promotion: offer.index,
            sku: Some(sku.to_owned()),
            quantity,
            options: options.clone(),
            line,
        };
        for piece in converted.iter().filter(|piece| piece.gift == offer.index) {
            let sku = self.checked.items.get(piece.line)?.sku;
            for _ in 0..piece.count {
                honored.remove(honored.iter().position(|(_, chosen)| *chosen == sku)?);
            }
            given.push(gift(sku, piece.count, Some(piece.line)));
        }
        for (_, sku) in honored {
            add(&mut given, gift(sku, 1, None));
        }
        let rest = offered(offer, stock);
        match rest.as_slice() {
            [only] if open > 0 => {
                let quantity = take(stock, only, open);
                add(&mut given, gift(only, quantity, None));
            }
            [_, _, ..] if open > 0 => {
                let left = rest.iter().map(|sku| u64::from(left(stock, sku))).sum::<u64>();
                let quantity = u32::try_from(left).unwrap_or(u32::MAX).min(open);
                served.value += self.dearest(&rest, stock, quantity);
                let given_openly =
                    Given { promotion: offer.index, sku: None, quantity, options: rest, line: None };
                given.push(given_openly);
            }
            _ => {}
        }
        let on_top = given.iter().filter(|given| given.line.is_none());
        let worth = on_top.filter_map(|given| Some(self.price(given.sku.as_ref()?).times(given.quantity)));
        served.value += worth.sum::<Amount>();
        served.none.extend(why.map(|why| (offer.index, why)));
        served.given.extend(given);
        Some(())
    }

    /// The choices of one gift that are honored, and why the others are not.
    fn honor(
        &self,
        offer: &GiftOffer<'_>,
        pieces: u32,
        stock: &mut BTreeMap<&'a str, u32>,
        refused: &mut Vec<GiftRefused>,
        why: Option<&Why>,
    ) -> Vec<Honored<'a>> {
        let most = usize::try_from(pieces).unwrap_or(usize::MAX);
        let mut honored: Vec<Honored<'a>> = Vec::new();
        for (choice, chosen) in self.choices.iter().enumerate().filter(|(_, c)| c.promotion == offer.id) {
            let refusal = if !offer.gift.skus.contains(&chosen.sku) {
                GiftWhy::NotAnOption
            } else if let Some(why) = why.filter(|why| **why != Why::OutOfStock) {
                GiftWhy::NotApplied(why.clone())
            } else if honored.len() >= most {
                GiftWhy::TooMany
            } else if take(stock, &chosen.sku, 1) == 0 {
                GiftWhy::OutOfStock
            } else {
                honored.push((choice, &chosen.sku));
                continue;
            };
            refused.push(GiftRefused { choice, why: refusal });
        }
        honored
    }

    /// The choices of gifts that may not be given whatever is in the basket.
    fn strangers(&self, offers: &[GiftOffer<'_>], candidates: &Candidates<'_>) -> Vec<GiftRefused> {
        let is_stranger =
            |(_, choice): &(usize, &GiftChoice)| offers.iter().all(|offer| offer.id != choice.promotion);
        let why = |choice: &GiftChoice| {
            let index = self.rulebook.find(&choice.promotion);
            let promotion = index.and_then(|index| self.rulebook.promotion(index));
            let Some((index, Benefit::Gift(gift))) = index.zip(promotion.map(|p| &p.benefit)) else {
                return GiftWhy::NoSuchGift;
            };
            if !gift.skus.contains(&choice.sku) {
                return GiftWhy::NotAnOption;
            }
            let refused = candidates.refused.iter().find(|(refused, _)| *refused == index);
            GiftWhy::NotApplied(refused.map_or(Why::NoSuchGoods, |(_, why)| why.clone()))
        };
        let strangers = self.choices.iter().enumerate().filter(is_stranger);
        strangers.map(|(place, choice)| GiftRefused { choice: place, why: why(choice) }).collect()
    }

    /// What a piece is worth: its price in the catalogue, else that of a line with its SKU.
    fn price(&self, sku: &str) -> Amount {
        let known = self.rulebook.catalog().get(sku).and_then(|product| product.price);
        let line = || self.checked.items.iter().find(|item| item.sku == sku).map(|item| item.list_price);
        known.or_else(line).unwrap_or_default()
    }

    /// What so many pieces are worth when the dearest are chosen.
    fn dearest(&self, skus: &[String], stock: &BTreeMap<&str, u32>, quantity: u32) -> Amount {
        dearest_units(skus.iter().map(|sku| (self.price(sku), left(stock, sku))), quantity)
    }
}

/// The goods of a gift of which something is left, in the order of the rule file.
fn offered(offer: &GiftOffer<'_>, stock: &BTreeMap<&str, u32>) -> Vec<String> {
    let mut offered: Vec<String> = Vec::new();
    for sku in &offer.gift.skus {
        if left(stock, sku) > 0 && !offered.contains(sku) {
            offered.push(sku.clone());
        }
    }
    offered
}

fn left(stock: &BTreeMap<&str, u32>, sku: &str) -> u32 {
    stock.get(sku).copied().unwrap_or(u32::MAX)
}

/// Takes up to so many pieces out of the stock.
fn take(stock: &mut BTreeMap<&str, u32>, sku: &str, quantity: u32) -> u32 {
    match stock.get_mut(sku) {
        None => quantity,
        Some(left) => {
            let taken = quantity.min(*left);
            *left -= taken;
            taken
        }
    }
}

fn add(given: &mut Vec<Given>, more: Given) {
    match given.iter_mut().find(|one| one.sku == more.sku && one.line == more.line) {
        Some(one) => one.quantity += more.quantity,
        None => given.push(more),
    }
}
