//! What benches measure on: the sample chain as it grows from 50 live promotions to 10,000, and baskets from 1 line to 200.
//!
//! A bench takes it in with `mod chain;`. Everything here is the same on every run and machine: fixed seeds, no clock.
//!
//! # The mix
//!
//! The first promotions are those of `rules/` (for 50 a part of them), all running in one season from the middle of
//! November 2026 to the middle of December. After them come invented ones, the later the narrower: no chain has 3,000
//! promotions on everything.
//!
//! | of a hundred promotions | to the 300th | to the 1,000th | to the 3,000th | after it |
//! | --- | --- | --- | --- | --- |
//! | goods: a brand | 32 | 14 | 5 | 2 |
//! | a shelf of a brand | 34 | 40 | 32 | 26 |
//! | a tag or a price range of a brand | 16 | 11 | 6 | 3 |
//! | a shelf of all brands | 6 | 1 | | |
//! | a list of SKUs, one SKU | 12 | 34 | 57 | 69 |
//! | gives: a percentage | 36 | 35 | 37 | 37 |
//! | an amount off each, a fixed price, a price list | 21 | 27 | 36 | 44 |
//! | a set: 3 for 2, second at −50 %, a pair | 15 | 14 | 11 | 8 |
//! | tiers by quantity | 8 | 8 | 5 | 4 |
//! | for a sum to reach | 8 | 7 | 5 | 3 |
//! | a gift, points, delivery | 12 | 9 | 6 | 4 |
//! | asks: nothing but its window | 52 | 30 | 14 | 7 |
//! | a store, a town, a region | 10 | 20 | 31 | 39 |
//! | a channel, weekdays, hours | 19 | 14 | 9 | 4 |
//! | a mailing, a segment, a tier, a birthday | 11 | 21 | 22 | 22 |
//! | a code | 4 | 10 | 19 | 25 |
//! | a bank or another way to pay | 4 | 5 | 5 | 3 |
//!
//! Four of five have both ends of a window. A fifth goes on with `loyalty`, some of them with `bank-cards` too; six in ten of the
//! banks' and half of the tiers' come on top of what lets them. For 60 promotions there is one more cap.
//!
//! What of it meets a basket of 10 lines, on average over the 200:
//!
//! | promotions | price promotions that a line may carry | promotions that the basket meets |
//! | --- | --- | --- |
//! | 50 | 2.2 | 7 |
//! | 300 | 7.8 | 22 |
//! | 1,000 | 8.2 | 26 |
//! | 3,000 | 8.7 | 30 |
//! | 10,000 | 9.5 | 37 |
//!
//! (Their conditions hold and they touch goods of the basket. One line alone meets 10 of 300; 200 lines meet 79 of 300, 192 of 3,000
//! and 302 of 10,000.)

use std::error::Error;

use pricewright::basket::Request;
use pricewright::lang::Lang;
use pricewright::rulebook::{Rulebook, Severity, Source, compile};

mod dice;
mod sample;
mod mix;
mod baskets;
mod unrelated;
mod hard;
mod goods;

pub(crate) use hard::Hard;

pub(crate) type Outcome<T> = Result<T, Box<dyn Error>>;

/// How many promotions are live: from a small chain to a very large one.
pub(crate) const PROMOTIONS: [usize; 5] = [50, 300, 1_000, 3_000, 10_000];
/// How many lines a basket has: most have 1 to 10, a salon's order 200.
pub(crate) const LINES: [usize; 6] = [1, 5, 10, 20, 50, 200];

const MIX_SEED: u64 = 20_261_115;
/// A chain with 50 promotions has these many of the sample's; the rest are its own, as in the longer lists.
const BASE_OF_FEW: usize = 40;
/// Promotions of one rule file: departments keep files that a person can read.
const FILE_PROMOTIONS: usize = 250;
/// One contract more for so many promotions.
const PROMOTIONS_A_CAP: usize = 60;

/// One entry of a rule file.
struct Block {
    id: String,
    /// Lines of YAML, with the `  - id:` that begins them.
    text: String,
}

/// The rules folder of a chain with `count` live promotions in the natural mix.
pub(crate) fn promotions(count: usize) -> Outcome<Vec<Source>> {
    mixed(sample::tables()?, count, |_| true)
}

/// The same mix without what a plain evaluator cannot do: sets, tiers by quantity, sums to reach, amounts off the basket,
/// limits, gifts, points, levels.
pub(crate) fn item_only(count: usize) -> Outcome<Vec<Source>> {
    mixed(sample::tables()?, count, is_of_items)
}

/// `count` promotions more, of which none has to do with any of the baskets: to be added to a folder of [`promotions`].
pub(crate) fn unrelated(count: usize) -> Outcome<Vec<Source>> {
    let tables = sample::tables()?;
    let chain = mix::Chain::of(&rulebook(&tables)?)?;
    let (blocks, more) = unrelated::promotions(&chain, count)?;
    Ok(filed("unrelated", &blocks).chain(more).collect())
}

/// Baskets of so many lines, 200 of them.
pub(crate) fn baskets(lines: usize) -> Outcome<Vec<Request>> {
    baskets::of(lines)
}

/// Baskets of 30 units in Black Friday week, where sets, tiers by quantity and sums want the same goods.
pub(crate) fn hard() -> Outcome<Vec<Hard>> {
    hard::all()
}

/// `count` promotions of the natural mix over a catalog of `goods` products.
pub(crate) fn over_goods(goods: usize, count: usize) -> Outcome<Vec<Source>> {
    let mut tables = sample::tables()?;
    for table in tables.iter_mut().filter(|table| table.path == "catalog.csv") {
        table.bytes = goods::grown(&table.bytes, goods)?;
    }
    mixed(tables, count, |_| true)
}

/// The rulebook of sources that are free of errors.
pub(crate) fn rulebook(sources: &[Source]) -> Outcome<Rulebook> {
    let compiled = compile(sources);
    let mut errors = compiled.diagnostics.iter().filter(|found| found.severity == Severity::Error);
    match (compiled.rulebook, errors.next()) {
        (Some(rulebook), None) => Ok(rulebook),
        (_, error) => Err(error.map(|found| found.render(Lang::En, false)).unwrap_or_default().into()),
    }
}

fn mixed(tables: Vec<Source>, count: usize, is_wanted: impl Fn(&Block) -> bool) -> Outcome<Vec<Source>> {
    let chain = mix::Chain::of(&rulebook(&tables)?)?;
    let mut mix = mix::Mix::new(&chain, MIX_SEED, "mix");
    let mut blocks: Vec<Block> = base(count)?.into_iter().filter(&is_wanted).collect();
    while blocks.len() < count {
        blocks.extend(Some(mix.next()?).filter(&is_wanted));
    }
    let mut caps = sample::caps()?;
    for number in 1..=count / PROMOTIONS_A_CAP {
        caps.push(mix.cap(number)?);
    }
    let caps = file("caps.yaml", "caps", &caps);
    let lists = mix.tables;
    Ok(tables.into_iter().chain(filed("promotions", &blocks)).chain([caps]).chain(lists).collect())
}

/// The sample's promotions; of a short list a part that has something of every file.
fn base(count: usize) -> Outcome<Vec<Block>> {
    let all = sample::promotions()?;
    if count > all.len() {
        return Ok(all);
    }
    let (kept, of) = (BASE_OF_FEW, all.len());
    let is_kept = |place: usize| (place + 1) * kept / of > place * kept / of;
    Ok(all.into_iter().enumerate().filter(|(place, _)| is_kept(*place)).map(|(_, block)| block).collect())
}

/// What the mix writes is read by its words, before anything is compiled.
fn is_of_items(block: &Block) -> bool {
    let cannot = [
        "buy:",
        "by_quantity",
        "spend",
        "basket_amount",
        "limits:",
        "max_discount",
        "gift:",
        "points",
        "level:",
    ];
    !cannot.iter().any(|word| block.text.contains(word))
}

fn filed<'a>(name: &'a str, blocks: &'a [Block]) -> impl Iterator<Item = Source> + 'a {
    let chunks = blocks.chunks(FILE_PROMOTIONS).zip(1..);
    chunks.map(move |(chunk, number)| file(&format!("{name}-{number:02}.yaml"), "promotions", chunk))
}

fn file(path: &str, heading: &str, blocks: &[Block]) -> Source {
    let entries: String = blocks.iter().map(|block| block.text.as_str()).collect();
    Source { path: path.to_owned(), bytes: format!("{heading}:\n{entries}").into_bytes() }
}
