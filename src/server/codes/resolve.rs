//! Which of the codes that a customer told are good for a purchase.

use std::collections::BTreeSet;

use tokio::task::spawn_blocking;

use super::book::Codebook;
use super::guard::is_locked;
use super::look::{Found, text_of};
use super::trouble::Trouble;
use crate::basket::{Opened, Phone, Request};
use crate::catalog::word::fold_code;
use crate::ledger::{Action, AttemptKey, Command, Content, OpenedCode, PhoneKey, RequestId};
use crate::pricing::eligible::Purchase;
use crate::rulebook::Rulebook;
use crate::server::clock;
use crate::server::ledger::{Error, Settled};
use crate::server::limits::Buyer;
use crate::server::secrets::{Domain, Entropy, KeyedHash, Pin, PinHash};
use crate::server::wire;
use crate::time::Instant;

/// One code that was told.
struct Told {
    place: usize,
    text: String,
    pin: Option<ToldPin>,
}

/// The PIN that was told with a code.
enum ToldPin {
    Pin(Pin),
    /// It is none, and so a wrong one: the work is the same.
    Wrong,
}

/// Who told it.
struct Teller {
    buyer: Buyer,
    /// The phone under every key.
    phones: Vec<PhoneKey>,
    caller: AttemptKey,
    now: Instant,
}

/// What was found out before the PIN.
struct Looked {
    found: Option<Found>,
    by_phone: bool,
    is_locked: bool,
}

impl Codebook {
    /// The codes of a request that are good for it. Failed attempts are on the record when this returns. Requests without codes that may
    /// have been generated cost nothing.
    ///
    /// # Errors
    /// The ledger has stopped, or more PINs are waiting than may.
    pub async fn resolve(
        &self,
        pins: &[wire::CodePin],
        request: &Request,
        rulebook: &Rulebook,
        caller: &str,
    ) -> Result<Vec<OpenedCode>, Trouble> {
        let told = told(pins, request, rulebook);
        if told.is_empty() {
            return Ok(Vec::new());
        }
        let teller = self.teller(request, caller);
        let mut opened = Vec::new();
        let mut missed = BTreeSet::new();
        for code in told {
            let (place, has_pin) = (code.place, code.pin.is_some());
            let mut looked = self.look(code.text, &teller).await?;
            looked.found = looked.found.filter(|found| is_in_days(found, request, rulebook));
            let by_pin = self.is_pin_right(&looked, code.pin).await?;
            match good(&looked, by_pin, has_pin) {
                Ok(found) => opened.push(opened_code(found, place, looked.by_phone, by_pin)),
                Err(miss) => {
                    if miss.is_counted && !looked.is_locked {
                        missed.extend([AttemptKey::All, teller.caller.clone()]);
                        missed.extend(teller.phones.first().cloned().map(AttemptKey::Phone));
                        missed.extend(miss.pin);
                    }
                }
            }
        }
        if !missed.is_empty() {
            self.record(missed.into_iter().collect(), teller.now).await?;
        }
        Ok(opened)
    }

    fn teller(&self, request: &Request, caller: &str) -> Teller {
        let customer = request.context.customer.as_ref();
        let phone = customer.and_then(|customer| Phone::parse(&customer.phone, &self.countries).ok());
        let hashes = |phone: &Phone| {
            let hashes = self.pepper.hashes(Domain::Phone, phone.as_e164().as_bytes());
            hashes.map(|hash| PhoneKey(hash.to_text())).collect()
        };
        let caller = self.pepper.hash(Domain::Caller, caller.as_bytes()).to_text();
        Teller {
            buyer: Buyer::of(request, &self.pepper, &self.countries),
            phones: phone.as_ref().map(hashes).unwrap_or_default(),
            caller: AttemptKey::Caller(caller),
            now: clock::now(),
        }
    }

    /// What the ledger has of a code, as far as it can be said without the PIN.
    async fn look(&self, text: String, teller: &Teller) -> Result<Looked, Trouble> {
        let (codebook, caller, now) = (self.clone(), teller.caller.clone(), teller.now);
        let (phones, buyer) = (teller.phones.clone(), teller.buyer.clone());
        let work = move || {
            let ledger = &codebook.ledger;
            let mut asked = vec![AttemptKey::All, caller];
            asked.extend(phones.first().cloned().map(AttemptKey::Phone));
            let found = codebook.find(&text)?;
            let is_bound = |found: &Found| found.terms.phone.is_some();
            let by_phone = found.as_ref().is_some_and(|found| {
                found
                    .terms
                    .phone
                    .as_ref()
                    .is_some_and(|phone| phones.iter().any(|one| same(&one.0, &phone.0)))
            });
            if let Some(found) = &found {
                // Also of a code that nobody holds, so that the work is the same.
                asked.push(AttemptKey::Pin(found.key.clone()));
            }
            let mut locked = false;
            for of in &asked {
                locked |= is_locked(ledger, of, now)?;
            }
            let good = found.filter(|found| {
                !found.is_disabled
                    && found.terms.is_open(now)
                    && found.has_use()
                    && (by_phone || !is_bound(found))
                    && found.terms.customer.as_ref().is_none_or(|customer| buyer.is(customer))
            });
            Ok::<_, Error>(Looked { found: good, by_phone, is_locked: locked })
        };
        Ok(spawn_blocking(work).await.map_err(|_| Trouble::Stopped)??)
    }

    /// Whether the PIN is the code's. Where there is none to compare with, the work is the same.
    async fn is_pin_right(&self, looked: &Looked, pin: Option<ToldPin>) -> Result<bool, Trouble> {
        let found = looked.found.as_ref().filter(|_| !looked.is_locked);
        let kept = found.and_then(|found| PinHash::parse(&found.terms.pin.as_ref()?.0));
        let checked = match (pin, kept) {
            (None, _) => return Ok(false),
            (Some(ToldPin::Pin(pin)), Some(kept)) => self.pins.verify(pin, &kept).await,
            (Some(_), _) => self.pins.verify_nothing().await,
        };
        checked.map_err(|_| Trouble::Busy)
    }

    async fn record(&self, by: Vec<AttemptKey>, at: Instant) -> Result<(), Trouble> {
        let id = Entropy.bytes::<16>().map_err(|_| Trouble::Entropy)?;
        let command = Command {
            request: RequestId::from_bytes(id),
            content: Content(String::new()),
            at,
            action: Action::Miss(by),
        };
        match self.ledger.submit(command).await {
            Some(Ok(Settled { .. })) => Ok(()),
            Some(Err(_)) | None => Err(Trouble::Stopped),
        }
    }
}

/// An attempt that failed.
struct Miss {
    /// Whether it counts: who has not told the PIN yet has not guessed.
    is_counted: bool,
    /// The code whose PIN was wrong.
    pin: Option<AttemptKey>,
}

/// The code, when it is good.
fn good(looked: &Looked, by_pin: bool, has_pin: bool) -> Result<&Found, Miss> {
    let Some(found) = looked.found.as_ref().filter(|_| !looked.is_locked) else {
        return Err(Miss { is_counted: true, pin: None });
    };
    if found.terms.pin.is_none() || by_pin {
        return Ok(found);
    }
    let pin = (has_pin && (looked.by_phone || found.terms.phone.is_none()))
        .then(|| AttemptKey::Pin(found.key.clone()));
    Err(Miss { is_counted: has_pin, pin })
}

fn opened_code(found: &Found, place: usize, by_phone: bool, by_pin: bool) -> OpenedCode {
    let opened = Opened { pool: found.pool.clone(), place, by_phone, by_pin };
    OpenedCode { key: found.key.clone(), uses: found.terms.uses, opened }
}

/// Whether the days around the customer's birthday in which a code counts are now.
fn is_in_days(found: &Found, request: &Request, rulebook: &Rulebook) -> bool {
    found.terms.birthday.is_none_or(|birthday| Purchase::of(request, rulebook).is_birthday(birthday))
}

/// The codes that are no campaign words, once each.
fn told(pins: &[wire::CodePin], request: &Request, rulebook: &Rulebook) -> Vec<Told> {
    if !rulebook.has_pools() {
        return Vec::new();
    }
    let mut seen = BTreeSet::new();
    let mut told = Vec::new();
    for (place, code) in request.context.codes.iter().enumerate() {
        let folded = fold_code(code);
        if folded.is_empty() || !rulebook.waiting_for(&folded).is_empty() || !seen.insert(folded.clone()) {
            continue;
        }
        let pin = pins.iter().find(|pin| fold_code(&pin.code) == folded);
        let pin = pin.map(|pin| Pin::parse(&pin.pin).map_or(ToldPin::Wrong, ToldPin::Pin));
        told.push(Told { place, text: text_of(code), pin });
    }
    told
}

/// Two hashes in the same time wherever they differ.
fn same(one: &str, other: &str) -> bool {
    matches!((KeyedHash::parse(one), KeyedHash::parse(other)), (Some(one), Some(other)) if one == other)
}
