//! What survives: a restart; and what a damaged folder never does: give a wrong profile, or keep the service from starting.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use pricewright::basket::COUNTRIES;
use pricewright::server::customers::{Customers, Phones, Profile, Who};
use pricewright::server::secrets::Pepper;
use pricewright::server::wire;

use super::{by_id, by_phone, delete, forget, import, profile, started, unknown, upsert};
use crate::running::Folders;

#[tokio::test(flavor = "multi_thread")]
async fn a_restart_keeps_what_was_kept_and_what_was_forgotten() {
    let folders = Folders::new();
    let (running, mut client) = started(&folders).await;
    upsert(&mut client, profile("kept", "0501234567", &["vip"], "gold")).await.unwrap();
    upsert(&mut client, profile("gone", "0507654321", &["vip"], "gold")).await.unwrap();
    let before = by_id(&mut client, "kept").await.unwrap();
    delete(&mut client, forget("gone")).await.unwrap();
    running.server.shutdown().await.unwrap();

    let (_running, mut client) = started(&folders).await;
    assert_eq!(by_phone(&mut client, "0501234567").await.unwrap(), before);
    assert!(unknown(by_id(&mut client, "gone").await) && unknown(by_phone(&mut client, "0507654321").await));
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_of_a_customer_can_be_read_on_disk() {
    let folders = Folders::new();
    let (running, mut client) = started(&folders).await;
    let canary = |n: usize| wire::Profile {
        birthday: "1987-06-05".to_owned(),
        attributes: [("canary-name".to_owned(), "canary-value".to_owned())].into(),
        ..profile(&format!("id-{n}"), &format!("+38067{n:07}"), &["canary-segment"], "canary-tier")
    };
    import(&mut client, vec![(1_000_000..1_002_000).map(canary).collect()]).await;
    for n in 1_000_000..1_000_100 {
        delete(&mut client, forget(&format!("id-{n}"))).await.unwrap();
    }
    running.server.shutdown().await.unwrap();
    let mut files = Vec::new();
    list(&folders.data(), &mut files);
    assert!(files.iter().any(|file| file.ends_with("customers/db")), "{files:?}");
    for file in files {
        let bytes = fs::read(&file).unwrap();
        for canary in ["canary", "1987-06-05", "671000", "380671", "+3806"] {
            let found = bytes.windows(canary.len()).any(|part| part == canary.as_bytes());
            assert!(!found, "`{canary}` in {}", file.display());
        }
    }
}

fn list(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { list(&path, files) } else { files.push(path) }
    }
}

fn one(customers: &Customers, n: u32) -> Profile {
    Profile {
        id: format!("id-{n}"),
        phone: Some(customers.phone_key(&format!("+38050{n:07}")).unwrap()),
        segments: vec![format!("segment-{n}"), "vip".to_owned()],
        tier: format!("tier-{n}"),
        ..Profile::default()
    }
}

const PROFILES: u32 = 400;

/// A folder with profiles as a crash would leave it: nothing but what was synced.
fn filled(data: &Path) {
    let customers = Customers::open(data, phones()).unwrap();
    let profiles: Vec<Profile> = (0..PROFILES).map(|n| one(&customers, n)).collect();
    customers.put(&profiles).unwrap();
    customers.sync().unwrap();
    customers.close();
}

/// Every profile is the one that was written, or there is none; how many there are.
fn sound(customers: &Customers, what: &str) -> usize {
    let mut found = 0;
    for n in 0..PROFILES {
        let wanted = one(customers, n);
        for who in [Who::Id(wanted.id.clone()), Who::Phone(format!("+38050{n:07}"))] {
            // What cannot be read is no wrong profile; the next start puts it aside.
            if let Ok(Some(profile)) = customers.find(&who) {
                assert!(profile == wanted, "{what}: another profile than was written");
                found += 1;
            }
        }
    }
    found
}

fn copied(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let there = to.join(entry.file_name());
        if entry.path().is_dir() {
            copied(&entry.path(), &there);
        } else {
            fs::copy(entry.path(), there).unwrap();
        }
    }
}

/// Numbers that look like dice and are the same on every machine.
fn dice(seed: &mut u64) -> u64 {
    *seed ^= *seed << 13;
    *seed ^= *seed >> 7;
    *seed ^= *seed << 17;
    *seed
}

#[test]
fn flipped_bits_never_make_a_wrong_profile_nor_hinder_a_start() {
    let home = tempfile::tempdir().unwrap();
    let whole = home.path().join("whole");
    filled(&whole);
    let names = ["db", "conf", "keys"];
    let snapshots = fs::read_dir(whole.join("customers")).unwrap().map(|entry| entry.unwrap().file_name());
    let snapshots: Vec<String> =
        snapshots.map(|name| name.into_string().unwrap()).filter(|name| name.starts_with("snap.")).collect();
    let names: Vec<&str> = names.into_iter().chain(snapshots.iter().map(String::as_str)).collect();
    let used = |name: &str| {
        let bytes = fs::read(whole.join("customers").join(name)).unwrap();
        // The log is much longer than what has been written into it.
        bytes.iter().rposition(|&byte| byte != 0).map_or(1, |last| last + 1)
    };
    let (mut seed, mut whole_again, mut aside) = (0x5eed, 0, 0);
    for round in 0..200_usize {
        let name = if round % 4 < 2 { "db" } else { names[round / 4 % names.len()] };
        let data = home.path().join(format!("round-{round}"));
        copied(&whole, &data);
        let path = data.join("customers").join(name);
        let mut bytes = fs::read(&path).unwrap();
        let place = usize::try_from(dice(&mut seed)).unwrap() % used(name);
        bytes[place] ^= 1 << (dice(&mut seed) % 8);
        fs::write(&path, bytes).unwrap();
        let what = format!("round {round}: {name} at {place}");
        for start in 0..3 {
            let customers =
                Customers::open(&data, phones()).unwrap_or_else(|error| panic!("{what}: {error}"));
            let found = sound(&customers, &what);
            whole_again += usize::from(found == 2 * 400);
            // Whatever was found, the CRM can import again: at once, or after the next start.
            let profiles: Vec<Profile> = (0..PROFILES).map(|n| one(&customers, n)).collect();
            let is_written = customers.put(&profiles).and_then(|_| customers.sync()).is_ok();
            assert!(is_written || start < 2, "{what}: nothing can be written");
            if is_written {
                assert_eq!(sound(&customers, &what), 800, "{what}");
                break;
            }
            customers.close();
        }
        aside += usize::from(data.join("customers.damaged-1").exists());
        fs::remove_dir_all(&data).unwrap();
    }
    assert!(whole_again > 0 && aside > 0, "{whole_again} whole, {aside} put aside: the test tests nothing");
}

#[test]
fn files_that_are_cut_emptied_or_nonsense_cost_profiles_and_no_start() {
    let home = tempfile::tempdir().unwrap();
    let whole = home.path().join("whole");
    filled(&whole);
    type Harm = fn(&Path);
    let harms: [(&str, Harm); 6] = [
        ("is emptied", |file| fs::write(file, "").unwrap()),
        ("is cut in half", |file| {
            let bytes = fs::read(file).unwrap();
            fs::write(file, &bytes[..bytes.len() / 2]).unwrap();
        }),
        ("lacks a byte", |file| {
            let bytes = fs::read(file).unwrap();
            fs::write(file, &bytes[..bytes.len() - 1]).unwrap();
        }),
        ("is nonsense", |file| {
            let bytes = fs::read(file).unwrap();
            fs::write(file, bytes.iter().map(|byte| byte ^ 0x5a).collect::<Vec<_>>()).unwrap();
        }),
        ("is zeros", |file| {
            let bytes = fs::read(file).unwrap();
            fs::write(file, vec![0; bytes.len()]).unwrap();
        }),
        ("is gone", |file| fs::remove_file(file).unwrap()),
    ];
    for name in ["db", "conf", "keys"] {
        for (what, harm) in harms {
            let data = home.path().join("harmed");
            copied(&whole, &data);
            harm(&data.join("customers").join(name));
            let what = format!("{name} {what}");
            let customers =
                Customers::open(&data, phones()).unwrap_or_else(|error| panic!("{what}: {error}"));
            let found = sound(&customers, &what);
            let is_aside = data.join("customers.damaged-1").exists();
            assert!(found > 0 || is_aside, "{what}: all is lost and nobody was told");
            let profiles: Vec<Profile> = (0..PROFILES).map(|n| one(&customers, n)).collect();
            customers
                .put(&profiles)
                .and_then(|_| customers.sync())
                .unwrap_or_else(|error| panic!("{what}: {error}"));
            assert_eq!(sound(&customers, &what), 800, "{what}");
            drop(customers);
            fs::remove_dir_all(&data).unwrap();
        }
    }
}

#[test]
fn a_folder_without_its_keys_is_put_aside_and_nobody_shares_one() {
    let home = tempfile::tempdir().unwrap();
    filled(home.path());
    fs::remove_file(home.path().join("customers/keys")).unwrap();
    let customers = Customers::open(home.path(), phones()).unwrap();
    assert_eq!(sound(&customers, "no keys"), 0);
    assert!(home.path().join("customers.damaged-1/db").exists());
    customers.put(&[one(&customers, 1)]).unwrap();
    customers.sync().unwrap();
    // The first has the folder: the second waits for a while and is refused.
    let error = Customers::open(home.path(), phones()).unwrap_err().to_string();
    assert!(error.contains("another process uses"), "{error}");
    drop(customers);
    assert_eq!(sound(&Customers::open(home.path(), phones()).unwrap(), "again"), 2);
}

/// Phones under a key that is the same at every opening.
fn phones() -> Phones {
    static PEPPER: OnceLock<Arc<Pepper>> = OnceLock::new();
    let pepper = PEPPER.get_or_init(|| Arc::new(Pepper::random().unwrap()));
    Phones::new(Arc::clone(pepper), COUNTRIES.into())
}
