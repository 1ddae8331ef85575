//! What commands share that publish: who, under which conditions, and how the answer is told.

use std::io::{self, Write as _};
use std::process::ExitCode;
use std::time::Duration;

use anyhow::Result;
use serde::Serialize;
use tonic::{Code, Request, Response, Status};

use crate::cli::credentials::Line;
use crate::cli::link::{Again, Link, Named, Second, wait};
use crate::cli::remote;
use crate::cli::terminal::{self, Language};
use crate::cli::words::count;
use crate::lang::Lang;
use crate::server::wire::rulebook_service_client::RulebookServiceClient;
use crate::server::wire::{Diagnostic, RulebookVersion};

/// Rule files of a large chain take seconds to send and to compile.
const CALL_MAX: Duration = Duration::from_secs(600);
/// Bytes of an answer: what differs between two rulebooks is bounded, and its texts are not short.
const ANSWER_BYTES_MAX: usize = 64 << 20;

/// Who publishes, and how.
#[derive(Debug, Clone, clap::Args)]
pub(super) struct Who {
    /// Who publishes: it stands in the history
    #[arg(long, env = "PRICEWRIGHT_BY", value_name = "NAME")]
    pub(super) by: String,
    /// Why: it stands in the history
    #[arg(long, default_value = "", hide_default_value = true, value_name = "TEXT")]
    pub(super) comment: String,
    /// Publish only if this version, digest or number is live: nobody is overwritten who has just published
    #[arg(long, default_value = "", hide_default_value = true, value_name = "VERSION")]
    pub(super) expected_version: String,
    /// Change nothing, tell what would be
    #[arg(long)]
    pub(super) validate_only: bool,
    /// Print the answer of the service as proto3 JSON
    #[arg(long)]
    pub(super) json: bool,
    /// Language of the answer [default: that of the environment]
    #[arg(long, value_enum)]
    lang: Option<Language>,
    #[command(flatten)]
    pub(super) named: Named,
    #[command(flatten)]
    pub(super) second: Second,
    #[command(flatten)]
    pub(super) link: Link,
}

impl Who {
    pub(super) fn lang(&self) -> Lang {
        terminal::language(self.lang)
    }
}

/// The service as a call sees it.
pub(super) type Desk = RulebookServiceClient<Line>;

/// Asks once.
pub(super) fn ask<Q, A>(
    link: &Link,
    again: Again,
    lang: Lang,
    question: Q,
    call: impl AsyncFnOnce(&mut Desk, Request<Q>) -> Result<Response<A>, Status>,
) -> Result<Result<A, Status>> {
    wait(again, async {
        let mut desk = Desk::new(link.connect().await?).max_decoding_message_size(ANSWER_BYTES_MAX);
        let answer = call(&mut desk, remote::request(question, lang, CALL_MAX)).await;
        Ok(answer.map(Response::into_inner))
    })
}

/// What a refusal is: that another version is live, or none is called so, is an answer; all else has failed.
pub(super) fn refused(status: &Status, again: Again) -> Result<ExitCode> {
    if matches!(status.code(), Code::NotFound | Code::FailedPrecondition) {
        let _ = writeln!(io::stderr(), "{:#}", remote::explained(status));
        return Ok(ExitCode::FAILURE);
    }
    match status.code() {
        Code::InvalidArgument | Code::AlreadyExists | Code::DataLoss => Err(remote::explained(status)),
        _ => Err(crate::cli::link::refused(status, again)),
    }
}

/// What became of a publication.
pub(super) struct Answer<'a> {
    pub(super) ok: bool,
    pub(super) version: Option<&'a RulebookVersion>,
    pub(super) diagnostics: &'a [Diagnostic],
}

/// Prints what became of it; 1 when the files are at fault.
pub(super) fn print<T: Serialize>(whole: &T, answer: &Answer<'_>, who: &Who) -> Result<ExitCode> {
    let mut output = io::stdout().lock();
    if who.json {
        writeln!(output, "{}", serde_json::to_string(whole)?)?;
    } else {
        for found in answer.diagnostics {
            writeln!(output, "{}\n", found.rendered.trim_end())?;
        }
        writeln!(output, "{}", sentence(answer, who))?;
    }
    Ok(if answer.ok { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn sentence(answer: &Answer<'_>, who: &Who) -> String {
    let lang = who.lang();
    let Some(version) = answer.version.filter(|_| answer.ok) else {
        return lang.pick("nothing was published", "нічого не опубліковано").to_owned();
    };
    let (number, name) = (version.number, &version.version);
    let done = if who.validate_only {
        lang.pick(
            format!("would be published: version {name}"),
            format!("було б опубліковано: версія {name}"),
        )
    } else {
        lang.pick(
            format!("published: {number}, version {name}"),
            format!("опубліковано: {number}, версія {name}"),
        )
    };
    let changed = version.changed_file_count.zip(version.changed_promotion_count);
    let changed = changed.map(|(files, promotions)| match files {
        0 => lang.pick("nothing has changed", "нічого не змінилося").to_owned(),
        files => {
            let [files, promotions] = [files, promotions].map(|number| count(u64::from(number)));
            lang.pick(
                format!("changed files: {files}, promotions and caps: {promotions}"),
                format!("змінено файлів: {files}, акцій та обмежень: {promotions}"),
            )
        }
    });
    changed.map_or(done.clone(), |changed| format!("{done}; {changed}"))
}
