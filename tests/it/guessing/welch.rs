//! Welch's t-test in whole numbers: whether two lists of times have one mean.

/// Hundredths of |t|: more than 450 does not happen by chance once in a hundred thousand tests.
pub(crate) fn hundredths_of_t(one: &[u64], other: &[u64]) -> u128 {
    let (one_mean, one_spread) = mean_and_spread(one);
    let (other_mean, other_spread) = mean_and_spread(other);
    let apart = one_mean.abs_diff(other_mean);
    (apart * apart * 10_000 / (one_spread + other_spread).max(1)).isqrt()
}

/// The mean, and the variance of the mean.
fn mean_and_spread(times: &[u64]) -> (u128, u128) {
    let count = u128::try_from(times.len()).unwrap();
    let mean = times.iter().map(|&time| u128::from(time)).sum::<u128>() / count;
    let squares = times.iter().map(|&time| u128::from(time).abs_diff(mean).pow(2)).sum::<u128>();
    (mean, squares / (count - 1) / count)
}

#[test]
fn t_of_lists_worked_out_by_hand() {
    // Means 3 and 5, variances 2.5 and 2.5 of five each: t = 2 ÷ √(0.5 + 0.5), here in millions of a unit.
    let millions = |list: [u64; 5]| list.map(|number| number * 1_000_000);
    assert_eq!(hundredths_of_t(&millions([1, 2, 3, 4, 5]), &millions([3, 4, 5, 6, 7])), 200);
    assert_eq!(hundredths_of_t(&millions([1, 2, 3, 4, 5]), &millions([5, 4, 3, 2, 1])), 0);
}
