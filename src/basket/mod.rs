//! One request, as data: what is bought, by whom, where and when. Its limits, and how it meets the catalogue.

pub mod limits;
pub mod request;
pub mod resolve;

pub use request::{Basket, Context, Customer, Delivery, GiftChoice, GiftStock, Line, Request};
pub use resolve::{Checked, Fault, Item, Problem, check};
