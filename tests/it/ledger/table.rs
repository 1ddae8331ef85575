//! A table of commands, each with its answer in the last column, put to the model and to every engine.

use pricewright::ledger::{
    Action, AddCodes, AttemptKey, CertificateKey, CodeKey, Command, Commit, Content, CounterKey, CustomerKey,
    Limit, NewCode, Part, PhoneKey, Purchase, Refund, Rejection, Repriced, RequestId, Reserve, ReturnedUnits,
    SaleId, SoldLine, SoldUnits, Take, Terms,
};
use pricewright::money::Amount;
use pricewright::promotion::OnRefund;
use pricewright::time::Instant;

use super::engines::{Engines, said};

/// Each row: the second of the clock, the command, the answer. Sales have letters; `#x` gives a call an id of its own name, so that it can
/// be asked again.
const TABLE: &[(i64, &str, &str)] = &[
    // Holds and limits.
    (10, "reserve A total:spring=1/2", "reserved"),
    (10, "reserve A total:spring=1/2", "reserved"),
    (11, "reserve A total:spring=1/3", "no: request id reused"),
    (11, "reserve B total:spring=1/2", "reserved"),
    (12, "reserve C total:spring=1/2", "no: limit reached spring"),
    (12, "refuse #c limit", "refused: limit reached other"),
    (12, "refuse #c limit", "refused: limit reached other"),
    (12, "commit Z", "no: sale unknown"),
    (13, "cancel B", "cancelled"),
    (13, "cancel B", "no: sale cancelled"),
    (13, "commit B", "no: sale cancelled"),
    (13, "refund B 1x1", "no: sale cancelled"),
    (14, "reserve D total:spring=1/2 budget:spring=300/500", "reserved"),
    (14, "refund D 1x1", "no: sale not committed"),
    (15, "commit D", "paid 1000"),
    (15, "commit D", "no: sale committed"),
    (15, "cancel D", "no: sale committed"),
    (16, "reserve E budget:spring=201/500", "no: budget spent spring"),
    (16, "reserve F budget:spring=200/500", "reserved"),
    (17, "reserve G customer:spring@ann=1/1", "reserved"),
    (17, "reserve H customer:spring@ann=1/1", "no: customer limit reached spring"),
    (17, "reserve I customer:spring@bob=1/1", "reserved"),
    // Of several that are full the first by precedence is told.
    (18, "reserve J budget:spring=201/500 total:spring=1/2", "no: limit reached spring"),
    // Pieces on the shelf: what is paid has left it.
    (20, "reserve K stock:pouch=2/3", "reserved"),
    (20, "reserve L stock:pouch=2/3", "no: out of stock pouch"),
    (21, "commit K", "paid 1000"),
    (21, "reserve L stock:pouch=2/3", "reserved"),
    // Expiry, and a payment that comes late.
    (30, "reserve M total:one=1/1 until=40", "reserved"),
    (39, "reserve N total:one=1/1", "no: limit reached one"),
    (40, "reserve N total:one=1/1 until=50", "reserved"),
    (41, "commit M", "no: limit reached one"),
    (50, "commit M", "paid 1000"),
    (51, "commit N", "no: limit reached one"),
    (52, "cancel N", "cancelled"),
    // A part is paid: the rest is released.
    (60, "reserve O total:two=1/1 budget:two=300/300", "reserved"),
    (61, "commit O part=600 budget:two=100/300", "paid 600"),
    (62, "reserve P total:two=1/1 budget:two=200/300", "reserved"),
    (63, "commit P part=900 budget:two=201/300", "no: budget spent two"),
    (63, "commit P part=900 budget:two=200/300", "paid 900"),
    // Units come back at what they cost: the cheapest of a line first, never more than was paid.
    (70, "reserve Q", "reserved"),
    (70, "commit Q", "paid 1000"),
    (71, "refund Q 1x2", "gives back 400, 40 points"),
    (71, "refund Q 1x2", "no: units unknown 1"),
    (72, "refund Q 1.1x1", "gives back 300, 30 points"),
    (72, "refund Q 2x1", "no: units unknown 2"),
    (73, "refund Q delivery", "gives back 300, 30 points"),
    (73, "refund Q delivery", "no: delivery returned"),
    (74, "refund Q 1x1", "no: units unknown 1"),
    // Priced again: the difference, and never less than nothing.
    (80, "reserve R total:keep=1/9 restore:back=1/1", "reserved"),
    (80, "commit R", "paid 1000"),
    (81, "refund R 1x1 again=650 returns=1", "no: sale moved"),
    (81, "refund R 1x1 again=650 returns=0 restore:back=1/1", "gives back 350, 35 points"),
    (82, "reserve S restore:back=1/1", "no: limit reached back"),
    (83, "refund R 1x1 again=700 returns=1", "gives back 0, 0 points"),
    (84, "reserve S restore:back=1/1", "reserved"),
    (85, "refund R 1x1", "gives back 200, 20 points"),
    // What is held may be paid whatever the limit has become; what promotions take of one counter is taken together.
    (86, "reserve X total:grow=1/1", "reserved"),
    (86, "reserve Y total:grow=1/9", "reserved"),
    (87, "commit X", "paid 1000"),
    (87, "reserve j stock:twin=1/3 stock:twin=1/3", "reserved"),
    (88, "reserve k stock:twin=1/3 stock:twin=1/3", "no: out of stock twin"),
    (88, "reserve k stock:twin=1/3", "reserved"),
    // Codes: made once, used once, taken out of use.
    (90, "reserve T code:a=1/1", "no: code refused"),
    (90, "codes #1 a b c", "done"),
    (90, "codes #1 a b c", "done"),
    (90, "codes #2 d c", "no: code exists 1"),
    (91, "reserve T code:a=1/1 until=100", "reserved"),
    (92, "reserve U code:a=1/1", "no: code refused"),
    (100, "reserve U code:a=1/1", "reserved"),
    (101, "commit T", "no: code refused"),
    (102, "disable a", "done"),
    (103, "commit U", "paid 1000"),
    (104, "disable z", "no: code unknown"),
    (105, "reserve V code:b=1/9", "reserved"),
    (106, "disable pool", "done"),
    (107, "reserve W code:b=1/9", "no: code refused"),
    (108, "commit V", "paid 1000"),
    (109, "miss phone", "done"),
    // The end of all holds.
    (9_999, "refuse #end quote", "refused: quote expired"),
];

#[test]
fn every_command_has_its_answer_on_every_engine() {
    check(Engines::new());
}

pub(super) fn check(mut engines: Engines) {
    for (place, &(second, text, answer)) in TABLE.iter().enumerate() {
        let command = command(place, second, text);
        let told = format!("row {place}, {second} s: {text}");
        assert_eq!(said(&engines.answer(&command, &told)), answer, "{told}");
    }
    engines.close_sequence();
    engines.compare();
}

/// A row as a command. The same text of `reserve` and `refuse` is the same call.
fn command(place: usize, second: i64, text: &str) -> Command {
    let words: Vec<&str> = text.split(' ').collect();
    let at = Instant::from_unix(second).unwrap();
    let takes: Vec<Take> = words.iter().filter_map(|word| take(word)).collect();
    let number = |name: &str| -> Option<i64> {
        words.iter().find_map(|word| word.strip_prefix(name)?.strip_prefix('=')?.parse().ok())
    };
    let (request, action) = match words[0] {
        "reserve" => {
            let expires_at = Instant::from_unix(number("until").unwrap_or(5_000)).unwrap();
            let reserve = Reserve { takes, ..reserve(purchase(1_000), expires_at) };
            (id(words[1].as_bytes()[0]), Action::Reserve(Box::new(reserve)))
        }
        "commit" => {
            let part = number("part").map(|total| Part { purchase: purchase(total), takes });
            (id_of_row(place), Action::Commit(Box::new(Commit { sale: sale(words[1]), part })))
        }
        "cancel" => (id_of_row(place), Action::Cancel(sale(words[1]))),
        "refund" => {
            let again = number("again").map(|total| Repriced {
                returns: usize::try_from(number("returns").unwrap()).unwrap(),
                purchase: purchase(total),
                takes,
            });
            let units = words.iter().filter_map(|word| units(word)).collect();
            let delivery = words.contains(&"delivery");
            let refund =
                Refund { sale: sale(words[1]), units, certificates: Vec::new(), delivery, repriced: again };
            (id_of_row(place), Action::Refund(Box::new(refund)))
        }
        "codes" => {
            let terms = Terms {
                uses: Some(1),
                from: None,
                until: None,
                birthday: None,
                customer: None,
                phone: None,
                pin: None,
            };
            let new = |(number, name): (u32, &&str)| NewCode {
                key: CodeKey((*name).to_owned()),
                number,
                terms: None,
            };
            let codes = (0..).zip(&words[2..]).map(new).collect();
            let add = AddCodes { pool: "pool".to_owned(), terms, codes };
            (id(words[1].as_bytes()[1]), Action::AddCodes(Box::new(add)))
        }
        "disable" if words[1] == "pool" => (id_of_row(place), Action::DisablePool("pool".to_owned())),
        "disable" => (id_of_row(place), Action::DisableCode(CodeKey(words[1].to_owned()))),
        "miss" => {
            let by = vec![AttemptKey::All, AttemptKey::Phone(PhoneKey(words[1].to_owned()))];
            (id_of_row(place), Action::Miss(by))
        }
        "refuse" => {
            let rejection = match words[2] {
                "limit" => Rejection::LimitReached("other".to_owned()),
                _ => Rejection::QuoteExpired,
            };
            (id(words[1].as_bytes()[1]), Action::Refuse(rejection))
        }
        other => panic!("{other}"),
    };
    Command { request, content: Content(text.to_owned()), at, action }
}

fn id(letter: u8) -> RequestId {
    RequestId::from_bytes([letter; 16])
}

fn id_of_row(place: usize) -> RequestId {
    let mut bytes = [0xff; 16];
    bytes[0] = u8::try_from(place).unwrap();
    RequestId::from_bytes(bytes)
}

fn sale(letter: &str) -> SaleId {
    id(letter.as_bytes()[0]).sale()
}

/// `total:spring=1/2`: one of two.
fn take(word: &str) -> Option<Take> {
    let (kind, rest) = word.split_once(':')?;
    let (name, rest) = rest.split_once('=')?;
    let (amount, limit) = rest.split_once('/')?;
    let limit: u64 = limit.parse().ok()?;
    let on_refund = if kind == "restore" { OnRefund::Restore } else { OnRefund::Keep };
    let counter = match (kind, name.split_once('@')) {
        ("customer", Some((promotion, who))) => {
            CounterKey::Customer(promotion.to_owned(), CustomerKey(who.to_owned()))
        }
        ("budget", _) => CounterKey::Budget(name.to_owned()),
        ("code", _) => CounterKey::Code(CodeKey(name.to_owned())),
        ("stock", _) => CounterKey::Stock(name.to_owned(), String::new()),
        _ => CounterKey::Total(name.to_owned()),
    };
    let limit = if kind == "stock" { Limit::Now(limit) } else { Limit::Ever(limit) };
    let promotion = name.split('@').next()?.to_owned();
    Some(Take { promotion, counter, amount: amount.parse().ok()?, limit, on_refund })
}

/// `1x2`: two units of line 1; `1.0x2`: of its first group.
fn units(word: &str) -> Option<ReturnedUnits> {
    let (line, quantity) = word.split_once('x')?;
    let (line, group) = line.split_once('.').map_or((line, None), |(line, group)| (line, group.parse().ok()));
    Some(ReturnedUnits { line: line.to_owned(), group, quantity: quantity.parse().ok()? })
}

/// A line of two units at 200 and one at 300, and a delivery for 300; with another total the rest is the delivery's.
pub(crate) fn purchase(total: i64) -> Purchase {
    let units = |quantity, price, promotion: &str| SoldUnits {
        quantity,
        price: Amount::from_minor(price),
        discounts: vec![(promotion.to_owned(), Amount::from_minor(100))],
    };
    let line = SoldLine {
        id: "1".to_owned(),
        sku: "CREAM".to_owned(),
        list_price: Amount::from_minor(400),
        units: vec![units(2, 200, "spring"), units(1, 300, "two")],
        is_certificate: false,
    };
    let delivery = (total - 700).max(0);
    Purchase {
        rulebook: "d".repeat(64),
        asked: "{}".to_owned(),
        customer: Vec::new(),
        codes: Vec::new(),
        channel: "pos".to_owned(),
        store: "kyiv-01".to_owned(),
        currency: "UAH".to_owned(),
        list_total: Amount::from_minor(1_200),
        discount_total: Amount::from_minor(500),
        delivery_total: Amount::from_minor(delivery),
        total: Amount::from_minor(total),
        lines: vec![line],
        promotions: Vec::new(),
        gifts: Vec::new(),
        points: u64::try_from(total / 10).unwrap(),
        payments: Vec::new(),
    }
}

/// A reservation that takes nothing, paid with money.
pub(crate) fn reserve(purchase: Purchase, expires_at: Instant) -> Reserve {
    Reserve { purchase, takes: Vec::new(), expires_at, pay: Vec::new() }
}

/// The id of a certificate that is called so.
pub(crate) fn id_of(certificate: &CertificateKey) -> RequestId {
    let mut bytes = [7_u8; 16];
    certificate.0.bytes().enumerate().for_each(|(place, byte)| {
        bytes[place % 16] = bytes[place % 16].wrapping_mul(31) ^ byte;
    });
    RequestId::from_bytes(bytes)
}
