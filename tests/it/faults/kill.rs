//! `kill -9` in the middle of the work of 64 tills, again and again: what was answered is so after every restart.
//!
//! `CRASH_ROUNDS=300 cargo test --release --test it faults::kill -- --nocapture` for a long run; `CRASH_SEED` for another one.

use std::time::Duration;

use super::audit::audit;
use super::dice::{Dice, number};
use super::phones::shown;
use super::shop::{Found, Shop, ask_again, compare_with_quotes, disk, work};
use super::till::{Till, Told};
use crate::outbox::gateway::until;

const ROUNDS: u64 = 20;
const TILLS: u64 = 64;
/// Milliseconds of work before the kill.
const LOAD_MS: std::ops::Range<u64> = 20..300;

/// Waits until every password that a till was told of is on its phone: how many.
async fn all_shown(tills: &[Till]) -> usize {
    let kept = tills.iter().flat_map(|till| &till.kept).filter(|kept| matches!(kept.told, Told::Otp(_)));
    let requests: Vec<&str> = kept.map(|kept| kept.asked.request_id()).collect();
    until("every password", || requests.iter().all(|request| shown(request).is_some())).await;
    requests.len()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_answered_outlives_kill_9() {
    let _noise = crate::running::NOISE.read().await;
    let (rounds, seed) = (number("CRASH_ROUNDS", ROUNDS), number("CRASH_SEED", 1));
    let mut dice = Dice::new(seed);
    let shop = Shop::new(&disk());
    let mut tills: Vec<Till> = (0..TILLS).map(|name| Till::new("kill", name, seed)).collect();
    let (mut all, mut doubled, mut passwords) = (Found::default(), Vec::new(), 0);
    for round in 0..=rounds {
        let served = shop.serve(&[]).await.unwrap();
        let client = served.client();
        // After the last kill everything is asked again that was ever answered.
        if round == rounds {
            tills.iter_mut().for_each(|till| till.checked = 0);
        }
        all.add(ask_again(&mut tills, &client).await);
        doubled.extend(compare_with_quotes(&tills, served.pricing()).await);
        if round == rounds {
            passwords = all_shown(&tills).await;
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
         {} without an answer, {} sales, {} of them paid with one of {} certificates, {passwords} \
         passwords on their phones; lost {}, doubled {}",
        audit.answers,
        tills
            .iter()
            .flat_map(|till| &till.kept)
            .filter(|kept| matches!(kept.told, Told::Refused(..)))
            .count(),
        all.again,
        all.unknown,
        audit.sales,
        audit.paid,
        audit.certificates,
        all.lost.len(),
        doubled.len() + audit.wrong.len(),
    );
    assert_eq!((all.lost, doubled, audit.wrong), Default::default());
    assert!(u64::try_from(audit.answers).unwrap() > rounds, "the tills had nothing to do");
    assert!(audit.paid > 0, "no certificate was spent");
    assert!(all.unknown > rounds, "nobody was in the middle of a call");
}
