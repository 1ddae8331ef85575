//! Sharing one amount among many units so that the shares add up to it.

use std::cmp::Reverse;

use super::amount::Amount;

/// Equal units that share.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Holder {
    /// How many units.
    pub count: u32,
    /// What the share of one is in proportion to.
    pub weight: Amount,
    /// The most that may be taken off one.
    pub room: Amount,
}

/// Units of one holder that have the same share.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Share {
    /// The holder's place in the list.
    pub holder: usize,
    /// How many of its units.
    pub count: u32,
    /// The share of one.
    pub amount: Amount,
}

/// Spreads `total` over the units in proportion to their weights: the integer parts first, then one more each by largest
/// remainder, the earlier unit on a tie. What a unit has no room for is spread again over the others, round by round;
/// what nobody has room for is lost. The shares come in the order of the units, every unit has one, and they sum to
/// `min(total, sum of the rooms)` as far as weights above zero are left to share by.
#[must_use]
pub fn spread(total: Amount, holders: &[Holder]) -> Vec<Share> {
    let mut parts: Vec<Part> = holders
        .iter()
        .enumerate()
        .filter(|(_, holder)| holder.count > 0)
        .map(|(place, holder)| Part { place, holder: *holder, share: 0 })
        .collect();
    let rooms: i128 =
        holders.iter().map(|holder| i128::from(holder.room.minor().max(0)) * i128::from(holder.count)).sum();
    // Never more than there is room for: what follows stays far from the largest number.
    let mut left = i64::try_from(rooms).unwrap_or(i64::MAX).min(total.minor());
    while left > 0 {
        let taken = round(left, &mut parts);
        if taken == 0 {
            break;
        }
        left -= taken;
    }
    parts
        .into_iter()
        .map(|part| Share {
            holder: part.place,
            count: part.holder.count,
            amount: Amount::from_minor(part.share),
        })
        .collect()
}

/// The whole part of what a unit of `weight` has of `total`, when all of `weights` share it.
#[must_use]
pub fn portion(total: Amount, weight: Amount, weights: Amount) -> Amount {
    let exact = i128::from(total.minor()) * i128::from(weight.minor());
    let whole = exact.checked_div(i128::from(weights.minor())).unwrap_or_default();
    Amount::from_minor(i64::try_from(whole).unwrap_or(i64::MAX))
}

/// Equal units with equal shares so far.
#[derive(Clone, Copy)]
struct Part {
    place: usize,
    holder: Holder,
    share: i64,
}

impl Part {
    fn weight(&self) -> i128 {
        i128::from(self.holder.weight.minor())
    }

    fn room(&self) -> i64 {
        self.holder.room.minor() - self.share
    }

    fn is_open(&self) -> bool {
        self.room() > 0 && !self.holder.weight.is_zero()
    }
}

/// One round over the units that still have room: returns what it handed out. A part whose units do not all get the
/// spare one is split in two.
fn round(left: i64, parts: &mut Vec<Part>) -> i64 {
    let weights: i128 =
        parts.iter().filter(|part| part.is_open()).map(|p| p.weight() * i128::from(p.holder.count)).sum();
    if weights == 0 {
        return 0;
    }
    let whole = |part: &Part| i64::try_from(i128::from(left) * part.weight() / weights).unwrap_or(i64::MAX);
    let remainder = |part: &Part| i128::from(left) * part.weight() % weights;
    let mut order: Vec<usize> =
        (0..parts.len()).filter(|&at| parts.get(at).is_some_and(Part::is_open)).collect();
    order.sort_by_key(|&at| Reverse(parts.get(at).map_or(0, remainder)));
    let handed: i64 = parts
        .iter()
        .filter(|part| part.is_open())
        .map(|part| whole(part) * i64::from(part.holder.count))
        .sum();
    let mut spare = left - handed;
    let mut extra = vec![0_u32; parts.len()];
    for at in order {
        if let (Some(part), Some(extra)) = (parts.get(at), extra.get_mut(at)) {
            *extra = u32::try_from(spare.min(i64::from(part.holder.count))).unwrap_or(part.holder.count);
            spare -= i64::from(*extra);
        }
    }
    let mut taken = 0;
    let mut next = Vec::with_capacity(parts.len() + 1);
    for (part, extra) in parts.iter().zip(extra) {
        if !part.is_open() {
            next.push(*part);
            continue;
        }
        for (count, asked) in [(extra, whole(part) + 1), (part.holder.count - extra, whole(part))] {
            if count > 0 {
                let given = asked.min(part.room());
                taken += given * i64::from(count);
                next.push(Part {
                    holder: Holder { count, ..part.holder },
                    share: part.share + given,
                    ..*part
                });
            }
        }
    }
    *parts = next;
    taken
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `(count, weight, room)` a holder; the expected shares unit by unit.
    fn check(total: i64, holders: &[(u32, i64, i64)], expected: &[i64]) {
        let list: Vec<Holder> = holders
            .iter()
            .map(|&(count, w, r)| Holder {
                count,
                weight: Amount::from_minor(w),
                room: Amount::from_minor(r),
            })
            .collect();
        let shares: Vec<i64> = spread(Amount::from_minor(total), &list)
            .into_iter()
            .flat_map(|share| (0..share.count).map(move |_| share.amount.minor()))
            .collect();
        assert_eq!(shares, expected, "{total} over {holders:?}");
    }

    #[test]
    fn shares_add_up_and_the_earlier_unit_takes_the_spare_one() {
        check(100, &[(1, 1, 100), (1, 1, 100), (1, 1, 100)], &[34, 33, 33]);
        check(100, &[(3, 1, 100)], &[34, 33, 33]);
        check(299, &[(1, 4300, 4300), (1, 1400, 1400), (1, 2300, 2300)], &[161, 52, 86]);
        check(10, &[(1, 0, 10), (1, 5, 10)], &[0, 10]);
        check(10, &[], &[]);
        check(10, &[(2, 0, 5)], &[0, 0]);
    }

    #[test]
    fn a_portion_is_the_whole_part_of_a_share() {
        let cases = [
            (100, 1, 3, 33),
            (250, 300, 350, 214),
            (7, 0, 5, 0),
            (7, 0, 0, 0),
            (i64::MAX, 2, 3, i64::MAX / 3 * 2),
        ];
        for (total, weight, weights, expected) in cases {
            let [total, weight, weights] = [total, weight, weights].map(Amount::from_minor);
            assert_eq!(portion(total, weight, weights).minor(), expected);
        }
    }

    #[test]
    fn what_a_floor_holds_back_goes_to_the_others() {
        check(100, &[(1, 50, 10), (1, 50, 100)], &[10, 90]);
        check(100, &[(1, 50, 10), (1, 30, 20), (1, 20, 100)], &[10, 20, 70]);
        check(100, &[(1, 50, 10), (1, 50, 20)], &[10, 20]);
        check(7, &[(2, 3, 2), (2, 3, 10)], &[2, 2, 2, 1]);
    }

    #[test]
    fn counted_units_share_as_single_ones_do() {
        for total in 0..400 {
            let counted = [(3, 70, 60), (5, 31, 31), (2, 70, 9)];
            let single: Vec<(u32, i64, i64)> =
                counted.iter().flat_map(|&(n, w, r)| (0..n).map(move |_| (1, w, r))).collect();
            let list: Vec<Holder> = single
                .iter()
                .map(|&(count, w, r)| Holder {
                    count,
                    weight: Amount::from_minor(w),
                    room: Amount::from_minor(r),
                })
                .collect();
            let one_by_one: Vec<i64> =
                spread(Amount::from_minor(total), &list).iter().map(|share| share.amount.minor()).collect();
            check(total, &counted, &one_by_one);
            assert_eq!(one_by_one.iter().sum::<i64>(), total.min(3 * 60 + 5 * 31 + 2 * 9));
        }
    }
}
