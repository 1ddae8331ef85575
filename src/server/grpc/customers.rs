//! `CustomerService`: profiles from the CRM, one by one and as a stream.

use std::sync::Arc;

use tokio::sync::{Semaphore, mpsc, watch};
use tokio::task::{JoinHandle, spawn_blocking};
use tonic::{Request, Response, Status, Streaming};

use super::admit::Speaker;
use super::aside::aside;
use super::failure::Failure;
use super::gate::Call;
use super::import::{Import, Imported, unavailable};
use super::upload;
use crate::basket::{Fault, Problem};
use crate::lang::Lang;
use crate::server::clock;
use crate::server::convert::customer;
use crate::server::customers::{Customers, Profile, Put, Who};
use crate::server::wire;

/// Profiles of one message of an import.
pub const PROFILES_PER_MESSAGE_MAX: usize = 10_000;
/// Imports at once: each keeps a core and the disk busy, and prices come first.
pub const IMPORTS_MAX: usize = 2;
/// Single calls at once: they wait for the disk.
const CALLS_MAX: usize = 32;
/// Messages of an import that wait for the disk while the next one is read.
const MESSAGES_WAITING_MAX: usize = 2;

/// The service.
#[derive(Debug, Clone)]
pub struct CustomerCalls {
    customers: Arc<Customers>,
    calls: Arc<Semaphore>,
    imports: Arc<Semaphore>,
    closing: watch::Receiver<bool>,
}

impl CustomerCalls {
    /// Keeps profiles in `customers`; imports end when `closing` turns true.
    #[must_use]
    pub fn new(customers: Arc<Customers>, closing: watch::Receiver<bool>) -> Self {
        CustomerCalls {
            customers,
            calls: Arc::new(Semaphore::new(CALLS_MAX)),
            imports: Arc::new(Semaphore::new(IMPORTS_MAX)),
            closing,
        }
    }

    async fn with<T: Send + 'static>(
        &self,
        call: Call,
        work: impl FnOnce(&Customers) -> Result<T, Failure> + Send + 'static,
    ) -> Result<Response<T>, Status> {
        let customers = Arc::clone(&self.customers);
        let done = aside(&self.calls, call, move || work(&customers)).await.and_then(|done| done);
        done.map(Response::new).map_err(|failure| failure.status(call.lang))
    }

    async fn imported(
        &self,
        mut messages: Streaming<wire::ImportCustomersRequest>,
        lang: Lang,
        speaker: &Speaker,
    ) -> Result<wire::ImportCustomersResponse, Failure> {
        let place = Arc::clone(&self.imports).try_acquire_owned().map_err(|_| Failure::Overloaded)?;
        let (sender, receiver) = mpsc::channel(MESSAGES_WAITING_MAX);
        let customers = Arc::clone(&self.customers);
        // The writer ends when nobody sends any more, also when the caller has gone.
        let writer = spawn_blocking(move || {
            let _place = place;
            Import::new(&customers, lang).run(receiver)
        });
        let mut closing = self.closing.clone();
        let mut is_trial = true;
        loop {
            let Some(message) = upload::next(&mut messages, &mut closing).await? else { break };
            // Each says it for itself.
            is_trial &= message.validate_only;
            speaker.tries(is_trial);
            if message.profiles.len() > PROFILES_PER_MESSAGE_MAX {
                return Err(invalid("profiles", Problem::TooMany(PROFILES_PER_MESSAGE_MAX)));
            }
            if sender.send(message).await.is_err() {
                // The writer has ended before us: it says why.
                return ended(writer).await;
            }
        }
        drop(sender);
        ended(writer).await
    }
}

async fn ended(writer: JoinHandle<Imported>) -> Imported {
    writer.await.map_err(|_| Failure::Internal)?
}

/// Writes one profile; it is on disk when this returns.
fn upserted(customers: &Customers, asked: wire::UpsertCustomerRequest) -> Result<wire::Profile, Failure> {
    let profile = asked.profile.ok_or_else(|| invalid("profile", Problem::Missing))?;
    let profile = customer::profile(customers, profile, clock::timestamp()).map_err(below_profile)?;
    let one = std::slice::from_ref(&profile);
    let put = if asked.validate_only {
        customers.would(one)
    } else {
        // An unchanged one, too, is confirmed only when it is on disk: another call may have just written it.
        customers.put(one).and_then(|put| customers.sync().map(|()| put))
    };
    let is_unchanged = put.map_err(unavailable)? == [Put::Unchanged];
    let kept = if is_unchanged { found(customers, Who::Id(profile.id.clone()))? } else { None };
    Ok(customer::told(kept.unwrap_or(profile)))
}

fn deleted(
    customers: &Customers,
    asked: &wire::DeleteCustomerRequest,
) -> Result<wire::DeleteCustomerResponse, Failure> {
    if asked.id.is_empty() {
        return Err(invalid("id", Problem::Missing));
    }
    let was_there = if asked.validate_only {
        found(customers, Who::Id(asked.id.clone()))?.is_some()
    } else {
        customers.delete(&asked.id).map_err(unavailable)?
    };
    if was_there || asked.allow_missing {
        Ok(wire::DeleteCustomerResponse {})
    } else {
        Err(Failure::CustomerUnknown)
    }
}

fn got(customers: &Customers, asked: wire::GetCustomerRequest) -> Result<wire::Profile, Failure> {
    use wire::get_customer_request::Customer;
    let who = match asked.customer {
        Some(Customer::Id(id)) if !id.is_empty() => Who::Id(id),
        Some(Customer::Phone(typed)) if customers.phone_key(&typed).is_err() => {
            return Err(invalid("phone", Problem::Unreadable));
        }
        Some(Customer::Phone(typed)) => Who::Phone(typed),
        _ => return Err(invalid("id", Problem::Missing)),
    };
    found(customers, who)?.map(customer::told).ok_or(Failure::CustomerUnknown)
}

fn found(customers: &Customers, who: Who) -> Result<Option<Profile>, Failure> {
    customers.find(&who).map_err(unavailable)
}

fn invalid(field: &str, problem: Problem) -> Failure {
    Failure::Invalid(vec![Fault { field: field.to_owned(), problem }])
}

fn below_profile(faults: Vec<Fault>) -> Failure {
    let below = |fault: Fault| Fault { field: format!("profile.{}", fault.field), ..fault };
    Failure::Invalid(faults.into_iter().map(below).collect())
}

#[tonic::async_trait]
impl wire::customer_service_server::CustomerService for CustomerCalls {
    async fn upsert(
        &self,
        request: Request<wire::UpsertCustomerRequest>,
    ) -> Result<Response<wire::Profile>, Status> {
        let (call, speaker, asked) = (Call::of(&request), Speaker::of(&request), request.into_inner());
        speaker.tries(asked.validate_only);
        self.with(call, move |customers| upserted(customers, asked)).await
    }

    async fn import(
        &self,
        request: Request<Streaming<wire::ImportCustomersRequest>>,
    ) -> Result<Response<wire::ImportCustomersResponse>, Status> {
        let (lang, speaker) = (Call::of(&request).lang, Speaker::of(&request));
        let done = self.imported(request.into_inner(), lang, &speaker).await;
        done.map(Response::new).map_err(|failure| failure.status(lang))
    }

    async fn get(
        &self,
        request: Request<wire::GetCustomerRequest>,
    ) -> Result<Response<wire::Profile>, Status> {
        let (call, asked) = (Call::of(&request), request.into_inner());
        self.with(call, move |customers| got(customers, asked)).await
    }

    async fn delete(
        &self,
        request: Request<wire::DeleteCustomerRequest>,
    ) -> Result<Response<wire::DeleteCustomerResponse>, Status> {
        let (call, speaker, asked) = (Call::of(&request), Speaker::of(&request), request.into_inner());
        speaker.tries(asked.validate_only);
        self.with(call, move |customers| deleted(customers, &asked)).await
    }
}
