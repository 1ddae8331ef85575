//! The ledger of a service that has ended, looked at from inside: every counter against every sale, every answer against its outcome.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use pricewright::ledger::{
    Account, Books, Counter, CounterKey, Key, Known, Limit, Outcome, Purchase, RequestId, Sale, SaleId, State,
};
use pricewright::server::grpc::refusal;
use pricewright::server::ledger::{Ledger, Options};
use pricewright::server::wire;

use super::till::{Kept, Till, Told};

/// What an audit has seen.
#[derive(Debug, Default)]
pub(crate) struct Audit {
    pub(crate) sales: usize,
    pub(crate) answers: usize,
    /// Certificates that were issued.
    pub(crate) certificates: u64,
    /// Purchases that one of them paid a part of.
    pub(crate) paid: usize,
    /// What does not fit together.
    pub(crate) wrong: Vec<String>,
}

/// Opens the ledger below `data` and holds it against itself and against the tills.
pub(crate) fn audit(data: &Path, tills: &[Till]) -> Audit {
    audit_of(&Ledger::open(&Options::Embedded(data.join("ledger"))).unwrap(), tills)
}

/// Holds a ledger against itself and against the tills.
pub(crate) fn audit_of(ledger: &Ledger, tills: &[Till]) -> Audit {
    let mut audit = Audit::default();
    let sales = sales(ledger);
    audit.sales = sales.len();
    audit.wrong.extend(count(ledger, &sales));
    let books = books(ledger);
    audit.certificates = books.sums().values().map(|sums| sums.certificates).sum();
    audit.paid = sales.values().filter(|sale| !sale.reserved.payments.is_empty()).count();
    audit.wrong.extend(wrong(&books));
    let asked: BTreeSet<&str> =
        tills.iter().flat_map(|till| &till.kept).map(|kept| kept.asked.request_id()).collect();
    let strange = sales.keys().filter(|sale| !asked.contains(sale.as_str()));
    audit.wrong.extend(strange.map(|sale| format!("nobody has reserved {sale}")));
    for kept in tills.iter().flat_map(|till| &till.kept) {
        audit.answers += 1;
        audit.wrong.extend(answer(ledger, kept));
    }
    audit
}

/// Every sale by its id.
fn sales(ledger: &Ledger) -> BTreeMap<String, Sale> {
    let mut sales = BTreeMap::new();
    let mut look = |name: &[u8], account: &Account| {
        if let Account::Sale(sale) = account {
            sales.insert(String::from_utf8(name[1..].to_vec()).unwrap(), (**sale).clone());
        }
    };
    ledger.index().each(&mut look).unwrap();
    sales
}

/// The books of all certificates.
fn books(ledger: &Ledger) -> Books {
    let mut books = Books::default();
    ledger.index().each(&mut |_, account| books.add(account)).unwrap();
    books
}

/// Certificates whose accounts do not add up, or are not what their purchases say.
fn wrong(books: &Books) -> Vec<String> {
    let sums = books.sums().iter().filter(|(_, sums)| !sums.add_up());
    let sums = sums.map(|(currency, sums)| format!("all certificates in {currency}: {sums:?}"));
    let wrong = books.wrong().into_iter().map(|id| format!("the books of certificate {id}"));
    sums.chain(wrong).collect()
}

/// What counters say beside what the sales take: nothing twice, nothing forgotten, nothing above a limit.
fn count(ledger: &Ledger, sales: &BTreeMap<String, Sale>) -> Vec<String> {
    let mut sums: BTreeMap<CounterKey, (Counter, Limit)> = BTreeMap::new();
    for sale in sales.values() {
        for take in &sale.takes {
            let (sum, _) = sums.entry(take.counter.clone()).or_insert((Counter::default(), take.limit));
            match sale.state {
                State::Held => sum.held += take.amount,
                State::Committed => sum.kept += take.amount,
                State::Cancelled | State::Expired => {}
            }
        }
    }
    let counters: BTreeMap<CounterKey, Counter> = ledger.index().counters().unwrap().into_iter().collect();
    let mut wrong = Vec::new();
    for (key, (sum, limit)) in &sums {
        let counter = counters.get(key).copied().unwrap_or_default();
        if counter != *sum {
            wrong.push(format!("{key:?} is at {counter:?}, and all sales take {sum:?}"));
        }
        if matches!(limit, Limit::Ever(limit) if counter.given() > *limit) {
            wrong.push(format!("{key:?} is at {counter:?}, above its limit {limit:?}"));
        }
    }
    let unsaid = counters.iter().filter(|(key, counter)| !sums.contains_key(key) && counter.given() > 0);
    wrong.extend(unsaid.map(|(key, counter)| format!("no sale takes {counter:?} of {key:?}")));
    wrong
}

/// What is wrong with an answer, when the ledger has another outcome or none.
pub(crate) fn answer(ledger: &Ledger, kept: &Kept) -> Option<String> {
    let request = RequestId::parse(kept.asked.request_id()).unwrap();
    let known = match ledger.index().get(&Key::Request(request)) {
        Ok(Some(Account::Request(known))) => known,
        other => return Some(format!("{request} was answered, and is {other:?}")),
    };
    let sale = known.outcome.sale().and_then(|sale| sale_of(ledger, sale));
    let fits = fits(&known, sale.as_ref(), &kept.told);
    (!fits).then(|| format!("{request} was answered {:?}, and is {known:?}", kept.told))
}

fn sale_of(ledger: &Ledger, sale: SaleId) -> Option<Sale> {
    match ledger.index().get(&Key::Sale(sale)) {
        Ok(Some(Account::Sale(sale))) => Some(*sale),
        _ => None,
    }
}

/// Whether an outcome is what was told of it.
fn fits(known: &Known, sale: Option<&Sale>, told: &Told) -> bool {
    use wire::sale::State::{Cancelled, Committed, Reserved};
    match (&known.outcome, sale, told) {
        (Outcome::Refused(rejection), _, Told::Refused(reason, _)) => refusal::reason(rejection) == reason,
        (Outcome::Reserved(id), Some(sale), Told::Sale(told)) => {
            let (total, paid) = (sale.reserved.total.minor(), paid(&sale.reserved));
            (told.state(), &told.id, told.total, told_paid(told)) == (Reserved, &id.to_string(), total, paid)
        }
        (Outcome::Committed(id), Some(sale), Told::Sale(told)) => {
            let (total, paid) = (sale.sold().total.minor(), paid(sale.sold()));
            (told.state(), &told.id, told.total, told_paid(told)) == (Committed, &id.to_string(), total, paid)
        }
        (Outcome::Cancelled(id), Some(_), Told::Sale(told)) => {
            (told.state(), &told.id) == (Cancelled, &id.to_string())
        }
        (Outcome::Refunded(_, place), Some(sale), Told::Refund(back)) => {
            let given = sale.returns.get(*place).map(|back| back.amount.minor());
            given == back.refund.as_ref().map(|refund| refund.amount)
        }
        (Outcome::Issued(_), _, Told::Issued(_)) => true,
        (Outcome::OtpSent(until), _, Told::Otp(told)) => told.map(|told| told.seconds) == Some(until.unix()),
        _ => false,
    }
}

/// What certificates pay of a purchase.
fn paid(purchase: &Purchase) -> Vec<i64> {
    purchase.payments.iter().map(|payment| payment.amount.minor()).collect()
}

fn told_paid(sale: &wire::Sale) -> Vec<i64> {
    sale.payments.iter().map(|payment| payment.amount).collect()
}
