//! A disk that rots: flipped bits, zeroed pages and cut files of a ledger at rest. What is opened then has the balances that it had, or
//! does not open and says which record is wrong and what to do.
//!
//! `ROT_HARMS=3000 cargo test --release --test it faults::rot -- --nocapture` for a long run; `ROT_SEED` for another one.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use pricewright::ledger::{
    Action, AskOtp, CertificateKey, Command, Commit, Content, CounterKey, Issue, Limit, Otp, OtpKey, Pay,
    PhoneKey, Presented, RequestId, Reserve, Take,
};
use pricewright::money::Amount;
use pricewright::promotion::OnRefund;
use pricewright::server::ledger::{Ledger, Options};
use pricewright::time::Instant;

use super::dice::{Dice, number};
use super::files::{Files, contents, lay};
use super::shop::memory;
use super::truth::Truth;
use crate::ledger::table::{id_of, purchase, reserve};

const HARMS: u64 = 150;
/// Facts of the ledger that is harmed: a reservation and a payment each time.
const PURCHASES: u64 = 1_200;
/// Certificates among them, each sold, issued, opened and spent in part.
const CERTIFICATES: u64 = 40;
const PAGE_BYTES: usize = 4_096;

/// What became of a harmed ledger.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Fate {
    /// It opens and has the balances that it had.
    AsItWas,
    /// It does not open, and says why and what helps.
    Refused,
    /// It opens without what nobody was promised.
    Cut,
    /// It opens with other balances, or says nothing that helps.
    Silent(String),
}

/// A ledger with some thousand facts, closed.
async fn sound(folder: &Path) {
    let ledger = Ledger::open(&Options::Embedded(folder.to_owned())).unwrap();
    let at = Instant::from_unix(1_795_773_600).unwrap();
    let submit = async |call: u64, action| {
        let request = RequestId::from_bytes([call.to_be_bytes(), [1; 8]].concat().try_into().unwrap());
        let content = Content("content".to_owned());
        ledger.submit(Command { request, content, at, action }).await.unwrap().unwrap();
        request.sale()
    };
    let expires_at = Instant::from_unix(4_000_000_000).unwrap();
    for count in 0..CERTIFICATES {
        let call = 1_000_000 + 10 * count;
        let certificate = CertificateKey(format!("certificate-{count}"));
        let phone = PhoneKey(format!("phone-{count}"));
        let mut gift = purchase(1_000);
        gift.lines[0].is_certificate = true;
        let sale = submit(call, Action::Reserve(Box::new(reserve(gift, expires_at)))).await;
        submit(call + 1, Action::Commit(Box::new(Commit { sale, part: None }))).await;
        let issue = Issue {
            id: id_of(&certificate),
            certificate: certificate.clone(),
            last_four: "7K2M".to_owned(),
            sale,
            line: String::new(),
            phone: phone.clone(),
            expires_at,
        };
        submit(call + 2, Action::Issue(Box::new(issue))).await;
        let (bound, password) = (OtpKey("bound".to_owned()), OtpKey("password".to_owned()));
        let otp = Otp {
            bound: bound.clone(),
            password: password.clone(),
            amount: Some(Amount::from_minor(120)),
            expires_at,
            tries: 0,
        };
        let hour_max = u32::MAX;
        let certificates = vec![certificate];
        let ask = AskOtp { certificates: certificates.clone(), phones: vec![phone], otp, hour_max };
        submit(call + 3, Action::AskOtp(Box::new(ask))).await;
        let presented = Presented { certificates, otps: vec![(bound, password)] };
        let pay = vec![Pay { presented, amount: None }];
        let reserve = Reserve { pay, ..reserve(purchase(1_000), expires_at) };
        let sale = submit(call + 4, Action::Reserve(Box::new(reserve))).await;
        submit(call + 5, Action::Commit(Box::new(Commit { sale, part: None }))).await;
    }
    for count in 0..PURCHASES {
        let counter = CounterKey::Total(format!("spring-{}", count % 10));
        let take = Take {
            promotion: "p".to_owned(),
            counter,
            amount: 1,
            limit: Limit::Ever(PURCHASES),
            on_refund: OnRefund::Keep,
        };
        let reserve = Reserve { takes: vec![take], ..reserve(purchase(1_000), expires_at) };
        let sale = submit(2 * count + 1, Action::Reserve(Box::new(reserve))).await;
        if count % 3 > 0 {
            submit(2 * count + 2, Action::Commit(Box::new(Commit { sale, part: None }))).await;
        }
    }
}

/// Harms one file; says how.
fn harm(files: &mut Files, dice: &mut Dice) -> (&'static str, String) {
    // What has bytes: a lock is empty.
    let names: Vec<String> =
        files.iter().filter(|(_, bytes)| !bytes.is_empty()).map(|(name, _)| name.clone()).collect();
    let name = names[dice.index(names.len())].clone();
    let bytes = files.get_mut(&name).unwrap();
    let at = dice.index(bytes.len());
    let kind = match dice.below(3) {
        0 => {
            bytes[at] ^= 1 << dice.below(8);
            "a flipped bit"
        }
        1 => {
            let from = at / PAGE_BYTES * PAGE_BYTES;
            let until = bytes.len().min(from + PAGE_BYTES);
            bytes[from..until].fill(0);
            "a zeroed page"
        }
        _ => {
            bytes.truncate(at);
            "a cut"
        }
    };
    (kind, format!("{kind} at {at} of `{name}`"))
}

fn fate(folder: &Path, truth: &Truth) -> Fate {
    let all = u64::try_from(truth.digests.len() - 1).unwrap();
    match truth.compare(folder) {
        Ok(records) if records == all => Fate::AsItWas,
        // Both marks stand at the last record: there is nothing that may be cut.
        Ok(_) => Fate::Cut,
        Err(error) => {
            let helps = ["is damaged at record", "restore a backup", "does not belong to the journal"];
            let refuses =
                error.starts_with("it does not open") && helps.iter().any(|part| error.contains(part));
            if refuses { Fate::Refused } else { Fate::Silent(error) }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn no_rot_is_silent() {
    let _noise = crate::running::NOISE.read().await;
    let (harms, mut dice) = (number("ROT_HARMS", HARMS), Dice::new(number("ROT_SEED", 1)));
    let home = tempfile::tempdir_in(memory()).unwrap();
    sound(&home.path().join("sound")).await;
    let sound = contents(&home.path().join("sound"));
    let truth = Truth::read(&home.path().join("sound"));
    let mut fates: BTreeMap<(String, &str, &str), u64> = BTreeMap::new();
    let mut silent = Vec::new();
    for place in 0..harms {
        let mut files = sound.clone();
        let (kind, what) = harm(&mut files, &mut dice);
        let folder: PathBuf = home.path().join("harmed");
        lay(&files, &folder);
        let room = what.split('`').nth(1).unwrap().split('/').next().unwrap().to_owned();
        let fate = fate(&folder, &truth);
        fs::remove_dir_all(&folder).unwrap();
        let word = match fate {
            Fate::AsItWas => "as it was",
            Fate::Refused => "refused",
            Fate::Cut => "cut",
            Fate::Silent(error) => {
                silent.push(format!("harm {place}: {what}: {error}"));
                "silent"
            }
        };
        if word == "cut" {
            silent.push(format!("harm {place}: {what}: cut below the marks"));
        }
        *fates.entry((room, kind, word)).or_default() += 1;
    }
    println!("{harms} harms to a ledger of {} facts, {} of them silent:", truth.requests.len(), silent.len());
    fates.iter().for_each(|((room, kind, word), count)| println!("  {room}: {kind}: {word}: {count}"));
    assert_eq!(silent, Vec::<String>::new());
}
