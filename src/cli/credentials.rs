//! Who calls a service, and whether the service is the one that is meant: a token, TLS, a certificate of one's own.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use tonic::metadata::{Ascii, MetadataValue};
use tonic::service::Interceptor;
use tonic::service::interceptor::InterceptedService;
use tonic::transport::{Certificate, Channel, ClientTlsConfig, Endpoint, Identity};
use tonic::{Request, Status};

/// How long a service may take to be reached.
const CONNECT_MAX: Duration = Duration::from_secs(10);

/// A connection that says who calls.
pub type Line = InterceptedService<Channel, Token>;

/// What flags and the environment say of it. A token has no flag: everybody on a machine sees the flags of its programs.
#[derive(Debug, Clone, Default, PartialEq, Eq, clap::Args)]
#[command(next_help_heading = "Credentials")]
pub struct Credentials {
    /// File with the token that says who calls
    #[arg(long, env = "PRICEWRIGHT_TOKEN_FILE", value_name = "FILE")]
    token_file: Option<PathBuf>,
    /// Authority that has signed the service's certificate, in PEM [default: those of the system]
    #[arg(long, env = "PRICEWRIGHT_AUTHORITY", value_name = "FILE")]
    authority: Option<PathBuf>,
    /// Certificate of the caller, in PEM
    #[arg(long, env = "PRICEWRIGHT_CERTIFICATE", value_name = "FILE", requires = "key")]
    certificate: Option<PathBuf>,
    /// Private key of the caller's certificate, in PEM
    #[arg(long, env = "PRICEWRIGHT_KEY", value_name = "FILE", requires = "certificate")]
    key: Option<PathBuf>,
    /// Send the token without TLS beyond this machine too: a proxy or a mesh enciphers
    #[arg(long, env = "PRICEWRIGHT_PLAINTEXT", value_name = "BOOL", num_args = 0..=1, default_missing_value = "true")]
    plaintext: Option<bool>,
}

/// What is sent with each call. `Debug` does not show it.
#[derive(Debug, Clone, Default)]
pub struct Token(Option<MetadataValue<Ascii>>);

impl Interceptor for Token {
    fn call(&mut self, mut request: Request<()>) -> Result<Request<()>, Status> {
        if let Some(token) = &self.0 {
            request.metadata_mut().insert("authorization", token.clone());
        }
        Ok(request)
    }
}

impl Credentials {
    /// Connects to `server`; without `https://` in clear, and then no token is sent beyond this machine.
    ///
    /// # Errors
    /// Nobody answers, this is no address, or a file cannot be read.
    pub async fn connect(&self, server: &str) -> Result<Line> {
        let whole = if server.contains("://") { server.to_owned() } else { format!("http://{server}") };
        let endpoint = Endpoint::from_shared(whole).with_context(|| format!("`{server}` is no address"))?;
        let is_tls = endpoint.uri().scheme_str() == Some("https");
        let token = self.token()?;
        let host = endpoint.uri().host().unwrap_or_default();
        ensure!(
            token.0.is_none() || is_tls || is_here(host) || self.plaintext == Some(true),
            "a token goes to `{server}` by `https://` alone: whoever listens could use it"
        );
        let endpoint = if is_tls { endpoint.tls_config(self.tls()?)? } else { endpoint };
        let reached = endpoint.connect_timeout(CONNECT_MAX).connect().await;
        let channel = reached
            .with_context(|| format!("cannot connect to `{server}`: is `pricewright serve` running?"))?;
        Ok(InterceptedService::new(channel, token))
    }

    fn token(&self) -> Result<Token> {
        let Some(path) = &self.token_file else { return Ok(Token::default()) };
        let text = String::from_utf8(read(path)?).ok();
        let value = text.and_then(|text| format!("Bearer {}", text.trim()).parse().ok());
        let mut value: MetadataValue<Ascii> =
            value.with_context(|| format!("`{}` has no token", path.display()))?;
        value.set_sensitive(true);
        Ok(Token(Some(value)))
    }

    fn tls(&self) -> Result<ClientTlsConfig> {
        let mut config = match &self.authority {
            Some(path) => ClientTlsConfig::new().ca_certificate(Certificate::from_pem(read(path)?)),
            None => ClientTlsConfig::new().with_native_roots(),
        };
        if let (Some(certificate), Some(key)) = (&self.certificate, &self.key) {
            config = config.identity(Identity::from_pem(read(certificate)?, read(key)?));
        }
        Ok(config)
    }
}

fn read(path: &Path) -> Result<Vec<u8>> {
    fs::read(path).with_context(|| format!("cannot read `{}`", path.display()))
}

fn is_here(host: &str) -> bool {
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    bare.eq_ignore_ascii_case("localhost")
        || bare.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
}
