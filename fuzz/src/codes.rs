//! Promo codes, certificate numbers, PINs and stored hashes: one form each, and the mistakes that a check character promises to catch.

use pricewright::catalog::word::{fold, fold_code, fold_path, folded, folded_path};
use pricewright::ledger::code::{CertificateNumber, CheckedCode, CodeFault, GeneratedCode};
use pricewright::ledger::{RequestId, SaleId};
use pricewright::server::access::TokenHash;
use pricewright::server::certificates::Typed;
use pricewright::server::codes::text_of;
use pricewright::server::secrets::{KeyId, KeyedHash, Pin, PinHash};

const ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";

/// The bytes are random bits for new codes, and as text what was typed.
pub fn check(input: &[u8]) {
    if let Some((entropy, mistake)) = input.split_first_chunk::<10>() {
        let [a, b, c, d, e, f, g, ..] = *entropy;
        sound(&GeneratedCode::from_entropy([a, b, c, d, e, f, g]), mistake);
        sound(&CertificateNumber::from_entropy(*entropy), mistake);
    }
    if let Ok(typed) = std::str::from_utf8(input) {
        words(typed);
        typed_codes(typed);
        secrets(typed);
    }
}

/// A code is itself in every form that people write it in, and no code with one mistake.
fn sound<const N: usize>(code: &CheckedCode<N>, mistake: &[u8]) {
    let text = code.as_str();
    assert_eq!(text.len(), N);
    let lower = format!(" {} ", code.grouped().to_lowercase().replace('-', " – "));
    for typed in [text, &code.grouped(), &lower] {
        assert_eq!(CheckedCode::<N>::parse(typed).as_ref(), Ok(code), "a code in another form");
    }
    assert!(!format!("{code:?}").contains(text), "a code is shown");
    let [at, other, digit, ..] = *mistake else { return };
    let (at, other) = (usize::from(at) % N, usize::from(other) % N);
    let mut wrong = text.as_bytes().to_vec();
    wrong[at] = ALPHABET[usize::from(digit) % 32];
    refused::<N>(text, &wrong);
    wrong = text.as_bytes().to_vec();
    wrong.swap(at, other);
    refused::<N>(text, &wrong);
}

fn refused<const N: usize>(text: &str, wrong: &[u8]) {
    let wrong = std::str::from_utf8(wrong).expect("letters and digits");
    if wrong != text {
        assert_eq!(CheckedCode::<N>::parse(wrong), Err(CodeFault::Mistyped), "one mistake passes");
    }
}

/// Folding is done once: what is folded stays as it is.
fn words(typed: &str) {
    let once = fold(typed);
    assert_eq!(fold(&once), once, "`fold` goes on");
    assert_eq!(folded(typed), once);
    let path = fold_path(typed);
    assert_eq!(fold_path(&path), path, "`fold_path` goes on");
    assert_eq!(folded_path(typed), path);
    let code = fold_code(typed);
    assert_eq!(fold_code(&code), code, "`fold_code` goes on");
}

fn typed_codes(typed: &str) {
    if let Ok(code) = GeneratedCode::parse(typed) {
        sound(&code, typed.as_bytes());
    }
    if let Ok(number) = CertificateNumber::parse(typed) {
        sound(&number, typed.as_bytes());
        let known = Typed::parse(typed).expect("a number that was read");
        assert_eq!(known.grouped(), number.grouped());
        assert!(number.as_str().ends_with(&known.last_four()) && known.last_four().len() == 4);
    }
    let known = text_of(typed);
    assert_eq!(text_of(&known), known, "a code has two names");
    assert_eq!(text_of(&format!(" {}", typed.replace(' ', "-"))), known, "a code has two names");
}

fn secrets(typed: &str) {
    if let Some(pin) = Pin::parse(typed) {
        let digits = pin.expose();
        assert!(digits.len() == 6 && digits.bytes().all(|byte| byte.is_ascii_digit()));
        assert_eq!(Pin::parse(digits).expect("a PIN that was read").expose(), digits);
        assert_eq!(typed.replace(' ', ""), digits);
    }
    if let Some(hash) = KeyedHash::parse(typed) {
        assert_eq!(hash.to_text(), typed);
    }
    if let Some(id) = KeyId::parse(typed) {
        assert_eq!(id.as_str(), typed);
    }
    if let Some(hash) = TokenHash::parse(typed) {
        assert_eq!(hash.to_string(), typed);
    }
    if let Some(hash) = PinHash::parse(typed) {
        assert_eq!(PinHash::parse(&hash.to_text()).map(|hash| hash.to_text()), Some(hash.to_text()));
    }
    if let Some(id) = RequestId::parse(typed) {
        assert_eq!(RequestId::parse(&id.to_string()), Some(id));
        assert_eq!(SaleId::parse(typed), Some(id.sale()));
    }
}
