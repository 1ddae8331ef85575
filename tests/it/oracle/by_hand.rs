//! The oracle against figures that were worked out elsewhere: published cases, read by a reader of a few lines that
//! knows their words alone, so that neither the product's reader nor its search has a part in it.

use pricewright::basket::{Basket, Context, Delivery, Line, Request};
use pricewright::catalog::Catalog;
use pricewright::catalog::selector::{Facets, Selector};
use pricewright::catalog::word::fold_code;
use pricewright::money::{Amount, Currency, Rate, Rounding};
use pricewright::promotion::{
    Base, BasketAmount, Benefit, Code, Conditions, DeliveryBenefit, Limits, Measured, Promotion, Spend,
    SpendBenefit, SpendTier, Stacking, Stage, UnitBenefit, UnitCut,
};
use pricewright::rulebook::{Digest, Rulebook, Settings};
use pricewright::time::Instant;
use rust_decimal::Decimal;
use serde_json::{Value, json};

use super::{brute, tell};
use crate::published::{Case, cases, list, text, texts, whole};

#[test]
fn the_oracle_prices_published_cases() {
    let mut tried = 0;
    for case in cases() {
        let Some(rulebook) = rulebook_of(&case) else { continue };
        tried += 1;
        let best = brute::best(&rulebook, &case.request);
        let told = format!("{}\n{}{}", case.id, tell::problem(&rulebook, &case.request), tell::best(&best));
        assert_eq!(best.total, whole(&case.expect["total"]), "{told}");
        if !case.lines_are_a_choice {
            for (place, line) in case.request.basket.lines.iter().enumerate() {
                let units = best.units.iter().filter(|unit| unit.line == place);
                let total: i64 = units.map(|unit| unit.price).sum();
                assert_eq!(total, *case.line_totals().get(&line.id).unwrap_or(&total), "{told}");
            }
        }
    }
    assert_eq!(tried, 68);
}

/// Prices goods (`sku`, pieces, list price), with a delivery where one costs something, in a currency without digits.
fn check(promotions: Value, goods: &[(&str, u32, i64)], delivery: i64, expected: i64) {
    let reader = Reader { digits: 0 };
    let read = list(&promotions).iter().map(|promotion| reader.promotion(promotion).expect("of this issue"));
    let caps = Vec::new();
    let settings = Settings { min_unit_price: Amount::from_minor(1), ..Settings::default() };
    let rulebook = Rulebook::new(settings, Catalog::default(), read.collect(), caps, Digest::of(&[]));
    let line = |&(sku, quantity, price): &(&str, u32, i64)| Line {
        id: sku.to_owned(),
        sku: sku.to_owned(),
        quantity,
        unit_price: Some(Amount::from_minor(price)),
        ..Line::default()
    };
    let request = Request {
        basket: Basket {
            lines: goods.iter().map(line).collect(),
            delivery: (delivery > 0)
                .then(|| Delivery { method: "courier".to_owned(), price: Amount::from_minor(delivery) }),
            ..Basket::default()
        },
        context: Context {
            time: Instant::from_unix(0).expect("the epoch"),
            channel: None,
            store: None,
            customer: None,
            payment_method: None,
            codes: Vec::new(),
        },
        explain: false,
    };
    let best = brute::best(&rulebook, &request);
    assert_eq!(best.total, expected, "{}{}", tell::problem(&rulebook, &request), tell::best(&best));
}

#[test]
fn the_oracle_prices_what_the_definition_says() {
    let free_from =
        |least: i64| json!({"id": "d", "spend": {"at_least": least}, "give": {"delivery": {"percent": 100}}});
    // Percentages before amounts; a higher level before both.
    let amount = json!({"id": "a", "stacks_with": "all", "give": {"amount": 10}});
    let half = json!({"id": "h", "stacks_with": "all", "give": {"percent": 50}});
    check(json!([amount, half]), &[("A", 1, 100)], 0, 40);
    let first = json!({"id": "a", "level": 1, "stacks_with": "all", "give": {"amount": 10}});
    check(json!([first, half]), &[("A", 1, 100)], 0, 45);
    // Giving up an item discount to reach a spend, unless the item discount is of a higher level.
    let tenth = json!({"id": "t", "stacks_with": "all", "give": {"percent": 10}});
    let tenth_first = json!({"id": "t", "level": 1, "stacks_with": "all", "give": {"percent": 10}});
    let fifth = json!({"id": "f", "spend": {"at_least": 100}, "stacks_with": "all", "give": {"percent": 20}});
    check(json!([tenth, fifth]), &[("A", 1, 100)], 0, 80);
    check(json!([tenth_first, fifth]), &[("A", 1, 100)], 0, 90);
    check(json!([tenth, fifth]), &[("A", 1, 112)], 0, 81);
    // Once per full `at_least`, and never above `max_discount`.
    let every = json!({"id": "e", "spend": {"at_least": 100, "every": true}, "give": {"basket_amount": 10}});
    check(json!([every]), &[("A", 3, 90)], 0, 250);
    let every = json!({"id": "e", "spend": {"at_least": 100, "every": true}, "give": {"basket_amount": 10, "max_discount": 15}});
    check(json!([every]), &[("A", 3, 90)], 0, 255);
    check(json!([{"id": "m", "give": {"percent": 50, "max_discount": 30}}]), &[("A", 3, 33)], 0, 69);
    check(json!([{"id": "l", "limits": {"units": 1}, "give": {"amount": 10}}]), &[("A", 3, 30)], 0, 80);
    // A coupon that does not stack works on the goods that are not already reduced.
    let half_a = json!({"id": "h", "on": {"skus": ["A"]}, "give": {"percent": 50}});
    let coupon = json!({"id": "c", "give": {"basket_amount": 10}});
    check(json!([half_a, coupon]), &[("A", 1, 40), ("B", 1, 60)], 0, 70);
    // Two basket amounts that do not stack are never on together when one unit would be taken by both.
    let on_a = json!({"id": "b", "on": {"skus": ["A"]}, "give": {"basket_amount": 15}});
    check(json!([coupon, on_a]), &[("A", 1, 40), ("B", 1, 60)], 0, 85);
    check(json!([coupon, on_a, half_a]), &[("A", 1, 40), ("B", 1, 60)], 0, 70);
    // What the lowest unit price holds back goes to the others, as far as they have room.
    check(json!([{"id": "b", "give": {"basket_amount": 105}}]), &[("A", 1, 100), ("B", 1, 10)], 0, 5);
    check(json!([{"id": "b", "give": {"basket_amount": 200}}]), &[("A", 1, 100), ("B", 1, 10)], 0, 2);
    // Delivery is part of the total, and so of the search: 100 + 0 beats 80 + 30, not 80 + 10.
    let fifth = json!({"id": "f", "give": {"percent": 20}});
    check(json!([fifth, free_from(100)]), &[("A", 1, 100)], 30, 100);
    check(json!([fifth, free_from(100)]), &[("A", 1, 100)], 10, 90);
    // With a `stacks_with` of its own it counts the goods that are not reduced.
    let alone = json!({"id": "d", "spend": {"at_least": 50}, "stacks_with": [], "give": {"delivery": {"percent": 100}}});
    check(json!([fifth, alone]), &[("A", 2, 50)], 30, 90);
    // The highest level that takes anything off delivers, though a lower one would take more.
    let little = json!({"id": "e", "level": 1, "give": {"delivery": {"amount": 5}}});
    check(json!([free_from(0), little]), &[("A", 1, 50)], 30, 75);
}

/// The rules of a case; `None` where one is of a kind that is not part of the oracle.
fn rulebook_of(case: &Case) -> Option<Rulebook> {
    let settings = &case.settings;
    let currency = Currency::from_code(&text(&settings["currency"]))?;
    let rounding = match text(&settings["rounding"]).as_str() {
        "half_up" => Rounding::HalfUp,
        "half_even" => Rounding::HalfEven,
        "half_down" => Rounding::HalfDown,
        _ => Rounding::Down,
    };
    let reader = Reader { digits: currency.digits() };
    let settings = Settings {
        currency,
        rounding,
        min_unit_price: reader.amount(&settings["min_unit_price"])?,
        ..Settings::default()
    };
    let promotions: Option<Vec<Promotion>> =
        list(&case.rules["promotions"]).iter().map(|promotion| reader.promotion(promotion)).collect();
    Some(Rulebook::new(settings, Catalog::default(), promotions?, Vec::new(), Digest::of(&[])))
}

struct Reader {
    digits: u32,
}

impl Reader {
    fn promotion(&self, value: &Value) -> Option<Promotion> {
        if !value["buy"].is_null() || !value["limits"]["sets"].is_null() {
            return None;
        }
        let give = &value["give"];
        let spend = &value["spend"];
        let max_discount = self.amount(&give["max_discount"]);
        let least = self.amount(&spend["at_least"]);
        let measured = Spend {
            on: spend["on"].as_object().map(|_| self.selector(&spend["on"])),
            measured: if spend["measured"] == "list" { Measured::List } else { Measured::Current },
            every: spend["every"] == true,
        };
        let (benefit, stage) = if let Some(cut) = give.get("delivery") {
            (
                Benefit::Delivery(DeliveryBenefit {
                    cut: self.cut(cut)?,
                    spend: least.map(|least| (measured, least)),
                }),
                Stage::Item,
            )
        } else if let Some(tiers) = give.get("by_spend") {
            let tiers: Option<Vec<SpendTier>> = list(tiers)
                .iter()
                .map(|tier| {
                    Some(SpendTier { from: self.amount(&tier["from"])?, give: self.spend_benefit(tier)? })
                })
                .collect();
            (Benefit::Spend { spend: measured, tiers: tiers?, max_discount }, Stage::Basket)
        } else if let Some(from) = least {
            let tiers = vec![SpendTier { from, give: self.spend_benefit(give)? }];
            (Benefit::Spend { spend: measured, tiers, max_discount }, Stage::Basket)
        } else if let Some(amount) = self.amount(&give["basket_amount"]) {
            (Benefit::Basket(BasketAmount { amount, max_discount }), Stage::Basket)
        } else {
            (Benefit::Units(UnitBenefit { cut: self.cut(give)?, max_discount }), Stage::Item)
        };
        let code = value["when"]["code"].as_str().map(|word| Code::Word(fold_code(word)));
        Some(Promotion {
            id: text(&value["id"]),
            name: text(&value["name"]),
            group: value["group"].as_str().map(str::to_owned),
            level: i32::try_from(value["level"].as_i64().unwrap_or_default()).ok()?,
            when: Conditions { code, stores: texts(&value["when"]["stores"]), ..Conditions::default() },
            on: self.selector(&value["on"]),
            stage,
            benefit,
            stacks_with: match &value["stacks_with"] {
                Value::Null => Stacking::Unsaid,
                Value::String(_) => Stacking::All,
                names => Stacking::With(texts(names)),
            },
            limits: Limits {
                units: value["limits"]["units"].as_u64().and_then(|units| u32::try_from(units).ok()),
                ..Limits::default()
            },
        })
    }

    fn spend_benefit(&self, value: &Value) -> Option<SpendBenefit> {
        match self.amount(&value["basket_amount"]) {
            Some(amount) => Some(SpendBenefit::Basket(amount)),
            None => self.cut(value).map(SpendBenefit::Units),
        }
    }

    fn cut(&self, value: &Value) -> Option<UnitCut> {
        let of = if value["of"] == "list" { Base::List } else { Base::Current };
        let percent = decimal(&value["percent"]).and_then(Rate::from_percent);
        let percent = percent.map(|rate| UnitCut::Percent(rate, of));
        let amount = || self.amount(&value["amount"]).map(UnitCut::Amount);
        percent.or_else(amount).or_else(|| self.amount(&value["price"]).map(UnitCut::Price))
    }

    fn selector(&self, value: &Value) -> Selector {
        let facets = Facets {
            brands: texts(&value["brands"]),
            categories: texts(&value["categories"]),
            skus: texts(&value["skus"]),
            tags: texts(&value["tags"]),
            price_at_least: self.amount(&value["price"]["at_least"]),
            price_below: self.amount(&value["price"]["below"]),
        };
        Selector { facets, except: Facets::default() }
    }

    /// An amount in major units.
    fn amount(&self, value: &Value) -> Option<Amount> {
        Amount::from_major(decimal(value)?, self.digits)
    }
}

fn decimal(value: &Value) -> Option<Decimal> {
    value.as_number()?.to_string().parse().ok()
}
