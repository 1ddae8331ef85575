//! `pricewright codes` and `customers` with files and standard input. What they print is for the person who asked; what they say of a fault
//! repeats nothing of it.

use std::fs;

use super::calls::Heard;
use super::planted;
use super::shop::{Ran, Shop};

/// A command that must end so, and may show nothing.
fn ran(shop: &Shop, heard: &mut Heard, (args, input): (&str, &str), code: i32) -> Ran {
    let ran = shop.run(&args.split(' ').collect::<Vec<_>>(), input);
    assert_eq!(ran.code, code, "{args}: {}", String::from_utf8_lossy(&ran.err));
    heard.ran(args, &ran);
    ran
}

/// The codes that were made.
pub(super) fn call(shop: &Shop, heard: &mut Heard, made: &[String]) -> Vec<String> {
    customers(shop, heard);
    codes(shop, heard, &made[3]);
    ran(shop, heard, ("codes generate spring 5 -o desk/spring.txt", ""), 0);
    let text = fs::read_to_string(shop.home().join("desk/spring.txt")).unwrap();
    ran(shop, heard, ("codes generate spring 5 -o desk/spring.txt", ""), 2);
    text.lines().map(str::to_owned).collect()
}

fn codes(shop: &Shop, heard: &mut Heard, made: &str) {
    let (phone, pin, refused) = (planted::PHONE, planted::PIN, planted::REFUSED);
    let put = |name: &str, text: String| fs::write(shop.home().join("desk").join(name), text).unwrap();
    put("good.csv", format!("code;phone;pin\nSECOND-{refused};{phone};{pin}\n"));
    put(
        "refused.csv",
        format!(
            "code;phone;pin\n{};;\n{refused};{};{pin}\n{refused};{phone};{}\n",
            planted::BOUND,
            planted::PHONE_MALFORMED,
            planted::PIN_MALFORMED
        ),
    );
    // The names of the columns are missing, a quotation mark is open, a number is none, a cell is too many.
    put("headless.csv", format!("{refused};{phone};{pin}\n{refused};{phone};{pin}\n"));
    put("open.csv", format!("code;phone;pin\n\"{refused};{phone};{pin}\n"));
    put(
        "number.csv",
        format!("code;phone;uses;until\n{refused};{phone};{pin};\n{refused};{phone};1;{pin}\n"),
    );
    put("more.csv", format!("code;phone\n{refused};{phone};{pin}\n"));
    for (args, code) in [
        ("good.csv", 0),
        // The code is there by now.
        ("good.csv --json", 1),
        ("refused.csv", 1),
        ("refused.csv --json", 1),
        ("headless.csv", 2),
        ("open.csv", 2),
        ("number.csv", 2),
        ("more.csv", 2),
    ] {
        ran(shop, heard, (&format!("codes import birthday desk/{args}"), ""), code);
    }
    let long = super::calls::long(planted::TOO_LONG);
    for (args, input, code) in [
        ("codes inspect -", planted::BOUND, 0),
        ("codes inspect - --json", planted::MANY, 0),
        ("codes inspect -", planted::UNKNOWN, 1),
        ("codes inspect -", long.as_str(), 1),
        ("codes disable --code -", made, 0),
        ("codes disable --code -", planted::UNKNOWN, 1),
        ("codes disable --code -", long.as_str(), 1),
        ("codes inspect - --server http://127.0.0.1:1", planted::BOUND, 2),
    ] {
        ran(shop, heard, (args, input), code);
    }
    // As an argument, which a person should not do.
    for (args, code) in [
        (format!("codes inspect {}", planted::UNKNOWN), 1),
        (format!("codes disable --code {}", planted::UNKNOWN), 1),
    ] {
        let told = shop.run(&args.split(' ').collect::<Vec<_>>(), "");
        assert_eq!(told.code, code, "{args}");
        heard.ran("a command with a code", &told);
    }
}

fn customers(shop: &Shop, heard: &mut Heard) {
    let (id, phone, tier) = (planted::CUSTOMER, planted::PHONE, planted::TIER);
    let put = |name: &str, text: String| fs::write(shop.home().join("desk").join(name), text).unwrap();
    put(
        "people.csv",
        format!(
            "id,phone,segments,tier,birthday,{}\n{id},{phone},{},{tier},{},{}\n{id}-2,{},,,,\n{id}-3,,,,{},\n{id}-4,,,,,\"{}\n",
            planted::ATTRIBUTE,
            planted::SEGMENT,
            planted::BIRTHDAY,
            planted::VALUE,
            planted::PHONE_MALFORMED,
            planted::BIRTHDAY_MALFORMED,
            planted::VALUE,
        ),
    );
    put("headless.people.csv", format!("{phone},{tier}\n{phone},{tier}\n"));
    put(
        "people.jsonl",
        format!(
            "{{\"id\": \"{id}-5\", \"phone\": \"{}\"}}\n{{\"id\": \"{id}-6\", \"{}\": \"{}\"}}\n{{\"id\": \"{id}-7\", \"birthday\": {phone}\n{}\n",
            planted::PHONE_MALFORMED,
            planted::ATTRIBUTE,
            planted::VALUE,
            planted::BOUND,
        ),
    );
    for (args, code) in [
        ("customers import desk/people.csv", 1),
        ("customers import --json --lang uk desk/people.csv", 1),
        ("customers import desk/headless.people.csv", 2),
        ("customers import desk/people.jsonl", 1),
        ("customers import desk/people.jsonl --server http://127.0.0.1:1", 2),
    ] {
        ran(shop, heard, (args, ""), code);
    }
    for (by, code) in [
        (vec!["--phone", planted::PHONE_WRONG], 1),
        (vec!["--phone", planted::PHONE_MALFORMED], 2),
        (vec![planted::CUSTOMER_GONE], 1),
    ] {
        let told = shop.run(&[vec!["customers", "get"], by].concat(), "");
        assert_eq!(told.code, code, "{}", String::from_utf8_lossy(&told.err));
        heard.ran("customers get of nobody", &told);
    }
    let told = shop.run(&["customers", "delete", planted::CUSTOMER_GONE], "");
    assert_eq!(told.code, 1);
    heard.ran("customers delete of nobody", &told);
}
