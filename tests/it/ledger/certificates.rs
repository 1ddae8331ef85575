//! A table of commands about gift certificates, each with its answer in the last column, put to the model and to every engine.

use pricewright::ledger::{
    Account, Action, AskOtp, CertificateKey, Change, ChangeCertificate, Command, Commit, Content, Issue, Key,
    Look, Note, Otp, OtpKey, Part, Pay, PhoneKey, Presented, Purchase, Refund, RequestId, Reserve,
    ReturnedUnits, SaleId, SoldLine, SoldUnits,
};
use pricewright::money::Amount;
use pricewright::time::Instant;

use super::engines::{Engines, Model, said};
use super::table::{id_of, purchase, reserve};

/// Each row: the second of the clock, the command, the answer. Sales are capital letters, certificates small ones. `pay=g/1` is the password
/// 1 for the purchase at hand; `g` alone asks nobody, and shows `issued = balance + held + spent + expired + blocked`.
const TABLE: &[(i64, &str, &str)] = &[
    // Issued for what was paid, once a piece.
    (10, "reserve A goods=700 gifts=2x500", "reserved"),
    (10, "issue a of=A", "no: sale not committed"),
    (10, "issue a of=Z", "no: sale unknown"),
    (11, "commit A", "paid 1700"),
    (12, "issue a of=A line=1", "no: not a certificate 1"),
    (12, "issue a of=A", "issued"),
    (12, "issue a of=A", "no: certificate exists"),
    (12, "issue b of=A", "issued"),
    (12, "issue c of=A", "no: certificate issued c"),
    (12, "a", "500 = 500 + 0 + 0 + 0 + 0"),
    // A password: for the owner's phone, one a minute, so many an hour for all.
    (20, "otp a=1 for=B", "sent"),
    (20, "otp a=1 for=B phone=eve", "refused: certificate refused"),
    (20, "otp x=1 for=B", "no: certificate refused"),
    (21, "otp b=1 for=B", "no: otp too soon 59"),
    (80, "otp b=1 for=B budget=1", "no: otp budget spent"),
    // It pays what it was asked for, with the right digits, for its own purchase and till, once.
    (81, "reserve B goods=700 pay=a/2", "refused: certificate refused"),
    (82, "reserve C goods=700 pay=a/1", "no: certificate refused"),
    (82, "reserve T goods=700 pay=a/1 as=B till=2", "no: certificate refused"),
    (82, "reserve D goods=700 pay=a/1 as=B cur=EUR", "no: certificate currency"),
    (82, "reserve D goods=700 pay=a/1=301 as=B", "no: otp amount exceeded"),
    (82, "reserve D goods=700 pay=a/1=9223372036854775807 as=B", "no: otp amount exceeded"),
    (82, "reserve D goods=700 pay=a/1=0 as=B", "no: certificate empty"),
    (82, "reserve D goods=700 pay=a/1=-9223372036854775808 as=B", "no: certificate empty"),
    (82, "reserve D goods=700 pay=a/1 pay=a/1 as=B", "no: certificate refused"),
    (82, "reserve D goods=0 gifts=1x500 pay=a/1 as=B", "no: certificate not needed"),
    (83, "reserve D goods=700 pay=a/1 as=B until=100", "reserved, 300 by certificates"),
    (83, "reserve D goods=700 pay=a/1 as=B until=100", "reserved, 300 by certificates"),
    (83, "reserve E goods=700 pay=a/1 as=B", "no: certificate refused"),
    (83, "a", "500 = 200 + 300 + 0 + 0 + 0"),
    // Its time is over: released; paid late while the value is there.
    (100, "cancel Z", "no: sale unknown"),
    (100, "a", "500 = 500 + 0 + 0 + 0 + 0"),
    (101, "commit D", "paid 700, 300 by certificates"),
    (101, "a", "500 = 200 + 0 + 300 + 0 + 0"),
    (101, "block a", "done"),
    (101, "block a", "no: certificate blocked"),
    (101, "a", "500 = 0 + 0 + 300 + 0 + 200"),
    (102, "unblock a", "done"),
    (102, "unblock a", "no: certificate not blocked"),
    (103, "a", "500 = 200 + 0 + 300 + 0 + 0"),
    // Three wrong ones, and the password is dead; another does not reset what counts for the day.
    (200, "otp a=3 for=F", "sent"),
    (201, "reserve F goods=700 pay=a/1", "refused: certificate refused"),
    (201, "reserve G goods=700 pay=a/1 as=F", "refused: certificate refused"),
    (201, "reserve H goods=700 pay=a/1 as=F", "refused: certificate refused"),
    (202, "reserve I goods=700 pay=a/3 as=F", "no: certificate refused"),
    // Five minutes.
    (300, "otp a=4 for=J", "sent"),
    (600, "reserve J goods=700 pay=a/4", "no: certificate refused"),
    // Of one with too little left, what is left. Two pay one purchase; the second pays the rest.
    (3_900, "otp a=5 for=K amount=9223372036854775807", "sent"),
    (3_960, "otp b=6 for=K amount=500", "sent"),
    (3_961, "reserve K goods=400 pay=a/5 pay=b/6", "reserved, 200 + 200 by certificates"),
    // A part is paid: the first pays first, the rest is free.
    (3_962, "commit K part goods=250", "paid 250, 200 + 50 by certificates"),
    (3_962, "a", "500 = 0 + 0 + 500 + 0 + 0"),
    (3_962, "b", "500 = 450 + 0 + 50 + 0 + 0"),
    (3_970, "otp a=7 for=L", "no: certificate empty"),
    // Goods come back: money first, and then what the last one paid.
    (3_980, "refund D 1x2", "gives back 400, 40 points"),
    (3_980, "refund D 1x1", "gives back 300, 30 points, 300 to certificates"),
    (3_980, "a", "500 = 300 + 0 + 200 + 0 + 0"),
    (3_981, "refund K 1x1", "gives back 200, 20 points, 50 + 150 to certificates"),
    (3_981, "b", "500 = 500 + 0 + 0 + 0 + 0"),
    (3_981, "a", "500 = 450 + 0 + 50 + 0 + 0"),
    // The piece that a certificate was sold as comes back: the last that is whole, and no other.
    (4_000, "refund A gx2", "no: units unknown g"),
    (4_000, "refund A cx2", "no: certificate spent c"),
    (4_000, "refund A cx1", "gives back 500, 50 points"),
    (4_000, "b", "500 = 0 + 0 + 0 + 0 + 500"),
    (4_001, "unblock b", "no: certificate frozen"),
    (4_001, "extend b to=9000000", "no: certificate frozen"),
    (4_001, "otp b=8 for=M", "no: certificate blocked"),
    (4_001, "refund A cx1", "no: certificate spent c"),
    (4_001, "issue c of=A", "no: certificate issued c"),
    // What bought a certificate that is kept is no money for other goods: else one could be renewed for nothing.
    (7_700, "otp a=9 for=M amount=400", "sent"),
    (7_701, "reserve M goods=700 gifts=1x500 pay=a/9", "reserved, 400 by certificates"),
    (7_702, "commit M", "paid 1200, 400 by certificates"),
    (7_703, "issue d of=M until=8000", "issued"),
    (7_704, "refund M 1x3", "gives back 700, 70 points, 400 to certificates"),
    (7_704, "a", "500 = 450 + 0 + 50 + 0 + 0"),
    // Another phone: what was sent before opens nothing.
    (7_800, "otp a=1 for=N", "sent"),
    (7_801, "transfer a=bob", "done"),
    (7_801, "reserve N goods=700 pay=a/1", "no: certificate refused"),
    (7_802, "otp a=1 for=N", "refused: certificate refused"),
    (7_802, "otp a=1 for=O phone=bob", "sent"),
    // What expired holds nothing; a part that needs nothing of it may be paid, whatever became of the certificate.
    (7_803, "reserve O goods=700 pay=a/1 until=7810", "reserved, 300 by certificates"),
    (7_811, "block a", "done"),
    (7_811, "commit O", "no: certificate blocked"),
    (7_811, "commit O part goods=0", "paid 0"),
    (7_811, "a", "500 = 0 + 0 + 50 + 0 + 450"),
    // A look needs phone and password.
    (7_870, "otp d=2 look", "sent"),
    (7_871, "look d=2 phone=eve", "refused: certificate refused"),
    (7_871, "look d=3", "refused: certificate refused"),
    (7_871, "look d=2", "done"),
    (7_871, "look d=2", "no: certificate refused"),
    (7_875, "otp d=2 look phone=eve", "refused: certificate refused"),
    // The end of a certificate, and what a hold gives back behind it.
    (7_990, "extend d to=8000", "no: not later"),
    (8_000, "otp d=1 for=P", "no: certificate expired"),
    (8_000, "d", "500 = 0 + 0 + 0 + 500 + 0"),
    (8_001, "extend d to=20000", "done"),
    (8_001, "d", "500 = 500 + 0 + 0 + 0 + 0"),
    (11_500, "otp d=1 for=P", "sent"),
    (11_501, "reserve P goods=700 pay=d/1 until=20010", "reserved, 300 by certificates"),
    // What its former owner reserved is not paid late by the new one.
    (11_600, "otp d=2 for=Q", "sent"),
    (11_601, "reserve Q goods=100 pay=d/2 until=11610", "reserved, 100 by certificates"),
    (11_611, "transfer d=cat", "done"),
    (11_611, "commit Q", "no: certificate hold over"),
    (11_612, "transfer d=ann", "done"),
    (11_613, "commit Q", "no: certificate hold over"),
    (20_000, "cancel Z", "no: sale unknown"),
    (20_000, "d", "500 = 0 + 300 + 0 + 200 + 0"),
    (20_001, "commit P part goods=100", "paid 100, 100 by certificates"),
    (20_001, "d", "500 = 0 + 0 + 100 + 400 + 0"),
    // Goods that come back open it again for a while.
    (20_002, "refund P 1x3", "gives back 100, 10 points, 100 to certificates"),
    (20_002, "d", "500 = 100 + 0 + 0 + 400 + 0"),
    // A payment is late for as long as a hold may be, and no longer.
    (20_003, "otp d=3 for=R", "sent"),
    (20_004, "reserve R goods=50 pay=d/3 until=20020", "reserved, 50 by certificates"),
    (149_620, "commit R part goods=0", "paid 0"),
    (149_621, "otp d=4 for=S", "sent"),
    (149_622, "reserve S goods=50 pay=d/4 until=149630", "reserved, 50 by certificates"),
    (279_231, "commit S", "no: certificate hold over"),
];

/// The line of certificates.
const LINE: &str = "c";

#[test]
fn every_command_about_a_certificate_has_its_answer_on_every_engine() {
    check(Engines::new());
}

pub(super) fn check(mut engines: Engines) {
    let mut second = 0;
    for (place, &(at, text, answer)) in TABLE.iter().enumerate() {
        let told = format!("row {place}, {at} s: {text}");
        second = at;
        if let Some(command) = command(place, at, text) {
            assert_eq!(said(&engines.answer(&command, &told)), answer, "{told}");
        } else {
            assert_eq!(accounts(&engines.model, text), answer, "{told}");
        }
    }
    let end = engines.model.last_end().map_or(second, |end| end.unix());
    let command = command(TABLE.len(), end, "cancel Z").unwrap();
    assert_eq!(said(&engines.answer(&command, "end")), "no: sale unknown");
    engines.close_sequence();
    engines.compare();
}

#[test]
fn a_piece_is_worth_the_least_that_was_paid_for_one() {
    let mut model = Model::default();
    let Some(mut sold) = command(0, 10, "reserve A goods=0 gifts=1x500") else { panic!("no command") };
    if let Action::Reserve(reserve) = &mut sold.action {
        let price = Amount::from_minor(400);
        let cheaper =
            SoldUnits { quantity: 1, price, discounts: vec![("half".to_owned(), Amount::from_minor(100))] };
        reserve.purchase.lines.last_mut().unwrap().units.push(cheaper);
        reserve.purchase.total += price;
    }
    assert_eq!(said(&model.answer(&sold, sold.at)), "reserved");
    for (place, text, answer) in
        [(1, "commit A", "paid 900"), (2, "issue a of=A", "issued"), (3, "issue b of=A", "issued")]
    {
        let command = command(place, 11, text).unwrap();
        assert_eq!(said(&model.answer(&command, command.at)), answer, "{text}");
    }
    for name in ["a", "b"] {
        assert_eq!(accounts(&model, name), "400 = 400 + 0 + 0 + 0 + 0");
    }
}

#[test]
fn who_tries_phones_is_shut_out_and_pays_no_attention_of_the_owner() {
    let mut model = Model::default();
    let answer = |model: &mut Model, place: usize, second: i64, text: &str| {
        let command = command(place, second, text).unwrap();
        said(&model.answer(&command, command.at))
    };
    for (place, text) in
        ["reserve A goods=0 gifts=1x500", "commit A", "issue a of=A", "otp a=1 for=B"].iter().enumerate()
    {
        answer(&mut model, place, 10, text);
    }
    for place in 0..50 {
        assert_eq!(
            answer(&mut model, 10 + place, 20, "otp a=2 for=B phone=eve"),
            "refused: certificate refused"
        );
    }
    assert_eq!(answer(&mut model, 100, 20, "otp a=2 for=B phone=eve"), "no: otp locked");
    assert_eq!(
        answer(&mut model, 101, 80, "otp a=2 for=B"),
        "no: otp locked",
        "nor is one told that it is right"
    );
    // The password that its owner has goes on.
    assert_eq!(answer(&mut model, 102, 80, "reserve B goods=700 pay=a/1"), "reserved, 300 by certificates");
    assert_eq!(answer(&mut model, 103, 86_500, "otp a=2 for=C"), "sent");
}

/// A row as a command; nothing where it only shows. The same text of `reserve` is the same call.
fn command(place: usize, second: i64, text: &str) -> Option<Command> {
    let words: Vec<&str> = text.split(' ').collect();
    let at = instant(second);
    let told = |name: &str| words.iter().find_map(|word| word.strip_prefix(name)?.strip_prefix('='));
    let number = |name: &str| told(name).map(|text| text.parse::<i64>().unwrap());
    let phone = || told("phone").unwrap_or("ann");
    let (verb, name) = (words[0], *words.get(1)?);
    let (of, argument) = name.split_once('=').unwrap_or((name, ""));
    let change = |change| {
        let note = Note { actor: "support".to_owned(), reason: "asked".to_owned() };
        let change = ChangeCertificate { certificate: certificate(of), change, note };
        Action::ChangeCertificate(Box::new(change))
    };
    let basket = || Purchase {
        currency: told("cur").unwrap_or("UAH").to_owned(),
        ..basket(number("goods").unwrap(), told("gifts").map_or((0, 500), pieces))
    };
    let action = match verb {
        "reserve" => {
            let purpose = told("as").unwrap_or(name);
            let till = told("till").unwrap_or("1");
            let pay = words.iter().filter_map(|word| pay(word.strip_prefix("pay=")?, purpose, till));
            let expires_at = instant(number("until").unwrap_or(second + 50));
            let asked = Reserve { pay: pay.collect(), ..reserve(basket(), expires_at) };
            Action::Reserve(Box::new(asked))
        }
        "commit" => {
            let part = words.contains(&"part").then(|| Part { purchase: basket(), takes: Vec::new() });
            Action::Commit(Box::new(Commit { sale: sale(name), part }))
        }
        "cancel" => Action::Cancel(sale(name)),
        "refund" => {
            let certificates = words[2..].iter().filter_map(|word| word.strip_prefix("which="));
            let certificates = certificates.map(|name| id_of(&certificate(name))).collect();
            let units = words[2..].iter().filter(|word| !word.contains('=')).map(|word| {
                let (line, quantity) = word.split_once('x').unwrap();
                ReturnedUnits { line: line.to_owned(), group: None, quantity: quantity.parse().unwrap() }
            });
            let (sale, units) = (sale(name), units.collect());
            Action::Refund(Box::new(Refund { sale, units, certificates, delivery: false, repriced: None }))
        }
        "issue" => Action::Issue(Box::new(Issue {
            id: id_of(&certificate(name)),
            certificate: certificate(name),
            last_four: "0000".to_owned(),
            sale: sale(told("of").unwrap()),
            line: told("line").unwrap_or_default().to_owned(),
            phone: PhoneKey(phone().to_owned()),
            expires_at: instant(number("until").unwrap_or(900_000)),
        })),
        "otp" => {
            let is_look = words.contains(&"look");
            let purpose = if is_look { "look" } else { told("for").unwrap() };
            let (bound, password) = keys(of, purpose, "1", argument);
            let amount = Some(Amount::from_minor(number("amount").unwrap_or(300))).filter(|_| !is_look);
            let otp = Otp { bound, password, amount, expires_at: instant(second + 300), tries: 0 };
            Action::AskOtp(Box::new(AskOtp {
                certificates: names(of),
                phones: vec![PhoneKey(phone().to_owned())],
                otp,
                hour_max: u32::try_from(number("budget").unwrap_or(100)).unwrap(),
            }))
        }
        "look" => Action::Look(Box::new(Look {
            presented: presented(of, "look", "1", argument),
            phones: vec![PhoneKey(phone().to_owned())],
        })),
        "block" => change(Change::Block),
        "unblock" => change(Change::Unblock),
        "extend" => change(Change::Extend(instant(number("to").unwrap()))),
        "transfer" => change(Change::Transfer(PhoneKey(argument.to_owned()))),
        other => panic!("{other}"),
    };
    let request = if verb == "reserve" { id(name) } else { id_of_row(place) };
    Some(Command { request, content: Content(text.to_owned()), at, action })
}

fn instant(second: i64) -> Instant {
    Instant::from_unix(second).unwrap()
}

fn id(letter: &str) -> RequestId {
    RequestId::from_bytes([letter.as_bytes()[0]; 16])
}

fn id_of_row(place: usize) -> RequestId {
    let mut bytes = [0xff; 16];
    bytes[..2].copy_from_slice(&u16::try_from(place).unwrap().to_be_bytes());
    RequestId::from_bytes(bytes)
}

fn sale(letter: &str) -> SaleId {
    id(letter).sale()
}

/// `2x500`: two pieces at 500.
fn pieces(text: &str) -> (u32, i64) {
    let (quantity, price) = text.split_once('x').unwrap();
    (quantity.parse().unwrap(), price.parse().unwrap())
}

/// Goods for so much, and certificates.
pub(super) fn basket(goods: i64, (quantity, price): (u32, i64)) -> Purchase {
    let mut purchase = purchase(goods);
    if quantity > 0 {
        let price = Amount::from_minor(price);
        let (sku, id) = ("GIFT".to_owned(), LINE.to_owned());
        let units = vec![SoldUnits { quantity, price, discounts: Vec::new() }];
        purchase.lines.push(SoldLine { id, sku, list_price: price, units, is_certificate: true });
        purchase.total += price.times(quantity);
        purchase.list_total += price.times(quantity);
    }
    purchase.points = u64::try_from(purchase.total.minor() / 10).unwrap();
    purchase
}

/// The name of a certificate under the older of two keys.
pub(super) fn certificate(name: &str) -> CertificateKey {
    CertificateKey(format!("k1.{name}"))
}

/// Its names under both, that of today first.
pub(super) fn names(name: &str) -> Vec<CertificateKey> {
    vec![CertificateKey(format!("k2.{name}")), certificate(name)]
}

/// What a password is bound to, and the password with it.
pub(super) fn keys(name: &str, purpose: &str, till: &str, password: &str) -> (OtpKey, OtpKey) {
    let bound = format!("k2.{name}/{purpose}/{till}");
    (OtpKey(bound.clone()), OtpKey(format!("{bound}/{password}")))
}

pub(super) fn presented(name: &str, purpose: &str, till: &str, password: &str) -> Presented {
    let old = (OtpKey(format!("k1.{name}")), OtpKey("k1".to_owned()));
    Presented { certificates: names(name), otps: vec![keys(name, purpose, till, password), old] }
}

/// `a/1=300`: 300 of the certificate `a`, which the password 1 opens.
fn pay(word: &str, purpose: &str, till: &str) -> Option<Pay> {
    let (told, amount) = word.split_once('=').map_or((word, None), |(told, amount)| (told, Some(amount)));
    let (name, password) = told.split_once('/')?;
    let amount = amount.map(|amount| Amount::from_minor(amount.parse().unwrap()));
    Some(Pay { presented: presented(name, purpose, till, password), amount })
}

fn accounts(model: &Model, name: &str) -> String {
    match model.balances.get(&Key::Certificate(certificate(name))) {
        Some(Account::Certificate(one)) => format!(
            "{} = {} + {} + {} + {} + {}",
            one.issued, one.balance, one.held, one.spent, one.expired, one.blocked
        ),
        other => panic!("{name}: {other:?}"),
    }
}
