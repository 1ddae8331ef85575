//! The oracle against figures that were worked out elsewhere: published cases, read by a reader of a few lines that
//! knows their words alone, so that neither the product's reader nor its search has a part in it.

use pricewright::basket::{Basket, Context, Delivery, GiftChoice, GiftStock, Line, Request};
use pricewright::catalog::Catalog;
use pricewright::catalog::selector::{Facets, Selector};
use pricewright::catalog::word::fold_code;
use pricewright::money::{Amount, Currency, Rate, Rounding};
use pricewright::promotion::benefit::Earn;
use pricewright::promotion::limits::Sets;
use pricewright::promotion::{
    Base, BasketAmount, Benefit, Code, Conditions, Count, DeliveryBenefit, Gift, Limits, Measured, Points,
    Promotion, QuantityTier, SetBenefit, SetOf, Slot, Spend, SpendBenefit, SpendTier, Stacking, Stage,
    UnitBenefit, UnitCut,
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
        for gift in list(&case.expect["gifts"]) {
            let given = brute::best(&rulebook, &case.request).gifts;
            let pieces = given.iter().filter(|((_, sku), _)| sku.as_deref() == gift["sku"].as_str());
            assert_eq!(pieces.map(|(_, pieces)| i64::from(*pieces)).sum::<i64>(), whole(&gift["quantity"]));
        }
        if too_large(&case) {
            continue;
        }
        tried += 1;
        let best = brute::best(&rulebook, &case.request);
        let told = format!("{}\n{}{}", case.id, tell::problem(&rulebook, &case.request), tell::best(&best));
        if !case.expect["total"].is_null() {
            assert_eq!(best.total, whole(&case.expect["total"]), "{told}");
        }
        if !case.lines_are_a_choice {
            for (place, line) in case.request.basket.lines.iter().enumerate() {
                let units = best.units.iter().filter(|unit| unit.line == place);
                let total: i64 = units.map(|unit| unit.price).sum();
                assert_eq!(total, *case.line_totals().get(&line.id).unwrap_or(&total), "{told}");
            }
        }
    }
    assert_eq!(tried, 108);
}

/// Whether a case has more units than can be grouped into sets in every way.
fn too_large(case: &Case) -> bool {
    case.request.basket.lines.iter().map(|line| line.quantity).sum::<u32>() > 100
}

/// Prices goods (`sku`, pieces, list price), with a delivery where one costs something, in a currency without digits.
fn check(promotions: Value, goods: &[(&str, u32, i64)], delivery: i64, expected: i64) {
    check_beside(promotions, goods, delivery, (&[], &[]), expected, "");
}

/// What was chosen of which gift, and how many pieces are left to give away.
type Chosen<'a> = (&'a [(&'a str, &'a str)], &'a [(&'a str, u32)]);

/// The same with gifts: what was chosen (promotion, `sku`), what is left (`sku`, pieces); and what is given on top and
/// earned, in words.
fn check_beside(
    promotions: Value,
    goods: &[(&str, u32, i64)],
    delivery: i64,
    (chosen, left): Chosen<'_>,
    expected: i64,
    beside: &str,
) {
    let reader = Reader { digits: 0 };
    let read = list(&promotions).iter().map(|promotion| reader.promotion(promotion).expect("of this issue"));
    let caps = Vec::new();
    let settings = Settings { min_unit_price: Amount::from_minor(1), ..Settings::default() };
    let rulebook = Rulebook::new(settings, Catalog::default(), read.collect(), caps, Digest::of(&[]));
    let line = |&(sku, quantity, price): &(&str, u32, i64)| Line {
        id: format!("{sku} at {price}"),
        sku: sku.to_owned(),
        quantity,
        unit_price: Some(Amount::from_minor(price)),
        ..Line::default()
    };
    let choice = |&(promotion, sku): &(&str, &str)| GiftChoice {
        promotion: promotion.to_owned(),
        sku: sku.to_owned(),
    };
    let stock = |&(sku, quantity): &(&str, u32)| GiftStock { sku: sku.to_owned(), quantity };
    let request = Request {
        basket: Basket {
            lines: goods.iter().map(line).collect(),
            delivery: (delivery > 0)
                .then(|| Delivery { method: "courier".to_owned(), price: Amount::from_minor(delivery) }),
            ..Basket::default()
        },
        context: Context {
            gift_choices: chosen.iter().map(choice).collect(),
            gift_stock: left.iter().map(stock).collect(),
            ..Context::at(Instant::from_unix(0).expect("the epoch"))
        },
        explain: false,
    };
    let best = brute::best(&rulebook, &request);
    let told = format!("{}{}", tell::problem(&rulebook, &request), tell::best(&best));
    assert_eq!(best.total, expected, "{told}");
    let gift = |((id, sku), pieces): (&(String, Option<String>), &u32)| {
        format!("{id} {pieces} x {}", sku.as_deref().unwrap_or("?"))
    };
    let points = (best.points > 0).then(|| format!("{} points", best.points));
    let all: Vec<String> = best.gifts.iter().map(gift).chain(points).collect();
    assert_eq!(all.join(", "), beside, "{told}");
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

#[test]
fn the_oracle_makes_up_sets() {
    let three_for_two =
        json!({"id": "s", "buy": [{"quantity": 3}], "give": {"cheapest": {"units": 1, "percent": 100}}});
    // Grouped so that the free units are the dearest possible; the lowest unit price of 1 holds.
    check(json!([three_for_two]), &[("A", 3, 100), ("B", 3, 10)], 0, 330 - 99 - 9);
    // A unit is left out of the set where that makes a dearer one free.
    check(json!([three_for_two]), &[("A", 1, 10), ("B", 3, 50)], 0, 160 - 49);
    let pair = json!({"id": "s", "buy": [{"on": {"skus": ["A"]}}, {"on": {"skus": ["B"]}, "percent": 50}]});
    check(json!([pair]), &[("A", 2, 100), ("B", 3, 40)], 0, 320 - 20 - 20);
    let once = json!({"id": "s", "buy": [{"on": {"skus": ["A"]}}, {"on": {"skus": ["B"]}, "percent": 50}], "limits": {"sets": 1}});
    check(json!([once]), &[("A", 2, 100), ("B", 3, 40)], 0, 320 - 20);
    // Slots that overlap: the customer's best price reduces the dearer unit, the retailer's the cheaper.
    let second = json!({"id": "s", "buy": [{"quantity": 1}, {"quantity": 1, "percent": 50}]});
    check(json!([second]), &[("A", 1, 100), ("B", 1, 40)], 0, 90);
    let retailer =
        json!({"id": "s", "assign": "retailer", "buy": [{"quantity": 1}, {"quantity": 1, "percent": 50}]});
    check(json!([retailer]), &[("A", 1, 100), ("B", 1, 40)], 0, 120);
    // What another promotion takes out of its sight does not count for it.
    let one = json!({"id": "s", "assign": "retailer", "buy": [{"quantity": 1, "percent": 50}], "limits": {"sets": 1}});
    let off_b = json!({"id": "b", "on": {"skus": ["B"]}, "give": {"amount": 1}});
    check(json!([one]), &[("A", 1, 100), ("B", 1, 40)], 0, 120);
    check(json!([one, off_b]), &[("A", 1, 100), ("B", 1, 40)], 0, 50 + 39);
    // A fixed price of the set before a percentage: 34 off as 26 and 8, then 7 and 3 off.
    let set = json!({"id": "s", "stacks_with": "all", "buy": [{"on": {"skus": ["A"]}}, {"on": {"skus": ["B"]}}], "give": {"price": 99}});
    let tenth = json!({"id": "t", "stacks_with": "all", "give": {"percent": 10}});
    check(json!([set, tenth]), &[("A", 1, 100), ("B", 1, 33)], 0, 67 + 22);
    // An amount once a set, after the percentage.
    let set = json!({"id": "s", "stacks_with": "all", "buy": [{"quantity": 2}], "give": {"amount": 10}});
    check(json!([set, tenth]), &[("A", 2, 100), ("B", 2, 50)], 0, 270 - 20);
    // Equal ones: one pair of A alone, though there are three goods.
    let equal = json!({"id": "s", "buy": [{"quantity": 2, "same": "sku"}], "give": {"amount": 10}});
    check(json!([equal]), &[("A", 3, 100), ("B", 1, 50)], 0, 350 - 10);
    // `max_discount` over all sets; `limits.units` over their units.
    let most = json!({"id": "s", "buy": [{"quantity": 2}], "give": {"percent": 50, "max_discount": 30}});
    check(json!([most]), &[("A", 4, 100)], 0, 370);
    let units = json!({"id": "s", "limits": {"units": 3}, "buy": [{"quantity": 2}], "give": {"percent": 50}});
    check(json!([units]), &[("A", 4, 100)], 0, 300);
    // The spend is measured on what the set leaves: 150 is too little, so a better spend gives the set up.
    let set = json!({"id": "s", "stacks_with": "all", "buy": [{"quantity": 2}], "give": {"price": 150}});
    let spend = |percent: i64| json!({"id": "p", "stacks_with": "all", "spend": {"at_least": 160}, "give": {"percent": percent}});
    check(json!([set, spend(20)]), &[("A", 2, 100)], 0, 150);
    check(json!([set, spend(30)]), &[("A", 2, 100)], 0, 140);
    // What the lowest unit price holds back of an amount goes to the other unit of the same set.
    let set = json!({"id": "s", "buy": [{"on": {"skus": ["A"]}}, {"on": {"skus": ["B"]}}], "give": {"amount": 105}});
    check(json!([set]), &[("A", 1, 100), ("B", 1, 10)], 0, 5);
    // Two sets that stack group the same units differently: A with B, and then both A.
    let ab = json!({"id": "s", "stacks_with": "all", "buy": [{"on": {"skus": ["A"]}}, {"on": {"skus": ["B"]}}], "give": {"amount": 10}});
    let aa = json!({"id": "t", "stacks_with": "all", "buy": [{"on": {"skus": ["A"]}, "quantity": 2}], "give": {"percent": 50}});
    check(json!([ab, aa]), &[("A", 2, 100), ("B", 2, 20)], 0, 50 + 50 + 20 + 20 - 20);
}

#[test]
fn the_oracle_counts_who_takes_part() {
    // Tiers need not rise: one of three stays out.
    let tiers =
        json!({"id": "q", "give": {"by_quantity": [{"from": 2, "percent": 50}, {"from": 3, "percent": 10}]}});
    check(json!([tiers]), &[("A", 3, 100)], 0, 200);
    check(json!([tiers]), &[("A", 1, 100)], 0, 100);
    // Each SKU by itself, on whichever lines, and the tiers of different kinds.
    let each = json!({"id": "q", "give": {"count": "same_sku", "by_quantity": [{"from": 1, "amount": 10}, {"from": 2, "percent": 50}]}});
    check(json!([each]), &[("A", 1, 100), ("B", 1, 100), ("A", 1, 60)], 0, 50 + 90 + 30);
    // The percentage of A takes effect before the tenth of a later id, the amount of B after it.
    let each = json!({"id": "q", "stacks_with": "all", "give": {"count": "same_sku", "by_quantity": [{"from": 1, "amount": 10}, {"from": 2, "percent": 50}]}});
    let tenth = json!({"id": "t", "stacks_with": "all", "give": {"percent": 10}});
    check(json!([each, tenth]), &[("A", 2, 100), ("B", 1, 100)], 0, 45 + 45 + 80);
    check(json!([each, tenth]), &[("B", 1, 100)], 0, 80);
    let most = json!({"id": "q", "give": {"by_quantity": [{"from": 2, "percent": 50}], "max_discount": 70}});
    check(json!([most]), &[("A", 3, 100)], 0, 230);
    let units =
        json!({"id": "q", "limits": {"units": 2}, "give": {"by_quantity": [{"from": 2, "percent": 50}]}});
    check(json!([units]), &[("A", 3, 100)], 0, 200);
}

#[test]
fn the_oracle_gives_gifts() {
    let from_100 = json!({"id": "g", "spend": {"at_least": 100}, "give": {"gift": {"skus": ["G", "H"]}}});
    let none = (&[][..], &[][..]);
    check_beside(json!([from_100]), &[("A", 1, 100)], 0, none, 100, "g 1 x ?");
    check_beside(json!([from_100]), &[("A", 1, 99)], 0, none, 99, "");
    check_beside(json!([from_100]), &[("A", 1, 100)], 0, (&[("g", "H")], &[]), 100, "g 1 x H");
    // What was chosen and stands on a line costs its floor, and no longer counts towards its own trigger.
    check_beside(json!([from_100]), &[("A", 1, 100), ("G", 2, 30)], 0, (&[("g", "G")], &[]), 131, "");
    check_beside(json!([from_100]), &[("A", 1, 90), ("G", 1, 30)], 0, (&[("g", "G")], &[]), 120, "g 1 x G");
    // Never without a choice.
    check_beside(json!([from_100]), &[("A", 1, 100), ("G", 1, 30)], 0, none, 130, "g 1 x ?");
    // Of two lines the dearer one; and only one piece.
    let both = &[("A", 1, 100), ("G", 1, 30), ("G", 1, 40)];
    check_beside(json!([from_100]), both, 0, (&[("g", "G"), ("g", "G")], &[]), 131, "");
    // Nothing left of it: the other one is given.
    check_beside(json!([from_100]), both, 0, (&[("g", "G")], &[("G", 0)]), 170, "g 1 x H");
    // Final prices decide: what is taken off first can cost the gift, and then it is not taken off.
    let tenth = json!({"id": "t", "on": {"skus": ["A"]}, "give": {"percent": 10}});
    let with_g = &[("A", 1, 105), ("G", 1, 30)];
    check_beside(json!([from_100, tenth]), with_g, 0, (&[("g", "G")], &[]), 106, "");
    let with_g = &[("A", 1, 105), ("G", 1, 5)];
    check_beside(json!([from_100, tenth]), with_g, 0, (&[("g", "G")], &[]), 94 + 5, "");
    // A gift is out of everything else: it makes no set, and no delivery free.
    let set = json!({"id": "s", "buy": [{"quantity": 2}], "give": {"amount": 20}});
    check_beside(json!([from_100, set]), &[("A", 1, 100), ("G", 1, 30)], 0, (&[("g", "G")], &[]), 101, "");
    check_beside(json!([from_100, set]), &[("A", 1, 100), ("G", 1, 15)], 0, (&[("g", "G")], &[]), 95, "");
    let courier = json!({"id": "d", "spend": {"at_least": 130}, "give": {"delivery": {"percent": 100}}});
    check_beside(
        json!([from_100, courier]),
        &[("A", 1, 100), ("G", 1, 30)],
        40,
        (&[("g", "G")], &[]),
        130,
        "g 1 x G",
    );
    // Once a set, and its units are not used up for other promotions.
    let pairs = json!({"id": "g", "buy": [{"on": {"skus": ["A"]}, "quantity": 2}], "limits": {"sets": 2}, "give": {"gift": {"skus": ["G"]}}});
    let half = json!({"id": "h", "give": {"percent": 50}});
    check_beside(json!([pairs, half]), &[("A", 7, 10)], 0, none, 35, "g 2 x G");
    check_beside(json!([pairs, half]), &[("A", 7, 10)], 0, (&[], &[("G", 1)]), 35, "g 1 x G");
    // With a `stacks_with` of its own it counts what is not reduced.
    let alone =
        json!({"id": "g", "stacks_with": [], "on": {"skus": ["A"]}, "give": {"gift": {"skus": ["G"]}}});
    check_beside(json!([alone, half]), &[("A", 2, 10), ("G", 1, 30)], 0, (&[("g", "G")], &[]), 16, "");
    check_beside(json!([alone, half]), &[("A", 2, 10)], 0, none, 10, "");
}

#[test]
fn the_oracle_counts_points() {
    let none = (&[][..], &[][..]);
    let per = json!({"id": "p", "give": {"points": {"per": 10, "points": 2}}});
    check_beside(json!([per]), &[("A", 3, 33)], 0, none, 99, "18 points");
    let half = json!({"id": "h", "give": {"percent": 50}});
    check_beside(json!([per, half]), &[("A", 3, 34)], 0, none, 51, "10 points");
    // The greatest factor of each unit: 33 and 2 × 33, not 3 ×, for that is not reached.
    let twice = json!({"id": "q", "on": {"skus": ["A"]}, "give": {"points": {"multiply": 2}}});
    let more = json!({"id": "r", "on": {"skus": ["A"]}, "give": {"points": {"multiply": 1.5}}});
    let thrice = json!({"id": "s", "spend": {"at_least": 100}, "give": {"points": {"multiply": 3}}});
    check_beside(json!([per, twice, more, thrice]), &[("A", 1, 33), ("B", 1, 33)], 0, none, 66, "18 points");
    check_beside(json!([per, more]), &[("A", 1, 33), ("B", 1, 33)], 0, none, 66, "16 points");
    check_beside(json!([twice]), &[("A", 1, 33)], 0, none, 33, "");
    // At one price the assignment with more points: the amount on B leaves A's points alone.
    let of_a = json!({"id": "p", "on": {"skus": ["A"]}, "give": {"points": {"per": 10, "points": 1}}});
    let one = json!({"id": "o", "limits": {"units": 1}, "give": {"amount": 10}});
    check_beside(json!([of_a, one]), &[("A", 1, 50), ("B", 1, 50)], 0, none, 90, "5 points");
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
        let give = &value["give"];
        let spend = &value["spend"];
        let max_discount = self.amount(&give["max_discount"]);
        let least = self.amount(&spend["at_least"]);
        let measured = Spend {
            on: spend["on"].as_object().map(|_| self.selector(&spend["on"])),
            measured: if spend["measured"] == "list" { Measured::List } else { Measured::Current },
            every: spend["every"] == true,
        };
        let spend_of_its_own = || least.map(|least| (measured.clone(), least));
        let slots = list(&value["buy"]).iter().map(|slot| self.slot(slot)).collect();
        let (benefit, stage) = if give["gift"].is_object() {
            let gift = Gift {
                skus: texts(&give["gift"]["skus"]),
                choose: count(&give["gift"]["choose"]).unwrap_or(1),
                spend: spend_of_its_own(),
                slots,
            };
            (Benefit::Gift(gift), Stage::Basket)
        } else if give["points"].is_object() {
            let points = &give["points"];
            let earn = match decimal(&points["multiply"]) {
                Some(times) => Earn::Multiply(times),
                None => {
                    Earn::Per { amount: self.amount(&points["per"])?, points: points["points"].as_u64()? }
                }
            };
            (Benefit::Points(Points { earn, spend: spend_of_its_own() }), Stage::Basket)
        } else if !value["buy"].is_null() {
            (Benefit::Set(self.set(value, max_discount)?), Stage::Item)
        } else if let Some(tiers) = give.get("by_quantity") {
            let tiers: Option<Vec<QuantityTier>> = list(tiers)
                .iter()
                .map(|tier| Some(QuantityTier { from: count(&tier["from"])?, cut: self.cut(tier)? }))
                .collect();
            let count = if give["count"] == "same_sku" { Count::SameSku } else { Count::Together };
            (Benefit::Quantity { tiers: tiers?, count, max_discount }, Stage::Item)
        } else if let Some(cut) = give.get("delivery") {
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
                units: count(&value["limits"]["units"]),
                sets: match &value["limits"]["sets"] {
                    Value::Null => None,
                    Value::String(_) => Some(Sets::Unlimited),
                    most => Some(Sets::AtMost(count(most)?)),
                },
                ..Limits::default()
            },
        })
    }

    fn set(&self, value: &Value, max_discount: Option<Amount>) -> Option<SetOf> {
        let give = &value["give"];
        let cheapest = &give["cheapest"];
        let benefit = if let Some(percent) = decimal(&cheapest["percent"]).and_then(Rate::from_percent) {
            SetBenefit::Cheapest { units: count(&cheapest["units"]).unwrap_or(1), percent }
        } else {
            match self.cut(give) {
                Some(UnitCut::Percent(rate, of)) => SetBenefit::Percent(rate, of),
                Some(UnitCut::Amount(amount)) => SetBenefit::Amount(amount),
                Some(UnitCut::Price(price)) => SetBenefit::Price(price),
                None => SetBenefit::BySlot,
            }
        };
        Some(SetOf {
            slots: list(&value["buy"]).iter().map(|slot| self.slot(slot)).collect(),
            benefit,
            retailer_assigns: value["assign"] == "retailer",
            max_discount,
        })
    }

    fn slot(&self, value: &Value) -> Slot {
        Slot {
            on: self.selector(&value["on"]),
            quantity: count(&value["quantity"]).unwrap_or(1),
            same_sku: value["same"] == "sku",
            cut: self.cut(value),
        }
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

fn count(value: &Value) -> Option<u32> {
    value.as_u64().and_then(|count| u32::try_from(count).ok())
}

fn decimal(value: &Value) -> Option<Decimal> {
    value.as_number()?.to_string().parse().ok()
}
