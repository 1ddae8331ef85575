//! Canaries: phones, PINs, codes and what a CRM knows of a customer go in through every door of the real service, which logs all it can.
//! Then its logs, its answers, its errors, its folder, a backup and an export are searched for them, in every form in which they could
//! stand there.

mod calls;
mod crm;
mod forms;
mod gifts;
mod pools;
mod shell;
mod shop;
mod till;

use std::fs;
use std::path::Path;

use calls::Heard;
use forms::{Needles, Secret};
use shop::Shop;

/// What is planted. Words that occur nowhere else, and numbers that no clock and no counter comes to.
pub(crate) mod planted {
    /// The phone of the customer, to which a code is bound.
    pub(crate) const PHONE: &str = "+380677193402";
    /// The same as a till types it.
    pub(crate) const PHONE_TYPED: &str = "(067) 719-34-02";
    /// The phone of somebody who guesses.
    pub(crate) const PHONE_WRONG: &str = "0508264917";
    /// Phones to which certificates belong.
    pub(crate) const PHONE_GIFT: &str = "+380996038175";
    pub(crate) const PHONE_NEW: &str = "+380638850247";
    /// No phone at all.
    pub(crate) const PHONE_MALFORMED: &str = "8-800-pelikan-5518";
    pub(crate) const PIN: &str = "730518";
    pub(crate) const PIN_WRONG: &str = "946207";
    pub(crate) const PIN_MALFORMED: &str = "pin-ibis-73";
    /// A code that is bound to the phone and has a PIN.
    pub(crate) const BOUND: &str = "kolibri-7q4x-oslo";
    /// A code for any number of baskets.
    pub(crate) const MANY: &str = "PAPUGA-5M8V-TIRANA";
    /// Codes that nobody has.
    pub(crate) const UNKNOWN: &str = "ZHAIVORONOK-0915";
    pub(crate) const TOO_LONG: &str = "drozd-riga";
    /// Codes that are refused when they are taken in.
    pub(crate) const REFUSED: &str = "SHPAK-2207-SOFIA";
    pub(crate) const CUSTOMER: &str = "sokil-471193";
    pub(crate) const CUSTOMER_GONE: &str = "bdzhilka-88214";
    pub(crate) const SEGMENT: &str = "segment-leleka";
    pub(crate) const TIER: &str = "tier-chaplia";
    pub(crate) const BIRTHDAY: &str = "1987-06-05";
    pub(crate) const BIRTHDAY_MALFORMED: &str = "05/06/1987-gava";
    pub(crate) const ATTRIBUTE: &str = "attribute-soroka";
    pub(crate) const VALUE: &str = "value-horobets";
    /// No secret: what a search that works finds in the ledger.
    pub(crate) const STORE: &str = "store-gnizdo";
}

const RULES: &str = "
promotions:
  - {id: birthday, when: {code: {pool: birthday, phone: true, pin: true}}, on: {skus: [LIP]}, give: {percent: 15}}
  - {id: many, when: {code: {pool: many}}, on: {skus: [SOAP]}, give: {percent: 10}}
  - {id: spring, when: {code: {pool: spring}}, on: {skus: [OIL]}, give: {percent: 10}}
  - {id: club, on: {skus: [GEL]}, give: {percent: 5}, limits: {per_customer: 2}}
  - {id: grown, when: {customer: {children: {at_least: 2}}}, on: {skus: [NONE]}, give: {percent: 5}}
";

/// The retailer's id of a customer.
const ID: &str = "an id of a customer";

/// All that must be seen nowhere; `made` are the codes of the pool.
fn secrets(made: &[String]) -> Vec<Secret> {
    let phones = [("the phone", planted::PHONE), ("the wrong phone", planted::PHONE_WRONG)];
    let pins = [("the PIN", planted::PIN), ("the wrong PIN", planted::PIN_WRONG)];
    let texts = [
        ("the malformed phone", planted::PHONE_MALFORMED),
        ("the malformed PIN", planted::PIN_MALFORMED),
        ("the bound code", planted::BOUND),
        ("the code of many uses", planted::MANY),
        ("the unknown code", planted::UNKNOWN),
        ("the code that is too long", planted::TOO_LONG),
        ("the refused code", planted::REFUSED),
        (ID, planted::CUSTOMER),
        (ID, planted::CUSTOMER_GONE),
        ("the segment", planted::SEGMENT),
        ("the tier", planted::TIER),
        ("the birthday", planted::BIRTHDAY),
        ("the malformed birthday", planted::BIRTHDAY_MALFORMED),
        ("the name of the attribute", planted::ATTRIBUTE),
        ("the value of the attribute", planted::VALUE),
    ];
    let phones = phones.map(|(name, phone)| Secret::phone(name, phone));
    let rest = pins.into_iter().chain(texts).map(|(name, text)| Secret::text(name, text));
    let made = made.iter().map(|code| Secret::text("a code of the pool", code));
    phones.into_iter().chain(rest).chain(made).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn no_phone_pin_code_or_customer_is_found_in_logs_errors_folders_and_copies() {
    let _noise = crate::running::NOISE.read().await;
    let mut shop = Shop::open(RULES).await;
    let mut heard = Heard::default();
    crm::call(&shop, &mut heard).await;
    let mut made = pools::call(&shop, &mut heard).await;
    till::call(&shop, &mut heard, &made).await;
    made.extend(shell::call(&shop, &mut heard, &made));
    let gifts = gifts::call(&shop, &mut heard).await;
    heard.add("an answer to HTTP", shop.metrics());
    heard.ran("ledger backup", &shop.run(&["ledger", "backup", "backup", "--data", "data"], ""));
    shop.stop();
    heard.ran("ledger verify", &shop.run(&["ledger", "verify", "--data", "data"], ""));
    heard.ran("ledger export", &shop.run(&["ledger", "export", "facts.jsonl", "--data", "data"], ""));
    // What it says at a start that finds all this.
    shop.start().await;
    shop.stop();

    let planted: Vec<Secret> = secrets(&made).into_iter().chain(gifts).collect();
    let needles = Needles::of(&planted);
    let mut found = Vec::new();
    for (what, bytes) in &heard.0 {
        found.extend(needles.found(bytes).into_iter().map(|needle| format!("{needle} in {what}")));
    }
    let (mut files, mut size) = (Vec::new(), 0);
    list(shop.home(), &mut files);
    for (file, bytes) in &files {
        size += bytes.len();
        // Only ids can be read in the files of the profiles.
        let is_allowed = |needle: &&str| file.starts_with("data/customers/") && needle.starts_with(ID);
        let seen = needles.found(bytes).into_iter().filter(|needle| !is_allowed(needle));
        found.extend(seen.map(|needle| format!("{needle} in {file}")));
    }
    println!(
        "{} forms of {} secrets: {} answers, {} files with {size} bytes",
        needles.count(),
        planted.len(),
        heard.0.len(),
        files.len(),
    );
    assert!(found.is_empty(), "{}", found.join("\n"));
    look_at_all(&shop, &files);
}

/// What was searched is what was meant to be: the log has every level, and the ledger and its copies hold the purchases.
fn look_at_all(shop: &Shop, files: &[(String, Vec<u8>)]) {
    let holders = |text: &str| -> Vec<&str> {
        let store = Needles::of(&[Secret::text("", text)]);
        let holds = files.iter().filter(|(_, bytes)| !store.found(bytes).is_empty());
        holds.map(|(file, _)| file.as_str()).collect()
    };
    for part in ["data/ledger/journal/", "data/ledger/index/", "backup/journal/", "facts.jsonl"] {
        let found = holders(planted::STORE);
        assert!(found.iter().any(|file| file.starts_with(part)), "the store is in {found:?} alone");
    }
    assert!(files.iter().any(|(file, _)| file.starts_with("data/customers/")));
    assert!(files.iter().any(|(file, _)| file.starts_with("data/outbox/") && file.ends_with(".otp")));
    let log = fs::read_to_string(shop.home().join("log.txt")).unwrap();
    for level in ["TRACE", "DEBUG", "INFO"] {
        assert!(log.contains(&format!("\"level\":\"{level}\"")), "nothing is logged at {level}");
    }
    assert!(log.contains("pricewright::request"));
}

/// Every file below a folder. What a person has put into `desk`, or has asked to be written there, is hers.
fn list(home: &Path, files: &mut Vec<(String, Vec<u8>)>) {
    let mut folders = vec![home.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            let name = path.strip_prefix(home).unwrap().to_str().unwrap().to_owned();
            if name == "desk" {
                continue;
            }
            if path.is_dir() { folders.push(path) } else { files.push((name, fs::read(&path).unwrap())) }
        }
    }
}
