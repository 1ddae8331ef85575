//! `pricewright rules rollback`: what was in force before is in force again.

use std::process::ExitCode;

use anyhow::Result;

use super::desk::{Answer, Who, ask, print, refused};
use crate::cli::link::Again;
use crate::server::wire::RollbackRequest;

/// Put an old rulebook in force again on a service that runs
///
/// It becomes the newest entry of the history; nothing in the history is undone. The service's rules folder stays as it is; the old rulebook is in
/// force until a file there changes.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  pricewright rules rollback 12 --by Olena --comment 'prices were wrong'
  pricewright rules rollback 3f2a9c41d07b --by Olena --validate-only")]
pub struct Args {
    /// Which: a number of `rules history`, a version or a digest
    version: String,
    #[command(flatten)]
    who: Who,
}

/// Puts it back.
///
/// # Errors
/// The service refuses or is gone, or standard output cannot be written.
pub fn run(args: &Args) -> Result<ExitCode> {
    let who = &args.who;
    let request = RollbackRequest {
        request_id: who.named.tell()?,
        version: args.version.clone(),
        by: who.by.clone(),
        comment: who.comment.clone(),
        expected_version: who.expected_version.clone(),
        validate_only: who.validate_only,
        approval: who.second.approval.clone(),
    };
    let call = ask(&who.link, Again::WithId, who.lang(), request, async |desk, request| {
        desk.rollback(request).await
    });
    match call? {
        Ok(answer) => {
            let told =
                Answer { ok: answer.ok, version: answer.version.as_ref(), diagnostics: &answer.diagnostics };
            print(&answer, &told, who)
        }
        Err(status) => refused(&status, Again::WithId),
    }
}
