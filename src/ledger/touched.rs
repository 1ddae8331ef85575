//! Which accounts a decision looks at, and which a fact changes: what a store must fetch before.

use super::balance::{Balances, Key};
use super::certificate::SentKey;
use super::codes::AttemptKey;
use super::command::{Action, Command, Presented};
use super::counter::{CounterKey, Take};
use super::fact::{Event, Fact};
use super::id::{CertificateKey, SaleId};

/// The accounts that a decision on `command` looks at, as far as `balances` shows them: once those are there, it may ask for more.
#[must_use]
pub fn touched(balances: &Balances, command: &Command) -> Vec<Key> {
    let mut keys = vec![Key::Request(command.request)];
    let (sale, takes) = match &command.action {
        Action::Reserve(reserve) => (Some(command.request.sale()), reserve.takes.as_slice()),
        Action::Commit(commit) => {
            let takes = commit.part.as_ref().map(|part| part.takes.as_slice()).unwrap_or_default();
            (Some(commit.sale), takes)
        }
        Action::Cancel(sale) => (Some(*sale), [].as_slice()),
        Action::Refund(refund) => {
            let takes = refund.repriced.as_ref().map(|repriced| repriced.takes.as_slice());
            (Some(refund.sale), takes.unwrap_or_default())
        }
        _ => (None, [].as_slice()),
    };
    match &command.action {
        Action::AddCodes(add) => {
            keys.push(Key::Pool(add.pool.clone()));
            keys.extend(add.codes.iter().map(|code| Key::Code(code.key.clone())));
        }
        Action::DisableCode(code) => keys.push(Key::Code(code.clone())),
        Action::DisablePool(pool) => keys.push(Key::Pool(pool.clone())),
        Action::Miss(by) => keys.extend(by.iter().flat_map(touched_by_miss)),
        Action::Reserve(reserve) => {
            let presented = reserve.pay.iter().map(|pay| &pay.presented);
            keys.extend(presented.flat_map(|presented| touched_by_try(balances, presented)));
        }
        Action::Look(look) => keys.extend(touched_by_try(balances, &look.presented)),
        Action::AskOtp(ask) => {
            let presented = Presented { certificates: ask.certificates.clone(), otps: Vec::new() };
            keys.extend(touched_by_try(balances, &presented));
            keys.extend(ask.phones.iter().cloned().map(SentKey::Phone).chain([SentKey::All]).map(Key::Sent));
        }
        // Not the certificates that were issued before: of a thousand pieces each would read all.
        Action::Issue(issue) => {
            keys.extend([Key::Sale(issue.sale), Key::Certificate(issue.certificate.clone())]);
        }
        Action::Refund(refund) => keys.extend(touched_by_return(balances, refund.sale)),
        Action::ChangeCertificate(change) => keys.push(Key::Certificate(change.certificate.clone())),
        _ => {}
    }
    keys.extend(takes.iter().flat_map(|take| touched_by_take(balances, take)));
    keys.extend(sale.into_iter().flat_map(|sale| touched_by_sale(balances, sale)));
    keys
}

/// The accounts of a certificate that somebody tries to open.
fn touched_by_try(balances: &Balances, presented: &Presented) -> Vec<Key> {
    let counted = presented.certificates.iter().filter_map(|key| Some((key, balances.certificate(key)?)));
    let counted = counted.flat_map(|(key, certificate)| {
        let of_phone = AttemptKey::OtpPhone(certificate.phone.clone());
        [AttemptKey::Otp(key.clone()), AttemptKey::OtpStranger(key.clone()), of_phone]
    });
    let certificates = presented.certificates.iter().cloned().map(Key::Certificate);
    certificates.chain(counted.chain([AttemptKey::OtpAll]).map(Key::Attempts)).collect()
}

/// The accounts of a sale and of what it takes, as far as `balances` shows them.
#[must_use]
pub fn touched_by_sale(balances: &Balances, sale: SaleId) -> Vec<Key> {
    let takes = balances.sale(sale).map(|sale| sale.takes.as_slice()).unwrap_or_default();
    let counters = takes.iter().flat_map(|take| touched_by_take(balances, take));
    let account = balances.sale(sale);
    let paid_by =
        account.into_iter().flat_map(|sale| &sale.reserved.payments).map(|payment| &payment.certificate);
    let certificates = paid_by.cloned().map(Key::Certificate);
    std::iter::once(Key::Sale(sale)).chain(counters).chain(certificates).collect()
}

/// The certificates that may come back with the goods of a sale.
fn touched_by_return(balances: &Balances, sale: SaleId) -> Vec<Key> {
    let issued = balances.sale(sale).into_iter().flat_map(|sale| &sale.issued);
    issued.map(|issued| Key::Certificate(issued.certificate.clone())).collect()
}

/// A counter; of a code also whether it is in use.
fn touched_by_take(balances: &Balances, take: &Take) -> Vec<Key> {
    let mut keys = vec![Key::Counter(take.counter.clone())];
    if let CounterKey::Code(code) = &take.counter {
        let batch = balances.code(code).map(|state| state.batch);
        let pool = batch.and_then(|batch| balances.batch(batch)).map(|batch| batch.pool.clone());
        keys.push(Key::Code(code.clone()));
        keys.extend(batch.map(Key::Batch));
        keys.extend(pool.map(Key::Pool));
    }
    keys
}

/// The accounts that a fact changes, as far as `balances` shows them.
#[must_use]
pub fn touched_by_fact(balances: &Balances, fact: &Fact) -> Vec<Key> {
    let takes = match &fact.event {
        Event::Reserved { takes, .. } | Event::Committed { takes, .. } | Event::Refunded { takes, .. } => {
            takes.as_slice()
        }
        Event::CodesAdded { pool, .. } | Event::PoolDisabled { pool } => {
            return vec![Key::Pool(pool.clone())];
        }
        Event::CodeDisabled { code } => return vec![Key::Code(code.clone())],
        Event::Missed { by } => return by.iter().flat_map(touched_by_miss).collect(),
        Event::OtpSent { certificate, phone, .. } => {
            let sent = [SentKey::Phone(phone.clone()), SentKey::All].map(Key::Sent);
            return std::iter::once(Key::Certificate(certificate.clone())).chain(sent).collect();
        }
        Event::OtpUsed { certificate }
        | Event::CertificateChanged { certificate, .. }
        | Event::CertificateExpired { certificate } => return vec![Key::Certificate(certificate.clone())],
        Event::Cancelled { .. }
        | Event::Expired { .. }
        | Event::CertificateIssued { .. }
        | Event::Refused { .. }
        | Event::KeyUsed => &[],
    };
    let certificates: Vec<CertificateKey> = match &fact.event {
        Event::Reserved { purchase, .. } => {
            purchase.payments.iter().map(|payment| payment.certificate.clone()).collect()
        }
        Event::CertificateIssued { certificate, .. } => vec![certificate.clone()],
        Event::Refunded { back, .. } => back.frozen.clone(),
        _ => Vec::new(),
    };
    let counters = takes.iter().map(|take| Key::Counter(take.counter.clone()));
    let own = fact.event.sale().map(|sale| touched_by_sale(balances, sale)).unwrap_or_default();
    counters.chain(own).chain(certificates.into_iter().map(Key::Certificate)).collect()
}

/// The counter of a failed attempt; of a password also the certificate, which counts its tries.
fn touched_by_miss(by: &AttemptKey) -> Vec<Key> {
    let certificate = match by {
        AttemptKey::Otp(certificate) => Some(Key::Certificate(certificate.clone())),
        _ => None,
    };
    std::iter::once(Key::Attempts(by.clone())).chain(certificate).collect()
}
