//! Files that mean harm, and files that slips made: a finding each, never a panic, in bounded time and memory.

#![expect(clippy::disallowed_methods, reason = "a test may look at the clock to bound the time")]

use std::path::Path;
use std::time::{Duration, Instant};

use pricewright::lang::Lang;
use pricewright::rulebook::{Source, adopt, compile, read_tests};

use crate::gallery::folder;

/// One hostile file may take this long, in a build that is hardly optimized, on a busy machine.
const ONE_MAX: Duration = Duration::from_secs(20);
/// What the process may grow by over all of them: the largest file alone is a hundred megabytes.
const GROWTH_MAX_KB: u64 = 900 * 1024;

fn source(path: &str, bytes: impl Into<Vec<u8>>) -> Source {
    Source { path: path.to_owned(), bytes: bytes.into() }
}

/// The peak of the process's memory in kilobytes, where the system tells.
fn peak_kb() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:")?.trim().strip_suffix("kB")?.trim().parse().ok())
}

fn hostile() -> Vec<(&'static str, Source)> {
    let mega = 1 << 20;
    let bomb = (1..30).fold("a0: &a0 [x,x,x,x,x,x,x,x,x,x]\n".to_owned(), |text, step| {
        let last = step - 1;
        text + &format!("a{step}: &a{step} [{}]\n", vec![format!("*a{last}"); 10].join(","))
    });
    let many_anchors: String = (0..100_000).map(|n| format!("k{n}: &n{n} [1]\n")).collect();
    let keys: String = (0..150_000).map(|n| format!("k{n}: 1\n")).collect();
    let slips: String = (0..60_000).map(|n| format!("  - {{id: p{n}, give: {{percnt: 101}}}}\n")).collect();
    let names: String = (0..20_000)
        .map(|n| format!("  - {{id: p{n}, give: {{percent: 1}}, stacks_with: [q{n}]}}\n"))
        .collect();
    let comments = "#\n".repeat(2 * mega - 10);
    vec![
        ("100 MB", source("a.yaml", vec![b'a'; 100 * mega])),
        ("100 MB of CSV", source("goods.csv", vec![b'a'; 100 * mega])),
        ("alias bomb", source("a.yaml", bomb)),
        ("an alias of itself", source("a.yaml", "promotions: &a [*a, *a]\n")),
        ("many anchors", source("a.yaml", many_anchors)),
        ("depth of lists", source("a.yaml", "[".repeat(100_000))),
        ("depth of mappings", source("a.json", "{\"a\":".repeat(100_000))),
        ("depth of dashes", source("a.yaml", "- ".repeat(100_000))),
        (
            "depth of blocks",
            source("a.yaml", (0..2_000).map(|n| format!("{}a:\n", " ".repeat(n))).collect::<String>()),
        ),
        ("question marks", source("a.yaml", "? ".repeat(100_000))),
        ("closing brackets", source("a.yaml", "]".repeat(mega))),
        ("values without end", source("a.yaml", format!("promotions: [{}", "1,".repeat(2 * mega - 20)))),
        ("keys", source("a.yaml", keys)),
        ("not UTF-8", source("a.yaml", [b"promotions: [".as_slice(), &[0xFF; 1000]].concat())),
        ("half a letter", source("a.yaml", b"name: \xd0".to_vec())),
        ("NULs", source("a.yaml", vec![0; 4 * mega])),
        (
            "an endless number",
            source("a.yaml", format!("promotions: [{{id: a, give: {{amount: {}}}}}]", "9".repeat(3 * mega))),
        ),
        ("an endless quote", source("a.yaml", format!("promotions: \"{}", "a ".repeat(mega)))),
        ("an endless key", source("a.yaml", format!("{}: 1", "a".repeat(3 * mega)))),
        ("an endless line", source("a.yaml", "x ".repeat(2 * mega - 1))),
        ("comments", source("a.yaml", comments)),
        ("a slip sixty thousand times", source("a.yaml", format!("promotions:\n{slips}"))),
        ("twenty thousand unknown names", source("a.yaml", format!("promotions:\n{names}"))),
        ("documents", source("a.yaml", "---\n".repeat(mega))),
        ("tags", source("a.yaml", "!!a ".repeat(mega / 2))),
        ("blocks", source("a.yaml", format!("a: |\n{}", "  x\n".repeat(mega - 10)))),
        ("quotes in a CSV", source("goods.csv", format!("sku,price\n{}", "\"".repeat(8 * mega)))),
        ("columns in a CSV", source("goods.csv", format!("sku{}\n", ",x".repeat(200_000)))),
        ("slips in a CSV", source("goods.csv", format!("sku,price\n{}", "A,x\n".repeat(200_000)))),
        ("blanks", source("a.yaml", " ".repeat(4 * mega))),
        ("line ends", source("a.yaml", "\r".repeat(4 * mega))),
    ]
}

#[test]
fn hostile_files_are_refused_in_bounded_time_and_memory() {
    let settings = || source("settings.yaml", "catalog: [goods.csv]");
    let before = peak_kb();
    let mut slowest = (Duration::ZERO, "");
    let files = hostile();
    for (name, file) in &files {
        let sources =
            if file.path == "goods.csv" { vec![settings(), file.clone()] } else { vec![file.clone()] };
        let start = Instant::now();
        let compiled = compile(&sources);
        let shown: usize = compiled.diagnostics.iter().map(|found| found.render(Lang::En, false).len()).sum();
        let took = start.elapsed();
        slowest = slowest.max((took, name));
        assert!(!compiled.diagnostics.is_empty(), "{name} is taken in silence");
        assert!(took < ONE_MAX, "{name} took {took:?}");
        assert!(shown < 1 << 20, "{name} is told in {shown} bytes");
    }
    let growth = peak_kb().zip(before).map(|(after, before)| after.saturating_sub(before));
    println!(
        "{} hostile files; slowest {} in {:?}; memory grew by {growth:?} kB",
        files.len(),
        slowest.1,
        slowest.0
    );
    assert!(growth.is_none_or(|growth| growth < GROWTH_MAX_KB), "memory grew by {growth:?} kB");
}

/// SplitMix64: the same mutations on every machine.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    fn below(&mut self, bound: usize) -> usize {
        usize::try_from(self.next() >> 1).unwrap_or(usize::MAX) % bound.max(1)
    }
}

fn mutate(bytes: &mut Vec<u8>, random: &mut Random) {
    for _ in 0..=random.below(4) {
        let (at, other) = (random.below(bytes.len()), random.below(bytes.len()));
        let length = random.below(24);
        match random.below(7) {
            0 if !bytes.is_empty() => bytes[at] = random.next().to_le_bytes()[0],
            1 if !bytes.is_empty() => bytes[at] ^= 1 << random.below(8),
            2 => drop(bytes.drain(at..(at + length).min(bytes.len()))),
            3 => {
                let piece = bytes[at..(at + length).min(bytes.len())].to_vec();
                bytes.splice(other..other, piece);
            }
            4 => bytes.truncate(bytes.len().saturating_sub(random.below(200))),
            5 if !bytes.is_empty() => bytes.swap(at, other),
            _ => {
                let signs = b"{}[]:,-#&*!|>'\"%@`?~\t\n \xe2\x80\x9c0";
                bytes.insert(at, signs[random.below(signs.len())]);
            }
        }
    }
}

#[test]
fn ten_thousand_mutated_files_never_panic() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let good = folder(&root.join("tests/good"));
    let tests = source(
        "a.test.yaml",
        "tests:\n  - name: One\n    basket: {lines: [{sku: A, unit_price: 1 999,50}]}\n    context: {time: 2026-11-27 12:00}\n    expect: {total: 10, promotions: []}\n",
    );
    let mut random = Random(20_261_127);
    let (start, mut refused, mut taken, mut findings) = (Instant::now(), 0, 0, 0);
    let mut slowest = Duration::ZERO;
    for round in 0..10_000 {
        let mut sources = good.clone();
        let place = random.below(sources.len());
        mutate(&mut sources[place].bytes, &mut random);
        let began = Instant::now();
        let compiled = compile(&sources);
        let has_errors = compiled.diagnostics.iter().any(pricewright::rulebook::Diagnostic::is_error);
        assert_eq!(compiled.rulebook.is_none(), has_errors);
        let lang = if round % 2 == 0 { Lang::En } else { Lang::Uk };
        findings += compiled.diagnostics.len();
        let told = compiled.diagnostics.iter().map(|found| found.render(lang, round % 3 == 0).len());
        assert!(told.sum::<usize>() < 1 << 20);
        if round % 10 == 0 {
            let adopted = adopt(&sources, &good);
            assert!(adopted.standings.len() <= sources.len());
            let mut mutated = tests.clone();
            mutate(&mut mutated.bytes, &mut random);
            let _ = read_tests(&pricewright::rulebook::Settings::default(), &mutated);
        }
        slowest = slowest.max(began.elapsed());
        *(if compiled.diagnostics.is_empty() { &mut taken } else { &mut refused }) += 1;
    }
    println!(
        "10000 mutated files: {refused} with findings ({findings}), {taken} without, {:?} in all, slowest {slowest:?}",
        start.elapsed()
    );
    assert!(slowest < Duration::from_secs(5));
}
