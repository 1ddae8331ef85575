//! Which promotions are looked at for a line: each stands under the words of its most telling facet, so what has nothing to do
//! with the goods of a basket costs it nothing.

use crate::promotion::{Benefit, PriceList, Promotion};
use crate::rulebook::matcher::{Facet, Marks, Matcher, PromotionMatchers, Words};
use crate::time::Instant;

/// A promotion under a word.
#[derive(Debug, Clone, Copy)]
struct Posting {
    from: Option<Instant>,
    until: Option<Instant>,
    promotion: u32,
}

/// The promotions of a rulebook by the words of their goods.
#[derive(Debug, Clone, Default)]
pub(super) struct Postings {
    // INVARIANT: each list by the end of its promotions, the latest first: those that are over stand behind all others.
    by_word: [Vec<Vec<Posting>>; 4],
    /// Those that ask for no word.
    anything: Vec<Posting>,
}

impl Postings {
    /// Sorts promotions in; `words` knows the words of their `matchers`, one a promotion.
    pub(super) fn of(words: &mut Words, promotions: &[Promotion], matchers: &[PromotionMatchers]) -> Self {
        let mut postings = Postings::default();
        for ((place, promotion), matchers) in (0..).zip(promotions).zip(matchers) {
            let window = promotion.when.window;
            let posting = Posting { from: window.from, until: window.until, promotion: place };
            match (listed(promotion), telling(matchers)) {
                (Some(list), _) => {
                    list.prices.keys().for_each(|sku| postings.add(Facet::Sku, words.sku(sku), posting));
                }
                (None, Some((facet, numbers))) => {
                    numbers.iter().for_each(|&number| postings.add(facet, number, posting));
                }
                (None, None) => postings.anything.push(posting),
            }
        }
        let lists = postings.by_word.iter_mut().flatten().chain([&mut postings.anything]);
        for list in lists {
            list.sort_by_key(|posting| (posting.until.is_some(), std::cmp::Reverse(posting.until)));
            list.shrink_to_fit();
        }
        postings
    }

    fn add(&mut self, facet: Facet, number: u32, posting: Posting) {
        let (Some(lists), Ok(number)) = (self.by_word.get_mut(facet.place()), usize::try_from(number)) else {
            return;
        };
        if lists.len() <= number {
            lists.resize_with(number + 1, Vec::new);
        }
        if let Some(list) = lists.get_mut(number) {
            list.push(posting);
        }
    }

    /// The promotions that run at `now` and may be about goods with these marks; one may come twice.
    pub(super) fn running(&self, marks: &Marks, now: Instant, mut each: impl FnMut(u32)) {
        for facet in Facet::ALL {
            let Some(lists) = self.by_word.get(facet.place()).filter(|lists| !lists.is_empty()) else {
                continue;
            };
            for &number in marks.of(facet) {
                let list = usize::try_from(number).ok().and_then(|number| lists.get(number));
                running(list.map(Vec::as_slice).unwrap_or_default(), now, &mut each);
            }
        }
    }

    /// The promotions that run at `now` and ask for no word.
    pub(super) fn always(&self, now: Instant, mut each: impl FnMut(u32)) {
        running(&self.anything, now, &mut each);
    }
}

fn running(list: &[Posting], now: Instant, each: &mut impl FnMut(u32)) {
    let is_over = |posting: &&Posting| posting.until.is_none_or(|until| now < until);
    for posting in list.iter().take_while(is_over) {
        if posting.from.is_none_or(|from| from <= now) {
            each(posting.promotion);
        }
    }
}

/// The price list whose goods are those of the promotion, where it names none itself.
fn listed(promotion: &Promotion) -> Option<&PriceList> {
    match &promotion.benefit {
        Benefit::Prices(list) if promotion.on.facets.skus.is_empty() => Some(list),
        _ => None,
    }
}

/// The facet that tells most of a promotion's goods, with its words; nothing where it asks for no word. Of a set the slot that tells
/// most is enough: without its goods there is none.
fn telling(matchers: &PromotionMatchers) -> Option<(Facet, &[u32])> {
    let all = matchers.slots.iter().chain([&matchers.on]);
    all.filter_map(Matcher::telling).min_by_key(|(facet, numbers)| (*facet, numbers.len()))
}
