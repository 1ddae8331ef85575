//! One request, as data: what is bought, by whom, where and when. Its limits, and how it meets the catalogue.

pub mod limits;
pub mod country;
pub mod phone;
pub mod request;
pub mod resolve;

pub use country::{COUNTRIES, Country};
pub use phone::{Phone, PhoneFault};
pub use request::{
    Basket, Context, Customer, Delivery, GiftChoice, GiftStock, Left, Line, Opened, Request, Room,
};
pub use resolve::{Checked, Fault, Item, Problem, check};
