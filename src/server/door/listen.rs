//! Connections as they come: each has a place, and TLS where that is asked for, before the service hears of it.

use std::fmt::Debug;
use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio::time::{sleep, timeout};
use tokio_rustls::TlsAcceptor;
use tokio_stream::Stream;
use tokio_stream::wrappers::ReceiverStream;

use super::peer::{Peer, names};
use super::places::{Place, Places};
use super::socket::{Inner, Socket};
use super::tls::Tls;

/// How long a handshake may take: three round trips of a bad mobile network.
const HANDSHAKE_MAX: Duration = Duration::from_secs(10);
/// Connections that wait to be taken up.
const WAITING_MAX: usize = 64;
/// A system without file descriptors is asked again after this.
const AGAIN: Duration = Duration::from_millis(50);

/// Where connections come from: the sockets of the system, or those of a network that is simulated.
pub trait Listen: Send + 'static {
    /// A connection.
    type Stream: AsyncRead + AsyncWrite + Debug + Send + Unpin + 'static;

    /// Waits for the next one: it, and who is at its other end.
    ///
    /// # Errors
    /// It is gone already, or the system has no more of them.
    fn accept(&self) -> impl Future<Output = io::Result<(Self::Stream, SocketAddr)>> + Send;
}

impl Listen for TcpListener {
    type Stream = TcpStream;

    async fn accept(&self) -> io::Result<(TcpStream, SocketAddr)> {
        let (stream, from) = TcpListener::accept(self).await?;
        // Without it an answer waits some 40 ms for the caller's delayed acknowledgment.
        let _ = stream.set_nodelay(true);
        Ok((stream, from))
    }
}

/// What connections go through.
#[derive(Debug, Clone)]
pub struct Door {
    tls: Option<Arc<Tls>>,
    places: Places,
}

impl Door {
    /// At most `all_max` connections in all and `each_max` of one address, greeted with TLS where there is one.
    #[must_use]
    pub fn new(tls: Option<Arc<Tls>>, all_max: usize, each_max: usize) -> Self {
        Door { tls, places: Places::new(all_max, each_max) }
    }

    /// The connection as the service gets it; nothing where the other end does not manage it.
    async fn greeted<S>(&self, stream: S, from: SocketAddr, place: Place) -> Option<Socket<S>>
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        let mut peer = Peer { address: Some(from.ip()), certificate: None };
        let Some(tls) = &self.tls else { return Some(Socket::new(Inner::Plain(stream), peer, place)) };
        let greeting = TlsAcceptor::from(tls.config()).accept(stream);
        let stream = timeout(HANDSHAKE_MAX, greeting).await.ok()?.ok()?;
        let shown = stream.get_ref().1.peer_certificates().and_then(|chain| chain.first());
        peer.certificate = shown.map(names);
        Some(Socket::new(Inner::Tls(Box::new(stream)), peer, place))
    }
}

/// The connections to a port, until they are no longer asked for: then the port is closed.
pub fn incoming<L: Listen>(listener: L, door: Door) -> impl Stream<Item = io::Result<Socket<L::Stream>>> {
    let (sender, receiver) = mpsc::channel(WAITING_MAX);
    tokio::spawn(async move {
        loop {
            let accepted = tokio::select! {
                accepted = listener.accept() => accepted,
                () = sender.closed() => return,
            };
            let (stream, from) = match accepted {
                Ok(accepted) => accepted,
                // One that has gone already, or no file descriptor is left: others come, and go.
                Err(error) => {
                    tracing::debug!(%error, "a connection could not be taken up");
                    sleep(AGAIN).await;
                    continue;
                }
            };
            let Some(place) = door.places.take(from.ip()) else {
                tracing::debug!("a connection too many was closed");
                continue;
            };
            let (door, sender) = (door.clone(), sender.clone());
            tokio::spawn(async move {
                if let Some(socket) = door.greeted(stream, from, place).await {
                    let _ = sender.send(Ok(socket)).await;
                }
            });
        }
    });
    ReceiverStream::new(receiver)
}
