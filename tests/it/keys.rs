//! The file of keys and what is kept under its keys: one without the other does not start, and says why.

use std::fs;
use std::path::{Path, PathBuf};

use pricewright::server::config::{Options, Store};
use pricewright::server::ledger::upkeep::{Backup, restore};
use pricewright::server::run::Server;
use pricewright::server::wire;
use pricewright::server::wire::customer_service_client::CustomerServiceClient;
use tokio_stream::StreamExt;

use crate::running::Folders;

const RULES: &str = "promotions:\n  - {id: spring, when: {code: {pool: spring}}, give: {percent: 10}}\n";
const OTHER: &str = "f0e0d0c0b0a09080706050403020100000102030405060708090a0b0c0d0e0f0";

/// A shop in which one code was made, and the code.
async fn shop() -> (Folders, String) {
    let folders = Folders::new();
    folders.put("rules.yaml", RULES);
    let running = folders.serve(Options::default()).await;
    let asked = wire::GenerateCodesRequest {
        request_id: "0197c5a4-0000-7cc2-8f3a-000000000001".to_owned(),
        pool: "spring".to_owned(),
        count: 1,
        ..wire::GenerateCodesRequest::default()
    };
    let mut answers = running.codes().await.generate(asked).await.unwrap().into_inner();
    let code = answers.next().await.unwrap().unwrap().codes.remove(0);
    drop(answers);
    running.server.shutdown().await.unwrap();
    (folders, code)
}

fn keys(folders: &Folders) -> PathBuf {
    folders.data().join("secrets/keys.toml")
}

fn write(path: &Path, text: &str) {
    use std::os::unix::fs::PermissionsExt;
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, text).unwrap();
    fs::set_permissions(path, fs::Permissions::from_mode(0o600)).unwrap();
}

/// What a service says that does not start.
async fn refused(folders: &Folders, options: Options) -> String {
    match Server::start(folders.config(options)).await {
        Ok(_) => panic!("it has started"),
        Err(error) => error.to_string(),
    }
}

/// The pool of a code, when it is known.
async fn pool(folders: &Folders, code: &str) -> Option<String> {
    let running = folders.serve(Options::default()).await;
    let asked = wire::InspectCodeRequest { code: code.to_owned() };
    let found = running.codes().await.inspect(asked).await.ok().map(|found| found.into_inner().pool);
    running.server.shutdown().await.unwrap();
    found
}

#[tokio::test(flavor = "multi_thread")]
async fn a_missing_file_is_not_made_beside_a_ledger() {
    let (folders, code) = shop().await;
    let kept = fs::read_to_string(keys(&folders)).unwrap();
    fs::remove_file(keys(&folders)).unwrap();
    let access = folders.home().join("access.toml");
    fs::write(&access, "").unwrap();
    for production in [Some(true), None] {
        let access = Some(access.clone());
        let told = refused(&folders, Options { production, access, ..Options::default() }).await;
        assert!(told.contains("keys.toml` is missing") && told.contains("from its copy"), "{told}");
        assert!(!keys(&folders).exists());
    }
    write(&keys(&folders), &kept);
    assert_eq!(pool(&folders, &code).await.as_deref(), Some("spring"));
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_of_another_ledger_are_refused() {
    let (folders, code) = shop().await;
    let (other, _) = shop().await;
    let own = fs::read_to_string(keys(&folders)).unwrap();
    let id = own.split('"').nth(1).unwrap().to_owned();
    fs::copy(keys(&other), keys(&folders)).unwrap();
    let told = refused(&folders, Options::default()).await;
    assert!(told.starts_with(&format!("the key `{id}` is missing in the pepper file `")), "{told}");
    // The right name alone is not enough.
    write(&keys(&folders), &format!("current = \"{id}\"\n{id} = \"{OTHER}\"\n"));
    let told = refused(&folders, Options::default()).await;
    assert!(
        told.contains(&format!("is not the key `{id}` of this ledger")) && !told.contains(OTHER),
        "{told}"
    );
    write(&keys(&folders), &own);
    assert_eq!(pool(&folders, &code).await.as_deref(), Some("spring"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_replaced_key_stays_or_is_said_to_be_lost() {
    let (folders, code) = shop().await;
    let own = fs::read_to_string(keys(&folders)).unwrap();
    let id = own.split('"').nth(1).unwrap().to_owned();
    let line = own.lines().find(|line| line.starts_with(&format!("{id} = "))).unwrap();
    let new = format!("current = \"new\"\nnew = \"{OTHER}\"\n");
    write(&keys(&folders), &format!("{new}{line}\n"));
    assert_eq!(pool(&folders, &code).await.as_deref(), Some("spring"));
    write(&keys(&folders), &new);
    let told = refused(&folders, Options::default()).await;
    assert!(told.contains(&format!("the key `{id}` is missing")), "{told}");
    // Who says so goes on without: the code is unknown then, and known again when the key is found.
    write(&keys(&folders), &format!("{new}{id} = \"lost\"\n"));
    assert_eq!(pool(&folders, &code).await, None);
    write(&keys(&folders), &format!("{new}{line}\n"));
    assert_eq!(pool(&folders, &code).await.as_deref(), Some("spring"));
    // The new key is remembered as the first was.
    write(&keys(&folders), &own);
    assert!(refused(&folders, Options::default()).await.contains("the key `new` is missing"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restored_ledger_knows_its_keys() {
    let (folders, code) = shop().await;
    let backup = folders.home().join("backup");
    Backup { data: folders.data(), to: backup.clone() }.make(&mut |_, _| {}).unwrap();
    let again = Folders::new();
    again.put("rules.yaml", RULES);
    restore(&backup, &again.data(), None, &mut |_, _| {}).unwrap();
    assert!(refused(&again, Options::default()).await.contains("keys.toml` is missing"));
    write(&keys(&again), &format!("current = \"k1\"\nk1 = \"{OTHER}\"\n"));
    assert!(refused(&again, Options::default()).await.contains("is missing in the pepper file"));
    write(&keys(&again), &fs::read_to_string(keys(&folders)).unwrap());
    assert_eq!(pool(&again, &code).await.as_deref(), Some("spring"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_missing_file_is_not_made_beside_profiles_either() {
    let folders = Folders::new();
    folders.put("rules.yaml", RULES);
    let options = || Options { store: Some(Store::Memory.into()), ..Options::default() };
    let running = folders.serve(options()).await;
    let profile =
        wire::Profile { id: "1".to_owned(), phone: "0671234567".to_owned(), ..wire::Profile::default() };
    let asked = wire::UpsertCustomerRequest { profile: Some(profile), validate_only: false };
    CustomerServiceClient::new(running.channel().await).upsert(asked).await.unwrap();
    running.server.shutdown().await.unwrap();
    fs::remove_file(keys(&folders)).unwrap();
    assert!(refused(&folders, options()).await.contains("keys.toml` is missing"));
}
