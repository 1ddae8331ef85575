//! `pricewright rules publish`: a folder of rule files goes to a service, and in force.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Result, ensure};

use super::desk::{Answer, Who, ask, print, refused};
use crate::cli::link::Again;
use crate::cli::local::sources;
use crate::server::wire::{PublishRequest, SourceFile};

/// Put the rule files of a folder in force on a service that runs
///
/// All of them together, and nothing else. Files with an error publish nothing: every finding is printed, and the exit code is 1; so it is
/// when another version is live than --expected-version. The service's own rules folder stays as it is; what is published here is in force until a
/// file there changes.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  pricewright rules publish ./rules --by Olena --comment 'Black Friday'
  pricewright rules publish ./rules --by Olena --validate-only
  pricewright rules publish ./rules --by Olena --request-id 0b6f1c52-1f0e-4a53-9d0e-6a3c1d1f7a11 \\
      --approval 1795860000.k1:5b…                           as the second of two
  pricewright rules publish ./rules --by CI --expected-version 3f2a9c41d07b --server 10.0.0.5:50051 --json")]
pub struct Args {
    /// Folder with the rule files
    #[arg(env = "PRICEWRIGHT_RULES", default_value = "rules")]
    dir: PathBuf,
    #[command(flatten)]
    who: Who,
}

/// Publishes the folder.
///
/// # Errors
/// The folder cannot be read, the service refuses or is gone, or standard output cannot be written.
pub fn run(args: &Args) -> Result<ExitCode> {
    let who = &args.who;
    let sources = sources(&args.dir)?;
    ensure!(!sources.is_empty(), "there are no rule files in `{}`", args.dir.display());
    let files = sources.into_iter();
    let files = files.map(|source| SourceFile { path: source.path, content: source.bytes.into() }).collect();
    let request = PublishRequest {
        request_id: who.named.tell()?,
        files,
        by: who.by.clone(),
        comment: who.comment.clone(),
        expected_version: who.expected_version.clone(),
        validate_only: who.validate_only,
        approval: who.second.approval.clone(),
    };
    let call =
        ask(&who.link, Again::WithId, who.lang(), request, async |desk, request| desk.publish(request).await);
    match call? {
        Ok(answer) => {
            let told =
                Answer { ok: answer.ok, version: answer.version.as_ref(), diagnostics: &answer.diagnostics };
            print(&answer, &told, who)
        }
        Err(status) => refused(&status, Again::WithId),
    }
}
