//! A rulebook and a request as the oracle sees them: single units, and who may meet whom on them.

use pricewright::basket::Request;
use pricewright::catalog::{Goods, Selector};
use pricewright::money::{Amount, Rounding};
use pricewright::promotion::{Benefit, Code, Measured, Promotion, SpendBenefit, Stacking, Stage, UnitCut};
use pricewright::rulebook::Rulebook;

use super::arithmetic::{floor_of, weighed};

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
    pub(super) list: i64,
    pub(super) floor: i64,
    /// The price promotions whose goods it is of.
    pub(super) matches: Mask,
    /// The price promotions whose spend measures it.
    pub(super) measured: Mask,
    /// The delivery promotions that count it.
    pub(super) delivered: Mask,
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
    /// Something off each unit that carries it by choice.
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
    /// The levels of the price promotions, the highest first.
    pub(super) levels: Vec<i32>,
    pub(super) delivery: i64,
    pub(super) rounding: Rounding,
}

impl Shop {
    pub(super) fn new(rulebook: &Rulebook, request: &Request) -> Self {
        let settings = rulebook.settings();
        let mut live: Vec<&Promotion> = rulebook
            .promotions()
            .iter()
            .filter(|promotion| is_live(promotion, request) && touches(promotion, request, settings.rounding))
            .collect();
        live.sort_by(|one, other| one.id.as_bytes().cmp(other.id.as_bytes()));
        let (priced, delivering): (Vec<&Promotion>, Vec<&Promotion>) =
            live.into_iter().partition(|promotion| !matches!(promotion.benefit, Benefit::Delivery(_)));
        let mut units = Vec::new();
        let mut skus = Vec::new();
        for (place, line) in request.basket.lines.iter().enumerate() {
            let price = line.unit_price.expect("every line names its price");
            let list = weighed(price, line.measure, settings.rounding);
            let cost = line.cost.map(|cost| weighed(cost, line.measure, settings.rounding));
            let goods = Goods {
                sku: &line.sku,
                brand: line.brand.as_deref().unwrap_or_default(),
                categories: &line.categories,
                tags: &line.tags,
                list_price: Amount::from_minor(list),
            };
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
            let has_price = |promotion: &Promotion| match &promotion.benefit {
                Benefit::Prices(list) => list.prices.contains_key(&line.sku),
                _ => true,
            };
            for _ in 0..line.quantity {
                skus.push(line.sku.clone());
                units.push(Unit {
                    line: place,
                    list,
                    floor,
                    matches: mask_of(&priced, |p| meant(&p.on) && has_price(p)),
                    measured: mask_of(&priced, |p| meant(measured_goods(p))),
                    delivered: mask_of(&delivering, |p| meant(measured_goods(p))),
                });
            }
        }
        let mut levels: Vec<i32> = priced.iter().map(|promotion| promotion.level).chain([0]).collect();
        levels.sort_unstable_by(|one, other| other.cmp(one));
        levels.dedup();
        Shop {
            units,
            promos: priced.iter().map(|promotion| Promo::new(promotion, &priced, &skus)).collect(),
            couriers: delivering.iter().map(|promotion| Courier::new(promotion, &priced)).collect(),
            levels,
            delivery: request.basket.delivery.as_ref().map_or(0, |delivery| delivery.price.minor()),
            rounding: settings.rounding,
        }
    }

    /// Whether nothing tells two units apart, on whichever line they stand.
    pub(super) fn are_alike(&self, one: usize, other: usize) -> bool {
        let key = |at: usize| {
            let unit = &self.units[at];
            (unit.list, unit.floor, unit.matches, unit.measured, unit.delivered)
        };
        let listed = |at: usize, promo: &Promo| match &promo.gives {
            Gives::Prices(prices) => prices[at],
            _ => None,
        };
        key(one) == key(other) && self.promos.iter().all(|promo| listed(one, promo) == listed(other, promo))
    }

    pub(super) fn mask(&self, of: impl Fn(&Promo) -> bool) -> Mask {
        (0..self.promos.len()).filter(|&at| of(&self.promos[at])).fold(0, |mask, at| mask | 1 << at)
    }

    pub(super) fn places(&self, set: Mask) -> impl Iterator<Item = usize> {
        (0..self.promos.len()).filter(move |at| set & 1 << at != 0)
    }
}

impl Promo {
    fn new(promotion: &Promotion, others: &[&Promotion], skus: &[String]) -> Self {
        let minor = |amount: Option<Amount>| amount.map(|amount| amount.minor());
        let (gives, max_discount) = match &promotion.benefit {
            Benefit::Units(benefit) => (Gives::Cut(benefit.cut), minor(benefit.max_discount)),
            Benefit::Prices(list) => {
                let prices = skus.iter().map(|sku| list.prices.get(sku).map(|price| price.minor()));
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
            other => panic!("not part of this oracle: {other:?}"),
        };
        let tier_is = |wanted: fn(&SpendBenefit) -> bool| match &gives {
            Gives::Spend { tiers, .. } => tiers.iter().any(|(_, give)| wanted(give)),
            _ => false,
        };
        let can_be_on =
            matches!(gives, Gives::Shared(_)) || tier_is(|give| matches!(give, SpendBenefit::Basket(_)));
        let can_be_carried = matches!(gives, Gives::Cut(_) | Gives::Prices(_))
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

/// Whether any goods of the basket are a promotion's own. One that touches nothing is as if it did not exist: neither
/// does its level count, nor does it deliver.
pub(crate) fn touches(promotion: &Promotion, request: &Request, rounding: Rounding) -> bool {
    request.basket.lines.iter().any(|line| {
        let price = line.unit_price.expect("every line names its price");
        let goods = Goods {
            sku: &line.sku,
            brand: line.brand.as_deref().unwrap_or_default(),
            categories: &line.categories,
            tags: &line.tags,
            list_price: Amount::from_minor(weighed(price, line.measure, rounding)),
        };
        let is_listed = match &promotion.benefit {
            Benefit::Prices(list) => list.prices.contains_key(&line.sku),
            _ => true,
        };
        !line.no_promotions && promotion.on.matches(&goods) && is_listed
    })
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
fn accepts(one: &Promotion, other: &Promotion) -> bool {
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

fn mask_of(promotions: &[&Promotion], of: impl Fn(&Promotion) -> bool) -> Mask {
    assert!(promotions.len() <= 20, "too many promotions to try everything");
    (0..promotions.len()).filter(|&at| of(promotions[at])).fold(0, |mask, at| mask | 1 << at)
}
