//! Profiles: kept, found, at fault, forgotten.

use pricewright::server::wire;
use pricewright::server::wire::customer_service_client::CustomerServiceClient;
use pricewright::server::wire::get_customer_request::Customer as By;
use tonic::Code;

use super::calls::{Heard, customer, long};
use super::planted;
use super::shop::Shop;

fn profile() -> wire::Profile {
    let wire::Customer { id, phone, segments, tier, birthday, attributes, .. } = customer();
    wire::Profile { id, phone, segments, tier, birthday, attributes, ..wire::Profile::default() }
}

fn gone() -> wire::Profile {
    let (id, phone) = (planted::CUSTOMER_GONE.to_owned(), planted::PHONE_WRONG.to_owned());
    wire::Profile { id, phone, ..profile() }
}

/// Each with another fault in a field that holds a secret.
fn faulty() -> Vec<wire::Profile> {
    let value = planted::VALUE.to_owned();
    vec![
        wire::Profile { phone: planted::PHONE_MALFORMED.to_owned(), ..profile() },
        wire::Profile { birthday: planted::BIRTHDAY_MALFORMED.to_owned(), ..profile() },
        wire::Profile { id: long(planted::CUSTOMER), ..profile() },
        wire::Profile { tier: long(planted::TIER), ..profile() },
        wire::Profile { segments: vec![long(planted::SEGMENT)], ..profile() },
        wire::Profile { attributes: [(long(planted::ATTRIBUTE), value)].into(), ..profile() },
        wire::Profile {
            attributes: [(planted::ATTRIBUTE.to_owned(), long(planted::VALUE))].into(),
            ..profile()
        },
        wire::Profile { segments: vec![planted::SEGMENT.to_owned(); 129], ..profile() },
    ]
}

pub(super) async fn call(shop: &Shop, heard: &mut Heard) {
    let mut client = CustomerServiceClient::new(shop.channel());
    for validate_only in [true, false] {
        let upsert = wire::UpsertCustomerRequest { profile: Some(profile()), validate_only };
        heard.profile("Upsert", client.upsert(upsert).await);
    }
    for profile in faulty() {
        let upsert = wire::UpsertCustomerRequest { profile: Some(profile), validate_only: false };
        heard.bad("Upsert of a profile at fault", Code::InvalidArgument, client.upsert(upsert).await);
    }
    let profiles = [faulty(), vec![gone(), profile()]].concat();
    let import = wire::ImportCustomersRequest { profiles, validate_only: false };
    let done = heard.good("Import of profiles", client.import(tokio_stream::iter([import])).await);
    assert_eq!((done.taken, done.unchanged, done.refused), (1, 1, 8));
    for phone in [planted::PHONE, planted::PHONE_TYPED] {
        let asked = wire::GetCustomerRequest { customer: Some(By::Phone(phone.to_owned())) };
        heard.profile("Get", client.get(asked).await);
    }
    for (by, code) in [
        (By::Id(planted::UNKNOWN.to_owned()), Code::NotFound),
        (By::Phone("0677193403".to_owned()), Code::NotFound),
        (By::Phone(planted::PHONE_MALFORMED.to_owned()), Code::InvalidArgument),
        (By::Id(long(planted::CUSTOMER)), Code::NotFound),
    ] {
        let asked = wire::GetCustomerRequest { customer: Some(by) };
        heard.bad("Get of nobody", code, client.get(asked).await);
    }
    for (id, code) in [(planted::CUSTOMER_GONE.to_owned(), None), (gone().id, Some(Code::NotFound))] {
        let asked = wire::DeleteCustomerRequest { id, ..wire::DeleteCustomerRequest::default() };
        let answer = client.delete(asked).await;
        match code {
            None => drop(heard.good("Delete", answer)),
            Some(code) => heard.bad("Delete of nobody", code, answer),
        }
    }
}
