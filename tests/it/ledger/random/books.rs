//! What must be right of certificates and their purchases, whatever was done.

use std::collections::BTreeSet;

use pricewright::ledger::{
    Account, Balances, Books, Certificate, CertificateKey, Entry, Key, Payment, Sale, Side, State,
};
use pricewright::money::Amount;

pub(super) fn check(balances: &Balances, told: &str) {
    let mut books = Books::default();
    balances.iter().for_each(|(_, account)| books.add(account));
    assert_eq!(books.wrong(), [], "{told}");
    assert!(books.sums().values().all(|sums| sums.add_up()), "{told}: {:?}", books.sums());
    for (key, account) in balances.iter() {
        match (key, account) {
            (Key::Certificate(key), Account::Certificate(one)) => certificate(balances, key, one, told),
            (Key::Sale(_), Account::Sale(one)) => sale(balances, one, told),
            _ => {}
        }
    }
}

/// Its accounts are the sums of its entries, and none was ever below zero.
fn certificate(balances: &Balances, key: &CertificateKey, one: &Certificate, told: &str) {
    let entry = |place| match balances.get(&Key::Entry(key.clone(), place)) {
        Some(Account::Entry(entry)) => (**entry).clone(),
        other => panic!("{told}: entry {place} of {one:?} is {other:?}"),
    };
    let entries: Vec<Entry> = (0..one.entries).map(entry).collect();
    assert!(balances.get(&Key::Entry(key.clone(), one.entries)).is_none(), "{told}: {one:?}");
    let mut sum = Certificate { issued: Amount::ZERO, ..one.clone() };
    for side in [Side::Balance, Side::Held, Side::Spent, Side::Expired, Side::Blocked] {
        *sum.side(side).unwrap() = Amount::ZERO;
    }
    for entry in &entries {
        assert!(entry.amount >= Amount::ZERO, "{told}: {entry:?}");
        match sum.side(entry.from) {
            Some(side) => *side -= entry.amount,
            None => sum.issued += entry.amount,
        }
        *sum.side(entry.to).unwrap() += entry.amount;
        assert!(sum.adds_up(), "{told}: {sum:?} after {entry:?}");
        assert_eq!((entry.balance, entry.held), (sum.balance, sum.held), "{told}: {entry:?}");
    }
    assert_eq!(sum, *one, "{told}");
    assert_eq!(entries.iter().filter(|entry| entry.from == Side::Issue).count(), 1, "{told}: {one:?}");
    if one.is_out_of_use() {
        assert!(one.balance.is_zero(), "{told}: {one:?}");
    } else {
        assert!(one.blocked.is_zero(), "{told}: {one:?}");
    }
    if one.is_frozen {
        assert!(one.spent.is_zero() && one.held.is_zero(), "{told}: {one:?}");
    }
}

/// No more is paid than there is to pay, no more comes back than was paid, and what bought a certificate that is kept is still there.
fn sale(balances: &Balances, one: &Sale, told: &str) {
    let told = format!("{told}: {one:?}");
    for purchase in [&one.reserved, one.sold()] {
        assert!(purchase.paid_by_certificates() <= purchase.payable(), "{told}");
        let keys: BTreeSet<_> = purchase.payments.iter().map(|payment| &payment.certificate.0).collect();
        assert_eq!(keys.len(), purchase.payments.len(), "{told}");
        assert!(purchase.payments.iter().all(|payment| payment.amount > Amount::ZERO), "{told}");
        assert!(purchase.payments.iter().all(|payment| payment.left >= Amount::ZERO), "{told}");
    }
    let sum = |payments: &[Payment]| payments.iter().map(|payment| payment.amount).sum::<Amount>();
    for payment in &one.sold().payments {
        let before = one.reserved.payments.iter().find(|before| before.certificate == payment.certificate);
        assert!(before.is_some_and(|before| payment.amount <= before.amount), "{told}");
        let back = one.returns.iter().flat_map(|back| &back.payments);
        let back = back.filter(|back| back.certificate == payment.certificate).map(|back| back.amount);
        assert!(back.sum::<Amount>() <= payment.amount, "{told}");
    }
    for back in &one.returns {
        assert!(back.amount >= Amount::ZERO && sum(&back.payments) <= back.amount, "{told}");
    }
    let back: Amount = one.returns.iter().map(|back| back.amount).sum();
    assert!(back <= one.sold().total, "{told}");
    if one.state != State::Committed {
        assert!(one.returns.is_empty() && one.issued.is_empty(), "{told}");
        return;
    }
    let pieces = usize::try_from(one.pieces_left("c")).unwrap();
    assert!(one.certificates_of("c").count() <= pieces, "{told}");
    let line = one.sold().line("c");
    let price = line.map_or(Amount::ZERO, |line| line.units[0].price);
    for issued in &one.issued {
        let Some(Account::Certificate(certificate)) =
            balances.get(&Key::Certificate(issued.certificate.clone()))
        else {
            panic!("{told}: {issued:?}");
        };
        assert_eq!((certificate.issued, certificate.is_frozen), (price, issued.is_frozen), "{told}");
    }
    // Money that a purchase still has: as long as a certificate could take back what it paid, that of those which are kept is not given.
    let paid: Amount = one.sold().payments.iter().map(|payment| one.paid_by(&payment.certificate)).sum();
    if paid > Amount::ZERO {
        assert!(one.money_left() >= price.times(one.pieces_left("c")), "{told}");
    }
}
