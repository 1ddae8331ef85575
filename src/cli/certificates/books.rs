//! Where a statement comes from: a data folder that no service holds, or a service.

use std::path::Path;
use std::sync::Arc;

use anyhow::{Context as _, Result, anyhow};
use jiff::civil::Date;

use super::desk::ask;
use crate::cli::calendar;
use crate::cli::link::{Again, Link, patient};
use crate::cli::rules::progress::with_wheel;
use crate::server::archive::Archive;
use crate::server::certificates::statement;
use crate::server::convert;
use crate::server::engine::Engine;
use crate::server::ledger::upkeep::{Rest, look};
use crate::server::reporter::Reporter;
use crate::server::store::disk::OnDisk;
use crate::server::wire::{CertificateStatementRequest, CertificateStatementResponse};
use crate::time::Zone;

/// The days that are asked for.
#[derive(Debug, Clone, Copy)]
pub(super) struct Days<'a> {
    /// The first.
    pub(super) first: Date,
    /// The last.
    pub(super) last: Date,
    /// Where they are days; as in the rules when not said.
    pub(super) time_zone: Option<&'a str>,
}

/// Asks a data folder.
pub(super) fn local(days: Days<'_>, data: &Path) -> Result<CertificateStatementResponse> {
    let ledger =
        Rest::take(&data.join("ledger")).context("to ask the service itself, name it with --server")?;
    let zone = match days.time_zone {
        Some(name) => calendar::zone(name)?,
        None => zone_of_rules(data)?,
    };
    with_wheel("reading entries", || {
        let index = look(&ledger)?;
        let found = statement(index.as_ref(), days.first, days.last, &zone)?;
        index.close()?;
        Ok(convert::statement::told(&found))
    })
}

fn zone_of_rules(data: &Path) -> Result<Zone> {
    let reporter =
        Reporter::new(Arc::new(Archive::new(Arc::new(OnDisk::open(data)?), Arc::new(Engine::default()))));
    let zone = reporter.zone();
    zone.ok_or_else(|| anyhow!("no rulebook was ever live in `{}`: say --time-zone", data.display()))
}

/// Asks a service.
pub(super) fn remote(days: Days<'_>, link: &Link) -> Result<CertificateStatementResponse> {
    let asked = CertificateStatementRequest {
        first_day: days.first.to_string(),
        last_day: days.last.to_string(),
        time_zone: days.time_zone.unwrap_or_default().to_owned(),
    };
    let call = || ask(link, Again::AsItIs, async |desk| desk.statement(patient(asked)).await);
    Ok(with_wheel("reading entries", call)?.unwrap_or_default())
}
