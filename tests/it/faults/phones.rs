//! The phones of all customers: the gateway that sends passwords to them, for every service that these tests start.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, OnceLock};

use crate::outbox::gateway::{Answer, Gateway, OK};

type Passwords = Arc<Mutex<BTreeMap<String, String>>>;

struct Phones {
    gateway: Gateway,
    passwords: Passwords,
    differing: Arc<Mutex<BTreeSet<String>>>,
}

fn phones() -> &'static Phones {
    static PHONES: OnceLock<Phones> = OnceLock::new();
    PHONES.get_or_init(|| {
        let passwords = Passwords::default();
        let shown = Arc::clone(&passwords);
        let differing = Arc::<Mutex<BTreeSet<String>>>::default();
        let noted = Arc::clone(&differing);
        let gateway = Gateway::start(move |_, got| {
            let password = got.data()["password"].as_str().unwrap().to_owned();
            let before = shown.lock().unwrap().insert(got.id().to_owned(), password.clone());
            if before.is_some_and(|before| before != password) {
                noted.lock().unwrap().insert(got.id().to_owned());
            }
            Answer::Say(OK.to_owned())
        });
        Phones { gateway, passwords, differing }
    })
}

/// Where the gateway is.
pub(crate) fn url() -> String {
    phones().gateway.url()
}

/// Whether the message of a call came again with another password: it may come twice, with one id and one password.
pub(crate) fn differed(request: &str) -> bool {
    phones().differing.lock().unwrap().contains(&format!("otp_{request}"))
}

/// What the phone shows of a call, once it does.
pub(crate) fn shown(request: &str) -> Option<String> {
    phones().passwords.lock().unwrap().get(&format!("otp_{request}")).cloned()
}

/// What that phone shows of a call, once it does.
pub(super) fn shows(_phone: &str, request: &str) -> Option<String> {
    shown(request)
}
