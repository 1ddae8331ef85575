//! Profiles of customers: over real gRPC, in prices, across restarts and damage, from the command line.

mod damage;
mod shared;
mod shell;

use pricewright::server::config::Options;
use pricewright::server::wire;
use pricewright::server::wire::customer_service_client::CustomerServiceClient;
use pricewright::server::wire::get_customer_request::Customer as By;
use tonic::transport::Channel;
use tonic::{Code, Status};
use tonic_types::StatusExt;

use crate::running::{Folders, Running, basket};

type Client = CustomerServiceClient<Channel>;

/// A service with three promotions that ask who buys.
async fn started(folders: &Folders) -> (Running, Client) {
    started_with(folders, Options::default()).await
}

async fn started_with(folders: &Folders, options: Options) -> (Running, Client) {
    folders.put("settings.yaml", "currency: UAH\n");
    folders.put(
        "club.yaml",
        "promotions:\n\
         \x20 - {id: vip, name: Vip, when: {segments: [vip]}, give: {percent: 50}}\n\
         \x20 - {id: gold, name: Gold, when: {tiers: [gold]}, give: {percent: 20}}\n\
         \x20 - {id: silver, name: Silver, when: {tiers: [silver]}, give: {percent: 10}}\n\
         \x20 - {id: family, name: Family, when: {customer: {children: {at_least: 2}}}, give: {percent: 5}}\n",
    );
    let running = folders.serve(options).await;
    running.server.ready().await.unwrap();
    let client = CustomerServiceClient::new(running.channel().await);
    (running, client)
}

fn profile(id: &str, phone: &str, segments: &[&str], tier: &str) -> wire::Profile {
    wire::Profile {
        id: id.to_owned(),
        phone: phone.to_owned(),
        segments: segments.iter().map(|&segment| segment.to_owned()).collect(),
        tier: tier.to_owned(),
        ..wire::Profile::default()
    }
}

async fn upsert(client: &mut Client, profile: wire::Profile) -> Result<wire::Profile, Status> {
    let request = wire::UpsertCustomerRequest { profile: Some(profile), validate_only: false };
    client.upsert(request).await.map(|answer| answer.into_inner())
}

async fn get(client: &mut Client, by: By) -> Result<wire::Profile, Status> {
    client.get(wire::GetCustomerRequest { customer: Some(by) }).await.map(|answer| answer.into_inner())
}

async fn by_id(client: &mut Client, id: &str) -> Result<wire::Profile, Status> {
    get(client, By::Id(id.to_owned())).await
}

async fn by_phone(client: &mut Client, phone: &str) -> Result<wire::Profile, Status> {
    get(client, By::Phone(phone.to_owned())).await
}

async fn delete(client: &mut Client, request: wire::DeleteCustomerRequest) -> Result<(), Status> {
    client.delete(request).await.map(|_| ())
}

fn forget(id: &str) -> wire::DeleteCustomerRequest {
    wire::DeleteCustomerRequest { id: id.to_owned(), ..wire::DeleteCustomerRequest::default() }
}

async fn import(client: &mut Client, messages: Vec<Vec<wire::Profile>>) -> wire::ImportCustomersResponse {
    let messages =
        messages.into_iter().map(|profiles| wire::ImportCustomersRequest { profiles, validate_only: false });
    client.import(tokio_stream::iter(messages.collect::<Vec<_>>())).await.unwrap().into_inner()
}

fn reason(status: &Status) -> String {
    status.get_error_details().error_info().map(|info| info.reason.clone()).unwrap_or_default()
}

fn unknown<T: std::fmt::Debug>(answer: Result<T, Status>) -> bool {
    let status = answer.unwrap_err();
    (status.code(), reason(&status).as_str()) == (Code::NotFound, "CUSTOMER_UNKNOWN")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_profile_is_kept_found_replaced_and_forgotten() {
    kept_and_forgotten(Options::default()).await;
}

async fn kept_and_forgotten(options: Options) {
    let folders = Folders::new();
    let (_running, mut client) = started_with(&folders, options).await;
    let whole = wire::Profile {
        birthday: "1990-11-25".to_owned(),
        first_purchase: Some(true),
        attributes: [("children".to_owned(), "2".to_owned())].into(),
        ..profile("4711", "+380 50 123-45-67", &["vip"], "gold")
    };
    let kept = upsert(&mut client, whole.clone()).await.unwrap();
    assert!(kept.has_phone && kept.phone.is_empty() && kept.update_time.is_some());
    let told = wire::Profile {
        phone: String::new(),
        has_phone: true,
        update_time: kept.update_time,
        ..whole.clone()
    };
    assert_eq!(kept, told);
    assert_eq!(by_id(&mut client, "4711").await.unwrap(), told);
    assert_eq!(by_phone(&mut client, "0501234567").await.unwrap(), told);
    // The same again changes nothing, not even when it changed.
    assert_eq!(upsert(&mut client, whole.clone()).await.unwrap(), told);

    // What is absent is forgotten, and the phone goes to whoever had it last.
    let bare = upsert(&mut client, profile("4711", "", &[], "")).await.unwrap();
    assert!(!bare.has_phone && bare.attributes.is_empty() && bare.first_purchase.is_none());
    assert!(unknown(by_phone(&mut client, "0501234567").await));
    upsert(&mut client, whole.clone()).await.unwrap();
    upsert(&mut client, profile("5", "0501234567", &[], "silver")).await.unwrap();
    assert_eq!(by_phone(&mut client, "0501234567").await.unwrap().id, "5");
    assert_eq!(by_id(&mut client, "4711").await.unwrap().tier, "gold");

    let check = wire::DeleteCustomerRequest { validate_only: true, ..forget("5") };
    delete(&mut client, check).await.unwrap();
    delete(&mut client, forget("5")).await.unwrap();
    assert!(unknown(by_id(&mut client, "5").await) && unknown(by_phone(&mut client, "0501234567").await));
    assert!(unknown(delete(&mut client, forget("5")).await));
    let fine = wire::DeleteCustomerRequest { allow_missing: true, ..forget("5") };
    delete(&mut client, fine).await.unwrap();
    // It is the former owner's again when the CRM says so.
    assert_eq!(import(&mut client, vec![vec![whole]]).await.taken, 1);
    assert_eq!(by_phone(&mut client, "0501234567").await.unwrap().id, "4711");
}

#[tokio::test(flavor = "multi_thread")]
async fn every_fault_is_named_and_nothing_is_repeated() {
    faults_are_named(Options::default()).await;
}

async fn faults_are_named(options: Options) {
    let folders = Folders::new();
    let (_running, mut client) = started_with(&folders, options).await;
    let faulty = wire::Profile {
        birthday: "1990-02-30".to_owned(),
        ..profile("", "8-800-secret", &[&"s".repeat(257)], &"t".repeat(257))
    };
    let status = upsert(&mut client, faulty).await.unwrap_err();
    assert_eq!((status.code(), reason(&status).as_str()), (Code::InvalidArgument, "INVALID_FIELDS"));
    let details = status.get_error_details();
    let mut fields: Vec<&str> =
        details.bad_request().unwrap().field_violations.iter().map(|one| one.field.as_str()).collect();
    fields.sort_unstable();
    let named = ["birthday", "id", "phone", "segments[0]", "tier"].map(|field| format!("profile.{field}"));
    assert_eq!(fields, named);
    assert!(!format!("{status:?}").contains("secret"));

    let large: Vec<(String, String)> = (0..60).map(|n| (n.to_string(), "x".repeat(200))).collect();
    let large = wire::Profile { attributes: large.into_iter().collect(), ..profile("1", "", &[], "") };
    assert_eq!(upsert(&mut client, large).await.unwrap_err().code(), Code::InvalidArgument);
    let nobody = wire::UpsertCustomerRequest::default();
    assert_eq!(client.upsert(nobody).await.unwrap_err().code(), Code::InvalidArgument);
    for by in [None, Some(By::Id(String::new())), Some(By::Phone("5".to_owned()))] {
        let status = client.get(wire::GetCustomerRequest { customer: by }).await.unwrap_err();
        assert_eq!(status.code(), Code::InvalidArgument);
    }
    let only = wire::UpsertCustomerRequest { profile: Some(profile("9", "", &[], "")), validate_only: true };
    assert_eq!(client.upsert(only).await.unwrap().into_inner().id, "9");
    assert!(unknown(by_id(&mut client, "9").await));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_import_counts_names_places_and_may_be_sent_again() {
    imported(Options::default()).await;
}

async fn imported(options: Options) {
    let folders = Folders::new();
    let (_running, mut client) = started_with(&folders, options).await;
    let batch = |from: usize| -> Vec<wire::Profile> {
        let one = |n: usize| profile(&n.to_string(), &format!("+38050{n:07}"), &["vip"], "gold");
        (from..from + 500).map(one).collect()
    };
    let mut third = batch(1_000);
    third[7].birthday = "tomorrow".to_owned();
    third[9].id.clear();
    let messages = vec![batch(0), batch(500), third];
    let done = import(&mut client, messages.clone()).await;
    assert_eq!((done.taken, done.unchanged, done.refused), (1_498, 0, 2));
    let places: Vec<(u64, &str)> =
        done.faults.iter().map(|fault| (fault.index, fault.field.as_str())).collect();
    assert_eq!(places, [(1_007, "birthday"), (1_009, "id")]);
    let again = import(&mut client, messages).await;
    assert_eq!((again.taken, again.unchanged, again.refused), (0, 1_498, 2));
    assert_eq!(by_phone(&mut client, "+380500001234").await.unwrap().id, "1234");

    let many = import(&mut client, vec![vec![profile("", "", &[], ""); 150]]).await;
    assert_eq!((many.refused, many.faults.len()), (150, 100));
    let check =
        wire::ImportCustomersRequest { profiles: vec![profile("new", "", &[], "")], validate_only: true };
    let checked = client.import(tokio_stream::iter([check])).await.unwrap().into_inner();
    assert_eq!(checked.taken, 1);
    assert!(unknown(by_id(&mut client, "new").await));
    let huge = wire::ImportCustomersRequest {
        profiles: vec![profile("1", "", &[], ""); 10_001],
        validate_only: false,
    };
    let status = client.import(tokio_stream::iter([huge])).await.unwrap_err();
    assert_eq!((status.code(), reason(&status).as_str()), (Code::InvalidArgument, "INVALID_FIELDS"));
}

fn bought_by(customer: wire::Customer) -> wire::QuoteRequest {
    let mut asked = basket(1, 10_000);
    asked.context.as_mut().unwrap().customer = Some(customer);
    asked
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_named_is_priced_with_the_profile() {
    priced_with_the_profile(Options::default()).await;
}

async fn priced_with_the_profile(options: Options) {
    let folders = Folders::new();
    let (running, mut client) = started_with(&folders, options).await;
    upsert(&mut client, profile("g", "0501111111", &[], "gold")).await.unwrap();
    upsert(&mut client, profile("v", "0502222222", &["vip"], "gold")).await.unwrap();
    let family = wire::Profile {
        attributes: [("children".to_owned(), "3".to_owned())].into(),
        ..profile("f", "", &[], "")
    };
    upsert(&mut client, family).await.unwrap();
    let named = |id: &str, phone: &str| wire::Customer {
        id: id.to_owned(),
        phone: phone.to_owned(),
        ..wire::Customer::default()
    };
    let one_child: std::collections::BTreeMap<String, String> =
        [("children".to_owned(), "1".to_owned())].into();
    let cases = [
        (named("g", ""), 8_000),
        (named("", "+380 (50) 111-11-11"), 8_000),
        (named("v", ""), 5_000),
        (named("f", ""), 9_500),
        // What the caller gives wins, what it leaves out comes from the profile.
        (wire::Customer { tier: "silver".to_owned(), ..named("g", "") }, 9_000),
        (wire::Customer { tier: "silver".to_owned(), ..named("v", "") }, 5_000),
        (wire::Customer { segments: vec!["none".to_owned()], ..named("v", "") }, 8_000),
        (wire::Customer { attributes: one_child, ..named("f", "") }, 10_000),
        // Who is not known is priced as is; a phone that is none is nobody's.
        (wire::Customer { tier: "silver".to_owned(), ..named("x", "") }, 9_000),
        (named("x", "0501111111"), 10_000),
        (named("", "0509999999"), 10_000),
        (named("", "hello"), 10_000),
        (named("", ""), 10_000),
    ];
    let mut pricing = running.pricing().await;
    let requests: Vec<_> = cases.iter().map(|(customer, _)| bought_by(customer.clone())).collect();
    let mut quotes = Vec::new();
    for (request, (customer, total)) in requests.iter().zip(&cases) {
        let quote = pricing.quote(request.clone()).await.unwrap().into_inner();
        assert_eq!(quote.total, *total, "{customer:?}");
        quotes.push(wire::quote_stream_response::Answer::Quote(quote));
    }
    let batch = wire::BatchQuoteRequest { requests };
    let batch = pricing.batch_quote(batch).await.unwrap().into_inner().answers;
    assert_eq!(batch.into_iter().filter_map(|answer| answer.answer).collect::<Vec<_>>(), quotes);

    // The profile is part of the request; who buys is not in the id of the quote, from which a birthday could be found by trying all.
    let id = pricing.quote(bought_by(named("g", ""))).await.unwrap().into_inner().id;
    let outright = wire::Customer { tier: "gold".to_owned(), ..named("g", "") };
    assert_eq!(pricing.quote(bought_by(outright)).await.unwrap().into_inner().id, id);
    upsert(&mut client, profile("g", "0501111111", &[], "silver")).await.unwrap();
    let quote = pricing.quote(bought_by(named("g", ""))).await.unwrap().into_inner();
    assert_eq!(quote.total, 9_000);
    assert_eq!(quote.id, id);
}
