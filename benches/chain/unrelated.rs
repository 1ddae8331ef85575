//! Promotions of the natural mix that have nothing to do with any basket, each for one reason.

use std::collections::BTreeSet;

use pricewright::rulebook::Source;

use super::dice::Dice;
use super::goods::LINES;
use super::mix::{Chain, Good, Mix, PARTNERS, partner_code};
use super::sample::{self, MAILINGS, UNREAD_MAILINGS, mailing};
use super::{Block, Outcome};

const SEED: u64 = 9_000;
/// What is added to hundreds of promotions is as narrow as the mix is after them.
const PLACE: usize = 900;

#[derive(Clone, Copy)]
enum Because {
    OtherBrand,
    OtherSku,
    OtherStore,
    Ended,
    NotBegun,
    OtherCode,
    OtherMailing,
    OtherBank,
    OtherTier,
}

/// A third is about goods that are not in the baskets, a fifth is over or yet to come, the rest waits for somebody else.
const BECAUSE: [(u64, Because); 9] = [
    (16, Because::OtherBrand),
    (20, Because::OtherSku),
    (20, Because::OtherStore),
    (13, Because::Ended),
    (8, Because::NotBegun),
    (14, Because::OtherCode),
    (5, Because::OtherMailing),
    (3, Because::OtherBank),
    (1, Because::OtherTier),
];

pub(super) fn promotions(chain: &Chain, count: usize) -> Outcome<(Vec<Block>, Vec<Source>)> {
    let mut reasons = Dice::new(SEED);
    let bought = Bought::read()?;
    let (sister, unsold) = (sister(chain), bought.unsold(chain));
    let quiet = bought.quiet_stores(chain);
    let mut own = Mix::new(chain, SEED + 1, "elsewhere").at(PLACE);
    let mut others = Mix::new(&sister, SEED + 2, "sister").at(PLACE);
    let mut left = Mix::new(&unsold, SEED + 3, "unsold").at(PLACE).by_sku();
    let mut blocks = Vec::new();
    for _ in 0..count {
        blocks.push(match reasons.weighted(&BECAUSE)? {
            Because::OtherBrand => others.next()?,
            Because::OtherSku => left.next()?,
            because => {
                let when = when(because, &mut own, &quiet, &mut reasons)?;
                own.next_when(&when)?
            }
        });
    }
    Ok((blocks, [own.tables, others.tables, left.tables].concat()))
}

fn when(because: Because, mix: &mut Mix<'_>, quiet: &[String], dice: &mut Dice) -> Outcome<String> {
    let asks = match because {
        Because::Ended => {
            let (month, day) = (dice.between(3, 10), dice.between(1, 14));
            return Ok(format!("from: 2026-{month:02}-{day:02}, until: 2026-{month:02}-{}", day + 14));
        }
        Because::NotBegun => {
            let day = dice.between(2, 28);
            return Ok(format!("from: 2027-01-{day:02}, until: 2027-02-{day:02}"));
        }
        Because::OtherStore => format!("stores: [{}]", dice.pick(quiet)?),
        Because::OtherCode => format!("code: {}", partner_code(dice.between(PARTNERS, 10 * PARTNERS))),
        Because::OtherMailing => {
            format!("segments: [{}]", mailing(dice.between(MAILINGS + 1, MAILINGS + UNREAD_MAILINGS)))
        }
        Because::OtherBank => "payment: [otp]".to_owned(),
        Because::OtherTier => "tiers: [diamond]".to_owned(),
        Because::OtherBrand | Because::OtherSku => String::new(),
    };
    let window = mix.window();
    Ok([window, asks].into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(", "))
}

/// The goods of a sister chain that is ruled from the same folder: brands that this one does not have.
fn sister(chain: &Chain) -> Chain {
    let renamed = |good: &Good, line: &str| Good {
        sku: format!("{}-{}", good.sku, line.to_uppercase()),
        brand: format!("{} {line}", good.brand),
        ..good.clone()
    };
    let brands = chain.brands.iter().zip(LINES.iter().cycle());
    Chain {
        brands: brands.map(|(brand, line)| brand.iter().map(|good| renamed(good, line)).collect()).collect(),
        stores: chain.stores.clone(),
        cities: chain.cities.clone(),
    }
}

/// What the baskets of the sample are about.
struct Bought {
    skus: BTreeSet<String>,
    stores: BTreeSet<String>,
}

impl Bought {
    fn read() -> Outcome<Self> {
        let requests = sample::requests()?;
        let lines = requests.iter().flat_map(|request| &request.basket.lines);
        Ok(Bought {
            skus: lines.map(|line| line.sku.clone()).collect(),
            stores: requests.iter().filter_map(|request| request.context.store.clone()).collect(),
        })
    }

    /// Goods that no basket has; a brand of which only one is left makes no sets.
    fn unsold(&self, chain: &Chain) -> Chain {
        let left = |brand: &Vec<Good>| -> Vec<Good> {
            brand.iter().filter(|good| !self.skus.contains(&good.sku)).cloned().collect()
        };
        Chain {
            brands: chain.brands.iter().map(left).filter(|brand| brand.len() > 1).collect(),
            stores: chain.stores.clone(),
            cities: chain.cities.clone(),
        }
    }

    /// Stores in which no basket was bought.
    fn quiet_stores(&self, chain: &Chain) -> Vec<String> {
        chain.stores.iter().filter(|store| !self.stores.contains(*store)).cloned().collect()
    }
}
