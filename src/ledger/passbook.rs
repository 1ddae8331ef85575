//! Sums that move between the accounts of a certificate, each with its entry.

use super::balance::{Account, Balances, Key};
use super::certificate::{
    Certificate, Change, Entry, EntryKind, Note, Otp, Payment, RETURN_SECONDS, Sent, SentKey, Side,
};
use super::codes::PhoneKey;
use super::id::{CertificateKey, SaleId};
use crate::money::Amount;
use crate::time::Instant;

/// A sum that moves.
struct Move<'a> {
    at: Instant,
    kind: EntryKind,
    from: Side,
    to: Side,
    amount: Amount,
    sale: Option<SaleId>,
    note: Option<&'a Note>,
}

/// What happened to a purchase that certificates pay for.
#[derive(Clone, Copy)]
pub(super) struct Step {
    pub(super) sale: SaleId,
    pub(super) at: Instant,
}

impl Balances {
    /// A certificate comes into being.
    pub(super) fn issue(
        &mut self,
        key: &CertificateKey,
        certificate: Certificate,
        step: Step,
        changed: &mut Vec<Key>,
    ) {
        let amount = certificate.issued;
        self.put(Key::Certificate(key.clone()), Account::Certificate(Box::new(certificate)));
        let (from, to) = (Side::Issue, Side::Balance);
        self.shift(key, step.of(EntryKind::Issued, from, to, amount), changed);
    }

    /// A purchase is reserved. The passwords are used up.
    pub(super) fn hold_payments(&mut self, payments: &[Payment], step: Step, changed: &mut Vec<Key>) {
        for payment in payments {
            self.use_otp(&payment.certificate, changed);
            let held = step.of(EntryKind::Held, Side::Balance, Side::Held, payment.amount);
            self.shift(&payment.certificate, held, changed);
        }
    }

    /// A purchase is paid: of what was `reserved` what is `paid` is spent, and the rest is free. `is_held` says whether it was held until now.
    pub(super) fn spend_payments(
        &mut self,
        reserved: &[Payment],
        paid: &[Payment],
        is_held: bool,
        step: Step,
        changed: &mut Vec<Key>,
    ) {
        for before in reserved {
            let key = &before.certificate;
            let amount =
                paid.iter().find(|payment| payment.certificate == *key).map(|payment| payment.amount);
            let amount = amount.unwrap_or(Amount::ZERO);
            let from = if is_held { Side::Held } else { Side::Balance };
            self.shift_some(key, step.of(EntryKind::Spent, from, Side::Spent, amount), changed);
            if is_held {
                self.free(key, before.amount.above(amount), step, changed);
            }
        }
    }

    /// A purchase is called off, or its time is over.
    pub(super) fn free_payments(&mut self, payments: &[Payment], step: Step, changed: &mut Vec<Key>) {
        payments.iter().for_each(|payment| self.free(&payment.certificate, payment.amount, step, changed));
    }

    /// Goods come back. A certificate that is over opens again for a while: else the customer would get nothing. What had expired stays so.
    pub(super) fn return_payments(&mut self, payments: &[Payment], step: Step, changed: &mut Vec<Key>) {
        for payment in payments {
            let Some(certificate) = self.certificate(&payment.certificate) else { continue };
            if certificate.is_over(step.at) && certificate.balance > Amount::ZERO {
                self.expire_certificate(&payment.certificate, step.at, changed);
            }
            let Some(certificate) = self.certificate_mut(&payment.certificate) else { continue };
            if certificate.is_over(step.at) {
                let until = Instant::from_unix(step.at.unix().saturating_add(RETURN_SECONDS));
                certificate.expires_at = until.unwrap_or(step.at);
            }
            let home = certificate.home();
            let back = step.of(EntryKind::Returned, Side::Spent, home, payment.amount);
            self.shift(&payment.certificate, back, changed);
        }
    }

    /// The piece that a certificate was sold as comes back: it is out of use for good.
    pub(super) fn freeze(&mut self, key: &CertificateKey, step: Step, changed: &mut Vec<Key>) {
        let Some(certificate) = self.certificate_mut(key) else { return };
        certificate.is_frozen = true;
        certificate.otp = None;
        let (from, amount) = match certificate.is_blocked {
            true => (Side::Blocked, certificate.blocked),
            false => (Side::Balance, certificate.balance),
        };
        self.shift(key, step.of(EntryKind::Frozen, from, Side::Blocked, amount), changed);
    }

    /// Support changes a certificate.
    pub(super) fn change_certificate(
        &mut self,
        key: &CertificateKey,
        change: &Change,
        note: &Note,
        at: Instant,
        changed: &mut Vec<Key>,
    ) {
        let Some(certificate) = self.certificate_mut(key) else { return };
        let (kind, from, to, amount) = match change {
            Change::Block => {
                certificate.is_blocked = true;
                certificate.handed_over_at = Some(at);
                (EntryKind::Blocked, Side::Balance, Side::Blocked, certificate.balance)
            }
            Change::Unblock => {
                certificate.is_blocked = false;
                (EntryKind::Unblocked, Side::Blocked, Side::Balance, certificate.blocked)
            }
            Change::Extend(until) => {
                certificate.expires_at = *until;
                (EntryKind::Extended, Side::Expired, certificate.home(), certificate.expired)
            }
            Change::Transfer(phone) => {
                certificate.phone = phone.clone();
                certificate.handed_over_at = Some(at);
                certificate.owner_since = certificate.entries;
                (EntryKind::Transferred, Side::Balance, Side::Balance, Amount::ZERO)
            }
        };
        // Whoever has a password that was sent before has it of somebody else.
        certificate.otp = None;
        self.shift(key, Move { at, kind, from, to, amount, sale: None, note: Some(note) }, changed);
    }

    /// The time of a certificate is over.
    pub(super) fn expire_certificate(&mut self, key: &CertificateKey, at: Instant, changed: &mut Vec<Key>) {
        let Some(certificate) = self.certificate_mut(key) else { return };
        let (from, to, amount) = (Side::Balance, Side::Expired, certificate.balance);
        self.shift(
            key,
            Move { at, kind: EntryKind::Expired, from, to, amount, sale: None, note: None },
            changed,
        );
    }

    /// A password is sent.
    pub(super) fn send_otp(
        &mut self,
        key: &CertificateKey,
        phone: &PhoneKey,
        otp: &Otp,
        at: Instant,
        changed: &mut Vec<Key>,
    ) {
        if let Some(certificate) = self.certificate_mut(key) {
            certificate.otp = Some(otp.clone());
            changed.push(Key::Certificate(key.clone()));
        }
        for to in [SentKey::Phone(phone.clone()), SentKey::All] {
            let sent = Sent::and_one(self.sent(&to), at);
            self.put(Key::Sent(to.clone()), Account::Sent(sent));
            changed.push(Key::Sent(to));
        }
    }

    /// A password is used up.
    pub(super) fn use_otp(&mut self, key: &CertificateKey, changed: &mut Vec<Key>) {
        if let Some(certificate) = self.certificate_mut(key) {
            certificate.otp = None;
            changed.push(Key::Certificate(key.clone()));
        }
    }

    /// A password was wrong.
    pub(super) fn miss_otp(&mut self, key: &CertificateKey, changed: &mut Vec<Key>) {
        if let Some(otp) = self.certificate_mut(key).and_then(|certificate| certificate.otp.as_mut()) {
            otp.tries = otp.tries.saturating_add(1);
            changed.push(Key::Certificate(key.clone()));
        }
    }

    fn free(&mut self, key: &CertificateKey, amount: Amount, step: Step, changed: &mut Vec<Key>) {
        let home = self.certificate(key).map_or(Side::Balance, Certificate::home);
        self.shift_some(key, step.of(EntryKind::Released, Side::Held, home, amount), changed);
    }

    fn certificate_mut(&mut self, key: &CertificateKey) -> Option<&mut Certificate> {
        match self.get_mut(&Key::Certificate(key.clone())) {
            Some(Account::Certificate(certificate)) => Some(certificate),
            _ => None,
        }
    }

    fn shift_some(&mut self, key: &CertificateKey, moved: Move<'_>, changed: &mut Vec<Key>) {
        if !moved.amount.is_zero() {
            self.shift(key, moved, changed);
        }
    }

    /// Moves a sum, and writes its entry.
    fn shift(&mut self, key: &CertificateKey, moved: Move<'_>, changed: &mut Vec<Key>) {
        let Move { at, kind, from, to, amount, sale, note } = moved;
        let Some(certificate) = self.certificate_mut(key) else { return };
        if let Some(side) = certificate.side(from) {
            *side -= amount;
        }
        if let Some(side) = certificate.side(to) {
            *side += amount;
        }
        let place = certificate.entries;
        certificate.entries = place.saturating_add(1);
        let entry = Entry {
            certificate: certificate.id,
            currency: certificate.currency.clone(),
            at,
            kind,
            from,
            to,
            amount,
            balance: certificate.balance,
            held: certificate.held,
            expires_at: certificate.expires_at,
            standing: certificate.standing(),
            sale,
            note: note.cloned(),
        };
        let name = Key::Entry(key.clone(), place);
        self.put(name.clone(), Account::Entry(Box::new(entry)));
        changed.extend([Key::Certificate(key.clone()), name]);
    }
}

impl Step {
    fn of(self, kind: EntryKind, from: Side, to: Side, amount: Amount) -> Move<'static> {
        Move { at: self.at, kind, from, to, amount, sale: Some(self.sale), note: None }
    }
}
