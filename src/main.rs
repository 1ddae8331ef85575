//! The `pricewright` binary.

fn main() {}
