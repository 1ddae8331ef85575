//! Small random problems: few goods, few promotions, prices at which roundings, floors, thresholds and ties bite. A seed
//! always gives the same problem.

use std::collections::BTreeMap;

use pricewright::basket::{Basket, Context, Delivery, Line, Request};
use pricewright::catalog::Catalog;
use pricewright::catalog::selector::{Facets, Selector};
use pricewright::money::{Amount, Rate, Rounding};
use pricewright::promotion::{
    Base, BasketAmount, Benefit, Cap, CapFloor, Code, Conditions, DeliveryBenefit, Limits, Measured,
    PriceList, Promotion, Spend, SpendBenefit, SpendTier, Stacking, Stage, UnitBenefit, UnitCut,
};
use pricewright::rulebook::{Digest, Rulebook, Settings};
use pricewright::time::Instant;
use rust_decimal::Decimal;

use super::brute;

/// Problems with more assignments than this are left out, and the seed's next one is taken.
const ASSIGNMENTS_MAX: u64 = 3_000;
/// One seed in eight may have a large problem.
const ASSIGNMENTS_MAX_LARGE: u64 = 15_000;

/// Units of a stacked problem.
const STACKED_UNITS_MAX: u32 = 4;

/// Categories of a line.
const PATHS: &[&[&str]] = &[&[], &["x"], &["x/y"], &["z", "x"]];
/// Categories that a selector asks for.
const CATEGORIES: &[&[&str]] = &[&["x"], &["x/y"], &["z", "x/y"]];
/// Goods that a selector asks for.
const SKUS: &[&[&str]] = &[&["S0"], &["S1"], &["S0", "S2"]];

/// A rulebook in its parts, and a request.
#[derive(Debug, Clone)]
pub(crate) struct Problem {
    pub(crate) settings: Settings,
    pub(crate) promotions: Vec<Promotion>,
    pub(crate) caps: Vec<Cap>,
    pub(crate) request: Request,
}

impl Problem {
    /// The problem of a seed.
    pub(crate) fn of(seed: u64) -> Self {
        let most = if seed.is_multiple_of(8) { ASSIGNMENTS_MAX_LARGE } else { ASSIGNMENTS_MAX };
        Self::first(seed, most, |_, _| ())
    }

    /// One whose promotions nearly all meet on few units, and whose basket amounts leave little: where it matters most what takes effect
    /// after what.
    pub(crate) fn stacked(seed: u64) -> Self {
        Self::first(seed, ASSIGNMENTS_MAX_LARGE, stack)
    }

    fn first(seed: u64, most: u64, change: impl Fn(&mut Self, &mut Dice)) -> Self {
        let mut dice = Dice(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ 0x5eed);
        loop {
            let mut problem = Maker::new(&mut dice).problem();
            change(&mut problem, &mut dice);
            if brute::assignments(&problem.rulebook(), &problem.request, most) <= most {
                return problem;
            }
        }
    }

    pub(crate) fn rulebook(&self) -> Rulebook {
        Rulebook::new(
            self.settings.clone(),
            Catalog::default(),
            self.promotions.clone(),
            self.caps.clone(),
            Digest::of(&[]),
        )
    }
}

/// Lets promotions meet, in any order of ids, on few units.
fn stack(problem: &mut Problem, dice: &mut Dice) {
    let mut left = STACKED_UNITS_MAX;
    problem.request.basket.lines.retain_mut(|line| {
        line.quantity = line.quantity.min(left);
        left -= line.quantity;
        line.quantity > 0
    });
    let lines = problem.request.basket.lines.iter();
    let total: Amount = lines.map(|line| line.unit_price.unwrap_or_default().times(line.quantity)).sum();
    let part = |dice: &mut Dice| Amount::from_minor((total.minor() * dice.within(30, 99) / 100).max(1));
    let mut ids: Vec<String> = problem.promotions.iter().map(|promotion| promotion.id.clone()).collect();
    dice.shuffle(&mut ids);
    for (promotion, id) in problem.promotions.iter_mut().zip(ids) {
        promotion.id = id;
        if promotion.is_price_promotion() && dice.chance(80) {
            promotion.stacks_with = Stacking::All;
        }
        match &mut promotion.benefit {
            Benefit::Basket(basket) => basket.amount = part(dice),
            Benefit::Spend { tiers, .. } => {
                for tier in tiers {
                    if let SpendBenefit::Basket(amount) = &mut tier.give {
                        *amount = part(dice);
                    }
                }
            }
            _ => {}
        }
    }
}

/// Pseudo-random numbers (splitmix64), the same on every machine.
#[derive(Debug, Clone)]
pub(crate) struct Dice(pub(crate) u64);

impl Dice {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number of `low..=high`.
    pub(crate) fn within(&mut self, low: i64, high: i64) -> i64 {
        let span = u64::try_from(high - low + 1).expect("low is not above high");
        low + i64::try_from(self.next() % span).expect("smaller than the span")
    }

    /// Whether something of so many percent happens.
    pub(crate) fn chance(&mut self, percent: i64) -> bool {
        self.within(0, 99) < percent
    }

    pub(crate) fn pick<T: Copy>(&mut self, list: &[T]) -> T {
        let last = i64::try_from(list.len()).expect("short") - 1;
        list[usize::try_from(self.within(0, last)).expect("not negative")]
    }

    /// Brings a list in any order.
    pub(crate) fn shuffle<T>(&mut self, list: &mut [T]) {
        for at in (1..list.len()).rev() {
            let other = self.within(0, i64::try_from(at).expect("short"));
            list.swap(at, usize::try_from(other).expect("not negative"));
        }
    }
}

/// How ready the promotions of a problem are to meet.
#[derive(Clone, Copy)]
enum Mood {
    Alone,
    Mixed,
    Friendly,
}

/// Makes one problem; each problem has its own scale of prices, its own levels and its own mood.
pub(super) struct Maker<'a> {
    pub(super) dice: &'a mut Dice,
    pub(super) dearest: i64,
    step: i64,
    levels: &'static [i32],
    mood: Mood,
    /// How many promotions in a hundred are sets or tiers by quantity.
    sets: i64,
    /// And how many of the others are gifts or points.
    gifts: i64,
    pub(super) list_prices: Vec<i64>,
}

impl<'a> Maker<'a> {
    fn new(dice: &'a mut Dice) -> Self {
        let (dearest, step) =
            dice.pick(&[(9, 1), (30, 1), (120, 1), (120, 10), (999, 1), (1000, 50), (2000, 100)]);
        let levels: &[&[i32]] = &[&[0], &[0], &[0], &[0, 1], &[-1, 0, 2], &[0, 1, 2]];
        let levels = dice.pick(levels);
        let mood = dice.pick(&[Mood::Alone, Mood::Mixed, Mood::Mixed, Mood::Friendly]);
        let sets = dice.pick(&[0, 25, 50, 80]);
        let gifts = dice.pick(&[0, 0, 10, 35]);
        Maker { dice, dearest, step, levels, mood, sets, gifts, list_prices: Vec::new() }
    }

    fn problem(&mut self) -> Problem {
        let rounding = self.dice.pick(&[
            Rounding::HalfUp,
            Rounding::HalfUp,
            Rounding::HalfEven,
            Rounding::HalfDown,
            Rounding::Down,
        ]);
        let lines = self.lines();
        for line in &lines {
            let price = line.unit_price.unwrap_or_default().minor();
            self.list_prices.extend((0..line.quantity).map(|_| price));
        }
        // The better of two throws: the larger problems are the harder ones.
        let count = self.dice.within(1, 6).max(self.dice.within(1, 6));
        let promotions: Vec<Promotion> = (0..count).map(|place| self.promotion(place)).collect();
        let delivers = promotions.iter().any(|promotion| matches!(promotion.benefit, Benefit::Delivery(_)));
        let caps = if self.dice.chance(40) { self.dice.within(1, 2) } else { 0 };
        let caps = (0..caps).map(|place| self.cap(place)).collect();
        let lowest = if self.dice.chance(30) { self.dice.pick(&[1, 1, 2, 5, self.dearest / 3]) } else { 0 };
        let settings =
            Settings { rounding, min_unit_price: Amount::from_minor(lowest), ..Settings::default() };
        let delivery = self
            .dice
            .chance(if delivers { 90 } else { 10 })
            .then(|| Delivery { method: "courier".to_owned(), price: self.amount(0, self.dearest) });
        let codes: &[&[&str]] = &[&[], &["spring-20"], &["WORD", " Spring 20"], &["other"]];
        let channel = self.dice.pick(&[None, Some("web"), Some("web"), Some("pos")]);
        let mut request = Request {
            basket: Basket { currency_code: String::new(), lines, delivery },
            context: Context {
                channel: channel.map(str::to_owned),
                codes: self.dice.pick(codes).iter().map(|&code| code.to_owned()).collect(),
                ..Context::at(Instant::from_unix(1_795_000_000).expect("a time of this century"))
            },
            explain: self.dice.chance(50),
        };
        self.choices(&promotions, &mut request.context);
        Problem { settings, promotions, caps, request }
    }

    fn lines(&mut self) -> Vec<Line> {
        let mut left = self.dice.within(1, 7).max(self.dice.within(1, 7));
        let mut lines = Vec::new();
        while left > 0 && lines.len() < 4 {
            let quantity = self.dice.within(1, left.min(4));
            left -= quantity;
            let place = lines.len();
            lines.push(self.line(place, quantity));
        }
        lines
    }

    fn line(&mut self, place: usize, quantity: i64) -> Line {
        let price = if self.dice.chance(4) { Amount::ZERO } else { self.amount(self.step, self.dearest) };
        let measure = self.dice.chance(5).then(|| Decimal::new(self.dice.within(1, 1999), 3));
        Line {
            id: format!("l{place}"),
            sku: (self.dice.pick(&["S0", "S1", "S2"])).to_owned(),
            quantity: u32::try_from(quantity).expect("few"),
            measure,
            unit_price: Some(price),
            brand: Some((self.dice.pick(&["A", "B"])).to_owned()),
            categories: words(self.dice.pick(PATHS)),
            tags: if self.dice.chance(30) { vec!["t".to_owned()] } else { Vec::new() },
            cost: self.dice.chance(60).then(|| Amount::from_minor(self.dice.within(0, price.minor()))),
            no_promotions: self.dice.chance(6),
        }
    }

    fn promotion(&mut self, place: i64) -> Promotion {
        let (benefit, stage) = match self.dice.chance(self.sets).then(|| self.set_or_tiers()) {
            Some(benefit) => (benefit, Stage::Item),
            None if self.dice.chance(self.gifts) => (self.gift_or_points(), Stage::Basket),
            None => self.benefit(),
        };
        let spends = matches!(&benefit, Benefit::Spend { tiers, .. }
            if tiers.iter().any(|tier| matches!(tier.give, SpendBenefit::Basket(_))));
        let is_beside = matches!(benefit, Benefit::Delivery(_) | Benefit::Gift(_) | Benefit::Points(_));
        let carried = !spends && !is_beside && !matches!(benefit, Benefit::Basket(_));
        let mut when = Conditions::default();
        if self.dice.chance(10) {
            when.code = Some(Code::Word("SPRING20".to_owned()));
        }
        if self.dice.chance(8) {
            when.channels = vec!["web".to_owned()];
        }
        let is_set = matches!(&benefit, Benefit::Set(_))
            || matches!(&benefit, Benefit::Gift(gift) if !gift.slots.is_empty());
        Promotion {
            id: format!("p{place}"),
            name: format!("Promotion {place}"),
            group: self.dice.pick(&[None, None, Some("g"), Some("h")]).map(str::to_owned),
            level: self.dice.pick(self.levels),
            when,
            on: if is_set { Selector::default() } else { self.selector() },
            stage,
            benefit,
            stacks_with: if is_beside && self.dice.chance(45) { Stacking::Unsaid } else { self.stacking() },
            limits: Limits {
                units: (carried && self.dice.chance(15))
                    .then(|| u32::try_from(self.dice.within(1, 4)).expect("few")),
                sets: if is_set { self.most_sets() } else { None },
                ..Limits::default()
            },
        }
    }

    fn benefit(&mut self) -> (Benefit, Stage) {
        let max_discount = self.dice.chance(18).then(|| self.amount(1, self.dearest * 2));
        match self.dice.within(0, 99) {
            0..37 => {
                let stage = if self.dice.chance(25) { Stage::Basket } else { Stage::Item };
                (Benefit::Units(UnitBenefit { cut: self.cut(), max_discount }), stage)
            }
            37..44 => {
                let mut prices = BTreeMap::new();
                for sku in ["S0", "S1", "S2"] {
                    if self.dice.chance(60) {
                        prices.insert(sku.to_owned(), self.amount(0, self.dearest));
                    }
                }
                (
                    Benefit::Prices(PriceList { file: "prices.csv".to_owned(), prices, max_discount }),
                    Stage::Item,
                )
            }
            44..68 => (self.spend_benefit(max_discount), Stage::Basket),
            68..81 => {
                let amount = self.amount(1, self.dearest * 2);
                (Benefit::Basket(BasketAmount { amount, max_discount }), Stage::Basket)
            }
            _ => {
                let spend = self.dice.chance(70).then(|| (self.spend(), self.threshold()));
                (Benefit::Delivery(DeliveryBenefit { cut: self.cut(), spend }), Stage::Item)
            }
        }
    }

    fn spend_benefit(&mut self, max_discount: Option<Amount>) -> Benefit {
        let mut spend = self.spend();
        let mut froms: Vec<Amount> = (0..self.dice.pick(&[1, 1, 2, 3])).map(|_| self.threshold()).collect();
        froms.sort();
        froms.dedup();
        let kind = self.dice.within(0, 2);
        let mut tiers: Vec<SpendTier> = Vec::new();
        for from in froms {
            let give = if kind == 0 || (kind == 2 && self.dice.chance(50)) {
                SpendBenefit::Units(self.cut())
            } else {
                SpendBenefit::Basket(self.amount(1, self.dearest))
            };
            tiers.push(SpendTier { from, give });
        }
        let only_baskets = tiers.iter().all(|tier| matches!(tier.give, SpendBenefit::Basket(_)));
        if only_baskets && tiers.iter().all(|tier| tier.from.minor() > 0) && self.dice.chance(50) {
            if let [SpendTier { from, .. }] = tiers.as_mut_slice() {
                *from = self.amount(1, self.dearest * 2);
            }
            spend.every = true;
        }
        Benefit::Spend { spend, tiers, max_discount }
    }

    pub(super) fn spend(&mut self) -> Spend {
        Spend {
            on: self.dice.chance(35).then(|| self.selector()),
            measured: if self.dice.chance(25) { Measured::List } else { Measured::Current },
            every: false,
        }
    }

    /// A sum that the goods just reach, or just miss: some of their prices, perhaps reduced, give or take one.
    pub(super) fn threshold(&mut self) -> Amount {
        let mut sum = 0;
        for at in 0..self.list_prices.len() {
            if self.dice.chance(75) {
                let left = self.dice.pick(&[100, 100, 100, 95, 90, 80, 75, 50]);
                sum += (self.list_prices[at] * left + 50) / 100;
            }
        }
        Amount::from_minor((sum + self.dice.within(-1, 1)).max(0))
    }

    pub(super) fn cut(&mut self) -> UnitCut {
        match self.dice.within(0, 9) {
            0..6 => {
                let percent = self.dice.pick(&[
                    "1", "5", "7.5", "10", "10", "12.5", "15", "20", "20", "25", "30", "33.3333", "50", "50",
                    "75", "100",
                ]);
                let base = if self.dice.chance(25) { Base::List } else { Base::Current };
                UnitCut::Percent(rate(percent), base)
            }
            6..8 => UnitCut::Amount(self.amount(1, self.dearest / 2 + 1)),
            _ => UnitCut::Price(self.amount(0, self.dearest)),
        }
    }

    fn cap(&mut self, place: i64) -> Cap {
        let floor = match self.dice.within(0, 9) {
            0..5 => CapFloor::MaxPercent(rate(
                self.dice.pick(&["0", "5", "10", "12.5", "15", "30", "33.3333", "50"]),
            )),
            5..8 => CapFloor::MinPrice(self.amount(0, self.dearest)),
            _ => CapFloor::MinMarginPercent(rate(self.dice.pick(&["0", "5", "10", "20", "33.3333", "50"]))),
        };
        Cap { id: format!("c{place}"), name: format!("Cap {place}"), on: self.selector(), floor }
    }

    fn stacking(&mut self) -> Stacking {
        let (none, all) = match self.mood {
            Mood::Alone => (85, 92),
            Mood::Mixed => (35, 65),
            Mood::Friendly => (5, 75),
        };
        let roll = self.dice.within(0, 99);
        if roll < none {
            return Stacking::Unsaid;
        }
        if roll < all {
            return Stacking::All;
        }
        let names = ["p0", "p1", "p2", "p3", "p4", "p5", "g", "h"];
        let list: Vec<String> =
            names.iter().filter(|_| self.dice.chance(50)).map(|&name| name.to_owned()).collect();
        Stacking::With(list)
    }

    pub(super) fn selector(&mut self) -> Selector {
        if self.dice.chance(50) {
            return Selector::default();
        }
        let mut selector = Selector { facets: self.facets(), except: Facets::default() };
        if self.dice.chance(20) {
            selector.except = self.facets();
        }
        selector
    }

    pub(super) fn facets(&mut self) -> Facets {
        let mut facets = Facets::default();
        match self.dice.within(0, 4) {
            0 => facets.brands = words(&[self.dice.pick(&["A", "B"])]),
            1 => facets.categories = words(self.dice.pick(CATEGORIES)),
            2 => facets.skus = words(self.dice.pick(SKUS)),
            3 => facets.tags = words(&["t"]),
            _ => {
                let price = self.dice.pick(&self.list_prices.clone());
                let edge = Some(Amount::from_minor((price + self.dice.within(0, 1)).max(0)));
                if self.dice.chance(50) {
                    facets.price_at_least = edge;
                } else {
                    facets.price_below = edge;
                }
            }
        }
        facets
    }

    pub(super) fn amount(&mut self, low: i64, high: i64) -> Amount {
        let step = if self.dice.chance(80) { self.step } else { 1 };
        let high = (high / step).max(0);
        Amount::from_minor(self.dice.within((low / step).min(high), high).max(i64::from(low > 0)) * step)
    }
}

pub(super) fn rate(percent: &str) -> Rate {
    Rate::from_percent(percent.parse().expect("a number")).expect("a percentage")
}

fn words(list: &[&str]) -> Vec<String> {
    list.iter().map(|&word| word.to_owned()).collect()
}
