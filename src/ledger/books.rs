//! The books of all certificates: do the accounts of each add up, and are they what its purchases say?

use std::collections::BTreeMap;

use super::balance::Account;
use super::certificate::Certificate;
use super::id::RequestId;
use super::sale::State;
use crate::money::Amount;

/// What purchases say of one certificate.
#[derive(Debug, Clone, Copy, Default)]
struct Told {
    held: Amount,
    spent: Amount,
}

/// What a certificate says of itself.
#[derive(Debug, Clone, Copy)]
struct Own {
    adds_up: bool,
    held: Amount,
    spent: Amount,
}

/// The sums of all certificates of one currency.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Sums {
    /// How many there are.
    pub certificates: u64,
    /// What they were issued for.
    pub issued: Amount,
    /// What may be spent.
    pub balance: Amount,
    /// What is held.
    pub held: Amount,
    /// What was spent.
    pub spent: Amount,
    /// What has expired.
    pub expired: Amount,
    /// What was taken out of use.
    pub blocked: Amount,
}

impl Sums {
    /// Whether `issued = balance + held + spent + expired + blocked`.
    #[must_use]
    pub fn add_up(&self) -> bool {
        self.balance + self.held + self.spent + self.expired + self.blocked == self.issued
    }

    fn add(&mut self, one: &Certificate) {
        self.certificates += 1;
        self.issued += one.issued;
        self.balance += one.balance;
        self.held += one.held;
        self.spent += one.spent;
        self.expired += one.expired;
        self.blocked += one.blocked;
    }
}

/// Accounts that were looked at, certificates and purchases.
#[derive(Debug, Default)]
pub struct Books {
    certificates: BTreeMap<RequestId, Own>,
    told: BTreeMap<RequestId, Told>,
    sums: BTreeMap<String, Sums>,
}

impl Books {
    /// Takes in an account; those of other kinds say nothing of certificates.
    pub fn add(&mut self, account: &Account) {
        match account {
            Account::Certificate(certificate) => {
                self.sums.entry(certificate.currency.clone()).or_default().add(certificate);
                let (held, spent) = (certificate.held, certificate.spent);
                let own = Own { adds_up: certificate.adds_up(), held, spent };
                self.certificates.insert(certificate.id, own);
            }
            Account::Sale(sale) if sale.state == State::Held => {
                for payment in &sale.reserved.payments {
                    self.told.entry(payment.id).or_default().held += payment.amount;
                }
            }
            Account::Sale(sale) if sale.state == State::Committed => {
                for payment in &sale.sold().payments {
                    self.told.entry(payment.id).or_default().spent += payment.amount;
                }
                for payment in sale.returns.iter().flat_map(|back| &back.payments) {
                    self.told.entry(payment.id).or_default().spent -= payment.amount;
                }
            }
            _ => {}
        }
    }

    /// The sums by currency.
    #[must_use]
    pub fn sums(&self) -> &BTreeMap<String, Sums> {
        &self.sums
    }

    /// The ids of certificates whose accounts do not add up, or are not what purchases say.
    #[must_use]
    pub fn wrong(&self) -> Vec<RequestId> {
        let of = |id: &RequestId| self.told.get(id).copied().unwrap_or_default();
        let is_wrong = |(id, one): &(&RequestId, &Own)| {
            let told = of(id);
            !one.adds_up || (one.held, one.spent) != (told.held, told.spent)
        };
        let own = self.certificates.iter().filter(is_wrong).map(|(id, _)| *id);
        let missing = self.told.keys().filter(|id| !self.certificates.contains_key(id)).copied();
        own.chain(missing).collect()
    }
}
