//! What a fact changes: the one place where accounts do.

use super::balance::{Account, Balances, Key, Known, Outcome};
use super::certificate::Certificate;
use super::codes::{AttemptKey, Attempts, Batch, CodeState, NewCode, Pool, Terms};
use super::counter::{Counter, Take};
use super::fact::{Event, Fact};
use super::id::{CertificateKey, RequestId, SaleId};
use super::passbook::Step;
use super::purchase::Purchase;
use super::sale::{Issued, Sale, State};
use crate::money::Amount;
use crate::time::Instant;

impl Balances {
    /// Applies a fact. Which accounts it changes is told, so that a store can write them.
    pub fn apply(&mut self, fact: &Fact) -> Vec<Key> {
        let mut changed = Vec::new();
        let outcome = match &fact.event {
            Event::Reserved { sale, expires_at, purchase, takes } => {
                let account = Sale {
                    state: State::Held,
                    reserved_at: fact.at,
                    expires_at: *expires_at,
                    ended_at: None,
                    reserved: (**purchase).clone(),
                    paid: None,
                    takes: takes.clone(),
                    returns: Vec::new(),
                    issued: Vec::new(),
                };
                self.put(Key::Sale(*sale), Account::Sale(Box::new(account)));
                self.hold(takes, &mut changed);
                self.hold_payments(&purchase.payments, Step { sale: *sale, at: fact.at }, &mut changed);
                Some(Outcome::Reserved(*sale))
            }
            Event::Committed { sale, part, takes } => {
                self.pay(*sale, part.as_deref(), fact.at, &mut changed);
                self.release(*sale, &mut changed);
                self.keep(takes, &mut changed);
                self.change(*sale, |account| {
                    account.state = State::Committed;
                    account.ended_at = Some(fact.at);
                    account.paid = part.as_deref().cloned();
                    account.takes.clone_from(takes);
                });
                Some(Outcome::Committed(*sale))
            }
            Event::Cancelled { sale } => {
                self.end(*sale, State::Cancelled, fact, &mut changed);
                Some(Outcome::Cancelled(*sale))
            }
            Event::Expired { sale } => {
                self.end(*sale, State::Expired, fact, &mut changed);
                None
            }
            Event::Refunded { sale, back, takes } => {
                let before = self.sale(*sale).map(|account| account.takes.clone()).unwrap_or_default();
                self.unkeep(&before, &mut changed);
                self.keep(takes, &mut changed);
                let step = Step { sale: *sale, at: fact.at };
                self.return_payments(&back.payments, step, &mut changed);
                back.frozen.iter().for_each(|certificate| self.freeze(certificate, step, &mut changed));
                let mut place = 0;
                self.change(*sale, |account| {
                    place = account.returns.len();
                    account.returns.push((**back).clone());
                    account.takes.clone_from(takes);
                    for one in account.issued.iter_mut().filter(|one| back.frozen.contains(&one.certificate))
                    {
                        one.is_frozen = true;
                    }
                });
                Some(Outcome::Refunded(*sale, place))
            }
            Event::CodesAdded { pool, terms, codes } => {
                if let Some((request, _)) = &fact.call {
                    self.add_codes(*request, pool, terms, codes, &mut changed);
                }
                Some(Outcome::Done)
            }
            Event::CodeDisabled { code } => {
                if let Some(Account::Code(state)) = self.get_mut(&Key::Code(code.clone())) {
                    state.is_disabled = true;
                    changed.push(Key::Code(code.clone()));
                }
                Some(Outcome::Done)
            }
            Event::PoolDisabled { pool } => {
                let held = self.pool(pool).cloned().unwrap_or_default();
                self.put(Key::Pool(pool.clone()), Account::Pool(Pool { is_disabled: true, ..held }));
                changed.push(Key::Pool(pool.clone()));
                Some(Outcome::Done)
            }
            Event::Missed { by } => {
                for of in by {
                    let attempts = Attempts::and_one(self.attempts(of), fact.at);
                    self.put(Key::Attempts(of.clone()), Account::Attempts(attempts));
                    changed.push(Key::Attempts(of.clone()));
                    if let AttemptKey::Otp(certificate) = of {
                        self.miss_otp(certificate, &mut changed);
                    }
                }
                Some(Outcome::Done)
            }
            Event::CertificateIssued { certificate, .. } => {
                self.issued(fact, &mut changed);
                Some(Outcome::Issued(certificate.clone()))
            }
            Event::OtpSent { certificate, phone, otp } => {
                self.send_otp(certificate, phone, otp, fact.at, &mut changed);
                Some(Outcome::OtpSent(otp.expires_at))
            }
            Event::OtpUsed { certificate } => {
                self.use_otp(certificate, &mut changed);
                Some(self.as_of(certificate, fact.at))
            }
            Event::CertificateChanged { certificate, change, note } => {
                self.change_certificate(certificate, change, note, fact.at, &mut changed);
                Some(self.as_of(certificate, fact.at))
            }
            Event::CertificateExpired { certificate } => {
                self.expire_certificate(certificate, fact.at, &mut changed);
                None
            }
            Event::Refused { rejection } => Some(Outcome::Refused(rejection.clone())),
            Event::KeyUsed => Some(Outcome::Done),
        };
        changed.extend(fact.event.sale().map(Key::Sale));
        if let (Some((request, content)), Some(outcome)) = (&fact.call, outcome) {
            let known = Known { content: content.clone(), outcome };
            self.put(Key::Request(*request), Account::Request(known));
            changed.push(Key::Request(*request));
        }
        changed
    }

    /// A certificate as it stands, for the answer to a call.
    fn as_of(&self, certificate: &CertificateKey, at: Instant) -> Outcome {
        let entries = self.certificate(certificate).map_or(0, |certificate| certificate.entries);
        Outcome::Certificate(certificate.clone(), entries, at)
    }

    fn issued(&mut self, fact: &Fact, changed: &mut Vec<Key>) {
        let Event::CertificateIssued {
            id,
            certificate,
            last_four,
            sale,
            line,
            phone,
            currency,
            amount,
            expires_at,
        } = &fact.event
        else {
            return;
        };
        let new = Certificate {
            id: *id,
            last_four: last_four.clone(),
            sale: *sale,
            line: line.clone(),
            phone: phone.clone(),
            currency: currency.clone(),
            expires_at: *expires_at,
            issued: *amount,
            balance: Amount::ZERO,
            held: Amount::ZERO,
            spent: Amount::ZERO,
            expired: Amount::ZERO,
            blocked: Amount::ZERO,
            is_blocked: false,
            is_frozen: false,
            handed_over_at: None,
            owner_since: 0,
            entries: 0,
            otp: None,
        };
        self.issue(certificate, new, Step { sale: *sale, at: fact.at }, changed);
        let issued = Issued { line: line.clone(), certificate: certificate.clone(), is_frozen: false };
        self.change(*sale, |account| account.issued.push(issued));
    }

    /// What certificates pay of a purchase becomes final, before the purchase does.
    fn pay(&mut self, sale: SaleId, part: Option<&Purchase>, at: Instant, changed: &mut Vec<Key>) {
        let Some(account) = self.sale(sale).filter(|account| !account.reserved.payments.is_empty()) else {
            return;
        };
        let is_held = account.state == State::Held;
        let reserved = account.reserved.payments.clone();
        let paid = part.map_or(&reserved, |part| &part.payments).clone();
        self.spend_payments(&reserved, &paid, is_held, Step { sale, at }, changed);
    }

    fn add_codes(
        &mut self,
        request: RequestId,
        pool: &str,
        terms: &Terms,
        codes: &[NewCode],
        changed: &mut Vec<Key>,
    ) {
        let held = self.pool(pool).cloned().unwrap_or_default();
        let count = held.codes.saturating_add(u64::try_from(codes.len()).unwrap_or(u64::MAX));
        self.put(Key::Pool(pool.to_owned()), Account::Pool(Pool { codes: count, ..held }));
        let batch = Batch { pool: pool.to_owned(), terms: terms.clone() };
        self.put(Key::Batch(request), Account::Batch(Box::new(batch)));
        changed.extend([Key::Pool(pool.to_owned()), Key::Batch(request)]);
        for code in codes {
            let (number, terms) = (code.number, code.terms.clone());
            let state = CodeState { batch: request, number, terms, is_disabled: false };
            self.put(Key::Code(code.key.clone()), Account::Code(Box::new(state)));
            changed.push(Key::Code(code.key.clone()));
        }
    }

    /// Ends a sale that was not paid.
    fn end(&mut self, sale: SaleId, state: State, fact: &Fact, changed: &mut Vec<Key>) {
        let held = self.sale(sale).filter(|account| account.state == State::Held);
        let payments = held.map(|account| account.reserved.payments.clone()).unwrap_or_default();
        self.free_payments(&payments, Step { sale, at: fact.at }, changed);
        self.release(sale, changed);
        self.change(sale, |account| {
            account.state = state;
            account.ended_at = Some(fact.at);
        });
    }

    fn change(&mut self, sale: SaleId, change: impl FnOnce(&mut Sale)) {
        if let Some(Account::Sale(account)) = self.get_mut(&Key::Sale(sale)) {
            change(account);
        }
    }

    fn hold(&mut self, takes: &[Take], changed: &mut Vec<Key>) {
        self.count(takes, changed, |counter, amount| counter.held = counter.held.saturating_add(amount));
    }

    fn keep(&mut self, takes: &[Take], changed: &mut Vec<Key>) {
        self.count(takes, changed, |counter, amount| counter.kept = counter.kept.saturating_add(amount));
    }

    fn unkeep(&mut self, takes: &[Take], changed: &mut Vec<Key>) {
        self.count(takes, changed, |counter, amount| counter.kept = counter.kept.saturating_sub(amount));
    }

    /// What a sale holds is held no longer; a sale that holds nothing has nothing to release.
    fn release(&mut self, sale: SaleId, changed: &mut Vec<Key>) {
        let held = self.sale(sale).filter(|account| account.state == State::Held);
        let takes = held.map(|account| account.takes.clone()).unwrap_or_default();
        self.count(&takes, changed, |counter, amount| counter.held = counter.held.saturating_sub(amount));
    }

    fn count(&mut self, takes: &[Take], changed: &mut Vec<Key>, change: impl Fn(&mut Counter, u64)) {
        for take in takes {
            let key = Key::Counter(take.counter.clone());
            let mut counter = self.counter(&take.counter);
            change(&mut counter, take.amount);
            self.put(key.clone(), Account::Counter(counter));
            changed.push(key);
        }
    }
}
