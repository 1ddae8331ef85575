//! `RulebookService`: what is live, whether other files would be, and every change; publications are those of `publishing`.

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::Arc;

use tokio::sync::{Semaphore, mpsc, watch};
use tokio::time::timeout_at;
use tokio_stream::Stream;
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Request, Response, Status};

use super::admit::{Speaker, again};
use super::failure::Failure;
use super::four_eyes::FourEyes;
use super::gate::Call;
use super::publishing::Publishing;
use super::seats::Seats;
use super::upload::{self, SILENCE_MAX};
use crate::basket::{Fault, Problem};
use crate::rulebook::{Severity, Source, compile};
use crate::server::apart::apart;
use crate::server::convert;
use crate::server::engine::Engine;
use crate::server::keeper::Handle;
use crate::server::rules_dir::FILES_MAX;
use crate::server::store::History;
use crate::server::wire;

/// Watchers at once.
pub const WATCHERS_MAX: usize = 1_024;
/// Checks, publications and looks into history at once: each may compile megabytes, and prices come first.
const CHECKS_MAX: usize = 2;
/// Bytes of a path.
const PATH_BYTES_MAX: usize = 1_024;

/// The service.
#[derive(Debug, Clone)]
pub struct Rulebooks {
    engine: Arc<Engine>,
    checks: Arc<Semaphore>,
    publishing: Publishing,
    watchers: Seats,
    closing: watch::Receiver<bool>,
}

impl Rulebooks {
    /// Tells of what `engine` has live and `history` had, and has `keeper` publish what `eyes` let pass; watches end when `closing` turns true.
    #[must_use]
    pub fn new(
        engine: Arc<Engine>,
        keeper: Handle,
        history: Arc<dyn History>,
        eyes: FourEyes,
        closing: watch::Receiver<bool>,
    ) -> Self {
        let checks = Arc::new(Semaphore::new(CHECKS_MAX));
        let publishing =
            Publishing { engine: Arc::clone(&engine), keeper, history, places: Arc::clone(&checks), eyes };
        Rulebooks { engine, checks, publishing, watchers: Seats::new(WATCHERS_MAX), closing }
    }

    async fn checked(&self, asked: wire::CheckRequest, call: Call) -> Result<wire::CheckResponse, Failure> {
        let sources = sources(asked.files).map_err(Failure::Invalid)?;
        let turn = timeout_at(call.deadline, Arc::clone(&self.checks).acquire_owned());
        let turn = turn.await.map_err(|_| Failure::TooLate)?.map_err(|_| Failure::ShuttingDown)?;
        let compiled = apart(move || {
            let _turn = turn;
            catch_unwind(AssertUnwindSafe(|| compile(&sources)))
        });
        let compiled = timeout_at(call.deadline, compiled).await.map_err(|_| Failure::TooLate)?;
        let compiled = compiled.map_err(|_| Failure::Internal)?.map_err(|_| Failure::Internal)?;
        let clean = compiled.diagnostics.iter().all(|found| found.severity != Severity::Error);
        let rulebook = compiled.rulebook.filter(|_| clean);
        Ok(wire::CheckResponse {
            ok: rulebook.is_some(),
            digest: rulebook.map(|rulebook| rulebook.digest().to_string()).unwrap_or_default(),
            diagnostics: convert::diagnostics(&compiled.diagnostics, call.lang),
        })
    }

    /// Tells what is live, and every change, until the caller goes or may no longer, or the server goes down.
    async fn watched(
        &self,
        news: &mpsc::Sender<Result<wire::Rulebook, Status>>,
        call: Call,
        mut speaker: Speaker,
    ) -> Result<(), Failure> {
        let mut changes = self.engine.changes();
        let (mut closing, mut again) = (self.closing.clone(), again());
        // What is live now is news to a new watcher.
        changes.mark_changed();
        loop {
            tokio::select! {
                changed = changes.changed() => changed.map_err(|_| Failure::ShuttingDown)?,
                _ = closing.wait_for(|closing| *closing) => return Err(Failure::ShuttingDown),
                () = news.closed() => return Ok(()),
                failure = speaker.dismissed(&mut again) => return Err(failure),
                () = tokio::time::sleep_until(call.deadline), if call.is_callers => return Err(Failure::TooLate),
            }
            speaker.ask_again()?;
            let live = changes.borrow_and_update().clone();
            let Some(live) = live else { continue };
            if !upload::give(news, Ok(convert::active(&live, call.lang)), SILENCE_MAX).await? {
                return Ok(());
            }
        }
    }
}

fn sources(files: Vec<wire::SourceFile>) -> Result<Vec<Source>, Vec<Fault>> {
    let fault = |field: String, problem| Fault { field, problem };
    if files.is_empty() {
        return Err(vec![fault("files".to_owned(), Problem::Missing)]);
    }
    if files.len() > FILES_MAX {
        return Err(vec![fault("files".to_owned(), Problem::TooMany(FILES_MAX))]);
    }
    let mut faults = Vec::new();
    let mut places = BTreeMap::new();
    for (place, file) in files.iter().enumerate() {
        let field = format!("files[{place}].path");
        if file.path.is_empty() {
            faults.push(fault(field, Problem::Missing));
        } else if file.path.len() > PATH_BYTES_MAX {
            faults.push(fault(field, Problem::TooLong(PATH_BYTES_MAX)));
        } else if file.path.chars().any(char::is_control) {
            faults.push(fault(field, Problem::Unreadable));
        } else if let Some(first) = places.insert(&file.path, place) {
            faults.push(fault(field, Problem::Twice(format!("files[{first}].path"))));
        }
    }
    if !faults.is_empty() {
        return Err(faults);
    }
    let source = |file: wire::SourceFile| Source { path: file.path, bytes: file.content.into() };
    Ok(files.into_iter().map(source).collect())
}

type Changes = Pin<Box<dyn Stream<Item = Result<wire::Rulebook, Status>> + Send>>;

#[tonic::async_trait]
impl wire::rulebook_service_server::RulebookService for Rulebooks {
    async fn get_active(
        &self,
        request: Request<wire::GetActiveRequest>,
    ) -> Result<Response<wire::Rulebook>, Status> {
        let lang = Call::of(&request).lang;
        let live = self.engine.live().ok_or_else(|| Failure::NoRulebook.status(lang))?;
        Ok(Response::new(convert::active(&live, lang)))
    }

    async fn check(
        &self,
        request: Request<wire::CheckRequest>,
    ) -> Result<Response<wire::CheckResponse>, Status> {
        let call = Call::of(&request);
        let checked = self.checked(request.into_inner(), call).await;
        checked.map(Response::new).map_err(|failure| failure.status(call.lang))
    }

    async fn publish(
        &self,
        request: Request<wire::PublishRequest>,
    ) -> Result<Response<wire::PublishResponse>, Status> {
        let (call, speaker) = (Call::of(&request), Speaker::of(&request));
        let request = request.into_inner();
        // Bytes of a file are shared, not copied: the whole of the request says whether it is the same.
        let answer = match sources(request.files.clone()) {
            Ok(sources) => self.publishing.publish(request, sources, call, &speaker).await,
            Err(faults) => Err(Failure::Invalid(faults)),
        };
        call.answer("Publish", answer)
    }

    async fn list_versions(
        &self,
        request: Request<wire::ListVersionsRequest>,
    ) -> Result<Response<wire::ListVersionsResponse>, Status> {
        let call = Call::of(&request);
        call.answer("ListVersions", self.publishing.versions(request.into_inner(), call).await)
    }

    async fn diff(
        &self,
        request: Request<wire::DiffRequest>,
    ) -> Result<Response<wire::DiffResponse>, Status> {
        let call = Call::of(&request);
        call.answer("Diff", self.publishing.diff(request.into_inner(), call).await)
    }

    async fn rollback(
        &self,
        request: Request<wire::RollbackRequest>,
    ) -> Result<Response<wire::RollbackResponse>, Status> {
        let (call, speaker) = (Call::of(&request), Speaker::of(&request));
        call.answer("Rollback", self.publishing.roll_back(request.into_inner(), call, &speaker).await)
    }

    type WatchStream = Changes;

    async fn watch(&self, request: Request<wire::WatchRequest>) -> Result<Response<Changes>, Status> {
        let (call, speaker) = (Call::of(&request), Speaker::of(&request));
        let Some(place) = self.watchers.take(call.peer, speaker.is_open()) else {
            return Err(Failure::Overloaded.status(call.lang));
        };
        let (news, receiver) = mpsc::channel(1);
        let service = self.clone();
        tokio::spawn(async move {
            let ended = service.watched(&news, call, speaker).await;
            upload::end(&news, place, ended, call.lang).await;
        });
        Ok(Response::new(Box::pin(ReceiverStream::new(receiver))))
    }
}
