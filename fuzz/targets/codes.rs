#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| pricewright_fuzz::codes::check(input));
