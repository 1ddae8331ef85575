//! `*.test.yaml`: baskets with the total and the promotions that are expected. Reading them; running them is not done here.

use std::collections::{BTreeMap, BTreeSet};

use crate::basket::{Basket, Context, Customer, Delivery, GiftChoice, GiftStock, Line, Request};
use crate::money::Amount;
use crate::rulebook::diagnostic::finding::{Finding, Never};
use crate::rulebook::diagnostic::report::{Diagnostic, Place};
use crate::rulebook::index::Rulebook;
use crate::rulebook::read::cut::only_kind;
use crate::rulebook::read::reader::{Fields, Reader};
use crate::rulebook::read::vocabulary::{
    BASKET, BASKET_DELIVERY, BASKETS_MAX, CONTEXT, CUSTOMER, EXPECT, EXPECTED_GIFT, GIFT_CHOICE, GIFT_STOCK,
    LINE, TEST, TESTS, UNITS_MAX,
};
use crate::rulebook::settings::Settings;
use crate::rulebook::source::Source;
use crate::rulebook::text::calendar::{Edge, date, moment};
use crate::rulebook::text::number::{Use, clean, shorten};
use crate::rulebook::text::page::{Page, RULES_BYTES_MAX};
use crate::rulebook::text::syntax::{Node, Value, parse};

/// One test.
#[derive(Debug, Clone, PartialEq)]
pub struct TestCase {
    /// What it shows.
    pub name: String,
    /// The file it stands in.
    pub path: String,
    /// Where its name stands.
    pub place: Place,
    /// What is priced.
    pub request: Request,
    /// What is expected of the quote.
    pub expect: Expected,
}

/// What a test expects.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Expected {
    /// What the customer pays for goods and delivery.
    pub total: Amount,
    /// What promotions take off; anything, when absent.
    pub discount: Option<Amount>,
    /// The ids of the promotions that apply, in byte order; any, when absent.
    pub promotions: Option<Vec<String>>,
    /// How many pieces of what are given; anything, when absent.
    pub gifts: Option<BTreeMap<ExpectedGift, u64>>,
    /// The points that are earned; any number, when absent.
    pub points: Option<u64>,
}

/// What is given.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum ExpectedGift {
    /// These goods.
    Sku(String),
    /// One of these, in byte order; the customer has not chosen yet.
    OneOf(Vec<String>),
}

/// The tests of a file, with everything that was found in it. A test at fault is left out.
#[must_use]
pub fn read_tests(settings: &Settings, source: &Source) -> (Vec<TestCase>, Vec<Diagnostic>) {
    let page = match Page::of(source, RULES_BYTES_MAX) {
        Ok(page) => page,
        Err(diagnostic) => return (Vec::new(), vec![*diagnostic]),
    };
    let mut found = Vec::new();
    let root = match parse(&page, &mut found) {
        Ok(Some(root)) => root,
        Ok(None) => return (Vec::new(), found),
        Err(diagnostic) => {
            found.push(*diagnostic);
            return (Vec::new(), found);
        }
    };
    let mut reader = Reader::new(&page, settings, true);
    reader.append(found);
    let mut cases = Vec::new();
    if let Some(fields) = reader.fields(&root, "test file", &TESTS)
        && let Some(node) = fields.get("tests")
    {
        for node in reader.list(node, "tests") {
            let errors = reader.errors();
            let case = case(&mut reader, node);
            cases.extend(case.filter(|_| reader.errors() == errors));
        }
    }
    (cases, reader.finish())
}

/// The promotions that no test expects, by id.
#[must_use]
pub fn untested<'r>(rulebook: &'r Rulebook, cases: &[TestCase]) -> Vec<&'r str> {
    let tested: BTreeSet<&str> = cases
        .iter()
        .filter_map(|case| case.expect.promotions.as_ref())
        .flatten()
        .map(String::as_str)
        .collect();
    rulebook
        .promotions()
        .iter()
        .map(|promotion| promotion.id.as_str())
        .filter(|id| !tested.contains(id))
        .collect()
}

fn case(reader: &mut Reader<'_>, node: &Node<'_>) -> Option<TestCase> {
    let fields = reader.fields(node, "tests", &TEST)?;
    let name_node = fields.get("name")?;
    let name = reader.text(name_node, "name").map(str::to_owned);
    let place = reader.page.place(name_node.at);
    let basket = fields.get("basket").and_then(|node| basket(reader, node));
    let context = fields.get("context").and_then(|node| context(reader, node));
    let expect = fields.get("expect").and_then(|node| expected(reader, node));
    let request = Request { basket: basket?, context: context?, explain: false };
    Some(TestCase { name: name?, path: reader.page.path.to_owned(), place, request, expect: expect? })
}

fn basket(reader: &mut Reader<'_>, node: &Node<'_>) -> Option<Basket> {
    let fields = reader.fields(node, "basket", &BASKET)?;
    let list = reader.list(fields.get("lines")?, "lines");
    if list.is_empty() {
        reader.add(fields.at, Finding::Never(Never::EmptyList));
    }
    let mut lines = Vec::new();
    for (place, node) in list.iter().enumerate() {
        lines.extend(line(reader, node, place));
    }
    let delivery = fields.get("delivery").and_then(|node| delivery(reader, node));
    Some(Basket { currency_code: String::new(), lines, delivery })
}

fn line(reader: &mut Reader<'_>, node: &Node<'_>, place: usize) -> Option<Line> {
    let fields = reader.fields(node, "lines", &LINE)?;
    let words = |reader: &mut Reader<'_>, key: &str| -> Vec<String> {
        let words = fields.get(key).map(|node| reader.words(node, key)).unwrap_or_default();
        words.into_iter().map(|(word, _)| word.to_owned()).collect()
    };
    let quantity = match fields.get("quantity") {
        None => 1,
        Some(node) => reader.count(node, "quantity")?,
    };
    Some(Line {
        id: text(reader, fields, "id").unwrap_or_else(|| (place + 1).to_string()),
        sku: text(reader, fields, "sku")?,
        quantity,
        measure: fields.get("measure").and_then(|node| reader.number(node, "measure", Use::Plain)),
        unit_price: fields.get("unit_price").and_then(|node| reader.amount(node, "unit_price")),
        brand: text(reader, fields, "brand"),
        categories: words(reader, "categories"),
        tags: words(reader, "tags"),
        cost: fields.get("cost").and_then(|node| reader.amount(node, "cost")),
        no_promotions: flag(reader, fields, "no_promotions"),
    })
}

fn delivery(reader: &mut Reader<'_>, node: &Node<'_>) -> Option<Delivery> {
    let fields = reader.fields(node, "delivery", &BASKET_DELIVERY)?;
    let price = match fields.get("price") {
        None => Amount::ZERO,
        Some(node) => reader.amount(node, "price")?,
    };
    Some(Delivery { method: text(reader, fields, "method")?, price })
}

fn context(reader: &mut Reader<'_>, node: &Node<'_>) -> Option<Context> {
    let fields = reader.fields(node, "context", &CONTEXT)?;
    let time_node = fields.get("time")?;
    let time = reader.text(time_node, "time")?;
    let time = match moment(time, &reader.settings.time_zone, Edge::From) {
        Ok((instant, _)) => Some(instant),
        Err(finding) => {
            reader.add(time_node.at, finding);
            None
        }
    };
    let codes =
        fields.get("codes").filter(|node| !is_empty_list(node)).map(|node| reader.words(node, "codes"));
    Some(Context {
        channel: text(reader, fields, "channel"),
        store: text(reader, fields, "store"),
        customer: fields.get("customer").and_then(|node| customer(reader, node)),
        payment_method: text(reader, fields, "payment"),
        codes: codes.unwrap_or_default().into_iter().map(|(word, _)| word.to_owned()).collect(),
        gift_choices: entries(reader, fields, "gift_choices", gift_choice),
        gift_stock: entries(reader, fields, "gift_stock", gift_stock),
        ..Context::at(time?)
    })
}

/// Every entry of a list that may be absent.
fn entries<T>(
    reader: &mut Reader<'_>,
    fields: Fields<'_, '_>,
    key: &str,
    entry: impl Fn(&mut Reader<'_>, &Node<'_>) -> Option<T>,
) -> Vec<T> {
    let list = fields.get(key).map(|node| reader.list(node, key)).unwrap_or_default();
    list.iter().filter_map(|node| entry(reader, node)).collect()
}

fn gift_choice(reader: &mut Reader<'_>, node: &Node<'_>) -> Option<GiftChoice> {
    let fields = reader.fields(node, "gift_choices", &GIFT_CHOICE)?;
    let (promotion, sku) = (text(reader, fields, "promotion"), text(reader, fields, "sku"));
    Some(GiftChoice { promotion: promotion?, sku: sku? })
}

fn gift_stock(reader: &mut Reader<'_>, node: &Node<'_>) -> Option<GiftStock> {
    let fields = reader.fields(node, "gift_stock", &GIFT_STOCK)?;
    let sku = text(reader, fields, "sku");
    let quantity = reader.whole(fields.get("quantity")?, "quantity", 0, UNITS_MAX)?;
    Some(GiftStock { sku: sku?, quantity: u32::try_from(quantity).ok()? })
}

fn customer(reader: &mut Reader<'_>, node: &Node<'_>) -> Option<Customer> {
    let fields = reader.fields(node, "customer", &CUSTOMER)?;
    let birthday = fields.get("birthday").and_then(|node| {
        let text = reader.text(node, "birthday")?;
        date(text).map_err(|finding| reader.add(node.at, finding)).ok()
    });
    let segments =
        fields.get("segments").filter(|node| !is_empty_list(node)).map(|node| reader.words(node, "segments"));
    let mut attributes = BTreeMap::new();
    if let Some(node) = fields.get("attributes") {
        for entry in reader.entries(node, "attributes") {
            let value = reader.text(&entry.node, &entry.key).map(str::to_owned);
            attributes.extend(value.map(|value| (clean(&entry.key).to_owned(), value)));
        }
    }
    Some(Customer {
        id: text(reader, fields, "id").unwrap_or_default(),
        phone: String::new(),
        segments: segments.unwrap_or_default().into_iter().map(|(word, _)| word.to_owned()).collect(),
        tier: text(reader, fields, "tier"),
        birthday,
        first_purchase: flag(reader, fields, "first_purchase"),
        attributes,
    })
}

fn expected(reader: &mut Reader<'_>, node: &Node<'_>) -> Option<Expected> {
    let fields = reader.fields(node, "expect", &EXPECT)?;
    let total = fields.get("total").and_then(|node| reader.amount(node, "total"));
    let discount = fields.get("discount").and_then(|node| reader.amount(node, "discount"));
    let promotions = fields.get("promotions").map(|node| {
        let words = if is_empty_list(node) { Vec::new() } else { reader.words(node, "promotions") };
        let mut ids: Vec<String> = words.into_iter().map(|(word, _)| shorten(word)).collect();
        ids.sort();
        ids.dedup();
        ids
    });
    let gifts = fields.has("gifts").then(|| {
        let mut gifts = BTreeMap::new();
        for (gift, pieces) in entries(reader, fields, "gifts", expected_gift) {
            *gifts.entry(gift).or_insert(0) += u64::from(pieces);
        }
        gifts
    });
    let points = fields.get("points").and_then(|node| reader.whole(node, "points", 0, BASKETS_MAX));
    let points = points.and_then(|points| u64::try_from(points).ok());
    Some(Expected { total: total?, discount, promotions, gifts, points })
}

fn expected_gift(reader: &mut Reader<'_>, node: &Node<'_>) -> Option<(ExpectedGift, u32)> {
    let fields = reader.fields(node, "gifts", &EXPECTED_GIFT)?;
    let quantity = match fields.get("quantity") {
        None => 1,
        Some(node) => reader.count(node, "quantity")?,
    };
    let gift = match only_kind(reader, fields, &["sku", "options"]) {
        Some("sku") => ExpectedGift::Sku(text(reader, fields, "sku")?),
        Some(_) => {
            let words = reader.words(fields.get("options")?, "options");
            let mut options: Vec<String> = words.into_iter().map(|(word, _)| word.to_owned()).collect();
            options.sort();
            ExpectedGift::OneOf(options)
        }
        None => {
            reader.add(fields.at, Finding::MissingKey { key: "sku", inside: "gifts" });
            return None;
        }
    };
    Some((gift, quantity))
}

fn is_empty_list(node: &Node<'_>) -> bool {
    matches!(&node.value, Value::List(list) if list.is_empty())
}

fn text(reader: &mut Reader<'_>, fields: Fields<'_, '_>, key: &str) -> Option<String> {
    fields.get(key).and_then(|node| reader.text(node, key)).map(str::to_owned)
}

fn flag(reader: &mut Reader<'_>, fields: Fields<'_, '_>, key: &str) -> bool {
    fields.get(key).and_then(|node| reader.flag(node, key)).unwrap_or(false)
}

#[cfg(test)]
mod tests {
    use super::super::compile::compile;
    use super::*;

    const FILE: &str = "tests:
  - name: A perfume on the first day
    basket:
      lines:
        - {sku: '00123', quantity: 2, unit_price: 1 999,50}
      delivery: {method: courier, price: 90}
    context: {time: 2026-11-27 12:00, channel: web, customer: {segments: [vip], birthday: 1990-02-28, attributes: {months: 13}}, codes: [spring-20]}
    expect: {total: 3 599.10, promotions: [b, a]}
  - name: Nothing
    basket: {lines: [{sku: A}]}
    context:
      time: '2026-11-27T12:00:00+02:00'
      gift_choices: [{promotion: b, sku: 007}, {promotion: b, sku: X}]
      gift_stock: [{sku: 007, quantity: 0}]
    expect:
      total: 10
      promotions: []
      gifts: [{sku: X}, {options: [Z, Y], quantity: 2}, {sku: X, quantity: 3}]
      points: 12
  - name: A slip
    basket: {lines: [{sku: A, quantty: 2}]}
    context: {time: 2026-02-30}
    expect: {total: ten}
  - name: Slips about gifts
    basket: {lines: [{sku: A}]}
    context: {time: 2026-11-27, gift_choices: [{sku: A}]}
    expect:
      total: 1
      gifts: [{quantity: 1}, {sku: A, options: [B]}]
      points: -1
";

    #[test]
    fn tests_are_read_and_slips_are_told() {
        let source = Source { path: "a.test.yaml".to_owned(), bytes: FILE.into() };
        let (cases, found) = read_tests(&Settings::default(), &source);
        let told: Vec<(u32, &str)> =
            found.iter().map(|found| (found.place.as_ref().unwrap().line, found.code)).collect();
        assert_eq!(
            told,
            [
                (21, "unknown-key"),
                (22, "no-such-day"),
                (23, "not-a-number"),
                (26, "missing-key"),
                (29, "missing-key"),
                (29, "two-benefits"),
                (30, "out-of-range"),
            ]
        );
        assert_eq!(cases.len(), 2);
        let first = &cases[0];
        assert_eq!(
            (first.request.basket.lines[0].sku.as_str(), first.request.basket.lines[0].id.as_str()),
            ("00123", "1")
        );
        assert_eq!(first.request.basket.lines[0].unit_price, Some(Amount::from_minor(199_950)));
        assert_eq!(first.request.context.time, cases[1].request.context.time);
        assert_eq!(first.expect.total, Amount::from_minor(359_910));
        assert_eq!(first.expect.promotions.as_deref(), Some(&["a".to_owned(), "b".to_owned()][..]));
        assert_eq!((&first.expect.gifts, first.expect.points), (&None, None));
        let second = &cases[1];
        assert_eq!(second.expect.promotions.as_deref(), Some(&[][..]));
        let context = &second.request.context;
        let choices: Vec<&str> = context.gift_choices.iter().map(|choice| choice.sku.as_str()).collect();
        assert_eq!(choices, ["007", "X"]);
        assert_eq!((context.gift_stock[0].sku.as_str(), context.gift_stock[0].quantity), ("007", 0));
        let gifts = [
            (ExpectedGift::Sku("X".to_owned()), 4),
            (ExpectedGift::OneOf(vec!["Y".to_owned(), "Z".to_owned()]), 2),
        ];
        assert_eq!(second.expect.gifts, Some(BTreeMap::from(gifts)));
        assert_eq!(second.expect.points, Some(12));
    }

    #[test]
    fn promotions_without_a_test_are_named() {
        let rules = "promotions: [{id: a, give: {percent: 5}}, {id: z, give: {percent: 5}}]";
        let rules = Source { path: "a.yaml".to_owned(), bytes: rules.into() };
        let rulebook = compile(&[rules]).rulebook.unwrap();
        let source = Source { path: "a.test.yaml".to_owned(), bytes: FILE.into() };
        let (cases, _) = read_tests(&Settings::default(), &source);
        assert_eq!(untested(&rulebook, &cases), ["z"]);
    }
}
