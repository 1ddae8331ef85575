//! The phones of all customers: the gateway that sends passwords to them, for every service that these tests start.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, OnceLock};

use crate::outbox::gateway::{Answer, Gateway, OK};

type Passwords = Arc<Mutex<BTreeMap<String, String>>>;

struct Phones {
    gateway: Gateway,
    passwords: Passwords,
}

fn phones() -> &'static Phones {
    static PHONES: OnceLock<Phones> = OnceLock::new();
    PHONES.get_or_init(|| {
        let passwords = Passwords::default();
        let shown = Arc::clone(&passwords);
        let gateway = Gateway::start(move |_, got| {
            let password = got.data()["password"].as_str().unwrap().to_owned();
            let before = shown.lock().unwrap().insert(got.id().to_owned(), password.clone());
            // A message may come twice, with one id and one password.
            assert!(before.is_none_or(|before| before == password), "two passwords of one call");
            Answer::Say(OK.to_owned())
        });
        Phones { gateway, passwords }
    })
}

/// Where the gateway is.
pub(super) fn url() -> String {
    phones().gateway.url()
}

/// What the phone shows of a call, once it does.
pub(super) fn shown(request: &str) -> Option<String> {
    phones().passwords.lock().unwrap().get(&format!("otp_{request}")).cloned()
}
