//! Which promotions are looked at for a line: each stands under the words of its most telling facet, so what has nothing to do
//! with the goods of a basket costs it nothing.

use crate::promotion::{Benefit, Promotion};
use crate::rulebook::matcher::{Facet, Marks, Words};
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
    /// Sorts promotions in; `words` knows the words of all selectors.
    pub(super) fn of(words: &mut Words, promotions: &[Promotion]) -> Self {
        let mut postings = Postings::default();
        for (place, promotion) in (0..).zip(promotions) {
            let window = promotion.when.window;
            let posting = Posting { from: window.from, until: window.until, promotion: place };
            match telling(words, promotion) {
                Some((facet, numbers)) => {
                    numbers.into_iter().for_each(|number| postings.add(facet, number, posting));
                }
                None => postings.anything.push(posting),
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

/// The facet that tells most of a promotion's goods, with its words; nothing where it asks for no word. Of a set the slot that tells
/// most is enough: without its goods there is none.
fn telling(words: &mut Words, promotion: &Promotion) -> Option<(Facet, Vec<u32>)> {
    let slots = match &promotion.benefit {
        Benefit::Set(set) => set.slots.as_slice(),
        Benefit::Gift(gift) => gift.slots.as_slice(),
        Benefit::Prices(list) if promotion.on.facets.skus.is_empty() => {
            let numbers = list.prices.keys().map(|sku| words.sku(sku)).collect();
            return Some((Facet::Sku, numbers));
        }
        _ => &[],
    };
    let facets = slots.iter().map(|slot| &slot.on.facets).chain([&promotion.on.facets]);
    facets.filter_map(|facets| words.telling(facets)).min_by_key(|(facet, numbers)| (*facet, numbers.len()))
}
