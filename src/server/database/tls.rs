//! TLS to the database: rustls on ring, and always verified. Who trusts nobody else names the file of the own authority.

use std::path::Path;
use std::sync::Arc;

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use rustls::{ClientConfig, RootCertStore};
use rustls_platform_verifier::BuilderVerifierExt as _;
use tokio_postgres_rustls::MakeRustlsConnect;

use super::error::Error;

/// A connector that trusts the certificates in `root`, or those of the system.
///
/// # Errors
/// The file cannot be read, or the system has none.
pub(super) fn connector(root: Option<&Path>) -> Result<MakeRustlsConnect, Error> {
    let wrong = |error: rustls::Error| Error::Tls(error.to_string());
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config =
        ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions().map_err(wrong)?;
    let config = match root {
        Some(path) => config.with_root_certificates(trusted(path)?),
        None => config.with_platform_verifier().map_err(wrong)?,
    };
    Ok(MakeRustlsConnect::new(config.with_no_client_auth()))
}

fn trusted(path: &Path) -> Result<RootCertStore, Error> {
    let wrong = |what: String| Error::Certificates { path: path.to_owned(), what };
    let mut store = RootCertStore::empty();
    for certificate in CertificateDer::pem_file_iter(path).map_err(|error| wrong(error.to_string()))? {
        let certificate = certificate.map_err(|error| wrong(error.to_string()))?;
        store.add(certificate).map_err(|error| wrong(error.to_string()))?;
    }
    if store.is_empty() { Err(wrong("there is none".to_owned())) } else { Ok(store) }
}
