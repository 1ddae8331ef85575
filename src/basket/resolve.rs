//! A request is checked whole, and its lines filled from the catalogue: every fault is found, each names its field.

use std::collections::{BTreeMap, BTreeSet};

use rust_decimal::{Decimal, RoundingStrategy};

use super::limits;
use super::request::{Basket, Customer, Delivery, GiftChoice, GiftStock, Line, Request};
use crate::catalog::{Catalog, Goods, Product};
use crate::lang::Lang;
use crate::money::{Amount, Currency, Rounding};

/// One line with everything that conditions may ask of it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Item<'a> {
    /// The caller's name for the line.
    pub id: &'a str,
    /// The stock-keeping unit.
    pub sku: &'a str,
    /// Pieces.
    pub quantity: u32,
    /// What one piece costs before promotions.
    pub list_price: Amount,
    /// The brand; empty when unknown.
    pub brand: &'a str,
    /// Category paths.
    pub categories: &'a [String],
    /// Tags.
    pub tags: &'a [String],
    /// The place of its product in the catalogue, where brand, categories and tags are those that stand there.
    pub product: Option<usize>,
    /// What the retailer paid for one piece.
    pub cost: Option<Amount>,
    /// Matches nothing and counts nowhere.
    pub no_promotions: bool,
}

impl<'a> Item<'a> {
    /// What a selector asks about.
    #[must_use]
    pub fn goods(&self) -> Goods<'a> {
        Goods {
            sku: self.sku,
            brand: self.brand,
            categories: self.categories,
            tags: self.tags,
            list_price: self.list_price,
        }
    }
}

/// The lines of a request that passed every check, in its order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checked<'a> {
    /// One a line.
    pub items: Vec<Item<'a>>,
}

impl Checked<'_> {
    /// What the goods cost before promotions.
    #[must_use]
    pub fn list_total(&self) -> Amount {
        self.items.iter().map(|item| item.list_price.times(item.quantity)).sum()
    }
}

/// What is wrong with one field of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// The field's path, `basket.lines[2].quantity`.
    pub field: String,
    /// What is wrong with it.
    pub problem: Problem,
}

/// What can be wrong with a field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Problem {
    /// It must be there.
    Missing,
    /// More entries than allowed.
    TooMany(usize),
    /// More bytes than allowed.
    TooLong(usize),
    /// Outside the range.
    OutOfRange(i64, i64),
    /// Another line has this id; the name of the field that has it.
    Twice(String),
    /// The rulebook prices in this currency.
    Currency(&'static str),
    /// The line has no unit price and the catalogue has none for its SKU.
    NoPrice,
    /// A number, a time or a date that cannot be read.
    Unreadable,
}

impl Problem {
    /// One sentence for a person.
    #[must_use]
    pub fn say(&self, lang: Lang) -> String {
        match self {
            Problem::Missing => lang.pick("is missing".to_owned(), "не вказано".to_owned()),
            Problem::TooMany(most) => {
                lang.pick(format!("has more than {most} entries"), format!("має понад {most} записів"))
            }
            Problem::TooLong(most) => {
                lang.pick(format!("is longer than {most} bytes"), format!("довше за {most} байтів"))
            }
            Problem::OutOfRange(least, most) => lang.pick(
                format!("must be between {least} and {most}"),
                format!("має бути від {least} до {most}"),
            ),
            Problem::Twice(field) => {
                lang.pick(format!("is the same as {field}"), format!("збігається з {field}"))
            }
            Problem::Currency(code) => lang.pick(
                format!("must be {code}, the currency of the rules"),
                format!("має бути {code}, валюта правил"),
            ),
            Problem::NoPrice => lang.pick(
                "is missing, and the catalogue has no price for this sku".to_owned(),
                "не вказано, і в каталозі немає ціни для цього sku".to_owned(),
            ),
            Problem::Unreadable => lang.pick("cannot be read".to_owned(), "неможливо прочитати".to_owned()),
        }
    }
}

impl std::fmt::Display for Fault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "`{}` {}", self.field, self.problem.say(Lang::En))
    }
}

/// Checks a request against the limits and fills its lines from the catalogue.
///
/// # Errors
/// Every fault that was found, in the order of the request.
pub fn check<'a>(
    request: &'a Request,
    catalog: &'a Catalog,
    currency: Currency,
    rounding: Rounding,
) -> Result<Checked<'a>, Vec<Fault>> {
    let mut checker = Checker { faults: Vec::new(), currency, rounding };
    checker.context(request);
    let items = checker.basket(&request.basket, catalog);
    let checked = Checked { items };
    if checker.faults.is_empty() { Ok(checked) } else { Err(checker.faults) }
}

struct Checker {
    faults: Vec<Fault>,
    currency: Currency,
    rounding: Rounding,
}

impl Checker {
    fn fault(&mut self, field: impl Into<String>, problem: Problem) {
        self.faults.push(Fault { field: field.into(), problem });
    }

    fn text(&mut self, field: impl Fn() -> String, text: &str) {
        if text.len() > limits::TEXT_BYTES_MAX {
            self.fault(field(), Problem::TooLong(limits::TEXT_BYTES_MAX));
        }
    }

    fn needed(&mut self, field: impl Fn() -> String, text: &str) {
        if text.is_empty() {
            self.fault(field(), Problem::Missing);
        }
        self.text(field, text);
    }

    fn texts(&mut self, field: impl Fn() -> String, most: usize, texts: &[String]) {
        if texts.len() > most {
            self.fault(field(), Problem::TooMany(most));
            return;
        }
        for (place, text) in texts.iter().enumerate() {
            self.text(|| format!("{}[{place}]", field()), text);
        }
    }

    fn range(&mut self, field: impl Fn() -> String, value: i64, least: i64, most: i64) {
        if value < least || most < value {
            self.fault(field(), Problem::OutOfRange(least, most));
        }
    }

    fn context(&mut self, request: &Request) {
        let context = &request.context;
        self.texts(|| "context.codes".to_owned(), limits::CODES_MAX, &context.codes);
        for (field, text) in [
            ("context.channel", &context.channel),
            ("context.store", &context.store),
            ("context.payment_method", &context.payment_method),
        ] {
            if let Some(text) = text {
                self.text(|| field.to_owned(), text);
            }
        }
        if let Some(customer) = &context.customer {
            self.customer(customer);
        }
        self.gift_choices(&context.gift_choices);
        self.gift_stock(&context.gift_stock);
    }

    /// Whether the promotion gives these goods is part of the answer, never a fault.
    fn gift_choices(&mut self, choices: &[GiftChoice]) {
        if choices.len() > limits::GIFT_CHOICES_MAX {
            self.fault("context.gift_choices", Problem::TooMany(limits::GIFT_CHOICES_MAX));
            return;
        }
        for (place, choice) in choices.iter().enumerate() {
            self.needed(|| format!("context.gift_choices[{place}].promotion_id"), &choice.promotion);
            self.needed(|| format!("context.gift_choices[{place}].sku"), &choice.sku);
        }
    }

    fn gift_stock(&mut self, stock: &[GiftStock]) {
        if stock.len() > limits::GIFT_STOCK_MAX {
            self.fault("context.gift_stock", Problem::TooMany(limits::GIFT_STOCK_MAX));
            return;
        }
        let mut seen: BTreeMap<&str, usize> = BTreeMap::new();
        for (place, left) in stock.iter().enumerate() {
            let field = format!("context.gift_stock[{place}].sku");
            self.needed(|| field.clone(), &left.sku);
            // Two numbers for one SKU: which holds is not for us to guess.
            match seen.get(left.sku.as_str()) {
                Some(first) if !left.sku.is_empty() => {
                    self.fault(field, Problem::Twice(format!("context.gift_stock[{first}].sku")));
                }
                Some(_) => {}
                None => {
                    seen.insert(&left.sku, place);
                }
            }
        }
    }

    fn customer(&mut self, customer: &Customer) {
        self.text(|| "context.customer.id".to_owned(), &customer.id);
        self.text(|| "context.customer.phone".to_owned(), &customer.phone);
        self.texts(|| "context.customer.segments".to_owned(), limits::WORDS_MAX, &customer.segments);
        if let Some(tier) = &customer.tier {
            self.text(|| "context.customer.tier".to_owned(), tier);
        }
        if customer.attributes.len() > limits::WORDS_MAX {
            self.fault("context.customer.attributes", Problem::TooMany(limits::WORDS_MAX));
            return;
        }
        for (name, value) in &customer.attributes {
            // The name of an attribute is the caller's text: it is not repeated in an error.
            self.text(|| "context.customer.attributes".to_owned(), name);
            self.text(|| "context.customer.attributes".to_owned(), value);
        }
    }

    fn basket<'a>(&mut self, basket: &'a Basket, catalog: &'a Catalog) -> Vec<Item<'a>> {
        if !basket.currency_code.is_empty() && basket.currency_code != self.currency.code() {
            self.fault("basket.currency_code", Problem::Currency(self.currency.code()));
        }
        if let Some(delivery) = &basket.delivery {
            self.delivery(delivery);
        }
        if basket.lines.is_empty() {
            self.fault("basket.lines", Problem::Missing);
        }
        if basket.lines.len() > limits::LINES_MAX {
            self.fault("basket.lines", Problem::TooMany(limits::LINES_MAX));
            return Vec::new();
        }
        self.ids_are_unique(&basket.lines);
        let items: Vec<Item<'a>> = basket
            .lines
            .iter()
            .enumerate()
            .filter_map(|(place, line)| self.line(place, line, catalog))
            .collect();
        let total = items.iter().try_fold(Amount::ZERO, |sum, item| {
            sum.checked_add(item.list_price.checked_times(item.quantity)?)
                .filter(|sum| sum.minor() <= limits::LIST_TOTAL_MAX)
        });
        if total.is_none() {
            self.fault("basket.lines", Problem::OutOfRange(0, limits::LIST_TOTAL_MAX));
        }
        items
    }

    fn delivery(&mut self, delivery: &Delivery) {
        self.text(|| "basket.delivery.method".to_owned(), &delivery.method);
        self.range(|| "basket.delivery.price".to_owned(), delivery.price.minor(), 0, limits::UNIT_PRICE_MAX);
    }

    fn ids_are_unique(&mut self, lines: &[Line]) {
        let mut seen = BTreeSet::new();
        for (place, line) in lines.iter().enumerate() {
            if line.id.is_empty() {
                self.fault(format!("basket.lines[{place}].id"), Problem::Missing);
            } else if !seen.insert(&line.id) {
                let first = lines.iter().position(|other| other.id == line.id).unwrap_or_default();
                self.fault(
                    format!("basket.lines[{place}].id"),
                    Problem::Twice(format!("basket.lines[{first}].id")),
                );
            }
        }
    }

    /// The line with what the catalogue knows; `None` where it has no usable price.
    fn line<'a>(&mut self, place: usize, line: &'a Line, catalog: &'a Catalog) -> Option<Item<'a>> {
        let field = |name: &str| format!("basket.lines[{place}].{name}");
        self.text(|| field("id"), &line.id);
        self.needed(|| field("sku"), &line.sku);
        self.range(|| field("quantity"), i64::from(line.quantity), 1, i64::from(limits::QUANTITY_MAX));
        if let Some(brand) = &line.brand {
            self.text(|| field("brand"), brand);
        }
        self.texts(|| field("categories"), limits::WORDS_MAX, &line.categories);
        self.texts(|| field("tags"), limits::WORDS_MAX, &line.tags);
        let product = catalog.find(&line.sku);
        let known = product.and_then(|place| catalog.products().get(place));
        let cost = line.cost.or_else(|| known.and_then(|product| product.cost));
        if let Some(cost) = cost {
            self.range(|| field("cost"), cost.minor(), 0, limits::UNIT_PRICE_MAX);
        }
        let Some(price) = line.unit_price.or_else(|| known.and_then(|product| product.price)) else {
            self.fault(field("unit_price"), Problem::NoPrice);
            return None;
        };
        self.range(|| field("unit_price"), price.minor(), 0, limits::UNIT_PRICE_MAX);
        let list_price = self.measured(|| field("measure"), line.measure, price)?;
        let cost = match cost {
            Some(cost) => Some(self.measured(|| field("measure"), line.measure, cost)?),
            None => None,
        };
        Some(filled(line, product.zip(known), list_price, cost))
    }

    /// `round(price × measure)`.
    fn measured(
        &mut self,
        field: impl Fn() -> String,
        measure: Option<Decimal>,
        price: Amount,
    ) -> Option<Amount> {
        let Some(measure) = measure else {
            return Some(price);
        };
        let has_too_many_places = measure.normalize().scale() > limits::MEASURE_PLACES_MAX;
        if has_too_many_places || measure <= Decimal::ZERO || measure > Decimal::from(limits::MEASURE_MAX) {
            self.fault(field(), Problem::OutOfRange(0, limits::MEASURE_MAX));
            return None;
        }
        let exact = Decimal::from(price.minor()).checked_mul(measure);
        let strategy = match self.rounding {
            Rounding::HalfUp => RoundingStrategy::MidpointAwayFromZero,
            Rounding::HalfEven => RoundingStrategy::MidpointNearestEven,
            Rounding::HalfDown => RoundingStrategy::MidpointTowardZero,
            Rounding::Down => RoundingStrategy::ToZero,
        };
        let rounded = exact.and_then(|exact| i64::try_from(exact.round_dp_with_strategy(0, strategy)).ok());
        let Some(minor) = rounded.filter(|&minor| (0..=limits::UNIT_PRICE_MAX).contains(&minor)) else {
            self.fault(field(), Problem::OutOfRange(0, limits::MEASURE_MAX));
            return None;
        };
        Some(Amount::from_minor(minor))
    }
}

fn filled<'a>(
    line: &'a Line,
    known: Option<(usize, &'a Product)>,
    list_price: Amount,
    cost: Option<Amount>,
) -> Item<'a> {
    let product = known.map(|(_, product)| product);
    let or_known = |given: &'a [String], known: Option<&'a [String]>| {
        if given.is_empty() { known.unwrap_or_default() } else { given }
    };
    let is_as_known = line.brand.is_none() && line.categories.is_empty() && line.tags.is_empty();
    Item {
        id: &line.id,
        sku: &line.sku,
        quantity: line.quantity,
        list_price,
        brand: line.brand.as_deref().or(product.map(|product| &*product.brand)).unwrap_or_default(),
        categories: or_known(&line.categories, product.map(|product| &*product.categories)),
        tags: or_known(&line.tags, product.map(|product| &*product.tags)),
        product: known.map(|(place, _)| place).filter(|_| is_as_known),
        cost,
        no_promotions: line.no_promotions,
    }
}
