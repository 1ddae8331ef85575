//! What is near, as a cashier would tell it.

use super::words::{Words, called};
use crate::promotion::{Benefit, Count};
use crate::rulebook::slots_of;
use crate::server::wire::{Goods, Hint};

/// What a quote gives without the hint.
#[derive(Debug, Clone, Copy)]
pub struct Now {
    /// Whether the hint's promotion already gives something.
    pub applies: bool,
    /// Whether something is saved already.
    pub saves: bool,
}

/// A hint as a sentence without a full stop.
#[must_use]
pub fn say(words: &Words<'_>, hint: &Hint, now: Now) -> String {
    if !hint.line_id.is_empty() {
        return choice(words, hint);
    }
    let promotion = words.find(&hint.promotion_id);
    let benefit = promotion.map(|promotion| &promotion.benefit);
    let slot = hint.slot.and_then(|slot| usize::try_from(slot).ok());
    let slot = promotion.zip(slot).and_then(|(promotion, slot)| slots_of(promotion).get(slot));
    let is_same_sku = matches!(benefit, Some(Benefit::Quantity { count: Count::SameSku, .. }))
        || slot.is_some_and(|slot| slot.same_sku);
    format!("{}{}", missing(words, hint, is_same_sku), gained(words, hint, benefit, now))
}

/// A gift that the customer only has to choose: the goods lie in the basket.
fn choice(words: &Words<'_>, hint: &Hint) -> String {
    let goods = hint.product.as_ref().map(called).unwrap_or_default();
    let (promotion, gain) = (words.promotion(&hint.promotion_id), words.money(hint.gain));
    words.lang.pick(
        format!("{goods} from the basket can be the gift of {promotion}: choose it and you pay {gain} less"),
        format!("{goods} з кошика може стати подарунком за акцією {promotion}: виберіть — і заплатите на {gain} менше"),
    )
}

fn missing(words: &Words<'_>, hint: &Hint, is_same_sku: bool) -> String {
    let of = match &hint.product {
        Some(tried) if is_same_sku => format!(" ({})", called(tried)),
        _ => goods(words, hint),
    };
    let pieces = hint.missing_quantity;
    if pieces == 0 {
        let sum = words.money(hint.missing_amount);
        return words
            .lang
            .pick(format!("Add goods{of} for {sum}"), format!("Додайте товарів{of} ще на {sum}"));
    }
    let more = if is_same_sku {
        words.counted(
            pieces,
            ["more of the same", "more of the same"],
            ["така сама штука", "такі самі штуки", "таких самих штук"],
        )
    } else {
        words.counted(pieces, ["more piece", "more pieces"], ["штука", "штуки", "штук"])
    };
    words.lang.pick(format!("{more}{of}"), format!("Ще {more}{of}"))
}

/// What it brings: so much less than the basket as it is and what is added, each at its price.
fn gained(words: &Words<'_>, hint: &Hint, benefit: Option<&Benefit>, now: Now) -> String {
    let promotion = words.promotion(&hint.promotion_id);
    let (english, ukrainian) = match (benefit, now.applies) {
        (Some(Benefit::Gift(gift)), applies) => {
            let only = if let [sku] = gift.skus.as_slice() { Some(words.product(sku)) } else { None };
            let what = only.map(|only| format!(" ({only})")).unwrap_or_default();
            let (another, more) = if applies { ("another", "ще один ") } else { ("the", "") };
            (
                format!("{another} gift of {promotion}{what} is yours"),
                format!("{more}подарунок{what} ваш: {promotion}"),
            )
        }
        (Some(Benefit::Points(_)), false) => {
            (format!("you earn points with {promotion}"), format!("отримаєте бали: {promotion}"))
        }
        (Some(Benefit::Points(_)), true) => {
            (format!("you earn more points with {promotion}"), format!("отримаєте більше балів: {promotion}"))
        }
        _ => {
            let gain = words.money(hint.gain);
            // It comes on top of what is saved already, also where this promotion takes the place of another.
            let (mut gain, mut more) = if now.saves {
                (format!("{gain} more"), format!("ще {gain}"))
            } else {
                (gain.clone(), gain)
            };
            if hint.missing_quantity == 0 {
                // The goods themselves may be reduced as well: which they are is not known.
                gain.insert_str(0, "at least ");
                more.insert_str(0, "щонайменше ");
            }
            (format!("you save {gain} with {promotion}"), format!("заощадите {more} за акцією {promotion}"))
        }
    };
    words.lang.pick(format!(" and {english}"), format!(" — і {ukrainian}"))
}

/// Of which goods: those with which it was tried where no others are named, else they are an example.
fn goods(words: &Words<'_>, hint: &Hint) -> String {
    let tried = hint.product.as_ref().map(called);
    let such_as = |tried: &str| words.lang.pick(format!("such as {tried}"), format!("наприклад, {tried}"));
    match (&hint.goods, tried) {
        (None, None) => String::new(),
        (None, Some(tried)) => format!(" ({})", such_as(tried)),
        (Some(goods), None) => format!(" ({})", words.goods(goods)),
        (Some(goods), Some(tried)) if names_products(goods) => match goods.products.len() {
            1 if goods.more == 0 => format!(" ({tried})"),
            _ => format!(" ({})", such_as(tried)),
        },
        (Some(goods), Some(tried)) => format!(" ({}, {})", words.goods(goods), such_as(tried)),
    }
}

fn names_products(goods: &Goods) -> bool {
    goods.brands.is_empty()
        && goods.categories.is_empty()
        && goods.tags.is_empty()
        && !goods.products.is_empty()
}
