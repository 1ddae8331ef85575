//! Balances and a command in, facts or a rejection out.

use std::collections::{BTreeMap, BTreeSet};

use super::balance::Balances;
use super::command::{Action, AddCodes, Command, Commit, Part, Refund, Repriced, Reserve, ReturnedUnits};
use super::counter::{CounterKey, Limit, Take};
use super::fact::{Event, Fact};
use super::id::SaleId;
use super::purchase::{Purchase, SoldUnits};
use super::rejection::Rejection;
use super::sale::{Return, ReturnedLine, Sale, State};
use super::spend::{self, Declined};
use crate::money::Amount;
use crate::promotion::OnRefund;

/// Times that units of one sale may come back: each is kept with the sale.
pub const RETURNS_MAX: usize = 200;

/// Decides on a command: the facts that it makes. None when the same call was answered before; what it was answered is in the
/// balances.
///
/// # Errors
/// Why it is refused; nothing has happened then. A wrong password is no error here: that it was tried is a fact, and so is the refusal.
pub fn decide(balances: &Balances, command: &Command) -> Result<Vec<Fact>, Rejection> {
    if let Some(known) = balances.known(command.request) {
        let is_same = known.content == command.content;
        return if is_same { Ok(Vec::new()) } else { Err(Rejection::RequestIdReused) };
    }
    let call = || Some((command.request, command.content.clone()));
    match decided(balances, command) {
        // An attempt is nobody's call: its id is not kept.
        Ok(event @ Event::Missed { .. }) => Ok(vec![Fact { at: command.at, call: None, event }]),
        Ok(event) => Ok(vec![Fact { at: command.at, call: call(), event }]),
        Err(Declined::Rejected(rejection)) => Err(rejection),
        Err(Declined::Guessed(by)) => {
            let refused = Event::Refused { rejection: Rejection::CertificateRefused };
            let facts = [(None, Event::Missed { by }), (call(), refused)];
            Ok(facts.map(|(call, event)| Fact { at: command.at, call, event }).to_vec())
        }
    }
}

fn decided(balances: &Balances, command: &Command) -> Result<Event, Declined> {
    Ok(match &command.action {
        Action::Reserve(reserve) => reserved(balances, command, reserve)?,
        Action::Commit(commit) => committed(balances, command, commit)?,
        Action::Cancel(sale) => cancelled(balances, *sale)?,
        Action::Refund(refund) => refunded(balances, command, refund)?,
        Action::AddCodes(add) => codes_added(balances, add)?,
        Action::DisableCode(code) => match balances.code(code) {
            Some(_) => Event::CodeDisabled { code: code.clone() },
            None => return Err(Rejection::CodeUnknown.into()),
        },
        Action::DisablePool(pool) => match balances.pool(pool) {
            Some(_) => Event::PoolDisabled { pool: pool.clone() },
            None => return Err(Rejection::CodeUnknown.into()),
        },
        Action::Miss(by) => Event::Missed { by: by.clone() },
        Action::Refuse(rejection) => Event::Refused { rejection: rejection.clone() },
        Action::UseKey => Event::KeyUsed,
        Action::Issue(issue) => spend::issued(balances, issue)?,
        Action::ChangeCertificate(change) => spend::changed(balances, change, command.at)?,
        Action::AskOtp(ask) => spend::otp_sent(balances, ask, command.at)?,
        Action::Look(look) => spend::looked(balances, look, command.at)?,
    })
}

fn reserved(balances: &Balances, command: &Command, reserve: &Reserve) -> Result<Event, Declined> {
    room(balances, &reserve.takes, &[])?;
    let mut purchase = Box::new(reserve.purchase.clone());
    purchase.payments = spend::payments(balances, &purchase, &reserve.pay, command.at)?;
    let (sale, takes) = (command.request.sale(), reserve.takes.clone());
    Ok(Event::Reserved { sale, expires_at: reserve.expires_at, purchase, takes })
}

fn codes_added(balances: &Balances, add: &AddCodes) -> Result<Event, Rejection> {
    let mut seen = BTreeSet::new();
    for code in &add.codes {
        if balances.code(&code.key).is_some() || !seen.insert(&code.key) {
            return Err(Rejection::CodeExists(code.number));
        }
    }
    Ok(Event::CodesAdded { pool: add.pool.clone(), terms: add.terms.clone(), codes: add.codes.clone() })
}

fn committed(balances: &Balances, command: &Command, commit: &Commit) -> Result<Event, Rejection> {
    let sale = balances.sale(commit.sale).ok_or(Rejection::SaleUnknown)?;
    // What has expired holds nothing: a late payment needs room like a new purchase.
    let held = match sale.state {
        State::Held => sale.takes.as_slice(),
        State::Expired => &[],
        State::Cancelled => return Err(Rejection::SaleCancelled),
        State::Committed => return Err(Rejection::SaleCommitted),
    };
    let (mut part, takes) = match &commit.part {
        Some(Part { purchase, takes }) => (Some(Box::new(purchase.clone())), takes),
        None => (None, &sale.takes),
    };
    room(balances, takes, held)?;
    let payments = spend::payments_at_commit(balances, sale, part.as_deref(), command.at)?;
    if part.is_none() && sale.state == State::Expired && !payments.is_empty() {
        // What is left on them now is another sum than when it was reserved.
        part = Some(Box::new(sale.reserved.clone()));
    }
    if let Some(part) = &mut part {
        part.payments = payments;
    }
    Ok(Event::Committed { sale: commit.sale, part, takes: takes.clone() })
}

fn cancelled(balances: &Balances, id: SaleId) -> Result<Event, Rejection> {
    let sale = balances.sale(id).ok_or(Rejection::SaleUnknown)?;
    match sale.state {
        // One that has expired is called off too: then it can no longer be paid late.
        State::Held | State::Expired => Ok(Event::Cancelled { sale: id }),
        State::Cancelled => Err(Rejection::SaleCancelled),
        State::Committed => Err(Rejection::SaleCommitted),
    }
}

fn refunded(balances: &Balances, command: &Command, refund: &Refund) -> Result<Event, Rejection> {
    let sale = balances.sale(refund.sale).ok_or(Rejection::SaleUnknown)?;
    match sale.state {
        State::Committed => {}
        State::Cancelled => return Err(Rejection::SaleCancelled),
        State::Held | State::Expired => return Err(Rejection::SaleNotCommitted),
    }
    if sale.returns.len() >= RETURNS_MAX {
        return Err(Rejection::TooManyRefunds);
    }
    let lines = returned(sale, &refund.units)?;
    if refund.delivery && !sale.has_delivery() {
        return Err(Rejection::DeliveryReturned);
    }
    let left = sale.value_left();
    let delivery = if refund.delivery { sale.current().delivery_total } else { Amount::ZERO };
    let as_paid = lines.iter().map(|line| line.amount).sum::<Amount>() + delivery;
    let (amount, points_left, takes, repriced) = match &refund.repriced {
        None => {
            let amount = as_paid.min(left);
            (amount, points_after(sale, left - amount), takes_left(sale, &lines), None)
        }
        Some(Repriced { returns, .. }) if *returns != sale.returns.len() => return Err(Rejection::SaleMoved),
        Some(Repriced { purchase, takes, .. }) => {
            // What is left may cost more by itself than was paid for it: then nothing comes back, and nothing is asked for.
            let amount = left.above(purchase.total);
            (amount, purchase.points, takes_again(sale, takes), Some(purchase.clone()))
        }
    };
    let points = sale.points_left().saturating_sub(points_left);
    let frozen = spend::frozen(balances, sale, &lines, &refund.certificates)?;
    let kept = certificates_kept(sale, &lines, repriced.as_ref());
    let payments = spend::payments_back(balances, sale, amount, kept);
    let delivery = refund.delivery;
    let back = Return { at: command.at, lines, delivery, amount, points, repriced, payments, frozen };
    Ok(Event::Refunded { sale: refund.sale, back: Box::new(back), takes })
}

/// Whether there is room for what a purchase takes, `held` being what it holds already: that much it has in any case, whatever the limit
/// has become since. What several promotions take of one counter is looked at together.
fn room(balances: &Balances, takes: &[Take], held: &[Take]) -> Result<(), Rejection> {
    let mut refused: Vec<Rejection> = takes
        .iter()
        .filter(|take| {
            let (own, all) = (of(held, &take.counter), of(takes, &take.counter));
            let together = Take { amount: all, ..(*take).clone() };
            let has_room = all <= own || together.fits(balances.counter(&take.counter), own);
            !has_room || own == 0 && !may_be_used(balances, &take.counter)
        })
        .map(|take| full(&take.counter))
        .collect();
    refused.sort_unstable();
    refused.into_iter().next().map_or(Ok(()), Err)
}

/// Whether a code was not taken out of use; what is held already may still be paid.
fn may_be_used(balances: &Balances, counter: &CounterKey) -> bool {
    match counter {
        CounterKey::Code(code) => balances.is_in_use(code),
        _ => true,
    }
}

fn full(counter: &CounterKey) -> Rejection {
    match counter {
        CounterKey::Total(promotion) => Rejection::LimitReached(promotion.clone()),
        CounterKey::Customer(promotion, _) => Rejection::CustomerLimitReached(promotion.clone()),
        CounterKey::Budget(promotion) => Rejection::BudgetSpent(promotion.clone()),
        CounterKey::Stock(sku, _) => Rejection::OutOfStock(sku.clone()),
        CounterKey::Code(_) => Rejection::CodeRefused,
    }
}

/// What `takes` take of a counter.
fn of(takes: &[Take], counter: &CounterKey) -> u64 {
    let own = takes.iter().filter(|take| take.counter == *counter);
    own.fold(0, |sum, take| sum.saturating_add(take.amount))
}

/// The units that come back, group by group. Who does not name a group returns the cheapest that are left: else three for two
/// would cost the price of one piece less once one of them is brought back.
fn returned(sale: &Sale, units: &[ReturnedUnits]) -> Result<Vec<ReturnedLine>, Rejection> {
    let mut lines: Vec<ReturnedLine> = Vec::new();
    for back in units {
        let unknown = || Rejection::UnitsUnknown(back.line.clone());
        let line = sale.current().line(&back.line).ok_or_else(unknown)?;
        let mut groups: Vec<(Amount, usize)> =
            (0..).zip(&line.units).map(|(place, units)| (units.price, place)).collect();
        groups.sort_unstable();
        groups.retain(|&(_, place)| back.group.is_none_or(|group| group == place));
        let mut wanted = back.quantity;
        for (price, group) in groups {
            let named = lines.iter().filter(|one| one.line == back.line && one.group == group);
            let named = named.fold(0_u32, |sum, one| sum.saturating_add(one.quantity));
            let quantity = sale.units_left(&back.line, group).saturating_sub(named).min(wanted);
            let amount = price.checked_times(quantity).ok_or_else(unknown)?;
            wanted -= quantity;
            if quantity > 0 {
                lines.push(ReturnedLine { line: back.line.clone(), group, quantity, amount });
            }
        }
        if wanted > 0 || back.quantity == 0 {
            return Err(unknown());
        }
    }
    Ok(lines)
}

/// What the certificates cost that stay with the customer when `back` has come back, those that are not issued yet among them.
fn certificates_kept(sale: &Sale, back: &[ReturnedLine], repriced: Option<&Purchase>) -> Amount {
    if let Some(left) = repriced {
        return left.certificates_total();
    }
    let lines = sale.current().lines.iter().filter(|line| line.is_certificate);
    let groups =
        lines.flat_map(|line| (0..).zip(&line.units).map(move |(group, units)| (line, group, units)));
    let left = groups.map(|(line, group, units)| {
        let now = back.iter().filter(|one| one.line == line.id && one.group == group);
        let now = now.fold(0_u32, |sum, one| sum.saturating_add(one.quantity));
        units.price.times(sale.units_left(&line.id, group).saturating_sub(now))
    });
    left.sum()
}

/// Points that stay with so much of the price: the same part of them, rounded down.
fn points_after(sale: &Sale, value: Amount) -> u64 {
    let total = i128::from(sale.sold().total.minor());
    if total <= 0 {
        return 0;
    }
    let points = i128::from(sale.sold().points) * i128::from(value.minor()) / total;
    u64::try_from(points).unwrap_or_default().min(sale.points_left())
}

/// What is kept after units came back as they were paid: what a promotion restores comes back once none of its units is left, or where it
/// is on none (a gift, a delivery) once nothing is; of a budget what these units had of it.
fn takes_left(sale: &Sale, back: &[ReturnedLine]) -> Vec<Take> {
    let given = given_back(sale, back);
    let kept = sale.takes.iter().cloned().map(|mut take| {
        if take.on_refund == OnRefund::Restore {
            let promotion = take.promotion.as_str();
            match &take.counter {
                CounterKey::Budget(_) => {
                    let amount = given.get(promotion).copied().unwrap_or_default();
                    take.amount =
                        take.amount.saturating_sub(u64::try_from(amount.minor()).unwrap_or_default());
                }
                CounterKey::Total(_) | CounterKey::Customer(..) | CounterKey::Code(_) => {
                    let was_on = given.contains_key(promotion) || !is_left(sale, back, |_| true);
                    if was_on && !is_left(sale, back, |units| units.has(promotion)) {
                        take.amount = 0;
                    }
                }
                CounterKey::Stock(..) => {}
            }
        }
        take
    });
    kept.filter(|take| take.amount > 0).collect()
}

/// What each promotion had taken off the units that come back.
fn given_back<'a>(sale: &'a Sale, back: &[ReturnedLine]) -> BTreeMap<&'a str, Amount> {
    let mut given = BTreeMap::new();
    for one in back {
        let units = sale.current().line(&one.line).and_then(|line| line.units.get(one.group));
        for (promotion, amount) in units.map(|units| units.discounts.as_slice()).unwrap_or_default() {
            let sum = given.entry(promotion.as_str()).or_insert(Amount::ZERO);
            *sum += amount.times(one.quantity);
        }
    }
    given
}

/// Whether such units are left once `back` has come back.
fn is_left(sale: &Sale, back: &[ReturnedLine], such: impl Fn(&SoldUnits) -> bool) -> bool {
    sale.current().lines.iter().any(|line| {
        line.units.iter().enumerate().any(|(group, units)| {
            let now = back.iter().filter(|one| one.line == line.id && one.group == group);
            let now = now.fold(0_u32, |sum, one| sum.saturating_add(one.quantity));
            such(units) && sale.units_left(&line.id, group) > now
        })
    })
}

/// What is kept after what is left was priced again: of what a promotion keeps as much as before, of what it restores as much as
/// the new price needs. Nothing is taken that was not: a refund uses nothing up.
fn takes_again(sale: &Sale, takes: &[Take]) -> Vec<Take> {
    let kept = sale.takes.iter().cloned().map(|mut take| {
        let limits_a_promotion = !matches!(take.limit, Limit::Now(_));
        if take.on_refund == OnRefund::Restore && limits_a_promotion {
            take.amount = take.amount.min(of(takes, &take.counter));
        }
        take
    });
    kept.filter(|take| take.amount > 0).collect()
}
