//! The engines side by side with the model: the same command to each, the same answer from each.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use pricewright::ledger::{
    Account, Action, AttemptKey, Balances, CertificateKey, Command, Event, Fact, Key, Outcome, Payment,
    Rejection, Sale, SaleId, SentKey, State, decide,
};
use pricewright::money::Amount;
use pricewright::server::ledger::encode;
use pricewright::server::ledger::index::StateDigest;
use pricewright::server::ledger::{Answer, Ledger, Options, Settled};
use pricewright::server::{self, journal};
use pricewright::time::Instant;
use sha2::digest::Output;
use sha2::{Digest, Sha256};
use tokio::runtime::Runtime;

use crate::postgres::Database;

/// The ledger as it is defined: all in memory, one pure function.
#[derive(Default)]
pub(super) struct Model {
    pub(super) balances: Balances,
    holds: BTreeSet<(Instant, SaleId)>,
    facts: Vec<Fact>,
}

impl Model {
    /// What the command is answered at the moment `now`: what is due then has expired before.
    pub(super) fn answer(&mut self, command: &Command, now: Instant) -> Answer {
        self.expire(now);
        let facts = decide(&self.balances, command)?;
        facts.into_iter().for_each(|fact| self.add(fact));
        if matches!(command.action, Action::Miss(_)) {
            return Ok(Settled { outcome: Outcome::Done, sale: None });
        }
        let known = self.balances.known(command.request).expect("what was decided is known");
        let outcome = known.outcome.clone();
        let sale = outcome.sale().and_then(|sale| self.balances.sale(sale)).cloned();
        Ok(Settled { outcome, sale })
    }

    /// Holds end, and after them the certificates, those among them to which a hold has just given back.
    fn expire(&mut self, now: Instant) {
        while let Some(&(at, sale)) = self.holds.first().filter(|(at, _)| *at <= now) {
            self.holds.remove(&(at, sale));
            self.add(Fact { at: now, call: None, event: Event::Expired { sale } });
        }
        for certificate in self.due(now) {
            self.add(Fact { at: now, call: None, event: Event::CertificateExpired { certificate } });
        }
    }

    /// The certificates with a balance, by their ends.
    fn ends(&self) -> BTreeSet<(Instant, CertificateKey)> {
        let end = |(key, account): (&Key, &Account)| match (key, account) {
            (Key::Certificate(key), Account::Certificate(one)) if one.balance > Amount::ZERO => {
                Some((one.expires_at, key.clone()))
            }
            _ => None,
        };
        self.balances.iter().filter_map(end).collect()
    }

    /// Those whose time is over, in the order in which they end.
    fn due(&self, now: Instant) -> Vec<CertificateKey> {
        self.ends().into_iter().take_while(|(at, _)| *at <= now).map(|(_, key)| key).collect()
    }

    /// When the last certificate with a balance ends.
    pub(super) fn last_end(&self) -> Option<Instant> {
        self.ends().into_iter().map(|(at, _)| at).max()
    }

    fn add(&mut self, fact: Fact) {
        self.balances.apply(&fact);
        if let Some((id, sale)) = fact.event.sale().and_then(|id| Some((id, self.balances.sale(id)?))) {
            match sale.state {
                State::Held => self.holds.insert((sale.expires_at, id)),
                _ => self.holds.remove(&(sale.expires_at, id)),
            };
        }
        self.facts.push(fact);
    }
}

/// All engines, and what they must have come to.
pub(super) struct Engines {
    runtime: Runtime,
    clock: Arc<AtomicI64>,
    engines: Vec<(&'static str, Ledger)>,
    folder: tempfile::TempDir,
    // Below the engines, which end before it.
    database: Option<Database>,
    pub(super) model: Model,
    facts: Sha256,
    digest: StateDigest,
}

/// In memory where there is such a folder: whether a sync reaches the disk is the business of other tests.
fn folder() -> tempfile::TempDir {
    let shm = Path::new("/dev/shm");
    if shm.is_dir() { tempfile::tempdir_in(shm).unwrap() } else { tempfile::tempdir().unwrap() }
}

impl Engines {
    /// Those of one machine.
    pub(super) fn new() -> Self {
        Self::beside(None)
    }

    /// Those of one machine, and one of many over a database of its own.
    pub(super) fn with_postgres() -> Self {
        Self::beside(Some(Database::new()))
    }

    fn beside(database: Option<Database>) -> Self {
        let clock = Arc::new(AtomicI64::new(0));
        let folder = folder();
        let read = Arc::clone(&clock);
        let now = Arc::new(move || Instant::from_unix(read.load(Ordering::SeqCst)).unwrap());
        let mut options =
            vec![("memory", Options::Memory), ("sled", Options::Embedded(folder.path().join("ledger")))];
        options.extend(database.as_ref().map(|database| ("postgres", shared(database))));
        let engines = options.into_iter();
        let engines =
            engines.map(|(name, options)| (name, Ledger::open_at(&options, now.clone()).unwrap())).collect();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        Engines {
            runtime,
            clock,
            engines,
            folder,
            database,
            model: Model::default(),
            facts: Sha256::new(),
            digest: StateDigest::default(),
        }
    }

    /// The same answer from everybody at the moment of the command.
    pub(super) fn answer(&mut self, command: &Command, told: &str) -> Answer {
        self.clock.store(command.at.unix(), Ordering::SeqCst);
        let expected = self.model.answer(command, command.at);
        for (name, engine) in &self.engines {
            let answer = self.runtime.block_on(engine.submit(command.clone()));
            assert_eq!(answer.as_ref(), Some(&expected), "{name}: {told}");
        }
        self.settle(command.at);
        expected
    }

    /// A certificate that the command has left with a balance behind its end expires at once, with nobody asking: the next command must not
    /// be faster.
    fn settle(&mut self, now: Instant) {
        let due = self.model.due(now);
        self.model.expire(now);
        for key in due {
            for (name, engine) in &self.engines {
                let balance = || match engine.account(&Key::Certificate(key.clone())).unwrap() {
                    Some(Account::Certificate(one)) => one.balance,
                    other => panic!("{name}: {other:?}"),
                };
                while balance() > Amount::ZERO {
                    std::thread::yield_now();
                }
            }
        }
    }

    /// Forgets what the model holds, once all of it is in the sums: the next sequence has names of its own.
    pub(super) fn close_sequence(&mut self) {
        let model = std::mem::take(&mut self.model);
        assert!(model.holds.is_empty(), "holds are left open");
        assert!(model.ends().is_empty(), "certificates are left open");
        model.facts.iter().for_each(|fact| fold(&mut self.facts, fact));
        for (key, account) in model.balances.iter() {
            if is_of_all(key) {
                self.model.balances.put(key.clone(), account.clone());
            } else {
                self.digest.add(&encode::account(&encode::key(key), account));
            }
        }
    }

    /// Facts and balances are the same everywhere, also after the engines were closed and opened again.
    pub(super) fn compare(mut self) -> u64 {
        for (key, account) in self.model.balances.iter() {
            self.digest.add(&encode::account(&encode::key(key), account));
        }
        for (name, engine) in &self.engines {
            assert_eq!(engine.index().mark().digest, self.digest, "balances of {name}");
        }
        self.engines.clear();
        let ledger = self.folder.path().join("ledger");
        let mut facts = Sha256::new();
        let mut count = 0;
        for record in journal::reader(&ledger.join("journal"), 1).unwrap() {
            let record = record.unwrap();
            for fact in encode::read_record(record.sequence, &record.payload).unwrap() {
                fold(&mut facts, &fact);
                count += 1;
            }
        }
        let expected = self.facts.finalize();
        assert_eq!(facts.finalize(), expected, "facts of sled");
        if let Some(database) = &self.database {
            assert_eq!(facts_of(&self.runtime, database), expected, "facts of postgres");
            let again = Ledger::open(&shared(database)).unwrap();
            assert_eq!(again.index().mark().digest, self.digest, "balances of postgres after a restart");
        }
        // Once from the index, and once from nothing but the journal.
        for is_lost in [false, true] {
            if is_lost {
                std::fs::remove_dir_all(ledger.join("index")).unwrap();
            }
            let again = Ledger::open(&Options::Embedded(ledger.clone())).unwrap();
            assert_eq!(
                again.index().mark().digest,
                self.digest,
                "balances after a restart, index lost: {is_lost}"
            );
        }
        count
    }
}

/// A ledger over that database.
pub(super) fn shared(database: &Database) -> Options {
    Options::Shared(server::database::Shared::open(&database.url().parse().unwrap()).unwrap())
}

/// The sum of all facts of a database.
fn facts_of(runtime: &Runtime, database: &Database) -> Output<Sha256> {
    let mut facts = Sha256::new();
    let rows = runtime.block_on(async {
        let client = database.connect().await;
        client.query("select content from pricewright.record order by sequence", &[]).await.unwrap()
    });
    for row in rows {
        let content: &str = row.get(0);
        encode::read_record(1, content.as_bytes()).unwrap().iter().for_each(|fact| fold(&mut facts, fact));
    }
    facts.finalize()
}

/// Whether an account goes on from one sequence to the next.
fn is_of_all(key: &Key) -> bool {
    matches!(key, Key::Sent(SentKey::All) | Key::Attempts(AttemptKey::OtpAll))
}

fn fold(sum: &mut Sha256, fact: &Fact) {
    let mut bytes = Vec::new();
    encode::fact(fact, &mut bytes);
    sum.update(&bytes);
}

/// What a table says of an answer.
pub(super) fn said(answer: &Answer) -> String {
    let sale = |sale: &Option<Sale>| sale.clone().unwrap();
    match answer {
        Err(rejection) => format!("no: {}", word(rejection)),
        Ok(Settled { outcome: Outcome::Refused(rejection), .. }) => format!("refused: {}", word(rejection)),
        Ok(Settled { outcome: Outcome::Reserved(_), sale: of }) => {
            format!("reserved{}", by_certificates(&sale(of).reserved.payments))
        }
        Ok(Settled { outcome: Outcome::Done | Outcome::Certificate(..), .. }) => "done".to_owned(),
        Ok(Settled { outcome: Outcome::Issued(_), .. }) => "issued".to_owned(),
        Ok(Settled { outcome: Outcome::OtpSent(_), .. }) => "sent".to_owned(),
        Ok(Settled { outcome: Outcome::Committed(_), sale: of }) => {
            let sale = sale(of);
            format!("paid {}{}", sale.sold().total, by_certificates(&sale.sold().payments))
        }
        Ok(Settled { outcome: Outcome::Cancelled(_), .. }) => "cancelled".to_owned(),
        Ok(Settled { outcome: Outcome::Refunded(_, place), sale: of }) => {
            let back = &sale(of).returns[*place];
            let certificates = by_certificates(&back.payments).replace("by", "to");
            format!("gives back {}, {} points{certificates}", back.amount, back.points)
        }
    }
}

fn by_certificates(payments: &[Payment]) -> String {
    if payments.is_empty() {
        return String::new();
    }
    let sums: Vec<String> = payments.iter().map(|payment| payment.amount.to_string()).collect();
    format!(", {} by certificates", sums.join(" + "))
}

fn word(rejection: &Rejection) -> String {
    let text = serde_json::to_string(rejection).unwrap();
    text.replace(['{', '}', '"'], "").replace([':', '_'], " ")
}
