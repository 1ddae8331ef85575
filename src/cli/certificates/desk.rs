//! What all commands share: a question to the service, and an answer on standard output.

use std::io::{self, Write as _};
use std::process::ExitCode;

use anyhow::Result;
use serde::Serialize;
use tonic::{Code, Response, Status};

use crate::cli::credentials::Line;
use crate::cli::link::{Again, Link, refused, wait};
use crate::server::timestamp::Timestamp;
use crate::server::wire::CertificateStanding;
use crate::server::wire::certificate_service_client::CertificateServiceClient;
use crate::server::wire::certificate_standing::State;
use crate::time::Instant;

/// The service as a call sees it.
pub(super) type Desk = CertificateServiceClient<Line>;

/// Asks once. That there is no such sale or certificate is an answer: it is told, and there is nothing to print.
pub(super) fn ask<T>(
    link: &Link,
    again: Again,
    call: impl AsyncFnOnce(&mut Desk) -> Result<Response<T>, Status>,
) -> Result<Option<T>> {
    let answer = wait(again, async {
        let mut desk = Desk::new(link.connect().await?);
        Ok(call(&mut desk).await)
    })?;
    match answer {
        Ok(answer) => Ok(Some(answer.into_inner())),
        Err(status) if status.code() == Code::NotFound => {
            let _ = writeln!(io::stderr(), "{}", status.message());
            Ok(None)
        }
        Err(status) => Err(refused(&status, again)),
    }
}

/// Prints an answer: as proto3 JSON, or for a person.
pub(super) fn print<T: Serialize>(
    answer: Option<T>,
    json: bool,
    page: impl FnOnce(&T) -> String,
) -> Result<ExitCode> {
    let Some(answer) = answer else { return Ok(ExitCode::FAILURE) };
    let text = if json { serde_json::to_string(&answer)? + "\n" } else { page(&answer) };
    io::stdout().write_all(text.as_bytes())?;
    Ok(ExitCode::SUCCESS)
}

/// Names and what stands behind them, a line each.
pub(super) fn list(rows: &[(&str, String)]) -> String {
    rows.iter().map(|(name, text)| format!("{name:<9} {text}\n")).collect()
}

/// A certificate as receipts name it.
pub(super) fn masked(last_four: &str) -> String {
    // Of a message that was harmed on the disk nobody knows them.
    if last_four.is_empty() { String::new() } else { format!("···{last_four}") }
}

/// A moment.
pub(super) fn moment(at: Option<&Timestamp>) -> String {
    let at = at.and_then(|at| Instant::from_unix(at.seconds));
    at.map(|at| at.to_string()).unwrap_or_default()
}

/// Where a certificate stands.
pub(super) fn standing(standing: &CertificateStanding) -> Vec<(&'static str, String)> {
    let state = match standing.state() {
        State::Active => "active",
        State::Blocked => "blocked",
        State::Frozen => "frozen: its purchase was paid back",
        State::Expired => "expired",
        State::Unspecified => "",
    };
    vec![
        ("number", masked(&standing.last_four)),
        ("id", standing.certificate_id.clone()),
        ("state", state.to_owned()),
        ("until", moment(standing.expire_time.as_ref())),
    ]
}
