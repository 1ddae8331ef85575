//! Tiers by the number of units that take part.

use pricewright::promotion::{Base, Benefit, Count, Promotion, QuantityTier, UnitCut};

use super::{Shop, amount, percent_off, promotion, rate, stacking};

fn tiers(count: Count, most: Option<i64>, tiers: &[(u32, UnitCut)]) -> Promotion {
    let tiers = tiers.iter().map(|&(from, cut)| QuantityTier { from, cut }).collect();
    promotion("p", Benefit::Quantity { tiers, count, max_discount: most.map(amount) })
}

fn percent(percent: i64) -> UnitCut {
    UnitCut::Percent(rate(percent), Base::Current)
}

#[test]
fn the_tier_is_that_of_the_units_that_carry_it() {
    let rules = tiers(Count::Together, None, &[(2, percent(10)), (3, percent(20))]);
    let shop = Shop::new(&[("A", 2, 100), ("B", 2, 50)], vec![rules]);
    shop.accepts(&shop.quote(&[&[(2, &[("p", 10)])], &[(2, &[])]]));
    shop.accepts(&shop.quote(&[&[(2, &[("p", 20)])], &[(1, &[("p", 10)]), (1, &[])]]));
    shop.refuses(&shop.quote(&[&[(2, &[("p", 20)])], &[(2, &[])]]), "a unit costs");
    shop.refuses(&shop.quote(&[&[(2, &[("p", 10)])], &[(2, &[("p", 5)])]]), "a unit costs");
    shop.refuses(&shop.quote(&[&[(1, &[("p", 10)]), (1, &[])], &[(2, &[])]]), "too few units for any tier");
}

#[test]
fn same_sku_counts_each_sku_by_itself_on_whichever_lines() {
    let rules = tiers(Count::SameSku, None, &[(2, percent(10)), (3, UnitCut::Amount(amount(30)))]);
    let shop = Shop::new(&[("A", 2, 100), ("B", 2, 50), ("A", 1, 100)], vec![rules]);
    let quote = |a, b: &[(&str, i64)], last: &[(&str, i64)]| {
        shop.quote(&[&[(2, &[("p", a)])], &[(2, b)], &[(1, last)]])
    };
    shop.accepts(&quote(30, &[("p", 5)], &[("p", 30)]));
    shop.accepts(&quote(10, &[], &[]));
    shop.refuses(&quote(30, &[("p", 30)], &[("p", 30)]), "a unit costs");
    let one = shop.quote(&[&[(2, &[("p", 30)])], &[(1, &[("p", 5)]), (1, &[])], &[(1, &[("p", 30)])]]);
    shop.refuses(&one, "too few units for any tier");
}

#[test]
fn a_tier_of_a_sku_takes_effect_in_the_place_of_its_own_kind() {
    // A reaches an amount, after the percentage; B a price.
    let rules =
        tiers(Count::SameSku, None, &[(1, UnitCut::Price(amount(30))), (2, UnitCut::Amount(amount(10)))]);
    let rules = vec![stacking(percent_off("a", 10, &["A"])), stacking(rules)];
    let shop = Shop::new(&[("A", 2, 100), ("B", 1, 50)], rules);
    shop.accepts(&shop.quote(&[&[(2, &[("a", 10), ("p", 10)])], &[(1, &[("p", 20)])]]));
    shop.refuses(&shop.quote(&[&[(2, &[("p", 10), ("a", 9)])], &[(1, &[("p", 20)])]]), "a unit costs");
    // Without B the same.
    shop.accepts(&shop.quote(&[&[(2, &[("a", 10), ("p", 10)])], &[(1, &[])]]));
}

#[test]
fn a_maximum_and_a_limit_hold_over_all_skus() {
    let rules = tiers(Count::SameSku, Some(30), &[(2, percent(10))]);
    let shop = Shop::new(&[("A", 2, 100), ("B", 2, 50)], vec![rules.clone()]);
    shop.accepts(&shop.quote(&[&[(2, &[("p", 10)])], &[(2, &[("p", 5)])]]));
    let shop = Shop::new(&[("A", 2, 100), ("B", 2, 200)], vec![rules.clone()]);
    shop.accepts(&shop.quote(&[&[(2, &[("p", 5)])], &[(2, &[("p", 10)])]]));
    shop.refuses(&shop.quote(&[&[(2, &[("p", 10)])], &[(2, &[("p", 20)])]]), "a unit costs");
    let mut limited = rules;
    limited.limits.units = Some(3);
    let shop = Shop::new(&[("A", 2, 100), ("B", 2, 50)], vec![limited]);
    shop.refuses(&shop.quote(&[&[(2, &[("p", 10)])], &[(2, &[("p", 5)])]]), "more units than its limit");
}
