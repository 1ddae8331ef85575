//! Codes come into being: made here, or taken in.

use super::book::Codebook;
use super::look::text_of;
use super::trouble::Trouble;
use crate::basket::Phone;
use crate::ledger::code::GeneratedCode;
use crate::ledger::{
    Account, Action, AddCodes, CodeKey, Command, Content, CustomerKey, Key, NewCode, Outcome, PhoneKey,
    PinKey, Rejection, RequestId, Terms,
};
use crate::server::secrets::{Domain, KeyId, KeyedHash, Pin};
use crate::time::Instant;

/// Codes that are kept at once, as one fact.
pub const CODES_AT_ONCE: u32 = 1_000;
/// Codes of one call.
pub const CODES_MAX: u32 = 1_000_000;

/// A call that makes codes, or takes them in.
#[derive(Debug, Clone)]
pub struct Making {
    /// Its id.
    pub request: RequestId,
    /// What it says.
    pub content: Vec<u8>,
    /// When.
    pub at: Instant,
    /// The pool.
    pub pool: String,
    /// What its codes may be used for.
    pub terms: Terms,
}

/// Why codes were not kept.
#[derive(Debug, thiserror::Error)]
pub enum Refusal {
    /// The ledger decided against it.
    #[error("the ledger decided against it")]
    Rejected(Rejection),
    /// It could not be asked.
    #[error(transparent)]
    Trouble(#[from] Trouble),
}

/// A code that was made elsewhere.
#[derive(Debug, Clone)]
pub struct Foreign {
    /// Its place in the call.
    pub place: u32,
    /// Its text, folded.
    pub text: String,
    /// Its own terms.
    pub terms: Option<Terms>,
}

impl Codebook {
    /// Keeps `count` codes from number `first` on and tells them. They follow from the call and the pepper: asked again they are the same, and
    /// nowhere are they written down.
    ///
    /// # Errors
    /// The id was used for something else, or the ledger has stopped.
    pub async fn generate(&self, making: &Making, first: u32, count: u32) -> Result<Vec<String>, Refusal> {
        let id = self.part_id(making, first);
        let content = self.content(&making.content);
        let known = self.known(id, making).await?;
        let key = known.unwrap_or_else(|| content.key());
        let mut attempts = vec![0_u32; usize::try_from(count).unwrap_or_default()];
        loop {
            let codes = self.numbered(making.request, key, first, attempts.clone()).await?;
            // Another call had made the same code: one in 36,000 million millions for each that there is.
            let taken = if known.is_some() {
                self.foreign(id, &codes).await?
            } else {
                self.add_generated(id, &content, making, first, &codes).await?
            };
            match taken {
                Some(place) => bump(&mut attempts, place),
                None => return Ok(codes.iter().map(|(code, _)| code.as_str().to_owned()).collect()),
            }
        }
    }

    /// The codes from number `first` on, and what they are known by. Thousands of hashes: not on a thread that others wait for.
    async fn numbered(
        &self,
        request: RequestId,
        key: KeyId,
        first: u32,
        attempts: Vec<u32>,
    ) -> Result<Vec<(GeneratedCode, CodeKey)>, Refusal> {
        let codebook = self.clone();
        let work = move || {
            let code = |(number, attempt)| {
                let code = codebook.nth(request, key, number, attempt);
                let key = codebook.key(&code);
                (code, key)
            };
            Ok((first..).zip(attempts).map(code).collect())
        };
        self.read(work).await
    }

    /// Keeps codes; or the place of one that is there already.
    async fn add_generated(
        &self,
        id: RequestId,
        content: &KeyedHash,
        making: &Making,
        first: u32,
        codes: &[(GeneratedCode, CodeKey)],
    ) -> Result<Option<usize>, Refusal> {
        let new =
            |(number, (_, key)): (u32, &(_, CodeKey))| NewCode { key: key.clone(), number, terms: None };
        let codes = (first..).zip(codes).map(new).collect();
        let add = AddCodes { pool: making.pool.clone(), terms: making.terms.clone(), codes };
        match self.add(id, content, making.at, add).await {
            Ok(()) => Ok(None),
            Err(Refusal::Rejected(Rejection::CodeExists(number))) => {
                Ok(Some(usize::try_from(number.saturating_sub(first)).unwrap_or_default()))
            }
            Err(refusal) => Err(refusal),
        }
    }

    /// Takes in codes, those that are there already left out; the places of these. A check takes in none.
    ///
    /// # Errors
    /// The id was used for something else, or the ledger has stopped.
    pub async fn take_in(
        &self,
        making: &Making,
        part: u32,
        codes: Vec<Foreign>,
        is_check: bool,
    ) -> Result<Vec<u32>, Refusal> {
        let id = self.part_id(making, part);
        let content = self.content(&making.content);
        let is_known = self.known(id, making).await?.is_some();
        let mut there = Vec::new();
        let mut new = Vec::new();
        for code in codes {
            match self.find_own(&code.text, id, is_known).await? {
                true => there.push(code.place),
                false => new.push(NewCode {
                    key: self.today(&text_of(&code.text)),
                    number: code.place,
                    terms: code.terms.map(Box::new),
                }),
            }
        }
        let mut seen = std::collections::BTreeSet::new();
        new.retain(|code| {
            let is_first = seen.insert(code.key.clone());
            if !is_first {
                there.push(code.number);
            }
            is_first
        });
        if !is_known && !is_check {
            let add = AddCodes { pool: making.pool.clone(), terms: making.terms.clone(), codes: new };
            self.add(id, &content, making.at, add).await?;
        }
        there.sort_unstable();
        Ok(there)
    }

    /// Whether a code is there; of a call that was answered before, whether somebody else's.
    async fn find_own(&self, text: &str, id: RequestId, is_known: bool) -> Result<bool, Refusal> {
        let (codebook, text) = (self.clone(), text.to_owned());
        let work = move || {
            for key in codebook.keys(&text_of(&text)) {
                if let Some(Account::Code(state)) = codebook.ledger.account(&Key::Code(key))? {
                    return Ok(!(is_known && state.batch == id));
                }
            }
            Ok(false)
        };
        self.read(work).await
    }

    /// The key under which a part of a call was answered before; an error when it said something else.
    async fn known(&self, id: RequestId, making: &Making) -> Result<Option<KeyId>, Refusal> {
        let ledger = self.ledger.clone();
        let known = self.read(move || ledger.known(id)).await?;
        let Some(known) = known else { return Ok(None) };
        let hash = KeyedHash::parse(&known.content.0);
        match hash.filter(|hash| self.pepper.matches(hash, Domain::Request, &making.content)) {
            Some(hash) if known.outcome == Outcome::Done => Ok(Some(hash.key())),
            _ => Err(Refusal::Rejected(Rejection::RequestIdReused)),
        }
    }

    /// The first of some codes of a call that another call had made before.
    async fn foreign(
        &self,
        id: RequestId,
        codes: &[(GeneratedCode, CodeKey)],
    ) -> Result<Option<usize>, Refusal> {
        let texts: Vec<String> = codes.iter().map(|(code, _)| code.as_str().to_owned()).collect();
        let codebook = self.clone();
        let work = move || {
            for (place, text) in texts.iter().enumerate() {
                // Under whichever key it was made.
                let mut is_ours = false;
                for key in codebook.keys(text) {
                    let found = codebook.ledger.account(&Key::Code(key))?;
                    is_ours |= matches!(found, Some(Account::Code(state)) if state.batch == id);
                }
                if !is_ours {
                    return Ok(Some(place));
                }
            }
            Ok(None)
        };
        self.read(work).await
    }

    async fn read<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> Result<T, crate::server::ledger::Error> + Send + 'static,
    ) -> Result<T, Refusal> {
        let read = tokio::task::spawn_blocking(work).await.map_err(|_| Trouble::Stopped)?;
        Ok(read.map_err(Trouble::from)?)
    }

    async fn add(
        &self,
        id: RequestId,
        content: &KeyedHash,
        at: Instant,
        add: AddCodes,
    ) -> Result<(), Refusal> {
        self.submit(id, content, at, Action::AddCodes(Box::new(add))).await
    }

    /// Changes codes that there are. A refusal of the ledger is not on the record: a code that is unknown may come later.
    ///
    /// # Errors
    /// The ledger decides against it, or has stopped.
    pub async fn change(
        &self,
        request: RequestId,
        content: &[u8],
        at: Instant,
        action: Action,
    ) -> Result<(), Refusal> {
        match self.is_answered(request, content).await? {
            true => Ok(()),
            false => self.submit(request, &self.content(content), at, action).await,
        }
    }

    /// Whether [`change`](Self::change) would do it. A code is looked up by who names it; here only a pool is.
    ///
    /// # Errors
    /// The ledger would decide against it, or has stopped.
    pub async fn would_change(
        &self,
        request: RequestId,
        content: &[u8],
        action: Action,
    ) -> Result<(), Refusal> {
        if self.is_answered(request, content).await? {
            return Ok(());
        }
        let Action::DisablePool(pool) = action else { return Ok(()) };
        let codebook = self.clone();
        let is_there = self.read(move || Ok(codebook.ledger.account(&Key::Pool(pool))?.is_some())).await?;
        is_there.then_some(()).ok_or(Refusal::Rejected(Rejection::CodeUnknown))
    }

    /// Whether a call that changes codes was answered before.
    async fn is_answered(&self, request: RequestId, content: &[u8]) -> Result<bool, Refusal> {
        let ledger = self.ledger.clone();
        let known = self.read(move || ledger.known(request)).await?;
        match known.map(|known| KeyedHash::parse(&known.content.0)) {
            Some(Some(hash)) if self.pepper.matches(&hash, Domain::Request, content) => Ok(true),
            Some(_) => Err(Refusal::Rejected(Rejection::RequestIdReused)),
            None => Ok(false),
        }
    }

    /// Whether a part of a call was kept before.
    ///
    /// # Errors
    /// It said something else, or the ledger cannot be read.
    pub async fn is_kept(&self, making: &Making, part: u32) -> Result<bool, Refusal> {
        Ok(self.known(self.part_id(making, part), making).await?.is_some())
    }

    async fn submit(
        &self,
        id: RequestId,
        content: &KeyedHash,
        at: Instant,
        action: Action,
    ) -> Result<(), Refusal> {
        // The room that is left is for purchases that are held.
        if !self.ledger.has_room() {
            return Err(Trouble::DiskFull.into());
        }
        let command = Command { request: id, content: Content(content.to_text()), at, action };
        match self.ledger.submit(command).await {
            None if self.ledger.is_shared() => Err(Trouble::Away.into()),
            None => Err(Trouble::Stopped.into()),
            Some(Err(rejection)) => Err(Refusal::Rejected(rejection)),
            Some(Ok(_)) => Ok(()),
        }
    }

    /// The code of that number: what HMAC makes of the call under a key of the pepper, which nobody without it can tell from chance.
    fn nth(&self, request: RequestId, key: KeyId, number: u32, attempt: u32) -> GeneratedCode {
        let message = format!("{request} {number} {attempt}");
        let mut hashes = self.pepper.hashes(Domain::Entropy, message.as_bytes());
        let hash = hashes.find(|hash| hash.key() == key);
        let hash = hash.unwrap_or_else(|| self.pepper.hash(Domain::Entropy, message.as_bytes()));
        let mut entropy = [0; 7];
        entropy.iter_mut().zip(hash.bytes()).for_each(|(byte, of_hash)| *byte = *of_hash);
        GeneratedCode::from_entropy(entropy)
    }

    fn key(&self, code: &GeneratedCode) -> CodeKey {
        self.today(code.as_str())
    }

    fn today(&self, text: &str) -> CodeKey {
        CodeKey(self.pepper.hash(Domain::Code, text.as_bytes()).to_text())
    }

    fn content(&self, content: &[u8]) -> KeyedHash {
        self.pepper.hash(Domain::Request, content)
    }

    /// The id of a part of a call, by the first of its numbers. It is the same under every key: it names, and hides nothing.
    fn part_id(&self, making: &Making, part: u32) -> RequestId {
        use sha2::{Digest as _, Sha256};
        // The first part has the id of the call: so that is used up whatever it was used for.
        if part == 0 {
            return making.request;
        }
        let whole: [u8; 32] = Sha256::digest(format!("{} part {part}", making.request)).into();
        let mut bytes = [0; 16];
        bytes.iter_mut().zip(whole).for_each(|(byte, of_whole)| *byte = of_whole);
        RequestId::from_bytes(bytes)
    }

    /// A customer's id as limits know it.
    #[must_use]
    pub fn customer_key(&self, id: &str) -> CustomerKey {
        CustomerKey(self.pepper.hash(Domain::Customer, id.as_bytes()).to_text())
    }

    /// A phone as codes know it; nothing when it is none.
    #[must_use]
    pub fn phone_key(&self, typed: &str) -> Option<PhoneKey> {
        let phone = Phone::parse(typed, &self.countries).ok()?;
        Some(PhoneKey(self.pepper.hash(Domain::Phone, phone.as_e164().as_bytes()).to_text()))
    }

    /// A PIN as codes know it.
    ///
    /// # Errors
    /// More PINs wait than may.
    pub async fn pin_key(&self, pin: Pin) -> Result<PinKey, Trouble> {
        self.pins.hash(pin).await.map(|hash| PinKey(hash.to_text())).map_err(|_| Trouble::Busy)
    }
}

fn bump(attempts: &mut [u32], place: usize) {
    if let Some(attempt) = attempts.get_mut(place) {
        *attempt = attempt.saturating_add(1);
    }
}
