//! The contract: rules, baskets and the quotes expected, in text files that a merchandiser can read.
//!
//! A file of `tests/golden` begins with what it shows, reckoned by hand. `=== NAME` begins a part: a source of the rules folder
//! (`rules.yaml`, a price list …), a `basket` with the moment and the total reckoned by hand, and the whole `quote` that
//! the engine gives for it. `UPDATE_GOLDEN=1` writes the quotes anew; it never touches what was reckoned by hand, so no
//! price changes by itself.

use std::fmt::Write;
use std::fs;
use std::path::Path;

use pricewright::lang::Lang;
use pricewright::money::Amount;
use pricewright::pricing::verify::verify;
use pricewright::pricing::{
    CodeFate, Effort, Extent, GiftWhy, Lacks, Member, Near, Optimality, Quote, Reason, Stop, Why, price,
    price_at_once,
};
use pricewright::promotion::HasAtLeast;
use pricewright::rulebook::{PromotionIndex, Rulebook, Severity, Source, TestCase, compile, read_tests};

/// One part of a file: its heading without the `===`, and its text.
struct Part {
    heading: String,
    text: String,
}

#[test]
fn every_scenario_has_the_quote_it_shows() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden");
    let mut paths: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    let is_update = std::env::var_os("UPDATE_GOLDEN").is_some();
    let (mut wrong, mut baskets) = (Vec::new(), 0);
    for path in &paths {
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        let text = fs::read_to_string(path).unwrap();
        let (fresh, count, slips) = check(&name, &text);
        baskets += count;
        wrong.extend(slips);
        if fresh != text {
            if is_update {
                fs::write(path, fresh).unwrap();
            } else {
                wrong.push(format!("{name}: the quotes are now\n{fresh}"));
            }
        }
    }
    println!("{} scenarios, {baskets} baskets", paths.len());
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(paths.len() >= 35 && baskets >= 100, "{} scenarios, {baskets} baskets", paths.len());
}

#[test]
fn what_is_priced_at_once_has_the_quote_that_the_search_would_give() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden");
    let (mut quick, mut baskets) = (0, 0);
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.to_string_lossy().into_owned();
        let (_, parts) = parts(&fs::read_to_string(&path).unwrap());
        let (sources, others): (Vec<Part>, Vec<Part>) = parts
            .into_iter()
            .filter(|part| part.heading != "quote")
            .partition(|part| part.heading.ends_with(".yaml") || part.heading.ends_with(".csv"));
        let sources: Vec<Source> =
            sources.into_iter().map(|part| Source { path: part.heading, bytes: part.text.into() }).collect();
        let rulebook = rulebook(&name, &sources);
        for part in &others {
            let request = case(&name, &rulebook, part).request;
            let request = pricewright::basket::Request { explain: false, ..request };
            baskets += 1;
            if let Some(quote) = price_at_once(&rulebook, &request).unwrap() {
                quick += 1;
                let long = price(&rulebook, &request, Effort::default()).unwrap();
                assert_eq!(quote, long, "{name}: {}", part.heading);
            }
        }
    }
    println!("{quick} of {baskets} at once");
    assert!(quick * 2 >= baskets, "{quick} of {baskets}");
}

/// A scenario with the quotes that the engine gives, the number of its baskets, and what is not as reckoned by hand.
fn check(name: &str, text: &str) -> (String, usize, Vec<String>) {
    assert!(text.starts_with("# "), "{name}: it begins with what it shows");
    let (head, parts) = parts(text);
    let is_source = |part: &&Part| part.heading.ends_with(".yaml") || part.heading.ends_with(".csv");
    let sources: Vec<Source> = parts
        .iter()
        .filter(is_source)
        .map(|part| Source { path: part.heading.clone(), bytes: part.text.as_str().into() })
        .collect();
    let rulebook = rulebook(name, &sources);
    let (mut fresh, mut baskets, mut wrong) = (head, 0, Vec::new());
    for part in parts.iter().filter(|part| part.heading != "quote") {
        write!(fresh, "=== {}\n{}\n", part.heading, part.text).unwrap();
        if is_source(&part) {
            continue;
        }
        baskets += 1;
        let at = format!("{name}: {}", part.heading);
        let case = case(&at, &rulebook, part);
        let request = pricewright::basket::Request { explain: true, ..case.request };
        let quote =
            price(&rulebook, &request, Effort::default()).unwrap_or_else(|faults| panic!("{at}: {faults:?}"));
        verify(&rulebook, &request, &quote).unwrap_or_else(|flaws| panic!("{at}: {flaws:?}"));
        let applied: Vec<String> = quote.applied.iter().map(|one| id(&rulebook, one.promotion)).collect();
        if quote.total != case.expect.total || Some(&applied) != case.expect.promotions.as_ref() {
            let (total, by_hand) = (money(quote.total), money(case.expect.total));
            let expected = case.expect.promotions;
            wrong.push(format!("{at}: {total} by {applied:?}; by hand {by_hand} by {expected:?}"));
        }
        write!(fresh, "=== quote\n{}\n", told(&rulebook, &quote)).unwrap();
    }
    fresh.truncate(fresh.trim_end().len());
    fresh.push('\n');
    (fresh, baskets, wrong)
}

fn parts(text: &str) -> (String, Vec<Part>) {
    let (mut head, mut parts) = (String::new(), Vec::<Part>::new());
    for line in text.lines() {
        if let Some(heading) = line.strip_prefix("=== ") {
            parts.push(Part { heading: heading.to_owned(), text: String::new() });
        } else {
            let text = parts.last_mut().map_or(&mut head, |part| &mut part.text);
            text.push_str(line);
            text.push('\n');
        }
    }
    for part in &mut parts {
        part.text = format!("{}\n", part.text.trim_end());
    }
    (head, parts)
}

fn rulebook(name: &str, sources: &[Source]) -> Rulebook {
    let compiled = compile(sources);
    let found = compiled.diagnostics.iter().filter(|found| found.severity == Severity::Error);
    let errors: Vec<String> = found.map(|found| found.render(Lang::En, false)).collect();
    compiled.rulebook.unwrap_or_else(|| panic!("{name}:\n{}", errors.join("\n")))
}

/// A basket is written as in a rules test.
fn case(at: &str, rulebook: &Rulebook, part: &Part) -> TestCase {
    let mut text = "tests:\n  - name: golden\n".to_owned();
    part.text.lines().for_each(|line| writeln!(text, "    {line}").unwrap());
    let source = Source { path: "golden.test.yaml".to_owned(), bytes: text.into() };
    let (mut cases, found) = read_tests(rulebook.settings(), &source);
    let errors: Vec<String> = found.iter().map(|found| found.render(Lang::En, false)).collect();
    cases.pop().filter(|_| errors.is_empty()).unwrap_or_else(|| panic!("{at}:\n{}", errors.join("\n")))
}

/// A quote as a cashier could read it out.
fn told(rulebook: &Rulebook, quote: &Quote) -> String {
    let mut text = format!("list {}, discount {}, ", money(quote.list_total), money(quote.discount_total));
    writeln!(text, "delivery {}, total {}", money(quote.delivery_total), money(quote.total)).unwrap();
    for line in &quote.lines {
        let (list, total) = (money(line.list_price), money(line.total));
        write!(text, "line {}: {} × {} at {list} = {total}", line.id, line.quantity, line.sku).unwrap();
        if let Some(floor) = &line.floor {
            let by = if floor.caps.is_empty() { "the lowest unit price" } else { &floor.caps.join(", ") };
            write!(text, ", held at {} by {by}", money(floor.price)).unwrap();
        }
        text.push('\n');
        for group in &line.groups {
            write!(text, "  {} at {}", group.quantity, money(group.price)).unwrap();
            for carried in &group.carried {
                write!(text, ", {} −{}", id(rulebook, carried.promotion), money(carried.amount)).unwrap();
                if carried.held != Amount::ZERO {
                    write!(text, " ({} held back)", money(carried.held)).unwrap();
                }
            }
            text.push('\n');
        }
        for left_out in &line.left_out {
            let (quantity, reason) = (left_out.quantity, &left_out.reason);
            let (id, why) = (id(rulebook, reason.promotion), why(rulebook, &reason.why));
            writeln!(text, "  {quantity} without {id}: {why}").unwrap();
        }
    }
    for set in &quote.sets {
        let members: Vec<String> = set.members.iter().map(|member| told_member(quote, member)).collect();
        let id = id(rulebook, set.promotion);
        writeln!(text, "{} × set {id}: {}", set.times, members.join(" + ")).unwrap();
    }
    for applied in &quote.applied {
        let (id, amount) = (id(rulebook, applied.promotion), money(applied.amount));
        write!(text, "applied {id}: −{amount} off {} units", applied.units).unwrap();
        if applied.points > 0 {
            write!(text, ", {} points", applied.points).unwrap();
        }
        text.push_str(&stopped(&applied.stop));
        if let Some(counted) = quote.counted.iter().find(|counted| counted.promotion == applied.promotion) {
            let worth = match counted.extent {
                Extent::Sum(sum) => money(sum),
                Extent::Pieces(pieces) => format!("{pieces} units"),
            };
            write!(text, ", counts {worth} without the goods of {}", ids(rulebook, &counted.without))
                .unwrap();
        }
        text.push('\n');
    }
    told_gifts(&mut text, rulebook, quote);
    if let Some((promotion, amount)) = quote.delivery {
        writeln!(text, "delivery {}: −{}", id(rulebook, promotion), money(amount)).unwrap();
    }
    for code in &quote.codes {
        let fate = match &code.fate {
            CodeFate::Applied => "applied".to_owned(),
            CodeFate::NotApplied(reason) => {
                let id = id(rulebook, reason.promotion);
                format!("not applied: {id} {}", told_reason(rulebook, reason))
            }
            CodeFate::Unknown => "unknown".to_owned(),
            CodeFate::Repeated => "repeated".to_owned(),
            CodeFate::Mistyped => "mistyped".to_owned(),
        };
        writeln!(text, "code {}: {fate}", code.code).unwrap();
    }
    for hint in &quote.hints {
        if let (Near::Choice(line), Some(sku)) = (hint.missing, &hint.sku) {
            let gain = money(hint.gain);
            let id = id(rulebook, hint.promotion);
            writeln!(text, "hint {id}: {sku} of line {} can be the gift, {gain} less", line + 1).unwrap();
            continue;
        }
        let more = match hint.missing {
            Near::Amount(missing) => money(missing),
            Near::Pieces(pieces) => pieces.to_string(),
            Near::Slot(missing) => format!("{} for slot {}", missing.quantity, missing.slot + 1),
            Near::Choice(_) => continue,
        };
        let sku = hint.sku.as_ref().map_or(String::new(), |sku| format!(" ({sku})"));
        write!(text, "hint {}: {more} more{sku}", id(rulebook, hint.promotion)).unwrap();
        match hint.gain {
            Amount::ZERO => text.push_str(", no less to pay\n"),
            gain => writeln!(text, ", saves {}", money(gain)).unwrap(),
        }
    }
    for reason in &quote.reasons {
        let id = id(rulebook, reason.promotion);
        writeln!(text, "not {id}: {}", told_reason(rulebook, reason)).unwrap();
    }
    match quote.optimality {
        Optimality::Proven => text.push_str("proven\n"),
        Optimality::Bounded(gain) => writeln!(text, "bounded: {} at most", money(gain)).unwrap(),
    }
    text
}

/// Why a promotion did not apply, and what it would be like.
fn told_reason(rulebook: &Rulebook, reason: &Reason) -> String {
    let mut text = why(rulebook, &reason.why);
    let not_counted = ids(rulebook, &reason.not_counted);
    match reason.short {
        Some(short) => write!(text, ", misses {} without the goods of {not_counted}", money(short)).unwrap(),
        None if !not_counted.is_empty() => write!(text, " even without {not_counted}").unwrap(),
        None => {}
    }
    if let Some(instead) = &reason.instead {
        write!(text, ", {} dearer instead", money(instead.dearer_by)).unwrap();
        if !instead.loses.is_empty() {
            write!(text, " without {}", ids(rulebook, &instead.loses)).unwrap();
        }
        if !instead.brings.is_empty() {
            write!(text, " with {}", ids(rulebook, &instead.brings)).unwrap();
        }
    }
    text
}

/// What kept a promotion from giving more.
fn stopped(stop: &Stop) -> String {
    let mut text = String::new();
    if let Some(most) = stop.maximum {
        write!(text, ", {} at most", money(most)).unwrap();
    }
    if let Some(most) = stop.units {
        write!(text, ", {most} units at most").unwrap();
    }
    if let Some(most) = stop.sets {
        write!(text, ", {most} sets at most").unwrap();
    }
    if stop.lost != Amount::ZERO {
        write!(text, ", {} lost to floors", money(stop.lost)).unwrap();
    }
    text
}

fn told_member(quote: &Quote, member: &Member) -> String {
    let line = &quote.lines[member.line];
    let price = money(line.groups[member.group].price);
    format!("{} {} at {price} in slot {}", member.quantity, line.sku, member.slot + 1)
}

fn told_gifts(text: &mut String, rulebook: &Rulebook, quote: &Quote) {
    for given in &quote.gifts {
        let what = given.sku.clone().unwrap_or_else(|| given.options.join(" or "));
        let line = given.line.map_or(String::new(), |line| format!(" of line {}", quote.lines[line].id));
        writeln!(text, "gift {}: {} {what}{line}", id(rulebook, given.promotion), given.quantity).unwrap();
    }
    for refused in &quote.gifts_refused {
        let reason = match &refused.why {
            GiftWhy::NoSuchGift => "no such gift".to_owned(),
            GiftWhy::NotAnOption => "not among the gifts".to_owned(),
            GiftWhy::TooMany => "more than is given".to_owned(),
            GiftWhy::OutOfStock => "out of stock".to_owned(),
            GiftWhy::NotApplied(reason) => why(rulebook, reason),
        };
        writeln!(text, "choice {}: {reason}", refused.choice + 1).unwrap();
    }
    if quote.points > 0 {
        writeln!(text, "points {}", quote.points).unwrap();
    }
}

fn why(rulebook: &Rulebook, why: &Why) -> String {
    match why {
        Why::NotStarted => "has not started".to_owned(),
        Why::Ended => "has ended".to_owned(),
        Why::WrongWeekday => "not on this weekday".to_owned(),
        Why::WrongHour => "not at this hour".to_owned(),
        Why::WrongChannel => "not on this channel".to_owned(),
        Why::WrongStore => "not in this store".to_owned(),
        Why::WrongSegment => "not for this segment".to_owned(),
        Why::WrongTier => "not for this card".to_owned(),
        Why::BirthdayUnknown => "knows no birthday".to_owned(),
        Why::WrongBirthday => "not near the birthday".to_owned(),
        Why::WrongCustomer => "not for this customer".to_owned(),
        Why::WrongPayment => "not with this payment".to_owned(),
        Why::NoDelivery => "has no delivery to pay".to_owned(),
        Why::WrongDelivery => "not with this delivery".to_owned(),
        Why::CodeMissing => "waits for its code".to_owned(),
        Why::LimitReached => "all there was of it is given".to_owned(),
        Why::CustomerLimitReached => "the customer has had it".to_owned(),
        Why::CustomerNeeded => "it must be known who buys".to_owned(),
        Why::BudgetSpent => "the money for it is given".to_owned(),
        Why::NoSuchGoods => "has no such goods".to_owned(),
        Why::Excepted => "excepts these goods".to_owned(),
        Why::BasketLacks(Lacks { place, missing: HasAtLeast::Pieces(pieces) }) => {
            format!("lacks {pieces} more of its goods {} in the basket", place + 1)
        }
        Why::BasketLacks(Lacks { place, missing: HasAtLeast::ListPrices(sum) }) => {
            format!("lacks {} of its goods {} in the basket", money(*sum), place + 1)
        }
        Why::SpendMissing(missing) => format!("misses {}", money(*missing)),
        Why::QuantityMissing { pieces, sku: Some(sku) } => format!("misses {pieces} more {sku}"),
        Why::QuantityMissing { pieces, sku: None } => format!("misses {pieces} more"),
        Why::SetMissing { lacks, or } => {
            let or: String = or.iter().map(|slot| format!(" or {}", slot + 1)).collect();
            let slots: Vec<String> = lacks
                .iter()
                .map(|lack| format!("{} for slot {}{or}", lack.quantity, lack.slot + 1))
                .collect();
            format!("misses {}", slots.join(" and "))
        }
        Why::OutOfStock => "is out of stock".to_owned(),
        Why::HeldByFloor(caps) if caps.is_empty() => "is held by the lowest unit price".to_owned(),
        Why::HeldByFloor(caps) => format!("is held by {}", caps.join(", ")),
        Why::NoGain => "takes nothing off".to_owned(),
        Why::UnitsUsed(most) => format!("is for {most} units at most"),
        Why::SetsUsed(most) => format!("is for {most} sets at most"),
        Why::MaximumReached(most) => format!("gives {} at most", money(*most)),
        Why::Displaces(others) => format!("costs the sum of {}", ids(rulebook, others)),
        Why::Outranked(by) => format!("comes after {}", ids(rulebook, by)),
        Why::Beaten(by) if by.is_empty() => "is not worth it".to_owned(),
        Why::Beaten(by) => format!("is beaten by {}", ids(rulebook, by)),
    }
}

fn ids(rulebook: &Rulebook, promotions: &[PromotionIndex]) -> String {
    let ids: Vec<String> = promotions.iter().map(|&index| id(rulebook, index)).collect();
    ids.join(", ")
}

fn id(rulebook: &Rulebook, index: PromotionIndex) -> String {
    rulebook.promotion(index).map(|promotion| promotion.id.clone()).unwrap()
}

/// Every scenario is in a currency of two digits.
fn money(amount: Amount) -> String {
    amount.to_major(2).to_string()
}
