//! The worked examples that other systems publish, restated as rule files and requests: `tests/cases/published.jsonl`.

use std::collections::{BTreeMap, BTreeSet};

use pricewright::basket::{Basket, Context, Customer, Delivery, Line, Request};
use pricewright::lang::Lang;
use pricewright::money::Amount;
use pricewright::pricing::{self, Effort, Optimality, Quote, Why};
use pricewright::rulebook::{Rulebook, Severity, Source, compile};
use pricewright::time::Instant;
use serde_json::Value;

/// Cases in the file; each is priced.
const CASES: usize = 109;

/// One line of the file.
pub(crate) struct Case {
    pub(crate) id: String,
    /// Whether the line totals are one choice of several that cost the same.
    pub(crate) lines_are_a_choice: bool,
    pub(crate) settings: Value,
    pub(crate) rules: Value,
    pub(crate) request: Request,
    pub(crate) expect: Value,
}

impl Case {
    /// What each line is expected to cost, as far as the case says.
    pub(crate) fn line_totals(&self) -> BTreeMap<String, i64> {
        let lines = self.expect["lines"].as_object().cloned().unwrap_or_default();
        lines.into_iter().map(|(id, total)| (id, whole(&total))).collect()
    }
}

/// Every case of the file.
pub(crate) fn cases() -> Vec<Case> {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/cases/published.jsonl");
    let text = std::fs::read_to_string(path).expect("the file of cases");
    text.lines().map(|line| case(&serde_json::from_str(line).expect("a line of JSON"))).collect()
}

fn case(value: &Value) -> Case {
    let settings = value["settings"].as_object().expect("settings");
    let settings = settings.iter().filter(|(_, field)| !field.is_null());
    Case {
        id: text(&value["id"]),
        lines_are_a_choice: list(&value["tags"]).iter().any(|tag| tag == "spread_tie"),
        settings: Value::Object(settings.map(|(name, field)| (name.clone(), field.clone())).collect()),
        rules: value["rules"].clone(),
        request: request(&value["request"]),
        expect: value["expect"].clone(),
    }
}

fn request(value: &Value) -> Request {
    let basket = &value["basket"];
    let context = &value["context"];
    let customer = context["customer"].as_object().map(|_| Customer {
        id: text(&context["customer"]["id"]),
        segments: texts(&context["customer"]["segments"]),
        ..Customer::default()
    });
    Request {
        basket: Basket {
            currency_code: text(&basket["currencyCode"]),
            lines: list(&basket["lines"]).iter().map(line).collect(),
            delivery: basket["delivery"].as_object().map(|_| Delivery {
                method: text(&basket["delivery"]["method"]),
                price: minor(&basket["delivery"]["price"]),
            }),
        },
        context: Context {
            store: context["store"].as_str().map(str::to_owned),
            customer,
            codes: texts(&context["codes"]),
            ..Context::at(Instant::from_rfc3339(&text(&context["time"])).expect("a time"))
        },
        explain: true,
    }
}

fn line(value: &Value) -> Line {
    Line {
        id: text(&value["id"]),
        sku: text(&value["sku"]),
        quantity: u32::try_from(whole(&value["quantity"])).expect("pieces"),
        unit_price: Some(minor(&value["unitPrice"])),
        categories: texts(&value["categories"]),
        tags: texts(&value["tags"]),
        ..Line::default()
    }
}

pub(crate) fn list(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

pub(crate) fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

pub(crate) fn texts(value: &Value) -> Vec<String> {
    list(value).iter().map(text).collect()
}

/// Proto3 JSON writes an `int64` as a text, and takes a number too.
pub(crate) fn whole(value: &Value) -> i64 {
    value
        .as_i64()
        .or_else(|| value.as_str()?.parse().ok())
        .unwrap_or_else(|| panic!("no whole number: {value}"))
}

fn minor(value: &Value) -> Amount {
    Amount::from_minor(whole(value))
}

/// Prices one case by way of its rule file; the text tells what is wrong.
fn check(case: &Case) -> Result<(), String> {
    let sources = [
        Source { path: "case.json".to_owned(), bytes: case.rules.to_string().into_bytes() },
        Source { path: "settings.yaml".to_owned(), bytes: case.settings.to_string().into_bytes() },
    ];
    let compiled = compile(&sources);
    let Some(rulebook) = compiled.rulebook else {
        let errors = compiled.diagnostics.iter().filter(|finding| finding.severity == Severity::Error);
        let told: Vec<String> =
            errors.map(|finding| format!("{}: {}", finding.code, finding.message(Lang::En))).collect();
        return Err(format!("{}: refused: {told:?}", case.id));
    };
    let quote = pricing::price(&rulebook, &case.request, Effort::default())
        .map_err(|faults| format!("{}: {faults:?}", case.id))?;
    let wrong = differences(case, &rulebook, &quote);
    if wrong.is_empty() { Ok(()) } else { Err(format!("{}: {}", case.id, wrong.join("; "))) }
}

/// Every figure of the case that the quote does not have.
fn differences(case: &Case, rulebook: &Rulebook, quote: &Quote) -> Vec<String> {
    let mut wrong = Vec::new();
    let mut same = |what: &str, got: i64, expected: i64| {
        if got != expected {
            wrong.push(format!("{what} {got} instead of {expected}"));
        }
    };
    // One case gives the price of a line alone.
    let expected = |name: &str| (!case.expect[name].is_null()).then(|| whole(&case.expect[name]));
    let off_delivery = quote.delivery.map_or(0, |(_, amount)| amount.minor());
    for (name, got) in
        [("total", quote.total.minor()), ("discountTotal", quote.discount_total.minor() + off_delivery)]
    {
        if let Some(expected) = expected(name) {
            same(name, got, expected);
        }
    }
    if !case.lines_are_a_choice {
        for (id, total) in case.line_totals() {
            let line = quote.lines.iter().find(|line| line.id == id);
            same(&format!("line {id}"), line.map_or(-1, |line| line.total.minor()), total);
        }
    }
    let mut gifts: BTreeMap<String, i64> = BTreeMap::new();
    for gift in &quote.gifts {
        *gifts.entry(gift.sku.clone().unwrap_or_default()).or_default() += i64::from(gift.quantity);
    }
    let given = list(&case.expect["gifts"]).iter().map(|gift| (text(&gift["sku"]), whole(&gift["quantity"])));
    let given: BTreeMap<String, i64> = given.collect();
    if gifts != given {
        wrong.push(format!("gifts {gifts:?} instead of {given:?}"));
    }
    if quote.optimality != Optimality::Proven {
        wrong.push("not proven".to_owned());
    }
    let id = |index| rulebook.promotion(index).map_or_else(String::new, |promotion| promotion.id.clone());
    let applied: BTreeSet<String> = quote.applied.iter().map(|applied| id(applied.promotion)).collect();
    let expected: BTreeSet<String> = texts(&case.expect["applied"]).into_iter().collect();
    if !case.expect["applied"].is_null() && applied != expected {
        wrong.push(format!("applied {applied:?} instead of {expected:?}"));
    }
    for rejected in list(&case.expect["rejected"]) {
        let promotion = text(&rejected["promotion"]);
        let why =
            quote.reasons.iter().find(|reason| id(reason.promotion) == promotion).map(|reason| &reason.why);
        let told = why.map_or_else(|| "nothing".to_owned(), name);
        let missing = rejected["missing"].as_i64().map_or_else(String::new, |sum| format!(" {sum}"));
        let expected = format!("{}{missing}", text(&rejected["reason"]));
        // Who beats it is for other tests to say; here the case names the reason, and what is missing.
        if told != expected {
            wrong.push(format!("{promotion} rejected for {told} instead of {expected}"));
        }
    }
    wrong
}

/// A reason in the words of the cases.
fn name(why: &Why) -> String {
    match why {
        Why::SpendMissing(amount) => format!("spend_missing {amount}"),
        Why::Beaten(_) => "beaten".to_owned(),
        Why::SetMissing { .. } => "set_missing".to_owned(),
        other => format!("{other:?}"),
    }
}

#[test]
fn published_cases_come_out_as_published() {
    let cases = cases();
    let wrong: Vec<String> = cases.iter().filter_map(|case| check(case).err()).collect();
    println!("{} published cases ran, {} wrong", cases.len(), wrong.len());
    assert!(wrong.is_empty(), "{} cases are wrong:\n{}", wrong.len(), wrong.join("\n"));
    assert_eq!(cases.len(), CASES);
}
