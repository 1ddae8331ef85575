//! The secrets that sign webhooks, in a file: a line `whsec_` and Base64 each, as Standard Webhooks writes them.
//!
//! While a secret is replaced there are two of them, and each message carries a signature of both; a line that begins with `#` is a
//! remark.

use std::fmt;
use std::fs::File;
use std::io::{self, Read as _, Write as _};
use std::path::Path;

use secrecy::zeroize::Zeroizing;
use standardwebhooks::Webhook;

use super::error::{Error, disk};
use crate::server::folders;
use crate::server::secrets::{Entropy, Stage, key_file};

/// Secrets at once: one more than two that overlap twice.
const SECRETS_MAX: usize = 4;
/// Bytes of a secret, by Standard Webhooks.
const SECRET_BYTES: std::ops::RangeInclusive<usize> = 24..=64;
/// Bytes of a file: four secrets are 400, the rest is for remarks.
const FILE_BYTES_MAX: usize = 16 * 1024;
/// Base64 letters of a secret that we make: 36 bytes.
const MADE_LETTERS: usize = 48;

const BASE64: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// One to four secrets. `Debug` shows how many.
pub struct Secrets {
    // INVARIANT: at least one.
    signers: Vec<Webhook>,
}

impl Secrets {
    /// Those in the file at `path`; a new one where there is no file and the stage is development.
    ///
    /// # Errors
    /// The file is missing, others may read it, or it is not what it should be.
    pub fn open(path: &Path, stage: Stage) -> Result<Self, Error> {
        match read(path) {
            Err(Error::Missing { .. }) if stage == Stage::Development => {
                create(path)?;
                tracing::info!(path = %path.display(), "a secret for webhooks was made: give it to the gateway");
                parse(path, &read(path)?)
            }
            text => parse(path, &text?),
        }
    }

    /// The value of `webhook-signature`: a signature of each secret, with blanks between them. `body` is UTF-8.
    pub(super) fn sign(&self, id: &str, timestamp: i64, body: &[u8]) -> String {
        let signatures = self.signers.iter().filter_map(|signer| signer.sign(id, timestamp, body).ok());
        signatures.collect::<Vec<_>>().join(" ")
    }
}

impl fmt::Debug for Secrets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Secrets({} hidden)", self.signers.len())
    }
}

fn read(path: &Path) -> Result<Zeroizing<String>, Error> {
    let wrong = |error: io::Error| match error.kind() {
        io::ErrorKind::NotFound => Error::Missing { path: path.to_owned() },
        _ => disk("read", path)(error),
    };
    let file = File::open(path).map_err(wrong)?;
    if let Some(mode) = key_file::open_to_others(&file).map_err(wrong)? {
        return Err(Error::Open { path: path.to_owned(), mode });
    }
    let mut text = Zeroizing::new(String::with_capacity(FILE_BYTES_MAX + 64));
    let most = u64::try_from(FILE_BYTES_MAX + 1).unwrap_or(u64::MAX);
    file.take(most).read_to_string(&mut text).map_err(wrong)?;
    if text.len() > FILE_BYTES_MAX {
        return Err(wrong(io::ErrorKind::FileTooLarge.into()));
    }
    Ok(text)
}

fn parse(path: &Path, text: &str) -> Result<Secrets, Error> {
    let wrong = |line, what| Error::Line { path: path.to_owned(), line, what };
    let mut signers = Vec::new();
    let lines = (1..).zip(text.lines().map(str::trim));
    for (line, secret) in lines.filter(|(_, text)| !text.is_empty() && !text.starts_with('#')) {
        if signers.len() == SECRETS_MAX {
            return Err(wrong(
                line,
                "more than 4 secrets: take out those that the gateway does not ask for any more",
            ));
        }
        signers.push(signer(secret).map_err(|what| wrong(line, what))?);
    }
    if signers.is_empty() {
        return Err(wrong(text.lines().count() + 1, "there is no secret"));
    }
    Ok(Secrets { signers })
}

fn signer(secret: &str) -> Result<Webhook, &'static str> {
    let base64 = secret.strip_prefix("whsec_").ok_or("a secret begins with `whsec_`")?;
    let signer = Webhook::new(base64).map_err(|_| "behind `whsec_` there is no Base64")?;
    // Three bytes are four letters, and `=` stands for a byte that is missing.
    let fill = base64.bytes().rev().take_while(|&letter| letter == b'=').count();
    match (base64.len() / 4 * 3).checked_sub(fill) {
        Some(bytes) if SECRET_BYTES.contains(&bytes) => Ok(signer),
        _ => Err("a secret is 24 to 64 bytes"),
    }
}

/// Makes the file durably, for its owner alone from the first moment on. One that another process made meanwhile stays.
fn create(path: &Path) -> Result<(), Error> {
    let mut text =
        Zeroizing::new("# Signs what goes to the gateway of one-time passwords.\nwhsec_".to_owned());
    text.reserve(MADE_LETTERS + 1);
    let random = Zeroizing::new(Entropy.bytes::<MADE_LETTERS>()?);
    // 64 letters: each is as likely as any other.
    let letters = random.iter().filter_map(|byte| BASE64.get(usize::from(byte % 64)));
    text.extend(letters.map(|&letter| char::from(letter)));
    text.push('\n');
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    make(path, folder, &text).map_err(disk("make", path))
}

fn make(path: &Path, folder: &Path, text: &str) -> io::Result<()> {
    folders::make(folder)?;
    // A temporary file has mode 0600 when it is made.
    let mut beside = tempfile::Builder::new().prefix(".pricewright-").tempfile_in(folder)?;
    beside.write_all(text.as_bytes())?;
    beside.as_file().sync_all()?;
    match beside.persist_noclobber(path) {
        Err(failed) if failed.error.kind() != io::ErrorKind::AlreadyExists => Err(failed.error),
        _ => folders::sync(folder),
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    /// 24 bytes: the shortest.
    const SHORT: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

    #[cfg(unix)]
    fn set_mode(path: &Path, mode: u32) {
        use std::os::unix::fs::PermissionsExt;
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    }

    fn of(text: &str) -> Result<Secrets, Error> {
        parse(Path::new("secrets"), text)
    }

    /// The example of the specification: it must never change.
    #[test]
    fn signatures_are_those_of_the_standard() {
        let (id, body) = ("msg_p5jXN8AQM9LWM0D4loKWxJek", b"{\"test\": 2432232314}");
        let one = of(SHORT).unwrap().sign(id, 1_614_265_330, body);
        assert_eq!(one, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
        let other = format!("whsec_{}", "QUJD".repeat(16));
        let two = of(&format!("# new\n{other}\n\n  {SHORT}\r\n")).unwrap();
        let signatures = two.sign(id, 1_614_265_330, body);
        assert!(signatures.ends_with(&format!(" {one}")) && signatures.matches("v1,").count() == 2);
        assert_eq!(format!("{two:?}"), "Secrets(2 hidden)");
    }

    #[test]
    fn a_mistake_is_told_by_its_line_and_shows_no_secret() {
        let five = format!("{SHORT}\n").repeat(5);
        for (text, line, what) in [
            ("", 1, "there is no secret"),
            ("# later\n\n", 3, "there is no secret"),
            (SHORT.strip_prefix("whsec_").unwrap(), 1, "begins with `whsec_`"),
            (&format!("\n{SHORT} # remark"), 2, "there is no Base64"),
            (&format!("{SHORT}="), 1, "there is no Base64"),
            ("whsec_", 1, "24 to 64 bytes"),
            (&format!("whsec_{}QUI=", "QUJD".repeat(7)), 1, "24 to 64 bytes"),
            (&format!("whsec_{}QQ==", "QUJD".repeat(21)), 1, ""),
            (&format!("whsec_{}QUI=", "QUJD".repeat(21)), 1, "24 to 64 bytes"),
            (&five, 5, "more than 4 secrets"),
        ] {
            match of(text) {
                Ok(_) => assert_eq!(what, "", "{text}"),
                Err(error) => {
                    let told = error.to_string();
                    assert!(
                        told.starts_with(&format!("line {line} ")) && told.contains(what),
                        "{text}: {told}"
                    );
                    assert!(
                        !what.is_empty() && !told.contains("MfKQ9r8G") && !told.contains("QUJD"),
                        "{told}"
                    );
                }
            }
        }
    }

    #[test]
    fn a_missing_file_is_made_in_development_alone() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a/webhook");
        for stage in [Stage::Production, Stage::Begun] {
            assert!(matches!(Secrets::open(&path, stage), Err(Error::Missing { .. })));
        }
        let made = Secrets::open(&path, Stage::Development).unwrap();
        let again = Secrets::open(&path, Stage::Production).unwrap();
        assert_eq!(made.sign("1", 2, b"3"), again.sign("1", 2, b"3"));
        let other = folder.path().join("b");
        assert_ne!(
            Secrets::open(&other, Stage::Development).unwrap().sign("1", 2, b"3"),
            made.sign("1", 2, b"3")
        );
        // Who comes second to make it keeps what is there.
        create(&path).unwrap();
        assert_eq!(
            Secrets::open(&path, Stage::Production).unwrap().sign("1", 2, b"3"),
            made.sign("1", 2, b"3")
        );
        assert_eq!(fs::read_dir(folder.path().join("a")).unwrap().count(), 1, "something was left behind");
        fs::write(&path, "#".repeat(FILE_BYTES_MAX + 1)).unwrap();
        assert!(matches!(Secrets::open(&path, Stage::Production), Err(Error::Disk { .. })));
    }

    #[cfg(unix)]
    #[test]
    fn a_file_that_others_may_read_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("webhook");
        Secrets::open(&path, Stage::Development).unwrap();
        for (mode, is_good) in [(0o600, true), (0o400, true), (0o640, false), (0o604, false), (0o602, false)]
        {
            set_mode(&path, mode);
            match Secrets::open(&path, Stage::Production) {
                Ok(_) => assert!(is_good, "{mode:o}"),
                Err(error) => assert!(!is_good && error.to_string().contains(&format!("mode {mode:03o}"))),
            }
        }
    }
}
