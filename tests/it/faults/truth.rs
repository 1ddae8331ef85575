//! What a ledger that nothing has happened to says: the balances after each record of its journal, and where each call was kept.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use pricewright::ledger::{Account, Balances, Key, SaleId, State};
use pricewright::server::journal;
use pricewright::server::ledger::encode;
use pricewright::server::ledger::index::StateDigest;
use pricewright::server::ledger::{Ledger, Options};

/// The whole history of a journal.
pub(super) struct Truth {
    /// The digest of all balances after each record; the first is that of nothing.
    pub(super) digests: Vec<StateDigest>,
    /// The record of each call.
    pub(super) requests: BTreeMap<String, u64>,
}

impl Truth {
    /// Reads the journal below `ledger`, which is whole.
    pub(super) fn read(ledger: &Path) -> Self {
        let mut truth = Truth { digests: vec![StateDigest::default()], requests: BTreeMap::new() };
        let (mut balances, mut sealed, mut digest) =
            (Balances::default(), BTreeMap::<Key, Vec<u8>>::new(), StateDigest::default());
        for record in journal::reader(&ledger.join("journal"), 1).unwrap() {
            let record = record.unwrap();
            for fact in encode::read_record(record.sequence, &record.payload).unwrap() {
                for key in balances.apply(&fact) {
                    let account = encode::account(&encode::key(&key), balances.get(&key).unwrap());
                    digest.add(&account);
                    sealed.insert(key, account).iter().for_each(|before| digest.remove(before));
                }
                let requests = fact.call.iter().map(|(request, _)| (request.to_string(), record.sequence));
                truth.requests.extend(requests);
            }
            truth.digests.push(digest);
        }
        truth
    }

    /// Opens the ledger and compares: how many records it has, or what is wrong.
    pub(super) fn compare(&self, ledger: &Path) -> Result<u64, String> {
        let options = Options::Embedded(ledger.to_owned());
        let ledger = Ledger::open(&options).map_err(|error| format!("it does not open: {error}"))?;
        let mark = ledger.index().mark();
        let (mut digest, mut held) = (StateDigest::default(), BTreeSet::new());
        let mut look = |name: &[u8], account: &Account| {
            digest.add(&encode::account(name, account));
            if let Account::Sale(sale) = account
                && sale.state == State::Held
            {
                held.insert((
                    sale.expires_at,
                    SaleId::parse(std::str::from_utf8(&name[1..]).unwrap()).unwrap(),
                ));
            }
        };
        ledger.index().each(&mut look).map_err(|error| format!("it cannot be read: {error}"))?;
        let listed: BTreeSet<_> =
            ledger.index().holds().map_err(|error| error.to_string())?.into_iter().collect();
        if listed != held {
            return Err(format!("other holds after record {}", mark.sequence));
        }
        let expected = self.digests.get(usize::try_from(mark.sequence).unwrap());
        if expected != Some(&digest) || mark.digest != digest {
            return Err(format!("other balances after record {}", mark.sequence));
        }
        Ok(mark.sequence)
    }
}
