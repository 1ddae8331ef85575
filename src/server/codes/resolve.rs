//! Which of the codes that a customer told are good for a purchase.

use std::collections::BTreeSet;

use tokio::task::spawn_blocking;

use super::book::Codebook;
use super::guard::is_locked;
use super::look::{Found, text_of};
use super::trouble::Trouble;
use crate::basket::limits::{CODES_MAX, TEXT_BYTES_MAX};
use crate::basket::{Opened, Phone, Request};
use crate::catalog::word::fold_code;
use crate::ledger::code::{CodeFault, GeneratedCode};
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
        let mut missed = Vec::new();
        for code in told {
            let place = code.place;
            let is_mistyped = GeneratedCode::parse(&code.text) == Err(CodeFault::Mistyped);
            // One attempt after another at one code: else many at once would all pass before the first is counted.
            let _turn = self.turns.of(&code.text).lock().await;
            let attempt = self.attempt(&code, &teller);
            let mut looked = self.look(code.text, &teller).await?;
            looked.found = looked.found.filter(|found| is_in_days(found, request, rulebook));
            let has_pin = code.pin.is_some();
            let by_pin = self.is_pin_right(&looked, code.pin).await?;
            match good(&looked, by_pin, has_pin) {
                Ok(found) => opened.push(opened_code(found, place, looked.by_phone, by_pin)),
                // A mistake in typing is seen by the code itself, and the same attempt once more tells nothing new.
                Err(_) if is_mistyped || looked.is_locked || !self.tried.is_new(attempt, teller.now) => {}
                Err(pin) => {
                    missed.extend([AttemptKey::All, teller.caller.clone()]);
                    missed.extend(teller.phones.first().cloned().map(AttemptKey::Phone));
                    missed.extend(pin);
                }
            }
            // On the record before the next is tried.
            if !missed.is_empty() {
                self.record(std::mem::take(&mut missed), teller.now).await?;
            }
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

    /// What is tried, as a keyed hash: the same attempt of the same teller counts once.
    fn attempt(&self, code: &Told, teller: &Teller) -> [u8; 16] {
        let phone = teller.phones.first().map(|phone| phone.0.as_str()).unwrap_or_default();
        let pin = match &code.pin {
            None => "",
            Some(ToldPin::Wrong) => "wrong",
            Some(ToldPin::Pin(pin)) => pin.expose(),
        };
        let text = format!("{:?}\n{phone}\n{}\n{pin}", teller.caller, code.text);
        *self.pepper.hash(Domain::Caller, text.as_bytes()).bytes()
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
            // With no room for the record of a failure nothing is tried.
            let mut locked = !ledger.has_room();
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

/// The code, when it is good; else the code whose PIN was wrong, where it was that.
fn good(looked: &Looked, by_pin: bool, has_pin: bool) -> Result<&Found, Option<AttemptKey>> {
    let found = looked.found.as_ref().filter(|_| !looked.is_locked).ok_or(None)?;
    if found.terms.pin.is_none() || by_pin {
        return Ok(found);
    }
    let knows_phone = looked.by_phone || found.terms.phone.is_none();
    Err((has_pin && knows_phone).then(|| AttemptKey::Pin(found.key.clone())))
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
    let codes = &request.context.codes;
    // What is too much or too long is told when the basket is priced.
    if !rulebook.has_pools() || codes.len() > CODES_MAX || pins.len() > CODES_MAX {
        return Vec::new();
    }
    let mut seen = BTreeSet::new();
    let mut told = Vec::new();
    for (place, code) in codes.iter().enumerate() {
        if code.len() > TEXT_BYTES_MAX {
            continue;
        }
        let folded = fold_code(code);
        // `O` and `0` are one: the same code in other letters is the same code.
        let text = text_of(code);
        if folded.is_empty() || !rulebook.waiting_for(&folded).is_empty() || !seen.insert(text.clone()) {
            continue;
        }
        let pin = pins.iter().find(|pin| fold_code(&pin.code) == folded);
        let pin = pin.map(|pin| Pin::parse(&pin.pin).map_or(ToldPin::Wrong, ToldPin::Pin));
        told.push(Told { place, text, pin });
    }
    told
}

/// Two hashes in the same time wherever they differ.
fn same(one: &str, other: &str) -> bool {
    matches!((KeyedHash::parse(one), KeyedHash::parse(other)), (Some(one), Some(other)) if one == other)
}
