//! `pricewright bench`: what it prints, what it refuses, and that a service has no floors.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use pricewright::cli::bench::load::{Method, call, connect};
use pricewright::server::config::Options;
use prost::Message as _;
use serde_json::Value;
use tempfile::TempDir;
use tonic::Code;

use crate::running::{Folders, basket};

const RULES: &str = "promotions: [{id: tenth, give: {percent: 10}}]\n";
const BASKET: &str = r#"{"basket": {"lines": [{"id": "1", "sku": "A", "quantity": 2, "unit_price": 1000}]}, "context": {"time": "2026-11-27T12:00:00+02:00"}}"#;

fn folder() -> TempDir {
    let home = tempfile::tempdir().unwrap();
    let rules = home.path().join("rules");
    fs::create_dir(&rules).unwrap();
    fs::write(rules.join("settings.yaml"), "currency: UAH\ntime_zone: Europe/Kyiv\n").unwrap();
    fs::write(rules.join("rules.yaml"), RULES).unwrap();
    fs::write(rules.join("baskets.jsonl"), format!("{BASKET}\n\n{BASKET}\n")).unwrap();
    home
}

/// The exit code, standard output and standard error.
fn bench(home: &Path, args: &[&str]) -> (i32, String, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_pricewright"));
    command.current_dir(home).arg("bench").args(args).stdin(Stdio::null()).env_remove("PRICEWRIGHT_RULES");
    let ran = command.output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (ran.status.code().unwrap_or(-1), text(ran.stdout), text(ran.stderr))
}

const SHORT: [&str; 8] = ["--duration", "60ms", "--warm-up", "10ms", "--rounds", "2", "--streams", "1,8"];

#[test]
fn figures_ratios_and_floors_as_json() {
    let home = folder();
    let (code, out, err) = bench(home.path(), &[&SHORT[..], &["--stream", "--json"]].concat());
    assert_eq!((code, err.as_str()), (0, ""), "{out}");
    let told: Value = serde_json::from_str(&out).unwrap();
    assert_eq!((&told["baskets"], &told["lines"]), (&Value::from(2), &Value::from(2)), "{told}");
    let names: Vec<&str> =
        told["in_process"].as_array().unwrap().iter().map(|row| row["what"].as_str().unwrap()).collect();
    assert_eq!(names, ["price", "with conversion"]);
    let rows = told["grpc"]["rows"].as_array().unwrap();
    let of = |streams: u32| {
        let rows = rows.iter().filter(move |row| row["streams"] == streams);
        rows.map(|row| row["method"].as_str().unwrap()).collect::<Vec<_>>()
    };
    for streams in [1, 8] {
        assert_eq!(of(streams), ["echo", "ready", "quote", "quote stream"]);
    }
    for row in rows.iter().chain(told["in_process"].as_array().unwrap()) {
        assert!(row["answered"].as_u64().unwrap() > 0 && row["per_second"].as_u64().unwrap() > 0, "{row}");
        assert_eq!(row["refused"], 0, "{row}");
        let latencies = ["p50", "p90", "p99", "p99.9"].map(|name| row["latency_ns"][name].as_u64().unwrap());
        assert!(latencies[0] > 0 && latencies.is_sorted(), "{row}");
        // Only Linux tells what a thread has used.
        assert!(
            row["method"].is_null() || cfg!(not(target_os = "linux")) || row["server_cpu_ns"].is_u64(),
            "{row}"
        );
    }
    let ratios = told["grpc"]["ratios"].as_array().unwrap();
    assert_eq!(ratios.len(), 8, "{ratios:?}");
    assert!(ratios.iter().all(|ratio| ratio["p50"].as_f64().unwrap() > 0.0), "{ratios:?}");
    // The folder is as it was: the server that was measured had a copy.
    assert!(!home.path().join("rules/_STATUS.txt").exists());
}

#[test]
fn a_table_for_people() {
    let home = folder();
    let (code, out, _) = bench(home.path(), &SHORT);
    assert_eq!(code, 0);
    for part in
        ["in process, one thread", "1 stream ", "8 streams", "÷ echo", "÷ ready", "closed loop", "p99.9"]
    {
        assert!(out.contains(part), "`{part}` is missing:\n{out}");
    }
    assert!(!out.contains('\u{1b}'), "colors without a terminal:\n{out}");
}

#[test]
fn an_open_loop_sends_what_is_due() {
    let home = folder();
    let args = [&SHORT[..6], &["--only", "grpc", "--streams", "4", "--rate", "1000", "--json"]].concat();
    let (code, out, err) = bench(home.path(), &args);
    assert_eq!(code, 0, "{err}");
    let told: Value = serde_json::from_str(&out).unwrap();
    assert_eq!((&told["grpc"]["loop"], &told["grpc"]["rate"]), (&"open".into(), &1_000.into()));
    assert!(told["in_process"].as_array().unwrap().is_empty());
    for row in told["grpc"]["rows"].as_array().unwrap() {
        // Two rounds of 30 ms, a request due each millisecond: neither more nor less, however slow the machine.
        assert_eq!(row["answered"], 60, "{row}");
        assert!(row["sent_late_ns"].is_u64(), "{row}");
    }
}

#[test]
fn what_cannot_be_measured_is_named() {
    let home = folder();
    fs::write(home.path().join("broken.jsonl"), format!("{BASKET}\n{{\"baskit\": 1}}\n")).unwrap();
    fs::write(home.path().join("nobody.jsonl"), BASKET.replace("\"quantity\": 2", "\"quantity\": 0"))
        .unwrap();
    fs::write(home.path().join("empty.jsonl"), "\n").unwrap();
    for (args, part) in [
        (&["--duration", "5"][..], "write a time such as 200ms"),
        (&["--streams", "0"], "0 is not in 1..=1024"),
        (&["--rate", "0"], "0 is not in 1..=10000000"),
        (&["--only", "grcp"], "possible values: in-process, grpc"),
        (&["absent.jsonl"], "cannot read the baskets in `absent.jsonl`"),
        (&["broken.jsonl"], "line 2 of `broken.jsonl`"),
        (&["nobody.jsonl"], "basket 1 cannot be priced"),
        (&["empty.jsonl"], "there is no basket in `empty.jsonl`"),
        (&["--rules", "absent", "rules/baskets.jsonl"], "rules folder `absent`"),
        (&["--server", "127.0.0.1:1"], "cannot connect to `http://127.0.0.1:1`"),
        (&["--server", "127.0.0.1:1", "--only", "grpc"], "cannot be used with"),
    ] {
        let (code, out, err) = bench(home.path(), args);
        assert!(code == 2 && out.is_empty() && err.contains(part), "{args:?}: {code}\n{err}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_has_no_floors_and_can_be_measured() {
    let folders = Folders::new();
    folders.put("rules.yaml", RULES);
    let running = folders.serve(Options::default()).await;
    running.server.ready().await.unwrap();
    let address = running.server.local_addr().to_string();
    let channels = connect(&format!("http://{address}"), 1).await.unwrap();
    let asked = || basket(2, 1_000).encode_to_vec().into();
    for floor in [Method::Echo, Method::Ready] {
        let status = call(&channels[0], floor, asked()).await.unwrap_err();
        assert_eq!(status.code(), Code::Unimplemented, "{floor:?}");
    }
    assert!(call(&channels[0], Method::Quote, asked()).await.is_ok());
    let home = folder();
    let args = [&SHORT[..], &["--server", &address, "rules/baskets.jsonl", "--json"]].concat();
    let args: Vec<String> = args.into_iter().map(str::to_owned).collect();
    let (code, out, err) = tokio::task::spawn_blocking(move || {
        bench(home.path(), &args.iter().map(String::as_str).collect::<Vec<_>>())
    })
    .await
    .unwrap();
    assert_eq!(code, 0, "{err}");
    let told: Value = serde_json::from_str(&out).unwrap();
    assert_eq!(told["grpc"]["server"], *address);
    let rows = told["grpc"]["rows"].as_array().unwrap();
    assert!(
        rows.len() == 2 && rows.iter().all(|row| row["method"] == "quote" && row["server_cpu_ns"].is_null())
    );
}
