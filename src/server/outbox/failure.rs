//! Why an attempt failed, in a few words for an operator: of the gateway, never of the message.

use ureq::http::StatusCode;

/// Characters of a reason: what a TLS library says can be long.
const WHY_CHARS: usize = 160;

/// One attempt that failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Failure {
    /// Why.
    pub(super) why: String,
    /// Whether the next message, too, would fail: the gateway is not there, or says that it is not well. A refusal may be of this message
    /// alone.
    pub(super) is_outage: bool,
}

impl Failure {
    pub(super) fn outage(why: &str) -> Self {
        // Of other hands: it goes to logs and terminals.
        let why = why.chars().filter(|letter| !letter.is_control()).take(WHY_CHARS).collect();
        Failure { why, is_outage: true }
    }

    /// An answer that is not 2xx.
    pub(super) fn answered(status: StatusCode) -> Self {
        let is_outage = status.is_server_error() || matches!(status.as_u16(), 408 | 425 | 429);
        Failure { why: format!("the gateway answered {}", status.as_u16()), is_outage }
    }

    /// No answer. An address, which may have a token in it, is not repeated.
    pub(super) fn of(error: &ureq::Error) -> Self {
        match error {
            ureq::Error::Timeout(_) => Self::outage("no answer in time"),
            ureq::Error::Io(error) => Self::outage(&error.to_string()),
            ureq::Error::Rustls(error) => Self::outage(&error.to_string()),
            ureq::Error::Tls(why) => Self::outage(why),
            ureq::Error::HostNotFound => Self::outage("the gateway's host is unknown"),
            ureq::Error::LargeResponseHeader(..) => Self::outage("the head of the answer is too long"),
            ureq::Error::Protocol(_) | ureq::Error::Http(_) => Self::outage("the answer is not HTTP"),
            _ => Self::outage("the gateway cannot be reached"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_of_one_message_is_no_outage() {
        for (status, is_outage) in [
            (301, false),
            (400, false),
            (401, false),
            (410, false),
            (408, true),
            (425, true),
            (429, true),
            (500, true),
            (503, true),
        ] {
            let failure = Failure::answered(StatusCode::from_u16(status).unwrap());
            assert_eq!(
                (failure.why, failure.is_outage),
                (format!("the gateway answered {status}"), is_outage)
            );
        }
    }

    #[test]
    fn a_reason_is_short_and_has_no_address() {
        let told = |error: ureq::Error| Failure::of(&error).why;
        assert_eq!(
            told(ureq::Error::BadUri("http://x/?token=1".to_owned())),
            "the gateway cannot be reached"
        );
        let long = std::io::Error::other(format!("\u{1b}[2J{}", "x".repeat(1_000)));
        let told = told(ureq::Error::Io(long));
        assert!(told.starts_with("[2Jxx") && told.chars().count() == WHY_CHARS, "{told}");
    }
}
