//! The power goes, at any moment, and the disk keeps what it was told to keep and of the rest what it likes.
//!
//! `POWER_STATES=2000 cargo test --release --test it faults::power -- --nocapture` for a long run; `POWER_SEED` for another one.
//!
//! A life is a service under load, with all that it does to its disk in a log. From the log come states of the disk after a power
//! cut; each is opened, and the next life begins on one of them.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use tempfile::TempDir;

use super::dice::{Dice, number};
use super::disk::Disk;
use super::files::{Files, contents, lay};
use super::shim::{preload, read_log};
use super::shop::{Shop, ask_again, memory, work};
use super::till::{Kept, Till, Told};
use super::truth::Truth;

const STATES: u64 = 60;
const STATES_OF_A_LIFE: u64 = 20;
const TILLS: u64 = 32;
/// Calls that each till makes in a life.
const CALLS: usize = 8;
/// How many of a hundred things that were not synced are lost: from nothing to everything.
const LOST: [u64; 6] = [0, 1, 10, 50, 90, 100];

/// What the states have shown.
#[derive(Debug, Default)]
struct Found {
    states: u64,
    lives: u64,
    acknowledged: usize,
    certificates: usize,
    lost: Vec<String>,
    wrong: Vec<String>,
}

/// A service that has ended in good order, and what its disk was told.
struct Life {
    shop: Shop,
    /// The disk before it.
    before: Disk,
    log: Vec<u8>,
}

impl Life {
    /// One life of the service on what is in the shop.
    async fn live(shop: Shop, tills: &mut Vec<Till>, more: &[(&str, String)]) -> Self {
        let before = Disk::new(&shop.disk());
        let log = shop.home().join("log");
        let mut variables = vec![("FAULT_LOG", log.to_str().unwrap().to_owned())];
        variables.extend_from_slice(more);
        let served = shop.serve(&preload(&shop.disk(), &variables)).await.unwrap();
        let client = served.client();
        let again = ask_again(tills, &client).await;
        assert_eq!(again.lost, Vec::<String>::new());
        work(tills, &client, CALLS, Some(&log)).await;
        served.stop();
        let log = fs::read(log).unwrap();
        Life { shop, before, log }
    }

    /// Cuts the power `states` times and looks at what is left; gives the last state as the shop of another life.
    fn cut(mut self, tills: &mut [Till], states: u64, dice: &mut Dice, found: &mut Found) -> Shop {
        let truth = Truth::read(&self.shop.data().join("ledger"));
        let needed = needed(tills, &truth);
        let beside = beside(&self.shop.data());
        let ops = read_log(&self.log);
        let ends: Vec<u64> = ops.iter().map(|op| op.end).collect();
        let acknowledged: Vec<u64> = tills.iter().flat_map(|till| &till.kept).map(|kept| kept.at).collect();
        // As often as not at the very moment when somebody had an answer.
        let cut = |_| {
            let moments = if dice.is_one_in(2) { &ends } else { &acknowledged };
            moments[dice.index(moments.len())]
        };
        let mut cuts: Vec<u64> = (0..states).map(cut).collect();
        cuts.sort_unstable();
        let (mut ops, mut shop) = (ops.iter().peekable(), None);
        for cut in cuts {
            while let Some(op) = ops.next_if(|op| op.end <= cut) {
                self.before.take(op);
            }
            let state = Shop::new(&memory());
            let share = LOST[dice.index(LOST.len())];
            self.before.lay(&state.disk(), dice, share);
            found.states += 1;
            let needed = needed.range(..=cut).next_back().map_or(0, |(_, record)| *record);
            let copy = copy(&state.data());
            let gone = beside
                .iter()
                .find(|(name, bytes)| fs::read(copy.path().join(name)).ok().as_ref() != Some(bytes));
            if let Some((name, _)) = gone.filter(|_| needed > 0) {
                found.lost.push(format!("at {cut}: `{name}`"));
            }
            match truth.compare(&copy.path().join("ledger")) {
                Ok(records) if records < needed => {
                    found.lost.push(format!("at {cut}: {records} records, {needed} were acknowledged"));
                }
                Ok(_) => {}
                Err(error) if error.starts_with("it does not open") => {
                    found.lost.push(format!("at {cut}: {error}"))
                }
                Err(error) => found.wrong.push(format!("at {cut}: {error}")),
            }
            shop = Some((cut, state));
        }
        ops.for_each(|op| self.before.take(op));
        self.compare(dice);
        let (cut, shop) = shop.unwrap();
        tills.iter_mut().for_each(|till| till.go_back(cut));
        shop
    }

    /// The model has seen all that happened: without a power cut it is what is there.
    fn compare(&self, dice: &mut Dice) {
        let place = tempfile::tempdir_in(memory()).unwrap();
        self.before.lay(place.path(), dice, 0);
        let (seen, there) = (contents(place.path()), contents(&self.shop.disk()));
        let names = |contents: &Files| contents.keys().cloned().collect::<Vec<_>>();
        assert_eq!(names(&seen), names(&there));
        assert!(seen == there, "the log is not all that happened");
    }
}

/// For each moment at which something was answered the highest record that has to be there from then on.
fn needed(tills: &[Till], truth: &Truth) -> BTreeMap<u64, u64> {
    let kept = tills.iter().flat_map(|till| &till.kept);
    let mut records: Vec<(u64, u64)> =
        kept.map(|kept: &Kept| (kept.at, truth.requests[kept.asked.request_id()])).collect();
    records.sort_unstable();
    let mut highest = 0;
    let highest = records.into_iter().map(|(at, record)| {
        highest = highest.max(record);
        (at, highest)
    });
    highest.collect()
}

/// What purchases rest on beside the ledger: the keys under which calls are known again, and the rulebooks.
fn beside(data: &Path) -> Files {
    let mut contents = contents(data);
    contents.retain(|name, _| {
        ["secrets/", "rules/books/", "rules/files/"].iter().any(|start| name.starts_with(start))
    });
    contents
}

/// The same files elsewhere: looking at them changes them.
fn copy(from: &Path) -> TempDir {
    let place = tempfile::tempdir_in(memory()).unwrap();
    lay(&contents(from), place.path());
    place
}

async fn cut_power(states: u64, seed: u64, more: &[(&str, String)]) -> Found {
    let (mut dice, mut found) = (Dice::new(seed), Found::default());
    let mut tills: Vec<Till> = (0..TILLS).map(|name| Till::new("power", name, seed)).collect();
    let mut shop = Shop::new(&memory());
    while found.states < states {
        let life = Life::live(shop, &mut tills, more).await;
        found.lives += 1;
        found.acknowledged +=
            tills.iter().map(|till| till.kept.iter().filter(|kept| kept.at > 0).count()).sum::<usize>();
        let issued = |kept: &&Kept| kept.at > 0 && matches!(kept.told, Told::Issued(_));
        found.certificates += tills.iter().map(|till| till.kept.iter().filter(issued).count()).sum::<usize>();
        let left = (states - found.states).min(STATES_OF_A_LIFE);
        shop = life.cut(&mut tills, left, &mut dice, &mut found);
        if !found.lost.is_empty() || !found.wrong.is_empty() {
            break;
        }
    }
    found
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_answered_outlives_a_power_cut() {
    let _noise = crate::running::NOISE.read().await;
    let found = cut_power(number("POWER_STATES", STATES), number("POWER_SEED", 1), &[]).await;
    println!(
        "{} states of the disk after a power cut, in {} lives of the service with {} acknowledged calls, {} certificates among them; lost {}, other balances {}",
        found.states,
        found.lives,
        found.acknowledged,
        found.certificates,
        found.lost.len(),
        found.wrong.len(),
    );
    assert_eq!((found.lost, found.wrong), Default::default());
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_before_its_sync_is_found_out() {
    let _noise = crate::running::NOISE.read().await;
    let found = cut_power(STATES, 1, &[("FAULT_SWALLOW", "1".to_owned())]).await;
    println!(
        "without the journal's sync: {} of {} states have lost something",
        found.lost.len(),
        found.states
    );
    assert!(!found.lost.is_empty(), "the harness would not notice: {found:?}");
}
