//! The story itself, step by step. A step that does not hold ends it.

use std::io::Write;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use hdrhistogram::Histogram;

use super::baskets::{SCENES, WATCHED, WATCHED_TOTAL_AFTER};
use super::gift;
use super::page::Page;
use super::stage::{EDITED, FILES, Stage};
use crate::cli::local::Local;
use crate::cli::receipt::Reasons;
use crate::cli::words::count;
use crate::lang::Lang;
use crate::rulebook::Source;
use crate::server::clock;
use crate::server::wire::file_standing::State;
use crate::server::wire::quote::Optimality;
use crate::server::wire::{Quote, QuoteRequest, Rulebook};

const PERCENT_BEFORE: &str = "percent: 20";
const PERCENT_AFTER: &str = "percent: 25";
const PERCENT_BROKEN: &str = "persent: 25";
/// Calls before the measured ones: caches and branch predictors settle.
const WARM_UP: u32 = 500;

/// Tells it.
///
/// # Errors
/// A step did not hold.
pub async fn tell<W: Write>(page: &mut Page<W>, calls: u32) -> Result<()> {
    page.say("pricewright finds the best price that the live promotions allow, exactly. This is the service at work: every price below came over gRPC.")?;
    let (mut stage, local) = start(page).await?;
    let told = act(page, &mut stage, &local, calls).await;
    let cleared = stage.clear().await;
    told?;
    cleared?;
    what_next(page)
}

async fn act<W: Write>(page: &mut Page<W>, stage: &mut Stage, local: &Local, calls: u32) -> Result<()> {
    prices(page, stage, local).await?;
    edit(page, stage).await?;
    break_and_mend(page, stage).await?;
    gift::tell(page, stage, local).await?;
    measure(page, stage, calls).await
}

async fn start<W: Write>(page: &mut Page<W>) -> Result<(Stage, Local)> {
    page.step("A folder of rule files, a service")?;
    let began = clock::steady();
    let mut stage = Stage::set().await?;
    let live = stage.active().await?;
    let took = began.elapsed();
    page.say(&format!(
        "Wrote four files into {} and started the service on it, at {}.",
        stage.rules().display(),
        stage.address
    ))?;
    page.show(FILES.iter().find(|(name, _)| *name == EDITED).map_or("", |(_, text)| text))?;
    let sources: Vec<Source> = FILES
        .iter()
        .map(|(path, text)| Source { path: (*path).to_owned(), bytes: text.as_bytes().to_vec() })
        .collect();
    let local = Local::compile(&sources, Lang::En, page.has_colors())?;
    let expected = (
        local.rulebook().promotions().len(),
        local.rulebook().caps().len(),
        local.rulebook().catalog().products().len(),
    );
    let got = (live.promotion_count, live.cap_count, live.product_count);
    ensure!(
        got == counts(expected),
        "the service has {got:?} promotions, caps and goods live, not {expected:?}"
    );
    page.held(&format!(
        "Live {} after the start: {} promotions, {} cap, {} goods, as rulebook {}.",
        milliseconds(took),
        got.0,
        got.1,
        got.2,
        live.version
    ))?;
    Ok((stage, local))
}

async fn prices<W: Write>(page: &mut Page<W>, stage: &mut Stage, local: &Local) -> Result<()> {
    page.step("Four baskets: what they cost, why, and why not otherwise")?;
    for (place, scene) in SCENES.iter().enumerate() {
        let request = scene.request()?;
        let quote = stage.quote(&request).await?;
        page.say(scene.told)?;
        page.show(&local.receipt(&request, &quote, Lang::En, Reasons::Near, page.shown_width()))?;
        let applied: Vec<&str> = quote.promotions.iter().map(|promotion| promotion.id.as_str()).collect();
        ensure!(
            quote.total == scene.total,
            "basket {} costs {} and not {}",
            place + 1,
            quote.total,
            scene.total
        );
        ensure!(
            applied == scene.promotions,
            "basket {} has {applied:?} and not {:?}",
            place + 1,
            scene.promotions
        );
        ensure!(
            quote.optimality() == Optimality::Proven,
            "basket {} is not proven to be the best price",
            place + 1
        );
        ensure!(quote == local.quote(&request, Lang::En)?, "the command line answers otherwise");
        page.held(scene.lesson)?;
        page.say("")?;
    }
    page.held("Each price is proven to be the best there is, and `pricewright price` gives the very same quotes without a server.")?;
    Ok(())
}

async fn edit<W: Write>(page: &mut Page<W>, stage: &mut Stage) -> Result<()> {
    page.step("A marketer edits a file")?;
    let request = watched()?;
    let before = stage.quote(&request).await?;
    page.say(&format!("In {EDITED}, `{PERCENT_BEFORE}` becomes `{PERCENT_AFTER}`, and the file is saved. Nothing is restarted; a client asks for the first basket's price all the while."))?;
    stage.save(&edited(PERCENT_AFTER)?)?;
    let took = stage.wait_for_total(&request, WATCHED_TOTAL_AFTER).await?;
    let after = stage.quote(&request).await?;
    ensure!(after.rulebook_digest != before.rulebook_digest, "the quote does not name the new rulebook");
    page.say("")?;
    page.held(&format!(
        "The new price was there {} after the file was saved: {} became {}, rulebook {} became {}.",
        milliseconds(took),
        hryvnias(&before),
        hryvnias(&after),
        before.rulebook_version,
        after.rulebook_version
    ))?;
    page.say("  (A file counts when two readings, 400 ms apart, agree: a half-copied file is never taken.)")?;
    Ok(())
}

async fn break_and_mend<W: Write>(page: &mut Page<W>, stage: &mut Stage) -> Result<()> {
    page.step("A marketer makes a mistake")?;
    let request = watched()?;
    let before = stage.quote(&request).await?;
    stage.save(&edited(PERCENT_BROKEN)?)?;
    let state = |wanted: State| {
        move |live: &Rulebook| live.files.iter().any(|file| file.path == EDITED && file.state() == wanted)
    };
    let live = stage.wait_for("the broken file is held", state(State::Held)).await?;
    let found = live
        .diagnostics
        .iter()
        .find(|found| found.message.contains("persent"))
        .context("no diagnostic names the word")?;
    page.say(&format!(
        "The word is typed as `{}`. The service says, over gRPC and in _STATUS.txt beside the rules:",
        "persent"
    ))?;
    page.show(&found.rendered)?;
    ensure!(found.line > 0 && found.rendered.contains('^'), "the diagnostic does not point at the word");
    ensure!(found.advice.contains("percent"), "the diagnostic does not say what was meant");
    stage
        .wait_for_status("_STATUS.txt says what is wrong", |text| {
            text.contains(EDITED) && text.contains("persent")
        })
        .await?;
    let during = stage.quote(&request).await?;
    ensure!(during == before, "the price changed: {} became {}", hryvnias(&before), hryvnias(&during));
    page.held(&format!(
        "Prices stay: the file's last good version is in force, the basket still costs {}.",
        hryvnias(&during)
    ))?;
    stage.save(&edited(PERCENT_AFTER)?)?;
    let live = stage.wait_for("the mended file is live", state(State::Live)).await?;
    ensure!(live.diagnostics.is_empty(), "the mended rules still have findings");
    stage.wait_for_status("_STATUS.txt says that all is well", |text| !text.contains("persent")).await?;
    page.held("The word is mended, the file is live again, and _STATUS.txt says so.")?;
    Ok(())
}

async fn measure<W: Write>(page: &mut Page<W>, stage: &mut Stage, calls: u32) -> Result<()> {
    page.step("How long a price takes")?;
    let requests: Vec<QuoteRequest> = SCENES
        .iter()
        .map(|scene| scene.request().map(|request| QuoteRequest { explain: false, ..request }))
        .collect::<Result<_>>()?;
    let mut histogram = Histogram::<u64>::new_with_bounds(1, 60_000_000, 3)?;
    let mut around = requests.iter().cycle();
    for call in 0..WARM_UP.saturating_add(calls) {
        let request = around.next().context("no baskets")?;
        let began = clock::steady();
        stage.quote(request).await?;
        if call >= WARM_UP {
            histogram.saturating_record(u64::try_from(began.elapsed().as_micros()).unwrap_or(u64::MAX));
        }
    }
    ensure!(histogram.len() == u64::from(calls), "{} of {calls} calls were answered", histogram.len());
    page.say(&format!(
        "{} calls, one after another on one connection, after {WARM_UP} to warm up; client and service share this machine.",
        count(u64::from(calls))
    ))?;
    let at = |quantile| milliseconds(Duration::from_micros(histogram.value_at_quantile(quantile)));
    page.show(&format!("p50  {:>9}\np99  {:>9}\nmax  {:>9}", at(0.50), at(0.99), at(1.0)))?;
    page.held("All were answered. These figures are this machine's, with this small set of rules.")?;
    Ok(())
}

fn what_next<W: Write>(page: &mut Page<W>) -> Result<()> {
    page.step("What to try next")?;
    page.say("Each of these, from a clone with `cargo run --release --` in front:")?;
    page.show(
        "pricewright rules check rules                 check the sample chain's rule files\n\
         pricewright rules test rules                  run their tests\n\
         pricewright price --rules rules rules/baskets.jsonl\n\
         \x20                                             price a few hundred baskets, print receipts\n\
         pricewright serve --rules rules               the service, at 127.0.0.1:50051",
    )?;
    Ok(())
}

fn watched() -> Result<QuoteRequest> {
    SCENES
        .get(WATCHED)
        .context("no basket to watch")?
        .request()
        .map(|request| QuoteRequest { explain: false, ..request })
}

/// The edited file with another word in the place of its percentage.
fn edited(words: &str) -> Result<String> {
    let (_, text) = FILES.iter().find(|(name, _)| *name == EDITED).context("no file to edit")?;
    ensure!(text.contains(PERCENT_BEFORE), "the file to edit has no `{PERCENT_BEFORE}`");
    Ok(text.replace(PERCENT_BEFORE, words))
}

fn counts((promotions, caps, products): (usize, usize, usize)) -> (u32, u32, u32) {
    let narrow = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
    (narrow(promotions), narrow(caps), narrow(products))
}

fn hryvnias(quote: &Quote) -> String {
    crate::cli::words::money(quote.total, 2, Lang::En)
}

fn milliseconds(time: Duration) -> String {
    let micros = time.as_micros();
    if micros < 10_000 {
        format!("{}.{:02} ms", micros / 1_000, micros % 1_000 / 10)
    } else {
        format!("{} ms", micros / 1_000)
    }
}
