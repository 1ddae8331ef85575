//! Larger random problems: 20 to 60 units, 10 to 30 promotions over the same goods, prices as in a shop. A seed always
//! gives the same problem, and each is one that the program states exactly.

use pricewright::basket::{Basket, Context, Line, Request};
use pricewright::catalog::Catalog;
use pricewright::catalog::selector::{Facets, Goods, Selector};
use pricewright::money::{Amount, Rate, Rounding};
use pricewright::promotion::limits::Sets;
use pricewright::promotion::{
    Base, BasketAmount, Benefit, Cap, CapFloor, Conditions, Count, Limits, Measured, Promotion, QuantityTier,
    SetBenefit, SetOf, Slot, Spend, SpendBenefit, SpendTier, Stacking, Stage, UnitBenefit, UnitCut,
};
use pricewright::rulebook::{Digest, Rulebook, Settings};
use pricewright::time::Instant;
use rust_decimal::Decimal;

use crate::shop::floor_of;

const BRANDS: [&str; 4] = ["Aurelle", "Borea", "Corvin", "Delmar"];
const CATEGORIES: [&str; 6] =
    ["face/cream", "face/serum", "fragrance/women", "fragrance/men", "make-up/lips", "hair"];
const LOYALTY: &str = "loyalty";
const FRIENDS: &str = "friends";

/// The kinds of promotion that a run may be narrowed to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Item percentages, amounts and prices.
    Units,
    /// Tiers by quantity.
    Quantity,
    /// Sets.
    Sets,
    /// Spends with something off each unit.
    Spends,
    /// Basket amounts, with and without a spend.
    Baskets,
}

impl Kind {
    pub(crate) const ALL: [(&'static str, Kind); 5] = [
        ("units", Kind::Units),
        ("quantity", Kind::Quantity),
        ("sets", Kind::Sets),
        ("spends", Kind::Spends),
        ("baskets", Kind::Baskets),
    ];
}

/// How large a problem is.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Size {
    pub(crate) units: (i64, i64),
    pub(crate) promotions: (i64, i64),
    /// The most pieces of a line.
    pub(crate) pieces: i64,
    /// Brands and categories that occur: fewer make promotions meet more often.
    pub(crate) words: usize,
}

impl Size {
    /// Quick to solve, and small enough to be proven: where a wrong proof shows first.
    pub(crate) const SMALL: Size = Size { units: (4, 16), promotions: (2, 8), pieces: 4, words: 3 };
    pub(crate) const LARGE: Size = Size { units: (20, 60), promotions: (10, 30), pieces: 4, words: 6 };
}

/// A rulebook and a basket.
pub(crate) struct Problem {
    pub(crate) rulebook: Rulebook,
    pub(crate) request: Request,
}

impl Problem {
    /// The problem of a seed.
    pub(crate) fn of(seed: u64, size: Size, kinds: &[Kind]) -> Self {
        let mut maker = Maker {
            dice: Dice(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ 0x0971),
            size,
            lines: Vec::new(),
            floors: Vec::new(),
        };
        maker.problem(kinds)
    }

    /// The smallest problem that this one comes to while what is left of it still `fails`: promotions, then caps, then
    /// units are left out one after another.
    pub(crate) fn shrunk(self, fails: impl Fn(&Problem) -> bool) -> Self {
        let mut small = self;
        loop {
            let next = small.smaller().into_iter().find(&fails);
            match next {
                Some(next) => small = next,
                None => return small,
            }
        }
    }

    fn smaller(&self) -> Vec<Problem> {
        let (promotions, caps) = (self.rulebook.promotions(), self.rulebook.caps());
        let without = |promotion: usize, cap: usize| {
            let (mut promotions, mut caps) = (promotions.to_vec(), caps.to_vec());
            if promotion < promotions.len() {
                promotions.remove(promotion);
            }
            if cap < caps.len() {
                caps.remove(cap);
            }
            let settings = self.rulebook.settings().clone();
            Rulebook::new(settings, Catalog::default(), promotions, caps, Digest::of(&[]))
        };
        let mut all = Vec::new();
        for promotion in 0..promotions.len() {
            all.push(Problem { rulebook: without(promotion, caps.len()), request: self.request.clone() });
        }
        for cap in 0..caps.len() {
            all.push(Problem { rulebook: without(promotions.len(), cap), request: self.request.clone() });
        }
        for line in 0..self.request.basket.lines.len() {
            let mut request = self.request.clone();
            let left = &mut request.basket.lines[line].quantity;
            *left -= 1;
            if *left == 0 {
                request.basket.lines.remove(line);
            }
            if !request.basket.lines.is_empty() {
                all.push(Problem { rulebook: without(promotions.len(), caps.len()), request });
            }
        }
        all
    }
}

/// Pseudo-random numbers (splitmix64), the same on every machine.
struct Dice(u64);

impl Dice {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn within(&mut self, low: i64, high: i64) -> i64 {
        let span = u64::try_from(high - low + 1).expect("low is not above high");
        low + i64::try_from(self.next() % span).expect("smaller than the span")
    }

    fn chance(&mut self, percent: i64) -> bool {
        self.within(0, 99) < percent
    }

    fn place(&mut self, count: usize) -> usize {
        let last = i64::try_from(count).expect("few") - 1;
        usize::try_from(self.within(0, last)).expect("not negative")
    }

    fn pick<T: Copy>(&mut self, list: &[T]) -> T {
        list[self.place(list.len())]
    }
}

struct Maker {
    dice: Dice,
    size: Size,
    lines: Vec<Line>,
    floors: Vec<i64>,
}

impl Maker {
    fn problem(&mut self, kinds: &[Kind]) -> Problem {
        let rounding = self.dice.pick(&[
            Rounding::HalfUp,
            Rounding::HalfUp,
            Rounding::HalfEven,
            Rounding::HalfDown,
            Rounding::Down,
        ]);
        let lowest = self.dice.pick(&[0, 1]);
        let settings =
            Settings { rounding, min_unit_price: Amount::from_minor(lowest), ..Settings::default() };
        self.lines();
        let caps: Vec<Cap> = (0..self.dice.pick(&[0, 0, 1, 2])).map(|place| self.cap(place)).collect();
        self.floors = self
            .lines
            .iter()
            .map(|line| {
                let list = list_of(line);
                let cost = line.cost.map(Amount::minor);
                let caps = caps.iter().filter(|cap| cap.on.matches(&goods(line)));
                caps.map(|cap| floor_of(cap.floor, list, cost)).fold(lowest, i64::max).min(list)
            })
            .collect();
        let count = self.dice.within(self.size.promotions.0, self.size.promotions.1);
        let mut promotions: Vec<Promotion> = (0..count).map(|place| self.promotion(place, kinds)).collect();
        if self.dice.chance(50) && kinds.contains(&Kind::Units) {
            promotions.push(self.loyalty());
        }
        let request = Request {
            basket: Basket { lines: self.lines.clone(), ..Basket::default() },
            context: Context::at(Instant::from_unix(1_795_000_000).expect("a time of this century")),
            explain: false,
        };
        let rulebook = Rulebook::new(settings, Catalog::default(), promotions, caps, Digest::of(&[]));
        Problem { rulebook, request }
    }

    fn lines(&mut self) {
        let mut left = self.dice.within(self.size.units.0, self.size.units.1);
        while left > 0 {
            let quantity = self.dice.within(1, self.size.pieces.min(left));
            left -= quantity;
            let place = self.lines.len();
            let price = self.price();
            let mut line = Line {
                id: format!("l{place}"),
                sku: format!("S{place:02}"),
                quantity: u32::try_from(quantity).expect("few"),
                unit_price: Some(Amount::from_minor(price)),
                brand: Some(BRANDS[self.dice.place(self.size.words.min(BRANDS.len()))].to_owned()),
                categories: vec![CATEGORIES[self.dice.place(self.size.words)].to_owned()],
                cost: self
                    .dice
                    .chance(70)
                    .then(|| Amount::from_minor(price * self.dice.within(30, 70) / 100)),
                ..Line::default()
            };
            // The same goods on two lines, at times at another price.
            if place > 0 && self.dice.chance(15) {
                let other = self.lines[place - 1].clone();
                line = Line { id: line.id, quantity: line.quantity, ..other };
                if self.dice.chance(40) {
                    line.unit_price = Some(Amount::from_minor(price));
                    line.cost = None;
                }
            }
            self.lines.push(line);
        }
    }

    /// A shop's price: 89.00, 249.50, 1 299.99.
    fn price(&mut self) -> i64 {
        let hryvnias = match self.dice.within(0, 9) {
            0..4 => self.dice.within(40, 300),
            4..8 => self.dice.within(150, 900),
            _ => self.dice.within(800, 3_000),
        };
        hryvnias * 100 + self.dice.pick(&[0, 0, 50, 90, 99, -1])
    }

    fn cap(&mut self, place: i64) -> Cap {
        let cheapest = self.lines.iter().map(list_of).min().unwrap_or(0);
        let floor = match self.dice.within(0, 9) {
            0..6 => CapFloor::MaxPercent(rate(self.dice.pick(&["15", "20", "30", "33.3333", "50"]))),
            6..8 => CapFloor::MinPrice(Amount::from_minor(cheapest * self.dice.within(40, 80) / 100)),
            _ => CapFloor::MinMarginPercent(rate(self.dice.pick(&["5", "10"]))),
        };
        // A line without a cost could not be reduced at all by a margin: a set would take nothing off it.
        let mut on = self.selector();
        if matches!(floor, CapFloor::MinMarginPercent(_)) {
            let without = self.lines.iter().filter(|line| line.cost.is_none());
            on.except.skus = without.map(|line| line.sku.clone()).collect();
        }
        Cap { id: format!("c{place}"), name: format!("Cap {place}"), on, floor }
    }

    /// A loyalty percentage that stacks with all: worked out unit by unit, so the program stays exact.
    fn loyalty(&mut self) -> Promotion {
        let percent = self.dice.pick(&["3", "5", "7", "2.5"]);
        let base = if self.dice.chance(20) { Base::List } else { Base::Current };
        Promotion {
            id: LOYALTY.to_owned(),
            name: LOYALTY.to_owned(),
            group: None,
            level: 0,
            when: Conditions::default(),
            on: if self.dice.chance(50) { Selector::default() } else { self.selector() },
            stage: if self.dice.chance(40) { Stage::Basket } else { Stage::Item },
            benefit: units(UnitCut::Percent(rate(percent), base), None),
            stacks_with: Stacking::All,
            limits: Limits::default(),
        }
    }

    fn promotion(&mut self, place: i64, kinds: &[Kind]) -> Promotion {
        let weighed: Vec<Kind> = [
            (Kind::Units, 25),
            (Kind::Quantity, 12),
            (Kind::Sets, 40),
            (Kind::Spends, 13),
            (Kind::Baskets, 10),
        ]
        .into_iter()
        .filter(|(kind, _)| kinds.contains(kind))
        .flat_map(|(kind, weight)| std::iter::repeat_n(kind, weight))
        .collect();
        let mut promotion = Promotion {
            id: format!("p{place:02}"),
            name: format!("Promotion {place}"),
            group: None,
            level: 0,
            when: Conditions::default(),
            on: self.selector(),
            stage: Stage::Item,
            benefit: units(UnitCut::Amount(Amount::from_minor(1_000)), None),
            stacks_with: Stacking::Unsaid,
            limits: Limits::default(),
        };
        // A promotion with `max_discount` stacks with nothing: what it takes off one unit is not known there.
        let most = self.dice.chance(20).then(|| Amount::from_minor(self.dice.within(40, 1_500) * 100));
        match self.dice.pick(&weighed) {
            Kind::Units => self.of_units(&mut promotion, most),
            Kind::Quantity => self.of_quantity(&mut promotion, most),
            Kind::Sets => self.of_sets(&mut promotion, most),
            Kind::Spends => self.of_spends(&mut promotion, most),
            Kind::Baskets => self.of_baskets(&mut promotion, most),
        }
        promotion
    }

    fn befriend(&mut self, promotion: &mut Promotion, percent: i64) {
        if self.dice.chance(percent) {
            promotion.stacks_with = Stacking::With(vec![LOYALTY.to_owned()]);
        }
    }

    fn of_units(&mut self, promotion: &mut Promotion, most: Option<Amount>) {
        promotion.benefit = units(self.cut(), most);
        if self.dice.chance(20)
            && matches!(promotion.benefit, Benefit::Units(UnitBenefit { cut: UnitCut::Percent(..), .. }))
        {
            promotion.stage = Stage::Basket;
        }
        promotion.limits.units = self.dice.chance(15).then(|| self.few(1, 8));
        if most.is_none() {
            self.befriend(promotion, 40);
            if promotion.stacks_with != Stacking::Unsaid && self.dice.chance(25) {
                promotion.group = Some(FRIENDS.to_owned());
                promotion.stacks_with = Stacking::With(vec![LOYALTY.to_owned(), FRIENDS.to_owned()]);
            }
        }
    }

    fn of_quantity(&mut self, promotion: &mut Promotion, most: Option<Amount>) {
        let same = self.dice.chance(35);
        let mut from = self.few(2, 3);
        let mut tiers = Vec::new();
        let mut percent = self.dice.within(4, 15);
        for _ in 0..self.dice.within(1, 3) {
            tiers.push(QuantityTier { from, cut: percentage(percent) });
            from += self.few(1, 3);
            percent += self.dice.within(2, 12);
        }
        if self.dice.chance(20) {
            let amount = self.dice.within(10, 60) * 100;
            for (tier, times) in tiers.iter_mut().zip(1..) {
                tier.cut = UnitCut::Amount(Amount::from_minor(amount * times));
            }
        }
        let count = if same { Count::SameSku } else { Count::Together };
        promotion.benefit = Benefit::Quantity { tiers, count, max_discount: most };
        promotion.limits.units = self.dice.chance(15).then(|| self.few(2, 8));
        if most.is_none() {
            self.befriend(promotion, 30);
        }
    }

    fn of_sets(&mut self, promotion: &mut Promotion, most: Option<Amount>) {
        promotion.limits.sets = self.dice.chance(40).then(|| Sets::AtMost(self.few(1, 3)));
        promotion.limits.units = self.dice.chance(8).then(|| self.few(3, 9));
        let retailer = self.dice.chance(15);
        let one =
            |on: Selector, quantity: u32, cut: Option<UnitCut>| Slot { on, quantity, same_sku: false, cut };
        let mut stacks = true;
        let (slots, benefit) = match self.dice.within(0, 9) {
            // 3 for 2, second at half price.
            0..4 => {
                let quantity = self.few(2, 4);
                let units = self.few(1, quantity - 1);
                let percent = rate(self.dice.pick(&["100", "100", "50", "30"]));
                let mut slots = vec![one(self.selector(), quantity, None)];
                if self.dice.chance(15) {
                    slots = vec![one(self.selector(), 1, None), one(self.selector(), self.few(1, 2), None)];
                    promotion.limits.sets = Some(Sets::AtMost(self.few(1, 2)));
                    (slots, SetBenefit::Cheapest { units: 1, percent })
                } else {
                    slots[0].same_sku = self.dice.chance(20);
                    (slots, SetBenefit::Cheapest { units, percent })
                }
            }
            4..6 => {
                let percent = self.dice.within(8, 30);
                let UnitCut::Percent(percent, base) = percentage(percent) else { return };
                (self.plain_slots(), SetBenefit::Percent(percent, base))
            }
            6..8 => {
                // Slots with cuts of their own.
                let mut slots = self.plain_slots();
                let last = slots.len() - 1;
                for (place, slot) in slots.iter_mut().enumerate() {
                    if place == last || self.dice.chance(25) {
                        slot.cut = Some(match self.dice.within(0, 2) {
                            0 => UnitCut::Amount(Amount::from_minor(self.dice.within(20, 200) * 100)),
                            _ => percentage(self.dice.within(10, 50)),
                        });
                    }
                }
                (slots, SetBenefit::BySlot)
            }
            _ => {
                stacks = false;
                let slots = self.plain_slots();
                // What the cheapest units of the slots cost, and how far their floors let them down, whichever are taken.
                let per_slot = |of: &dyn Fn(usize) -> i64, least: bool| -> i64 {
                    let each = slots.iter().map(|slot| {
                        let lines =
                            (0..self.lines.len()).filter(|&at| slot.on.matches(&goods(&self.lines[at])));
                        let each = if least { lines.map(of).min() } else { lines.map(of).max() };
                        i64::from(slot.quantity) * each.unwrap_or(0)
                    });
                    each.sum()
                };
                let list = |at: usize| list_of(&self.lines[at]);
                let cheapest = per_slot(&list, true);
                let lowest = per_slot(&|at| self.floors[at], false);
                let room = per_slot(&|at| list(at) - self.floors[at], true);
                if self.dice.chance(50) && lowest < cheapest - 1 {
                    let least = (cheapest * 6 / 10).max(lowest);
                    (slots, SetBenefit::Price(Amount::from_minor(self.dice.within(least, cheapest - 1))))
                } else {
                    let amount = room.min(self.dice.within(20, 400) * 100).max(1);
                    (slots, SetBenefit::Amount(Amount::from_minor(amount)))
                }
            }
        };
        let served = matches!(benefit, SetBenefit::Cheapest { .. } | SetBenefit::BySlot);
        promotion.benefit =
            Benefit::Set(SetOf { slots, benefit, retailer_assigns: retailer && served, max_discount: most });
        promotion.on = Selector::default();
        if stacks && most.is_none() {
            self.befriend(promotion, 25);
        }
    }

    fn plain_slots(&mut self) -> Vec<Slot> {
        let count = self.dice.pick(&[1, 2, 2, 3]);
        let slots = (0..count).map(|_| Slot {
            on: self.selector(),
            quantity: if count == 1 { self.few(2, 3) } else { self.dice.pick(&[1, 1, 2]) },
            same_sku: self.dice.chance(10),
            cut: None,
        });
        slots.collect()
    }

    fn of_spends(&mut self, promotion: &mut Promotion, most: Option<Amount>) {
        let (mut from, mut percent) = (self.threshold(), self.dice.within(4, 12));
        let mut tiers = Vec::new();
        let by_amount = self.dice.chance(20);
        for tier in 1..=self.dice.within(1, 3) {
            let cut = if by_amount {
                UnitCut::Amount(Amount::from_minor(tier * percent * 300))
            } else {
                percentage(percent)
            };
            tiers.push(SpendTier { from: Amount::from_minor(from), give: SpendBenefit::Units(cut) });
            from += self.threshold() / 3 + 1;
            percent += self.dice.within(2, 10);
        }
        if self.dice.chance(40) {
            promotion.on = Selector::default();
        }
        promotion.stage = Stage::Basket;
        promotion.benefit = Benefit::Spend { spend: self.spend(), tiers, max_discount: most };
        if most.is_none() {
            self.befriend(promotion, 40);
        }
    }

    fn of_baskets(&mut self, promotion: &mut Promotion, most: Option<Amount>) {
        if self.dice.chance(40) {
            promotion.on = Selector::default();
        }
        promotion.stage = Stage::Basket;
        let amount = self.dice.within(20, 600) * 100;
        promotion.benefit = if self.dice.chance(35) {
            Benefit::Basket(BasketAmount { amount: Amount::from_minor(amount), max_discount: most })
        } else {
            let mut spend = self.spend();
            let (mut from, mut amount) = (self.threshold(), amount / 2);
            let mut tiers = Vec::new();
            spend.every = self.dice.chance(35);
            for _ in 0..if spend.every { 1 } else { self.dice.within(1, 2) } {
                tiers.push(SpendTier {
                    from: Amount::from_minor(from),
                    give: SpendBenefit::Basket(Amount::from_minor(amount)),
                });
                from += self.threshold() / 3 + 1;
                amount += self.dice.within(20, 300) * 100;
            }
            Benefit::Spend { spend, tiers, max_discount: most }
        };
        // Percentages come before amounts, so a loyalty percentage is off before the amount is shared.
        self.befriend(promotion, 40);
    }

    fn spend(&mut self) -> Spend {
        Spend {
            on: self.dice.chance(30).then(|| self.selector()),
            measured: if self.dice.chance(25) { Measured::List } else { Measured::Current },
            every: false,
        }
    }

    /// A sum that part of the basket reaches, perhaps only while it is not reduced too much.
    fn threshold(&mut self) -> i64 {
        let all: i64 = self.lines.iter().map(|line| list_of(line) * i64::from(line.quantity)).sum();
        let share = self.dice.pick(&[15, 25, 35, 45, 55, 70, 85]);
        (all * share / 100 / 5_000).max(1) * 5_000
    }

    fn cut(&mut self) -> UnitCut {
        match self.dice.within(0, 9) {
            0..6 => {
                let percent =
                    self.dice.pick(&["5", "7.5", "10", "12.5", "15", "20", "25", "30", "33.3333", "40"]);
                let base = if self.dice.chance(20) { Base::List } else { Base::Current };
                UnitCut::Percent(rate(percent), base)
            }
            6..8 => UnitCut::Amount(Amount::from_minor(self.dice.within(5, 150) * 100)),
            _ => UnitCut::Price(Amount::from_minor(self.dice.within(30, 700) * 100 - 1)),
        }
    }

    fn few(&mut self, low: u32, high: u32) -> u32 {
        u32::try_from(self.dice.within(i64::from(low), i64::from(high))).expect("few")
    }

    fn selector(&mut self) -> Selector {
        let mut facets = Facets::default();
        let brand = BRANDS[self.dice.place(self.size.words.min(BRANDS.len()))].to_owned();
        let category = CATEGORIES[self.dice.place(self.size.words)].to_owned();
        match self.dice.within(0, 9) {
            0..3 => facets.brands = vec![brand],
            3..6 => facets.categories = vec![category],
            6..7 => facets.categories = vec![category.split('/').next().unwrap_or_default().to_owned()],
            7..8 => {
                for _ in 0..self.dice.within(2, 6) {
                    let line = self.dice.place(self.lines.len());
                    facets.skus.push(self.lines[line].sku.clone());
                }
            }
            8..9 => {
                let line = self.dice.place(self.lines.len());
                facets.price_below = Some(Amount::from_minor(list_of(&self.lines[line]) + 1));
                facets.brands = vec![brand];
            }
            _ => facets.price_at_least = Some(Amount::from_minor(self.dice.within(100, 700) * 100)),
        }
        Selector { facets, except: Facets::default() }
    }
}

fn list_of(line: &Line) -> i64 {
    line.unit_price.unwrap_or_default().minor()
}

fn goods(line: &Line) -> Goods<'_> {
    Goods {
        sku: &line.sku,
        brand: line.brand.as_deref().unwrap_or_default(),
        categories: &line.categories,
        tags: &line.tags,
        list_price: line.unit_price.unwrap_or_default(),
    }
}

fn units(cut: UnitCut, max_discount: Option<Amount>) -> Benefit {
    Benefit::Units(UnitBenefit { cut, max_discount })
}

fn percentage(percent: i64) -> UnitCut {
    UnitCut::Percent(Rate::from_percent(Decimal::from(percent)).expect("a percentage"), Base::Current)
}

fn rate(percent: &str) -> Rate {
    Rate::from_percent(percent.parse().expect("a number")).expect("a percentage")
}
