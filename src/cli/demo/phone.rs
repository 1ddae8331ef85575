//! The phone of the story: a gateway on a free port, as a retailer would run one, that keeps what it is to send.

use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use anyhow::{Context as _, Result};
use serde::Deserialize;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio::time::timeout;

/// A message has so many bytes at most; the service sends some 600.
const BYTES_MAX: usize = 16 << 10;
/// A message that takes longer does not come.
const PATIENCE: Duration = Duration::from_secs(10);
const OK: &[u8] = b"HTTP/1.1 204 No Content\r\nconnection: close\r\n\r\n";

/// A message, of which the story reads this.
#[derive(Debug, Deserialize)]
pub struct Sms {
    /// The password.
    pub password: String,
    /// What its owner reads.
    pub text: String,
}

#[derive(Deserialize)]
struct Webhook {
    data: Sms,
}

/// The phone.
pub struct Phone {
    /// Where the gateway listens.
    pub address: SocketAddr,
    messages: mpsc::UnboundedReceiver<Sms>,
    gateway: JoinHandle<()>,
}

impl Phone {
    /// Switches it on.
    ///
    /// # Errors
    /// There is no free port.
    pub async fn on() -> Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.context("no free port")?;
        let address = listener.local_addr()?;
        let (shown, messages) = mpsc::unbounded_channel();
        let gateway = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                if let Some(message) = take(stream).await {
                    let _ = shown.send(message);
                }
            }
        });
        Ok(Phone { address, messages, gateway })
    }

    /// The next message.
    ///
    /// # Errors
    /// None comes.
    pub async fn next(&mut self) -> Result<Sms> {
        let message = timeout(PATIENCE, self.messages.recv()).await.context("no password has come")?;
        message.context("the gateway is gone")
    }
}

impl Drop for Phone {
    fn drop(&mut self) {
        self.gateway.abort();
    }
}

/// Reads one request and says that it is taken.
async fn take(mut stream: TcpStream) -> Option<Sms> {
    let mut bytes = Vec::new();
    while bytes.len() < BYTES_MAX {
        if stream.read_buf(&mut bytes).await.ok()? == 0 {
            return None;
        }
        let text = String::from_utf8_lossy(&bytes);
        let Some((_, body)) = text.split_once("\r\n\r\n") else { continue };
        // Half of it is no JSON.
        let Ok(Webhook { data }) = serde_json::from_str(body) else { continue };
        stream.write_all(OK).await.ok()?;
        return Some(data);
    }
    None
}
