//! The warning "of no use" is true: without the promotion that is told, no basket costs more.

use std::collections::BTreeMap;

use pricewright::basket::{Basket, Context, Line, Request};
use pricewright::money::Amount;
use pricewright::pricing::{self, Effort, Optimality};
use pricewright::rulebook::{Compiled, Source, compile};
use pricewright::time::Instant;
use serde_json::{Value, json};

/// Pairs of promotions that are drawn.
const PAIRS: usize = 8_000;
/// Baskets that are priced for a pair with a warning.
const BASKETS: usize = 6;

/// SplitMix64: the same pairs on every machine.
struct Dice(u64);

impl Dice {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        (z ^ (z >> 31)) % bound
    }

    fn one_in(&mut self, bound: u64) -> bool {
        self.below(bound) == 0
    }

    fn of<T: Clone>(&mut self, all: &[T]) -> T {
        let bound = u64::try_from(all.len()).unwrap();
        all[usize::try_from(self.below(bound)).unwrap()].clone()
    }
}

/// Money in the way of rule files, from minor units.
fn money(minor: u64) -> String {
    format!("{}.{:02}", minor / 100, minor % 100)
}

fn goods(dice: &mut Dice) -> Value {
    let mut on = json!({});
    if dice.one_in(2) {
        on["brands"] = dice.of(&[json!(["X"]), json!(["Y"]), json!(["X", "Y"])]);
    }
    if dice.one_in(4) {
        on["skus"] = dice.of(&[json!(["A"]), json!(["A", "B"])]);
    }
    if dice.one_in(3) {
        on["price"] = dice.of(&[
            json!({"at_least": "0.40"}),
            json!({"below": "0.60"}),
            json!({"at_least": "0.40", "below": "0.90"}),
        ]);
    }
    if dice.one_in(4) {
        on["except"] = dice.of(&[json!({"skus": ["B"]}), json!({"brands": ["Y"]})]);
    }
    on
}

fn cut(dice: &mut Dice) -> Value {
    match dice.below(3) {
        0 => json!({"percent": dice.of(&["10", "25", "33.3", "50"])}),
        1 => json!({"amount": money(1 + dice.below(30))}),
        _ => json!({"price": money(dice.below(60))}),
    }
}

fn kind(dice: &mut Dice) -> &'static str {
    dice.of(&["item", "item", "item", "quantity", "spend", "set", "set", "basket"])
}

/// A promotion of a kind, on some goods.
fn promotion(dice: &mut Dice, id: &str, kind: &str, on: &Value) -> Value {
    let mut promotion = json!({"id": id, "on": on, "when": {}});
    match kind {
        "item" => promotion["give"] = cut(dice),
        "basket" => promotion["give"] = json!({"basket_amount": money(1 + dice.below(60))}),
        "spend" => {
            let (mut low, mut high) = (cut(dice), cut(dice));
            low["from"] = json!("0.50");
            high["from"] = json!("1.50");
            promotion["give"] = json!({"by_spend": [low, high]});
        }
        "quantity" => {
            let (mut low, mut high) = (cut(dice), cut(dice));
            low["from"] = json!(2);
            high["from"] = json!(3);
            promotion["give"] = json!({"by_quantity": [low, high]});
            if dice.one_in(2) {
                promotion["give"]["count"] = json!("same_sku");
            }
        }
        _ => {
            let on = promotion.as_object_mut().unwrap().remove("on").unwrap();
            promotion["buy"] = json!([{"on": on, "quantity": 1 + dice.below(2)}, {"on": goods(dice)}]);
            match dice.below(3) {
                0 => {
                    let own = cut(dice);
                    promotion["buy"][1].as_object_mut().unwrap().extend(own.as_object().unwrap().clone());
                }
                1 => promotion["give"] = json!({"cheapest": {"percent": dice.of(&["20", "50", "100"])}}),
                _ => promotion["give"] = cut(dice),
            }
        }
    }
    if dice.one_in(5) {
        promotion["when"] = dice.of(&[json!({"channels": ["web"]}), json!({"code": "C"})]);
    }
    if dice.one_in(6) {
        promotion["level"] = json!(1);
    }
    if matches!(kind, "item" | "quantity" | "set") && dice.one_in(6) {
        promotion["limits"] = json!({"units": 3 + dice.below(2)});
    }
    promotion
}

fn read(promotions: &[&Value], caps: &Value, settings: &Value) -> Compiled {
    let rules = json!({"promotions": promotions, "caps": caps});
    compile(&[
        Source { path: "rules.json".to_owned(), bytes: rules.to_string().into_bytes() },
        Source { path: "settings.json".to_owned(), bytes: settings.to_string().into_bytes() },
    ])
}

fn basket(dice: &mut Dice) -> Request {
    let lines = (0..=dice.below(3)).map(|place| Line {
        id: place.to_string(),
        sku: dice.of(&["A", "B", "C"]).to_owned(),
        quantity: u32::try_from(1 + dice.below(3)).unwrap(),
        unit_price: Some(Amount::from_minor(i64::try_from(1 + dice.below(110)).unwrap())),
        brand: Some(dice.of(&["X", "Y", "Z"]).to_owned()),
        ..Line::default()
    });
    let lines = lines.collect();
    Request {
        basket: Basket { currency_code: String::new(), lines, delivery: None },
        context: Context {
            channel: dice.of(&[None, Some("web".to_owned())]),
            codes: dice.of(&[Vec::new(), vec!["C".to_owned()]]),
            ..Context::at(Instant::from_rfc3339("2026-11-27T12:00:00+02:00").unwrap())
        },
        explain: false,
    }
}

/// What the basket costs under promotions that were read; nothing where that is not proven.
fn total(read: &Compiled, request: &Request) -> Option<i64> {
    let rulebook = read.rulebook.as_ref().expect("rules without errors");
    let quote = pricing::price(rulebook, request, Effort::default()).expect("a quote");
    (quote.optimality == Optimality::Proven).then_some(quote.total.minor())
}

#[test]
fn a_promotion_of_no_use_changes_no_price() {
    let mut dice = Dice(20_261_123);
    let mut told: BTreeMap<&str, usize> = BTreeMap::new();
    let mut lowered = 0;
    let (mut compared, mut open) = (0, 0);
    for _ in 0..PAIRS {
        let kinds = (kind(&mut dice), kind(&mut dice));
        let kinds = if dice.one_in(4) { (kinds.0, kinds.0) } else { kinds };
        let goods = (goods(&mut dice), goods(&mut dice));
        let goods = if dice.one_in(2) { (goods.0.clone(), goods.0) } else { goods };
        let one = promotion(&mut dice, "a", kinds.0, &goods.0);
        let other = promotion(&mut dice, "b", kinds.1, &goods.1);
        let caps = dice.of(&[
            json!([]),
            json!([{"id": "k", "on": {"skus": ["A"]}, "max_percent": 0}]),
            json!([{"id": "k", "on": {"brands": ["X"]}, "max_percent": 20}]),
        ]);
        let settings = json!({
            "rounding": dice.of(&["half_up", "half_even", "half_down", "down"]),
            "min_unit_price": dice.of(&["0", "0.01", "0.20"]),
        });
        let both = read(&[&one, &other], &caps, &settings);
        if both.rulebook.is_none() {
            continue;
        }
        for warning in both.diagnostics.iter().filter(|found| found.code == "always-beaten") {
            // The place is the id of the promotion that is told; the second one is that of the better.
            let at = warning.place.as_ref().map(|place| (place.line, place.column));
            let also = warning.also.as_ref().map(|(_, place)| (place.line, place.column));
            let (beaten, better, kind) =
                if at < also { (&one, &other, kinds.0) } else { (&other, &one, kinds.1) };
            let alone = read(&[better], &caps, &settings);
            let beaten_alone = read(&[beaten], &caps, &settings);
            *told.entry(kind).or_default() += 1;
            for _ in 0..BASKETS {
                let request = basket(&mut dice);
                let list: i64 = request
                    .basket
                    .lines
                    .iter()
                    .map(|line| line.unit_price.unwrap().times(line.quantity).minor())
                    .sum();
                lowered += usize::from(total(&beaten_alone, &request).is_some_and(|total| total < list));
                let (Some(with), Some(without)) = (total(&both, &request), total(&alone, &request)) else {
                    open += 1;
                    continue;
                };
                compared += 1;
                assert_eq!(with, without, "{beaten}\n{better}\n{caps} {settings}\n{request:?}");
            }
        }
    }
    println!("of no use: {told:?}; alone they lowered {lowered} totals");
    let kinds = ["item", "quantity", "spend", "set", "basket"];
    assert!(kinds.iter().all(|kind| told.get(kind).is_some_and(|&count| count >= 10)), "{told:?}");
    assert!(lowered > 200, "{lowered}");
    assert!(open * 100 <= compared, "{open} of {compared} are not proven");
}
