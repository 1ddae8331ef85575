//! Seeds, and what chance makes of them.

use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::time::Duration;

use pricewright::server::clock;

use crate::dice::{Dice, number};
use crate::{codes, journal, phones, requests, rules};

/// Seconds of a usual run, for each target.
const SECONDS: u64 = 3;
/// Changes that are made to one seed at most.
const CHANGES_MAX: u64 = 8;
/// Longer inputs cost time and show nothing that short ones do not.
const LENGTH_MAX: usize = 4_096;

#[test]
fn rule_files() {
    target("rules", rules::all, rules::check);
}

#[test]
fn requests_for_prices() {
    target("requests", requests::check, requests::check);
}

#[test]
fn journals() {
    target("journal", journal::check, journal::check);
}

#[test]
fn promo_codes() {
    target("codes", codes::check, codes::check);
}

#[test]
fn phone_numbers() {
    target("phones", phones::check, phones::check);
}

/// Everything for each seed and each input that once failed, and then `check` for what chance makes of them.
fn target(name: &str, all: fn(&[u8]), check: fn(&[u8])) {
    let fuzz = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz");
    let (seeds, once) =
        (inputs(&fuzz.join("seeds").join(name)), inputs(&fuzz.join("regressions").join(name)));
    assert!(seeds.len() > 10, "no seeds of {name}");
    for input in once.iter().chain(&seeds) {
        held(name, all, input);
    }
    let words = words(&fuzz.join("dictionaries").join(format!("{name}.dict")));
    let (seconds, seed) = (number("FUZZ_SECONDS", SECONDS), number("FUZZ_SEED", 1));
    let (mut dice, begun, mut count) = (Dice::new(seed), clock::steady(), 0_u64);
    while clock::steady().duration_since(begun) < Duration::from_secs(seconds) {
        let input = changed(&mut dice, &seeds, &words);
        held(name, check, &input);
        count += 1;
    }
    println!("{name}: {} seeds, {} that once failed, {count} more in {seconds} s", seeds.len(), once.len());
}

/// A property that does not hold is a panic: the input is kept, for whoever mends it.
fn held(name: &str, check: fn(&[u8]), input: &[u8]) {
    if catch_unwind(AssertUnwindSafe(|| check(input))).is_err() {
        let kept =
            Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("{name}-{:08x}", crc32c::crc32c(input)));
        fs::write(&kept, input).unwrap();
        panic!("the input is in {}: {}", kept.display(), String::from_utf8_lossy(input));
    }
}

fn inputs(folder: &Path) -> Vec<Vec<u8>> {
    let Ok(entries) = fs::read_dir(folder) else { return Vec::new() };
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    paths.iter().map(|path| fs::read(path).unwrap()).collect()
}

/// The words of a dictionary of libFuzzer: what stands between the first and the last quote of a line, as far as it is plain.
fn words(path: &Path) -> Vec<Vec<u8>> {
    let text = fs::read_to_string(path).unwrap();
    let quoted = text.lines().filter(|line| !line.starts_with('#')).filter_map(|line| {
        let (_, rest) = line.split_once('"')?;
        rest.rsplit_once('"').map(|(word, _)| word)
    });
    quoted.filter(|word| !word.contains('\\')).map(|word| word.as_bytes().to_vec()).collect()
}

/// A seed with some changes: bits, bytes, words, parts of itself and of others.
fn changed(dice: &mut Dice, seeds: &[Vec<u8>], words: &[Vec<u8>]) -> Vec<u8> {
    let mut input = seeds[dice.index(seeds.len())].clone();
    for _ in 0..=dice.below(CHANGES_MAX) {
        let at = dice.index(input.len() + 1);
        let end = at + dice.index((input.len() - at).min(64) + 1);
        match dice.below(7) {
            0 if at < input.len() => input[at] ^= 1 << dice.below(8),
            1 if at < input.len() => input[at] = dice.next().to_le_bytes()[0],
            2 => drop(input.drain(at..end)),
            3 => {
                let part = input[at..end].to_vec();
                input.splice(at..at, part);
            }
            4 => {
                let other = &seeds[dice.index(seeds.len())];
                let from = dice.index(other.len() + 1);
                let part = &other[from..(from + 64).min(other.len())];
                input.splice(at..end, part.iter().copied());
            }
            5 => input.insert(at, dice.next().to_le_bytes()[0]),
            _ if !words.is_empty() => {
                let word = &words[dice.index(words.len())];
                input.splice(at..at, word.iter().copied());
            }
            _ => {}
        }
    }
    input.truncate(LENGTH_MAX);
    input
}
