//! The time of an answer tells nobody what was wrong: Welch's t between every two of the wrong answers.

use pricewright::server::clock;
use pricewright::server::wire;
use pricewright::server::wire::pricing_service_client::PricingServiceClient;
use tonic::transport::Channel;

use super::welch::hundredths_of_t;
use super::{Dice, basket, bound, caller, id, import, is_hit, served};
use crate::running::Folders;

/// What is wrong.
const KINDS: [&str; 5] = ["unknown", "wrong phone", "wrong PIN", "used", "expired"];
/// Attempts of each kind with one customer, with a PIN and again without: below what locks the PIN (10), and together below what locks
/// the phone (50).
const EACH: usize = 5;
/// |t| from which a difference is one, in hundredths.
const DIFFERENCE: u128 = 450;
const PIN: &str = "271828";

/// `TIMING=2000 cargo test --release --test it timing -- --nocapture` measures; without it this only shows that it runs.
#[tokio::test(flavor = "multi_thread")]
async fn timing_tells_no_wrong_answer_from_another() {
    let _quiet = crate::running::NOISE.write().await;
    let asked: Option<usize> = std::env::var("TIMING").ok().map(|text| text.parse().unwrap());
    let count = asked.unwrap_or(8);
    let customers = count.div_ceil(EACH);
    let folders = Folders::new();
    folders.put("rules.yaml", super::RULES);
    let running = served(&folders).await;
    let mut codes = running.codes().await;
    for from in (0..customers).step_by(50) {
        let list = (from..customers.min(from + 50)).flat_map(codes_of).collect();
        import(&mut codes, "birthday", list).await;
    }
    let mut till = running.redemption().await;
    for customer in 0..customers {
        let quote_request = Some(basket(&[(&format!("USED{customer:06}"), PIN)], &phone(customer)));
        let reserve =
            wire::ReserveRequest { request_id: id(), quote_request, ..wire::ReserveRequest::default() };
        assert!(till.reserve(reserve).await.unwrap().into_inner().total < super::LIST_TOTAL);
    }
    for (what, has_pin) in [("with a PIN told", true), ("without", false)] {
        let mut client = caller(&running, u8::from(has_pin)).await;
        let times = measured(&mut client, count, has_pin).await;
        report(what, &times, asked.is_some());
    }
}

fn phone(customer: usize) -> String {
    format!("067{customer:07}")
}

/// The codes of a customer: one that is good, one that will be used, one whose time is over.
fn codes_of(customer: usize) -> [(String, wire::CodeTerms); 3] {
    let terms = bound(&phone(customer), PIN);
    let over = Some(pricewright::server::timestamp::Timestamp { seconds: 1_000_000_000, nanos: 0 });
    [
        (format!("GOOD{customer:06}"), terms.clone()),
        (format!("USED{customer:06}"), terms.clone()),
        (format!("OVER{customer:06}"), wire::CodeTerms { end_time: over, ..terms }),
    ]
}

/// Nanoseconds of each attempt by kind, the kinds in an order that chance gives.
async fn measured(client: &mut PricingServiceClient<Channel>, count: usize, has_pin: bool) -> Vec<Vec<u64>> {
    let mut dice = Dice(88_172_645_463_325_252);
    let mut times = vec![Vec::new(); KINDS.len()];
    for attempt in 0..count {
        let mut order: Vec<usize> = (0..KINDS.len()).collect();
        for place in (1..order.len()).rev() {
            order.swap(place, usize::try_from(dice.below(u64::try_from(place + 1).unwrap())).unwrap());
        }
        for kind in order {
            let asked = wrong(kind, attempt / EACH, has_pin);
            let begun = clock::steady();
            assert!(!is_hit(client, asked).await);
            times[kind].push(u64::try_from(begun.elapsed().as_nanos()).unwrap());
        }
    }
    times
}

fn wrong(kind: usize, customer: usize, has_pin: bool) -> wire::QuoteRequest {
    let (code, pin) = match kind {
        0 => ("NONE", PIN),
        // Somebody else's: of a customer far away, so that no more attempts meet one code.
        1 => ("GOOD", PIN),
        2 => ("GOOD", "314159"),
        3 => ("USED", PIN),
        _ => ("OVER", PIN),
    };
    let whose = if kind == 1 && customer > 0 { customer - 1 } else { customer };
    let stranger = "0501112233".to_owned();
    let phone = if kind == 1 && customer == 0 { stranger } else { phone(customer) };
    basket(&[(&format!("{code}{whose:06}"), if has_pin { pin } else { "" })], &phone)
}

fn report(what: &str, times: &[Vec<u64>], is_judged: bool) {
    println!("\n{what}: mean in µs, then |t| of all times, and of those without the slowest tenth");
    let mut sorted: Vec<u64> = times.iter().flatten().copied().collect();
    sorted.sort_unstable();
    let slow = sorted[sorted.len() * 9 / 10];
    let quick: Vec<Vec<u64>> =
        times.iter().map(|list| list.iter().copied().filter(|&time| time < slow).collect()).collect();
    for (place, list) in times.iter().enumerate() {
        let mean = list.iter().sum::<u64>() / u64::try_from(list.len()).unwrap() / 1_000;
        println!("  {:<12}{mean:>8}", KINDS[place]);
        for other in 0..place {
            let (t, t_quick) =
                (hundredths_of_t(list, &times[other]), hundredths_of_t(&quick[place], &quick[other]));
            println!("    {:<22}{:>8}{:>8}", format!("and {}", KINDS[other]), decimal(t), decimal(t_quick));
            assert!(
                !is_judged || t.max(t_quick) < DIFFERENCE,
                "{what}: {} and {}",
                KINDS[place],
                KINDS[other]
            );
        }
    }
}

fn decimal(hundredths: u128) -> String {
    format!("{}.{:02}", hundredths / 100, hundredths % 100)
}
