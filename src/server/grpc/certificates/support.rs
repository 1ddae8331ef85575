//! Support changes a certificate: who asked and why is on the record.

use super::desk::{Desk, kept, number, phone_fault};
use super::issue::end;
use super::told;
use crate::basket::Problem;
use crate::basket::limits::TEXT_BYTES_MAX;
use crate::ledger::{
    Account, Action, Balances, CertificateKey, Change, ChangeCertificate, Command, Content, Key, Note,
    Rejection,
};
use crate::server::grpc::failure::Failure;
use crate::server::grpc::fields::{fault, request_id, text, uuid};
use crate::server::grpc::record::Named;
use crate::server::ledger::Settled;
use crate::server::wire;
use crate::server::wire::certificate_name::Name;

/// What every change says.
struct Asked<'a> {
    call: Named,
    certificate: Option<wire::CertificateName>,
    actor: &'a str,
    reason: &'a str,
    is_trial: bool,
}

impl Desk {
    pub(super) async fn block(
        &self,
        asked: wire::BlockCertificateRequest,
    ) -> Result<wire::CertificateStanding, Failure> {
        let call = Named::new(request_id(&asked.request_id)?, "Block", &asked);
        let wire::BlockCertificateRequest { certificate, actor, reason, validate_only, .. } = asked;
        let asked = Asked { call, certificate, actor: &actor, reason: &reason, is_trial: validate_only };
        self.change(asked, Change::Block).await
    }

    pub(super) async fn unblock(
        &self,
        asked: wire::UnblockCertificateRequest,
    ) -> Result<wire::CertificateStanding, Failure> {
        let call = Named::new(request_id(&asked.request_id)?, "Unblock", &asked);
        let wire::UnblockCertificateRequest { certificate, actor, reason, validate_only, .. } = asked;
        let asked = Asked { call, certificate, actor: &actor, reason: &reason, is_trial: validate_only };
        self.change(asked, Change::Unblock).await
    }

    pub(super) async fn extend(
        &self,
        asked: wire::ExtendCertificateRequest,
    ) -> Result<wire::CertificateStanding, Failure> {
        let call = Named::new(request_id(&asked.request_id)?, "Extend", &asked);
        let wire::ExtendCertificateRequest { certificate, actor, reason, expire_time, validate_only, .. } =
            asked;
        // What was answered before stays so, also once that end is past.
        let until = match self.before(&call).await? {
            Some(_) => call.at,
            None => end("expire_time", expire_time, call.at)?,
        };
        let asked = Asked { call, certificate, actor: &actor, reason: &reason, is_trial: validate_only };
        self.change(asked, Change::Extend(until)).await
    }

    pub(super) async fn transfer(
        &self,
        asked: wire::TransferCertificateRequest,
    ) -> Result<wire::CertificateStanding, Failure> {
        let call = Named::new(request_id(&asked.request_id)?, "Transfer", &asked);
        let wire::TransferCertificateRequest { certificate, actor, reason, phone, validate_only, .. } = asked;
        let (_, keys) = self.certificates.phone(&phone).ok_or_else(|| phone_fault(&phone))?;
        let key = keys.into_iter().next().ok_or(Failure::Internal)?;
        let asked = Asked { call, certificate, actor: &actor, reason: &reason, is_trial: validate_only };
        self.change(asked, Change::Transfer(key)).await
    }

    async fn change(&self, asked: Asked<'_>, change: Change) -> Result<wire::CertificateStanding, Failure> {
        let Asked { call, certificate, actor, reason, is_trial } = asked;
        let actor = text("actor", actor, TEXT_BYTES_MAX)?.to_owned();
        let reason = text("reason", reason, TEXT_BYTES_MAX)?.to_owned();
        let name = certificate.and_then(|certificate| certificate.name);
        let name = name.ok_or_else(|| fault("certificate", Problem::Missing))?;
        if let Some(before) = self.before(&call).await? {
            let settled = Settled { outcome: before.outcome, sale: None };
            return self.standing(kept(settled)?).await;
        }
        let Some(key) = self.named(name).await? else {
            let settled = self.record.refuse(&call, Rejection::CertificateUnknown, is_trial).await?;
            return self.standing(kept(settled)?).await;
        };
        let note = Note { actor, reason };
        let change = ChangeCertificate { certificate: key.clone(), change, note };
        let action = Action::ChangeCertificate(Box::new(change));
        if is_trial {
            return self.would_change(&call, key, action).await;
        }
        let settled = match self.record.submit(&call, action).await? {
            Ok(settled) => settled,
            Err(rejection) => self.record.refuse(&call, rejection, false).await?,
        };
        self.standing(kept(settled)?).await
    }

    /// The certificate that support means.
    async fn named(&self, name: Name) -> Result<Option<CertificateKey>, Failure> {
        let found = match name {
            Name::Number(typed) => {
                let number = number("certificate.number", &typed)?;
                self.read(move |certificates| certificates.find(number)).await?
            }
            Name::CertificateId(id) => {
                let id = uuid("certificate.certificate_id", &id)?;
                self.read(move |certificates| certificates.find_by_id(id)).await?
            }
        };
        Ok(found.map(|(key, _)| key))
    }

    /// Where a certificate would stand.
    async fn would_change(
        &self,
        call: &Named,
        key: CertificateKey,
        action: Action,
    ) -> Result<wire::CertificateStanding, Failure> {
        let (at, content) = (call.at, Content(String::new()));
        let command = Command { request: call.id, content, at, action };
        let name = key.clone();
        let (decided, found) = self
            .read(move |certificates| Ok((certificates.ledger().trial(&command)?, certificates.get(&name)?)))
            .await?;
        let facts = decided.map_err(Failure::Refused)?;
        let mut balances = Balances::default();
        let found = found.ok_or(Failure::Internal)?;
        let place = found.entries;
        balances.put(Key::Certificate(key.clone()), Account::Certificate(Box::new(found)));
        facts.iter().for_each(|fact| drop(balances.apply(fact)));
        match (balances.certificate(&key), balances.get(&Key::Entry(key.clone(), place))) {
            (Some(certificate), Some(Account::Entry(entry))) => Ok(told::standing(certificate, entry, at)),
            _ => Err(Failure::Internal),
        }
    }
}
