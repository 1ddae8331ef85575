//! Decisions about gift certificates: whether one may be had, opened, spent, and what comes back to it.
//!
//! Whoever guesses is told one thing, whatever was wrong. A failed try is a fact beside the refusal, decided on by the one writer: however many
//! try at once, a password has three tries and a certificate ten wrong ones a day.

use super::balance::Balances;
use super::certificate::{CERTIFICATES_MAX, Certificate, Change, LATE_SECONDS, Otp, Payment, SentKey};
use super::codes::{AttemptKey, PhoneKey};
use super::command::{AskOtp, ChangeCertificate, Issue, Look, Pay, Presented};
use super::fact::Event;
use super::id::{CertificateKey, RequestId};
use super::purchase::Purchase;
use super::rejection::Rejection;
use super::sale::{ReturnedLine, Sale, State};
use crate::money::Amount;
use crate::time::Instant;

/// Why a certificate does not open.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Declined {
    /// For a reason that its owner may know.
    Rejected(Rejection),
    /// Something was wrong that one could guess: of whom that is counted.
    Guessed(Vec<AttemptKey>),
}

impl From<Rejection> for Declined {
    fn from(rejection: Rejection) -> Self {
        Declined::Rejected(rejection)
    }
}

/// What certificates pay of a purchase.
pub(super) fn payments(
    balances: &Balances,
    purchase: &Purchase,
    pay: &[Pay],
    now: Instant,
) -> Result<Vec<Payment>, Declined> {
    let mut payments: Vec<Payment> = Vec::new();
    let mut payable = purchase.payable();
    if pay.len() > CERTIFICATES_MAX {
        return Err(Rejection::CertificateNotNeeded.into());
    }
    for one in pay {
        let (key, certificate, otp) = opened(balances, &one.presented, now)?;
        if payments.iter().any(|payment| payment.certificate == *key) {
            return Err(Rejection::CertificateRefused.into());
        }
        may_be_spent(certificate, now)?;
        let most = otp.amount.ok_or(Rejection::CertificateRefused)?;
        let asked = one.amount.unwrap_or(most);
        if certificate.currency != purchase.currency {
            return Err(Rejection::CertificateCurrency.into());
        }
        if asked > most {
            return Err(Rejection::OtpAmountExceeded.into());
        }
        if payable <= Amount::ZERO {
            return Err(Rejection::CertificateNotNeeded.into());
        }
        let amount = asked.min(certificate.balance).min(payable);
        if amount <= Amount::ZERO {
            return Err(Rejection::CertificateEmpty.into());
        }
        payable -= amount;
        payments.push(payment(key, certificate, amount, certificate.balance - amount));
    }
    Ok(payments)
}

/// The certificate that a password opens.
fn opened<'a>(
    balances: &'a Balances,
    presented: &'a Presented,
    now: Instant,
) -> Result<(&'a CertificateKey, &'a Certificate, &'a Otp), Declined> {
    // What cannot be right whatever the digits are is no try of anybody's password: a stranger locks no owner out with it.
    let (key, certificate) = found(balances, &presented.certificates).ok_or(Rejection::CertificateRefused)?;
    let alive = certificate.otp.as_ref().filter(|otp| otp.is_alive(now));
    let otp = alive.ok_or(Rejection::CertificateRefused)?;
    let told = presented.otps.iter().find(|(bound, _)| *bound == otp.bound);
    let (_, told) = told.ok_or(Rejection::CertificateRefused)?;
    may_try(balances, key, certificate, now)?;
    if *told != otp.password {
        let phone = AttemptKey::OtpPhone(certificate.phone.clone());
        return Err(Declined::Guessed(vec![AttemptKey::Otp(key.clone()), phone, AttemptKey::OtpAll]));
    }
    Ok((key, certificate, otp))
}

/// Whether so few passwords were wrong that one more may be tried. Those on other certificates of the phone count for one that had a wrong one
/// itself: whoever issues certificates to somebody's phone locks none that were there before.
fn may_try(
    balances: &Balances,
    key: &CertificateKey,
    certificate: &Certificate,
    now: Instant,
) -> Result<(), Rejection> {
    let own = AttemptKey::Otp(key.clone());
    let of_phone = AttemptKey::OtpPhone(certificate.phone.clone());
    let has_own = failures(balances, &own, now) > 0;
    let is_locked = |of: &AttemptKey| failures(balances, of, now) >= of.failures_max();
    if is_locked(&own) || is_locked(&AttemptKey::OtpAll) || (has_own && is_locked(&of_phone)) {
        return Err(Rejection::OtpLocked);
    }
    Ok(())
}

fn failures(balances: &Balances, of: &AttemptKey, now: Instant) -> u32 {
    balances.attempts(of).map_or(0, |attempts| attempts.at(now))
}

/// The certificate of one of these names.
fn found<'a>(
    balances: &'a Balances,
    names: &'a [CertificateKey],
) -> Option<(&'a CertificateKey, &'a Certificate)> {
    names.iter().find_map(|key| Some((key, balances.certificate(key)?)))
}

fn may_be_spent(certificate: &Certificate, now: Instant) -> Result<(), Rejection> {
    if certificate.is_out_of_use() {
        return Err(Rejection::CertificateBlocked);
    }
    if certificate.is_over(now) { Err(Rejection::CertificateExpired) } else { Ok(()) }
}

fn payment(key: &CertificateKey, certificate: &Certificate, amount: Amount, left: Amount) -> Payment {
    let (id, last_four) = (certificate.id, certificate.last_four.clone());
    Payment { certificate: key.clone(), id, last_four, amount, left }
}

/// What certificates pay of a purchase that is paid, where that is less or later than was reserved.
pub(super) fn payments_at_commit(
    balances: &Balances,
    sale: &Sale,
    part: Option<&Purchase>,
    now: Instant,
) -> Result<Vec<Payment>, Rejection> {
    let mut payable = part.unwrap_or(&sale.reserved).payable();
    let is_held = sale.state == State::Held;
    let mut payments = Vec::new();
    for reserved in &sale.reserved.payments {
        let key = &reserved.certificate;
        let certificate = balances.certificate(key).ok_or(Rejection::CertificateRefused)?;
        let amount = reserved.amount.min(payable);
        if !is_held && amount > Amount::ZERO {
            // What has expired holds nothing. The password was for this purchase and need not be told again, for a while, and as long as the
            // certificate is the same owner's.
            may_be_spent(certificate, now)?;
            let is_handed_over = certificate.handed_over_at.is_some_and(|at| at >= sale.reserved_at);
            if is_handed_over || now.unix().saturating_sub(sale.expires_at.unix()) > LATE_SECONDS {
                return Err(Rejection::CertificateHoldOver);
            }
            if certificate.balance < amount {
                return Err(Rejection::CertificateHoldOver);
            }
        }
        payable -= amount;
        let freed =
            if is_held && !certificate.is_out_of_use() { reserved.amount - amount } else { Amount::ZERO };
        let spent = if is_held { Amount::ZERO } else { amount };
        if amount > Amount::ZERO {
            payments.push(payment(key, certificate, amount, certificate.balance + freed - spent));
        }
    }
    Ok(payments)
}

/// What of a refund goes back to certificates: money comes back first, as far as money was paid, and then what the last certificate paid.
///
/// The money that bought the certificates which the customer keeps, worth `kept`, is no money for other goods: else a certificate could be
/// renewed with goods that are bought beside a new one and brought back.
pub(super) fn payments_back(balances: &Balances, sale: &Sale, amount: Amount, kept: Amount) -> Vec<Payment> {
    let mut rest = amount.above(sale.money_left().above(kept));
    let mut back = Vec::new();
    for paid in sale.sold().payments.iter().rev() {
        let key = &paid.certificate;
        let amount = sale.paid_by(key).min(rest);
        rest -= amount;
        if let Some(certificate) = balances.certificate(key).filter(|_| amount > Amount::ZERO) {
            let home = if certificate.is_out_of_use() { Amount::ZERO } else { amount };
            back.push(payment(key, certificate, amount, certificate.balance + home));
        }
    }
    back
}

/// The certificates among goods that come back: those that are `named`, and of each line as many more as there are pieces less, where nobody
/// has spent anything of them and it is plain which they are.
pub(super) fn frozen(
    balances: &Balances,
    sale: &Sale,
    lines: &[ReturnedLine],
    named: &[RequestId],
) -> Result<Vec<CertificateKey>, Rejection> {
    let mut frozen: Vec<CertificateKey> = Vec::new();
    let mut seen = 0;
    let sold = sale.current().lines.iter().filter(|line| line.is_certificate);
    for line in sold.map(|line| line.id.as_str()) {
        let back = lines.iter().filter(|back| back.line == line);
        let back = back.fold(0_u32, |sum, back| sum.saturating_add(back.quantity));
        let left = usize::try_from(sale.pieces_left(line).saturating_sub(back)).unwrap_or(usize::MAX);
        let own = sale.certificates_of(line).filter_map(|key| Some((key, balances.certificate(key)?)));
        let (chosen, others): (Vec<_>, Vec<_>) = own.partition(|(_, one)| named.contains(&one.id));
        seen += chosen.len();
        let is_whole = |(_, one): &&(&CertificateKey, &Certificate)| one.is_whole();
        if chosen.iter().any(|one| !is_whole(&one))
            || chosen.len() > usize::try_from(back).unwrap_or_default()
        {
            return Err(Rejection::CertificateSpent(line.to_owned()));
        }
        let surplus = (chosen.len() + others.len()).saturating_sub(left);
        let more = surplus.saturating_sub(chosen.len());
        let whole: Vec<_> = others.iter().filter(is_whole).collect();
        match whole.len() {
            _ if more == 0 => {}
            count if count < more => return Err(Rejection::CertificateSpent(line.to_owned())),
            count if count > more => return Err(Rejection::CertificateUnnamed(line.to_owned())),
            _ => frozen.extend(whole.iter().map(|(key, _)| (*key).clone())),
        }
        frozen.extend(chosen.iter().map(|(key, _)| (*key).clone()));
    }
    if seen < named.len() { Err(Rejection::CertificateUnknown) } else { Ok(frozen) }
}

/// A certificate comes into being, when its piece was paid for and is still the customer's.
pub(super) fn issued(balances: &Balances, issue: &Issue) -> Result<Event, Rejection> {
    let sale = balances.sale(issue.sale).ok_or(Rejection::SaleUnknown)?;
    match sale.state {
        State::Committed => {}
        State::Cancelled => return Err(Rejection::SaleCancelled),
        State::Held | State::Expired => return Err(Rejection::SaleNotCommitted),
    }
    let lines = &sale.sold().lines;
    let mut ours = lines.iter().filter(|line| match issue.line.as_str() {
        "" => line.is_certificate,
        id => line.id == id,
    });
    let not_one = || Rejection::NotACertificate(issue.line.clone());
    let line = ours.next().filter(|line| line.is_certificate).ok_or_else(not_one)?;
    if ours.next().is_some() {
        return Err(not_one());
    }
    // Where a promotion took something off some pieces, none is worth more than the least that was paid for one.
    let amount = line.units.iter().map(|units| units.price).min().filter(|price| *price > Amount::ZERO);
    let amount = amount.ok_or_else(not_one)?;
    let pieces = usize::try_from(sale.pieces_left(&line.id)).unwrap_or(usize::MAX);
    if sale.certificates_of(&line.id).count() >= pieces {
        return Err(Rejection::CertificateIssued(line.id.clone()));
    }
    if balances.certificate(&issue.certificate).is_some() {
        return Err(Rejection::CertificateExists);
    }
    Ok(Event::CertificateIssued {
        id: issue.id,
        certificate: issue.certificate.clone(),
        last_four: issue.last_four.clone(),
        sale: issue.sale,
        line: line.id.clone(),
        phone: issue.phone.clone(),
        currency: sale.sold().currency.clone(),
        amount,
        expires_at: issue.expires_at,
    })
}

/// A password is sent, when the phone is the certificate's and may get one.
pub(super) fn otp_sent(balances: &Balances, ask: &AskOtp, now: Instant) -> Result<Event, Declined> {
    let (key, certificate) = owned(balances, &ask.certificates, &ask.phones, now)?;
    if certificate.is_frozen {
        return Err(Rejection::CertificateBlocked.into());
    }
    if ask.otp.amount.is_some() {
        may_be_spent(certificate, now)?;
        if certificate.balance <= Amount::ZERO {
            return Err(Rejection::CertificateEmpty.into());
        }
    }
    may_try(balances, key, certificate, now)?;
    // Also what was sent to the phone while it was known under another key.
    let sent = ask.phones.iter().filter_map(|phone| balances.sent(&SentKey::Phone(phone.clone())));
    if let Some(seconds) = sent.filter_map(|sent| sent.wait(now)).max() {
        return Err(Rejection::OtpTooSoon(seconds).into());
    }
    if balances.sent(&SentKey::All).map_or(0, |sent| sent.in_hour(now)) >= ask.hour_max {
        return Err(Rejection::OtpBudgetSpent.into());
    }
    let phone = ask.phones.first().unwrap_or(&certificate.phone).clone();
    Ok(Event::OtpSent { certificate: key.clone(), phone, otp: ask.otp.clone() })
}

/// The certificate of one of these names, where the phone is its own. Phones that are tried are counted by certificate: a number that nobody has
/// is no try of anything.
fn owned<'a>(
    balances: &'a Balances,
    names: &'a [CertificateKey],
    phones: &[PhoneKey],
    now: Instant,
) -> Result<(&'a CertificateKey, &'a Certificate), Declined> {
    let (key, certificate) = found(balances, names).ok_or(Rejection::CertificateRefused)?;
    let strangers = AttemptKey::OtpStranger(key.clone());
    if failures(balances, &strangers, now) >= strangers.failures_max() {
        return Err(Rejection::OtpLocked.into());
    }
    if !phones.contains(&certificate.phone) {
        return Err(Declined::Guessed(vec![strangers]));
    }
    Ok((key, certificate))
}

/// A password is used to look.
pub(super) fn looked(balances: &Balances, look: &Look, now: Instant) -> Result<Event, Declined> {
    owned(balances, &look.presented.certificates, &look.phones, now)?;
    let (key, ..) = opened(balances, &look.presented, now)?;
    Ok(Event::OtpUsed { certificate: key.clone() })
}

/// Support changes a certificate.
pub(super) fn changed(
    balances: &Balances,
    wanted: &ChangeCertificate,
    now: Instant,
) -> Result<Event, Rejection> {
    let key = &wanted.certificate;
    let certificate = balances.certificate(key).ok_or(Rejection::CertificateUnknown)?;
    if certificate.is_frozen {
        return Err(Rejection::CertificateFrozen);
    }
    match &wanted.change {
        Change::Block if certificate.is_blocked => return Err(Rejection::CertificateBlocked),
        Change::Unblock if !certificate.is_blocked => return Err(Rejection::CertificateNotBlocked),
        Change::Extend(until) if *until <= certificate.expires_at || *until <= now => {
            return Err(Rejection::NotLater);
        }
        _ => {}
    }
    Ok(Event::CertificateChanged {
        certificate: key.clone(),
        change: wanted.change.clone(),
        note: wanted.note.clone(),
    })
}
