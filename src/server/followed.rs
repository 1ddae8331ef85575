//! An answer, followed to its end: with which status it ends, and for which reason.

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use http_body::{Frame, SizeHint};
use tonic::body::Body;
use tonic::codegen::Bytes;
use tonic::codegen::http::{self, HeaderMap};
use tonic::{Code, Status};
use tonic_types::StatusExt;

/// Hears how a call ends. Dropped before, its caller has broken it off.
pub trait Follower: Send + Unpin + 'static {
    /// Answers begin, and the call ends with the last of them.
    fn streams(&mut self) {}

    /// It has ended with this status; the reason is ours, and missing where the library has failed without us.
    fn ends(&mut self, code: Code, reason: Option<&str>);
}

/// The same answer; `follower` hears of its end.
pub fn followed(
    answer: http::Response<Body>,
    is_streaming: bool,
    mut follower: impl Follower,
) -> http::Response<Body> {
    if is_streaming && !answer.headers().contains_key(Status::GRPC_STATUS) {
        follower.streams();
        return answer.map(|body| Body::new(Followed { body, follower }));
    }
    // Without a status in its headers an answer is one message, and good.
    end(&mut follower, answer.headers(), answer.extensions().get::<Status>());
    answer
}

/// A stream of answers that is followed to its end.
struct Followed<F> {
    body: Body,
    follower: F,
}

impl<F: Follower> http_body::Body for Followed<F> {
    type Data = Bytes;
    type Error = Status;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Status>>> {
        let frame = ready!(Pin::new(&mut self.body).poll_frame(context));
        if let Some(Ok(frame)) = &frame
            && let Some(trailers) = frame.trailers_ref()
        {
            end(&mut self.follower, trailers, None);
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

/// How a call has ended, and why where it failed. Words are looked at for failures alone.
fn end(follower: &mut impl Follower, headers: &HeaderMap, said: Option<&Status>) {
    let code = headers.get(Status::GRPC_STATUS).map_or(Code::Ok, |code| Code::from_bytes(code.as_bytes()));
    if code == Code::Ok {
        return follower.ends(code, None);
    }
    let read = said.is_none().then(|| Status::from_header_map(headers)).flatten();
    let details = said.or(read.as_ref()).map(StatusExt::get_error_details);
    let info = details.as_ref().and_then(|details| details.error_info());
    follower.ends(code, info.map(|info| info.reason.as_str()));
}
