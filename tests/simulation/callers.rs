//! Who calls the service: tills that ask again until they know, and a web shop that looks at prices.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::io;
use std::rc::Rc;
use std::time::Duration;

use hyper_util::rt::TokioIo;
use pricewright::server::wire::pricing_service_client::PricingServiceClient;
use tokio::time::sleep;
use tonic::transport::{Channel, Endpoint, Uri};
use tower::service_fn;
use turmoil::net::TcpStream;

use crate::dice::Dice;
use crate::service::PORT;
use crate::till::{Client, Kept, Till, basket};

/// The name of the service's host.
pub(crate) const SERVICE: &str = "service";
/// How long a till waits for an answer before it asks again.
const PATIENCE: Duration = Duration::from_secs(2);
/// What three lipsticks cost, of which the cheapest is free.
const THREE: i64 = 20_000;
/// Times that a till asks for one answer when all is well again.
const TRIES: usize = 40;

/// What all callers of a run share.
#[derive(Default)]
pub(crate) struct Shop {
    /// Tills that still have work.
    pub(crate) working: Cell<usize>,
    /// Everything that was wrong is mended: what is asked now is answered.
    pub(crate) is_calm: Cell<bool>,
    /// Tills that are done.
    pub(crate) tills: RefCell<BTreeMap<u64, Till>>,
    /// Answers that did not come.
    pub(crate) unknown: Cell<u64>,
    /// Answers that were asked for once more at the end.
    pub(crate) again: Cell<u64>,
    /// Prices that were told.
    pub(crate) quotes: Cell<u64>,
    /// What must not be.
    pub(crate) wrong: RefCell<Vec<String>>,
}

impl Shop {
    fn says(&self, wrong: String) {
        self.wrong.borrow_mut().push(wrong);
    }
}

/// A connection that is made when it is needed.
fn channel() -> Channel {
    let connector = service_fn(|_: Uri| async {
        Ok::<_, io::Error>(TokioIo::new(TcpStream::connect((SERVICE, PORT)).await?))
    });
    Endpoint::from_static("http://service:50051").timeout(PATIENCE).connect_with_connector_lazy(connector)
}

/// A till: works, whatever happens, until it has `calls` answers, and at the end asks for each of them again.
pub(crate) async fn till(shop: Rc<Shop>, name: u64, seed: u64, calls: usize) -> turmoil::Result {
    let mut till = Till::new("simulation", name, seed);
    let mut dice = Dice::new(seed.wrapping_mul(31).wrapping_add(name));
    while till.kept.len() < calls {
        let left = calls - till.kept.len();
        till.work(Client::new(&channel()), left, &|| 0).await;
        if till.waiting.is_some() {
            shop.unknown.set(shop.unknown.get() + 1);
            sleep(Duration::from_millis(10 + dice.below(200))).await;
        }
    }
    shop.working.set(shop.working.get() - 1);
    while !shop.is_calm.get() {
        sleep(Duration::from_millis(5)).await;
    }
    check(&shop, &till).await;
    shop.tills.borrow_mut().insert(name, till);
    Ok(())
}

/// Everything that was ever answered is answered alike.
async fn check(shop: &Shop, till: &Till) {
    let mut client = Client::new(&channel());
    for kept in &till.kept {
        shop.again.set(shop.again.get() + 1);
        let mut told = kept.asked.ask(&mut client).await;
        for _ in 0..TRIES {
            if told.is_ok() {
                break;
            }
            sleep(Duration::from_millis(20)).await;
            client = Client::new(&channel());
            told = kept.asked.ask(&mut client).await;
        }
        if told.as_ref().ok() != Some(&kept.told) {
            let Kept { asked, told: before, .. } = kept;
            shop.says(format!("{asked:?} was answered {before:?}, and now {told:?}"));
        }
    }
}

/// A web shop: prices are right whenever they are told.
pub(crate) async fn web(shop: Rc<Shop>) -> turmoil::Result {
    let mut pricing = PricingServiceClient::new(channel());
    while !shop.is_calm.get() {
        match pricing.quote(basket("LIP", 3, 10_000, "")).await {
            Ok(quote) => {
                shop.quotes.set(shop.quotes.get() + 1);
                let total = quote.into_inner().total;
                if total != THREE {
                    shop.says(format!("three lipsticks cost {total}"));
                }
            }
            Err(_) => pricing = PricingServiceClient::new(channel()),
        }
        sleep(Duration::from_millis(25)).await;
    }
    Ok(())
}
