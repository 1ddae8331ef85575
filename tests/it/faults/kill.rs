//! `kill -9` in the middle of the work of 64 tills, again and again: what was answered is so after every restart.
//!
//! `CRASH_ROUNDS=300 cargo test --release --test it faults::kill -- --nocapture` for a long run; `CRASH_SEED` for another one.

use std::time::Duration;

use super::audit::audit;
use super::dice::{Dice, number};
use super::shop::{Found, Shop, ask_again, compare_with_quotes, disk, work};
use super::till::{Till, Told};

const ROUNDS: u64 = 20;
const TILLS: u64 = 64;
/// Milliseconds of work before the kill.
const LOAD_MS: std::ops::Range<u64> = 20..300;

#[tokio::test(flavor = "multi_thread")]
async fn what_was_answered_outlives_kill_9() {
    let _noise = crate::running::NOISE.read().await;
    let (rounds, seed) = (number("CRASH_ROUNDS", ROUNDS), number("CRASH_SEED", 1));
    let mut dice = Dice::new(seed);
    let shop = Shop::new(&disk());
    let mut tills: Vec<Till> = (0..TILLS).map(|name| Till::new(name, seed)).collect();
    let (mut all, mut doubled) = (Found::default(), Vec::new());
    for round in 0..=rounds {
        let served = shop.serve(&[]).await.unwrap();
        let client = served.redemption();
        // After the last kill everything is asked again that was ever answered.
        if round == rounds {
            tills.iter_mut().for_each(|till| till.checked = 0);
        }
        all.add(ask_again(&mut tills, &client).await);
        doubled.extend(compare_with_quotes(&tills, served.pricing()).await);
        if round == rounds {
            served.stop();
            break;
        }
        let load = work(&mut tills, &client, usize::MAX, None);
        let millis = LOAD_MS.start + dice.below(LOAD_MS.end - LOAD_MS.start);
        let kill = async {
            tokio::time::sleep(Duration::from_millis(millis)).await;
            served.kill();
        };
        tokio::join!(load, kill);
    }
    let audit = audit(&shop.data(), &tills);
    println!(
        "{rounds} rounds of kill -9 under {TILLS} tills: {} acknowledged ({} refusals among them), asked again {} times, \
         {} without an answer, {} sales; lost {}, doubled {}",
        audit.answers,
        tills
            .iter()
            .flat_map(|till| &till.kept)
            .filter(|kept| matches!(kept.told, Told::Refused(..)))
            .count(),
        all.again,
        all.unknown,
        audit.sales,
        all.lost.len(),
        doubled.len() + audit.wrong.len(),
    );
    assert_eq!((all.lost, doubled, audit.wrong), Default::default());
    assert!(u64::try_from(audit.answers).unwrap() > rounds, "the tills had nothing to do");
    assert!(all.unknown > rounds, "nobody was in the middle of a call");
}
