//! The end of a soak: everything is asked again, the limits are held against what tills know, and the ledgers are looked into.

use std::time::Duration;

use pricewright::server::ledger::{self, Options};
use pricewright::server::wire;
use pricewright::server::wire::redemption_service_client::RedemptionServiceClient;
use pricewright::server::wire::sale::State;
use pricewright::server::{clock, database};
use tonic::transport::Channel;

use super::service::{BACK, Service};
use crate::faults::audit::{Audit, audit, audit_of};
use crate::faults::phones::differed;
use crate::faults::shop::{ask_again, compare_with_quotes};
use crate::faults::till::Till;

/// Before limits are compared again: a node hears within a moment of what was done at another.
const MOMENT: Duration = Duration::from_millis(200);

/// Where the ledger of services is.
pub(super) enum Ledger {
    /// In the folder of the one service.
    Own,
    /// In that database.
    Shared(String),
}

/// What all ledgers have shown.
#[derive(Debug, Default)]
pub(super) struct Books {
    pub(super) again: u64,
    pub(super) answers: usize,
    pub(super) sales: usize,
    pub(super) paid: usize,
    pub(super) certificates: u64,
    /// Answers that are not what they were.
    pub(super) lost: Vec<String>,
    /// Limits of which more or less is taken than tills know, and passwords that were made twice.
    pub(super) doubled: Vec<String>,
    /// What does not fit together in a ledger.
    pub(super) wrong: Vec<String>,
}

impl Books {
    /// Asks everything again that was ever answered by a ledger, each answer at a service that may not have given it; stops its services and looks
    /// into it.
    pub(super) async fn close(&mut self, services: Vec<Service>, mut tills: Vec<Vec<Till>>, ledger: Ledger) {
        tills.rotate_left(1);
        for (service, tills) in services.iter().zip(&mut tills) {
            tills.iter_mut().for_each(|till| till.checked = 0);
            let found = ask_again(tills, &service.life().client).await;
            self.again += found.again;
            self.lost.extend(found.lost);
        }
        let mut tills: Vec<Till> = tills.into_iter().flatten().collect();
        for service in &services {
            self.doubled.extend(differences(&mut tills, service).await);
        }
        let calls = tills.iter().flat_map(|till| &till.kept).map(|kept| kept.asked.request_id());
        let twice = calls.filter(|call| differed(call)).map(|call| format!("two passwords of {call}"));
        self.doubled.extend(twice);
        let shops: Vec<_> = services.into_iter().map(Service::stop).collect();
        self.add(match ledger {
            Ledger::Own => audit(&shops[0].data(), &tills),
            Ledger::Shared(url) => {
                let shared = database::Shared::open(&url.parse().unwrap()).unwrap();
                audit_of(&ledger::Ledger::open(&Options::Shared(shared)).unwrap(), &tills)
            }
        });
    }

    fn add(&mut self, audit: Audit) {
        self.answers += audit.answers;
        self.sales += audit.sales;
        self.paid += audit.paid;
        self.certificates += audit.certificates;
        self.wrong.extend(audit.wrong);
    }
}

/// What quotes of a service say of limits that is not what tills know; holds may end while it is looked.
async fn differences(tills: &mut [Till], service: &Service) -> Vec<String> {
    let begun = clock::steady();
    loop {
        end_holds(tills, &service.life().channel).await;
        let found = compare_with_quotes(tills, service.life().pricing).await;
        if found.is_empty() || begun.elapsed() > BACK {
            return found.into_iter().map(|what| format!("{}: {what}", service.name)).collect();
        }
        tokio::time::sleep(MOMENT).await;
    }
}

/// Tells tills which of their holds have ended: a clock that stepped has ended them early, and nobody was answered that.
async fn end_holds(tills: &mut [Till], channel: &Channel) {
    let mut purchases = RedemptionServiceClient::new(channel.clone());
    let all = tills.iter_mut().flat_map(|till| till.sales.values_mut());
    for sale in all.filter(|sale| sale.state() == State::Reserved) {
        let asked = wire::GetSaleRequest { sale_id: sale.id.clone() };
        // One that is not known is in the list of what was lost.
        if let Ok(now) = purchases.get_sale(asked).await {
            *sale = now.into_inner();
        }
    }
}
