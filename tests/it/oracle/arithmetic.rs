//! The sums of the definition, worked out here once more: rounding, percentages, spreading, floors. It shares nothing
//! with `money`, so that a mistake would have to be made twice to go unseen.

use pricewright::money::{Amount, Rate, Rounding};
use pricewright::promotion::CapFloor;
use rust_decimal::Decimal;

/// 100 % in the steps in which a percentage is held here.
const WHOLE: i128 = 1_000_000;

/// "Rounding is the setting `rounding` (`half_up` by default, `half_even`, `half_down`, `down`)": `n / d` as a whole.
pub(crate) fn rounded(n: i128, d: i128, rounding: Rounding) -> i64 {
    let below = n.div_euclid(d);
    let over = n - below * d;
    let goes_up = match rounding {
        Rounding::Down => false,
        Rounding::HalfUp => 2 * over >= d,
        Rounding::HalfDown => 2 * over > d,
        Rounding::HalfEven => 2 * over > d || (2 * over == d && below.rem_euclid(2) == 1),
    };
    narrow(if goes_up { below + 1 } else { below })
}

/// "A percentage takes `round(current × percent / 100)` off each unit."
pub(crate) fn percent_of(price: i64, rate: Rate, rounding: Rounding) -> i64 {
    rounded(i128::from(price) * parts(rate), WHOLE, rounding)
}

/// "A weighed line (`measure` 0.350) is one unit a piece, its list price `round(unit_price × measure)`."
pub(crate) fn weighed(price: Amount, measure: Option<Decimal>, rounding: Rounding) -> i64 {
    let Some(measure) = measure else { return price.minor() };
    let mut divisor = 1_i128;
    for _ in 0..measure.scale() {
        divisor *= 10;
    }
    rounded(i128::from(price.minor()) * measure.mantissa(), divisor, rounding)
}

/// The lowest price that one cap allows. "Every applicable cap's `round_up(list × (100 − max_percent) / 100)` or
/// `min_price`, and with `min_margin_percent` the price that keeps the margin over the line's `cost`"; without a cost
/// nothing may be taken off.
pub(crate) fn floor_of(cap: CapFloor, list: i64, cost: Option<i64>) -> i64 {
    match cap {
        CapFloor::MaxPercent(rate) => up(i128::from(list) * (WHOLE - parts(rate)), WHOLE),
        CapFloor::MinPrice(price) => price.minor(),
        CapFloor::MinMarginPercent(rate) => match cost {
            // (price − cost) / price ≥ m, so price × (1 − m) ≥ cost.
            Some(cost) if parts(rate) < WHOLE => up(i128::from(cost) * WHOLE, WHOLE - parts(rate)),
            _ => list,
        },
    }
}

/// "The integer parts first, then one more each by largest remainder, the earlier line on a tie": `total` by `weights`.
pub(crate) fn in_proportion(total: i64, weights: &[i64]) -> Vec<i64> {
    let sum: i128 = weights.iter().map(|&weight| i128::from(weight)).sum();
    if sum == 0 {
        return vec![0; weights.len()];
    }
    let exact = |at: usize| i128::from(total) * i128::from(weights[at]);
    let mut shares: Vec<i64> = (0..weights.len()).map(|at| narrow(exact(at) / sum)).collect();
    let mut spare = total - shares.iter().sum::<i64>();
    let mut by_remainder: Vec<usize> = (0..weights.len()).filter(|&at| weights[at] > 0).collect();
    // A stable sort: on a tie the earlier one stays before the later one.
    by_remainder.sort_by_key(|&at| -(exact(at) % sum));
    for at in by_remainder {
        if spare > 0 {
            shares[at] += 1;
            spare -= 1;
        }
    }
    assert_eq!(spare, 0, "{total} by {weights:?}");
    shares
}

/// "What a floor holds back of a shared amount is spread again over the other units that share it, round by round, as
/// far as their floors allow; otherwise it is lost": `total` by `weights`, never more than `rooms`.
pub(crate) fn spread(total: i64, weights: &[i64], rooms: &[i64]) -> Vec<i64> {
    let mut shares = vec![0; weights.len()];
    let mut left = total;
    loop {
        let open: Vec<i64> =
            (0..weights.len()).map(|at| if shares[at] < rooms[at] { weights[at] } else { 0 }).collect();
        if left == 0 || open.iter().all(|&weight| weight == 0) {
            return shares;
        }
        for (at, share) in in_proportion(left, &open).into_iter().enumerate() {
            let fits = share.min(rooms[at] - shares[at]);
            shares[at] += fits;
            left -= fits;
        }
    }
}

/// A rate in millionths of the whole.
fn parts(rate: Rate) -> i128 {
    let percent = rate.percent();
    let mut parts = percent.mantissa();
    for _ in percent.scale()..4 {
        parts *= 10;
    }
    parts
}

fn up(n: i128, d: i128) -> i64 {
    narrow((n + d - 1).div_euclid(d))
}

fn narrow(value: i128) -> i64 {
    i64::try_from(value).expect("small problems have small prices")
}

#[test]
fn the_examples_of_the_definition_come_out() {
    let rate = |text: &str| Rate::from_percent(text.parse().unwrap()).unwrap();
    // "25 % of four at 16.50 takes 4 × 4.13."
    assert_eq!(percent_of(1650, rate("25"), Rounding::HalfUp), 413);
    assert_eq!(percent_of(1650, rate("25"), Rounding::HalfEven), 412);
    assert_eq!(percent_of(1650, rate("25"), Rounding::HalfDown), 412);
    assert_eq!(percent_of(1999, rate("33.3333"), Rounding::Down), 666);
    assert_eq!(weighed(Amount::from_minor(101), Some("0.350".parse().unwrap()), Rounding::HalfUp), 35);
    assert_eq!(floor_of(CapFloor::MaxPercent(rate("15")), 999, None), 850);
    assert_eq!(floor_of(CapFloor::MinMarginPercent(rate("20")), 999, Some(500)), 625);
    assert_eq!(floor_of(CapFloor::MinMarginPercent(rate("20")), 999, None), 999);
    assert_eq!(in_proportion(100, &[1, 1, 1]), [34, 33, 33]);
    assert_eq!(in_proportion(299, &[4300, 1400, 2300]), [161, 52, 86]);
    assert_eq!(spread(100, &[50, 30, 20], &[10, 20, 100]), [10, 20, 70]);
    assert_eq!(spread(100, &[50, 0], &[10, 10]), [10, 0]);
}
