//! Calls as calls: how many run at once, how they end with the service, and what a check keeps.

use std::time::Duration;

use pricewright::server::grpc::codes::GENERATIONS_MAX;
use pricewright::server::wire;
use pricewright::server::wire::disable_codes_request::Target;
use pricewright::server::wire::import_fault::Reason;
use tokio::time::{sleep, timeout};
use tokio_stream::StreamExt;
use tonic::Code;

use super::{PHONE, PIN, bound, generate, id, inspect, made, reason, shop};

#[tokio::test(flavor = "multi_thread")]
async fn few_calls_make_codes_at_once_and_they_end_with_the_service() {
    let (_folders, running) = shop().await;
    let mut codes = running.codes().await;
    let mut open = Vec::new();
    for _ in 0..GENERATIONS_MAX {
        // Not read: what it makes waits for its caller.
        open.push(codes.generate(generate("spring", 1_000_000)).await.unwrap().into_inner());
    }
    assert_eq!(reason(&codes.generate(generate("spring", 1)).await.unwrap_err()), "OVERLOADED");
    // Who goes away gives the place back.
    open.pop();
    let again = async {
        while codes.generate(generate("spring", 1)).await.is_err() {
            sleep(Duration::from_millis(5)).await;
        }
    };
    timeout(Duration::from_secs(20), again).await.unwrap();
    drop(codes);
    running.server.stopper().stop();
    let mut last = open.pop().unwrap();
    let end = loop {
        match last.next().await {
            Some(Ok(_)) => {}
            Some(Err(status)) => break status,
            None => panic!("it ended as if all codes were made"),
        }
    };
    assert_eq!(reason(&end), "SHUTTING_DOWN");
    drop(last);
    timeout(Duration::from_secs(10), running.server.shutdown()).await.unwrap().unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_check_decides_and_keeps_nothing() {
    let (_folders, running) = shop().await;
    let mut codes = running.codes().await;
    let real = generate("spring", 3);
    let check = wire::GenerateCodesRequest { validate_only: true, ..real.clone() };
    assert_eq!(made(&mut codes, check.clone()).await, Vec::<String>::new());
    let disable = |target, validate_only| wire::DisableCodesRequest {
        request_id: id(),
        target: Some(target),
        validate_only,
    };
    let pool = || Target::Pool("spring".to_owned());
    // No pool has come into being by it.
    let status = codes.disable(disable(pool(), true)).await.unwrap_err();
    assert_eq!(reason(&status), "CODE_UNKNOWN");
    let there = made(&mut codes, real).await;
    // The id is used now: for the same it may be asked again, for other codes not.
    codes.generate(check.clone()).await.unwrap();
    let other = wire::GenerateCodesRequest { count: 4, ..check };
    assert_eq!(reason(&codes.generate(other).await.unwrap_err()), "REQUEST_ID_REUSED");
    let none = wire::GenerateCodesRequest { validate_only: true, ..generate("spring", 0) };
    assert_eq!(codes.generate(none).await.unwrap_err().code(), Code::InvalidArgument);

    codes.disable(disable(pool(), true)).await.unwrap();
    codes.disable(disable(Target::Code(there[0].clone()), true)).await.unwrap();
    assert!(!inspect(&mut codes, &there[0]).await.disabled);

    let code = |text: &str, terms| wire::ImportedCode { code: text.to_owned(), terms };
    let first = wire::ImportCodesRequest {
        request_id: id(),
        pool: "birthday".to_owned(),
        codes: vec![code("CHECK-1", Some(bound(PHONE, PIN))), code(&there[1], None), code("abc", None)],
        validate_only: true,
        ..wire::ImportCodesRequest::default()
    };
    let second = wire::ImportCodesRequest {
        codes: vec![code("check1", None), code("CHECK-2", None)],
        ..wire::ImportCodesRequest::default()
    };
    let messages = [first.clone(), second.clone()];
    let answer = codes.import(tokio_stream::iter(messages)).await.unwrap().into_inner();
    let told = |answer: &wire::ImportCodesResponse| {
        let mut faults: Vec<(u32, Reason)> =
            answer.faults.iter().map(|fault| (fault.place, fault.reason())).collect();
        faults.sort_unstable_by_key(|(place, _)| *place);
        (answer.imported, faults)
    };
    let faults = vec![(1, Reason::Exists), (2, Reason::Length), (3, Reason::Exists)];
    assert_eq!(told(&answer), (2, faults));
    let asked = wire::InspectCodeRequest { code: "CHECK-1".to_owned() };
    assert_eq!(reason(&codes.inspect(asked).await.unwrap_err()), "CODE_UNKNOWN");
    // What was checked is what the call then does, under the same id.
    let messages = [wire::ImportCodesRequest { validate_only: false, ..first }, second];
    let real = codes.import(tokio_stream::iter(messages)).await.unwrap().into_inner();
    assert_eq!(told(&real), told(&answer));
}
