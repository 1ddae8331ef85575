//! The best price by trying everything: each assignment of the definition is settled, the best one stays. Slow, plain,
//! and written from the definition alone; where it quotes, the sentence is the definition's own.

use pricewright::basket::Request;
use pricewright::catalog::{Goods, Selector};
use pricewright::money::{Rate, Rounding};
use pricewright::promotion::{
    Base, Benefit, Code, Measured, Promotion, SpendBenefit, Stacking, Stage, UnitCut,
};
use pricewright::rulebook::Rulebook;

use super::arithmetic::{floor_of, in_proportion, percent_of, spread, weighed};

/// The best price and one assignment that has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Best {
    /// What each level takes off, the highest first; the delivery's discount is in the last one.
    pub(crate) levels: Vec<i64>,
    /// What the customer pays for goods and delivery.
    pub(crate) total: i64,
    /// The units in basket order.
    pub(crate) units: Vec<Priced>,
    /// The delivery promotion, and what it takes off.
    pub(crate) delivery: Option<(String, i64)>,
}

/// One unit of the best assignment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Priced {
    pub(crate) line: usize,
    /// What it costs in the end.
    pub(crate) price: i64,
    /// The promotions that it carries, with what each took off it.
    pub(crate) takes: Vec<(String, i64)>,
}

/// Tries every assignment.
pub(crate) fn best(rulebook: &Rulebook, request: &Request) -> Best {
    let shop = Shop::new(rulebook, request);
    let mut search = Search { shop: &shop, best: None };
    for on in submasks(shop.mask(|promo| promo.can_be_on)) {
        let choices = shop.choices(on);
        search.units(on, &choices, shop.order_is_free(on), &mut Vec::new(), 0);
    }
    let (levels, carried, on) = search.best.expect("carrying nothing is always legal");
    let settled = shop.settle(&carried, on).expect("it was legal before");
    shop.tell(levels, &settled)
}

/// How many assignments [`best`] would try.
pub(crate) fn assignments(rulebook: &Rulebook, request: &Request) -> u64 {
    let shop = Shop::new(rulebook, request);
    let lines = shop.units.last().map_or(0, |unit| unit.line + 1);
    let mut all = 0_u64;
    for on in submasks(shop.mask(|promo| promo.can_be_on)) {
        let choices = shop.choices(on);
        let mut product = 1_u64;
        for line in 0..lines {
            let places: Vec<usize> = (0..choices.len()).filter(|&at| shop.units[at].line == line).collect();
            for (nth, at) in (1_u64..).zip(&places) {
                let ways = u64::try_from(choices[*at].len()).unwrap_or(u64::MAX);
                product = if shop.order_is_free(on) {
                    // Multisets, one unit more at a time: C(w + n − 1, n) = C(w + n − 2, n − 1) × (w + n − 1) / n.
                    product.saturating_mul(ways + nth - 1) / nth
                } else {
                    product.saturating_mul(ways)
                };
            }
        }
        all = all.saturating_add(product);
    }
    all
}

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
type Mask = u32;

/// "One piece of a basket line."
struct Unit {
    line: usize,
    list: i64,
    floor: i64,
    /// The price promotions whose goods it is of.
    matches: Mask,
    /// The price promotions whose spend measures it.
    measured: Mask,
    /// The delivery promotions that count it.
    delivered: Mask,
}

/// A price promotion that is live, by id in byte order.
struct Promo {
    id: String,
    level: i32,
    stage: Stage,
    gives: Gives,
    /// The other price promotions that may not meet it on a unit.
    rejects: Mask,
    most_units: Option<u32>,
    max_discount: Option<i64>,
    /// Something off each unit that carries it by choice.
    can_be_carried: bool,
    /// A basket amount, on or off.
    can_be_on: bool,
}

enum Gives {
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
struct Courier {
    id: String,
    level: i32,
    cut: UnitCut,
    /// The sum to be reached, and whether by list prices.
    spend: Option<(i64, bool)>,
    /// The price promotions that take a unit out of its sight.
    rejects: Mask,
}

/// What a promotion does under an assignment once its tier is known.
enum Effect<'a> {
    EachUnit(UnitCut),
    EachPrice(&'a [Option<i64>]),
    Shared(i64),
}

struct Shop {
    units: Vec<Unit>,
    promos: Vec<Promo>,
    couriers: Vec<Courier>,
    /// The levels of the price promotions, the highest first.
    levels: Vec<i32>,
    delivery: i64,
    rounding: Rounding,
}

struct Settled {
    /// What each promotion took off each unit.
    takes: Vec<Vec<i64>>,
    prices: Vec<i64>,
    /// What each unit carries, basket amounts included.
    full: Vec<Mask>,
    courier: Option<(usize, i64)>,
}

struct Search<'a> {
    shop: &'a Shop,
    best: Option<(Vec<i64>, Vec<Mask>, Mask)>,
}

impl Search<'_> {
    /// Goes through every choice for the units from `carried.len()` on.
    fn units(&mut self, on: Mask, choices: &[Vec<Mask>], free: bool, carried: &mut Vec<Mask>, last: usize) {
        let at = carried.len();
        if at == choices.len() {
            self.consider(carried, on);
            return;
        }
        let follows = free && at > 0 && self.shop.units[at].line == self.shop.units[at - 1].line;
        for place in (if follows { last } else { 0 })..choices[at].len() {
            carried.push(choices[at][place]);
            self.units(on, choices, free, carried, place);
            carried.pop();
        }
    }

    fn consider(&mut self, carried: &[Mask], on: Mask) {
        let Some(settled) = self.shop.settle(carried, on) else { return };
        let worth = self.shop.worth(&settled);
        if self.best.as_ref().is_none_or(|(best, _, _)| *best < worth) {
            self.best = Some((worth, carried.to_vec(), on));
        }
    }
}

impl Shop {
    fn new(rulebook: &Rulebook, request: &Request) -> Self {
        let settings = rulebook.settings();
        let mut live: Vec<&Promotion> =
            rulebook.promotions().iter().filter(|promotion| is_live(promotion, request)).collect();
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
                list_price: pricewright::money::Amount::from_minor(list),
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
        let mut levels: Vec<i32> = priced.iter().map(|promotion| promotion.level).collect();
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

    fn mask(&self, of: impl Fn(&Promo) -> bool) -> Mask {
        (0..self.promos.len()).filter(|&at| of(&self.promos[at])).fold(0, |mask, at| mask | 1 << at)
    }

    /// "What a unit carries must be compatible pair by pair": what each unit may carry by choice while the basket
    /// amounts `on` are on. A spend that is on as a basket amount is not carried by choice as well.
    fn choices(&self, on: Mask) -> Vec<Vec<Mask>> {
        let carriable = self.mask(|promo| promo.can_be_carried) & !on;
        let peaceful = |set: Mask| self.places(set).all(|at| self.promos[at].rejects & set == 0);
        let of_unit = |unit: &Unit| {
            submasks(unit.matches & carriable).into_iter().filter(|&set| peaceful(set)).collect()
        };
        self.units.iter().map(of_unit).collect()
    }

    /// Where nothing is spread, no unit knows its place among the equal ones of its line.
    fn order_is_free(&self, on: Mask) -> bool {
        on == 0 && self.promos.iter().all(|promo| promo.max_discount.is_none())
    }

    fn places(&self, set: Mask) -> impl Iterator<Item = usize> {
        (0..self.promos.len()).filter(move |at| set & 1 << at != 0)
    }

    /// "What an assignment costs"; `None` where it is not legal.
    fn settle(&self, carried: &[Mask], on: Mask) -> Option<Settled> {
        let full = self.full(carried, on)?;
        // "`limits.units` per basket hold."
        for (at, promo) in self.promos.iter().enumerate() {
            let carriers = full.iter().filter(|&&set| set & 1 << at != 0).count();
            if promo.most_units.is_some_and(|most| carriers > usize::try_from(most).unwrap_or(usize::MAX)) {
                return None;
            }
        }
        let in_use = full.iter().fold(on, |all, set| all | set);
        let mut settled = Settled {
            takes: vec![vec![0; self.units.len()]; self.promos.len()],
            prices: self.units.iter().map(|unit| unit.list).collect(),
            full,
            courier: None,
        };
        // "Higher `level` first; then item stage before basket stage."
        for &level in &self.levels {
            for stage in [Stage::Item, Stage::Basket] {
                // "`spend` measures prices as they stand before the basket stage of the promotion's own level."
                let before = settled.prices.clone();
                let mut order = Vec::new();
                for at in self.places(in_use) {
                    let promo = &self.promos[at];
                    if promo.level == level && promo.stage == stage {
                        let effect = self.effect(at, on, &before, &settled.full)?;
                        order.push((effect.rank(), at, effect));
                    }
                }
                // "Then fixed prices, percentages, amounts; then promotion id in byte order": the promotions stand by id.
                order.sort_by_key(|&(rank, at, _)| (rank, at));
                for (_, at, effect) in order {
                    self.take(at, &effect, &mut settled);
                }
            }
        }
        settled.courier = self.courier(&settled);
        Some(settled)
    }

    /// "It is on or off for the whole basket: every unit that counts towards it takes part", a unit that "matches and
    /// carries no price promotion incompatible with it". "Two basket amounts that do not stack are never on together
    /// when one unit would be taken by both."
    fn full(&self, carried: &[Mask], on: Mask) -> Option<Vec<Mask>> {
        let mut full = carried.to_vec();
        for (unit, set) in full.iter_mut().enumerate() {
            for at in self.places(on) {
                if self.units[unit].matches & 1 << at != 0 && carried[unit] & self.promos[at].rejects == 0 {
                    *set |= 1 << at;
                }
            }
            if self.places(*set).any(|at| self.promos[at].rejects & *set != 0) {
                return None;
            }
        }
        Some(full)
    }

    /// What promotion `at` does; `None` where its spend is not reached, or the tier that is reached is of the other
    /// kind than the assignment supposes.
    fn effect(&self, at: usize, on: Mask, before: &[i64], full: &[Mask]) -> Option<Effect<'_>> {
        let promo = &self.promos[at];
        let (tiers, of_list, every) = match &promo.gives {
            Gives::Cut(cut) => return Some(Effect::EachUnit(*cut)),
            Gives::Prices(prices) => return Some(Effect::EachPrice(prices)),
            Gives::Shared(amount) => return Some(Effect::Shared(*amount)),
            Gives::Spend { tiers, of_list, every } => (tiers, *of_list, *every),
        };
        // "Only units that count are measured by `spend`."
        let measured: i64 = (0..self.units.len())
            .filter(|&unit| self.units[unit].measured & 1 << at != 0 && full[unit] & promo.rejects == 0)
            .map(|unit| if of_list { self.units[unit].list } else { before[unit] })
            .sum();
        let &(from, give) =
            tiers.iter().filter(|(from, _)| *from <= measured).max_by_key(|(from, _)| *from)?;
        let is_on = on & 1 << at != 0;
        match give {
            SpendBenefit::Units(cut) if !is_on => Some(Effect::EachUnit(cut)),
            // "`every: true` in `spend` takes it once per full `at_least`."
            SpendBenefit::Basket(amount) if is_on && every => {
                Some(Effect::Shared(amount.minor() * (measured / from)))
            }
            SpendBenefit::Basket(amount) if is_on => Some(Effect::Shared(amount.minor())),
            _ => None,
        }
    }

    fn take(&self, at: usize, effect: &Effect<'_>, settled: &mut Settled) {
        let promo = &self.promos[at];
        let members: Vec<usize> =
            (0..self.units.len()).filter(|&unit| settled.full[unit] & 1 << at != 0).collect();
        let prices: Vec<i64> = members.iter().map(|&unit| settled.prices[unit]).collect();
        // "No promotion takes a unit below its floor."
        let rooms: Vec<i64> =
            members.iter().map(|&unit| settled.prices[unit] - self.units[unit].floor).collect();
        let takes = if let Effect::Shared(amount) = effect {
            let amount = promo.max_discount.map_or(*amount, |most| most.min(*amount));
            // "An amount shared by several units is spread in proportion to their current prices."
            spread(amount, &prices, &rooms)
        } else {
            let each =
                |(&unit, room): (&usize, &i64)| self.cut(unit, effect, settled.prices[unit]).min(*room);
            let takes: Vec<i64> = members.iter().zip(&rooms).map(each).collect();
            // "`max_discount` cuts a promotion's total in the basket; what remains is spread over its units in proportion
            // to what each would have had, in the same way."
            match promo.max_discount {
                Some(most) if takes.iter().sum::<i64>() > most => in_proportion(most, &takes),
                _ => takes,
            }
        };
        for (&unit, take) in members.iter().zip(takes) {
            assert!(
                take >= 0 && settled.prices[unit] - take >= self.units[unit].floor,
                "{} {take}",
                promo.id
            );
            settled.prices[unit] -= take;
            settled.takes[at][unit] = take;
        }
    }

    /// What a promotion would take off one unit if there were no floor.
    fn cut(&self, unit: usize, effect: &Effect<'_>, current: i64) -> i64 {
        match effect {
            Effect::EachUnit(cut) => self.cut_of(*cut, current, self.units[unit].list),
            Effect::EachPrice(prices) => prices[unit].map_or(0, |price| (current - price).max(0)),
            Effect::Shared(_) => 0,
        }
    }

    fn cut_of(&self, cut: UnitCut, current: i64, list: i64) -> i64 {
        match cut {
            UnitCut::Percent(rate, Base::Current) => self.percent(current, rate),
            UnitCut::Percent(rate, Base::List) => self.percent(list, rate).min(current),
            // "An amount takes `min(amount, current)`; a fixed price takes `max(0, current − price)`."
            UnitCut::Amount(amount) => amount.minor().min(current),
            UnitCut::Price(price) => (current - price.minor()).max(0),
        }
    }

    fn percent(&self, price: i64, rate: Rate) -> i64 {
        percent_of(price, rate, self.rounding)
    }

    /// "One applies: of the highest level that takes anything off, the one that takes most." It measures "the final
    /// prices", and goes "with everything unless it carries a `stacks_with` of its own".
    fn courier(&self, settled: &Settled) -> Option<(usize, i64)> {
        let mut best: Option<(usize, i64)> = None;
        for (at, courier) in self.couriers.iter().enumerate() {
            let counted: Vec<usize> = (0..self.units.len())
                .filter(|&unit| {
                    self.units[unit].delivered & 1 << at != 0 && settled.full[unit] & courier.rejects == 0
                })
                .collect();
            let sum = |of_list: bool| -> i64 {
                counted
                    .iter()
                    .map(|&unit| if of_list { self.units[unit].list } else { settled.prices[unit] })
                    .sum()
            };
            let reached = courier.spend.is_none_or(|(least, of_list)| sum(of_list) >= least);
            let take = self.cut_of(courier.cut, self.delivery, self.delivery);
            if counted.is_empty() || !reached || take == 0 {
                continue;
            }
            let rank = |(at, take): (usize, i64)| (self.couriers[at].level, take);
            if best.is_none_or(|best| rank((at, take)) > rank(best)) {
                best = Some((at, take));
            }
        }
        best
    }

    /// "What the highest level takes off the goods is maximised first, then the next, and so on"; "delivery stands
    /// outside the hierarchy, with the lowest level."
    fn worth(&self, settled: &Settled) -> Vec<i64> {
        let of_level = |level: &i32| -> i64 {
            let mine = (0..self.promos.len()).filter(|&at| self.promos[at].level == *level);
            mine.map(|at| settled.takes[at].iter().sum::<i64>()).sum()
        };
        let mut worth: Vec<i64> = self.levels.iter().map(of_level).collect();
        let off_delivery = settled.courier.map_or(0, |(_, take)| take);
        match worth.last_mut() {
            Some(lowest) => *lowest += off_delivery,
            None => worth.push(off_delivery),
        }
        worth
    }

    fn tell(&self, levels: Vec<i64>, settled: &Settled) -> Best {
        let goods: i64 = settled.prices.iter().sum();
        let delivery = settled.courier.map(|(at, take)| (self.couriers[at].id.clone(), take));
        let tell_unit = |(at, unit): (usize, &Unit)| {
            let carried = self.places(settled.full[at]);
            let takes = carried.map(|p| (self.promos[p].id.clone(), settled.takes[p][at])).collect();
            Priced { line: unit.line, price: settled.prices[at], takes }
        };
        Best {
            levels,
            total: goods + self.delivery - delivery.as_ref().map_or(0, |(_, take)| *take),
            units: self.units.iter().enumerate().map(tell_unit).collect(),
            delivery,
        }
    }
}

impl Effect<'_> {
    /// "Fixed prices, percentages, amounts."
    fn rank(&self) -> u8 {
        match self {
            Effect::EachPrice(_) | Effect::EachUnit(UnitCut::Price(_)) => 0,
            Effect::EachUnit(UnitCut::Percent(..)) => 1,
            Effect::EachUnit(UnitCut::Amount(_)) | Effect::Shared(_) => 2,
        }
    }
}

impl Promo {
    fn new(promotion: &Promotion, others: &[&Promotion], skus: &[String]) -> Self {
        let minor = |amount: Option<pricewright::money::Amount>| amount.map(|amount| amount.minor());
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

/// Every subset of `set`, the empty one first.
fn submasks(set: Mask) -> Vec<Mask> {
    let mut all = vec![0];
    for bit in (0..Mask::BITS).map(|at| 1 << at).filter(|bit| set & bit != 0) {
        all.extend(all.clone().into_iter().map(|subset: Mask| subset | bit));
    }
    all
}
