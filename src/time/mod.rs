//! Instants, windows and time zones as values. Nobody in this room looks at a clock.

pub mod instant;
pub mod zone;
pub mod window;

pub use instant::Instant;
pub use window::{Hours, Weekdays, Window};
pub use zone::{Local, Zone};
