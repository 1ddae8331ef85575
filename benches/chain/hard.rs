//! Baskets of Black Friday week: sets, tiers by quantity and sums over the same goods.
//!
//! Milder than `examples/hard_instances.rs`, which looks for the worst: these are campaigns that a chain of perfumery runs side
//! by side, and a customer who has read the leaflet.

use pricewright::basket::{Basket, Context, Customer, Line, Request};
use pricewright::catalog::Product;
use pricewright::rulebook::{Rulebook, Source};
use pricewright::time::Instant;

use super::dice::Dice;
use super::{Outcome, rulebook, sample};

/// A campaign with the baskets of those who came for it.
pub(crate) struct Hard {
    pub(crate) name: &'static str,
    pub(crate) sources: Vec<Source>,
    pub(crate) baskets: Vec<Request>,
}

const UNITS: u32 = 30;
const BASKETS: u64 = 20;

/// A campaign's rules and the brands and shelves that its customers take from; a path ends where the shelf does.
struct Campaign {
    name: &'static str,
    rules: &'static str,
    brands: &'static [&'static str],
    shelves: &'static [&'static str],
}

const CAMPAIGNS: [Campaign; 3] = [
    Campaign {
        name: "shelves",
        rules: SHELVES,
        brands: &[],
        shelves: &["face/", "make-up/", "hair/", "fragrance/women"],
    },
    Campaign {
        name: "houses",
        rules: HOUSES,
        brands: &["Pélagarde", "Silvadrine", "Kolorivka", "Silkroot", "Figmilk", "Velmorane"],
        shelves: &[""],
    },
    Campaign {
        name: "cards and codes",
        rules: CARDS,
        brands: &[],
        shelves: &["face/", "body/", "home/", "hair/"],
    },
];

const SHELVES: &str = r#"promotions:
  - {id: face-3-for-2, buy: [{on: {categories: [face]}, quantity: 3}], give: {cheapest: {percent: 100}}}
  - {id: creams-second-50, buy: [{on: {categories: [face/cream, face/eye-care]}, quantity: 2}], give: {cheapest: {percent: 50}}}
  - {id: face-the-more, on: {categories: [face]}, give: {by_quantity: [{from: 2, percent: 10}, {from: 4, percent: 20}]}, stacks_with: [loyalty]}
  - {id: face-12-from-2500, on: {categories: [face]}, spend: {at_least: 2500}, give: {percent: 12}, stacks_with: [loyalty]}
  - {id: make-up-3-for-2, buy: [{on: {categories: [make-up]}, quantity: 3}], give: {cheapest: {percent: 100}}}
  - {id: lips-second-50, buy: [{on: {categories: [make-up/lips]}, quantity: 2}], give: {cheapest: {percent: 50}}}
  - {id: make-up-the-more, on: {categories: [make-up]}, give: {by_quantity: [{from: 2, percent: 10}, {from: 3, percent: 15}]}}
  - {id: hair-pair, buy: [{on: {categories: [hair/shampoo]}}, {on: {categories: [hair/conditioner, hair/mask]}, percent: 40}], stacks_with: [loyalty]}
  - {id: hair-60-off, on: {categories: [hair], price: {at_least: 300}}, give: {amount: 60}}
  - {id: perfume-20, on: {categories: [fragrance]}, give: {percent: 20}}
  - {id: perfume-second-50, buy: [{on: {categories: [fragrance]}, quantity: 2}], give: {cheapest: {percent: 50}}}
  - {id: basket-by-spend, give: {by_spend: [{from: 2000, percent: 5}, {from: 4000, percent: 10}]}}
  - {id: basket-500-from-6000, spend: {at_least: 6000}, give: {basket_amount: 500}, stacks_with: [loyalty]}
  - {id: gold-5, group: loyalty, when: {tiers: [gold]}, give: {percent: 5}, stacks_with: all}
"#;

const HOUSES: &str = r#"promotions:
  - {id: pelagarde-3-for-2, buy: [{on: {brands: [Pélagarde]}, quantity: 3}], give: {cheapest: {percent: 100}}}
  - {id: pelagarde-the-more, on: {brands: [Pélagarde, Silvadrine]}, give: {by_quantity: [{from: 2, percent: 12}, {from: 3, percent: 18}]}}
  - {id: silvadrine-second-50, buy: [{on: {brands: [Silvadrine]}, quantity: 2}], give: {cheapest: {percent: 50}}}
  - {id: two-care-houses, buy: [{on: {brands: [Pélagarde]}}, {on: {brands: [Silvadrine]}, percent: 40}]}
  - {id: care-250-from-2000, on: {brands: [Pélagarde, Silvadrine]}, spend: {at_least: 2000}, give: {basket_amount: 250}, stacks_with: [loyalty]}
  - {id: kolorivka-3-for-2, buy: [{on: {brands: [Kolorivka]}, quantity: 3}], give: {cheapest: {percent: 100}}, stacks_with: [loyalty]}
  - {id: kolorivka-20, on: {brands: [Kolorivka], price: {at_least: 300}}, give: {percent: 20}}
  - {id: silkroot-the-more, on: {brands: [Silkroot]}, give: {by_quantity: [{from: 2, percent: 10}, {from: 4, percent: 20}]}, stacks_with: [loyalty]}
  - {id: silkroot-pair, buy: [{on: {brands: [Silkroot]}, quantity: 2}], give: {percent: 15}}
  - {id: figmilk-3-for-699, buy: [{on: {brands: [Figmilk], price: {at_least: 200}}, quantity: 3}], give: {price: 699}, limits: {sets: 2}}
  - {id: figmilk-15, on: {brands: [Figmilk]}, give: {percent: 15}, stacks_with: [loyalty]}
  - {id: velmorane-second-50, buy: [{on: {brands: [Velmorane]}, quantity: 2}], give: {cheapest: {percent: 50}}}
  - {id: velmorane-with-care, buy: [{on: {brands: [Velmorane]}, percent: 25}, {on: {brands: [Pélagarde, Figmilk]}}]}
  - {id: rest-10-from-3000, spend: {at_least: 3000}, give: {percent: 10}}
  - {id: gold-5, group: loyalty, when: {tiers: [gold]}, give: {percent: 5}, stacks_with: all}
"#;

const CARDS: &str = r#"promotions:
  - {id: code-25, when: {code: FRIDAY25}, give: {percent: 25, max_discount: 700}, stacks_with: [loyalty]}
  - {id: face-30, on: {categories: [face]}, give: {percent: 30, max_discount: 600}, stacks_with: [loyalty, bank-cards]}
  - {id: face-routine, buy: [{on: {categories: [face/cleanser]}}, {on: {categories: [face/serum, face/cream]}}], give: {percent: 22}}
  - {id: body-3-for-2, buy: [{on: {categories: [body]}, quantity: 3}], give: {cheapest: {percent: 100}}, stacks_with: [loyalty]}
  - {id: body-same-twice, on: {categories: [body]}, give: {by_quantity: [{from: 2, percent: 15}, {from: 4, percent: 25}], count: same_sku}}
  - {id: candle-and-soap, buy: [{on: {categories: [home/candle]}}, {on: {categories: [home/soap]}}], give: {amount: 120}, stacks_with: [loyalty, bank-cards]}
  - {id: home-every-1000, on: {categories: [home]}, spend: {at_least: 1000, every: true}, give: {basket_amount: 90}, stacks_with: [loyalty, bank-cards]}
  - {id: home-18, on: {categories: [home]}, give: {percent: 18}}
  - {id: hair-the-more, on: {categories: [hair]}, give: {by_quantity: [{from: 3, amount: 50}, {from: 5, amount: 80}]}, stacks_with: [loyalty]}
  - {id: hair-15-five, on: {categories: [hair]}, give: {percent: 20}, limits: {units: 5}}
  - {id: by-spend, give: {by_spend: [{from: 1500, basket_amount: 150}, {from: 3000, basket_amount: 400}, {from: 5000, basket_amount: 800}]}, stacks_with: [loyalty]}
  - {id: mono-3, group: bank-cards, when: {payment: [mono]}, stage: basket, give: {percent: 3}, stacks_with: all}
  - {id: gold-5, group: loyalty, when: {tiers: [gold]}, give: {percent: 5}, stacks_with: all}
caps:
  - {id: margin, on: {categories: [face]}, min_margin_percent: 5}
"#;

pub(super) fn all() -> Outcome<Vec<Hard>> {
    let tables = sample::tables()?;
    let rulebook = rulebook(&tables)?;
    let mut all = Vec::new();
    for (campaign, seed) in CAMPAIGNS.iter().zip(1..) {
        let rules = Source { path: "campaign.yaml".to_owned(), bytes: campaign.rules.into() };
        let sources = tables.iter().cloned().chain([rules]).collect();
        let goods = goods(&rulebook, campaign);
        let mut dice = Dice::new(seed);
        let baskets = (0..BASKETS).map(|number| basket(&goods, number, &mut dice));
        let baskets = baskets.collect::<Outcome<Vec<_>>>()?;
        all.push(Hard { name: campaign.name, sources, baskets });
    }
    Ok(all)
}

fn goods<'a>(rulebook: &'a Rulebook, campaign: &Campaign) -> Vec<&'a Product> {
    let is_of = |product: &&Product| {
        let path = product.categories.first().map(String::as_str).unwrap_or_default();
        let is_brand = campaign.brands.is_empty() || campaign.brands.contains(&&*product.brand);
        is_brand && campaign.shelves.iter().any(|shelf| path.starts_with(shelf))
    };
    rulebook.catalog().products().iter().filter(is_of).collect()
}

fn basket(goods: &[&Product], number: u64, dice: &mut Dice) -> Outcome<Request> {
    let mut lines: Vec<Line> = Vec::new();
    let mut left = UNITS;
    while left > 0 {
        let wanted = dice.weighted(&[(60, 1), (25, 2), (15, 3)])?;
        let quantity = left.min(wanted);
        left -= quantity;
        let sku = dice.pick(goods)?.sku.clone();
        lines.push(Line { id: (lines.len() + 1).to_string(), sku, quantity, ..Line::default() });
    }
    let time = Instant::from_rfc3339("2026-11-27T12:00:00+02:00").ok_or("no such time")?;
    let gold = Customer { tier: Some("gold".to_owned()), ..Customer::default() };
    let context = Context {
        channel: Some("web".to_owned()),
        customer: Some(gold).filter(|_| number.is_multiple_of(2)),
        payment_method: Some("mono".to_owned()).filter(|_| number.is_multiple_of(3)),
        codes: Some("FRIDAY25".to_owned()).filter(|_| number.is_multiple_of(4)).into_iter().collect(),
        ..Context::at(time)
    };
    Ok(Request { basket: Basket { lines, ..Basket::default() }, context, explain: false })
}
