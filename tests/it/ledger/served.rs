//! Random calls through gRPC to two services at once, one that keeps its ledger in memory and one that keeps it on disk: every answer is
//! the same, and in the end so are all accounts. What the disk has of it, fact by fact, is what the pure model decides.
//!
//! `GRPC_SEQUENCES=5000 cargo test --release --test it ledger::served -- --nocapture` for a long run.

mod calls;
mod chance;
mod facts;

use std::collections::BTreeMap;
use std::path::Path;
use std::process::{Command, Stdio};

use pricewright::server::config::{Options, Store};
use pricewright::server::wire;
use tempfile::TempDir;

use super::random::Dice;
use crate::running::{Folders, Running};
use calls::{Asked, Client, Told};
use chance::Sequence;
use facts::{Accounts, accounts, timeless};

/// Sequences of a test run.
const SEQUENCES: u64 = 20;
/// Calls of a sequence.
const CALLS: u64 = 50;
/// Sequences of one pair of services. Each has promotions of its own: what one has used up would be used up for all.
const SEQUENCES_OF_PAIR: u64 = 10;

/// As long as a request may take.
const TIMEOUT_MS: u32 = 300_000;

/// Limits that a sequence meets after a few purchases. `number` is the place of the sequence among those of its services.
fn promotions(number: u64) -> String {
    let back = if number.is_multiple_of(2) { "restore" } else { "keep" };
    format!(
        "  - {{id: spring-{number}, when: {{code: SPRING{number}}}, on: {{skus: [CREAM]}}, give: {{percent: 20}}, limits: {{total: 3}}, on_refund: {back}}}\n\
         \x20 - {{id: welcome-{number}, when: {{code: HELLO{number}}}, on: {{skus: [SOAP]}}, give: {{amount: 1}}, limits: {{per_customer: 1}}, on_refund: {back}}}\n\
         \x20 - {{id: rich-{number}, when: {{code: RICH{number}}}, on: {{skus: [OIL]}}, give: {{percent: 50}}, limits: {{budget: 60}}, on_refund: {back}}}\n\
         \x20 - {{id: pool-{number}, when: {{code: {{pool: pool-{number}}}}}, on: {{skus: [MASK]}}, give: {{percent: 10}}, on_refund: {back}}}\n\
         \x20 - {{id: pouch-{number}, when: {{code: POUCH{number}}}, give: {{gift: {{skus: [POUCH]}}}}, limits: {{total: 4}}}}\n"
    )
}

fn rules() -> String {
    let common = "  - {id: three, buy: [{on: {skus: [LIP]}, quantity: 3}], give: {cheapest: {units: 1, percent: 100}}}\n\
                  \x20 - {id: points, give: {points: {per: 1, points: 1}}}\n";
    let own: String = (0..SEQUENCES_OF_PAIR).map(promotions).collect();
    format!("promotions:\n{own}{common}")
}

/// One service.
struct Side {
    folders: Folders,
    running: Running,
    client: Client,
}

impl Side {
    async fn start(store: Store, secrets: &Path) -> Self {
        let folders = Folders::new();
        folders.put("rules.yaml", &rules());
        let options = Options {
            store: Some(store.into()),
            secrets: Some(secrets.to_owned()),
            // A disk that others keep busy makes one of them slow, and that is no other answer.
            request_timeout_ms: Some(TIMEOUT_MS),
            ..Options::default()
        };
        let running = folders.serve(options).await;
        running.server.ready().await.unwrap();
        let client = Client::new(running.channel().await);
        Side { folders, running, client }
    }

    /// What it holds in the end.
    async fn end(self) -> (Folders, Accounts) {
        let index = self.running.server.index().unwrap();
        let held = accounts(index.as_ref());
        drop((index, self.client));
        self.running.server.shutdown().await.unwrap();
        (self.folders, held)
    }
}

/// Both, under the same keys: so the same call has the same hashes in both, and makes the same codes.
struct Pair {
    memory: Side,
    disk: Side,
    _secrets: TempDir,
}

impl Pair {
    async fn start() -> Self {
        let secrets = tempfile::tempdir().unwrap();
        let keys = secrets.path().join("keys.toml");
        let memory = Side::start(Store::Memory, &keys).await;
        let disk = Side::start(Store::Sled, &keys).await;
        Pair { memory, disk, _secrets: secrets }
    }

    /// The answer of both.
    async fn ask(&mut self, asked: &Asked, place: &str) -> Told {
        let (memory, disk) = tokio::join!(self.memory.client.ask(asked), self.disk.client.ask(asked));
        assert_eq!(memory, disk, "memory and disk differ at {place}: {asked:?}");
        memory
    }

    /// The codes of a pool: some of one use, some of two.
    async fn codes(&mut self, pool: &str, sequence: u64) -> Vec<String> {
        let mut codes = Vec::new();
        for uses in [1, 2] {
            let terms = wire::CodeTerms { uses_max: Some(uses), ..wire::CodeTerms::default() };
            let asked = wire::GenerateCodesRequest {
                request_id: chance::id(sequence, CALLS + u64::from(uses)),
                pool: pool.to_owned(),
                count: 2,
                terms: Some(terms),
                validate_only: false,
                approval: String::new(),
            };
            let (memory, disk) =
                tokio::join!(self.memory.client.generate(&asked), self.disk.client.generate(&asked));
            assert_eq!(memory, disk, "other codes");
            codes.extend(memory);
        }
        codes
    }

    /// Both have come to the same, and to what the model comes to by the facts on the disk: how many these are, and accounts.
    async fn compare(self) -> (u64, usize) {
        let (_, memory) = self.memory.end().await;
        let (folders, disk) = self.disk.end().await;
        let (count, model) = facts::replay(&exported(&folders.data()));
        assert_eq!(disk, model, "the accounts of the disk are not those of its facts");
        assert_eq!(timeless(memory), timeless(model), "the accounts in memory are others");
        (count, disk.len())
    }
}

/// The facts of a service that has ended, as a person gets them.
fn exported(data: &Path) -> String {
    let mut command = Command::new(env!("CARGO_BIN_EXE_pricewright"));
    command.args(["ledger", "export", "-", "--data"]).arg(data).stdin(Stdio::null());
    let output = command.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// How often which call had which answer.
type Tally = BTreeMap<(&'static str, String), u64>;

async fn run(pair: &mut Pair, dice: &mut Dice, sequence: u64, tally: &mut Tally) {
    let number = sequence % SEQUENCES_OF_PAIR;
    let codes = pair.codes(&format!("pool-{number}"), sequence).await;
    let mut said = Sequence::new(sequence, number, codes);
    for step in 0..CALLS {
        let asked = said.next(dice, step);
        let told = pair.ask(&asked, &format!("sequence {sequence}, step {step}")).await;
        *tally.entry((asked.name(), told.name())).or_default() += 1;
        said.take(asked, told);
    }
    // Every answer is the answer of its id for ever, whatever has happened since.
    for (asked, told) in said.kept() {
        let again = pair.ask(asked, &format!("sequence {sequence}, asked again")).await;
        assert_eq!(&again, told, "sequence {sequence}: another answer to {asked:?}");
    }
    for asked in said.probes() {
        let told = pair.ask(&asked, &format!("the end of sequence {sequence}")).await;
        *tally.entry((asked.name(), told.name())).or_default() += 1;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn random_calls_come_to_the_same_in_memory_and_on_disk() {
    let _noise = crate::running::NOISE.read().await;
    let number = |name: &str, usual| std::env::var(name).map_or(usual, |text| text.parse().unwrap());
    let (sequences, seed) = (number("GRPC_SEQUENCES", SEQUENCES), number("GRPC_SEED", 1));
    let mut dice = Dice(0x9e37_79b9_7f4a_7c15 ^ seed);
    let (mut tally, mut facts, mut held) = (Tally::new(), 0, 0);
    for first in (0..sequences).step_by(usize::try_from(SEQUENCES_OF_PAIR).unwrap()) {
        let mut pair = Pair::start().await;
        for sequence in first..sequences.min(first + SEQUENCES_OF_PAIR) {
            run(&mut pair, &mut dice, sequence, &mut tally).await;
        }
        let (more, accounts) = pair.compare().await;
        facts += more;
        held += accounts;
    }
    for ((call, answer), count) in &tally {
        println!("{count:>8} {call} {answer}");
    }
    println!(
        "{sequences} sequences of {CALLS} calls, each to memory and to disk: {facts} facts, {held} accounts, the same"
    );
    // A run that never meets a limit would compare little.
    for reason in ["LimitReached", "CustomerLimitReached", "BudgetSpent"] {
        let is_met = |(of, answer): &(&str, String)| *of == "Quote" && answer.ends_with(reason);
        assert!(tally.keys().any(is_met), "nothing has met {reason}: {tally:?}");
    }
    for call in ["Reserve", "Commit", "Cancel", "Refund"] {
        let answers = tally.keys().filter(|(of, _)| *of == call).count();
        assert!(answers >= 3, "too few answers of a kind: {tally:?}");
    }
}
