//! How large a request may be. Each bound keeps time, memory and sums of money finite.

/// Lines of a basket: four times the largest receipt that a retailer of this kind prints.
pub const LINES_MAX: usize = 1_000;
/// Pieces of one line.
pub const QUANTITY_MAX: u32 = 100_000;
/// The dearest unit, in minor units: ten million hryvnias.
pub const UNIT_PRICE_MAX: i64 = 1_000_000_000;
/// The dearest basket at list prices, in minor units: with it every sum stays far below `i64::MAX`.
pub const LIST_TOTAL_MAX: i64 = 1_000_000_000_000_000;
/// Codes presented at once.
pub const CODES_MAX: usize = 32;
/// Gifts chosen at once, one entry a piece: more than a customer would name one by one, and each may become a choice of the
/// search.
pub const GIFT_CHOICES_MAX: usize = 64;
/// Goods whose stock of gifts is told: as many as a basket has lines, far more than live promotions give away.
pub const GIFT_STOCK_MAX: usize = 1_000;
/// Categories or tags of one line, segments or attributes of one customer.
pub const WORDS_MAX: usize = 128;
/// Bytes of one text.
pub const TEXT_BYTES_MAX: usize = 256;
/// Kilograms or meters of one piece.
pub const MEASURE_MAX: i64 = 1_000_000;
/// Decimal places of a measure: a scale shows three.
pub const MEASURE_PLACES_MAX: u32 = 6;
