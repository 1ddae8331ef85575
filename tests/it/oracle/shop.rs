//! A rulebook and a request as the oracle sees them: single units, and who may meet whom on them.

use std::collections::BTreeMap;

use pricewright::basket::{Line, Request};
use pricewright::catalog::{Goods, Selector};
use pricewright::money::{Amount, Rounding};
use pricewright::promotion::{
    Benefit, Code, Count, Measured, Promotion, SpendBenefit, Stacking, Stage, UnitCut,
};
use pricewright::rulebook::Rulebook;

use super::arithmetic::{floor_of, weighed};
use super::beside::{GiftRule, PointRule, can_take};
use super::sets::{Application, Pieces, SetRule};

/// Whether a promotion's `when` holds; the problems here ask for codes, channels and stores alone.
pub(crate) fn is_live(promotion: &Promotion, request: &Request) -> bool {
    let when = &promotion.when;
    let letters = |text: &str| {
        text.chars()
            .filter(|letter| letter.is_alphanumeric() || *letter == '_')
            .collect::<String>()
            .to_uppercase()
    };
    let among = |list: &[String], word: &Option<String>| {
        list.is_empty()
            || word.as_ref().is_some_and(|word| list.iter().any(|entry| letters(entry) == letters(word)))
    };
    let code = match &when.code {
        None => true,
        Some(Code::Word(word)) => request.context.codes.iter().any(|code| letters(code) == letters(word)),
        Some(Code::Pool { .. }) => panic!("pools of codes are not part of this oracle"),
    };
    code && among(&when.channels, &request.context.channel) && among(&when.stores, &request.context.store)
}

/// A set of promotions by their places.
pub(super) type Mask = u32;

/// "One piece of a basket line."
pub(super) struct Unit {
    pub(super) line: usize,
    /// Which goods: the place of the first unit with this SKU.
    pub(super) sku: usize,
    pub(super) list: i64,
    pub(super) floor: i64,
    /// Neighbors that nothing tells apart, on whichever line they stand, are one run.
    pub(super) run: usize,
    /// Its place in the run when the run is read backwards.
    pub(super) mirror: usize,
    /// The price promotions whose goods it is of.
    pub(super) matches: Mask,
    /// The price promotions whose spend measures it.
    pub(super) measured: Mask,
    /// The delivery promotions that count it.
    pub(super) delivered: Mask,
    /// The gift that it became: it costs its floor and is out of everything else.
    pub(super) gifted: Option<usize>,
    /// Whether its line is out of everything: it never becomes a gift.
    pub(super) no_promotions: bool,
}

/// A price promotion that is live, by id in byte order.
pub(super) struct Promo {
    pub(super) id: String,
    pub(super) level: i32,
    pub(super) stage: Stage,
    pub(super) gives: Gives,
    /// The other price promotions that may not meet it on a unit.
    pub(super) rejects: Mask,
    pub(super) most_units: Option<u32>,
    pub(super) max_discount: Option<i64>,
    /// Something off units that carry it by choice.
    pub(super) can_be_carried: bool,
    /// A basket amount, on or off.
    pub(super) can_be_on: bool,
}

pub(super) enum Gives {
    Cut(UnitCut),
    /// One price a unit, in the order of the units; `None` where the list has none.
    Prices(Vec<Option<i64>>),
    Shared(i64),
    Spend {
        tiers: Vec<(i64, SpendBenefit)>,
        of_list: bool,
        every: bool,
    },
    /// Tiers by the number of units that carry it, perhaps each SKU by itself.
    Tiers {
        tiers: Vec<(u32, UnitCut)>,
        same_sku: bool,
    },
    Sets(SetRule),
}

/// "Which units take part in which price promotions, which units make up which set, which basket amounts are on."
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Assignment {
    /// What each unit carries by choice.
    pub(super) carried: Vec<Mask>,
    /// The basket amounts that are on.
    pub(super) on: Mask,
    /// The sets that are made up, by promotion.
    pub(super) sets: Vec<Vec<Application>>,
}

/// A delivery promotion that is live.
pub(super) struct Courier {
    pub(super) id: String,
    pub(super) level: i32,
    pub(super) cut: UnitCut,
    /// The sum to be reached, and whether by list prices.
    pub(super) spend: Option<(i64, bool)>,
    /// The price promotions that take a unit out of its sight.
    pub(super) rejects: Mask,
}

pub(super) struct Shop {
    pub(super) units: Vec<Unit>,
    pub(super) promos: Vec<Promo>,
    pub(super) couriers: Vec<Courier>,
    /// By id in byte order.
    pub(super) gifts: Vec<GiftRule>,
    pub(super) points: Vec<PointRule>,
    /// The levels that count, the highest first.
    pub(super) levels: Vec<i32>,
    pub(super) delivery: i64,
    pub(super) rounding: Rounding,
}

impl Shop {
    /// Every unit is a run by itself: nothing is alike.
    pub(super) fn tell_units_apart(&mut self) {
        for (place, unit) in self.units.iter_mut().enumerate() {
            (unit.run, unit.mirror) = (place, place);
        }
    }

    /// The shop where each unit became the gift of that place, or none; units beyond the list became none.
    pub(super) fn new(rulebook: &Rulebook, request: &Request, gifted: &[Option<usize>]) -> Self {
        let settings = rulebook.settings();
        let mut live: Vec<&Promotion> = rulebook
            .promotions()
            .iter()
            .filter(|promotion| is_live(promotion, request) && touches(promotion, request, settings.rounding))
            .collect();
        live.sort_by(|one, other| one.id.as_bytes().cmp(other.id.as_bytes()));
        let of_kind = |wanted: fn(&Promotion) -> bool| -> Vec<&Promotion> {
            live.iter().copied().filter(|promotion| wanted(promotion)).collect()
        };
        let priced = of_kind(is_priced);
        let delivering = of_kind(|promotion| matches!(promotion.benefit, Benefit::Delivery(_)));
        let mut lines = Vec::new();
        let mut units: Vec<Unit> = Vec::new();
        let mut goods_of_units = Vec::new();
        for (place, line) in request.basket.lines.iter().enumerate() {
            let price = line.unit_price.expect("every line names its price");
            let list = weighed(price, line.measure, settings.rounding);
            let cost = line.cost.map(|cost| weighed(cost, line.measure, settings.rounding));
            let goods = goods_of(line, settings.rounding);
            // "A line with `no_promotions` matches nothing and counts nowhere."
            let meant = |selector: &Selector| !line.no_promotions && selector.matches(&goods);
            // "The largest of the setting `min_unit_price`, every applicable cap's …"; never above the list price.
            let floor = rulebook
                .caps()
                .iter()
                .filter(|cap| meant(&cap.on))
                .map(|cap| floor_of(cap.floor, list, cost))
                .fold(settings.min_unit_price.minor(), i64::max)
                .min(list);
            let is_of = |promotion: &Promotion| match &promotion.benefit {
                Benefit::Prices(list) => meant(&promotion.on) && list.prices.contains_key(&line.sku),
                // "The goods that the benefit touches. For a set see its slots."
                Benefit::Set(set) => set.slots.iter().any(|slot| meant(&slot.on)),
                _ => meant(&promotion.on),
            };
            for _ in 0..line.quantity {
                let gifted = gifted.get(units.len()).copied().flatten();
                let is_out = line.no_promotions || gifted.is_some();
                let unless_out = |mask: Mask| if is_out { 0 } else { mask };
                lines.push((!is_out).then_some(line));
                goods_of_units.push((goods, is_out));
                units.push(Unit {
                    line: place,
                    sku: goods_of_units.iter().position(|(one, _)| one.sku == line.sku).expect("itself"),
                    list,
                    floor,
                    run: 0,
                    mirror: 0,
                    matches: unless_out(mask_of(&priced, is_of)),
                    measured: unless_out(mask_of(&priced, |p| meant(measured_goods(p)))),
                    delivered: unless_out(mask_of(&delivering, |p| meant(measured_goods(p)))),
                    gifted,
                    no_promotions: line.no_promotions,
                });
            }
        }
        let gifts = live.iter().filter_map(|promotion| match &promotion.benefit {
            Benefit::Gift(gift) => {
                Some(GiftRule::new(promotion, gift, &priced, &lines, request, settings.rounding))
            }
            _ => None,
        });
        let points = live.iter().filter_map(|promotion| match &promotion.benefit {
            Benefit::Points(points) => {
                Some(PointRule::new(promotion, points, &priced, &lines, settings.rounding))
            }
            _ => None,
        });
        let mut shop = Shop {
            units,
            promos: priced.iter().map(|promotion| Promo::new(promotion, &priced, &goods_of_units)).collect(),
            couriers: delivering.iter().map(|promotion| Courier::new(promotion, &priced)).collect(),
            gifts: gifts.collect(),
            points: points.collect(),
            levels: levels(rulebook, request),
            delivery: request.basket.delivery.as_ref().map_or(0, |delivery| delivery.price.minor()),
            rounding: settings.rounding,
        };
        for at in 1..shop.units.len() {
            shop.units[at].run = shop.units[at - 1].run + usize::from(!shop.are_alike(at - 1, at));
        }
        let runs: Vec<usize> = shop.units.iter().map(|unit| unit.run).collect();
        for (at, unit) in shop.units.iter_mut().enumerate() {
            let first = runs.iter().position(|&run| run == unit.run).expect("itself");
            let last = runs.iter().rposition(|&run| run == unit.run).expect("itself");
            unit.mirror = first + last - at;
        }
        shop
    }

    /// Whether nothing tells two units apart, on whichever line they stand.
    fn are_alike(&self, one: usize, other: usize) -> bool {
        let key = |at: usize| {
            let unit = &self.units[at];
            (unit.list, unit.floor, unit.matches, unit.measured, unit.delivered, unit.no_promotions)
        };
        let same_goods = self.units[one].sku == self.units[other].sku;
        let told_apart = |(at, promo): (usize, &Promo)| match &promo.gives {
            _ if self.units[one].matches & 1 << at == 0 => false,
            Gives::Prices(prices) => prices[one] != prices[other],
            Gives::Tiers { same_sku, .. } => *same_sku && !same_goods,
            Gives::Sets(rule) => {
                rule.slots.iter().any(|slot| slot.fits[one] != slot.fits[other])
                    || (rule.asks_for_equal_ones() && !same_goods)
            }
            Gives::Cut(_) | Gives::Shared(_) | Gives::Spend { .. } => false,
        };
        key(one) == key(other)
            && !self.are_told_apart_beside(one, other)
            && !self.promos.iter().enumerate().any(told_apart)
    }

    pub(super) fn mask(&self, of: impl Fn(&Promo) -> bool) -> Mask {
        (0..self.promos.len()).filter(|&at| of(&self.promos[at])).fold(0, |mask, at| mask | 1 << at)
    }

    pub(super) fn places(&self, set: Mask) -> impl Iterator<Item = usize> {
        (0..self.promos.len()).filter(move |at| set & 1 << at != 0)
    }
}

impl Promo {
    fn new(promotion: &Promotion, others: &[&Promotion], goods: &[(Goods<'_>, bool)]) -> Self {
        let minor = |amount: Option<Amount>| amount.map(|amount| amount.minor());
        let (gives, max_discount) = match &promotion.benefit {
            Benefit::Units(benefit) => (Gives::Cut(benefit.cut), minor(benefit.max_discount)),
            Benefit::Prices(list) => {
                let price = |(goods, _): &(Goods<'_>, bool)| list.prices.get(goods.sku);
                let prices = goods.iter().map(|goods| price(goods).map(|price| price.minor()));
                (Gives::Prices(prices.collect()), minor(list.max_discount))
            }
            Benefit::Basket(benefit) => (Gives::Shared(benefit.amount.minor()), minor(benefit.max_discount)),
            Benefit::Spend { spend, tiers, max_discount } => {
                let gives = Gives::Spend {
                    tiers: tiers.iter().map(|tier| (tier.from.minor(), tier.give)).collect(),
                    of_list: spend.measured == Measured::List,
                    every: spend.every,
                };
                (gives, minor(*max_discount))
            }
            Benefit::Quantity { tiers, count, max_discount } => {
                let gives = Gives::Tiers {
                    tiers: tiers.iter().map(|tier| (tier.from, tier.cut)).collect(),
                    same_sku: *count == Count::SameSku,
                };
                (gives, minor(*max_discount))
            }
            Benefit::Set(set) => (Gives::Sets(SetRule::new(promotion, set, goods)), minor(set.max_discount)),
            other => panic!("not part of this oracle: {other:?}"),
        };
        let tier_is = |wanted: fn(&SpendBenefit) -> bool| match &gives {
            Gives::Spend { tiers, .. } => tiers.iter().any(|(_, give)| wanted(give)),
            _ => false,
        };
        let can_be_on =
            matches!(gives, Gives::Shared(_)) || tier_is(|give| matches!(give, SpendBenefit::Basket(_)));
        let can_be_carried =
            matches!(gives, Gives::Cut(_) | Gives::Prices(_) | Gives::Tiers { .. } | Gives::Sets(_))
                || tier_is(|give| matches!(give, SpendBenefit::Units(_)));
        // Spends and basket amounts belong to the basket stage whatever the field says.
        let of_basket = matches!(gives, Gives::Shared(_) | Gives::Spend { .. });
        Promo {
            id: promotion.id.clone(),
            level: promotion.level,
            stage: if of_basket { Stage::Basket } else { promotion.stage },
            gives,
            // "Two price promotions are compatible when each accepts the other."
            rejects: mask_of(others, |other| {
                other.id != promotion.id && !(accepts(promotion, other) && accepts(other, promotion))
            }),
            most_units: promotion.limits.units,
            max_discount,
            can_be_carried,
            can_be_on,
        }
    }
}

/// What selectors see of a line.
pub(super) fn goods_of(line: &Line, rounding: Rounding) -> Goods<'_> {
    let price = line.unit_price.expect("every line names its price");
    Goods {
        sku: &line.sku,
        brand: line.brand.as_deref().unwrap_or_default(),
        categories: &line.categories,
        tags: &line.tags,
        list_price: Amount::from_minor(weighed(price, line.measure, rounding)),
    }
}

/// Whether a promotion has to do with the goods of a basket: some of them are its own, and they are enough for one set,
/// or for its first tier by quantity. One that touches nothing is as if it did not exist: neither does its level
/// count, nor does it deliver.
pub(crate) fn touches(promotion: &Promotion, request: &Request, rounding: Rounding) -> bool {
    let lines = &request.basket.lines;
    let meant = |line: &&Line| !line.no_promotions && promotion.on.matches(&goods_of(line, rounding));
    let allows = |pieces: u32| promotion.limits.units.is_none_or(|most| pieces <= most);
    match &promotion.benefit {
        Benefit::Prices(list) => lines.iter().filter(meant).any(|line| list.prices.contains_key(&line.sku)),
        Benefit::Set(set) => {
            allows(set.slots.iter().map(|slot| slot.quantity).sum())
                && Pieces::new(&set.slots, request, rounding).suffice()
        }
        Benefit::Gift(gift) if !gift.slots.is_empty() => {
            Pieces::new(&gift.slots, request, rounding).suffice()
        }
        Benefit::Quantity { tiers, count, .. } => {
            let mut pieces: BTreeMap<Option<&str>, u32> = BTreeMap::new();
            for line in lines.iter().filter(meant) {
                let sku = (*count == Count::SameSku).then_some(line.sku.as_str());
                *pieces.entry(sku).or_default() += line.quantity;
            }
            let first = tiers.iter().map(|tier| tier.from).min().expect("at least one tier");
            allows(first) && pieces.values().any(|&pieces| pieces >= first)
        }
        _ => lines.iter().filter(meant).count() > 0,
    }
}

/// The levels that count, the highest first: of the price promotions that touch the basket, of gifts that were chosen
/// and stand on a line, and 0.
pub(crate) fn levels(rulebook: &Rulebook, request: &Request) -> Vec<i32> {
    let rounding = rulebook.settings().rounding;
    let counts = |promotion: &&Promotion| {
        is_live(promotion, request)
            && touches(promotion, request, rounding)
            && (is_priced(promotion) || can_take(promotion, request, rounding))
    };
    let mut levels: Vec<i32> =
        rulebook.promotions().iter().filter(counts).map(|promotion| promotion.level).chain([0]).collect();
    levels.sort_unstable_by(|one, other| other.cmp(one));
    levels.dedup();
    levels
}

/// "A price promotion is one whose benefit lowers unit prices. Gifts, delivery and points are the others."
fn is_priced(promotion: &Promotion) -> bool {
    !matches!(promotion.benefit, Benefit::Gift(_) | Benefit::Delivery(_) | Benefit::Points(_))
}

impl Courier {
    fn new(promotion: &Promotion, priced: &[&Promotion]) -> Self {
        let Benefit::Delivery(benefit) = &promotion.benefit else { panic!("not a delivery promotion") };
        let all = promotion.stacks_with == Stacking::Unsaid;
        Courier {
            id: promotion.id.clone(),
            level: promotion.level,
            cut: benefit.cut,
            spend: benefit
                .spend
                .as_ref()
                .map(|(spend, least)| (least.minor(), spend.measured == Measured::List)),
            rejects: mask_of(priced, |other| !all && !accepts(promotion, other)),
        }
    }
}

/// "`stacks_with: all`, or a list naming the other's `group` or `id`. The default is none."
pub(super) fn accepts(one: &Promotion, other: &Promotion) -> bool {
    match &one.stacks_with {
        Stacking::Unsaid => false,
        Stacking::All => true,
        Stacking::With(names) => {
            names.iter().any(|name| *name == other.id || other.group.as_ref() == Some(name))
        }
    }
}

/// "`on` says which goods the benefit touches; `spend.on` which are measured: the same goods when absent."
fn measured_goods(promotion: &Promotion) -> &Selector {
    let spend = match &promotion.benefit {
        Benefit::Spend { spend, .. } => Some(spend),
        Benefit::Delivery(benefit) => benefit.spend.as_ref().map(|(spend, _)| spend),
        _ => None,
    };
    spend.and_then(|spend| spend.on.as_ref()).unwrap_or(&promotion.on)
}

pub(super) fn mask_of(promotions: &[&Promotion], of: impl Fn(&Promotion) -> bool) -> Mask {
    assert!(promotions.len() <= 20, "too many promotions to try everything");
    (0..promotions.len()).filter(|&at| of(promotions[at])).fold(0, |mask, at| mask | 1 << at)
}
