//! How an amount is shared: the checker's own arithmetic.

use std::cmp::Reverse;

use crate::money::Amount;

/// A unit that shares an amount.
#[derive(Debug, Clone, Copy)]
pub(super) struct Sharer {
    /// Of two lines the earlier has the smaller place.
    pub(super) line: usize,
    /// The shares are in proportion to this.
    pub(super) weight: Amount,
    /// No share is larger.
    pub(super) room: Amount,
    /// What the quote says that it got.
    pub(super) quoted: Amount,
}

/// Which of two units of one line gets a spare unit of money on a tie: the definition tells lines apart, not units.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Tie {
    /// The one that comes first in the quote.
    First,
    /// The one that has it in the quote.
    Quoted,
}

/// The shares as the quote has them, where units of one line that are equal to the definition explain the difference.
pub(super) fn shares_as_quoted(amount: Amount, sharers: &[Sharer]) -> Vec<Amount> {
    let first = shares(amount, sharers, Tie::First);
    let is_quoted = |shares: &Vec<Amount>| shares.iter().eq(sharers.iter().map(|sharer| &sharer.quoted));
    if is_quoted(&first) {
        return first;
    }
    Some(shares(amount, sharers, Tie::Quoted)).filter(is_quoted).unwrap_or(first)
}

/// Shares an amount over single units: integer parts first, one more each by largest remainder, the earlier line on a tie;
/// what a unit has no room for goes round again.
pub(super) fn shares(amount: Amount, sharers: &[Sharer], tie: Tie) -> Vec<Amount> {
    let mut shares = vec![0_i64; sharers.len()];
    let rooms_left: i64 = sharers.iter().map(|sharer| sharer.room.minor()).sum();
    let mut left = amount.minor().min(rooms_left);
    loop {
        let open: Vec<(usize, Sharer, i64)> = sharers
            .iter()
            .zip(&shares)
            .enumerate()
            .filter(|(_, (sharer, share))| sharer.weight.minor() > 0 && sharer.room.minor() > **share)
            .map(|(at, (sharer, share))| (at, *sharer, *share))
            .collect();
        let whole: i128 = open.iter().map(|(_, sharer, _)| i128::from(sharer.weight.minor())).sum();
        if left == 0 || whole == 0 {
            return shares.into_iter().map(Amount::from_minor).collect();
        }
        let parts = open.into_iter().map(|(at, sharer, share)| {
            let exact = i128::from(left) * i128::from(sharer.weight.minor());
            let part = i64::try_from(exact / whole).unwrap_or(i64::MAX);
            let owed = if tie == Tie::Quoted { sharer.quoted.minor() - share - part } else { 0 };
            (at, part, sharer.room.minor() - share, (Reverse(exact % whole), sharer.line, Reverse(owed), at))
        });
        let mut parts: Vec<_> = parts.collect();
        let mut spare = left - parts.iter().map(|&(_, part, ..)| part).sum::<i64>();
        parts.sort_by_key(|&(.., turn)| turn);
        for (at, part, room, _) in parts {
            let one = i64::from(spare > 0);
            spare -= one;
            let given = (part + one).min(room);
            left -= given;
            if let Some(share) = shares.get_mut(at) {
                *share += given;
            }
        }
    }
}

/// The whole part of the share that a unit of `weight` has in `amount`, when all of `weights` share it.
pub(super) fn whole_share(amount: Amount, weight: Amount, weights: Amount) -> Amount {
    let [amount, weight, weights] = [amount, weight, weights].map(|one| i128::from(one.minor()));
    let share = (amount * weight).checked_div(weights).unwrap_or_default();
    Amount::from_minor(i64::try_from(share).unwrap_or(i64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `(line, weight, room, quoted)`.
    fn shared(amount: i64, sharers: &[(usize, i64, i64, i64)], tie: Tie) -> Vec<i64> {
        let sharers: Vec<Sharer> = sharers
            .iter()
            .map(|&(line, weight, room, quoted)| Sharer {
                line,
                weight: Amount::from_minor(weight),
                room: Amount::from_minor(room),
                quoted: Amount::from_minor(quoted),
            })
            .collect();
        shares(Amount::from_minor(amount), &sharers, tie).into_iter().map(Amount::minor).collect()
    }

    #[test]
    fn what_one_has_no_room_for_goes_round_again() {
        assert_eq!(shared(10, &[(0, 1, 9, 0), (1, 1, 9, 0), (2, 1, 9, 0)], Tie::First), [4, 3, 3]);
        assert_eq!(shared(10, &[(0, 1, 2, 0), (1, 1, 9, 0), (2, 1, 9, 0)], Tie::First), [2, 4, 4]);
        assert_eq!(shared(10, &[(0, 1, 2, 0), (1, 1, 2, 0), (2, 0, 9, 0)], Tie::First), [2, 2, 0]);
    }

    #[test]
    fn the_quote_decides_between_the_units_of_a_line_and_not_between_lines() {
        let units = [(0, 1, 9, 3), (0, 1, 9, 4), (1, 1, 9, 4)];
        assert_eq!(shared(10, &units, Tie::First), [4, 3, 3]);
        assert_eq!(shared(10, &units, Tie::Quoted), [3, 4, 3]);
        // Here the quote gives the later line what is the earlier one's.
        let as_quoted = |quoted: [i64; 3]| {
            let sharer = |(line, quoted)| Sharer {
                line,
                weight: Amount::from_minor(1),
                room: Amount::from_minor(9),
                quoted: Amount::from_minor(quoted),
            };
            let sharers: Vec<Sharer> = [0, 0, 1].into_iter().zip(quoted).map(sharer).collect();
            let shares = shares_as_quoted(Amount::from_minor(10), &sharers);
            shares.into_iter().map(Amount::minor).collect::<Vec<_>>()
        };
        assert_eq!(as_quoted([4, 3, 3]), [4, 3, 3]);
        assert_eq!(as_quoted([3, 4, 3]), [3, 4, 3]);
        assert_eq!(as_quoted([3, 3, 4]), [4, 3, 3]);
    }
}
