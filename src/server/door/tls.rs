//! TLS by rustls on ring: the certificate of the service and the authority of its callers, read again when the files change.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use arc_swap::ArcSwap;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::{RootCertStore, ServerConfig};
use x509_parser::parse_x509_certificate;

use crate::server::settled::Settled;

/// HTTP/2 for gRPC, HTTP/1.1 for browsers that speak gRPC-Web so.
const PROTOCOLS: [&[u8]; 2] = [b"h2", b"http/1.1"];

/// What can be wrong with the files.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// One of them cannot be read.
    #[error("cannot read `{path}`: {error}")]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        error: std::io::Error,
    },
    /// One of them is not what it should be.
    #[error("`{path}` is no good for TLS: {what}")]
    Content {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        what: String,
    },
}

/// Where the files are, in PEM.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Files {
    /// The certificate of the service, and those between it and its authority.
    pub certificate: PathBuf,
    /// Its private key.
    pub key: PathBuf,
    /// The authority of certificates that callers may have.
    pub client_authority: Option<PathBuf>,
}

/// What connections are greeted with.
#[derive(Debug)]
pub struct Tls {
    files: Files,
    config: ArcSwap<ServerConfig>,
    /// When the certificate ends, in seconds of Unix time.
    certificate_end: AtomicI64,
}

/// What the files had when they were last looked at, or why they cannot be read.
#[derive(Debug)]
pub struct SeenTls(Settled<Result<Content, String>>);

#[derive(Debug, PartialEq, Eq)]
struct Content {
    certificate: Vec<u8>,
    key: Vec<u8>,
    client_authority: Option<Vec<u8>>,
}

impl Tls {
    /// Reads the files.
    ///
    /// # Errors
    /// One of them cannot be read or is not what it should be.
    pub fn open(files: Files) -> Result<(Self, SeenTls), Error> {
        let content = content(&files)?;
        let config = ArcSwap::from(config(&files, &content)?);
        let certificate_end = AtomicI64::new(end(&content));
        Ok((Tls { files, config, certificate_end }, SeenTls(Settled::new(Ok(content)))))
    }

    pub(super) fn config(&self) -> Arc<ServerConfig> {
        self.config.load_full()
    }

    /// When the certificate in force ends, in seconds of Unix time; 0 where it does not say so.
    #[must_use]
    pub fn certificate_end(&self) -> i64 {
        self.certificate_end.load(Ordering::Relaxed)
    }

    /// Reads the files again; what is at fault changes nothing. Where that is news: whether they are at fault now. Connections that are open
    /// stay as they are. Reads from the disk.
    pub fn look(&self, seen: &mut SeenTls) -> Option<bool> {
        let news = seen.0.look(content(&self.files).map_err(|error| error.to_string()))?;
        let read = news.as_ref().map_err(Clone::clone);
        let read = read.and_then(|content| {
            let config = config(&self.files, content).map_err(|error| error.to_string())?;
            Ok((config, end(content)))
        });
        match read {
            Ok((config, end)) => {
                tracing::info!("the files of TLS have changed");
                self.config.store(config);
                self.certificate_end.store(end, Ordering::Relaxed);
                Some(false)
            }
            Err(error) => {
                tracing::error!(error, "the files of TLS are at fault; connections are greeted as before");
                Some(true)
            }
        }
    }
}

fn content(files: &Files) -> Result<Content, Error> {
    let read = |path: &Path| fs::read(path).map_err(|error| Error::Read { path: path.to_owned(), error });
    Ok(Content {
        certificate: read(&files.certificate)?,
        key: read(&files.key)?,
        client_authority: files.client_authority.as_deref().map(read).transpose()?,
    })
}

fn config(files: &Files, content: &Content) -> Result<Arc<ServerConfig>, Error> {
    let wrong = |path: &Path, what: String| Error::Content { path: path.to_owned(), what };
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ServerConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()
        .map_err(|error| wrong(&files.certificate, error.to_string()))?;
    let builder = match (&files.client_authority, &content.client_authority) {
        (Some(path), Some(pem)) => {
            let mut roots = RootCertStore::empty();
            for certificate in certificates(path, pem)? {
                roots.add(certificate).map_err(|error| wrong(path, error.to_string()))?;
            }
            // Whoever shows none may have a token.
            let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider)
                .allow_unauthenticated()
                .build();
            builder.with_client_cert_verifier(verifier.map_err(|error| wrong(path, error.to_string()))?)
        }
        _ => builder.with_no_client_auth(),
    };
    let key = PrivateKeyDer::from_pem_slice(&content.key)
        .map_err(|_| wrong(&files.key, "there is no private key in it".to_owned()))?;
    let mut config = builder
        .with_single_cert(certificates(&files.certificate, &content.certificate)?, key)
        .map_err(|error| wrong(&files.key, error.to_string()))?;
    config.alpn_protocols = PROTOCOLS.map(<[u8]>::to_vec).to_vec();
    Ok(Arc::new(config))
}

/// When the certificate of the service ends.
fn end(content: &Content) -> i64 {
    let certificate = CertificateDer::from_pem_slice(&content.certificate);
    let end = |certificate: &[u8]| {
        Some(parse_x509_certificate(certificate).ok()?.1.validity().not_after.timestamp())
    };
    certificate.ok().as_deref().and_then(end).unwrap_or_default()
}

fn certificates(path: &Path, pem: &[u8]) -> Result<Vec<CertificateDer<'static>>, Error> {
    let wrong = |what: String| Error::Content { path: path.to_owned(), what };
    let found: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(pem).collect();
    let found = found.map_err(|error| wrong(error.to_string()))?;
    if found.is_empty() { Err(wrong("there is no certificate in it".to_owned())) } else { Ok(found) }
}
