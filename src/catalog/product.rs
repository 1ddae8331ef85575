//! Products and the catalogue that holds them.

use rustc_hash::FxHashMap;

use super::selector::Goods;
use crate::money::Amount;

/// One product of the catalogue.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Product {
    /// The stock-keeping unit, to the letter: `00123` stays what it is.
    pub sku: String,
    /// What people call it.
    pub name: String,
    /// The house that makes it; empty when unknown.
    pub brand: String,
    /// Category paths, `fragrance/women`.
    pub categories: Vec<String>,
    /// Free marks such as `luxury`.
    pub tags: Vec<String>,
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
    // INVARIANT: `by_sku` holds the place of each product's SKU in `products`, and no SKU stands twice.
    products: Vec<Product>,
    by_sku: FxHashMap<String, usize>,
}

impl Catalog {
    /// A catalogue of `products`; of two with one SKU the first stays.
    #[must_use]
    pub fn new(products: Vec<Product>) -> Self {
        let mut catalog = Catalog::default();
        for product in products {
            if !catalog.by_sku.contains_key(&product.sku) {
                catalog.by_sku.insert(product.sku.clone(), catalog.products.len());
                catalog.products.push(product);
            }
        }
        catalog
    }

    /// The product with this SKU.
    #[must_use]
    pub fn get(&self, sku: &str) -> Option<&Product> {
        self.find(sku).and_then(|place| self.products.get(place))
    }

    /// The place of the product with this SKU.
    #[must_use]
    pub fn find(&self, sku: &str) -> Option<usize> {
        self.by_sku.get(sku).copied()
    }

    /// All products, in the order in which they came.
    #[must_use]
    pub fn products(&self) -> &[Product] {
        &self.products
    }
}
