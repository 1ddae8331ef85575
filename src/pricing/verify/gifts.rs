//! Gifts: what triggers them, how many pieces, which of them the customer chose, which became a line's unit.

use std::collections::{BTreeMap, BTreeSet};

use super::audit::{Audit, Take, Unit, is_gift};
use super::complete::{Pile, complete_sets};
use crate::pricing::quote::{GiftWhy, Why};
use crate::promotion::limits::Sets;
use crate::promotion::{Benefit, Gift, Promotion};
use crate::rulebook::PromotionIndex;

/// What is left of goods that are given away; goods that are not here are not limited.
type Stock<'a> = BTreeMap<&'a str, u32>;

/// Pieces of each SKU.
type Pieces<'a> = BTreeMap<&'a str, u32>;

/// What may be said of a choice: where several reasons hold, any of them. None holds where the choice is honored.
#[derive(Debug, Clone, Default)]
struct Verdict {
    no_such_gift: bool,
    not_an_option: bool,
    too_many: bool,
    out_of_stock: bool,
    /// The promotion does not apply; with the reason where that is a condition.
    not_applied: Option<Option<Why>>,
}

impl Verdict {
    fn is_honored(&self) -> bool {
        !(self.no_such_gift || self.not_an_option || self.too_many || self.out_of_stock)
            && self.not_applied.is_none()
    }

    fn allows(&self, why: &GiftWhy) -> bool {
        match why {
            GiftWhy::NoSuchGift => self.no_such_gift,
            GiftWhy::NotAnOption => self.not_an_option,
            GiftWhy::TooMany => self.too_many,
            GiftWhy::OutOfStock | GiftWhy::NotApplied(Why::OutOfStock) => self.out_of_stock,
            GiftWhy::NotApplied(why) => {
                self.not_applied.as_ref().is_some_and(|known| known.as_ref().is_none_or(|known| known == why))
            }
        }
    }
}

/// What a gift gives on top of the basket.
#[derive(Debug, Default, PartialEq, Eq)]
struct OnTop<'a> {
    /// Pieces that are decided.
    decided: Pieces<'a>,
    /// Pieces that are to be chosen yet, and from what.
    open: Option<(u32, Vec<&'a str>)>,
}

impl<'a> Audit<'a> {
    /// "A chosen SKU that is already a line becomes the gift for one unit, at the floor price": before anything else.
    pub(super) fn convert(&mut self) {
        let mut flaws = BTreeSet::new();
        for unit in &mut self.units {
            let Some(index) = unit.gift else {
                continue;
            };
            if unit.carried.len() > 1 {
                flaws.insert("a unit that became a gift carries something else");
            }
            if self.checked.items.get(unit.line).is_some_and(|item| item.no_promotions) {
                flaws.insert("a unit that takes part in no promotion became a gift");
            }
            // "At the floor price": without one it would cost nothing.
            unit.take(index, Take { amount: unit.price.above(unit.floor), wanted: unit.price });
        }
        flaws.into_iter().for_each(|flaw| self.flaw(flaw));
    }

    /// Works out every gift, in the order of the rulebook: a gift takes from the stock that the ones before it left.
    pub(super) fn gifts(&mut self) {
        let context = &self.request.context;
        let mut stock: Stock<'a> =
            context.gift_stock.iter().map(|left| (left.sku.as_str(), left.quantity)).collect();
        let unknown = Verdict { no_such_gift: true, ..Verdict::default() };
        let mut verdicts: Vec<Verdict> = vec![unknown; context.gift_choices.len()];
        for (index, promotion) in self.rulebook.indexed() {
            if let Benefit::Gift(gift) = &promotion.benefit {
                self.gift(index, promotion, gift, &mut stock, &mut verdicts);
            }
        }
        self.refusals(&verdicts);
        let quoted = &self.quote.gifts;
        if quoted.iter().any(|given| !self.promotion(given.promotion).is_some_and(is_gift)) {
            self.flaw("a gift of a promotion that gives none");
        }
        if !quoted.is_sorted_by_key(|given| given.promotion) {
            self.flaw("the gifts do not stand by promotion");
        }
    }

    fn gift(
        &mut self,
        index: PromotionIndex,
        promotion: &'a Promotion,
        gift: &'a Gift,
        stock: &mut Stock<'a>,
        verdicts: &mut [Verdict],
    ) {
        let trigger = self.trigger(promotion, gift);
        let mut left = trigger.as_ref().map_or(0, |times| gift.choose.saturating_mul(*times));
        let mut chosen = Pieces::new();
        let choices = self.request.context.gift_choices.iter().zip(verdicts);
        for (choice, verdict) in choices.filter(|(choice, _)| choice.promotion == promotion.id) {
            let sku = gift.skus.iter().find(|&sku| *sku == choice.sku).map(String::as_str);
            let is_applied = trigger.is_ok();
            *verdict = Verdict {
                no_such_gift: false,
                not_an_option: sku.is_none(),
                too_many: is_applied && left == 0,
                out_of_stock: is_applied && sku.is_some_and(|sku| stock.get(sku) == Some(&0)),
                not_applied: trigger.as_ref().err().cloned(),
            };
            if let (Some(sku), true) = (sku, verdict.is_honored()) {
                left -= 1;
                take(stock, sku, 1);
                *chosen.entry(sku).or_default() += 1;
            }
        }
        let became = self.became(index);
        let mut decided = chosen;
        for (sku, count) in by_sku(&became) {
            match decided.get_mut(sku).filter(|pieces| **pieces >= count) {
                Some(pieces) => *pieces -= count,
                None => self.flaw(format!(
                    "a unit became the gift of `{}` that does not apply, or was not chosen",
                    promotion.id
                )),
            }
        }
        decided.retain(|_, pieces| *pieces > 0);
        let on_top = on_top(gift, decided, left, stock);
        if !became.is_empty() || on_top != OnTop::default() {
            self.giving.insert(index);
        }
        self.compare(index, promotion, &became, &on_top);
    }

    /// How many times a gift is given, or why it is not; with the reason where that is a condition.
    pub(super) fn trigger(&self, promotion: &Promotion, gift: &Gift) -> Result<u32, Option<Why>> {
        if let Some(why) = self.refused(promotion) {
            // Whether goods are missing at all is told before what `basket_has` lacks; any such reason will do.
            return Err(Some(why).filter(|why| !matches!(why, Why::BasketLacks(_))));
        }
        let counts = |unit: &&Unit| self.is_accepted(promotion, unit);
        if gift.slots.is_empty() {
            let has_goods = self.units.iter().filter(counts).any(|unit| self.means(&promotion.on, unit));
            return if has_goods && self.is_reached(promotion, gift.spend.as_ref()) {
                Ok(1)
            } else {
                Err(None)
            };
        }
        let mut by_line: BTreeMap<usize, Pile<'_>> = BTreeMap::new();
        for unit in self.units.iter().filter(counts) {
            let fits = || gift.slots.iter().map(|slot| self.means(&slot.on, unit)).collect();
            let pile = || Pile { sku: self.sku(unit), count: 0, fits: fits() };
            if unit.gift.is_none() {
                by_line.entry(unit.line).or_insert_with(pile).count += 1;
            }
        }
        by_line.retain(|_, pile| pile.fits.contains(&true));
        let piles: Vec<Pile<'_>> = by_line.into_values().collect();
        let most = match promotion.limits.sets {
            None => 1,
            Some(Sets::AtMost(most)) => most,
            Some(Sets::Unlimited) => u32::MAX,
        };
        match complete_sets(&piles, &gift.slots, most) {
            0 => Err(None),
            _ if !self.is_reached(promotion, gift.spend.as_ref()) => Err(None),
            sets => Ok(sets),
        }
    }

    /// The units that became the gift of a promotion, by line and SKU.
    fn became(&self, index: PromotionIndex) -> BTreeMap<(usize, &'a str), u32> {
        let mut became = BTreeMap::new();
        for unit in self.units.iter().filter(|unit| unit.gift == Some(index)) {
            *became.entry((unit.line, self.sku(unit))).or_default() += 1;
        }
        became
    }

    /// Holds what the quote lists of a gift against what it gives.
    fn compare(
        &mut self,
        index: PromotionIndex,
        promotion: &Promotion,
        became: &BTreeMap<(usize, &'a str), u32>,
        on_top: &OnTop<'a>,
    ) {
        let mut quoted = OnTop::default();
        let mut quoted_lines: BTreeMap<(usize, &'a str), u32> = BTreeMap::new();
        let mut is_strange = false;
        for given in self.quote.gifts.iter().filter(|given| given.promotion == index) {
            is_strange |= given.quantity == 0;
            match (given.sku.as_deref(), given.line) {
                (Some(sku), Some(line)) => *quoted_lines.entry((line, sku)).or_default() += given.quantity,
                (Some(sku), None) => *quoted.decided.entry(sku).or_default() += given.quantity,
                (None, None) if quoted.open.is_none() => {
                    quoted.open = Some((given.quantity, given.options.iter().map(String::as_str).collect()));
                }
                (None, _) => is_strange = true,
            }
        }
        let pieces = |gifts: &OnTop<'_>| gifts.open.as_ref().map_or(0, |(pieces, _)| *pieces);
        let options = |gifts: &OnTop<'a>| gifts.open.as_ref().map(|(_, options)| options.clone());
        let id = &promotion.id;
        let faults = [
            (is_strange, "lists a gift that is none"),
            (quoted_lines != *became, "names other lines than those whose units became the gift"),
            (
                quoted.decided != on_top.decided,
                "gives other goods than were chosen, or another number of them",
            ),
            (pieces(&quoted) != pieces(on_top), "leaves another number of pieces to be chosen"),
            (options(&quoted) != options(on_top), "offers other goods than may be chosen"),
        ];
        for (_, fault) in faults.into_iter().filter(|(is_fault, _)| *is_fault) {
            self.flaw(format!("`{id}` {fault}"));
        }
    }

    fn refusals(&mut self, verdicts: &[Verdict]) {
        let refused = &self.quote.gifts_refused;
        let expected = (0..).zip(verdicts).filter(|(_, verdict)| !verdict.is_honored());
        let expected: Vec<(usize, &Verdict)> = expected.collect();
        if !expected.iter().map(|(place, _)| *place).eq(refused.iter().map(|refused| refused.choice)) {
            self.flaw("the choices that are refused are not those that cannot be honored");
        } else if !expected.iter().zip(refused).all(|((_, verdict), refused)| verdict.allows(&refused.why)) {
            self.flaw("a choice of a gift is refused for a reason that does not hold");
        }
    }
}

/// Pieces whose goods are chosen, and the rest: decided where one thing is left to choose from.
fn on_top<'a>(gift: &'a Gift, mut decided: Pieces<'a>, left: u32, stock: &mut Stock<'a>) -> OnTop<'a> {
    let mut options: Vec<&str> = Vec::new();
    for sku in gift.skus.iter().map(String::as_str).filter(|_| left > 0) {
        if stock.get(sku) != Some(&0) && !options.contains(&sku) {
            options.push(sku);
        }
    }
    let have = |sku: &&str| stock.get(sku).copied().unwrap_or(u32::MAX);
    let pieces = options.iter().map(have).fold(0, u32::saturating_add).min(left);
    if let [sku] = options.as_slice() {
        take(stock, sku, pieces);
        *decided.entry(sku).or_default() += pieces;
        return OnTop { decided, open: None };
    }
    OnTop { decided, open: (pieces > 0).then_some((pieces, options)) }
}

fn take(stock: &mut Stock<'_>, sku: &str, pieces: u32) {
    if let Some(left) = stock.get_mut(sku) {
        *left = left.saturating_sub(pieces);
    }
}

fn by_sku<'a>(units: &BTreeMap<(usize, &'a str), u32>) -> Pieces<'a> {
    let mut pieces = Pieces::new();
    units.iter().for_each(|(&(_, sku), count)| *pieces.entry(sku).or_default() += count);
    pieces
}
