//! Sets: their make-up, their benefit, who may get it.

use pricewright::money::Amount;
use pricewright::promotion::limits::Sets;
use pricewright::promotion::{Base, Benefit, Limits, Promotion, SetBenefit, SetOf, Slot, UnitCut};

use super::{Shop, amount, goods, percent_off, promotion, rate, slot, stacking};

fn set(id: &str, slots: Vec<Slot>, benefit: SetBenefit) -> Promotion {
    promotion(id, Benefit::Set(SetOf { slots, benefit, retailer_assigns: false, max_discount: None }))
}

fn changed(promotion: Promotion, change: impl FnOnce(&mut SetOf)) -> Promotion {
    let mut promotion = promotion;
    let Benefit::Set(set) = &mut promotion.benefit else { panic!("not a set") };
    change(set);
    promotion
}

fn retailer(promotion: Promotion) -> Promotion {
    changed(promotion, |set| set.retailer_assigns = true)
}

fn at_most(most: i64, promotion: Promotion) -> Promotion {
    changed(promotion, |set| set.max_discount = Some(amount(most)))
}

fn limited(limits: Limits, promotion: Promotion) -> Promotion {
    Promotion { limits, ..promotion }
}

const FREE: i64 = 100;

fn cheapest(units: u32, percent: i64) -> SetBenefit {
    SetBenefit::Cheapest { units, percent: rate(percent) }
}

fn three_for_two() -> Promotion {
    set("p", vec![slot(3, &[])], cheapest(1, FREE))
}

#[test]
fn the_make_up_of_a_set_is_taken_apart() {
    let shop = Shop::new(
        &[("A", 2, 100), ("B", 1, 60), ("C", 1, 10)],
        vec![three_for_two(), percent_off("q", 5, &["C"])],
    );
    let mut right = shop.quote(&[&[(2, &[("p", 0)])], &[(1, &[("p", 60)])], &[(1, &[])]]);
    right.sets.push(shop.set("p", 1, &[(0, 0, 0, 2), (1, 0, 0, 1)]));
    shop.accepts(&right);

    shop.spoiled(&right, |quote| quote.sets.clear(), "carries `p` and is in no set of it");
    shop.spoiled(&right, |quote| quote.sets[0].members[0].quantity = 1, "exactly as many units");
    shop.spoiled(&right, |quote| quote.sets[0].members[0].slot = 1, "fills a slot that there is not");
    shop.spoiled(&right, |quote| quote.sets[0].times = 2, "a unit that is in another set");
    shop.spoiled(&right, |quote| quote.sets[0].times = 0, "stands for no set");
    shop.spoiled(&right, |quote| quote.sets[0].times = u32::MAX, "more than there are units");
    shop.spoiled(&right, |quote| quote.sets[0].members.clear(), "stands for no set");
    let again = right.sets[0].clone();
    shop.spoiled(&right, |quote| quote.sets.push(again), "a unit that is in another set");
    shop.spoiled(&right, |quote| quote.sets[0].members[1].line = 2, "does not carry it");
    shop.spoiled(&right, |quote| quote.sets[0].members[1].quantity = 0, "does not carry it");
    shop.spoiled(&right, |quote| quote.sets[0].members[1].group = 1, "units that the quote does not have");
    shop.spoiled(
        &right,
        |quote| quote.sets[0].promotion = shop.index("q"),
        "a set of a promotion that is none",
    );

    let mut dearer = shop.quote(&[&[(1, &[("p", 100)]), (1, &[("p", 0)])], &[(1, &[("p", 0)])], &[(1, &[])]]);
    dearer.sets.push(shop.set("p", 1, &[(0, 0, 0, 1), (0, 1, 0, 1), (1, 0, 0, 1)]));
    shop.refuses(&dearer, "a unit costs");
}

#[test]
fn slots_mean_their_goods_and_may_ask_for_equal_ones() {
    let pair = |same_sku| {
        let slot = Slot { same_sku, ..slot(2, &["A", "B"]) };
        let shop = Shop::new(
            &[("A", 1, 50), ("B", 1, 50), ("C", 1, 50)],
            vec![set("p", vec![slot, super::slot(1, &["C"])], SetBenefit::Amount(amount(30)))],
        );
        let mut quote = shop.quote(&[&[(1, &[("p", 10)])], &[(1, &[("p", 10)])], &[(1, &[("p", 10)])]]);
        quote.sets.push(shop.set("p", 1, &[(0, 0, 0, 1), (1, 0, 0, 1), (2, 0, 1, 1)]));
        (shop, quote)
    };
    let (shop, quote) = pair(false);
    shop.accepts(&quote);
    let other = shop.set("p", 1, &[(0, 0, 0, 1), (2, 0, 0, 1), (1, 0, 1, 1)]);
    shop.spoiled(&quote, |quote| quote.sets[0] = other, "a slot that does not mean it");
    let (shop, quote) = pair(true);
    shop.refuses(&quote, "different goods in a slot that asks for equal ones");
}

#[test]
fn sets_and_their_units_are_limited() {
    let two_sets = |limits| {
        let shop = Shop::new(
            &[("A", 4, 50)],
            vec![limited(limits, set("p", vec![slot(2, &[])], SetBenefit::Price(amount(80))))],
        );
        let mut quote = shop.quote(&[&[(4, &[("p", 10)])]]);
        quote.sets.push(shop.set("p", 2, &[(0, 0, 0, 2)]));
        (shop, quote)
    };
    let sets = |sets| Limits { sets: Some(sets), ..Limits::default() };
    for limits in [Limits::default(), sets(Sets::Unlimited), sets(Sets::AtMost(2))] {
        let (shop, quote) = two_sets(limits);
        shop.accepts(&quote);
    }
    let (shop, quote) = two_sets(sets(Sets::AtMost(1)));
    shop.refuses(&quote, "more sets of `p` than its limit");
    let (shop, quote) = two_sets(Limits { units: Some(3), ..Limits::default() });
    shop.refuses(&quote, "more units than its limit");
}

#[test]
fn a_set_that_takes_nothing_off_is_none() {
    let shop = Shop::new(
        &[("A", 2, 50), ("B", 2, 30)],
        vec![set("p", vec![slot(2, &[])], SetBenefit::Price(amount(80)))],
    );
    let mut quote = shop.quote(&[&[(2, &[("p", 10)])], &[(2, &[("p", 0)])]]);
    quote.sets.push(shop.set("p", 1, &[(0, 0, 0, 2)]));
    quote.sets.push(shop.set("p", 1, &[(1, 0, 0, 2)]));
    shop.refuses(&quote, "a set of `p` takes nothing off");
    let mut right = shop.quote(&[&[(2, &[("p", 10)])], &[(2, &[])]]);
    right.sets.push(shop.set("p", 1, &[(0, 0, 0, 2)]));
    shop.accepts(&right);
    // What a floor holds back is nothing, too.
    let shop = shop.with_floor("A", 50);
    shop.refuses(&right, "a set of `p` takes nothing off");
}

#[test]
fn each_set_shares_its_own_amount() {
    let shop = Shop::new(
        &[("A", 1, 100), ("B", 1, 50), ("C", 2, 30)],
        vec![set("p", vec![slot(2, &[])], SetBenefit::Amount(amount(10)))],
    );
    let groups = |a, b, c| shop.quote(&[&[(1, &[("p", a)])], &[(1, &[("p", b)])], &[(2, &[("p", c)])]]);
    let sets = || vec![shop.set("p", 1, &[(0, 0, 0, 1), (1, 0, 0, 1)]), shop.set("p", 1, &[(2, 0, 0, 2)])];
    let mut right = groups(7, 3, 5);
    right.sets = sets();
    shop.accepts(&right);
    // The spare coin goes by the remainder, 6.67 and 3.33, and not to the later line.
    let mut moved = groups(6, 4, 5);
    moved.sets = sets();
    shop.refuses(&moved, "a unit costs");
    // 20 over all four: the same sum, but no set's own.
    let mut together = shop.quote(&[&[(1, &[("p", 10)])], &[(1, &[("p", 4)])], &[(2, &[("p", 3)])]]);
    together.sets = sets();
    shop.refuses(&together, "a unit costs");
    // Other sets of the same units share otherwise.
    right.sets = vec![
        shop.set("p", 1, &[(0, 0, 0, 1), (2, 0, 0, 1)]),
        shop.set("p", 1, &[(1, 0, 0, 1), (2, 0, 0, 1)]),
    ];
    shop.refuses(&right, "a unit costs");
}

#[test]
fn the_spare_coins_of_equal_units_may_lie_in_groups_of_all_sets() {
    let shop = Shop::new(&[("A", 4, 50)], vec![set("p", vec![slot(2, &[])], SetBenefit::Amount(amount(9)))]);
    let mut quote = shop.quote(&[&[(2, &[("p", 5)]), (2, &[("p", 4)])]]);
    quote.sets.push(shop.set("p", 2, &[(0, 0, 0, 1), (0, 1, 0, 1)]));
    shop.accepts(&quote);
    let mut turned = shop.quote(&[&[(2, &[("p", 4)]), (2, &[("p", 5)])]]);
    turned.sets = quote.sets.clone();
    shop.accepts(&turned);
    quote.sets = vec![shop.set("p", 1, &[(0, 0, 0, 2)]), shop.set("p", 1, &[(0, 1, 0, 2)])];
    shop.refuses(&quote, "a unit costs");
}

#[test]
fn what_a_floor_holds_back_stays_in_the_set() {
    let shop = Shop::new(
        &[("A", 1, 50), ("B", 1, 50), ("C", 1, 50), ("D", 1, 50)],
        vec![set("p", vec![slot(2, &[])], SetBenefit::Amount(amount(20)))],
    )
    .with_floor("A", 45);
    let quote = |takes: [i64; 4]| {
        let [a, b, c, d] = takes;
        let mut quote =
            shop.quote(&[&[(1, &[("p", a)])], &[(1, &[("p", b)])], &[(1, &[("p", c)])], &[(1, &[("p", d)])]]);
        quote.sets.push(shop.set("p", 1, &[(0, 0, 0, 1), (1, 0, 0, 1)]));
        quote.sets.push(shop.set("p", 1, &[(2, 0, 0, 1), (3, 0, 0, 1)]));
        quote
    };
    let mut right = quote([5, 15, 10, 10]);
    shop.hold(&mut right, (0, 0), "p", 5);
    shop.accepts(&right);
    shop.refuses(&quote([5, 10, 10, 10]), "a unit costs");
    shop.refuses(&quote([5, 12, 12, 11]), "a unit costs");
    shop.refuses(&quote([10, 10, 10, 10]), "a unit costs");
}

#[test]
fn a_maximum_holds_over_all_sets() {
    let shop = Shop::new(
        &[("A", 2, 100), ("B", 2, 60)],
        vec![at_most(90, set("p", vec![slot(1, &["A"]), slot(1, &["B"])], cheapest(1, FREE)))],
    );
    let quote = |first, second| {
        let mut quote = shop.quote(&[&[(2, &[("p", 0)])], &[(1, &[("p", first)]), (1, &[("p", second)])]]);
        quote.sets.push(shop.set("p", 1, &[(0, 0, 0, 1), (1, 0, 1, 1)]));
        quote.sets.push(shop.set("p", 1, &[(0, 0, 0, 1), (1, 1, 1, 1)]));
        quote
    };
    shop.accepts(&quote(45, 45));
    shop.refuses(&quote(60, 60), "a unit costs");
    shop.refuses(&quote(60, 30), "a unit costs");
}

#[test]
fn of_equally_dear_units_the_quote_picks_the_reduced_one() {
    let shop =
        Shop::new(&[("A", 1, 60), ("B", 1, 60), ("C", 1, 80)], vec![three_for_two()]).with_floor("B", 50);
    let quote = |a, b, c| {
        let mut quote = shop.quote(&[&[(1, &[("p", a)])], &[(1, &[("p", b)])], &[(1, &[("p", c)])]]);
        quote.sets.push(shop.set("p", 1, &[(0, 0, 0, 1), (1, 0, 0, 1), (2, 0, 0, 1)]));
        quote
    };
    shop.accepts(&quote(60, 0, 0));
    let mut held = quote(0, 10, 0);
    shop.hold(&mut held, (1, 0), "p", 50);
    shop.accepts(&held);
    shop.refuses(&quote(0, 60, 0), "a unit costs");
    shop.refuses(&quote(0, 0, 80), "a unit costs");
    shop.refuses(&quote(60, 10, 0), "a unit costs");
}

#[test]
fn the_retailer_gives_the_benefit_to_the_cheapest_that_count() {
    let goods = [("A", 2, 100), ("B", 1, 60), ("C", 1, 40)];
    let made_up = |shop: &Shop, c: &[(&str, i64)]| {
        let mut quote = shop.quote(&[&[(2, &[("p", 0)])], &[(1, &[("p", 60)])], &[(1, c)]]);
        quote.sets.push(shop.set("p", 1, &[(0, 0, 0, 2), (1, 0, 0, 1)]));
        quote
    };
    let shop = Shop::new(&goods, vec![three_for_two()]);
    shop.accepts(&made_up(&shop, &[]));
    let shop = Shop::new(&goods, vec![retailer(three_for_two()), percent_off("q", 5, &["C"])]);
    shop.refuses(&made_up(&shop, &[]), "does not go to the cheapest goods");
    // A unit that carries what does not stack does not count; one that is as cheap is free.
    shop.accepts(&made_up(&shop, &[("q", 2)]));
    let shop = Shop::new(&[("A", 2, 100), ("B", 1, 60), ("C", 1, 60)], vec![retailer(three_for_two())]);
    shop.accepts(&made_up(&shop, &[]));

    let mut right = Shop::new(&goods, vec![retailer(three_for_two())]).quote(&[
        &[(2, &[("p", 0)])],
        &[(1, &[])],
        &[(1, &[("p", 40)])],
    ]);
    let shop = Shop::new(&goods, vec![retailer(three_for_two())]);
    right.sets.push(shop.set("p", 1, &[(0, 0, 0, 2), (2, 0, 0, 1)]));
    shop.accepts(&right);
}

#[test]
fn the_retailer_looks_slot_by_slot() {
    let half = Slot { cut: Some(UnitCut::Percent(rate(50), Base::Current)), ..slot(1, &["B", "C"]) };
    let rules = retailer(set("p", vec![slot(1, &["A"]), half], SetBenefit::BySlot));
    let shop = Shop::new(&[("A", 1, 10), ("B", 1, 60), ("C", 1, 60)], vec![rules.clone()]);
    let mut quote = shop.quote(&[&[(1, &[("p", 0)])], &[(1, &[("p", 30)])], &[(1, &[])]]);
    quote.sets.push(shop.set("p", 1, &[(0, 0, 0, 1), (1, 0, 1, 1)]));
    shop.accepts(&quote);
    let shop = Shop::new(&[("A", 1, 10), ("B", 1, 60), ("C", 1, 59)], vec![rules]);
    shop.refuses(&quote_of(&shop, 30), "does not go to the cheapest goods");
}

fn quote_of(shop: &Shop, take: i64) -> pricewright::pricing::Quote {
    let mut quote = shop.quote(&[&[(1, &[("p", 0)])], &[(1, &[("p", take)])], &[(1, &[])]]);
    quote.sets.push(shop.set("p", 1, &[(0, 0, 0, 1), (1, 0, 1, 1)]));
    quote
}

#[test]
fn a_set_takes_effect_in_its_place() {
    // 10 % of 100 first, then 20 off 90 and 50 are shared 13 to 7. In the other order the percentage would be of 87.
    let rules = vec![
        stacking(percent_off("a", 10, &["A"])),
        stacking(set("p", vec![slot(2, &[])], SetBenefit::Amount(amount(20)))),
    ];
    let shop = Shop::new(&[("A", 1, 100), ("B", 1, 50)], rules.clone());
    let quote = |shop: &Shop, a: &[(&str, i64)], b| {
        let mut quote = shop.quote(&[&[(1, a)], &[(1, &[("p", b)])]]);
        quote.sets.push(shop.set("p", 1, &[(0, 0, 0, 1), (1, 0, 0, 1)]));
        quote
    };
    shop.accepts(&quote(&shop, &[("a", 10), ("p", 13)], 7));
    shop.refuses(&quote(&shop, &[("p", 13), ("a", 9)], 7), "a unit costs");
    shop.refuses(&quote(&shop, &[("p", 13), ("a", 10)], 7), "the shares of a unit's promotions are others");
    // The higher level goes first, whatever the kind.
    let mut higher = rules;
    higher[1].level = 1;
    let shop = Shop::new(&[("A", 1, 100), ("B", 1, 50)], higher);
    shop.accepts(&quote(&shop, &[("p", 13), ("a", 9)], 7));
    shop.refuses(&quote(&shop, &[("a", 10), ("p", 13)], 7), "a unit costs");
}

#[test]
fn slots_with_cuts_take_effect_at_the_earliest_of_their_kinds() {
    let cut = |cut, sku| Slot { cut: Some(cut), ..slot(1, &[sku]) };
    let slots = vec![cut(UnitCut::Amount(amount(10)), "A"), cut(UnitCut::Price(Amount::from_minor(30)), "B")];
    let shop = Shop::new(
        &[("A", 1, 100), ("B", 1, 50)],
        vec![stacking(percent_off("a", 10, &["A"])), stacking(set("p", slots, SetBenefit::BySlot))],
    );
    let quote = |a: &[(&str, i64)]| {
        let mut quote = shop.quote(&[&[(1, a)], &[(1, &[("p", 20)])]]);
        quote.sets.push(shop.set("p", 1, &[(0, 0, 0, 1), (1, 0, 1, 1)]));
        quote
    };
    shop.accepts(&quote(&[("p", 10), ("a", 9)]));
    shop.refuses(&quote(&[("a", 10), ("p", 10)]), "a unit costs");
}

#[test]
fn sets_meet_only_what_they_stack_with() {
    let shop = Shop::new(
        &[("A", 3, 100)],
        vec![
            percent_off("a", 10, &[]),
            three_for_two(),
            Promotion { on: goods(&["Z"]), ..percent_off("z", 1, &[]) },
        ],
    );
    let mut quote = shop.quote(&[&[(1, &[("a", 10), ("p", 90)]), (2, &[("p", 0)])]]);
    quote.sets.push(shop.set("p", 1, &[(0, 0, 0, 1), (0, 1, 0, 2)]));
    shop.refuses(&quote, "`a` and `p` do not stack");
    let twice = shop.quote(&[&[(3, &[("a", 10), ("a", 9)])]]);
    shop.refuses(&twice, "`a` stands twice on one unit");
    let strange = shop.quote(&[&[(3, &[("z", 1)])]]);
    shop.refuses(&strange, "`z` stands on goods that it does not mean");
}
