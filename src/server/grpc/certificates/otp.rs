//! A password of one use goes to the certificate's phone.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::sleep;

use super::desk::{Desk, kept, number, other_kind, phone_fault};
use super::told::timestamp;
use crate::basket::{Phone, Problem};
use crate::ledger::{
    Action, AskOtp, AttemptKey, Certificate, Command, Content, Event, Outcome, PhoneKey, Rejection, RequestId,
};
use crate::money::Amount;
use crate::server::apart::apart;
use crate::server::certificates::{self, Typed};
use crate::server::clock;
use crate::server::grpc::failure::Failure;
use crate::server::grpc::fields::{NAME_BYTES_MAX, fault, request_id, text};
use crate::server::grpc::gate::Call;
use crate::server::grpc::record::Named;
use crate::server::grpc::record::silent;
use crate::server::ledger::Settled;
use crate::server::outbox::{self, Delivery, Message, Opens, Prepared, Purpose};
use crate::server::secrets::{Entropy, Pin};
use crate::server::wire;
use crate::server::wire::request_otp_request::Purpose as Wanted;
use crate::server::wire::request_otp_response::Delivery as Told;
use crate::time::Instant;

/// How often a database is asked what it has kept, and for how long an answer that it has nothing may be too early.
const ASK_AGAIN: Duration = Duration::from_millis(500);
const NOT_KEPT: Duration = Duration::from_secs(15);

/// What the ledger would say, looked up before anything is written: whoever guesses fills no disk.
enum Foreseen {
    /// It would be sent.
    Sent(Box<Certificate>),
    /// Something is wrong that one could guess: of whom that is counted.
    Guessed(Vec<AttemptKey>),
    /// It would not be sent, for a reason that the owner may know.
    Refused(Rejection),
}

/// A password that is asked for, with everything in clear.
struct Wish {
    number: Typed,
    phone: Phone,
    phones: Vec<PhoneKey>,
    wanted: Wanted,
}

impl Desk {
    pub(super) async fn request_otp(
        self: &Arc<Self>,
        asked: wire::RequestOtpRequest,
        call: Call,
    ) -> Result<wire::RequestOtpResponse, Failure> {
        let named = Named::new(request_id(&asked.request_id)?, "RequestOtp", &asked);
        let wish = self.wish(&asked)?;
        let desk = Arc::clone(self);
        let place = Arc::clone(&self.calls).acquire_owned().await.map_err(|_| Failure::ShuttingDown)?;
        // Whoever goes away in the middle of it does not keep a password that the ledger has from its phone.
        let work = tokio::spawn(async move {
            let _place = place;
            desk.request(named, wish, asked.validate_only, call).await
        });
        work.await.map_err(|_| Failure::Internal)?
    }

    async fn request(
        &self,
        named: Named,
        wish: Wish,
        is_trial: bool,
        call: Call,
    ) -> Result<wire::RequestOtpResponse, Failure> {
        let turn = self.turn(named.id).await?;
        if let Some(before) = self.before(&named).await? {
            let outcome = kept(Settled { outcome: before.outcome, sale: None })?;
            return told(self.outbox.delivery(named.id), outcome);
        }
        if !self.outbox.can_send() {
            return Err(Failure::NoSender);
        }
        let password = Pin::random().map_err(|_| Failure::Internal)?;
        self.room()?;
        let ask = self.ask(&wish, &password, named.at);
        let foreseen = self.foreseen(&named, &wish, &ask).await?;
        let expires_at = ask.otp.expires_at;
        if is_trial {
            return self.would_send(foreseen, &named, expires_at).await;
        }
        let prepared = match foreseen {
            Foreseen::Sent(certificate) => {
                let message = message(&named, wish, password, &certificate, &ask, call);
                self.prepared(message).await?
            }
            // With no phone at all it can only be refused, and counted, whatever has happened to the certificate since.
            Foreseen::Guessed(_) => {
                let ask = AskOtp { phones: Vec::new(), ..ask };
                let settled = self.settled(&named, Action::AskOtp(Box::new(ask))).await?;
                return told(Delivery::Undelivered, kept(settled)?);
            }
            Foreseen::Refused(rejection) => {
                let settled = self.record.refuse(&named, rejection, false).await?;
                return told(self.outbox.delivery(named.id), kept(settled)?);
            }
        };
        // Broken off here, the message stays on disk, and the next start asks the ledger.
        let opens = opens(&ask);
        let outcome = match self.settled(&named, Action::AskOtp(Box::new(ask))).await.and_then(kept) {
            Ok(outcome) => outcome,
            Err(failure @ Failure::Refused(_)) => {
                self.outbox.withdraw(prepared);
                return Err(failure);
            }
            Err(unknown) => {
                self.find_out(prepared, opens);
                return Err(unknown);
            }
        };
        drop(turn);
        told(self.sent(prepared, opens).await, outcome)
    }

    /// Sends what the ledger has kept. Of a database that may be another node's answer to the same call, with a password of its own: that
    /// one goes, and ours does not.
    async fn sent(&self, prepared: Prepared, opens: Opens) -> Delivery {
        if !self.ledger().is_shared() {
            return self.outbox.release(prepared).await;
        }
        let (book, of) = (self.certificates.clone(), opens.clone());
        match apart(move || book.is_living(&of)).await {
            Ok(Ok(true)) => self.outbox.release(prepared).await,
            Ok(Ok(false)) => {
                self.outbox.withdraw(prepared);
                Delivery::Sent
            }
            _ => {
                self.find_out(prepared, opens);
                Delivery::Late
            }
        }
    }

    /// Of a database that is away nobody knows what it has kept: when it is back it is asked whether this password is the living one, and
    /// the message goes or is taken back. Another ledger has stopped, and the next start asks it.
    fn find_out(&self, prepared: Prepared, opens: Opens) {
        if !self.ledger().is_shared() {
            return;
        }
        let (certificates, outbox) = (self.certificates.clone(), self.outbox.clone());
        tokio::spawn(async move {
            let asked = clock::steady();
            loop {
                sleep(ASK_AGAIN).await;
                let (book, of) = (certificates.clone(), opens.clone());
                match apart(move || book.is_living(&of)).await {
                    Ok(Ok(true)) => {
                        let _ = outbox.release(prepared).await;
                        return;
                    }
                    // A batch that is still on its way would be there by now.
                    Ok(Ok(false)) if asked.elapsed() < NOT_KEPT => {}
                    Ok(Err(error)) if error.is_away() => {}
                    _ => return outbox.withdraw(prepared),
                }
            }
        });
    }

    /// What the ledger decides; a refusal is on the record.
    async fn settled(&self, named: &Named, action: Action) -> Result<Settled, Failure> {
        match self.record.submit(named, action).await? {
            Ok(settled) => Ok(settled),
            Err(rejection) => self.record.refuse(named, rejection, false).await,
        }
    }

    fn wish(&self, asked: &wire::RequestOtpRequest) -> Result<Wish, Failure> {
        let number = number("number", &asked.number)?;
        let (phone, phones) =
            self.certificates.phone(&asked.phone).ok_or_else(|| phone_fault(&asked.phone))?;
        let wanted = asked.purpose.clone().ok_or_else(|| fault("purpose", Problem::Missing))?;
        if let Wanted::Payment(payment) = &wanted {
            text("payment.purchase_id", &payment.purchase_id, NAME_BYTES_MAX)?;
            text("payment.till_id", &payment.till_id, NAME_BYTES_MAX)?;
            if payment.amount <= 0 {
                return Err(fault("payment.amount", Problem::OutOfRange(1, i64::MAX)));
            }
        }
        Ok(Wish { number, phone, phones, wanted })
    }

    fn ask(&self, wish: &Wish, password: &Pin, now: Instant) -> AskOtp {
        let (purpose, amount) = match &wish.wanted {
            Wanted::Look(_) => (certificates::Purpose::Look, None),
            Wanted::Payment(payment) => {
                let (purchase, till) = (payment.purchase_id.as_str(), payment.till_id.as_str());
                let amount = Amount::from_minor(payment.amount);
                (certificates::Purpose::Pay { purchase, till }, Some(amount))
            }
        };
        AskOtp {
            certificates: self.certificates.keys(wish.number),
            phones: wish.phones.clone(),
            otp: self.certificates.otp(wish.number, purpose, password, amount, now),
            hour_max: self.settings.otp_hour_max,
        }
    }

    async fn foreseen(&self, named: &Named, wish: &Wish, ask: &AskOtp) -> Result<Foreseen, Failure> {
        let action = Action::AskOtp(Box::new(ask.clone()));
        let content = Content(String::new());
        let command = Command { request: named.id, content, at: named.at, action };
        let number = wish.number;
        self.read(move |certificates| {
            let facts = match certificates.ledger().trial(&command)? {
                Ok(facts) => facts,
                Err(rejection) => return Ok(Foreseen::Refused(rejection)),
            };
            let by = facts.into_iter().find_map(|fact| match fact.event {
                Event::Missed { by } => Some(by),
                _ => None,
            });
            Ok(match (by, certificates.find(number)?) {
                (Some(by), _) => Foreseen::Guessed(by),
                (None, Some((_, certificate))) => Foreseen::Sent(Box::new(certificate)),
                (None, None) => Foreseen::Refused(Rejection::CertificateRefused),
            })
        })
        .await
    }

    /// What a call would be answered. A guess is counted here too: else numbers and phones could be tried for nothing.
    async fn would_send(
        &self,
        foreseen: Foreseen,
        named: &Named,
        expires_at: Instant,
    ) -> Result<wire::RequestOtpResponse, Failure> {
        let by = match foreseen {
            Foreseen::Sent(_) => return told(Delivery::Sent, Outcome::OtpSent(expires_at)),
            Foreseen::Refused(rejection) => return Err(Failure::Refused(rejection)),
            Foreseen::Guessed(by) => by,
        };
        let request = RequestId::from_bytes(Entropy.bytes::<16>().map_err(|_| Failure::Internal)?);
        let (content, action) = (Content(String::new()), Action::Miss(by));
        let missed = self.ledger().submit(Command { request, content, at: named.at, action }).await;
        Err(missed.map_or_else(|| silent(self.ledger()), |_| Failure::Refused(Rejection::CertificateRefused)))
    }

    async fn prepared(&self, message: Message) -> Result<Prepared, Failure> {
        let outbox = self.outbox.clone();
        self.aside(move || outbox.prepare(message)).await?.map_err(|error| {
            tracing::error!(%error, "a password cannot be written to the outbox");
            match error {
                outbox::Error::Disk { .. } => Failure::DiskFull,
                // The same call is being found out about.
                outbox::Error::Twice(_) => silent(self.ledger()),
                _ => Failure::Internal,
            }
        })
    }
}

fn message(
    named: &Named,
    wish: Wish,
    password: Pin,
    certificate: &Certificate,
    ask: &AskOtp,
    call: Call,
) -> Message {
    let purpose = match wish.wanted {
        Wanted::Look(_) => Purpose::Look,
        Wanted::Payment(payment) => Purpose::Pay {
            amount: Amount::from_minor(payment.amount),
            currency: certificate.currency.clone(),
            till: payment.till_id,
        },
    };
    Message {
        id: named.id,
        phone: wish.phone,
        password,
        certificate: certificate.last_four.clone(),
        purpose,
        opens: opens(ask),
        lang: call.lang,
        created_at: named.at,
        expires_at: ask.otp.expires_at,
    }
}

fn opens(ask: &AskOtp) -> Opens {
    Opens { certificates: ask.certificates.clone(), password: ask.otp.password.clone() }
}

fn told(delivery: Delivery, outcome: Outcome) -> Result<wire::RequestOtpResponse, Failure> {
    let Outcome::OtpSent(expires_at) = outcome else { return Err(other_kind()) };
    let delivery = match delivery {
        Delivery::Sent => Told::Sent,
        Delivery::Late => Told::Late,
        Delivery::Undelivered => Told::Undelivered,
    };
    Ok(wire::RequestOtpResponse { delivery: delivery.into(), expire_time: Some(timestamp(expires_at)) })
}
