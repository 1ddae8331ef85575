//! Products and the catalogue that holds them.

use std::hash::BuildHasher as _;
use std::sync::Arc;

use rustc_hash::FxBuildHasher;

use super::selector::Goods;
use crate::money::Amount;

/// One product of the catalogue. Goods share their brands, categories and tags.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Product {
    /// The stock-keeping unit, to the letter: `00123` stays what it is.
    pub sku: String,
    /// What people call it.
    pub name: String,
    /// The house that makes it; empty when unknown.
    pub brand: Arc<str>,
    /// Category paths, `fragrance/women`.
    pub categories: Arc<[String]>,
    /// Free marks such as `luxury`.
    pub tags: Arc<[String]>,
    /// The list price of one unit.
    pub price: Option<Amount>,
    /// What the retailer paid for one unit; caps with a margin need it.
    pub cost: Option<Amount>,
}

impl Product {
    /// What a selector asks about.
    #[must_use]
    pub fn goods(&self) -> Goods<'_> {
        Goods {
            sku: &self.sku,
            brand: &self.brand,
            categories: &self.categories,
            tags: &self.tags,
            list_price: self.price.unwrap_or_default(),
        }
    }
}

/// The products by stock-keeping unit.
#[derive(Debug, Clone, Default)]
pub struct Catalog {
    // INVARIANT: no SKU stands twice.
    products: Vec<Product>,
    // INVARIANT: the places of the products, each at the hash of its SKU or behind it, before the next free one. A power of two,
    // and half of them free at least.
    slots: Vec<u32>,
}

/// A slot without a product.
const FREE: u32 = u32::MAX;

impl Catalog {
    /// A catalogue of `products`; of two with one SKU the first stays.
    #[must_use]
    pub fn new(products: Vec<Product>) -> Self {
        let slots = vec![FREE; (2 * products.len()).next_power_of_two()];
        let mut catalog = Catalog { products, slots };
        let is_twice: Vec<bool> = (0..catalog.products.len()).map(|place| !catalog.enter(place)).collect();
        if !is_twice.contains(&true) {
            return catalog;
        }
        let first = catalog.products.into_iter().zip(is_twice).filter(|(_, is_twice)| !is_twice);
        Catalog::new(first.map(|(product, _)| product).collect())
    }

    /// Whether the SKU at a place is new; then it has a slot.
    fn enter(&mut self, place: usize) -> bool {
        let slot = self.products.get(place).and_then(|product| self.slot(&product.sku));
        match (slot, u32::try_from(place)) {
            (Some((slot, FREE)), Ok(place)) => self.slots.get_mut(slot).map(|slot| *slot = place).is_some(),
            _ => false,
        }
    }

    /// The slot of a SKU with what stands there, or the free one where it would stand.
    fn slot(&self, sku: &str) -> Option<(usize, u32)> {
        let mask = self.slots.len().checked_sub(1)?;
        let hash = usize::try_from(FxBuildHasher.hash_one(sku) & u64::try_from(mask).ok()?).ok()?;
        (0..=mask).map(|step| (hash + step) & mask).find_map(|slot| {
            let &place = self.slots.get(slot)?;
            let is_here = place == FREE || self.at(place).is_some_and(|product| product.sku == sku);
            is_here.then_some((slot, place))
        })
    }

    fn at(&self, place: u32) -> Option<&Product> {
        self.products.get(usize::try_from(place).ok()?)
    }

    /// The product with this SKU.
    #[must_use]
    pub fn get(&self, sku: &str) -> Option<&Product> {
        self.find(sku).and_then(|place| self.products.get(place))
    }

    /// The place of the product with this SKU.
    #[must_use]
    pub fn find(&self, sku: &str) -> Option<usize> {
        self.slot(sku).filter(|&(_, place)| place != FREE).and_then(|(_, place)| usize::try_from(place).ok())
    }

    /// All products, in the order in which they came.
    #[must_use]
    pub fn products(&self) -> &[Product] {
        &self.products
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_of_a_sku_is_found() {
        let product = |number: u32, name: &str| Product {
            sku: format!("{number:05}"),
            name: name.to_owned(),
            ..Product::default()
        };
        let twice = (0..3_000).chain(1_000..2_000).zip(0..);
        let catalog = Catalog::new(twice.map(|(number, turn)| product(number, &format!("{turn}"))).collect());
        assert_eq!(catalog.products().len(), 3_000);
        for number in 0..3_000 {
            assert_eq!(catalog.get(&format!("{number:05}")), Some(&product(number, &format!("{number}"))));
        }
        assert_eq!(catalog.find("2999"), None);
        assert_eq!(Catalog::default().find(""), None);
        assert_eq!(Catalog::new(Vec::new()).find(""), None);
    }
}
