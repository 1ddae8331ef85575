//! Codes: taken in, made, looked at, taken out of use, and each of these at fault.

use pricewright::server::wire;
use pricewright::server::wire::code_service_client::CodeServiceClient;
use pricewright::server::wire::disable_codes_request::Target;
use tokio_stream::StreamExt as _;
use tonic::Code;
use tonic::transport::Channel;

use super::calls::{Heard, id, long};
use super::planted;
use super::shop::Shop;

type Client = CodeServiceClient<Channel>;

fn bound(phone: &str, pin: &str) -> wire::CodeTerms {
    wire::CodeTerms { phone: phone.to_owned(), pin: pin.to_owned(), ..wire::CodeTerms::default() }
}

fn import(pool: &str, list: Vec<(String, wire::CodeTerms)>) -> wire::ImportCodesRequest {
    let codes = list.into_iter().map(|(code, terms)| wire::ImportedCode { code, terms: Some(terms) });
    wire::ImportCodesRequest {
        request_id: id(),
        pool: pool.to_owned(),
        terms: None,
        codes: codes.collect(),
        validate_only: false,
        approval: String::new(),
    }
}

/// The codes that were made.
pub(super) async fn call(shop: &Shop, heard: &mut Heard) -> Vec<String> {
    let mut client = CodeServiceClient::new(shop.channel());
    imports(&mut client, heard).await;
    let made = generate(&mut client, heard).await;
    inspect(&mut client, heard, &made[0]).await;
    disable(&mut client, heard, &made[1]).await;
    made
}

async fn imports(client: &mut Client, heard: &mut Heard) {
    let customer = wire::CodeTerms {
        customer_id: planted::CUSTOMER.to_owned(),
        pin: planted::PIN.to_owned(),
        ..wire::CodeTerms::default()
    };
    let many = wire::CodeTerms { uses_max: Some(0), ..wire::CodeTerms::default() };
    let refused = planted::REFUSED.to_owned();
    let good =
        import("birthday", vec![(planted::BOUND.to_owned(), bound(planted::PHONE_TYPED, planted::PIN))]);
    let lists = [
        (good.clone(), (1, 0)),
        (good.clone(), (1, 0)),
        (import("many", vec![(planted::MANY.to_owned(), many)]), (1, 0)),
        (import("birthday", vec![("BOUND-TO-A-CUSTOMER".to_owned(), customer)]), (1, 0)),
        (
            import(
                "many",
                vec![
                    (planted::BOUND.to_uppercase(), wire::CodeTerms::default()),
                    (long(planted::TOO_LONG), bound(planted::PHONE, planted::PIN)),
                    (refused.clone(), bound(planted::PHONE_MALFORMED, planted::PIN)),
                    (refused.clone(), bound(planted::PHONE, planted::PIN_MALFORMED)),
                    (refused.clone(), bound("", planted::PIN)),
                ],
            ),
            (0, 5),
        ),
    ];
    for (message, (imported, not)) in lists {
        let done = heard.good("Import of codes", client.import(tokio_stream::iter([message])).await);
        assert_eq!((done.imported, done.refused), (imported, not), "{done:?}");
    }
    let reused = wire::ImportCodesRequest {
        request_id: good.request_id,
        ..import("many", vec![(refused, bound(planted::PHONE, planted::PIN))])
    };
    let answer = client.import(tokio_stream::iter([reused])).await;
    heard.bad("Import with the id of another", Code::AlreadyExists, answer);
    let headless = wire::ImportCodesRequest {
        request_id: planted::BOUND.to_owned(),
        ..import("birthday", vec![(planted::REFUSED.to_owned(), bound(planted::PHONE, planted::PIN))])
    };
    let answer = client.import(tokio_stream::iter([headless])).await;
    heard.bad("Import with a code as its id", Code::InvalidArgument, answer);
}

async fn generate(client: &mut Client, heard: &mut Heard) -> Vec<String> {
    let terms = wire::CodeTerms { uses_max: Some(2), ..wire::CodeTerms::default() };
    let asked = wire::GenerateCodesRequest {
        request_id: id(),
        pool: "spring".to_owned(),
        count: 20,
        terms: Some(terms),
        validate_only: false,
        approval: String::new(),
    };
    let parts = client.generate(asked.clone()).await.unwrap().into_inner().collect::<Vec<_>>().await;
    let made: Vec<String> = parts.into_iter().flat_map(|part| part.unwrap().codes).collect();
    assert_eq!(made.len(), 20);
    let reused = wire::GenerateCodesRequest { count: 7, ..asked.clone() };
    let mut answers = client.generate(reused).await.unwrap().into_inner();
    heard.bad("Generate with the id of another", Code::AlreadyExists, answers.next().await.unwrap());
    // One PIN for all of them, and a phone that is none.
    for (phone, pin) in [(planted::PHONE_MALFORMED, planted::PIN), (planted::PHONE, planted::PIN_MALFORMED)] {
        let asked =
            wire::GenerateCodesRequest { request_id: id(), terms: Some(bound(phone, pin)), ..asked.clone() };
        match client.generate(asked).await {
            Err(status) => heard.status("Generate with terms at fault", &status),
            Ok(answers) => {
                let first = answers.into_inner().next().await.unwrap();
                heard.status("Generate with terms at fault", &first.unwrap_err());
            }
        }
    }
    made
}

async fn inspect(client: &mut Client, heard: &mut Heard, made: &str) {
    for code in [planted::BOUND, planted::MANY, made] {
        let asked = wire::InspectCodeRequest { code: code.to_owned() };
        heard.good("Inspect", client.inspect(asked).await);
    }
    for (code, expected) in [
        (planted::UNKNOWN.to_owned(), Code::NotFound),
        (planted::PIN.to_owned(), Code::NotFound),
        (mistyped(made), Code::NotFound),
        (long(planted::TOO_LONG), Code::NotFound),
    ] {
        let answer = client.inspect(wire::InspectCodeRequest { code }).await;
        heard.bad("Inspect of no code", expected, answer);
    }
}

async fn disable(client: &mut Client, heard: &mut Heard, made: &str) {
    let disable = |request_id: String, code: &str| wire::DisableCodesRequest {
        request_id,
        target: Some(Target::Code(code.to_owned())),
        validate_only: false,
    };
    let used = id();
    heard.good("Disable", client.disable(disable(used.clone(), made)).await);
    for (request_id, code, expected) in [
        (used, planted::MANY, Code::AlreadyExists),
        (id(), planted::UNKNOWN, Code::NotFound),
        (planted::BOUND.to_owned(), planted::BOUND, Code::InvalidArgument),
        (id(), &long(planted::TOO_LONG), Code::NotFound),
    ] {
        heard.bad("Disable of no code", expected, client.disable(disable(request_id, code)).await);
    }
}

/// A code of ours with another check character.
pub(super) fn mistyped(made: &str) -> String {
    let last = if made.ends_with('7') { '8' } else { '7' };
    let (begin, _) = made.split_at(made.len() - 1);
    format!("{begin}{last}")
}
