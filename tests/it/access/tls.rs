//! TLS: who the service is, who calls by certificate, and files that change while it runs.

use std::fs;
use std::path::Path;
use std::time::Duration;

use pricewright::server::config::Options;
use prost::bytes::Bytes;
use rcgen::{BasicConstraints, CertificateParams, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair, SanType};
use tonic::Code;
use tonic::transport::{Certificate, Channel, ClientTlsConfig, Endpoint, Identity};

use super::keys::Key;
use super::{Guarded, call};
use crate::metrics;

const ACTIVE: &str = "/pricewright.v1.RulebookService/GetActive";

/// An authority of these tests.
pub(super) struct Authority {
    pub(super) pem: String,
    issuer: Issuer<'static, KeyPair>,
}

/// A certificate and its key.
pub(super) struct Leaf {
    pub(super) certificate: String,
    pub(super) key: String,
}

impl Authority {
    pub(super) fn new() -> Self {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().unwrap();
        let pem = params.self_signed(&key).unwrap().pem();
        Authority { pem, issuer: Issuer::new(params, key) }
    }

    fn leaf(&self, names: Vec<SanType>, usage: ExtendedKeyUsagePurpose) -> Leaf {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.subject_alt_names = names;
        params.extended_key_usages = vec![usage];
        let key = KeyPair::generate().unwrap();
        let certificate = params.signed_by(&key, &self.issuer).unwrap().pem();
        Leaf { certificate, key: key.serialize_pem() }
    }

    pub(super) fn server(&self) -> Leaf {
        let names = vec![
            SanType::IpAddress([127, 0, 0, 1].into()),
            SanType::DnsName("localhost".try_into().unwrap()),
        ];
        self.leaf(names, ExtendedKeyUsagePurpose::ServerAuth)
    }

    pub(super) fn client(&self, name: &str) -> Leaf {
        self.leaf(vec![SanType::DnsName(name.try_into().unwrap())], ExtendedKeyUsagePurpose::ClientAuth)
    }
}

impl Leaf {
    pub(super) fn put(&self, home: &Path, name: &str) {
        fs::write(home.join(format!("{name}.pem")), &self.certificate).unwrap();
        fs::write(home.join(format!("{name}.key")), &self.key).unwrap();
    }
}

async fn connect(guarded: &Guarded, authority: &Authority, own: Option<&Leaf>) -> Option<Channel> {
    let mut tls = ClientTlsConfig::new().ca_certificate(Certificate::from_pem(&authority.pem));
    if let Some(own) = own {
        tls = tls.identity(Identity::from_pem(&own.certificate, &own.key));
    }
    let address = format!("https://localhost:{}", guarded.running.server.local_addr().port());
    let endpoint = Endpoint::from_shared(address).unwrap().tls_config(tls).unwrap();
    endpoint.connect_timeout(Duration::from_secs(5)).connect().await.ok()
}

/// How a call for what is live ends over a connection of its own.
async fn asked(guarded: &Guarded, authority: &Authority, own: Option<&Leaf>, token: Option<&str>) -> Code {
    let Some(channel) = connect(guarded, authority, own).await else { return Code::Unavailable };
    match call(&channel, ACTIVE, token, Bytes::new()).await {
        Ok(()) => Code::Ok,
        Err(status) => status.code(),
    }
}

/// Folders for certificates that outlive the service.
pub(super) fn options(home: &Path) -> Options {
    let file = |name: &str| Some(home.join(name));
    Options {
        tls_certificate: file("server.pem"),
        tls_key: file("server.key"),
        tls_client_authority: file("clients.pem"),
        ..Options::default()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn callers_are_known_by_certificate_or_token_and_the_service_by_its_own() {
    let home = tempfile::tempdir().unwrap();
    let (ours, clients, strangers) = (Authority::new(), Authority::new(), Authority::new());
    ours.server().put(home.path(), "server");
    fs::write(home.path().join("clients.pem"), &clients.pem).unwrap();
    let key = Key::new("token");
    let access = key.entry("till", "")
        + "[[caller]]\nname = \"till 7\"\nroles = [\"till\"]\ncertificates = [\"dns:till-07.shop.example\"]\n\
           [[caller]]\nname = \"books\"\nroles = [\"issuer\"]\ncertificates = [\"dns:books.shop.example\"]\n";
    let guarded = Guarded::with(&access, options(home.path())).await;
    let till = clients.client("till-07.shop.example");
    for (own, token, expected) in [
        (Some(&till), None, Code::Ok),
        (None, Some(key.token.as_str()), Code::Ok),
        (Some(&clients.client("till-08.shop.example")), None, Code::Unauthenticated),
        (Some(&clients.client("books.shop.example")), None, Code::PermissionDenied),
        (None, None, Code::Unauthenticated),
        // A token that is sent counts alone.
        (Some(&till), Some("guess"), Code::Unauthenticated),
        // Signed by somebody else: the connection ends before anything is asked.
        (Some(&strangers.client("till-07.shop.example")), None, Code::Unavailable),
    ] {
        let got = asked(&guarded, &ours, own, token).await;
        // A connection that is refused may break while it is asked.
        let got = if matches!(got, Code::Unknown | Code::Internal | Code::Cancelled) {
            Code::Unavailable
        } else {
            got
        };
        assert_eq!(got, expected, "token {token:?}");
    }
    assert!(connect(&guarded, &strangers, None).await.is_none(), "a service of another authority");
    let plain = format!("http://{}", guarded.running.server.local_addr());
    let plain = Endpoint::from_shared(plain).unwrap().connect().await;
    let answered = match plain {
        Ok(channel) => call(&channel, ACTIVE, Some(&key.token), Bytes::new()).await.is_ok(),
        Err(_) => false,
    };
    assert!(!answered, "answered in clear");
    let log = guarded.audit(3).await;
    assert!(log.iter().any(|line| line["caller"] == "books" && line["refused"] == "role"), "{log:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn certificates_and_callers_change_while_it_runs() {
    let home = tempfile::tempdir().unwrap();
    let (old, new) = (Authority::new(), Authority::new());
    old.server().put(home.path(), "server");
    fs::write(home.path().join("clients.pem"), &old.pem).unwrap();
    let (first, second) = (Key::new("first"), Key::new("second"));
    let metrics_listen = Some(([127, 0, 0, 1], 0).into());
    let all = Options { metrics_listen, ..options(home.path()) };
    let guarded = Guarded::with(&first.entry("till", ""), all).await;
    assert_eq!(asked(&guarded, &old, None, Some(&first.token)).await, Code::Ok);
    let told = async |name: &str| {
        let (_, page) = metrics::get(guarded.running.server.metrics_addr().unwrap(), "/metrics").await;
        metrics::value(&page, &format!("pricewright_{name}"))
    };
    let faults = async || [told("access_at_fault").await, told("tls_at_fault").await];
    assert_eq!(faults().await, ["0", "0"]);
    // The library makes them until the year 4096.
    let end = told("tls_certificate_end_timestamp_seconds").await;
    assert!(end.starts_with("6709") && end.len() == "67090464000.0".len(), "{end}");
    assert_eq!(told("handshakes_failed_total").await, "0");
    assert!(connect(&guarded, &new, None).await.is_none(), "another authority");
    while told("handshakes_failed_total").await == "0" {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    let open = connect(&guarded, &old, None).await.unwrap();
    let until = async |authority: &Authority, token: &str, expected: Code| {
        for _ in 0..100 {
            if asked(&guarded, authority, None, Some(token)).await == expected {
                return;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        panic!("it never came to {expected:?}");
    };
    // Half of a change: the key belongs to another certificate, and the old ones stay.
    let leaf = new.server();
    fs::write(home.path().join("server.key"), &leaf.key).unwrap();
    fs::write(guarded.access(), "[[caller]]\nname = \"half\"\n").unwrap();
    tokio::time::sleep(Duration::from_millis(1_500)).await;
    assert_eq!(asked(&guarded, &old, None, Some(&first.token)).await, Code::Ok);
    assert_eq!(faults().await, ["1", "1"]);
    leaf.put(home.path(), "server");
    until(&new, &first.token, Code::Ok).await;
    assert!(connect(&guarded, &old, None).await.is_none(), "greeted as before");
    // Who is taken off the list is nobody on a connection that is open, too.
    assert!(call(&open, ACTIVE, Some(&first.token), Bytes::new()).await.is_ok());
    fs::write(guarded.access(), second.entry("till", "")).unwrap();
    until(&new, &second.token, Code::Ok).await;
    let status = call(&open, ACTIVE, Some(&first.token), Bytes::new()).await.unwrap_err();
    assert_eq!(status.code(), Code::Unauthenticated);
    assert_eq!(faults().await, ["0", "0"]);
    // A half of a file that reads well, and nobody in it.
    fs::write(guarded.access(), "").unwrap();
    tokio::time::sleep(Duration::from_millis(1_500)).await;
    assert_eq!(call(&open, ACTIVE, Some(&second.token), Bytes::new()).await.map_err(|_| ()), Ok(()));
    assert_eq!(faults().await, ["1", "0"]);
}
