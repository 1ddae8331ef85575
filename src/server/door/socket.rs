//! A connection whose small answers leave in one piece.
//!
//! An answer is headers, a message and trailers. Where a socket takes several buffers in one call, the HTTP/2 library hands it messages of
//! more than 256 bytes as a buffer of their own, and the trailers then go out in a second call and a second packet. Where it does
//! not, messages of up to 1,024 bytes are copied between headers and trailers: one call, one packet, and the caller wakes up once.

use std::future::Future as _;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Sleep, sleep};
use tokio_rustls::server::TlsStream;
use tonic::transport::server::Connected;

use super::peer::Peer;
use super::places::Place;

/// How long a connection may say nothing at first: a till that connects has its request at hand.
const FIRST_BYTES_MAX: Duration = Duration::from_secs(10);

/// A connection that takes one buffer at a time.
#[derive(Debug)]
pub struct Socket<S> {
    inner: Inner<S>,
    peer: Peer,
    /// Runs until the first bytes are there.
    patience: Option<Pin<Box<Sleep>>>,
    _place: Place,
}

/// What it runs on.
#[derive(Debug)]
pub(super) enum Inner<S> {
    Plain(S),
    Tls(Box<TlsStream<S>>),
}

impl<S> Socket<S> {
    pub(super) fn new(inner: Inner<S>, peer: Peer, place: Place) -> Self {
        Socket { inner, peer, patience: Some(Box::pin(sleep(FIRST_BYTES_MAX))), _place: place }
    }
}

impl<S> Connected for Socket<S> {
    type ConnectInfo = Peer;

    fn connect_info(&self) -> Peer {
        self.peer.clone()
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncRead for Socket<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let read = match &mut self.inner {
            Inner::Plain(stream) => Pin::new(stream).poll_read(context, buffer),
            Inner::Tls(stream) => Pin::new(stream).poll_read(context, buffer),
        };
        if read.is_ready() {
            self.patience = None;
            return read;
        }
        match self.patience.as_mut().map(|patience| patience.as_mut().poll(context)) {
            Some(Poll::Ready(())) => Poll::Ready(Err(io::ErrorKind::TimedOut.into())),
            _ => Poll::Pending,
        }
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncWrite for Socket<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        match &mut self.inner {
            Inner::Plain(stream) => Pin::new(stream).poll_write(context, bytes),
            Inner::Tls(stream) => Pin::new(stream).poll_write(context, bytes),
        }
    }

    fn is_write_vectored(&self) -> bool {
        false
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut self.inner {
            Inner::Plain(stream) => Pin::new(stream).poll_flush(context),
            Inner::Tls(stream) => Pin::new(stream).poll_flush(context),
        }
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut self.inner {
            Inner::Plain(stream) => Pin::new(stream).poll_shutdown(context),
            Inner::Tls(stream) => Pin::new(stream).poll_shutdown(context),
        }
    }
}
