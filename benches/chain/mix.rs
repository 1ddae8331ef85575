//! Promotions as a marketing department writes them, one after the other, the later the narrower.
//!
//! The proportions are tables of weights below: how wide the goods are, what is given, on which condition. [`Ring`] says which
//! row of them holds: the first hundreds of promotions are for everybody, the thousandth is for a store, a code or a mailing.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use pricewright::rulebook::{Rulebook, Source};

use super::dice::Dice;
use super::sample::{MAILINGS, mailing};
use super::{Block, Outcome};

/// Bloggers, offices and partner shops with a word of their own.
pub(super) const PARTNERS: u64 = 400;

pub(super) fn partner_code(number: u64) -> String {
    format!("PARTNER{number:03}")
}

/// One good of the catalog, as far as promotions ask.
#[derive(Clone)]
pub(super) struct Good {
    pub(super) sku: String,
    pub(super) brand: String,
    pub(super) category: String,
    /// Whole hryvnias.
    pub(super) price: u64,
}

/// What there is to promote, and where.
pub(super) struct Chain {
    /// The goods of each brand.
    pub(super) brands: Vec<Vec<Good>>,
    pub(super) stores: Vec<String>,
    pub(super) cities: Vec<String>,
}

impl Chain {
    pub(super) fn of(rulebook: &Rulebook) -> Outcome<Self> {
        let mut brands: BTreeMap<&str, Vec<Good>> = BTreeMap::new();
        for product in rulebook.catalog().products() {
            let price = product.price.map_or(0, pricewright::money::Amount::minor) / 100;
            brands.entry(&product.brand).or_default().push(Good {
                sku: product.sku.clone(),
                brand: product.brand.to_string(),
                category: product.categories.first().cloned().unwrap_or_default(),
                price: u64::try_from(price)?,
            });
        }
        let stores = &rulebook.settings().stores;
        let mut cities: Vec<String> = stores.values().filter_map(|store| store.city.clone()).collect();
        cities.sort();
        cities.dedup();
        Ok(Chain { brands: brands.into_values().collect(), stores: stores.keys().cloned().collect(), cities })
    }
}

/// How far the list of promotions has grown.
#[derive(Clone, Copy)]
enum Ring {
    /// To the 300th.
    Everybody,
    /// To the 1,000th.
    Many,
    /// To the 3,000th.
    Some,
    /// After it.
    Few,
}

impl Ring {
    fn at(place: usize) -> Self {
        match place {
            0..200 => Ring::Everybody,
            200..900 => Ring::Many,
            900..2_900 => Ring::Some,
            _ => Ring::Few,
        }
    }
}

#[derive(Clone, Copy)]
enum Width {
    Brand,
    Shelf,
    TagOfBrand,
    PriceOfShelf,
    Everywhere,
    List,
    Sku,
}

#[derive(Clone, Copy)]
enum Gives {
    Percent,
    Amount,
    Price,
    PriceList,
    Set,
    Quantity,
    Spend,
    Gift,
    Points,
    Delivery,
}

#[derive(Clone, Copy)]
enum Asks {
    Nothing,
    Channel,
    Town,
    Store,
    Clock,
    Segment,
    Mailing,
    Tier,
    Payment,
    Code,
    Customer,
}

fn widths(ring: Ring) -> [(u64, Width); 7] {
    use Width::{Brand, Everywhere, List, PriceOfShelf, Shelf, Sku, TagOfBrand};
    let [brand, shelf, tag, price, everywhere, list, sku] = match ring {
        Ring::Everybody => [32, 34, 8, 8, 6, 8, 4],
        Ring::Many => [14, 40, 5, 6, 1, 26, 8],
        Ring::Some => [5, 32, 2, 4, 0, 36, 21],
        Ring::Few => [2, 26, 1, 2, 0, 38, 31],
    };
    [
        (brand, Brand),
        (shelf, Shelf),
        (tag, TagOfBrand),
        (price, PriceOfShelf),
        (everywhere, Everywhere),
        (list, List),
        (sku, Sku),
    ]
}

fn gives(ring: Ring) -> [(u64, Gives); 10] {
    use Gives::{Amount, Delivery, Gift, Percent, Points, Price, PriceList, Quantity, Set, Spend};
    let [percent, amount, price, list, set, quantity, spend, gift, points, delivery] = match ring {
        Ring::Everybody => [36, 8, 11, 2, 15, 8, 8, 5, 4, 3],
        Ring::Many => [35, 8, 17, 2, 14, 8, 7, 4, 4, 1],
        Ring::Some => [37, 8, 27, 1, 11, 5, 5, 3, 3, 0],
        Ring::Few => [37, 8, 35, 1, 8, 4, 3, 2, 2, 0],
    };
    [
        (percent, Percent),
        (amount, Amount),
        (price, Price),
        (list, PriceList),
        (set, Set),
        (quantity, Quantity),
        (spend, Spend),
        (gift, Gift),
        (points, Points),
        (delivery, Delivery),
    ]
}

fn asks(ring: Ring) -> [(u64, Asks); 11] {
    use Asks::{Channel, Clock, Code, Customer, Mailing, Nothing, Payment, Segment, Store, Tier, Town};
    let [nothing, channel, town, store, clock, segment, mailings, tier, payment, code, customer] = match ring
    {
        Ring::Everybody => [52, 13, 7, 3, 6, 4, 3, 3, 4, 4, 1],
        Ring::Many => [30, 9, 8, 12, 5, 4, 12, 3, 5, 10, 2],
        Ring::Some => [14, 5, 5, 26, 4, 2, 18, 1, 5, 19, 1],
        Ring::Few => [7, 2, 3, 36, 2, 1, 20, 1, 3, 25, 0],
    };
    [
        (nothing, Nothing),
        (channel, Channel),
        (town, Town),
        (store, Store),
        (clock, Clock),
        (segment, Segment),
        (mailings, Mailing),
        (tier, Tier),
        (payment, Payment),
        (code, Code),
        (customer, Customer),
    ]
}

/// Goods of one promotion: its selector in the words of rule files, and what lies under it.
struct Goods {
    on: String,
    dearest: u64,
    cheapest: u64,
    brand: String,
    /// SKUs that cost about as much as the cheapest: what one price fits.
    alike: String,
}

impl Goods {
    fn of(on: String, goods: &[&Good]) -> Outcome<Self> {
        let prices = || goods.iter().map(|good| good.price);
        let cheapest = prices().min().ok_or("no goods")?;
        let alike = goods.iter().filter(|good| good.price <= cheapest * 5 / 4);
        Ok(Goods {
            on,
            dearest: prices().max().ok_or("no goods")?,
            cheapest,
            brand: goods.first().map(|good| good.brand.clone()).unwrap_or_default(),
            alike: format!("skus: [{}]", joined_quoted(alike.map(|good| good.sku.as_str()))),
        })
    }
}

/// Writes promotions, the later the narrower.
pub(super) struct Mix<'a> {
    chain: &'a Chain,
    dice: Dice,
    prefix: &'static str,
    place: usize,
    names_skus: bool,
    /// Price lists that the promotions name.
    pub(super) tables: Vec<Source>,
}

impl<'a> Mix<'a> {
    pub(super) fn new(chain: &'a Chain, seed: u64, prefix: &'static str) -> Self {
        Mix { chain, dice: Dice::new(seed), prefix, place: 0, names_skus: false, tables: Vec::new() }
    }

    /// The same from the promotion at `place` on.
    pub(super) fn at(self, place: usize) -> Self {
        Mix { place, ..self }
    }

    /// The same with all goods named by their numbers.
    pub(super) fn by_sku(self) -> Self {
        Mix { names_skus: true, ..self }
    }

    /// The next promotion.
    pub(super) fn next(&mut self) -> Outcome<Block> {
        let asked = self.dice.weighted(&asks(Ring::at(self.place)))?;
        let when = self.when(asked)?;
        self.block(&when, asked)
    }

    /// The next promotion on a condition that the caller has chosen.
    pub(super) fn next_when(&mut self, when: &str) -> Outcome<Block> {
        self.block(when, Asks::Nothing)
    }

    fn block(&mut self, when: &str, asked: Asks) -> Outcome<Block> {
        let ring = Ring::at(self.place);
        let goods = &self.goods(ring)?;
        self.place += 1;
        let id = format!("{}-{:05}", self.prefix, self.place);
        let given = self.dice.weighted(&gives(ring))?;
        let mut text = format!("  - id: {id}\n    name: \"{} {}\"\n", goods.brand, self.place);
        // What does not touch prices has no part in groups and stacking.
        let stacking = match given {
            Gives::Gift | Gives::Points | Gives::Delivery => String::new(),
            _ => self.stacking(asked),
        };
        let when = self.with_method(given, when);
        writeln!(text, "    when: {{{when}}}")?;
        text.push_str(&self.benefit(given, goods)?);
        text.push_str(&stacking);
        Ok(Block { id, text })
    }

    // ------------------------------------------------------------------------------------------ goods

    fn goods(&mut self, ring: Ring) -> Outcome<Goods> {
        let width = match self.names_skus {
            true => self.dice.weighted(&[(6, Width::List), (4, Width::Sku)])?,
            false => self.dice.weighted(&widths(ring))?,
        };
        let brand = self.dice.pick(&self.chain.brands)?;
        let brand: Vec<&Good> = brand.iter().collect();
        self.goods_of(width, &brand)
    }

    fn goods_of(&mut self, width: Width, brand: &[&Good]) -> Outcome<Goods> {
        let one = *self.dice.pick(brand)?;
        let name = format!("brands: [{}]", quoted(&one.brand));
        let top = one.category.split('/').next().unwrap_or_default();
        let on_shelf: Vec<&Good> =
            brand.iter().filter(|good| good.category.starts_with(top)).copied().collect();
        let shelf = format!("{name}, categories: [{top}]");
        match width {
            Width::Brand if self.dice.percent(30) => {
                Goods::of(format!("{name}, except: {{tags: [sets, sale]}}"), brand)
            }
            Width::Brand => Goods::of(name, brand),
            Width::Shelf if self.dice.percent(40) => {
                let leaf: Vec<&Good> =
                    brand.iter().filter(|good| good.category == one.category).copied().collect();
                Goods::of(format!("{name}, categories: [{}]", one.category), &leaf)
            }
            Width::Shelf => Goods::of(shelf, &on_shelf),
            Width::TagOfBrand => {
                let tag = *self.dice.pick(&["new", "bestseller", "sale", "vegan", "travel"])?;
                Goods::of(format!("{name}, tags: [{tag}]"), brand)
            }
            Width::PriceOfShelf => {
                let least = one.price / 10 * 9;
                let dear: Vec<&Good> = on_shelf.into_iter().filter(|good| good.price >= least).collect();
                Goods::of(format!("{shelf}, price: {{at_least: {least}}}"), &dear)
            }
            Width::Everywhere => Goods::of(format!("categories: [{}]", one.category), &[one]),
            Width::List => {
                let count = usize::try_from(self.dice.between(2, 10))?;
                let list = self.dice.some(brand, count)?.into_iter().copied().collect::<Vec<_>>();
                listed(&list)
            }
            Width::Sku => listed(&[one]),
        }
    }

    // ------------------------------------------------------------------------------------------ when

    /// The entries of `when`: a window that has begun and is not over, and what is asked besides.
    fn when(&mut self, asked: Asks) -> Outcome<String> {
        let window = self.window();
        let asks = match asked {
            Asks::Nothing => String::new(),
            Asks::Channel => {
                (*self.dice.pick(&["channels: [pos]", "channels: [web, app]", "channels: [app]"])?).to_owned()
            }
            Asks::Town => {
                let regions = ["region:centre", "region:west", "region:east", "region:south"];
                let town = if self.dice.percent(40) {
                    (*self.dice.pick(&regions)?).to_owned()
                } else {
                    format!("city:{}", self.dice.pick(&self.chain.cities)?)
                };
                format!("stores: [{town}]")
            }
            Asks::Store => {
                let count = usize::try_from(self.dice.between(1, 2))?;
                let stores = self.dice.some(&self.chain.stores, count)?;
                format!("stores: [{}]", joined(stores.into_iter().map(String::as_str)))
            }
            Asks::Clock => (*self.dice.pick(&[
                "weekdays: [sat, sun]",
                "weekdays: [fri, sat, sun]",
                "weekdays: [tue]",
                "weekdays: [mon, tue, wed, thu], hours: \"10:00-14:00\"",
                "hours: \"18:00-22:00\"",
                "hours: \"22:00-02:00\"",
            ])?)
            .to_owned(),
            Asks::Segment => {
                let segments =
                    ["vip", "beauty_club", "students", "newborn_club", "sleeping_9m", "sleeping_12m"];
                format!("segments: [{}]", self.dice.pick(&segments)?)
            }
            Asks::Mailing => format!("segments: [{}]", mailing(self.dice.between(1, MAILINGS))),
            Asks::Tier => (*self.dice.pick(&["tiers: [gold, platinum]", "tiers: [platinum]"])?).to_owned(),
            Asks::Payment => {
                let banks =
                    ["mono", "mono", "club_card", "installments", "privat", "oschad", "pumb", "sense"];
                format!("payment: [{}]", self.dice.pick(&banks)?)
            }
            Asks::Code => format!("code: {}", partner_code(self.dice.below(PARTNERS))),
            Asks::Customer => (*self.dice.pick(&[
                "birthday: {days_before: 7, days_after: 7}",
                "customer: {first_purchase: true}",
                "customer: {months_since_last_purchase: {at_least: 9}}",
            ])?)
            .to_owned(),
        };
        Ok([window, asks].into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(", "))
    }

    /// Four of five have both ends; the others run until somebody ends them.
    pub(super) fn window(&mut self) -> String {
        let (first, last) = (self.dice.between(1, 15), self.dice.between(15, 31));
        match self.dice.below(10) {
            0 => String::new(),
            1 => format!("from: 2026-11-{first:02}"),
            _ => format!("from: 2026-11-{first:02}, until: 2026-12-{last}"),
        }
    }

    fn with_method(&mut self, given: Gives, when: &str) -> String {
        if !matches!(given, Gives::Delivery) {
            return when.to_owned();
        }
        let methods = ["courier", "parcel_locker", "post", "express"];
        let method = self.dice.pick(&methods).copied().unwrap_or("courier");
        let separator = if when.is_empty() { "" } else { ", " };
        format!("{when}{separator}delivery: [{method}]")
    }

    /// Mostly unsaid: a unit carries one promotion. A fifth goes with loyalty, some of them with bank cards as well; what a
    /// bank or a card gives comes on top of those that let it.
    fn stacking(&mut self, asked: Asks) -> String {
        let on_top = match asked {
            Asks::Payment if self.dice.percent(60) => "    group: bank-cards\n    stacks_with: all\n",
            Asks::Tier if self.dice.percent(50) => "    group: loyalty\n    stacks_with: all\n",
            _ if self.dice.percent(15) => "    stacks_with: [loyalty]\n",
            _ if self.dice.percent(6) => "    stacks_with: [loyalty, bank-cards]\n",
            _ => "",
        };
        on_top.to_owned()
    }

    // ------------------------------------------------------------------------------------------ give

    fn benefit(&mut self, given: Gives, goods: &Goods) -> Outcome<String> {
        let on = &goods.on;
        let text = match given {
            Gives::Percent => format!("    on: {{{on}}}\n{}", self.percent()),
            Gives::Amount => {
                let amount = (goods.cheapest * self.dice.between(8, 25) / 1_000 * 10).max(10);
                format!("    on: {{{on}}}\n    give: {{amount: {amount}}}\n{}", self.units_limit())
            }
            Gives::Price => {
                let price = self.shelf_price(goods.cheapest);
                format!("    on: {{{}}}\n    give: {{price: {price}}}\n{}", goods.alike, self.units_limit())
            }
            Gives::PriceList => self.price_list()?,
            Gives::Set => self.set(goods)?,
            Gives::Quantity => format!("    on: {{{on}}}\n{}", self.tiers(goods)),
            Gives::Spend => format!("    on: {{{on}}}\n{}", self.spend(goods)),
            Gives::Gift => self.gift(goods)?,
            Gives::Points => {
                format!("    on: {{{on}}}\n    give: {{points: {{multiply: {}}}}}\n", self.dice.between(2, 3))
            }
            Gives::Delivery => {
                let cut = *self.dice.pick(&["percent: 100", "percent: 50", "amount: 30", "price: 49"])?;
                let least = self.dice.between(2, 8) * 100;
                format!("    spend: {{at_least: {least}, on: {{{on}}}}}\n    give: {{delivery: {{{cut}}}}}\n")
            }
        };
        Ok(text)
    }

    fn percent(&mut self) -> String {
        let percent = [5, 7, 8, 10, 10, 12, 15, 15, 15, 20, 20, 25, 30, 40];
        let percent = self.dice.pick(&percent).copied().unwrap_or(10);
        let most = self.dice.between(2, 10) * 100;
        match self.dice.below(20) {
            0 => format!("    give: {{percent: {percent}, max_discount: {most}}}\n"),
            1 => format!("    give: {{percent: {percent}, of: list}}\n"),
            2 => format!("    stage: basket\n    give: {{percent: {percent}}}\n"),
            _ => format!("    give: {{percent: {percent}}}\n{}", self.units_limit()),
        }
    }

    fn units_limit(&mut self) -> String {
        if self.dice.percent(7) {
            format!("    limits: {{units: {}}}\n", self.dice.between(1, 5))
        } else {
            String::new()
        }
    }

    /// 10 to 40 % below, ending in nines as shelves do.
    fn shelf_price(&mut self, price: u64) -> u64 {
        let below = price * self.dice.between(60, 90) / 100;
        if below < 30 { below.max(1) } else { below / 10 * 10 - 1 }
    }

    /// Prices of a brand or two that a supplier has sent.
    fn price_list(&mut self) -> Outcome<String> {
        let name = format!("prices-{}-{:05}.csv", self.prefix, self.place);
        let mut table = String::from("sku,price\n");
        for _ in 0..self.dice.between(1, 2) {
            let brand = self.dice.pick(&self.chain.brands)?;
            for good in brand {
                let price = self.shelf_price(good.price);
                if !table.contains(&good.sku) {
                    writeln!(table, "{},{price}", good.sku)?;
                }
            }
        }
        self.tables.push(Source { path: name.clone(), bytes: table.into_bytes() });
        Ok(format!("    give: {{prices: {name}}}\n"))
    }

    fn set(&mut self, goods: &Goods) -> Outcome<String> {
        let on = &goods.on;
        let text = match self.dice.below(10) {
            0..=2 => format!(
                "    buy: [{{on: {{{on}}}, quantity: 3}}]\n    give: {{cheapest: {{units: 1, percent: 100}}}}\n"
            ),
            3..=6 => {
                let percent = self.dice.pick(&[30, 40, 50, 50, 50, 60]).copied().unwrap_or(50);
                format!(
                    "    buy: [{{on: {{{on}}}, quantity: 2}}]\n    give: {{cheapest: {{units: 1, percent: {percent}}}}}\n"
                )
            }
            7 | 8 => self.pair(goods)?,
            _ => {
                let price = self.shelf_price(goods.cheapest * 2);
                format!("    buy: [{{on: {{{}}}, quantity: 2}}]\n    give: {{price: {price}}}\n", goods.alike)
            }
        };
        let limit = if self.dice.percent(25) { "    limits: {sets: 1}\n" } else { "" };
        Ok(text + limit)
    }

    /// Two goods of one brand that belong together.
    fn pair(&mut self, goods: &Goods) -> Outcome<String> {
        let brands = &self.chain.brands;
        let is_it = |brand: &&Vec<Good>| brand.first().is_some_and(|good| good.brand == goods.brand);
        let brand = brands.iter().find(is_it).ok_or("no such brand")?;
        let both = self.dice.some(brand, 2)?;
        let [one, other] = both.as_slice() else {
            return Err("a brand of one good".into());
        };
        let slot =
            |good: &Good, more: &str| format!("{{on: {{skus: [{}]}}, quantity: 1{more}}}", quoted(&good.sku));
        if self.dice.percent(50) {
            let price = self.shelf_price(one.price + other.price);
            let slots = [slot(one, ""), slot(other, "")].join(", ");
            Ok(format!("    buy: [{slots}]\n    give: {{price: {price}}}\n"))
        } else {
            let percent = self.dice.between(3, 6) * 10;
            let slots = [slot(one, ""), slot(other, &format!(", percent: {percent}"))].join(", ");
            Ok(format!("    buy: [{slots}]\n"))
        }
    }

    fn tiers(&mut self, goods: &Goods) -> String {
        let (low, high) = (self.dice.between(5, 12), self.dice.between(13, 25));
        let count = if self.dice.percent(25) { ", count: same_sku" } else { "" };
        let tiers = if self.dice.percent(80) {
            format!("[{{from: 2, percent: {low}}}, {{from: 3, percent: {high}}}]")
        } else {
            let amount = (goods.cheapest * high / 1_000 * 10).max(10);
            format!("[{{from: 3, amount: {amount}}}]")
        };
        format!("    give: {{by_quantity: {tiers}{count}}}\n")
    }

    /// A sum of these goods, near two pieces or three of them.
    fn spend(&mut self, goods: &Goods) -> String {
        let least = ((goods.cheapest + goods.dearest) * self.dice.between(8, 16) / 1_000 * 100).max(200);
        let (percent, amount) =
            (self.dice.between(5, 15), (least * self.dice.between(8, 15) / 1_000 * 10).max(20));
        match self.dice.below(10) {
            0..=3 => format!("    spend: {{at_least: {least}}}\n    give: {{percent: {percent}}}\n"),
            4 => format!(
                "    spend: {{at_least: {least}, every: true}}\n    give: {{basket_amount: {amount}}}\n"
            ),
            5 => {
                let (more, twice) = (percent + 5, least * 2);
                format!(
                    "    give: {{by_spend: [{{from: {least}, percent: {percent}}}, {{from: {twice}, percent: {more}}}]}}\n"
                )
            }
            _ => format!("    spend: {{at_least: {least}}}\n    give: {{basket_amount: {amount}}}\n"),
        }
    }

    fn gift(&mut self, goods: &Goods) -> Outcome<String> {
        let on = &goods.on;
        let brands = &self.chain.brands;
        let brand = brands.iter().find(|brand| brand.first().is_some_and(|good| good.brand == goods.brand));
        let mut cheap: Vec<&Good> = brand.ok_or("no such brand")?.iter().collect();
        cheap.sort_by_key(|good| good.price);
        let choices = usize::try_from(self.dice.between(1, 3))?;
        let skus = joined_quoted(cheap.iter().take(choices).map(|good| good.sku.as_str()));
        let least = ((goods.cheapest + goods.dearest) * self.dice.between(8, 16) / 1_000 * 100).max(200);
        let by = match self.dice.below(3) {
            0 => format!("    buy: [{{on: {{{on}}}, quantity: 2}}]\n"),
            1 => format!("    on: {{{on}}}\n"),
            _ => format!("    on: {{{on}}}\n    spend: {{at_least: {least}}}\n"),
        };
        Ok(format!("{by}    give: {{gift: {{skus: [{skus}], choose: 1}}}}\n"))
    }

    /// A contract with one house more.
    pub(super) fn cap(&mut self, number: usize) -> Outcome<Block> {
        let brand = self.dice.pick(&self.chain.brands)?;
        let name = quoted(&brand.first().ok_or("a brand without goods")?.brand);
        let id = format!("{}-cap-{number:03}", self.prefix);
        let percent = self.dice.between(3, 9) * 5;
        let text = format!(
            "  - id: {id}\n    name: {name}, at most −{percent} %\n    on: {{brands: [{name}]}}\n    max_percent: {percent}\n"
        );
        Ok(Block { id, text: text.replace(&format!("name: {name}, at"), "name: Contract, at") })
    }
}

fn listed(goods: &[&Good]) -> Outcome<Goods> {
    let skus = joined_quoted(goods.iter().map(|good| good.sku.as_str()));
    Goods::of(format!("skus: [{skus}]"), goods)
}

fn quoted(word: &str) -> String {
    format!("\"{word}\"")
}

fn joined<'a>(words: impl Iterator<Item = &'a str>) -> String {
    words.collect::<Vec<_>>().join(", ")
}

fn joined_quoted<'a>(words: impl Iterator<Item = &'a str>) -> String {
    words.map(quoted).collect::<Vec<_>>().join(", ")
}
