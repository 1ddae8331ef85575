//! Points, on what was paid in the end.

use pricewright::promotion::benefit::Earn;
use pricewright::promotion::{Benefit, Gift, Measured, Points, Promotion, Spend, Stacking};

use super::{Shop, amount, goods, percent_off, promotion};

fn per(id: &str, on: &[&str]) -> Promotion {
    let earn = Earn::Per { amount: amount(100), points: 2 };
    Promotion { on: goods(on), ..promotion(id, Benefit::Points(Points { earn, spend: None })) }
}

fn multiply(id: &str, times: i64, on: &[&str]) -> Promotion {
    let benefit = Benefit::Points(Points { earn: Earn::Multiply(times.into()), spend: None });
    Promotion { on: goods(on), ..promotion(id, benefit) }
}

const LINES: [(&str, u32, i64); 2] = [("A", 1, 250), ("B", 1, 99)];

#[test]
fn full_amounts_of_final_prices_earn() {
    let shop = Shop::new(&LINES, vec![per("e", &[]), percent_off("p", 10, &["A"])]);
    let mut right = shop.quote(&[&[(1, &[])], &[(1, &[])]]);
    shop.earn(&mut right, "e", 6);
    shop.accepts(&right);
    shop.spoiled(&right, |quote| quote.points = 7, "the basket earns 6 points, not 7");
    shop.spoiled(&right, |quote| quote.applied[0].points = 5, "shown as applied");
    shop.spoiled(&right, |quote| quote.applied.clear(), "shown as applied");
    // 300 at list prices, 275 in the end.
    let cheaper = Shop::new(&[("A", 1, 250), ("B", 1, 50)], shop.promotions.clone());
    let mut quote = cheaper.quote(&[&[(1, &[("p", 25)])], &[(1, &[])]]);
    cheaper.earn(&mut quote, "e", 4);
    cheaper.accepts(&quote);
    cheaper.spoiled(&quote, |quote| cheaper.earn(quote, "e", 2), "the basket earns 4 points, not 6");
}

#[test]
fn the_greatest_multiplier_of_each_unit_counts() {
    let shop = Shop::new(&LINES, vec![per("e", &[]), multiply("m", 2, &["A"])]);
    let mut right = shop.quote(&[&[(1, &[])], &[(1, &[])]]);
    // 2 × 250 + 99 make five hundreds instead of three.
    shop.earn(&mut right, "e", 6);
    shop.earn(&mut right, "m", 4);
    shop.accepts(&right);
    shop.spoiled(&right, |quote| quote.applied.swap(0, 1), "shown as applied");
    shop.spoiled(&right, |quote| quote.applied[1].points = 6, "shown as applied");
    shop.spoiled(&right, |quote| shop.earn(quote, "m", 2), "the basket earns 10 points, not 12");

    let shop = Shop::new(&LINES, vec![per("e", &[]), multiply("m", 2, &["A"]), multiply("n", 3, &[])]);
    let mut right = shop.quote(&[&[(1, &[])], &[(1, &[])]]);
    shop.earn(&mut right, "e", 6);
    shop.earn(&mut right, "n", 14);
    shop.accepts(&right);
    shop.spoiled(&right, |quote| shop.earn(quote, "m", 0), "shown as applied");
}

#[test]
fn points_wait_for_their_sum_and_count_what_they_accept() {
    let spend = Spend { on: None, measured: Measured::Current, every: false };
    let mut waiting = per("e", &[]);
    let Benefit::Points(points) = &mut waiting.benefit else { panic!("points") };
    points.spend = Some((spend, amount(330)));
    let rules = vec![waiting, percent_off("p", 10, &["A"])];
    let shop = Shop::new(&LINES, rules.clone());
    let mut quote = shop.quote(&[&[(1, &[])], &[(1, &[])]]);
    shop.earn(&mut quote, "e", 6);
    shop.accepts(&quote);
    let mut reduced = shop.quote(&[&[(1, &[("p", 25)])], &[(1, &[])]]);
    shop.accepts(&reduced);
    shop.earn(&mut reduced, "e", 6);
    shop.refuses(&reduced, "the basket earns 0 points, not 6");

    let picky = Promotion { stacks_with: Stacking::With(vec!["q".to_owned()]), ..per("e", &[]) };
    let shop = Shop::new(&[("A", 1, 250), ("B", 1, 100)], vec![picky, percent_off("p", 10, &["A"])]);
    let mut quote = shop.quote(&[&[(1, &[("p", 25)])], &[(1, &[])]]);
    shop.earn(&mut quote, "e", 2);
    shop.accepts(&quote);
}

#[test]
fn a_unit_that_became_a_gift_earns_nothing() {
    let gift = Gift { skus: vec!["B".to_owned()], choose: 1, spend: None, slots: Vec::new() };
    let rules = vec![per("e", &[]), promotion("g", Benefit::Gift(gift))];
    let shop = Shop::new(&[("A", 1, 250), ("B", 1, 150)], rules).with_floor("B", 80).choosing(&[("g", "B")]);
    let mut quote = shop.quote(&[&[(1, &[])], &[(1, &[("g", 70)])]]);
    shop.give(&mut quote, "g", Some("B"), 1, &[]);
    quote.gifts[0].line = Some(1);
    shop.hold(&mut quote, (1, 0), "g", 80);
    shop.earn(&mut quote, "e", 4);
    shop.accepts(&quote);
    shop.spoiled(&quote, |quote| shop.earn(quote, "e", 2), "the basket earns 4 points, not 6");
}
