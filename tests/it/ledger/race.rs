//! Many tills race for the last 100.00 of one certificate: it is spent once, whichever way they go about it.
//!
//! `CERTIFICATE_ROUNDS=1000 cargo test --release --test it ledger::race -- --nocapture` for a long run.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use pricewright::ledger::certificate::OTP_SECONDS;
use pricewright::ledger::{
    Account, Action, AskOtp, Certificate, Command, Commit, Content, Issue, Key, Otp, Pay, PhoneKey,
    RequestId, Reserve,
};
use pricewright::money::Amount;
use pricewright::server::clock;
use pricewright::server::ledger::{Answer, Ledger, Options};
use pricewright::time::Instant;

use super::certificates::{basket, certificate, keys, names, presented};
use super::engines::said;
use super::table::{id_of, reserve};

/// Rounds of a test run, of each kind on each engine.
const ROUNDS: u64 = 20;
/// Tills that race.
const TILLS: u64 = 64;
/// What there is to have.
const WORTH: i64 = 10_000;
/// Seconds between two passwords: three an hour a phone.
const PAUSE: i64 = 1_300;

/// One engine at a moment of its own.
struct Shop {
    /// The nodes that keep it; the tills go to one after another.
    nodes: Vec<Ledger>,
    clock: Arc<AtomicI64>,
    calls: u64,
}

impl Shop {
    fn open(nodes: &[Options]) -> Self {
        let clock = Arc::new(AtomicI64::new(1_000_000));
        let read = Arc::clone(&clock);
        let now = Arc::new(move || Instant::from_unix(read.load(Ordering::SeqCst)).unwrap());
        let open = |options| Ledger::open_at(options, now.clone()).unwrap();
        Shop { nodes: nodes.iter().map(open).collect(), clock, calls: 0 }
    }

    fn node(&self, till: usize) -> &Ledger {
        &self.nodes[till % self.nodes.len()]
    }

    fn at(&self, after: i64) -> Instant {
        Instant::from_unix(self.clock.load(Ordering::SeqCst) + after).unwrap()
    }

    fn pass(&self, seconds: i64) {
        self.clock.fetch_add(seconds, Ordering::SeqCst);
    }

    fn command(&mut self, action: Action) -> Command {
        self.calls += 1;
        let mut bytes = [7; 16];
        bytes[..8].copy_from_slice(&self.calls.to_be_bytes());
        let request = RequestId::from_bytes(bytes);
        Command { request, content: Content(self.calls.to_string()), at: self.at(0), action }
    }

    /// A command that must be kept; its call.
    async fn done(&mut self, action: Action, expected: &str) -> RequestId {
        let command = self.command(action);
        let request = command.request;
        let till = usize::try_from(self.calls).unwrap();
        let answer = self.node(till).submit(command).await.expect("an answer");
        assert_eq!(said(&answer), expected);
        request
    }

    /// A new certificate.
    async fn issue(&mut self, name: &str) {
        let expires_at = self.at(900);
        let sold = reserve(basket(0, (1, WORTH)), expires_at);
        let sale = self.done(Action::Reserve(Box::new(sold)), "reserved").await.sale();
        let commit = Commit { sale, part: None };
        self.done(Action::Commit(Box::new(commit)), &format!("paid {WORTH}")).await;
        let issue = Issue {
            id: id_of(&certificate(name)),
            certificate: certificate(name),
            last_four: "0000".to_owned(),
            sale,
            line: String::new(),
            phone: PhoneKey(name.to_owned()),
            expires_at: self.at(900_000_000),
        };
        self.done(Action::Issue(Box::new(issue)), "issued").await;
    }

    async fn ask(&mut self, name: &str, purchase: &str) {
        self.pass(PAUSE);
        let (bound, password) = keys(name, purchase, "1", "123456");
        let amount = Some(Amount::from_minor(WORTH));
        let otp = Otp { bound, password, amount, expires_at: self.at(OTP_SECONDS), tries: 0 };
        let ask =
            AskOtp { certificates: names(name), phones: vec![PhoneKey(name.to_owned())], otp, hour_max: 100 };
        self.done(Action::AskOtp(Box::new(ask)), "sent").await;
    }

    /// A purchase for 100.00 that takes so much of the certificate.
    fn purchase(&self, name: &str, purchase: &str, amount: i64) -> Action {
        let pay = Pay {
            presented: presented(name, purchase, "1", "123456"),
            amount: Some(Amount::from_minor(amount)),
        };
        let bought = reserve(basket(WORTH, (0, 0)), self.at(60));
        Action::Reserve(Box::new(Reserve { pay: vec![pay], ..bought }))
    }

    /// Sales that each held `amount` of the certificate, and whose time is over.
    async fn late(&mut self, name: &str, amounts: &[i64]) -> Vec<RequestId> {
        let mut sales = Vec::new();
        for (till, amount) in amounts.iter().enumerate() {
            let purchase = format!("{till}");
            self.ask(name, &purchase).await;
            let action = self.purchase(name, &purchase, *amount);
            sales.push(self.done(action, &format!("reserved, {amount} by certificates")).await);
        }
        self.pass(PAUSE);
        sales
    }

    /// All at once, each from a task of its own; what each was answered.
    async fn race(&mut self, actions: Vec<Action>) -> Vec<Answer> {
        let commands: Vec<Command> = actions.into_iter().map(|action| self.command(action)).collect();
        let line = Arc::new(tokio::sync::Barrier::new(commands.len()));
        let tasks: Vec<_> = commands
            .into_iter()
            .enumerate()
            .map(|(till, command)| {
                let (ledger, line) = (self.node(till).clone(), Arc::clone(&line));
                tokio::spawn(async move {
                    line.wait().await;
                    ledger.submit(command).await.expect("an answer")
                })
            })
            .collect();
        let mut answers = Vec::new();
        for task in tasks {
            answers.push(task.await.unwrap());
        }
        answers
    }

    fn certificate(&self, name: &str) -> Certificate {
        match self.node(0).account(&Key::Certificate(certificate(name))).unwrap() {
            Some(Account::Certificate(one)) => {
                assert!(one.adds_up(), "{one:?}");
                *one
            }
            other => panic!("{other:?}"),
        }
    }
}

/// How often each answer was given.
fn counted(answers: &[Answer]) -> BTreeMap<String, u64> {
    let mut counts = BTreeMap::new();
    for answer in answers {
        *counts.entry(said(answer)).or_default() += 1;
    }
    counts
}

fn expected<const N: usize>(counts: [(&str, u64); N]) -> BTreeMap<String, u64> {
    counts.map(|(told, count)| (told.to_owned(), count)).into()
}

fn commits(sales: &[RequestId]) -> Vec<Action> {
    let commit = |sale: &RequestId| Commit { sale: sale.sale(), part: None };
    sales.iter().map(commit).map(Box::new).map(Action::Commit).collect()
}

/// All had 100.00 held, and all pay late.
async fn late_payments(shop: &mut Shop, name: &str) {
    shop.issue(name).await;
    let sales = shop.late(name, &[WORTH; 64]).await;
    let answers = shop.race(commits(&sales)).await;
    let paid = format!("paid {WORTH}, {WORTH} by certificates");
    assert_eq!(counted(&answers), expected([(&paid, 1), ("no: certificate hold over", TILLS - 1)]));
    let one = shop.certificate(name);
    assert_eq!((one.spent, one.balance, one.held), (Amount::from_minor(WORTH), Amount::ZERO, Amount::ZERO));
}

/// All have the one password that is alive.
async fn one_password(shop: &mut Shop, name: &str) {
    shop.issue(name).await;
    shop.ask(name, "0").await;
    let actions = (0..TILLS).map(|_| shop.purchase(name, "0", WORTH)).collect();
    let answers = shop.race(actions).await;
    let reserved = format!("reserved, {WORTH} by certificates");
    let refused = ("no: certificate refused", TILLS - 1);
    assert_eq!(counted(&answers), expected([(&reserved, 1), refused]));
    let one = shop.certificate(name);
    assert_eq!((one.held, one.balance, one.spent), (Amount::from_minor(WORTH), Amount::ZERO, Amount::ZERO));
}

/// All had 30.00 or 40.00 held, and pay late: never more than 100.00 in all, and who comes last at a till gets what is left.
async fn in_thirds(shop: &mut Shop, name: &str) {
    shop.issue(name).await;
    let amounts: Vec<i64> = (0..64).map(|till| if till % 3 == 0 { 4_000 } else { 3_000 }).collect();
    let sales = shop.late(name, &amounts).await;
    let answers = shop.race(commits(&sales)).await;
    let spent: i64 = answers
        .iter()
        .flatten()
        .map(|settled| settled.sale.as_ref().unwrap().sold().paid_by_certificates().minor())
        .sum();
    let one = shop.certificate(name);
    assert_eq!(one.spent.minor(), spent);
    let left = one.balance.minor();
    // 40 + 30 + 30 = 40 + 40 + … = 30 + 30 + 30 and 10: as long as 30.00 is left, one more is paid.
    assert!((0..3_000).contains(&left) && left + spent == WORTH, "{spent} spent, {left} left");
    if left > 0 {
        shop.ask(name, "rest").await;
        let action = shop.purchase(name, "rest", WORTH);
        shop.done(action, &format!("reserved, {left} by certificates")).await;
        assert!(shop.certificate(name).balance.is_zero());
    }
}

#[test]
fn the_last_hundred_of_a_certificate_is_spent_once() {
    let shm = Path::new("/dev/shm");
    let folder = if shm.is_dir() { tempfile::tempdir_in(shm) } else { tempfile::tempdir() }.unwrap();
    check("memory", &[Options::Memory], ROUNDS);
    check("sled", &[Options::Embedded(folder.path().join("ledger"))], ROUNDS);
}

/// So many rounds of each race at these nodes.
pub(super) fn check(engine: &str, nodes: &[Options], rounds: u64) {
    let _noise = crate::running::NOISE.blocking_read();
    let rounds = std::env::var("CERTIFICATE_ROUNDS").map_or(rounds, |text| text.parse().unwrap());
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    let begun = clock::steady();
    let mut shop = Shop::open(nodes);
    runtime.block_on(async {
        for round in 0..rounds {
            late_payments(&mut shop, &format!("{engine}-late-{round}")).await;
            one_password(&mut shop, &format!("{engine}-one-{round}")).await;
            in_thirds(&mut shop, &format!("{engine}-thirds-{round}")).await;
        }
    });
    println!(
        "{engine}, {} nodes: {rounds} rounds of 3 races of {TILLS} tills, {} calls in {} ms: 100.00 spent of each 100.00, never more",
        nodes.len(),
        shop.calls,
        begun.elapsed().as_millis()
    );
}
