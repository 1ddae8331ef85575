//! Connections as they come: each has a place, and TLS where that is asked for, before the service hears of it.

use std::fmt::Debug;
use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::Ordering;
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
use crate::server::clock;
use crate::server::meters::EntranceMeters;
use crate::server::told::Told;

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
    meters: Arc<EntranceMeters>,
    told: Arc<Told>,
}

impl Door {
    /// At most `all_max` connections in all and `each_max` of one address, greeted with TLS where there is one.
    #[must_use]
    pub fn new(tls: Option<Arc<Tls>>, all_max: usize, each_max: usize, meters: Arc<EntranceMeters>) -> Self {
        let places = Places::counted(all_max, each_max, Arc::clone(&meters.connections));
        Door { tls, places, meters, told: Arc::default() }
    }

    /// A place for a connection from there; nothing where there is none, and that is told.
    fn place(&self, from: SocketAddr) -> Option<Place> {
        let place = self.places.take(from.ip());
        if place.is_none() {
            self.meters.connections_refused.fetch_add(1, Ordering::Relaxed);
            self.tell(from, "there are too many connections");
        }
        place
    }

    fn tell(&self, from: SocketAddr, why: &str) {
        if let Some(untold) = self.told.turn(clock::now()) {
            let address = from.ip().to_canonical();
            tracing::warn!(%address, why, untold, "a connection was closed");
        }
    }

    /// The connection as the service gets it; nothing where the other end does not manage it.
    async fn greeted<S>(&self, stream: S, from: SocketAddr, place: Place) -> Option<Socket<S>>
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        let mut peer = Peer { address: Some(from.ip()), certificate: None };
        let Some(tls) = &self.tls else { return Some(Socket::new(Inner::Plain(stream), peer, place)) };
        let greeting = TlsAcceptor::from(tls.config()).accept(stream);
        let stream = match timeout(HANDSHAKE_MAX, greeting).await {
            Ok(Ok(stream)) => stream,
            failed => {
                self.meters.handshakes_failed.fetch_add(1, Ordering::Relaxed);
                // Whoever only looks whether the port is open says nothing of TLS, and nothing is said of them.
                if let Ok(Err(error)) = &failed
                    && error.kind() == io::ErrorKind::InvalidData
                {
                    self.tell(from, &error.to_string());
                }
                return None;
            }
        };
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
            let Some(place) = door.place(from) else { continue };
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
