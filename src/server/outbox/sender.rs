//! By what way messages go: by webhook, to the terminal of a developer, or by none.

use std::fmt;
use std::io::{self, IsTerminal as _, Write};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use secrecy::zeroize::Zeroizing;

use super::error::Error;
use super::failure::Failure;
use super::message::Message;
use super::secrets::Secrets;
use super::text::text;
use super::webhook::Webhook;
use crate::server::config::Config;
use crate::server::secrets::Stage;

/// The way of messages.
pub enum Sender {
    /// To the retailer's gateway.
    Webhook(Webhook),
    /// For developers: a box with the text, mostly on the standard output.
    Terminal(Mutex<Box<dyn Write + Send>>),
    /// No way is set up.
    None,
}

impl Sender {
    /// The way that `config` names: the webhook where there is one. Without it, and not in production, the terminal, where the standard output
    /// is one or `otp-terminal` says so.
    ///
    /// # Errors
    /// The file of secrets is not named, missing in production, open to others, or not what it should be.
    pub fn of(config: &Config) -> Result<Self, Error> {
        let stage = if config.production { Stage::Production } else { Stage::Development };
        if let Some(url) = &config.otp_webhook {
            let secrets = config.otp_webhook_secret.as_ref().ok_or(Error::NoSecrets)?;
            let secrets = Secrets::open(secrets, stage)?;
            return Ok(Sender::Webhook(Webhook::new(url, secrets, Webhook::ATTEMPT)));
        }
        let is_wanted = || config.otp_terminal.unwrap_or_else(|| io::stdout().is_terminal());
        if stage == Stage::Development && is_wanted() {
            return Ok(Sender::Terminal(Mutex::new(Box::new(io::stdout()))));
        }
        Ok(Sender::None)
    }

    /// One attempt, which ends `left` from now. Waits.
    pub(super) fn send(&self, message: &Message, left: Duration) -> Result<(), Failure> {
        match self {
            Sender::Webhook(webhook) => webhook.send(message, left),
            Sender::Terminal(terminal) => {
                let page = page(message, left);
                let mut terminal = terminal.lock().unwrap_or_else(PoisonError::into_inner);
                let done = terminal.write_all(page.as_bytes()).and_then(|()| terminal.flush());
                done.map_err(|error| Failure::outage(&error.to_string()))
            }
            Sender::None => Err(Failure::outage("no way to send one-time passwords is set up")),
        }
    }

    /// Whether there is a way.
    pub(super) fn can_send(&self) -> bool {
        !matches!(self, Sender::None)
    }

    /// Breaks off what is at work.
    pub(super) fn close(&self) {
        if let Sender::Webhook(webhook) = self {
            webhook.close();
        }
    }
}

/// A box around phone and text.
fn page(message: &Message, left: Duration) -> Zeroizing<String> {
    let text = text(message, i64::try_from(left.as_secs()).unwrap_or(i64::MAX));
    let title = format!(" one-time password to {} ", message.phone.as_e164());
    // Names come from callers: no control character of theirs gets to a terminal.
    let text: Zeroizing<String> =
        Zeroizing::new(text.chars().filter(|letter| !letter.is_control()).collect());
    let inside = (text.chars().count() + 2).max(title.chars().count() + 1);
    let top = "─".repeat(inside.saturating_sub(title.chars().count() + 1));
    let blanks = " ".repeat(inside.saturating_sub(text.chars().count() + 2));
    let bottom = "─".repeat(inside);
    Zeroizing::new(format!("┌─{title}{top}┐\n│ {}{blanks} │\n└{bottom}┘\n", &*text))
}

impl fmt::Debug for Sender {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Sender::Webhook(webhook) => webhook.fmt(f),
            Sender::Terminal(_) => f.write_str("Terminal"),
            Sender::None => f.write_str("None"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::message::tests::{message, pay};
    use super::*;
    use crate::lang::Lang;
    use crate::server::config::Options;

    #[test]
    fn a_developer_sees_a_box() {
        for (lang, purpose) in [(Lang::En, pay(35_000)), (Lang::Uk, pay(1))] {
            let one = message(lang, purpose);
            let page = page(&one, Duration::from_secs(300));
            let widths: Vec<usize> = page.lines().map(|line| line.chars().count()).collect();
            assert!(widths.len() == 3 && widths.iter().all(|width| *width == widths[0]), "{}", *page);
            assert!(page.contains("+380671234567") && page.contains(text(&one, 300).as_str()));
        }
        let mut one = message(Lang::En, pay(1));
        one.certificate = "\u{1b}[2J\n".to_owned();
        assert_eq!(page(&one, Duration::ZERO).chars().filter(|letter| letter.is_control()).count(), 3);
    }

    #[test]
    fn the_way_is_what_the_settings_say() {
        let folder = tempfile::tempdir().unwrap();
        let secret = || Some(folder.path().join("webhook"));
        let url = || Some("http://127.0.0.1:9/otp?token=mellon".to_owned());
        let both = |production| Options {
            otp_webhook: url(),
            otp_webhook_secret: secret(),
            production: Some(production),
            access: Some("access.toml".into()),
            ..Options::default()
        };
        let terminal = |shown| Options { otp_terminal: Some(shown), ..Options::default() };
        for (options, expected) in [
            (terminal(true), "Terminal"),
            (terminal(false), "None"),
            (Options { otp_webhook: None, otp_webhook_secret: None, ..both(true) }, "None"),
            (both(true), "is missing"),
            (both(false), "Webhook(Secrets(1 hidden))"),
            (both(true), "Webhook(Secrets(1 hidden))"),
            (Options { otp_terminal: Some(true), ..both(false) }, "Webhook(Secrets(1 hidden))"),
        ] {
            let told = match Sender::of(&options.resolve().unwrap()) {
                Ok(sender) => format!("{sender:?}"),
                Err(error) => error.to_string(),
            };
            assert!(told.contains(expected) && !told.contains("mellon"), "{told}");
        }
    }
}
