//! The assortment: what a condition may ask of goods.
//!
//! Words here are compared without regard to case and surrounding blanks, stock-keeping units to the letter.

pub mod word;
pub mod selector;
pub mod product;

pub use product::{Catalog, Product};
pub use selector::{Goods, Selector};
