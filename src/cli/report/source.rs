//! Where a report comes from: a data folder that no service holds, or a service.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, Result, anyhow};
use tonic::Request;

use crate::cli::link::Link;
use crate::cli::rules::progress::with_wheel;
use crate::server::archive::Archive;
use crate::server::convert::report;
use crate::server::engine::Engine;
use crate::server::ledger::upkeep::{Rest, look};
use crate::server::reporter::Reporter;
use crate::server::store::disk::OnDisk;
use crate::server::wire::report_service_client::ReportServiceClient;
use crate::server::wire::{PromotionsRequest, PromotionsResponse};

/// How long a report of a service may take.
const DEADLINE: Duration = Duration::from_secs(1_800);
/// Bytes of a report: its rows are bounded, and their names are not.
const ANSWER_BYTES_MAX: usize = 64 << 20;

/// Asks a data folder.
pub(super) fn local(asked: PromotionsRequest, data: &Path) -> Result<PromotionsResponse> {
    let ledger =
        Rest::take(&data.join("ledger")).context("to ask the service itself, name it with --server")?;
    let reporter =
        Reporter::new(Arc::new(Archive::new(Arc::new(OnDisk::open(data)?), Arc::new(Engine::default()))));
    let zone = reporter.zone().ok_or_else(|| anyhow!("no rulebook was ever live in `{}`", data.display()))?;
    let asked = report::asked(asked, &zone).map_err(|faults| {
        let faults: Vec<String> = faults.iter().map(ToString::to_string).collect();
        anyhow!(faults.join("; "))
    })?;
    with_wheel("reading sales", || {
        let index = look(&ledger)?;
        let table = reporter.report(index.as_ref(), asked, zone.clone(), &|| false)?;
        index.close()?;
        Ok(report::told(&table, &zone))
    })
}

/// Asks a service.
pub(super) fn remote(asked: PromotionsRequest, link: &Link) -> Result<PromotionsResponse> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.context("cannot start the runtime")?;
    let call = async {
        let line = link.connect().await?;
        let mut client = ReportServiceClient::new(line).max_decoding_message_size(ANSWER_BYTES_MAX);
        let mut request = Request::new(asked);
        request.set_timeout(DEADLINE);
        let answer = client.promotions(request).await;
        answer.map(tonic::Response::into_inner).map_err(|status| anyhow!("{}", status.message()))
    };
    with_wheel("reading sales", || runtime.block_on(call))
}
