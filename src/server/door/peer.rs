//! Who stands at the other end of a connection.

use std::net::IpAddr;
use std::sync::Arc;

use rustls::pki_types::CertificateDer;
use x509_parser::extensions::GeneralName;
use x509_parser::parse_x509_certificate;

/// The other end of a connection.
#[derive(Debug, Clone, Default)]
pub struct Peer {
    /// Its address, where it has one.
    pub address: Option<IpAddr>,
    /// The names in its certificate, which was verified: `dns:…`, `uri:…`, `email:…`.
    pub certificate: Option<Arc<[String]>>,
}

/// The names that the certificate of a caller is issued for.
pub(super) fn names(certificate: &CertificateDer<'_>) -> Arc<[String]> {
    let Ok((_, certificate)) = parse_x509_certificate(certificate) else { return Arc::default() };
    let Ok(Some(names)) = certificate.subject_alternative_name() else { return Arc::default() };
    let named = names.value.general_names.iter().filter_map(|name| match name {
        GeneralName::DNSName(name) => Some(format!("dns:{}", name.to_ascii_lowercase())),
        GeneralName::URI(name) => Some(format!("uri:{name}")),
        GeneralName::RFC822Name(name) => Some(format!("email:{name}")),
        _ => None,
    });
    named.collect()
}
