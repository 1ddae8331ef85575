//! Random commands: every engine answers as the model does, and comes to the same facts and balances.
//!
//! `LEDGER_SEQUENCES=100000 cargo test --release --test it ledger::random -- --nocapture` for a long run; `ledger::shared::random` over
//! PostgreSQL too.

mod books;
mod gifts;

use std::collections::BTreeMap;

use pricewright::ledger::{
    Action, AddCodes, AttemptKey, CodeKey, Command, Commit, Content, CounterKey, CustomerKey, Limit, NewCode,
    Part, Refund, Rejection, Repriced, RequestId, Reserve, ReturnedUnits, SaleId, Take, Terms,
};
use pricewright::promotion::OnRefund;
use pricewright::time::Instant;

use super::engines::{Engines, said};
use super::table::{purchase, reserve};
use gifts::Gifts;

/// Sequences of a test run.
const SEQUENCES: u64 = 300;
/// Commands of a sequence.
const COMMANDS: u64 = 50;
/// Commands of one about certificates: the first few make some.
const COMMANDS_OF_GIFTS: u64 = 120;

pub(super) struct Dice(pub(super) u64);

impl Dice {
    pub(super) fn below(&mut self, bound: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) % bound
    }

    pub(super) fn is_one_in(&mut self, bound: u64) -> bool {
        self.below(bound) == 0
    }
}

#[test]
fn random_commands_come_to_the_same_on_every_engine() {
    check(Engines::new(), SEQUENCES);
}

pub(super) fn check(mut engines: Engines, sequences: u64) {
    let _noise = crate::running::NOISE.blocking_read();
    let sequences = std::env::var("LEDGER_SEQUENCES").map_or(sequences, |text| text.parse().unwrap());
    let seed = std::env::var("LEDGER_SEED").map_or(1, |text| text.parse().unwrap());
    let mut dice = Dice(0x9e37_79b9_7f4a_7c15 ^ seed);
    let mut answered = [0_u64; 2];
    let mut answers: BTreeMap<String, u64> = BTreeMap::new();
    let mut second = 0;
    for sequence in 0..sequences {
        let mut asked: Vec<Command> = Vec::new();
        // Every second sequence is about certificates, whose passwords need minutes and hours.
        let is_of_gifts = sequence % 2 == 1;
        let steps = if is_of_gifts { COMMANDS_OF_GIFTS } else { COMMANDS };
        for step in 0..steps {
            second += dice.below(4);
            let mut command = if is_of_gifts {
                second += gifts::pause(&mut dice);
                let balances = &engines.model.balances;
                let mut gifts = Gifts { dice: &mut dice, sequence, second, balances, said: &asked };
                let action = gifts.action(step);
                let content = Content(format!("{sequence}/{step}"));
                Command { request: request(sequence, step), content, at: moment(second), action }
            } else {
                command(&mut dice, sequence, step, second, &asked)
            };
            if dice.is_one_in(8) && !asked.is_empty() {
                command = again(&mut dice, command, &asked, second);
            }
            let answer = engines.answer(&command, &format!("sequence {sequence}, step {step}: {command:?}"));
            answered[usize::from(answer.is_ok())] += 1;
            if is_of_gifts {
                let told: String = said(&answer).chars().filter(|letter| !letter.is_ascii_digit()).collect();
                *answers.entry(told).or_default() += 1;
            }
            asked.push(command);
        }
        second = close(&mut engines, sequence, steps, second);
        books::check(&engines.model.balances, &format!("sequence {sequence}"));
        engines.close_sequence();
        if sequence % 10_000 == 9_999 {
            println!("{} sequences", sequence + 1);
        }
    }
    let facts = engines.compare();
    println!(
        "{sequences} sequences of {COMMANDS} commands, or {COMMANDS_OF_GIFTS} about certificates: {} kept or answered again, {} turned down, {facts} facts, the same everywhere",
        answered[1], answered[0],
    );
    println!("of certificates: {answers:?}");
    gifts::all_were_met(&answers);
    assert!(answered.iter().all(|&count| count > sequences), "too few of a kind: {answered:?}");
}

/// An answer was lost, and the caller asks again; or uses an id twice.
fn again(dice: &mut Dice, command: Command, asked: &[Command], second: u64) -> Command {
    let place = dice.below(u64::try_from(asked.len()).unwrap());
    let mut again = asked[usize::try_from(place).unwrap()].clone();
    again.at = command.at;
    if let Action::Reserve(reserve) = &mut again.action {
        // What was refused may be kept now. A hold that is over as it begins would end at a moment that the machine's load decides.
        reserve.expires_at = reserve.expires_at.max(moment(second + 1));
    }
    if dice.is_one_in(3) {
        again.content.0.push('!');
    }
    again
}

/// All holds end, and then all certificates; the moment after that.
fn close(engines: &mut Engines, sequence: u64, steps: u64, second: u64) -> u64 {
    let mut second = second + 3_000;
    let end = |engines: &mut Engines, step, second| {
        let (request, action) = (request(sequence, step), Action::Refuse(Rejection::QuoteExpired));
        let command = Command { request, content: Content("end".to_owned()), at: moment(second), action };
        let _ = engines.answer(&command, "end");
    };
    end(engines, steps, second);
    if let Some(last) = engines.model.last_end() {
        second = second.max(u64::try_from(last.unix()).unwrap());
        end(engines, steps + 1, second);
    }
    second
}

fn moment(second: u64) -> Instant {
    Instant::from_unix(i64::try_from(second).unwrap()).unwrap()
}

fn request(sequence: u64, step: u64) -> RequestId {
    let mut bytes = [1; 16];
    bytes[..8].copy_from_slice(&sequence.to_be_bytes());
    bytes[8..].copy_from_slice(&(step + 1).to_be_bytes());
    RequestId::from_bytes(bytes)
}

fn command(dice: &mut Dice, sequence: u64, step: u64, second: u64, said: &[Command]) -> Command {
    let (request, at) = (request(sequence, step), moment(second));
    // Mostly a sale that there is.
    let sale = if said.is_empty() || dice.is_one_in(12) {
        request.sale()
    } else {
        some_sale(dice, said).unwrap_or(request.sale())
    };
    let takes = |dice: &mut Dice| takes(dice, sequence);
    let action = match dice.below(10) {
        0..=3 => {
            let expires_at = moment(second + 1 + dice.below(60));
            let total = 700 + i64::try_from(dice.below(400)).unwrap();
            Action::Reserve(Box::new(Reserve { takes: takes(dice), ..reserve(purchase(total), expires_at) }))
        }
        4..=6 => {
            let part = dice.is_one_in(3).then(|| Part { purchase: purchase(800), takes: takes(dice) });
            Action::Commit(Box::new(Commit { sale, part }))
        }
        7 => Action::Cancel(sale),
        8 => {
            let repriced = dice.is_one_in(3).then(|| Repriced {
                returns: usize::try_from(dice.below(3)).unwrap(),
                purchase: purchase(700 + i64::try_from(dice.below(300)).unwrap()),
                takes: takes(dice),
            });
            let units = (0..dice.below(3)).map(|_| units(dice)).collect();
            Action::Refund(Box::new(Refund {
                sale,
                units,
                certificates: Vec::new(),
                delivery: dice.is_one_in(4),
                repriced,
            }))
        }
        _ => match dice.below(5) {
            0 => Action::Refuse(Rejection::BudgetSpent("p".to_owned())),
            1 => Action::DisableCode(code(sequence, dice.below(6))),
            2 => Action::Miss(vec![
                AttemptKey::Caller(format!("{sequence}")),
                AttemptKey::Pin(code(sequence, 0)),
            ]),
            3 if dice.is_one_in(4) => Action::DisablePool(format!("pool-{sequence}")),
            _ => Action::AddCodes(Box::new(add_codes(dice, sequence))),
        },
    };
    Command { request, content: Content(format!("{sequence}/{step}")), at, action }
}

fn code(sequence: u64, number: u64) -> CodeKey {
    CodeKey(format!("code-{sequence}-{number}"))
}

/// Some of the few codes of a sequence: those that are there already are refused.
fn add_codes(dice: &mut Dice, sequence: u64) -> AddCodes {
    let terms = Terms {
        uses: Some(2),
        from: None,
        until: None,
        birthday: None,
        customer: None,
        phone: None,
        pin: None,
    };
    let codes = (0..1 + dice.below(2)).map(|place| NewCode {
        key: code(sequence, dice.below(6)),
        number: u32::try_from(place).unwrap(),
        terms: dice.is_one_in(2).then(|| Box::new(terms.clone())),
    });
    AddCodes { pool: format!("pool-{sequence}"), codes: codes.collect(), terms }
}

fn some_sale(dice: &mut Dice, said: &[Command]) -> Option<SaleId> {
    let reserved: Vec<SaleId> = said
        .iter()
        .filter(|command| matches!(command.action, Action::Reserve(_)))
        .map(|command| command.request.sale())
        .collect();
    let place = dice.below(u64::try_from(reserved.len()).unwrap().max(1));
    reserved.get(usize::try_from(place).unwrap()).copied()
}

fn units(dice: &mut Dice) -> ReturnedUnits {
    let line = if dice.is_one_in(10) { "2" } else { "1" };
    let group = dice.is_one_in(2).then(|| usize::try_from(dice.below(3)).unwrap());
    ReturnedUnits { line: line.to_owned(), group, quantity: u32::try_from(dice.below(3)).unwrap() }
}

/// Takes of counters that only this sequence knows, with little room.
fn takes(dice: &mut Dice, sequence: u64) -> Vec<Take> {
    let mut takes: Vec<Take> = Vec::new();
    for _ in 0..dice.below(4) {
        let promotion =
            format!("{}-{sequence}", ["spring", "two", "gift"][usize::try_from(dice.below(3)).unwrap()]);
        let of = promotion.clone();
        let (counter, amount, limit) = match dice.below(5) {
            4 => (CounterKey::Code(code(sequence, dice.below(6))), 1, Limit::Ever(2)),
            0 => (CounterKey::Total(promotion), 1, Limit::Ever(3)),
            1 => {
                let who = CustomerKey(format!("c{}", dice.below(2)));
                (CounterKey::Customer(promotion, who), 1, Limit::Ever(2))
            }
            2 => (CounterKey::Budget(promotion), 1 + dice.below(300), Limit::Ever(900)),
            _ => (CounterKey::Stock(promotion, String::new()), 1, Limit::Now(2)),
        };
        let on_refund = if dice.is_one_in(2) { OnRefund::Restore } else { OnRefund::Keep };
        if takes.iter().all(|take| take.counter != counter) {
            takes.push(Take { promotion: of, counter, amount, limit, on_refund });
        }
    }
    takes
}
