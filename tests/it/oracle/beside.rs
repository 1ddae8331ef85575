//! What stands beside the price promotions: gifts and points, measured on the final prices.

use std::collections::BTreeMap;

use pricewright::basket::{Line, Request};
use pricewright::catalog::Selector;
use pricewright::money::Rounding;
use pricewright::promotion::benefit::Earn;
use pricewright::promotion::limits::Sets;
use pricewright::promotion::{Benefit, Gift, Measured, Promotion, Spend, Stacking};

use super::sets::Pieces;
use super::settle::Settled;
use super::shop::{Mask, Shop, accepts, goods_of, mask_of};

/// The units that a gift or points see.
pub(super) struct Sight {
    on: Vec<bool>,
    measured: Vec<bool>,
    /// The sum to be reached, and whether by list prices.
    spend: Option<(i64, bool)>,
    /// The price promotions that take a unit out of sight.
    rejects: Mask,
}

/// A gift promotion that is live.
pub(super) struct GiftRule {
    pub(super) id: String,
    pub(super) level: i32,
    sight: Sight,
    options: Vec<String>,
    /// What the customer chose, one entry a piece, as far as it may be chosen.
    pub(super) chosen: Vec<String>,
    choose: u32,
    /// The set that must be complete, and how many times it gives.
    sets: Option<(Pieces, u32)>,
}

/// A points promotion that is live.
pub(super) struct PointRule {
    sight: Sight,
    earn: Earn,
}

/// Pieces given on top of the basket: of which promotion, which goods once that is decided, how many.
pub(crate) type OnTop = BTreeMap<(String, Option<String>), u32>;

impl Sight {
    fn new(
        promotion: &Promotion,
        spend: Option<&(Spend, pricewright::money::Amount)>,
        priced: &[&Promotion],
        lines: &[Option<&Line>],
        rounding: Rounding,
    ) -> Self {
        let seen = |selector: &Selector| -> Vec<bool> {
            lines
                .iter()
                .map(|line| line.is_some_and(|line| selector.matches(&goods_of(line, rounding))))
                .collect()
        };
        let measured = spend.and_then(|(spend, _)| spend.on.as_ref()).unwrap_or(&promotion.on);
        let all = promotion.stacks_with == Stacking::Unsaid;
        Sight {
            on: seen(&promotion.on),
            measured: seen(measured),
            spend: spend.map(|(spend, least)| (least.minor(), spend.measured == Measured::List)),
            // "Gifts, delivery and points go with everything unless they carry a `stacks_with` of their own."
            rejects: mask_of(priced, |other| !all && !accepts(promotion, other)),
        }
    }

    fn counts(&self, settled: &Settled, unit: usize) -> bool {
        settled.full[unit] & self.rejects == 0
    }

    /// "Delivery, gifts and points measure the final prices."
    fn is_reached(&self, shop: &Shop, settled: &Settled) -> bool {
        let Some((least, of_list)) = self.spend else { return true };
        let counted = (0..shop.units.len()).filter(|&unit| self.measured[unit] && self.counts(settled, unit));
        let price = |unit: usize| if of_list { shop.units[unit].list } else { settled.prices[unit] };
        counted.map(price).sum::<i64>() >= least
    }

    fn tells_apart(&self, one: usize, other: usize) -> bool {
        self.on[one] != self.on[other] || self.measured[one] != self.measured[other]
    }
}

impl GiftRule {
    /// A gift over units of these lines; units that are out of everything are of none.
    pub(super) fn new(
        promotion: &Promotion,
        gift: &Gift,
        priced: &[&Promotion],
        lines: &[Option<&Line>],
        request: &Request,
        rounding: Rounding,
    ) -> Self {
        let times = most_sets(promotion);
        GiftRule {
            id: promotion.id.clone(),
            level: promotion.level,
            sight: Sight::new(promotion, gift.spend.as_ref(), priced, lines, rounding),
            options: gift.skus.clone(),
            chosen: chosen(promotion, gift, request),
            choose: gift.choose,
            sets: (!gift.slots.is_empty()).then(|| (Pieces::new(&gift.slots, request, rounding), times)),
        }
    }

    /// "Triggered by `spend`, by `buy`, or by `on` alone. Once a basket, or once a set with `limits.sets`."
    fn pieces(&self, shop: &Shop, settled: &Settled) -> u32 {
        let counts = |unit: usize| self.sight.on[unit] && self.sight.counts(settled, unit);
        if !self.sight.is_reached(shop, settled) {
            return 0;
        }
        let times = match &self.sets {
            None => u32::from((0..shop.units.len()).any(counts)),
            Some((pieces, most)) => pieces.sets(
                (0..shop.units.len()).filter(|&unit| counts(unit)).map(|unit| shop.units[unit].line),
                *most,
            ),
        };
        times.saturating_mul(self.choose)
    }
}

/// The choices of a gift that can be honored at all: of goods that it offers and that are not sold out.
fn chosen(promotion: &Promotion, gift: &Gift, request: &Request) -> Vec<String> {
    let none_left =
        |sku: &str| request.context.gift_stock.iter().any(|one| one.sku == sku && one.quantity == 0);
    let mine = request.context.gift_choices.iter().filter(|choice| choice.promotion == promotion.id);
    mine.filter(|choice| gift.skus.contains(&choice.sku) && !none_left(&choice.sku))
        .map(|choice| choice.sku.clone())
        .collect()
}

/// Whether goods that were chosen as a gift stand on a line, among so many as it gives before any promotion: then it can take
/// something off.
pub(super) fn can_take(promotion: &Promotion, request: &Request, rounding: Rounding) -> bool {
    let Benefit::Gift(gift) = &promotion.benefit else { return false };
    let lines: Vec<(usize, &Line)> =
        request.basket.lines.iter().enumerate().filter(|(_, line)| !line.no_promotions).collect();
    let of = |on: &Selector| -> Vec<(usize, &Line)> {
        lines.iter().copied().filter(|(_, line)| on.matches(&goods_of(line, rounding))).collect()
    };
    let list = |line: &Line| goods_of(line, rounding).list_price.minor() * i64::from(line.quantity);
    let is_reached = gift.spend.as_ref().is_none_or(|(spend, least)| {
        let measured = of(spend.on.as_ref().unwrap_or(&promotion.on));
        measured.iter().map(|(_, line)| list(line)).sum::<i64>() >= least.minor()
    });
    let most = most_sets(promotion);
    let times = if gift.slots.is_empty() {
        1
    } else {
        let units = of(&promotion.on);
        let units = units.iter().flat_map(|(place, line)| (0..line.quantity).map(|_| *place));
        Pieces::new(&gift.slots, request, rounding).sets(units, most)
    };
    let pieces = usize::try_from(times.saturating_mul(gift.choose)).expect("few");
    // Of goods that are short another gift may have taken the last: then a later choice comes in.
    let is_short = |sku: &str| request.context.gift_stock.iter().any(|one| one.sku == sku);
    let mut sure = 0;
    let mut hoped = chosen(promotion, gift, request).into_iter().filter(|sku| {
        let is_hoped = sure < pieces;
        sure += usize::from(!is_short(sku));
        is_hoped
    });
    is_reached && hoped.any(|sku| lines.iter().any(|(_, line)| line.sku == sku))
}

/// How often a gift is given at most.
fn most_sets(promotion: &Promotion) -> u32 {
    match promotion.limits.sets {
        None => 1,
        Some(Sets::AtMost(most)) => most,
        Some(Sets::Unlimited) => u32::MAX,
    }
}

impl PointRule {
    pub(super) fn new(
        promotion: &Promotion,
        points: &pricewright::promotion::Points,
        priced: &[&Promotion],
        lines: &[Option<&Line>],
        rounding: Rounding,
    ) -> Self {
        PointRule {
            sight: Sight::new(promotion, points.spend.as_ref(), priced, lines, rounding),
            earn: points.earn,
        }
    }
}

impl Shop {
    /// Whether a gift or points tell two units apart.
    pub(super) fn are_told_apart_beside(&self, one: usize, other: usize) -> bool {
        let may_be_chosen = self.gifts.iter().any(|gift| !gift.chosen.is_empty());
        let by_set = self
            .gifts
            .iter()
            .filter_map(|gift| gift.sets.as_ref())
            .any(|(pieces, _)| pieces.tell_apart(self.units[one].line, self.units[other].line));
        let sights = self.gifts.iter().map(|gift| &gift.sight);
        let mut sights = sights.chain(self.points.iter().map(|points| &points.sight));
        self.units[one].gifted != self.units[other].gifted
            || (may_be_chosen && self.units[one].sku != self.units[other].sku)
            || by_set
            || sights.any(|sight| sight.tells_apart(one, other))
    }

    /// What is given on top of the basket; `None` where a unit became a gift that is not given. "Stock is a limit like any
    /// other": the gifts are served by their ids, and each first what was chosen.
    pub(super) fn on_top(&self, request: &Request, settled: &Settled) -> Option<OnTop> {
        let mut stock: BTreeMap<&str, u32> =
            request.context.gift_stock.iter().map(|one| (one.sku.as_str(), one.quantity)).collect();
        let mut all = OnTop::new();
        for (at, gift) in self.gifts.iter().enumerate() {
            let mut left = gift.pieces(self, settled);
            let became = self.units.iter().filter(|unit| unit.gifted == Some(at));
            let mut became: Vec<&str> =
                became.map(|unit| request.basket.lines[unit.line].sku.as_str()).collect();
            for sku in &gift.chosen {
                if left == 0 || !take_one(&mut stock, sku) {
                    continue;
                }
                left -= 1;
                match became.iter().position(|one| one == sku) {
                    Some(place) => drop(became.remove(place)),
                    None => *all.entry((gift.id.clone(), Some(sku.clone()))).or_default() += 1,
                }
            }
            if !became.is_empty() {
                return None;
            }
            let offered: Vec<&String> =
                gift.options.iter().filter(|sku| stock.get(sku.as_str()) != Some(&0)).collect();
            if let [only] = offered.as_slice() {
                while left > 0 && take_one(&mut stock, only) {
                    left -= 1;
                    *all.entry((gift.id.clone(), Some((*only).clone()))).or_default() += 1;
                }
            } else if left > 0 && !offered.is_empty() {
                all.insert((gift.id.clone(), None), left);
            }
        }
        Some(all)
    }

    /// "`give.points: {per: 10.00, points: 1}` or `multiply: 2`, on what was paid in the end": of the greatest factor
    /// for each unit.
    pub(super) fn points(&self, settled: &Settled) -> u64 {
        let reached: Vec<&PointRule> =
            self.points.iter().filter(|points| points.sight.is_reached(self, settled)).collect();
        let sees = |rule: &PointRule, unit: usize| rule.sight.on[unit] && rule.sight.counts(settled, unit);
        // Factors in ten-thousandths, so that nothing is rounded before the end.
        let one = 10_000_i128;
        let factor = |unit: usize| -> i128 {
            let factors = reached.iter().filter(|rule| sees(rule, unit)).filter_map(|rule| match rule.earn {
                Earn::Multiply(times) => {
                    Some((times * rust_decimal::Decimal::from(10_000)).trunc().mantissa())
                }
                Earn::Per { .. } => None,
            });
            factors.fold(one, i128::max)
        };
        let mut all = 0;
        for rule in &reached {
            if let Earn::Per { amount, points } = rule.earn {
                let seen = (0..self.units.len()).filter(|&unit| sees(rule, unit));
                let paid: i128 = seen.map(|unit| i128::from(settled.prices[unit]) * factor(unit)).sum();
                let times = paid.div_euclid(i128::from(amount.minor()) * one);
                all += u64::try_from(times).expect("not negative") * points;
            }
        }
        all
    }
}

/// Takes one piece from the stock; goods that are not named there are not limited.
fn take_one(stock: &mut BTreeMap<&str, u32>, sku: &str) -> bool {
    match stock.get_mut(sku) {
        None => true,
        Some(0) => false,
        Some(left) => {
            *left -= 1;
            true
        }
    }
}
