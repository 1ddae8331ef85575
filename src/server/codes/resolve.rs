//! Which of the codes that a customer told are good for a purchase.

use std::collections::BTreeSet;
use std::sync::Arc;

use tokio::task::spawn_blocking;

use super::book::Codebook;
use super::guard::{Turn, is_locked, whose};
use super::look::{Found, text_of};
use super::trouble::Trouble;
use crate::basket::limits::{CODES_MAX, TEXT_BYTES_MAX};
use crate::basket::{Opened, Phone, Request};
use crate::catalog::word::fold_code;
use crate::ledger::{Action, AttemptKey, Command, Content, OpenedCode, PhoneKey, RequestId, Terms};
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
    caller: String,
    now: Instant,
    /// Whether failed attempts may be those of a moment ago: where there is nothing to guess.
    lately: bool,
}

impl Teller {
    fn phone(&self) -> &str {
        self.phones.first().map(|phone| phone.0.as_str()).unwrap_or_default()
    }

    fn attempts(&self) -> AttemptKey {
        AttemptKey::Caller(self.caller.clone())
    }
}

/// What was found out before the PIN.
struct Looked {
    /// The code, when it is good but for its PIN.
    found: Option<Found>,
    /// Whether another phone, customer or PIN could make it good.
    is_open: bool,
    by_phone: bool,
    /// Whether too many attempts have failed for this one to count.
    is_locked: bool,
    /// Whether that is so whatever the code is.
    is_shut: bool,
    /// What is wrong with it, for the audit log alone.
    why: &'static str,
}

impl Codebook {
    /// The codes of a request that are good for it. Failed attempts are on the record when this returns. Requests without codes that may
    /// have been generated cost nothing.
    ///
    /// # Errors
    /// The ledger has stopped, or more attempts are waiting than may.
    pub async fn resolve(
        &self,
        pins: &[wire::CodePin],
        request: &Request,
        rulebook: &Arc<Rulebook>,
        caller: &str,
    ) -> Result<Vec<OpenedCode>, Trouble> {
        if told(pins, request, rulebook).is_empty() {
            return Ok(Vec::new());
        }
        let (codebook, copy, rules) = (self.clone(), (pins.to_vec(), request.clone()), Arc::clone(rulebook));
        let from = caller.to_owned();
        let free = spawn_blocking(move || codebook.free(&copy.0, &copy.1, &rules, &from));
        match free.await.map_err(|_| Trouble::Stopped)?? {
            Some(opened) => Ok(opened),
            None => self.guarded(pins, request, rulebook, caller).await,
        }
    }

    /// The same where each code is one that anybody may use, and good: then there is nothing to guess. Else nothing: they must be tried one by
    /// one. The index may read from the disk: not on a thread that others wait for.
    ///
    /// # Errors
    /// The index cannot be read.
    pub fn free(
        &self,
        pins: &[wire::CodePin],
        request: &Request,
        rulebook: &Rulebook,
        caller: &str,
    ) -> Result<Option<Vec<OpenedCode>>, Error> {
        let told = told(pins, request, rulebook);
        if told.is_empty() {
            return Ok(Some(Vec::new()));
        }
        let teller = Teller { lately: true, ..self.teller(request, caller) };
        let mut opened = Vec::new();
        for code in &told {
            let looked = self.look(&code.text, &teller)?;
            let found = looked.found.as_ref().filter(|found| is_in_days(found, request, rulebook));
            match found.filter(|found| code.pin.is_none() && !looked.is_locked && is_free(&found.terms)) {
                Some(found) => opened.push(opened_code(found, code.place, looked.by_phone, false)),
                None => return Ok(None),
            }
        }
        Ok(Some(opened))
    }

    /// The codes of a request that are good for it, tried one by one.
    ///
    /// # Errors
    /// See [`Codebook::resolve`].
    pub async fn guarded(
        &self,
        pins: &[wire::CodePin],
        request: &Request,
        rulebook: &Rulebook,
        caller: &str,
    ) -> Result<Vec<OpenedCode>, Trouble> {
        // What cannot be counted is not tried: a right guess would show, and a wrong one cost nothing.
        if !self.can_count() {
            return Err(Trouble::Away);
        }
        let teller = Arc::new(self.teller(request, caller));
        let mut opened = Vec::new();
        for code in told(pins, request, rulebook) {
            let _turn = self.turn(&code, &teller).await?;
            let attempt = self.attempt(&code, &teller);
            let (place, text, has_pin) = (code.place, code.text.clone(), code.pin.is_some());
            let mut looked = self.looked(text.clone(), &teller).await?;
            if looked.found.as_ref().is_some_and(|found| !is_in_days(found, request, rulebook)) {
                (looked.found, looked.why) = (None, "not around the birthday");
            }
            let by_pin = self.is_pin_right(&looked, code.pin).await?;
            match good(&looked, by_pin, has_pin) {
                Ok(found) => opened.push(opened_code(found, place, looked.by_phone, by_pin)),
                // The same attempt once more tells nothing new.
                Err(_) if looked.is_shut || !self.tried.is_new(attempt, teller.now) => {}
                // On the record before the next is tried.
                Err(pin) => {
                    audit(&looked, has_pin);
                    let by = self.missed(&text, &teller, &looked, pin);
                    self.record(by, &teller).await?;
                }
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
        Teller {
            buyer: Buyer::of(request, &self.pepper, &self.countries),
            phones: phone.as_ref().map(hashes).unwrap_or_default(),
            caller: self.pepper.hash(Domain::Caller, caller.as_bytes()).to_text(),
            now: clock::now(),
            lately: false,
        }
    }

    /// The turn of an attempt that could guess a phone or a PIN. A word alone is guessed no better by many at once.
    async fn turn(&self, code: &Told, teller: &Arc<Teller>) -> Result<Option<Turn<'_>>, Trouble> {
        let (text, phone) = (code.text.as_str(), teller.phone());
        let turn = match &code.pin {
            None if phone.is_empty() => return Ok(None),
            None => self.turns.take("", phone, None).await,
            Some(_) => {
                let looked = self.looked(text.to_owned(), teller).await?;
                // With another phone each time a code that is bound to none would have as many turns.
                let is_by_phone = looked.found.is_none_or(|found| found.terms.phone.is_some());
                let phone = if is_by_phone { phone } else { "" };
                self.turns.take(text, phone, Some(&teller.caller)).await
            }
        };
        turn.ok_or(Trouble::Busy).map(Some)
    }

    /// What is tried, as a keyed hash: the same attempt of the same teller counts once.
    fn attempt(&self, code: &Told, teller: &Teller) -> [u8; 16] {
        let pin = match &code.pin {
            None => "",
            Some(ToldPin::Wrong) => "wrong",
            Some(ToldPin::Pin(pin)) => pin.expose(),
        };
        self.remembered(&["attempt", &teller.caller, teller.phone(), &code.text, pin])
    }

    fn remembered(&self, words: &[&str]) -> [u8; 16] {
        *self.pepper.hash(Domain::Caller, words.join("\n").as_bytes()).bytes()
    }

    /// By whom a failed attempt counts. A word that nobody can use is one guess of its caller, however many customers tell it: a campaign that
    /// is over must not lock the shop that they tell it to, nor their phones. What is counted differs then, the record that is waited for
    /// does not.
    fn missed(
        &self,
        text: &str,
        teller: &Teller,
        looked: &Looked,
        pin: Option<AttemptKey>,
    ) -> Vec<AttemptKey> {
        let word = self.remembered(&["word", &teller.caller, text]);
        if !self.tried.is_new(word, teller.now) && !looked.is_open {
            return vec![AttemptKey::Repeats(teller.caller.clone())];
        }
        let phone = teller.phones.first().cloned().map(AttemptKey::Phone);
        [AttemptKey::All, teller.attempts()].into_iter().chain(phone).chain(pin).collect()
    }

    /// [`Codebook::look`] on a thread that may wait for the disk.
    async fn looked(&self, text: String, teller: &Arc<Teller>) -> Result<Looked, Trouble> {
        let (codebook, teller) = (self.clone(), Arc::clone(teller));
        let work = move || codebook.look(&text, &teller);
        Ok(spawn_blocking(work).await.map_err(|_| Trouble::Stopped)??)
    }

    /// What the ledger has of a code, as far as it can be said without the PIN. The same look-ups whether there is such a code or not.
    fn look(&self, text: &str, teller: &Teller) -> Result<Looked, Error> {
        let found = self.find(text)?;
        let terms = found.as_ref().map(|found| &found.terms);
        let is_bound = terms.is_some_and(|terms| terms.phone.is_some());
        let of_code = terms.and_then(|terms| terms.phone.as_ref());
        let by_phone = of_code.is_some_and(|phone| teller.phones.iter().any(|one| same(&one.0, &phone.0)));
        // The PIN guards such a code by itself: who knows only the phone cannot lock its owner out with words that are none.
        let is_by_pin = by_phone && terms.is_some_and(|terms| terms.pin.is_some());
        // Also of a code that there is not.
        let key =
            found.as_ref().map(|found| found.key.clone()).or_else(|| self.keys(text).into_iter().next());
        // With no room for the record of a failure nothing is tried.
        let mut is_shut = !self.ledger.has_room();
        for of in [AttemptKey::All, teller.attempts()] {
            is_shut |= self.is_locked(&of, teller.now, teller.lately)?;
        }
        let mut is_locked = is_shut;
        if let Some(phone) = teller.phones.first() {
            is_locked |=
                self.is_locked(&AttemptKey::Phone(phone.clone()), teller.now, teller.lately)? && !is_by_pin;
        }
        if let Some(key) = key {
            is_locked |= self.is_locked(&AttemptKey::Pin(key), teller.now, teller.lately)?;
        }
        let is_whose = |customer| teller.buyer.is(customer);
        let why = match &found {
            None => "unknown",
            Some(found) if found.is_disabled => "out of use",
            Some(found) if !found.terms.is_open(teller.now) => "not in its window",
            Some(found) if !found.has_use() => "used up",
            Some(_) if is_bound && !by_phone => "another phone",
            Some(found) if !found.terms.customer.as_ref().is_none_or(is_whose) => "another customer",
            Some(_) => "",
        };
        let is_open = !matches!(why, "unknown" | "out of use" | "not in its window" | "used up");
        let found = found.filter(|_| why.is_empty());
        Ok(Looked { found, is_open, by_phone, is_locked, is_shut, why })
    }

    fn is_locked(&self, of: &AttemptKey, now: Instant, lately: bool) -> Result<bool, Error> {
        let is_locked = is_locked(&self.ledger, of, now, lately)?;
        if is_locked && self.tried.is_new(self.remembered(&["locked", &format!("{of:?}")]), now) {
            tracing::warn!(
                of = whose(of),
                "too many wrong codes: for a day from the first none is looked at"
            );
        }
        Ok(is_locked)
    }

    /// Whether the PIN is the code's. Where there is none to compare with, the work is the same; where nothing is looked at, whatever the code
    /// is, there is none.
    async fn is_pin_right(&self, looked: &Looked, pin: Option<ToldPin>) -> Result<bool, Trouble> {
        if looked.is_shut {
            return Ok(false);
        }
        let found = looked.found.as_ref().filter(|_| !looked.is_locked);
        let kept = found.and_then(|found| PinHash::parse(&found.terms.pin.as_ref()?.0));
        let checked = match (pin, kept) {
            (None, _) => return Ok(false),
            (Some(ToldPin::Pin(pin)), Some(kept)) => self.pins.verify(pin, &kept).await,
            (Some(_), _) => self.pins.verify_nothing().await,
        };
        checked.map_err(|_| Trouble::Busy)
    }

    async fn record(&self, by: Vec<AttemptKey>, teller: &Arc<Teller>) -> Result<(), Trouble> {
        let at = teller.now;
        if let [repeats @ AttemptKey::Repeats(_)] = by.as_slice() {
            let (codebook, repeats) = (self.clone(), repeats.clone());
            let is_over = spawn_blocking(move || codebook.is_locked(&repeats, at, false));
            if is_over.await.map_err(|_| Trouble::Stopped)?? {
                return Ok(());
            }
        }
        let id = Entropy.bytes::<16>().map_err(|_| Trouble::Entropy)?;
        let command = Command {
            request: RequestId::from_bytes(id),
            content: Content(String::new()),
            at,
            action: Action::Miss(by),
        };
        match self.ledger.submit(command).await {
            Some(Ok(Settled { .. })) => Ok(()),
            None if self.ledger.is_shared() => {
                self.uncounted();
                Err(Trouble::Away)
            }
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

/// The true reason of a refusal: in the log, for who runs the service, and nowhere else. No code, phone or caller is in it.
fn audit(looked: &Looked, has_pin: bool) {
    let why = match looked.why {
        "" if looked.is_locked => "too many before",
        "" if has_pin => "wrong PIN",
        "" => "no PIN",
        why => why,
    };
    tracing::info!(target: "pricewright::audit", why, "a code was refused");
}

/// Whether a code is for whoever has it: nothing else is asked that could be guessed.
const fn is_free(terms: &Terms) -> bool {
    terms.phone.is_none() && terms.pin.is_none() && terms.customer.is_none()
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
