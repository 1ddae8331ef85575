//! Channels and stores as bits: most promotions that are not for a purchase are told by these two.

use rustc_hash::FxHashMap;

use crate::promotion::Promotion;

/// Words beyond this many have no bit of their own: who asks for one of them is let through, and looked at more closely.
const WORDS_MAX: usize = 1_024;
/// Bits of a word.
const BITS: usize = 64;

/// Words of one kind, numbered as they were met.
#[derive(Debug, Clone, Default)]
struct Numbers(FxHashMap<String, usize>);

impl Numbers {
    fn of(&mut self, word: &str) -> Option<usize> {
        if let Some(&number) = self.0.get(word) {
            return Some(number);
        }
        let next = self.0.len();
        (next < WORDS_MAX).then(|| *self.0.entry(word.to_owned()).or_insert(next))
    }
}

/// Words that open a gate, as bits; nothing opens it for all.
type Bits = Option<Box<[u64]>>;

/// The gates of the promotions of a rulebook.
#[derive(Debug, Clone, Default)]
pub(super) struct Gates {
    channels: Numbers,
    stores: Numbers,
    /// One a promotion: channels, stores.
    list: Vec<(Bits, Bits)>,
}

/// What a purchase opens gates with.
#[derive(Debug, Clone, Copy)]
pub struct Pass {
    channel: Option<usize>,
    store: Option<usize>,
}

impl Gates {
    pub(super) fn of(promotions: &[Promotion]) -> Self {
        let mut gates = Gates::default();
        for promotion in promotions {
            let channels = bits(&mut gates.channels, &promotion.when.channels);
            let stores = bits(&mut gates.stores, &promotion.when.stores);
            gates.list.push((channels, stores));
        }
        gates
    }

    /// What a channel and a store, folded, open.
    pub(super) fn pass(&self, channel: Option<&str>, store: Option<&str>) -> Pass {
        let number =
            |numbers: &Numbers, word: Option<&str>| word.and_then(|word| numbers.0.get(word)).copied();
        Pass { channel: number(&self.channels, channel), store: number(&self.stores, store) }
    }

    /// Whether a promotion is open to a channel and a store.
    pub(super) fn is_open(&self, promotion: usize, pass: &Pass) -> bool {
        self.list
            .get(promotion)
            .is_none_or(|(channels, stores)| opens(channels, pass.channel) && opens(stores, pass.store))
    }
}

fn bits(numbers: &mut Numbers, words: &[String]) -> Bits {
    if words.is_empty() {
        return None;
    }
    let mut bits = Vec::new();
    for word in words {
        // One word too many: all may pass, and `when` is asked.
        let number = numbers.of(word)?;
        if bits.len() <= number / BITS {
            bits.resize(number / BITS + 1, 0);
        }
        if let Some(word) = bits.get_mut(number / BITS) {
            *word |= 1 << (number % BITS);
        }
    }
    Some(bits.into_boxed_slice())
}

fn opens(bits: &Bits, number: Option<usize>) -> bool {
    let Some(bits) = bits else {
        return true;
    };
    number.is_some_and(|number| bits.get(number / BITS).is_some_and(|word| word >> (number % BITS) & 1 == 1))
}
