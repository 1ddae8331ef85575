//! Every method and every role, and the same in the manual.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use pricewright::server::access::{METHODS, ROLES, Role};
use prost::bytes::Bytes;
use tonic::Code;

use super::keys::Key;
use super::{Guarded, call, reason, told};

/// The methods of the proto files.
fn methods() -> BTreeSet<String> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/proto/pricewright/v1");
    let mut found = BTreeSet::new();
    for file in fs::read_dir(folder).unwrap() {
        let text = fs::read_to_string(file.unwrap().path()).unwrap();
        let mut service = String::new();
        for line in text.lines() {
            let mut words = line.split([' ', '(', '{']).filter(|word| !word.is_empty());
            match (words.next(), words.next()) {
                (Some("service"), Some(name)) => name.clone_into(&mut service),
                (Some("rpc"), Some(name)) => {
                    found.insert(format!("/pricewright.v1.{service}/{name}"));
                }
                _ => {}
            }
        }
    }
    found
}

#[test]
fn the_matrix_has_every_method_once() {
    let listed: BTreeSet<String> = METHODS.iter().map(|method| method.path.to_owned()).collect();
    assert_eq!(listed, methods());
    assert_eq!(listed.len(), METHODS.len());
}

/// The manual says the same, row by row.
#[test]
fn the_manual_has_the_matrix() {
    let manual = fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/access.md")).unwrap();
    let rows: BTreeMap<&str, Vec<&str>> = manual
        .lines()
        .filter(|line| line.starts_with("| `") && line.contains("Service/"))
        .map(|line| {
            let mut cells = line.trim_matches('|').split('|').map(str::trim);
            (cells.next().unwrap().trim_matches('`'), cells.collect())
        })
        .collect();
    assert_eq!(rows.len(), METHODS.len());
    for method in METHODS {
        let name = method.path.strip_prefix("/pricewright.v1.").unwrap();
        let row = &rows[name];
        for (place, role) in ROLES.iter().enumerate() {
            assert_eq!(row[place] == "•", method.allows(*role), "{name} {role}");
        }
        assert_eq!(row[ROLES.len()] == "•", method.is_open, "{name} without a credential");
        assert_eq!(row[ROLES.len() + 1] == "•", method.changes, "{name} in the audit log");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_method_is_for_the_roles_of_the_matrix_and_no_other() {
    let keys: Vec<(Role, Key)> = ROLES.iter().map(|role| (*role, Key::new(&role.to_string()))).collect();
    let access: String = keys.iter().map(|(role, key)| key.entry(&role.to_string(), "")).collect();
    let guarded = Guarded::new(&access).await;
    let channel = guarded.running.channel().await;
    let (mut allowed, mut refused) = (0, Vec::new());
    for method in METHODS {
        for (role, key) in &keys {
            // Nothing is asked that could be done: who may is told so.
            let answer = call(&channel, method.path, Some(&key.token), Bytes::new()).await;
            let is_refused = answer.as_ref().is_err_and(|status| status.code() == Code::PermissionDenied);
            assert_eq!(is_refused, !method.allows(*role), "{role} {}: {answer:?}", method.path);
            assert!(answer.as_ref().err().is_none_or(|status| status.code() != Code::Unauthenticated));
            match answer {
                Err(status) if is_refused => {
                    assert_eq!(reason(&status), "NOT_ALLOWED");
                    refused.push(told(&status));
                }
                _ => allowed += 1,
            }
        }
    }
    assert_eq!(allowed + refused.len(), METHODS.len() * ROLES.len());
    assert!(refused.windows(2).all(|two| two[0] == two[1]), "refusals tell more than that");
    println!(
        "{} methods, {} roles: {allowed} allowed, {} refused, all alike",
        METHODS.len(),
        ROLES.len(),
        refused.len()
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_credential_that_holds_every_method_is_refused_alike() {
    let (admin, over) = (Key::new("admin"), Key::new("over"));
    let access = admin.entry("admin", "") + &over.entry_until("admin", "", "2020-01-01T00:00:00Z");
    let guarded = Guarded::new(&access).await;
    let channel = guarded.running.channel().await;
    let wrong = Key::new("wrong");
    // The last digit is another one.
    let half: String = admin.token.chars().take(67).chain(['g']).collect();
    let mut all = Vec::new();
    for method in METHODS {
        for token in
            [None, Some(""), Some("pwt_"), Some(half.as_str()), Some(&wrong.token), Some(&over.token)]
        {
            let status = call(&channel, method.path, token, Bytes::new()).await.unwrap_err();
            assert_eq!(
                (status.code(), reason(&status).as_str()),
                (Code::Unauthenticated, "CREDENTIAL_REFUSED")
            );
            all.push(told(&status));
        }
    }
    assert!(all.windows(2).all(|two| two[0] == two[1]), "refusals tell more than that");
    let health = "/grpc.health.v1.Health/Check";
    assert!(call(&channel, health, None, Bytes::new()).await.is_ok(), "health is everybody's");
    println!("{} methods, 6 credentials that are none: {} refused, all alike", METHODS.len(), all.len());
    let log = guarded.audit(10).await;
    assert!(
        log.iter().all(|line| line["status"] == "UNAUTHENTICATED" && line["address"] == "127.0.0.1"),
        "{log:?}"
    );
    let text = guarded.audit_text();
    for secret in [&admin.token, &over.token, &wrong.token] {
        let begun: String = secret.chars().take(20).collect();
        assert!(!text.contains(&begun), "a token is in the log");
    }
}

/// What the caller is not told is in the log.
#[tokio::test(flavor = "multi_thread")]
async fn the_log_says_why() {
    let (till, over) = (Key::new("kyiv-01"), Key::new("kyiv-02"));
    let access = till.entry("till", "") + &over.entry_until("till", "", "2020-01-01T00:00:00Z");
    let guarded = Guarded::new(&access).await;
    let channel = guarded.running.channel().await;
    let (reserve, publish) =
        ("/pricewright.v1.RedemptionService/Reserve", "/pricewright.v1.RulebookService/Publish");
    for (path, token) in [
        (reserve, None),
        (reserve, Some("guess")),
        (reserve, Some(over.token.as_str())),
        (publish, Some(till.token.as_str())),
        (reserve, Some(till.token.as_str())),
    ] {
        call(&channel, path, token, Bytes::new()).await.unwrap_err();
    }
    let lines = guarded.audit(5).await;
    let seen: Vec<String> = lines
        .iter()
        .map(|line| {
            let word = |key: &str| line[key].as_str().unwrap_or("-").to_owned();
            ["method", "caller", "status", "reason", "refused"].map(word).join(" ")
        })
        .collect();
    assert_eq!(
        seen,
        [
            "RedemptionService/Reserve - UNAUTHENTICATED CREDENTIAL_REFUSED no credential",
            "RedemptionService/Reserve - UNAUTHENTICATED CREDENTIAL_REFUSED unknown credential",
            "RedemptionService/Reserve kyiv-02 UNAUTHENTICATED CREDENTIAL_REFUSED expired credential",
            "RulebookService/Publish kyiv-01 PERMISSION_DENIED NOT_ALLOWED role",
            "RedemptionService/Reserve kyiv-01 INVALID_ARGUMENT INVALID_FIELDS -",
        ]
    );
}
