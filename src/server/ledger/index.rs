//! What an index is: accounts by name, how far it has come in the journal, and a digest of all that it holds.

use std::collections::BTreeMap;
use std::fmt::{self, Debug};
use std::ops::ControlFlow;

use super::encode::SEAL_BYTES;
use super::error::Error;
use crate::ledger::{Account, CertificateKey, Counter, CounterKey, Entry, Key, Sale, SaleId};
use crate::time::Instant;

/// How far an index has come, and what it holds there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Mark {
    /// The last record of the journal that it holds; 0 before the first.
    pub sequence: u64,
    /// Of all its accounts.
    pub digest: StateDigest,
}

/// A digest of a set of accounts: the sum of their seals. It does not depend on the order in which they were written, and two
/// engines that hold the same have the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct StateDigest(u128);

impl StateDigest {
    /// With one account more.
    pub fn add(&mut self, sealed: &[u8]) {
        self.0 = self.0.wrapping_add(number(sealed));
    }

    /// With one account less.
    pub fn remove(&mut self, sealed: &[u8]) {
        self.0 = self.0.wrapping_sub(number(sealed));
    }

    /// Its 16 bytes.
    #[must_use]
    pub fn to_bytes(self) -> [u8; 16] {
        self.0.to_le_bytes()
    }

    /// From its 16 bytes.
    #[must_use]
    pub fn from_bytes(bytes: [u8; 16]) -> Self {
        StateDigest(u128::from_le_bytes(bytes))
    }
}

impl fmt::Display for StateDigest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", self.0)
    }
}

/// The seal at the head of an account.
fn number(sealed: &[u8]) -> u128 {
    let mut seal = [0; SEAL_BYTES];
    seal.iter_mut().zip(sealed).for_each(|(byte, of_account)| *byte = *of_account);
    u128::from_le_bytes(seal)
}

/// Looks at one sale, and says whether it wants more.
pub type LookAtSale<'a> = dyn FnMut(&Sale) -> ControlFlow<()> + 'a;

/// Looks at one entry of a certificate, and says whether it wants more.
pub type LookAtEntry<'a> = dyn FnMut(&Entry) -> ControlFlow<()> + 'a;

/// Where a batch finds the accounts that it looks at.
pub(super) trait Source {
    /// The accounts of these names, in their order.
    ///
    /// # Errors
    /// One cannot be read, or is not what was written.
    fn load(&self, keys: &[Key]) -> Result<Vec<Option<Account>>, Error>;
}

impl Source for dyn Index + '_ {
    fn load(&self, keys: &[Key]) -> Result<Vec<Option<Account>>, Error> {
        self.get_all(keys)
    }
}

/// Accounts that follow from the facts. One writes, any number read beside it.
pub trait Index: Send + Sync + Debug {
    /// An account.
    ///
    /// # Errors
    /// It cannot be read, or is not what was written.
    fn get(&self, key: &Key) -> Result<Option<Account>, Error>;

    /// Several accounts, in the order in which they are asked for.
    ///
    /// # Errors
    /// One cannot be read, or is not what was written.
    fn get_all(&self, keys: &[Key]) -> Result<Vec<Option<Account>>, Error> {
        keys.iter().map(|key| self.get(key)).collect()
    }

    /// Changes accounts, all or none, to what they are after record `sequence`.
    ///
    /// # Errors
    /// It cannot be written.
    fn apply(&self, changes: &BTreeMap<Key, Account>, sequence: u64) -> Result<(), Error>;

    /// How far it has come.
    fn mark(&self) -> Mark;

    /// The sales whose holds are not resolved, with the moment when they end.
    ///
    /// # Errors
    /// It cannot be read.
    fn holds(&self) -> Result<Vec<(Instant, SaleId)>, Error>;

    /// Every counter.
    ///
    /// # Errors
    /// It cannot be read.
    fn counters(&self) -> Result<Vec<(CounterKey, Counter)>, Error>;

    /// The certificates with a balance, and when they end.
    ///
    /// # Errors
    /// One cannot be read.
    fn ends(&self) -> Result<Vec<(Instant, CertificateKey)>, Error>;

    /// Every account, one after another.
    ///
    /// # Errors
    /// One cannot be read, or is not what was written.
    fn each(&self, look: &mut dyn FnMut(&[u8], &Account)) -> Result<(), Error>;

    /// Every sale, one after another and each as it is at that moment, until `look` has seen enough. May run for long beside the writer.
    ///
    /// # Errors
    /// One cannot be read, or is not what was written.
    fn sales(&self, look: &mut LookAtSale<'_>) -> Result<(), Error> {
        let mut flow = ControlFlow::Continue(());
        self.each(&mut |_, account| {
            if let (Account::Sale(sale), ControlFlow::Continue(())) = (account, flow) {
                flow = look(sale);
            }
        })
    }

    /// Every entry of a certificate, one after another, until `look` has seen enough. May run for long beside the writer.
    ///
    /// # Errors
    /// One cannot be read, or is not what was written.
    fn entries(&self, look: &mut LookAtEntry<'_>) -> Result<(), Error> {
        let mut flow = ControlFlow::Continue(());
        self.each(&mut |_, account| {
            if let (Account::Entry(entry), ControlFlow::Continue(())) = (account, flow) {
                flow = look(entry);
            }
        })
    }

    /// Something of it was found to be damaged: the next start reads all of it, and builds it anew where that is so.
    fn distrust(&self);

    /// Ends in good order: what was applied is on disk.
    ///
    /// # Errors
    /// It cannot be written.
    fn close(&self) -> Result<(), Error>;
}
