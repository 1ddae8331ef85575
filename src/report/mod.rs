//! What promotions have sold and given: paid sales in, rows out. No disk, no clock; who reads the sales is not known here.
//!
//! Everything is told as it stands: of a sale only what the customer kept counts, at the price that it has in the end, on the day on which it was
//! paid. So the rows of a month change when goods of that month come back, and what stays is what the promotion really sold.

pub mod asked;
pub mod left;
pub mod sums;
pub mod table;

pub use asked::{Asked, By, Key};
pub use left::Left;
pub use sums::Sums;
pub use table::{Known, ROWS_MAX, Row, Table, TooManyRows};
