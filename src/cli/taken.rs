//! What promotions took off a line, in the order in which a person would do it.

use crate::server::wire::QuotedLine;

/// What each promotion took off a line in all and what was held back of it.
pub(super) fn taken_off(line: &QuotedLine) -> Vec<(&str, i64, i64)> {
    let mut taken: Vec<(&str, i64, i64)> = Vec::new();
    for group in &line.groups {
        for discount in &group.discounts {
            let all = |one: i64| one.saturating_mul(i64::from(group.quantity));
            let (amount, held) = (all(discount.amount), all(discount.held_amount));
            match taken.iter_mut().find(|(id, ..)| *id == discount.promotion_id) {
                Some((_, sum, back)) => {
                    (*sum, *back) = (sum.saturating_add(amount), back.saturating_add(held));
                }
                None => taken.push((&discount.promotion_id, amount, held)),
            }
        }
    }
    taken.retain(|&(_, amount, held)| (amount, held) != (0, 0));
    taken
}

/// Puts promotions in the order of effect, of which each group shows a part: what stands behind another in some group comes later.
pub(super) fn in_order<'q>(
    line: &QuotedLine,
    mut open: Vec<(&'q str, i64, i64)>,
) -> Vec<(&'q str, i64, i64)> {
    let mut ordered = Vec::with_capacity(open.len());
    while !open.is_empty() {
        let is_open = |id: &str| open.iter().any(|(one, ..)| *one == id);
        let comes_later = |id: &str| {
            line.groups.iter().any(|group| {
                let mut ids = group.discounts.iter().map(|discount| discount.promotion_id.as_str());
                ids.clone().any(|one| one == id)
                    && ids.find(|one| is_open(one)).is_some_and(|first| first != id)
            })
        };
        let next = open.iter().position(|(id, ..)| !comes_later(id)).unwrap_or_default();
        ordered.push(open.remove(next));
    }
    ordered
}
