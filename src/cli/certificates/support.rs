//! `pricewright certificates block`, `unblock`, `extend`, `transfer`: what support does, with who and why on the record.

use std::process::ExitCode;

use anyhow::Result;
use tonic::{Response, Status};
use uuid::Uuid;

use super::desk::{Desk, ask, list, print, standing};
use crate::cli::calendar::{edge, zone};
use crate::cli::link::{Again, Link, Named, patient, typed};
use crate::rulebook::text::calendar::Edge;
use crate::server::wire::certificate_name::Name;
use crate::server::wire::{
    BlockCertificateRequest, CertificateName, CertificateStanding, ExtendCertificateRequest,
    TransferCertificateRequest, UnblockCertificateRequest,
};

/// What every change says.
#[derive(Debug, Clone, clap::Args)]
struct Change {
    #[command(flatten)]
    which: Which,
    /// Who asks for it: an account name of yours, never a customer
    #[arg(long, value_name = "WHO")]
    actor: String,
    /// Why. Kept for ever, so without personal data
    #[arg(long, value_name = "WHY")]
    reason: String,
    /// Print where it stands as proto3 JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    named: Named,
    #[command(flatten)]
    link: Link,
}

/// One of the two.
#[derive(Debug, Clone, clap::Args)]
#[group(required = true, multiple = false)]
struct Which {
    /// The number of the certificate, or `-` for the next line of standard input
    #[arg(long)]
    number: Option<String>,
    /// Its id, which `issue` and `balance` tell, and each sale that it paid for; it is no secret
    #[arg(long, value_name = "UUID")]
    id: Option<Uuid>,
}

/// Take a certificate out of use
///
/// A purchase that is reserved with it may still be paid. Exits with 1 when there is no such certificate.
#[derive(Debug, Clone, clap::Args)]
#[command(after_help = "\
Examples:
  pricewright certificates block --id 0197c5a4-7b1e-7cc2-8f3a-3f5ddd1a9e11 --actor support-7 --reason stolen
  pricewright certificates block --number - --actor support-7 --reason stolen < number.txt")]
pub struct BlockArgs {
    #[command(flatten)]
    change: Change,
}

/// Put a certificate into use again
///
/// One whose purchase was paid back stays out of use. Exits with 1 when there is no such certificate.
#[derive(Debug, Clone, clap::Args)]
#[command(after_help = "\
Examples:
  pricewright certificates unblock --id 0197c5a4-7b1e-7cc2-8f3a-3f5ddd1a9e11 --actor support-7 --reason found")]
pub struct UnblockArgs {
    #[command(flatten)]
    change: Change,
}

/// Move the end of a certificate
///
/// To a later one, also when it has expired: what had expired may be spent again. Exits with 1 when there is no such certificate.
#[derive(Debug, Clone, clap::Args)]
#[command(after_help = "\
Examples:
  pricewright certificates extend --id 0197c5a4-7b1e-7cc2-8f3a-3f5ddd1a9e11 --until 2028-12-31 --actor support-7 --reason goodwill")]
pub struct ExtendArgs {
    #[command(flatten)]
    change: Change,
    /// Its new last day, or the moment at which it ends
    #[arg(long, value_name = "TIME")]
    until: String,
    /// The zone in which days and moments without one are meant
    #[arg(long, value_name = "ZONE", default_value = "Europe/Kyiv")]
    time_zone: String,
}

/// Bind a certificate to another phone
///
/// A password that was sent to the old one opens nothing any more. Where number and phone are both `-`, the first line of standard input is
/// the number and the second the phone. Exits with 1 when there is no such certificate.
#[derive(Debug, Clone, clap::Args)]
#[command(after_help = "\
Examples:
  pricewright certificates transfer --id 0197c5a4-7b1e-7cc2-8f3a-3f5ddd1a9e11 --phone - --actor support-7 --reason \"a new phone\" < phone.txt")]
pub struct TransferArgs {
    #[command(flatten)]
    change: Change,
    /// The new phone, or `-` for the next line of standard input
    #[arg(long)]
    phone: String,
}

impl Change {
    /// The certificate, and the id, told.
    fn begin(&self) -> Result<(String, Option<CertificateName>)> {
        let [number] = typed([("number", self.which.number.as_deref().unwrap_or_default())])?;
        Ok((self.named.tell()?, Some(self.name(number))))
    }

    fn name(&self, number: String) -> CertificateName {
        let id = self.which.id.map(|id| Name::CertificateId(id.to_string()));
        CertificateName { name: Some(id.unwrap_or(Name::Number(number))) }
    }

    fn said(&self) -> (String, String) {
        (self.actor.clone(), self.reason.clone())
    }

    fn end(
        &self,
        call: impl AsyncFnOnce(&mut Desk) -> Result<Response<CertificateStanding>, Status>,
    ) -> Result<ExitCode> {
        let told = ask(&self.link, Again::WithId, call)?;
        print(told, self.json, |told| list(&standing(told)))
    }
}

/// Out of use.
pub(super) fn block(BlockArgs { change }: &BlockArgs) -> Result<ExitCode> {
    let (request_id, certificate) = change.begin()?;
    let (actor, reason) = change.said();
    let asked = BlockCertificateRequest { request_id, certificate, actor, reason, validate_only: false };
    change.end(async |desk| desk.block(patient(asked)).await)
}

/// Into use again.
pub(super) fn unblock(UnblockArgs { change }: &UnblockArgs) -> Result<ExitCode> {
    let (request_id, certificate) = change.begin()?;
    let (actor, reason) = change.said();
    let asked = UnblockCertificateRequest { request_id, certificate, actor, reason, validate_only: false };
    change.end(async |desk| desk.unblock(patient(asked)).await)
}

/// Another end.
pub(super) fn extend(args: &ExtendArgs) -> Result<ExitCode> {
    let change = &args.change;
    let expire_time = edge("until", Some(&args.until), &zone(&args.time_zone)?, Edge::Until)?;
    let (request_id, certificate) = change.begin()?;
    let (actor, reason) = change.said();
    let validate_only = false;
    let asked =
        ExtendCertificateRequest { request_id, certificate, actor, reason, expire_time, validate_only };
    change.end(async |desk| desk.extend(patient(asked)).await)
}

/// Another phone.
pub(super) fn transfer(args: &TransferArgs) -> Result<ExitCode> {
    let change = &args.change;
    let number = change.which.number.as_deref().unwrap_or_default();
    let [number, phone] = typed([("number", number), ("phone", &args.phone)])?;
    let (request_id, certificate) = (change.named.tell()?, Some(change.name(number)));
    let (actor, reason) = change.said();
    let validate_only = false;
    let asked = TransferCertificateRequest { request_id, certificate, actor, reason, phone, validate_only };
    change.end(async |desk| desk.transfer(patient(asked)).await)
}
