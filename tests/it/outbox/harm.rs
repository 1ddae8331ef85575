//! Files that are not what they were: the outbox opens all the same, sends none of them, and says so once.

use std::collections::BTreeSet;
use std::fs;
use std::sync::Arc;

use pricewright::ledger::RequestId;
use pricewright::server::outbox::Delivery;
use pricewright::server::secrets::Pepper;

use super::gateway::{Answer, Gateway, OK};
use super::{Home, id, message};

/// How many files there are, each with its harm.
const FILES: u8 = 40;

/// Leaves the files of prepared messages, as a power cut would.
fn leave(home: &Home, url: &str) {
    let outbox = home.at(url);
    for number in 1..=FILES {
        std::mem::forget(outbox.prepare(message(number, 300)).unwrap());
    }
}

fn ids(numbers: impl Iterator<Item = u8>) -> BTreeSet<RequestId> {
    numbers.map(id).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_damaged_file_is_put_aside_and_listed_once() {
    let gateway = Gateway::start(|_, _| Answer::Say(OK.to_owned()));
    let home = Home::new();
    leave(&home, &gateway.url());
    let path = |number: u8| home.folder().join(format!("{}.otp", id(number)));
    let whole = fs::read(path(1)).unwrap();
    // The first is another's, the second empty, the third endless; then some are cut, and in the rest a byte is flipped.
    fs::copy(path(FILES), path(1)).unwrap();
    fs::write(path(2), "").unwrap();
    fs::write(path(3), whole.repeat(1_000)).unwrap();
    for number in 4..=FILES {
        let mut bytes = fs::read(path(number)).unwrap();
        let place = bytes.len() * usize::from(number - 4) / usize::from(FILES - 3);
        if number % 4 == 0 {
            bytes.truncate(place);
        } else {
            bytes[place] ^= 1 << (number % 8);
        }
        fs::write(path(number), bytes).unwrap();
    }
    for odd in ["readme.otp", "0101.otp", "01010101010101010101010101010101.otp"] {
        fs::write(home.folder().join(odd), &whole).unwrap();
    }
    fs::create_dir(home.folder().join("folder")).unwrap();

    for _ in 0..2 {
        let outbox = home.at(&gateway.url());
        outbox.closed().await;
        let list = outbox.undelivered();
        assert_eq!(list.len(), usize::from(FILES));
        assert_eq!(list.iter().map(|letter| letter.id).collect::<BTreeSet<_>>(), ids(1..=FILES));
        assert!(
            list.iter().all(|letter| letter.why == "its file is damaged" && letter.certificate.is_empty())
        );
        assert_eq!(outbox.delivery(id(7)), Delivery::Undelivered);
    }
    assert!(gateway.got().is_empty() && home.files().is_empty());
    let aside = fs::read_dir(home.folder()).unwrap().filter(|entry| {
        entry.as_ref().unwrap().path().extension().is_some_and(|extension| extension == "damaged")
    });
    assert_eq!(aside.count(), usize::from(FILES) + 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn damage_of_a_call_that_is_not_kept_is_no_loss() {
    let gateway = Gateway::start(|_, _| Answer::Say(OK.to_owned()));
    let home = Home::new();
    leave(&home, &gateway.url());
    let path = home.folder().join(format!("{}.otp", id(1)));
    fs::write(path, "torn").unwrap();
    let outbox = home.open(home.webhook(&gateway.url(), super::Webhook::ATTEMPT), &|_| false, super::pace());
    outbox.closed().await;
    assert!(outbox.undelivered().is_empty() && home.files().is_empty() && gateway.got().is_empty());
    assert_eq!(fs::read_dir(home.folder()).unwrap().count(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn under_other_keys_nothing_is_sent() {
    let gateway = Gateway::start(|_, _| Answer::Say(OK.to_owned()));
    let mut home = Home::new();
    leave(&home, &gateway.url());
    home.pepper = Arc::new(Pepper::random().unwrap());
    let outbox = home.at(&gateway.url());
    outbox.closed().await;
    assert_eq!((outbox.undelivered().len(), gateway.got().len()), (usize::from(FILES), 0));
}
