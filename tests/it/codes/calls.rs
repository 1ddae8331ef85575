//! Calls as calls: how many run at once, and how they end with the service.

use std::time::Duration;

use pricewright::server::grpc::codes::GENERATIONS_MAX;
use tokio::time::{sleep, timeout};
use tokio_stream::StreamExt;

use super::{generate, reason, shop};

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
