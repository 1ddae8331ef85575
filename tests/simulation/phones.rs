//! The phones of all customers of a simulated shop: what the service shows a developer on the terminal, they show.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::io::{self, Write};
use std::sync::{Arc, Mutex};

/// The last password on each phone.
#[derive(Debug, Clone, Default)]
pub(crate) struct Phones(Arc<Mutex<BTreeMap<String, String>>>);

thread_local! {
    /// Those of the simulation that runs on this thread.
    static OURS: RefCell<Phones> = RefCell::default();
}

impl Phones {
    /// New ones for this thread.
    pub(crate) fn new() -> Self {
        let phones = Phones::default();
        OURS.set(phones.clone());
        phones
    }
}

/// A page is a box: in its first line stands the phone, in its second the text with the password, the only six digits in a row.
impl Write for Phones {
    fn write(&mut self, page: &[u8]) -> io::Result<usize> {
        let text = std::str::from_utf8(page).unwrap();
        let mut lines = text.lines();
        let digits = |line: &str| line.chars().filter(char::is_ascii_digit).collect::<String>();
        let phone = format!("+{}", digits(lines.next().unwrap()));
        let said = lines.next().unwrap();
        let mut runs = said.split(|letter: char| !letter.is_ascii_digit());
        let password = runs.find(|run| run.len() == 6).unwrap_or_else(|| panic!("no password in {said}"));
        self.0.lock().unwrap().insert(phone, password.to_owned());
        Ok(page.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// What a phone shows, once it does.
pub(crate) fn shows(phone: &str, _request: &str) -> Option<String> {
    OURS.with_borrow(|phones| phones.0.lock().unwrap().get(phone).cloned())
}
