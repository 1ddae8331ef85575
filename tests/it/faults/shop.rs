//! A shop: folders, limited promotions, tills, and what must be true of them at any moment.

use std::fs;
use std::path::{Path, PathBuf};

use pricewright::server::wire;
use pricewright::server::wire::reason::Code;
use pricewright::server::wire::sale::State;
use tempfile::TempDir;
use tokio::task::JoinSet;

use super::served::{Ended, Pricing, Served};
use super::till::{Client, Kept, Till, basket};

/// Every limit comes back with the goods, so that tills are at it all the time.
pub(crate) const RULES: &str = "
promotions:
  - {id: spring20, name: SPRING20, when: {code: SPRING20}, on: {skus: [CREAM]}, give: {percent: 20}, limits: {total: 30}, on_refund: restore}
  - {id: welcome, when: {code: HELLO}, on: {skus: [SOAP]}, give: {amount: 1}, limits: {per_customer: 1}, on_refund: restore}
  - {id: rich, when: {code: RICH}, on: {skus: [OIL]}, give: {percent: 50}, limits: {budget: 600}, on_refund: restore}
  - {id: three, buy: [{on: {skus: [LIP]}, quantity: 3}], give: {cheapest: {units: 1, percent: 100}}}
";
pub(crate) const SPRING_LIMIT: u64 = 30;
const RICH_BUDGET: i64 = 60_000;
/// Half of it is more than the budget.
const PRICEY: i64 = 1_000_000;

/// Where a shop is.
pub(crate) struct Shop {
    home: TempDir,
}

/// What asking again has shown.
#[derive(Debug, Default)]
pub(crate) struct Found {
    /// Answers that were asked for again.
    pub(crate) again: u64,
    /// Answers that are not what they were.
    pub(crate) lost: Vec<String>,
    /// Calls that had no answer.
    pub(crate) unknown: u64,
}

impl Found {
    pub(crate) fn add(&mut self, other: Found) {
        self.again += other.again;
        self.unknown += other.unknown;
        self.lost.extend(other.lost);
    }
}

impl Shop {
    /// Folders below `place`.
    pub(crate) fn new(place: &Path) -> Self {
        let home = tempfile::tempdir_in(place).unwrap();
        for folder in ["rules", "disk"] {
            fs::create_dir(home.path().join(folder)).unwrap();
        }
        fs::write(home.path().join("rules/rules.yaml"), RULES).unwrap();
        Shop { home }
    }

    pub(crate) fn home(&self) -> &Path {
        self.home.path()
    }

    /// What is kept is below.
    pub(crate) fn disk(&self) -> PathBuf {
        self.home.path().join("disk")
    }

    pub(crate) fn data(&self) -> PathBuf {
        self.disk().join("data")
    }

    /// Starts the service and waits until its rules are live.
    pub(crate) async fn serve(&self, variables: &[(&str, String)]) -> Result<Served, Ended> {
        let served = Served::start(self.home(), variables)?;
        let mut rulebooks = wire::rulebook_service_client::RulebookServiceClient::new(served.channel());
        if let Ok(stream) = rulebooks.watch(wire::WatchRequest::default()).await {
            let _ = stream.into_inner().message().await;
        }
        Ok(served)
    }
}

/// On a real disk, where syncs take their time.
pub(crate) fn disk() -> PathBuf {
    let place = Path::new(env!("CARGO_TARGET_TMPDIR")).to_owned();
    fs::create_dir_all(&place).unwrap();
    place
}

/// In memory where there is such a place: what a disk would keep is worked out, not tried.
pub(crate) fn memory() -> PathBuf {
    let shm = Path::new("/dev/shm");
    if shm.is_dir() { shm.to_owned() } else { disk() }
}

/// All tills at work, each until it gets no answer or has made `calls`.
pub(crate) async fn work(tills: &mut Vec<Till>, client: &Client, calls: usize, log: Option<&Path>) {
    let mut all = JoinSet::new();
    for mut till in tills.drain(..) {
        let (client, log) = (client.clone(), log.map(Path::to_owned));
        all.spawn(async move {
            let at = || log.as_ref().map_or(0, |log| fs::metadata(log).unwrap().len());
            till.work(client, calls, &at).await;
            till
        });
    }
    *tills = all.join_all().await;
}

/// All tills ask again: what they were answered since they last did, and what they do not know.
pub(crate) async fn ask_again(tills: &mut Vec<Till>, client: &Client) -> Found {
    let mut all = JoinSet::new();
    for mut till in tills.drain(..) {
        let mut client = client.clone();
        all.spawn(async move {
            let mut found = Found::default();
            for kept in &till.kept[till.checked..] {
                let told = kept.asked.ask_until_answered(&mut client).await;
                found.again += 1;
                if told.as_ref().ok() != Some(&kept.told) {
                    found.lost.push(format!("{:?}: {:?}, and now {told:?}", kept.asked, kept.told));
                }
            }
            if let Some(asked) = till.waiting.take() {
                found.unknown += 1;
                match asked.ask_until_answered(&mut client).await {
                    Ok(told) => till.take(Kept { asked, told, at: 0 }),
                    // A service that runs answers.
                    Err(status) => found.lost.push(format!("{asked:?}: {status:?}")),
                }
            }
            till.checked = till.kept.len();
            (till, found)
        });
    }
    let mut found = Found::default();
    for (till, own) in all.join_all().await {
        tills.push(till);
        found.add(own);
    }
    found
}

/// What quotes say of the limits is what the tills know: nothing more was taken, and nothing less.
pub(crate) async fn compare_with_quotes(tills: &[Till], mut pricing: Pricing) -> Vec<String> {
    let mut wrong = Vec::new();
    let (baskets, money) = (given(tills, "spring20").0, given(tills, "rich").1);
    if baskets > SPRING_LIMIT {
        wrong.push(format!("{baskets} baskets have what {SPRING_LIMIT} may have"));
    }
    let spring = pricing.quote(basket("CREAM", 1, 10_000, "SPRING20")).await;
    let rich = pricing.quote(basket("OIL", 1, PRICEY, "RICH")).await;
    let (spring, rich) = match (spring, rich) {
        (Ok(spring), Ok(rich)) => (spring.into_inner(), rich.into_inner()),
        (spring, rich) => {
            wrong.extend(
                [spring, rich]
                    .iter()
                    .filter_map(|quote| quote.as_ref().err())
                    .map(|status| format!("{status:?}")),
            );
            return wrong;
        }
    };
    let reason = spring.codes[0].reason.as_ref().map(wire::Reason::code);
    if (reason == Some(Code::LimitReached)) != (baskets == SPRING_LIMIT) {
        wrong.push(format!("{baskets} of {SPRING_LIMIT} are given, and a quote says {reason:?}"));
    }
    if rich.discount_total != RICH_BUDGET - money {
        wrong.push(format!("{money} of {RICH_BUDGET} is given, and a quote gives {}", rich.discount_total));
    }
    wrong
}

/// Baskets and money that a promotion has in purchases that tills have not brought back.
fn given(tills: &[Till], promotion: &str) -> (u64, i64) {
    let sales = tills.iter().flat_map(|till| till.sales.values());
    let is_over = |sale: &wire::Sale| matches!(sale.state(), State::Cancelled | State::Expired);
    let alive = sales.filter(|sale| !is_over(sale) && sale.refunds.is_empty());
    let of = alive.flat_map(|sale| &sale.promotions).filter(|applied| applied.id == promotion);
    of.fold((0, 0), |(baskets, money), applied| (baskets + 1, money + applied.amount))
}
