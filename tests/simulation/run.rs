//! One run: a seed in, what happened and what was wrong out.

use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::rc::Rc;
use std::time::Duration;

use pricewright::server::clock;

use crate::audit::audit_of;
use crate::callers::{SERVICE, Shop, till, web};
use crate::clocks;
use crate::service::Host;
use crate::till::{Kept, Till, Told};
use crate::trouble::{LATENCY, Trouble};

/// Tills, and answers that each must get.
const TILLS: u64 = 4;
const CALLS: usize = 30;
/// Simulated time after which a run hangs.
const LONGEST: Duration = Duration::from_secs(600);

/// What came of a run.
#[derive(Debug, Default)]
pub(crate) struct Outcome {
    /// Answers, and refusals among them.
    pub(crate) acknowledged: u64,
    pub(crate) refused: u64,
    /// Calls that had no answer at first, and answers that were asked for again at the end.
    pub(crate) unknown: u64,
    pub(crate) again: u64,
    pub(crate) quotes: u64,
    pub(crate) sales: u64,
    /// Purchases that a certificate paid a part of.
    pub(crate) paid: u64,
    /// Faults by kind.
    pub(crate) faults: BTreeMap<&'static str, u64>,
    /// Simulated milliseconds.
    pub(crate) millis: u64,
    /// All of it in one number: who asked for what, what each was told, and how long it took.
    pub(crate) trace: u64,
    /// What must not be.
    pub(crate) wrong: Vec<String>,
}

/// Runs the simulation with this seed; `tells` what goes wrong when.
pub(crate) fn run(seed: u64, tells: bool) -> Outcome {
    clocks::begin();
    let host = Host::new(seed);
    let shop = Rc::new(Shop::default());
    shop.working.set(usize::try_from(TILLS).unwrap());
    let mut sim = turmoil::Builder::new()
        .rng_seed(seed)
        .simulation_duration(LONGEST)
        .min_message_latency(LATENCY.0)
        .max_message_latency(LATENCY.1)
        .tcp_capacity(1 << 12)
        .build();
    let service = host.clone();
    sim.host(SERVICE, move || service.clone().process());
    for name in 0..TILLS {
        sim.client(format!("till-{name}"), till(Rc::clone(&shop), name, seed, CALLS));
    }
    sim.client("web", web(Rc::clone(&shop)));
    let mut trouble = Trouble::new(seed, TILLS);
    trouble.tells = tells;
    let ended = loop {
        if shop.working.get() > 0 {
            trouble.step(&mut sim, &host);
        } else if trouble.end(&mut sim, &host) {
            shop.is_calm.set(true);
        }
        match sim.step() {
            Ok(false) => {}
            Ok(true) => break None,
            Err(error) => break Some(format!("it does not come to its end: {error}")),
        }
    };
    let millis = u64::try_from(sim.elapsed().as_millis()).unwrap();
    // The last process ends as badly as it can.
    host.disk.cut_power();
    drop(sim);
    let mut outcome = judged(&host, &shop);
    outcome.wrong.extend(ended);
    outcome.faults = trouble.seen;
    outcome.millis = millis;
    let mut trace = DefaultHasher::new();
    (outcome.trace, millis, outcome.quotes, outcome.unknown, &outcome.faults).hash(&mut trace);
    outcome.trace = trace.finish();
    clock::set(None);
    outcome
}

/// What is on the disk, held against itself and against what the tills know.
fn judged(host: &Host, shop: &Shop) -> Outcome {
    let tills: Vec<Till> = shop.tills.take().into_values().collect();
    let mut wrong = [shop.wrong.take(), host.wrong()].concat();
    let (mut sales, mut paid) = (0, 0);
    match host.ledger() {
        Ok(ledger) => {
            let audit = audit_of(&ledger, &tills);
            (sales, paid) = (audit.sales, audit.paid);
            wrong.extend(audit.wrong);
        }
        Err(error) => wrong.push(format!("it does not open after the last power cut: {error}")),
    }
    let kept = || tills.iter().flat_map(|till| &till.kept);
    let count = |count: usize| u64::try_from(count).unwrap();
    let mut trace = DefaultHasher::new();
    kept().for_each(|kept| note(kept).hash(&mut trace));
    Outcome {
        acknowledged: count(kept().count()),
        refused: count(kept().filter(|kept| matches!(kept.told, Told::Refused(..))).count()),
        unknown: shop.unknown.get(),
        again: shop.again.get(),
        quotes: shop.quotes.get(),
        sales: count(sales),
        paid: count(paid),
        trace: trace.finish(),
        wrong,
        ..Outcome::default()
    }
}

/// A call and its answer without what is secret and so differs from run to run: numbers and passwords.
fn note(kept: &Kept) -> (String, String) {
    let told = match &kept.told {
        Told::Sale(sale) => format!("{} {:?} {}", sale.id, sale.state(), sale.total),
        Told::Refund(back) => format!("{:?}", back.refund.as_ref().map(|refund| refund.amount)),
        Told::Issued(_) => "issued".to_owned(),
        Told::Otp(until) => format!("{until:?}"),
        Told::Refused(reason, _) => reason.clone(),
    };
    (kept.asked.request_id().to_owned(), told)
}
