//! Writes the seeds: inputs that are sound or nearly so, from the files of the repository and from a few of our own.
//!
//! Each is named by its contents, so what is there already is not written twice.

// What is instrumented asks for the other half of it.
use libfuzzer_sys as _;

use std::error::Error;
use std::fs;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::path::{Path, PathBuf};

use pricewright::ledger::code::{CertificateNumber, GeneratedCode};
use pricewright::rulebook::Source;
use pricewright::server::wire;
use pricewright_fuzz::{TARGETS, folder, requests};
use prost::Message as _;

type Outcome<T = ()> = Result<T, Box<dyn Error>>;

/// Longer inputs are not tried: see `run.sh`.
const RULES_BYTES_MAX: usize = 4096;
const REQUEST_BYTES_MAX: usize = 2048;
/// Goods of the fixed rulebook, in turn for those of a request that prices other goods.
const SKUS: [&str; 6] = ["P-50", "L-1", "C-1", "C-2", "F-1", "M-1"];

fn main() -> Outcome {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut seeds = Seeds { folder: here.join("seeds"), written: 0, bytes: 0 };
    let root = here.join("..");
    rules(&mut seeds, &root)?;
    let records = sales(&mut seeds, &root)?;
    journal(&mut seeds, &records)?;
    codes(&mut seeds)?;
    phones(&mut seeds)?;
    println!("{} seeds, {} bytes", seeds.written, seeds.bytes);
    Ok(())
}

struct Seeds {
    folder: PathBuf,
    written: usize,
    bytes: usize,
}

impl Seeds {
    /// Writes one, once what must hold of it was seen to hold.
    fn put(&mut self, target: &str, bytes: &[u8]) -> Outcome {
        let (_, check) = TARGETS.iter().find(|(name, _)| *name == target).ok_or("no such target")?;
        check(bytes);
        let mut hash = DefaultHasher::new();
        bytes.hash(&mut hash);
        let folder = self.folder.join(target);
        fs::create_dir_all(&folder)?;
        fs::write(folder.join(format!("{:016x}", hash.finish())), bytes)?;
        self.written += 1;
        self.bytes += bytes.len();
        Ok(())
    }
}

/// The gallery of broken files and the rules of the golden tests, each with settings around it.
fn rules(seeds: &mut Seeds, root: &Path) -> Outcome {
    let base = files(&root.join("tests/gallery/_base"))?;
    for file in files(&root.join("tests/gallery"))?.into_iter().chain(files(&root.join("rules"))?) {
        if file.path.ends_with(".golden") || file.path.ends_with(".schema.json") {
            continue;
        }
        let whole = folder::text(&[base.as_slice(), std::slice::from_ref(&file)].concat());
        let alone = folder::text(std::slice::from_ref(&file));
        for text in [whole, alone].into_iter().filter(|text| text.len() <= RULES_BYTES_MAX).take(1) {
            seeds.put("rules", &text)?;
        }
    }
    for file in files(&root.join("tests/golden"))? {
        let text = String::from_utf8(file.bytes)?;
        let Some((_, rules)) = text.split_once("\n=== ") else { continue };
        let rules = rules.split("\n=== basket").next().unwrap_or_default();
        seeds.put("rules", format!("=== {rules}\n").as_bytes())?;
    }
    let published = fs::read_to_string(root.join("tests/cases/published.jsonl"))?;
    for case in published.lines() {
        let case: serde_json::Value = serde_json::from_str(case)?;
        let text = format!("=== settings.json\n{}\n=== rules.json\n{}\n", case["settings"], case["rules"]);
        if text.len() <= RULES_BYTES_MAX {
            seeds.put("rules", text.as_bytes())?;
        }
    }
    seeds.put("rules", include_bytes!("../rulebook/good.txt"))?;
    seeds.put("rules", include_bytes!("../rulebook/fixed.txt"))
}

/// Requests in each of the forms that `requests` takes; the records that they make.
fn sales(seeds: &mut Seeds, root: &Path) -> Outcome<Vec<Vec<u8>>> {
    let mut records = Vec::new();
    let text = fs::read_to_string(root.join("rules/baskets.jsonl"))?;
    for (number, line) in text.lines().step_by(4).enumerate() {
        let mut asked: wire::QuoteRequest = serde_json::from_str(line)?;
        ours(&mut asked, number);
        let json = serde_json::to_string(&asked)?;
        if json.len() > REQUEST_BYTES_MAX {
            continue;
        }
        let reserve = wire::ReserveRequest {
            request_id: "0197c5a4-7b1e-7cc2-8f3a-3f5ddd1a9e10".to_owned(),
            quote_request: Some(asked.clone()),
            ..wire::ReserveRequest::default()
        };
        let back = refund(&asked);
        records.extend(requests::kept(reserve.clone(), &back));
        seeds.put("requests", json.as_bytes())?;
        seeds.put("requests", &[b"0", asked.encode_to_vec().as_slice()].concat())?;
        let sale = [reserve.encode_length_delimited_to_vec(), back.encode_to_vec()].concat();
        seeds.put("requests", &[b"1", sale.as_slice()].concat())?;
        seeds.put("requests", format!("2{}", serde_json::to_string(&reserve)?).as_bytes())?;
        if number == 0 {
            seeds.put("requests", &[b"b", back.encode_to_vec().as_slice()].concat())?;
        }
    }
    Ok(records)
}

/// The same basket of goods that the fixed rulebook knows, with a code and a choice here and there.
fn ours(asked: &mut wire::QuoteRequest, number: usize) {
    for (place, line) in asked.basket.iter_mut().flat_map(|basket| &mut basket.lines).enumerate() {
        line.sku = SKUS[(number + place) % SKUS.len()].to_owned();
        if place == 3 {
            (line.gift_certificate, line.unit_price) = (true, Some(500_00));
        }
        if place == 4 {
            line.measure = "0.350".to_owned();
        }
    }
    asked.explain = number.is_multiple_of(3);
    let context = asked.context.get_or_insert_default();
    context.store = "kyiv-01".to_owned();
    if number.is_multiple_of(2) {
        context.codes = vec!["spring 20".to_owned()];
    }
    if number.is_multiple_of(5) {
        let promotion_id = "gift-from-3000".to_owned();
        context.gift_choices = vec![wire::GiftChoice { promotion_id, sku: "G-2".to_owned() }];
        context.gift_stock = vec![wire::GiftStock { sku: "G-2".to_owned(), quantity: 1 }];
    }
}

fn refund(asked: &wire::QuoteRequest) -> wire::RefundRequest {
    let lines = asked.basket.iter().flat_map(|basket| &basket.lines);
    let units = lines.map(|line| wire::ReturnedUnits {
        line_id: line.id.clone(),
        quantity: 1,
        ..wire::ReturnedUnits::default()
    });
    wire::RefundRequest { units: units.take(2).collect(), delivery: true, ..wire::RefundRequest::default() }
}

fn journal(seeds: &mut Seeds, records: &[Vec<u8>]) -> Outcome {
    for record in records.iter().filter(|record| record.len() <= REQUEST_BYTES_MAX).step_by(3) {
        seeds.put("journal", record)?;
    }
    for event in [
        r#"{"code_disabled":{"code":"k1:00"}}"#,
        r#"{"pool_disabled":{"pool":"birthday"}}"#,
        r#"{"missed":{"by":[]}}"#,
        r#"{"refused":{"rejection":"sale_unknown"}}"#,
        r#"{"otp_used":{"certificate":"k1:00"}}"#,
        r#"{"certificate_expired":{"certificate":"k1:00"}}"#,
        r#"{"expired":{"sale":"0197c5a4-7b1e-7cc2-8f3a-3f5ddd1a9e10"}}"#,
        r#"{"codes_added":{"pool":"a","terms":{"uses":1,"from":0},"codes":[{"key":"k1:00","number":0}]}}"#,
        r#""key_used""#,
    ] {
        let call = r#"["0197c5a4-7b1e-7cc2-8f3a-3f5ddd1a9e10","content"]"#;
        seeds.put("journal", format!(r#"[{{"at":1795773600,"call":{call},"event":{event}}}]"#).as_bytes())?;
    }
    for account in [r#"{"counter":{"held":3,"kept":40}}"#, r#"{"pool":{"is_disabled":true}}"#] {
        seeds.put("journal", account.as_bytes())?;
    }
    for what in 0..10 {
        for file in 0..5 {
            seeds.put("journal", &[what, what, file, 100, file % 2, 64, 0, 3])?;
        }
    }
    // Two pages of marks; a piece of another segment; an end that is cut, twice.
    seeds.put("journal", &[0, 9, 5, 0, 0, 0, 0, 0, 8, 3, 0, 0, 0, 0, 0])?;
    seeds.put("journal", &[4, 6, 2, 72, 0, 72, 0, 1, 2, 3, 200, 0, 0, 0, 0])
}

fn codes(seeds: &mut Seeds) -> Outcome {
    for number in 0..8_u8 {
        let entropy: [u8; 10] =
            std::array::from_fn(|place| (place as u8).wrapping_mul(37) ^ number.wrapping_mul(91));
        seeds.put("codes", &[&entropy[..], &[number, number + 1, 7]].concat())?;
        let [a, b, c, d, e, f, g, ..] = entropy;
        let code = GeneratedCode::from_entropy([a, b, c, d, e, f, g]);
        let number = CertificateNumber::from_entropy(entropy);
        for text in [code.grouped(), number.grouped(), code.as_str().to_lowercase()] {
            seeds.put("codes", text.as_bytes())?;
        }
    }
    for text in [
        "SPRING20",
        "spring – 20",
        "ЗНИЖКА",
        "Face / Cream/",
        "İstanbul ß ǆ ΑΣ",
        "0197c5a4-7b1e-7cc2-8f3a-3f5ddd1a9e10",
        "k1:b87b191e1a5e64d168049dffb1d252dd",
        "012 345",
        "$argon2id$v=19$m=19456,t=2,p=1,keyid=azE$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
        "4624babdc8ab6a51edfa78ac2ae5c1cc4624babdc8ab6a51edfa78ac2ae5c1cc",
    ] {
        seeds.put("codes", text.as_bytes())?;
    }
    Ok(())
}

fn phones(seeds: &mut Seeds) -> Outcome {
    for (home, typed) in [
        (0_u8, "+38 (067) 123-45-67"),
        (0, "8 067 123 45 67"),
        (64, "00380671234567"),
        (1, "512 345 678"),
        (2, "060 123 456"),
        (3, "0712 345 678"),
        (4, "+49 (0) 30 123456"),
        (5, "601 123 456"),
        (6, "0905 123 456"),
        (7, "06 20 123 4567"),
        (8, "+44 (0)20 7946 0018"),
        (9, "1-415-555-2671"),
        (192, "\u{202a}+390669812345\u{202c}"),
        (0, "+ 380\u{a0}67\u{a0}123–45–67"),
    ] {
        seeds.put("phones", &[&[home], typed.as_bytes()].concat())?;
    }
    Ok(())
}

fn files(folder: &Path) -> Outcome<Vec<Source>> {
    let mut files = Vec::new();
    for entry in
        fs::read_dir(folder).map_err(|error| format!("cannot read `{}`: {error}", folder.display()))?
    {
        let entry = entry?;
        if entry.file_type()?.is_file() {
            let path = entry.file_name().into_string().map_err(|_| "a name that is no text")?;
            files.push(Source { path, bytes: fs::read(entry.path())? });
        }
    }
    files.sort();
    Ok(files)
}
