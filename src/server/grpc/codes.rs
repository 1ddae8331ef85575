//! `CodeService`: codes are made, taken in, looked at, taken out of use.

use std::collections::BTreeSet;
use std::pin::Pin as Pinned;
use std::sync::Arc;

use prost::Message;
use tokio::sync::{Semaphore, mpsc, watch};
use tokio_stream::Stream;
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Request, Response, Status, Streaming};

use super::admit::Speaker;
use super::failure::Failure;
use super::fields::{self, fault};
use super::four_eyes::FourEyes;
use super::gate::Call;
use super::inflow::{Held, Inflow};
use super::upload;
use crate::basket::Problem;
use crate::catalog::word::fold_code;
use crate::ledger::{Action, Rejection, Terms};
use crate::promotion::Birthday;
use crate::server::apart::apart;
use crate::server::clock;
use crate::server::codes::make::{CODES_AT_ONCE, CODES_MAX, Foreign, Making, Refusal};
use crate::server::codes::{Codebook, Found};
use crate::server::secrets::Pin;
use crate::server::timestamp::Timestamp;
use crate::server::wire;
use crate::server::wire::import_fault::Reason;
use crate::time::Instant;

/// Calls that make codes at once: each keeps a core and the writer of the ledger busy, and purchases come first.
pub const GENERATIONS_MAX: usize = 2;
/// Imports at once, likewise.
const IMPORTS_MAX: usize = 2;
/// Messages that wait for a slow reader: some thousand codes each.
const ANSWERS_WAITING_MAX: usize = 4;
/// Faults of an import that are told.
const FAULTS_TOLD_MAX: usize = 100;
/// Bytes of a pool's name.
const POOL_BYTES_MAX: usize = 64;
/// Characters of a code that was made elsewhere.
const CODE_CHARACTERS: std::ops::RangeInclusive<usize> = 4..=64;
/// Days on either side of a birthday.
const BIRTHDAY_DAYS_MAX: u32 = 366;

/// The service.
#[derive(Debug, Clone)]
pub struct Codes {
    codebook: Codebook,
    generations: Arc<Semaphore>,
    imports: Arc<Semaphore>,
    eyes: FourEyes,
    closing: watch::Receiver<bool>,
}

impl Codes {
    /// Keeps codes in `codebook`, many of them once `eyes` let them pass; no more are made once `closing` turns true.
    #[must_use]
    pub fn new(codebook: Codebook, eyes: FourEyes, closing: watch::Receiver<bool>) -> Self {
        let (generations, imports) = (Semaphore::new(GENERATIONS_MAX), Semaphore::new(IMPORTS_MAX));
        Codes { codebook, generations: Arc::new(generations), imports: Arc::new(imports), eyes, closing }
    }

    async fn making(
        &self,
        method: &str,
        request_id: &str,
        pool: &str,
        terms: wire::CodeTerms,
        content: &impl Message,
    ) -> Result<Making, Failure> {
        let request = fields::request_id(request_id)?;
        if pool.is_empty() {
            return Err(fault("pool", Problem::Missing));
        }
        if pool.len() > POOL_BYTES_MAX {
            return Err(fault("pool", Problem::TooLong(POOL_BYTES_MAX)));
        }
        let content = said(method, content);
        let terms = self
            .terms(terms)
            .await?
            .map_err(|(field, problem, _)| fault(format!("terms.{field}"), problem))?;
        Ok(Making { request, content, at: clock::now(), pool: pool.to_owned(), terms })
    }

    /// Terms as the ledger keeps them, or what is wrong with them.
    async fn terms(
        &self,
        terms: wire::CodeTerms,
    ) -> Result<Result<Terms, (&'static str, Problem, Reason)>, Failure> {
        // One that cannot be read is not one that is absent: a code without an end would be good for ever.
        let moment = |time: Option<Timestamp>| {
            time.map(|time| Instant::from_unix(time.seconds).ok_or(Problem::Unreadable)).transpose()
        };
        let (from, until) = match (moment(terms.start_time), moment(terms.end_time)) {
            (Ok(from), Ok(until)) => (from, until),
            (Err(problem), _) => return Ok(Err(("start_time", problem, Reason::Window))),
            (_, Err(problem)) => return Ok(Err(("end_time", problem, Reason::Window))),
        };
        if matches!((from, until), (Some(from), Some(until)) if until <= from) {
            return Ok(Err(("end_time", Problem::Unreadable, Reason::Window)));
        }
        let birthday = match terms.birthday {
            None => None,
            Some(wire::BirthdayWindow { days_before, days_after }) => {
                let days = |days: u32| u16::try_from(days).ok().filter(|_| days <= BIRTHDAY_DAYS_MAX);
                let (Some(days_before), Some(days_after)) = (days(days_before), days(days_after)) else {
                    let problem = Problem::OutOfRange(0, i64::from(BIRTHDAY_DAYS_MAX));
                    return Ok(Err(("birthday", problem, Reason::Window)));
                };
                Some(Birthday { days_before, days_after })
            }
        };
        let customer =
            (!terms.customer_id.is_empty()).then(|| self.codebook.customer_key(&terms.customer_id));
        let phone = match terms.phone.as_str() {
            "" => None,
            typed => match self.codebook.phone_key(typed) {
                Some(phone) => Some(phone),
                None => return Ok(Err(("phone", Problem::Unreadable, Reason::Phone))),
            },
        };
        let pin = match (terms.pin.as_str(), Pin::parse(&terms.pin)) {
            ("", _) => None,
            (_, Some(pin)) if phone.is_some() || customer.is_some() => {
                Some(self.codebook.pin_key(pin).await?)
            }
            _ => return Ok(Err(("pin", Problem::Unreadable, Reason::Pin))),
        };
        let uses = Some(terms.uses_max.unwrap_or(1)).filter(|&uses| uses > 0);
        Ok(Ok(Terms { uses, from, until, birthday, customer, phone, pin }))
    }

    /// Makes the codes of a call until all are made or the service ends: the caller asks again then, for the same codes.
    async fn generated(&self, making: &Making, count: u32, answers: &Answers) -> Result<(), Failure> {
        let mut closing = self.closing.clone();
        tokio::select! {
            done = self.made(making, count, answers) => done,
            _ = closing.wait_for(|closing| *closing) => Err(Failure::ShuttingDown),
        }
    }

    /// Makes them part by part, as quickly as they are read.
    async fn made(&self, making: &Making, count: u32, answers: &Answers) -> Result<(), Failure> {
        let mut first = 0;
        while first < count {
            let part = CODES_AT_ONCE.min(count - first);
            let codes = self.codebook.generate(making, first, part).await.map_err(failure)?;
            let answer = Ok(wire::GenerateCodesResponse { first, codes });
            if !upload::give(answers, answer, upload::SILENCE_MAX).await? {
                return Ok(());
            }
            first += part;
        }
        Ok(())
    }

    /// Takes codes in; where more come than one alone may take in, only checks them until another comes with the same.
    async fn imported(
        &self,
        messages: Streaming<wire::ImportCodesRequest>,
        speaker: &Speaker,
    ) -> Result<wire::ImportCodesResponse, Failure> {
        let _place = self.imports.try_acquire().map_err(|_| Failure::Overloaded)?;
        let Some(most) = speaker.four_eyes().codes_over else {
            return self.taken_in(Inflow::Coming(messages), speaker, false).await;
        };
        let held = Held::all(messages, &mut self.closing.clone()).await?;
        let is_for_two = !held.is_check && held.codes > usize::try_from(most).unwrap_or(usize::MAX);
        let seen = if is_for_two { self.eyes.see(speaker, &held.content, &held.approval) } else { Ok(()) };
        let answer = self.taken_in(held.messages, speaker, seen.is_err()).await?;
        seen.map(|()| answer)
    }

    /// Takes codes in, message by message; or only tells what would be, where that is wanted or must be.
    async fn taken_in(
        &self,
        mut messages: Inflow,
        speaker: &Speaker,
        must_check: bool,
    ) -> Result<wire::ImportCodesResponse, Failure> {
        let mut closing = self.closing.clone();
        let mut answer = wire::ImportCodesResponse::default();
        let mut making: Option<Making> = None;
        let (mut place, mut part) = (0_u32, 0_u32);
        // What a check has seen: nothing is kept that would tell that a code comes twice.
        let (mut is_check, mut seen) = (false, BTreeSet::new());
        while let Some(mut message) = messages.next(&mut closing).await? {
            if message.codes.len() > usize::try_from(CODES_AT_ONCE).unwrap_or_default() {
                return Err(fault(
                    "codes",
                    Problem::TooMany(usize::try_from(CODES_AT_ONCE).unwrap_or_default()),
                ));
            }
            if making.is_none() {
                speaker.about(&message.request_id, message.validate_only);
                is_check = message.validate_only || must_check;
            }
            // What is checked is what would be called, by whomever.
            message.validate_only = false;
            message.approval.clear();
            let begun = match making.take() {
                Some(begun) => Making { content: said("Import", &message), ..begun },
                None => {
                    let terms = message.terms.clone().unwrap_or_default();
                    self.making("Import", &message.request_id, &message.pool, terms, &message).await?
                }
            };
            if message.codes.is_empty() {
                making = Some(begun);
                continue;
            }
            // What was kept before needs no PIN hashed again.
            let is_kept = self.codebook.is_kept(&begun, part).await.map_err(failure)?;
            let mut foreign = Vec::with_capacity(message.codes.len());
            for code in message.codes {
                match self.foreign(place, code, is_kept || is_check).await? {
                    Ok(code) if is_check && !seen.insert(code.text.clone()) => {
                        refuse(&mut answer, place, Reason::Exists);
                    }
                    Ok(code) => foreign.push(code),
                    Err(reason) => refuse(&mut answer, place, reason),
                }
                place = place.saturating_add(1);
            }
            let count = u32::try_from(foreign.len()).unwrap_or(u32::MAX);
            let there = self.codebook.take_in(&begun, part, foreign, is_check).await.map_err(failure)?;
            answer.imported += count.saturating_sub(u32::try_from(there.len()).unwrap_or(u32::MAX));
            there.into_iter().for_each(|place| refuse(&mut answer, place, Reason::Exists));
            making = Some(begun);
            part = part.saturating_add(1);
        }
        if making.is_none() {
            return Err(fault("request_id", Problem::Missing));
        }
        Ok(answer)
    }

    async fn foreign(
        &self,
        place: u32,
        mut code: wire::ImportedCode,
        is_kept: bool,
    ) -> Result<Result<Foreign, Reason>, Failure> {
        let text = fold_code(&code.code);
        if !CODE_CHARACTERS.contains(&text.chars().count()) {
            return Ok(Err(Reason::Length));
        }
        if let Some(terms) = code.terms.as_mut().filter(|terms| is_kept && Pin::parse(&terms.pin).is_some()) {
            // Bound or not is asked all the same; which PIN it was is kept.
            if !terms.phone.is_empty() || !terms.customer_id.is_empty() {
                terms.pin.clear();
            }
        }
        let terms = match code.terms {
            None => None,
            Some(terms) => match self.terms(terms).await? {
                Ok(terms) => Some(terms),
                Err((_, _, reason)) => return Ok(Err(reason)),
            },
        };
        Ok(Ok(Foreign { place, text, terms }))
    }

    async fn found(&self, typed: String) -> Result<Found, Failure> {
        if typed.is_empty() {
            return Err(fault("code", Problem::Missing));
        }
        let codebook = self.codebook.clone();
        let found = apart(move || codebook.find(&typed)).await;
        let found = found
            .map_err(|_| Failure::Internal)?
            .map_err(|error| Failure::from(crate::server::codes::Trouble::from(error)))?;
        found.ok_or(Failure::Refused(Rejection::CodeUnknown))
    }

    async fn disabled(
        &self,
        mut asked: wire::DisableCodesRequest,
    ) -> Result<wire::DisableCodesResponse, Failure> {
        use wire::disable_codes_request::Target;
        let is_check = std::mem::take(&mut asked.validate_only);
        let request = fields::request_id(&asked.request_id)?;
        let content = said("Disable", &asked);
        let action = match asked.target {
            None => return Err(fault("target", Problem::Missing)),
            Some(Target::Pool(pool)) => Action::DisablePool(pool),
            Some(Target::Code(code)) => Action::DisableCode(self.found(code).await?.key),
        };
        let done = match is_check {
            true => self.codebook.would_change(request, &content, action).await,
            false => self.codebook.change(request, &content, clock::now(), action).await,
        };
        done.map_err(failure)?;
        Ok(wire::DisableCodesResponse {})
    }
}

fn said(method: &str, message: &impl Message) -> Vec<u8> {
    let mut content = method.as_bytes().to_vec();
    content.push(b'\n');
    content.extend_from_slice(&message.encode_to_vec());
    content
}

fn failure(refusal: Refusal) -> Failure {
    match refusal {
        Refusal::Rejected(rejection) => Failure::Refused(rejection),
        Refusal::Trouble(trouble) => trouble.into(),
    }
}

fn refuse(answer: &mut wire::ImportCodesResponse, place: u32, reason: Reason) {
    answer.refused += 1;
    if answer.faults.len() < FAULTS_TOLD_MAX {
        answer.faults.push(wire::ImportFault { place, reason: reason.into() });
    }
}

fn told(found: &Found) -> wire::Code {
    let timestamp = |at: Instant| Timestamp { seconds: at.unix(), nanos: 0 };
    let terms = &found.terms;
    wire::Code {
        pool: found.pool.clone(),
        uses_max: terms.uses.unwrap_or_default(),
        used: found.used,
        held: found.held,
        start_time: terms.from.map(timestamp),
        end_time: terms.until.map(timestamp),
        birthday: terms.birthday.map(|birthday| wire::BirthdayWindow {
            days_before: u32::from(birthday.days_before),
            days_after: u32::from(birthday.days_after),
        }),
        has_customer: terms.customer.is_some(),
        has_phone: terms.phone.is_some(),
        has_pin: terms.pin.is_some(),
        disabled: found.is_disabled,
    }
}

type Answers = mpsc::Sender<Result<wire::GenerateCodesResponse, Status>>;
type Generated = Pinned<Box<dyn Stream<Item = Result<wire::GenerateCodesResponse, Status>> + Send>>;

#[tonic::async_trait]
impl wire::code_service_server::CodeService for Codes {
    type GenerateStream = Generated;

    async fn generate(
        &self,
        request: Request<wire::GenerateCodesRequest>,
    ) -> Result<Response<Generated>, Status> {
        let (call, speaker) = (Call::of(&request), Speaker::of(&request));
        let mut asked = request.into_inner();
        let is_check = std::mem::take(&mut asked.validate_only);
        let approval = std::mem::take(&mut asked.approval);
        speaker.about(&asked.request_id, is_check);
        let is_for_two = !is_check && speaker.four_eyes().codes_over.is_some_and(|most| asked.count > most);
        let most = i64::from(CODES_MAX);
        let making = match asked.count {
            1..=CODES_MAX => {
                let terms = asked.terms.clone().unwrap_or_default();
                self.making("Generate", &asked.request_id, &asked.pool, terms, &asked).await
            }
            _ => Err(fault("count", Problem::OutOfRange(1, most))),
        };
        let making = making.map_err(|failure| failure.status(call.lang))?;
        let (answers, receiver) = mpsc::channel(ANSWERS_WAITING_MAX);
        let is_kept = match is_check || is_for_two {
            true => self.codebook.is_kept(&making, 0).await,
            false => Ok(false),
        };
        let is_kept = is_kept.map_err(|refusal| failure(refusal).status(call.lang))?;
        // What two have asked for is told again to whoever asks for it.
        if is_for_two && !is_kept {
            let seen = self.eyes.see(&speaker, &making.content, &approval);
            seen.map_err(|failure| failure.status(call.lang))?;
        }
        if is_check {
            return Ok(Response::new(Box::pin(ReceiverStream::new(receiver))));
        }
        let place = Arc::clone(&self.generations).try_acquire_owned();
        let place = place.map_err(|_| Failure::Overloaded.status(call.lang))?;
        let service = self.clone();
        tokio::spawn(async move {
            let done = service.generated(&making, asked.count, &answers).await;
            upload::end(&answers, place, done, call.lang).await;
        });
        Ok(Response::new(Box::pin(ReceiverStream::new(receiver))))
    }

    async fn import(
        &self,
        request: Request<Streaming<wire::ImportCodesRequest>>,
    ) -> Result<Response<wire::ImportCodesResponse>, Status> {
        let (call, speaker) = (Call::of(&request), Speaker::of(&request));
        let answer = self.imported(request.into_inner(), &speaker).await;
        answer.map(Response::new).map_err(|failure| failure.status(call.lang))
    }

    async fn inspect(
        &self,
        request: Request<wire::InspectCodeRequest>,
    ) -> Result<Response<wire::Code>, Status> {
        let call = Call::of(&request);
        let found = self.found(request.into_inner().code).await;
        found.map(|found| Response::new(told(&found))).map_err(|failure| failure.status(call.lang))
    }

    async fn disable(
        &self,
        request: Request<wire::DisableCodesRequest>,
    ) -> Result<Response<wire::DisableCodesResponse>, Status> {
        let call = Call::of(&request);
        Speaker::of(&request).about(&request.get_ref().request_id, request.get_ref().validate_only);
        let answer = self.disabled(request.into_inner()).await;
        answer.map(Response::new).map_err(|failure| failure.status(call.lang))
    }
}
