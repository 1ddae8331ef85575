//! Bounds in exact fractions.

use smallvec::SmallVec;

use crate::pricing::settle::Value;

/// Multipliers are in parts of this.
pub(in crate::pricing::solve) const ONE: i64 = 256;

/// A bound in parts of [`ONE`], one entry a level.
pub(in crate::pricing::solve) type Bound = SmallVec<[i128; 1]>;

/// Adds `times × more` to a bound.
pub(in crate::pricing::solve) fn add(bound: &mut Bound, more: &Bound, times: i128) {
    for (sum, part) in bound.iter_mut().zip(more) {
        *sum += part * times;
    }
}

/// The best whole value under a bound. Where an entry is no whole number the later ones are free: a whole value below it
/// may have anything there.
pub(in crate::pricing::solve) fn whole(bound: &Bound) -> Value {
    let one = i128::from(ONE);
    let mut value = Value::new();
    let mut is_free = false;
    for &sum in bound {
        let floor = sum.div_euclid(one);
        value.push(if is_free { i64::MAX } else { i64::try_from(floor).unwrap_or(i64::MAX) });
        is_free |= sum.rem_euclid(one) != 0;
    }
    value
}

/// The entry of a bound that the multipliers are chosen by: the last, which is what the customer pays.
pub(in crate::pricing::solve) fn last(bound: &Bound) -> i128 {
    bound.last().copied().unwrap_or_default()
}
