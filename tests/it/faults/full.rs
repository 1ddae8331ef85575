//! A disk that says no: the n-th write or sync below the data folder fails under load. Nothing is promised that is not kept, the
//! service ends by itself and says why, and starts again.
//!
//! `FULL_FAULTS=500 cargo test --release --test it faults::full -- --nocapture` for every n up to 500; `FULL_SEED` for another load.

use std::collections::BTreeMap;
use std::time::Duration;

use tokio::task::JoinSet;

use super::audit::audit;
use super::dice::{Dice, number};
use super::served::{Ended, Served};
use super::shim::preload;
use super::shop::{Shop, ask_again, compare_with_quotes, memory, work};
use super::till::{Asked, Till};

/// The highest n.
const AT_MAX: u64 = 500;
/// Faults of a short run.
const FAULTS: u64 = 40;
/// Few, so that batches are small and syncs many.
const TILLS: u64 = 4;
/// Calls that each till makes: enough for 500 writes.
const CALLS: usize = 150;
/// Services at once: each spends most of its time waiting for its first rules.
const AT_ONCE: u64 = 4;
/// A service that has not ended so long after its disk said no hangs: the ledger notices within ten seconds when its index does not come
/// back, and stores have five to close.
const END: Duration = Duration::from_secs(20);
const KINDS: [&str; 4] = ["eio", "full", "short", "sync"];

/// What became of one service.
#[derive(Debug, Default)]
struct Found {
    acknowledged: usize,
    certificates: u64,
    unknown: u64,
    how: &'static str,
    wrong: Vec<String>,
}

async fn fail(kind: &str, at: u64, seed: u64) -> Found {
    let shop = Shop::new(&memory());
    let mut tills: Vec<Till> = (0..TILLS).map(|name| Till::new("full", name, seed)).collect();
    let fault = [("FAULT_KIND", kind.to_owned()), ("FAULT_AT", at.to_string())];
    let mut found = Found::default();
    match shop.serve(&preload(&shop.data(), &fault)).await {
        Err(ended) => {
            found.how = "did not start";
            found.wrong.extend(said(&ended));
        }
        Ok(served) => {
            let client = served.client();
            work(&mut tills, &client, CALLS, None).await;
            // A password that cannot be written down is refused, and no promise is touched.
            let is_cut =
                |till: &Till| till.waiting.as_ref().is_some_and(|asked| !matches!(asked, Asked::Otp(_)));
            let is_cut_short = tills.iter().any(is_cut);
            found.how = if is_cut_short { "ended" } else { "went on" };
            found.wrong.extend(end(served, is_cut_short));
        }
    }
    // The disk is well again.
    let served = match shop.serve(&[]).await {
        Ok(served) => served,
        Err(ended) => {
            found.wrong.push(format!("it does not start again: {}", ended.told));
            return found;
        }
    };
    let client = served.client();
    let again = ask_again(&mut tills, &client).await;
    found.unknown = again.unknown;
    found.wrong.extend(again.lost);
    found.wrong.extend(compare_with_quotes(&tills, served.pricing()).await);
    served.terminate();
    match served.wait(END) {
        Ok(ended) if ended.status.success() && found.wrong.is_empty() => {}
        Ok(ended) => found.wrong.push(format!("after a clean start: {}: {}", ended.status, ended.told)),
        Err(served) => found.wrong.push(format!("after a clean start it hangs: {}", served.told())),
    }
    let audit = audit(&shop.data(), &tills);
    found.acknowledged = audit.answers;
    found.certificates = audit.certificates;
    found.wrong.extend(audit.wrong);
    found
}

/// The end of a service whose disk said no: by itself, or when it is told, where nothing that it promises was touched.
fn end(served: Served, is_cut_short: bool) -> Vec<String> {
    if !is_cut_short {
        served.terminate();
    }
    match served.wait(END) {
        Err(served) => vec![format!("it hangs: {}", served.told())],
        Ok(ended) if is_cut_short || !ended.status.success() => said(&ended),
        Ok(_) => Vec::new(),
    }
}

/// What is wrong with an end after a fault: a signal, a success, or no word of the ledger.
fn said(ended: &Ended) -> Vec<String> {
    let names = ["ledger", "journal", "data"].iter().any(|word| ended.told.contains(word));
    let is_clean = ended.status.code().is_some_and(|code| code != 0) && names;
    if is_clean { Vec::new() } else { vec![format!("{}: {}", ended.status, ended.told)] }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_disk_that_says_no_costs_a_restart_and_no_promise() {
    let _noise = crate::running::NOISE.read().await;
    let (faults, seed) = (number("FULL_FAULTS", FAULTS), number("FULL_SEED", 1));
    let mut dice = Dice::new(seed);
    let mut hows: BTreeMap<(&str, &str), u64> = BTreeMap::new();
    let (mut acknowledged, mut certificates, mut unknown, mut wrong) = (0, 0, 0, Vec::new());
    let mut running = JoinSet::new();
    for fault in 0..faults {
        // A long run goes through every n, and through every kind when it is four times as long; a short one draws some.
        let kind = KINDS[usize::try_from(fault + fault / AT_MAX).unwrap() % KINDS.len()];
        let at = 1 + if faults >= AT_MAX { fault % AT_MAX } else { dice.below(AT_MAX) };
        running.spawn(async move { (kind, at, fail(kind, at, seed + fault).await) });
        let most = if fault + 1 == faults { 0 } else { usize::try_from(AT_ONCE - 1).unwrap() };
        while running.len() > most {
            let (kind, at, found) = running.join_next().await.unwrap().unwrap();
            *hows.entry((kind, found.how)).or_default() += 1;
            acknowledged += found.acknowledged;
            certificates += found.certificates;
            unknown += found.unknown;
            wrong.extend(found.wrong.into_iter().map(|what| format!("{kind} at {at}: {what}")));
        }
    }
    println!(
        "{faults} failing writes and syncs, {acknowledged} acknowledged, {certificates} certificates, {unknown} without an answer, lost or wrong {}: {hows:?}",
        wrong.len()
    );
    assert_eq!(wrong, Vec::<String>::new());
}
