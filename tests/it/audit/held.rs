//! What a floor held back, and which floor it was.

use pricewright::pricing::Floor;
use pricewright::promotion::{
    BasketAmount, Benefit, Cap, CapFloor, Promotion, SetBenefit, SetOf, UnitBenefit, UnitCut,
};

use super::{Shop, amount, goods, percent_off, promotion, rate, slot, stacking};

const OTHER: &str = "its floor holds something else back";

fn amount_off(id: &str, off: i64) -> Promotion {
    promotion(id, Benefit::Units(UnitBenefit { cut: UnitCut::Amount(amount(off)), max_discount: None }))
}

fn basket_amount(id: &str, off: i64) -> Promotion {
    promotion(id, Benefit::Basket(BasketAmount { amount: amount(off), max_discount: None }))
}

#[test]
fn what_is_held_is_what_is_wanted_and_not_taken() {
    let shop = Shop::new(&[("A", 2, 100), ("B", 1, 50)], vec![percent_off("p", 20, &[])]).with_floor("A", 85);
    let mut right = shop.quote(&[&[(2, &[("p", 15)])], &[(1, &[("p", 10)])]]);
    shop.refuses(&right, OTHER);
    shop.refuses(&right, "line `l0` names another floor");
    shop.hold(&mut right, (0, 0), "p", 5);
    shop.accepts(&right);

    for held in [0, 4, 6, 20] {
        shop.spoiled(&right, |quote| quote.lines[0].groups[0].carried[0].held = amount(held), OTHER);
    }
    // A unit that is above its floor is not held, whatever its line says.
    shop.spoiled(&right, |quote| quote.lines[1].groups[0].carried[0].held = amount(1), OTHER);
    let floor = |price, caps: &[&str]| {
        Some(Floor { price: amount(price), caps: caps.iter().map(|&cap| cap.to_owned()).collect() })
    };
    let others = [
        (0, None),
        (0, floor(84, &["cap-A"])),
        (0, floor(85, &[])),
        (0, floor(85, &["cap-B"])),
        (0, floor(85, &["cap-A", "cap-B"])),
        (1, floor(0, &[])),
    ];
    for (line, other) in others {
        let text = format!("line `l{line}` names another floor");
        shop.spoiled(&right, |quote| quote.lines[line].floor = other, &text);
    }
}

#[test]
fn only_the_caps_that_set_the_floor_are_named() {
    let mut shop = Shop::new(&[("A", 1, 100)], vec![percent_off("p", 20, &[])]).with_floor("A", 85);
    let cap = |id: &str, skus: &[&str], floor| Cap {
        id: id.to_owned(),
        name: String::new(),
        on: goods(skus),
        floor,
    };
    shop.caps.extend([
        cap("loose", &["A"], CapFloor::MaxPercent(rate(40))),
        cap("as-strict", &["A"], CapFloor::MaxPercent(rate(15))),
        cap("stricter-elsewhere", &["B"], CapFloor::MaxPercent(rate(0))),
    ]);
    let mut right = shop.quote(&[&[(1, &[("p", 15)])]]);
    shop.hold(&mut right, (0, 0), "p", 5);
    shop.refuses(&right, "names another floor");
    right.lines[0].floor.as_mut().unwrap().caps = vec!["as-strict".to_owned(), "cap-A".to_owned()];
    shop.accepts(&right);
}

#[test]
fn a_price_that_ends_at_zero_is_not_held() {
    let shop = Shop::new(&[("A", 1, 30)], vec![amount_off("p", 50)]);
    let right = shop.quote(&[&[(1, &[("p", 30)])]]);
    shop.accepts(&right);
    shop.spoiled(&right, |quote| quote.lines[0].groups[0].carried[0].held = amount(20), OTHER);
    // With a floor it is held by no more than what the unit still costs.
    let shop = shop.with_floor("A", 1);
    let mut right = shop.quote(&[&[(1, &[("p", 29)])]]);
    shop.hold(&mut right, (0, 0), "p", 1);
    shop.accepts(&right);
    shop.spoiled(&right, |quote| shop.hold(quote, (0, 0), "p", 21), OTHER);
}

#[test]
fn the_promotion_that_meets_the_floor_is_held() {
    let rules = vec![stacking(percent_off("p", 10, &[])), stacking(percent_off("q", 10, &[]))];
    let shop = Shop::new(&[("A", 1, 200)], rules).with_floor("A", 170);
    let mut right = shop.quote(&[&[(1, &[("p", 20), ("q", 10)])]]);
    let plain = right.clone();
    shop.hold(&mut right, (0, 0), "q", 8);
    shop.accepts(&right);
    let mut other = plain;
    shop.hold(&mut other, (0, 0), "p", 8);
    shop.refuses(&other, OTHER);
    // Where the first one leaves nothing, all of the second is held.
    let shop = Shop { caps: Vec::new(), ..shop }.with_floor("A", 180);
    let mut whole = shop.quote(&[&[(1, &[("p", 20), ("q", 0)])]]);
    shop.hold(&mut whole, (0, 0), "q", 18);
    shop.accepts(&whole);
}

#[test]
fn a_share_is_held_although_others_take_it_over() {
    let shop = Shop::new(&[("A", 1, 100), ("B", 1, 100)], vec![basket_amount("b", 100)]).with_floor("A", 90);
    let mut right = shop.quote(&[&[(1, &[("b", 10)])], &[(1, &[("b", 90)])]]);
    shop.hold(&mut right, (0, 0), "b", 40);
    shop.accepts(&right);
    shop.spoiled(&right, |quote| shop.hold(quote, (0, 0), "b", 90), OTHER);
    // Three equal units share 100 with a fourth: 33 in whole units of money each, whoever gets the spare one.
    let shop = Shop::new(&[("A", 3, 100), ("B", 1, 1)], vec![basket_amount("b", 100)]).with_floor("A", 95);
    let mut right = shop.quote(&[&[(3, &[("b", 5)])], &[(1, &[("b", 1)])]]);
    shop.hold(&mut right, (0, 0), "b", 28);
    shop.accepts(&right);
    shop.spoiled(&right, |quote| shop.hold(quote, (0, 0), "b", 29), OTHER);
}

#[test]
fn a_set_whose_unit_gives_nothing_is_held_on_it() {
    let pair = SetOf {
        slots: vec![slot(1, &["A"]), slot(1, &["B"])],
        benefit: SetBenefit::Price(amount(150)),
        retailer_assigns: false,
        max_discount: None,
    };
    let shop = Shop::new(&[("A", 1, 100), ("B", 1, 100)], vec![promotion("p", Benefit::Set(pair))])
        .with_floor("A", 100);
    let mut right = shop.quote(&[&[(1, &[("p", 0)])], &[(1, &[("p", 50)])]]);
    right.sets.push(shop.set("p", 1, &[(0, 0, 0, 1), (1, 0, 1, 1)]));
    shop.refuses(&right, OTHER);
    shop.hold(&mut right, (0, 0), "p", 25);
    shop.accepts(&right);
    shop.spoiled(&right, |quote| shop.hold(quote, (0, 0), "p", 50), OTHER);
}

#[test]
fn a_maximum_holds_before_a_floor_does() {
    let half = |most| {
        let cut = UnitCut::Percent(rate(50), pricewright::promotion::Base::Current);
        promotion("p", Benefit::Units(UnitBenefit { cut, max_discount: Some(amount(most)) }))
    };
    let shop = Shop::new(&[("A", 1, 1_000)], vec![half(100)]).with_floor("A", 950);
    let mut right = shop.quote(&[&[(1, &[("p", 50)])]]);
    shop.hold(&mut right, (0, 0), "p", 50);
    shop.accepts(&right);
    shop.spoiled(&right, |quote| shop.hold(quote, (0, 0), "p", 450), OTHER);
    // The maximum stops it above the floor.
    let shop = Shop::new(&[("A", 1, 1_000), ("B", 1, 1_000)], vec![half(110)]).with_floor("A", 950);
    let right = shop.quote(&[&[(1, &[("p", 10)])], &[(1, &[("p", 100)])]]);
    shop.accepts(&right);
    shop.spoiled(&right, |quote| quote.lines[0].groups[0].carried[0].held = amount(45), OTHER);
}
