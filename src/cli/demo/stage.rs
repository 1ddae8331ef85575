//! Where the story takes place: a temporary folder with rule files, the service on a free port, a client.

use std::fs;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use tempfile::TempDir;
use tonic::Status;
use tonic::transport::Channel;

use super::phone::Phone;
use crate::server::clock;
use crate::server::config::Options;
use crate::server::rules_dir::STATUS;
use crate::server::run::{RunningServer, Server};
use crate::server::wire::certificate_service_client::CertificateServiceClient;
use crate::server::wire::pricing_service_client::PricingServiceClient;
use crate::server::wire::redemption_service_client::RedemptionServiceClient;
use crate::server::wire::rulebook_service_client::RulebookServiceClient;
use crate::server::wire::{
    CommitRequest, GetActiveRequest, IssueCertificateRequest, IssueCertificateResponse, Quote, QuoteRequest,
    RequestOtpRequest, ReserveRequest, Rulebook, Sale,
};

/// The rule files of the demo; they lie in `demo/rules` of the repository.
pub const FILES: [(&str, &str); 4] = [
    ("settings.yaml", include_str!("../../../demo/rules/settings.yaml")),
    ("catalog.csv", include_str!("../../../demo/rules/catalog.csv")),
    (EDITED, include_str!("../../../demo/rules/black-friday.yaml")),
    ("everyday.yaml", include_str!("../../../demo/rules/everyday.yaml")),
];
/// The file that the story edits.
pub const EDITED: &str = "black-friday.yaml";

/// A change that takes longer than this did not happen.
const PATIENCE: Duration = Duration::from_secs(10);
/// Between two questions.
const POLL: Duration = Duration::from_millis(2);

/// The stage.
pub struct Stage {
    // Removed when dropped.
    folder: TempDir,
    server: RunningServer,
    /// Where it listens.
    pub address: SocketAddr,
    pricing: PricingServiceClient<Channel>,
    rulebook: RulebookServiceClient<Channel>,
    till: RedemptionServiceClient<Channel>,
    desk: CertificateServiceClient<Channel>,
    /// The phone to which passwords go.
    pub phone: Phone,
}

impl Stage {
    /// Writes the rule files and starts the service.
    ///
    /// # Errors
    /// The folder cannot be written, or the service does not start.
    pub async fn set() -> Result<Self> {
        let folder =
            tempfile::Builder::new().prefix("pricewright-demo-").tempdir().context("no temporary folder")?;
        let rules = folder.path().join("rules");
        fs::create_dir(&rules)?;
        for (name, text) in FILES {
            fs::write(rules.join(name), text)?;
        }
        let phone = Phone::on().await?;
        let options = Options {
            listen: Some(SocketAddr::from((Ipv4Addr::LOCALHOST, 0))),
            rules: Some(rules),
            data: Some(folder.path().join("data")),
            otp_webhook: Some(format!("http://{}/", phone.address)),
            otp_webhook_secret: Some(folder.path().join("webhook")),
            ..Options::default()
        };
        let server = Server::start(options.resolve()?).await.context("the service does not start")?;
        server.ready().await.context("no rulebook is live")?;
        let address = server.local_addr();
        let channel = Channel::from_shared(format!("http://{address}"))?.connect().await?;
        Ok(Stage {
            folder,
            server,
            address,
            pricing: PricingServiceClient::new(channel.clone()),
            rulebook: RulebookServiceClient::new(channel.clone()),
            till: RedemptionServiceClient::new(channel.clone()),
            desk: CertificateServiceClient::new(channel),
            phone,
        })
    }

    /// The rules folder.
    #[must_use]
    pub fn rules(&self) -> PathBuf {
        self.folder.path().join("rules")
    }

    /// Asks for a price.
    ///
    /// # Errors
    /// The service refuses.
    pub async fn quote(&mut self, request: &QuoteRequest) -> Result<Quote> {
        let answer = self.pricing.quote(request.clone()).await;
        Ok(answer.map_err(|status| anyhow::anyhow!("Quote: {}", status.message()))?.into_inner())
    }

    /// Asks what is live.
    ///
    /// # Errors
    /// The service refuses.
    pub async fn active(&mut self) -> Result<Rulebook> {
        let answer = self.rulebook.get_active(GetActiveRequest {}).await;
        Ok(answer.map_err(|status| anyhow::anyhow!("GetActive: {}", status.message()))?.into_inner())
    }

    /// A purchase is about to be paid.
    ///
    /// # Errors
    /// The service refuses.
    pub async fn reserve(&mut self, asked: ReserveRequest) -> Result<Sale> {
        Ok(self.till.reserve(asked).await?.into_inner())
    }

    /// It is paid.
    ///
    /// # Errors
    /// The service refuses.
    pub async fn commit(&mut self, sale_id: &str, request_id: String) -> Result<Sale> {
        let sale_id = sale_id.to_owned();
        let asked = CommitRequest { request_id, sale_id, ..CommitRequest::default() };
        Ok(self.till.commit(asked).await?.into_inner())
    }

    /// A certificate is issued.
    ///
    /// # Errors
    /// The service refuses.
    pub async fn issue(
        &mut self,
        asked: IssueCertificateRequest,
    ) -> Result<IssueCertificateResponse, Status> {
        self.desk.issue(asked).await.map(tonic::Response::into_inner)
    }

    /// A password is sent.
    ///
    /// # Errors
    /// The service refuses.
    pub async fn send_otp(&mut self, asked: RequestOtpRequest) -> Result<()> {
        self.desk.request_otp(asked).await?;
        Ok(())
    }

    /// Replaces the edited file, as an editor saves it.
    ///
    /// # Errors
    /// It cannot be written.
    pub fn save(&self, text: &str) -> Result<()> {
        fs::write(self.rules().join(EDITED), text).context("cannot write the rule file")
    }

    /// Asks for the price until it is `total`; the time that took.
    ///
    /// # Errors
    /// It does not come, or the service refuses.
    pub async fn wait_for_total(&mut self, request: &QuoteRequest, total: i64) -> Result<Duration> {
        let began = clock::steady();
        while self.quote(request).await?.total != total {
            if began.elapsed() > PATIENCE {
                bail!("the new price is not there after {} s", PATIENCE.as_secs());
            }
            tokio::time::sleep(POLL).await;
        }
        Ok(began.elapsed())
    }

    /// Asks what is live until `wanted` holds.
    ///
    /// # Errors
    /// It does not come to hold, or the service refuses.
    pub async fn wait_for(&mut self, what: &str, wanted: impl Fn(&Rulebook) -> bool) -> Result<Rulebook> {
        let began = clock::steady();
        loop {
            let live = self.active().await?;
            if wanted(&live) {
                return Ok(live);
            }
            if began.elapsed() > PATIENCE {
                bail!("after {} s still not so: {what}", PATIENCE.as_secs());
            }
            tokio::time::sleep(POLL).await;
        }
    }

    /// Reads `_STATUS.txt` until `wanted` holds: it is written just after the rulebook is live.
    ///
    /// # Errors
    /// It does not come to hold.
    pub async fn wait_for_status(&self, what: &str, wanted: impl Fn(&str) -> bool) -> Result<()> {
        let began = clock::steady();
        while !fs::read_to_string(self.rules().join(STATUS)).is_ok_and(|text| wanted(&text)) {
            if began.elapsed() > PATIENCE {
                bail!("after {} s still not so: {what}", PATIENCE.as_secs());
            }
            tokio::time::sleep(POLL).await;
        }
        Ok(())
    }

    /// Stops the service and removes the folder.
    ///
    /// # Errors
    /// The folder cannot be removed.
    pub async fn clear(self) -> Result<()> {
        let Stage { folder, server, pricing, rulebook, till, desk, .. } = self;
        // Open connections would make the service wait for them.
        drop((pricing, rulebook, till, desk));
        server.shutdown().await.context("the service does not end in good order")?;
        folder.close().context("cannot remove the temporary folder")
    }
}
