//! Why a call failed: a closed list that programs switch on, with words for people. `docs/errors.md` explains each.

use std::time::Duration;

use tonic::{Code, Status};
use tonic_types::{ErrorDetails, StatusExt};

use super::refusal;
use crate::basket::Fault;
use crate::lang::Lang;
use crate::ledger::Rejection;
use crate::server::codes::Trouble;
use crate::server::wire;

/// The domain of every reason.
pub const DOMAIN: &str = "pricewright";
/// When to come again after an overload: long enough for a queue of baskets to drain.
const RETRY_AFTER: Duration = Duration::from_millis(200);
/// When to come again after an outage of the database: it is asked five times a second whether it is back.
const RETRY_AFTER_OUTAGE: Duration = Duration::from_secs(1);
/// Bytes of fields and descriptions in one failure. The details of a status travel as one header, of which clients take
/// 8 KB unless told otherwise: with more, a caller would see a broken call instead of the reason.
const VIOLATION_BYTES_MAX: usize = 3_000;

/// Why a call failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Failure {
    /// Fields are at fault.
    Invalid(Vec<Fault>),
    /// The bytes are not a message of this method.
    Malformed,
    /// The message has more bytes than allowed.
    TooLarge,
    /// The request names a rulebook that is neither live nor one of the last.
    VersionUnknown,
    /// Nothing is live yet.
    NoRulebook,
    /// No profile has this id or phone.
    CustomerUnknown,
    /// Profiles cannot be read from the disk or written to it.
    ProfilesUnavailable,
    /// The database that has the profiles cannot be reached.
    ProfilesAway,
    /// Too much to do at the moment.
    Overloaded,
    /// The caller's deadline, or the server's, has passed.
    TooLate,
    /// The server is going down.
    ShuttingDown,
    /// Nobody is known by the credential of the call, or it has none, or it has ended: which of these, the caller is not told.
    NotKnown,
    /// Whoever calls may not call this, or not for this store or channel.
    NotAllowed,
    /// Another must make the same call, with this approval.
    SecondPersonNeeded(String),
    /// The approval is not for this call, has ended, or is the caller's own.
    ApprovalRefused,
    /// There is no such method.
    MethodUnknown,
    /// The ledger decided against it.
    Refused(Rejection),
    /// The ledger has stopped: whether the call was kept is not known.
    LedgerStopped,
    /// The database of the ledger cannot be reached: whether the call was kept is not known.
    LedgerAway,
    /// There is too little room on the disk for new holds.
    DiskFull,
    /// A report has more rows than a message takes.
    ReportTooLarge,
    /// Nothing is configured that could send a password.
    NoSender,
    /// Another rulebook is live than the caller thought: this one, if any.
    RulebookChanged(Option<String>),
    /// There was never such a rulebook.
    RulebookUnknown,
    /// What is kept of an old rulebook is damaged.
    RulebookDamaged,
    /// Rulebooks of the past cannot be read, or a new one not kept.
    RulebooksUnavailable,
    /// A fault of the server.
    Internal,
}

impl Failure {
    /// The gRPC status code.
    #[must_use]
    pub fn code(&self) -> Code {
        match self {
            Failure::Invalid(_) | Failure::Malformed => Code::InvalidArgument,
            Failure::VersionUnknown => Code::FailedPrecondition,
            Failure::NoRulebook | Failure::ShuttingDown | Failure::ProfilesUnavailable => Code::Unavailable,
            Failure::NoSender | Failure::RulebooksUnavailable | Failure::ProfilesAway => Code::Unavailable,
            Failure::CustomerUnknown | Failure::RulebookUnknown => Code::NotFound,
            Failure::RulebookChanged(_) => Code::FailedPrecondition,
            Failure::SecondPersonNeeded(_) | Failure::ApprovalRefused => Code::FailedPrecondition,
            Failure::RulebookDamaged => Code::DataLoss,
            Failure::TooLarge | Failure::Overloaded => Code::ResourceExhausted,
            Failure::TooLate => Code::DeadlineExceeded,
            Failure::NotKnown => Code::Unauthenticated,
            Failure::NotAllowed => Code::PermissionDenied,
            Failure::MethodUnknown => Code::Unimplemented,
            Failure::Refused(rejection) => refusal::code(rejection),
            Failure::LedgerStopped | Failure::LedgerAway => Code::Unavailable,
            Failure::DiskFull | Failure::ReportTooLarge => Code::ResourceExhausted,
            Failure::Internal => Code::Internal,
        }
    }

    /// The reason that a program can switch on.
    #[must_use]
    pub fn reason(&self) -> &'static str {
        match self {
            Failure::Invalid(_) => "INVALID_FIELDS",
            Failure::Malformed => "MALFORMED_MESSAGE",
            Failure::TooLarge => "MESSAGE_TOO_LARGE",
            Failure::VersionUnknown => "RULEBOOK_VERSION_UNKNOWN",
            Failure::NoRulebook => "NO_RULEBOOK",
            Failure::CustomerUnknown => "CUSTOMER_UNKNOWN",
            Failure::ProfilesUnavailable => "PROFILES_UNAVAILABLE",
            Failure::ProfilesAway => "PROFILES_AWAY",
            Failure::Overloaded => "OVERLOADED",
            Failure::TooLate => "DEADLINE_EXCEEDED",
            Failure::ShuttingDown => "SHUTTING_DOWN",
            Failure::NotKnown => "CREDENTIAL_REFUSED",
            Failure::NotAllowed => "NOT_ALLOWED",
            Failure::SecondPersonNeeded(_) => "SECOND_PERSON_NEEDED",
            Failure::ApprovalRefused => "APPROVAL_REFUSED",
            Failure::MethodUnknown => "METHOD_UNKNOWN",
            Failure::Refused(rejection) => refusal::reason(rejection),
            Failure::LedgerStopped => "LEDGER_STOPPED",
            Failure::LedgerAway => "LEDGER_UNAVAILABLE",
            Failure::DiskFull => "DISK_NEARLY_FULL",
            Failure::ReportTooLarge => "REPORT_TOO_LARGE",
            Failure::NoSender => "OTP_NO_SENDER",
            Failure::RulebookChanged(_) => "RULEBOOK_CHANGED",
            Failure::RulebookUnknown => "RULEBOOK_UNKNOWN",
            Failure::RulebookDamaged => "RULEBOOK_DAMAGED",
            Failure::RulebooksUnavailable => "RULEBOOKS_UNAVAILABLE",
            Failure::Internal => "INTERNAL",
        }
    }

    /// One sentence for the person at the till.
    #[must_use]
    pub fn say(&self, lang: Lang) -> String {
        let text = match self {
            Failure::Invalid(faults) => return say_faults(faults, lang),
            Failure::Malformed => lang.pick("The request cannot be read.", "Запит неможливо прочитати."),
            Failure::TooLarge => lang.pick("The request is too large.", "Запит завеликий."),
            Failure::VersionUnknown => lang.pick(
                "These prices are no longer in force; price the basket anew.",
                "Ці ціни вже не діють; порахуйте кошик заново.",
            ),
            Failure::NoRulebook => lang.pick(
                "No promotions are loaded yet; try again.",
                "Акції ще не завантажено; спробуйте ще раз.",
            ),
            Failure::CustomerUnknown => lang.pick("This customer is not known.", "Такого клієнта немає."),
            Failure::ProfilesUnavailable => lang.pick(
                "Customer profiles are unavailable; call the administrator.",
                "Профілі клієнтів недоступні; зверніться до адміністратора.",
            ),
            Failure::ProfilesAway => lang.pick(
                "The database of the customer profiles is out of reach; try again in a moment.",
                "База даних профілів клієнтів недоступна; спробуйте ще раз за мить.",
            ),
            Failure::Overloaded => {
                lang.pick("The service is busy; try again.", "Сервіс перевантажено; спробуйте ще раз.")
            }
            Failure::TooLate => {
                lang.pick("The answer took too long; try again.", "Відповідь забарилася; спробуйте ще раз.")
            }
            Failure::ShuttingDown => lang
                .pick("The service is restarting; try again.", "Сервіс перезапускається; спробуйте ще раз."),
            Failure::NotKnown => lang.pick(
                "This till is not known to the service; call the administrator.",
                "Сервіс не знає цієї каси; зверніться до адміністратора.",
            ),
            Failure::NotAllowed => lang.pick(
                "This till may not do that; call the administrator.",
                "Цій касі це не дозволено; зверніться до адміністратора.",
            ),
            Failure::SecondPersonNeeded(approval) => return say_second(approval, lang),
            Failure::ApprovalRefused => lang.pick(
                "The approval is of another call, is over a day old, or is your own: somebody else must ask for the same.",
                "Схвалення стосується іншого виклику, старше за добу або ваше власне: те саме має запитати хтось інший.",
            ),
            Failure::MethodUnknown => {
                lang.pick("The service does not know this call.", "Сервіс не знає такого виклику.")
            }
            Failure::Refused(rejection) => return refusal::say(rejection, lang),
            Failure::LedgerStopped => lang.pick(
                "The service is restarting; ask again with the same request id.",
                "Сервіс перезапускається; повторіть запит із тим самим ідентифікатором.",
            ),
            Failure::LedgerAway => lang.pick(
                "The database is out of reach; ask again in a moment with the same request id.",
                "База даних недоступна; повторіть запит за мить із тим самим ідентифікатором.",
            ),
            Failure::DiskFull => lang.pick(
                "The service's disk is nearly full; no new purchases are reserved.",
                "Диск сервісу майже заповнено; нові покупки не резервуються.",
            ),
            Failure::ReportTooLarge => lang.pick(
                "The report has more than 20,000 rows; ask for fewer days, promotions or columns.",
                "У звіті понад 20 000 рядків; виберіть менше днів, акцій або стовпців.",
            ),
            Failure::NoSender => lang.pick(
                "No gateway for passwords is set up; call the administrator.",
                "Надсилання паролів не налаштовано; зверніться до адміністратора.",
            ),
            Failure::RulebookChanged(live) => return say_changed(live.as_deref(), lang),
            Failure::RulebookUnknown => {
                lang.pick("No such version was ever in force.", "Такої версії правил ніколи не було.")
            }
            Failure::RulebookDamaged => lang.pick(
                "What is kept of this version is damaged; publish its files again.",
                "Збережені файли цієї версії пошкоджено; опублікуйте їх знову.",
            ),
            Failure::RulebooksUnavailable => lang.pick(
                "The history of rules cannot be read or written; nothing was published. Call the administrator.",
                "Історію правил неможливо прочитати або записати; нічого не опубліковано. Зверніться до адміністратора.",
            ),
            Failure::Internal => lang.pick("The service has failed.", "У сервісі сталася помилка."),
        };
        text.to_owned()
    }

    /// The status with all its details.
    #[must_use]
    pub fn status(&self, lang: Lang) -> Status {
        let mut details = ErrorDetails::new();
        let more = match self {
            Failure::Refused(rejection) => refusal::metadata(rejection),
            Failure::RulebookChanged(live) => live.clone().map(|live| ("live_version".to_owned(), live)),
            Failure::SecondPersonNeeded(approval) => Some(("approval".to_owned(), approval.clone())),
            _ => None,
        };
        let nothing_more: [(String, String); 0] = [];
        match more {
            Some(more) => details.set_error_info(self.reason(), DOMAIN, [more]),
            None => details.set_error_info(self.reason(), DOMAIN, nothing_more),
        };
        details.set_localized_message(lang.pick("en", "uk"), self.say(lang));
        for (field, description) in self.violations(lang) {
            details.add_bad_request_violation(field, description);
        }
        match self {
            Failure::Overloaded => {
                details.set_retry_info(Some(RETRY_AFTER));
            }
            Failure::LedgerAway | Failure::ProfilesAway => {
                details.set_retry_info(Some(RETRY_AFTER_OUTAGE));
            }
            Failure::Refused(Rejection::OtpTooSoon(seconds)) => {
                details.set_retry_info(Some(Duration::from_secs(u64::from(*seconds))));
            }
            _ => {}
        }
        Status::with_error_details(self.code(), self.say(Lang::En), details)
    }

    /// The failure of one request among several.
    #[must_use]
    pub fn wire(&self, lang: Lang) -> wire::Failure {
        let violations = self.violations(lang).into_iter();
        wire::Failure {
            code: self.code().into(),
            message: self.say(lang),
            reason: self.reason().to_owned(),
            violations: violations
                .map(|(field, description)| wire::FieldViolation { field, description })
                .collect(),
        }
    }

    /// The fields at fault with what is wrong, as many of the first as fit; the message says how many there are in all.
    fn violations(&self, lang: Lang) -> Vec<(String, String)> {
        let Failure::Invalid(faults) = self else {
            return Vec::new();
        };
        let told = faults.iter().map(|fault| (fault.field.clone(), fault.problem.say(lang)));
        let mut bytes = 0;
        told.take_while(|(field, description)| {
            bytes += field.len() + description.len();
            bytes <= VIOLATION_BYTES_MAX
        })
        .collect()
    }

    /// What a status means that the library made before or around a method.
    #[must_use]
    pub fn of_library(code: Code) -> Option<Self> {
        match code {
            Code::Ok => None,
            Code::OutOfRange | Code::ResourceExhausted => Some(Failure::TooLarge),
            Code::Unimplemented => Some(Failure::MethodUnknown),
            Code::Cancelled | Code::DeadlineExceeded => Some(Failure::TooLate),
            _ => Some(Failure::Malformed),
        }
    }
}

fn say_second(approval: &str, lang: Lang) -> String {
    lang.pick(
        format!("Nothing is done yet: within a day somebody else must make the same call, with its request id and this approval: {approval}"),
        format!("Ще нічого не зроблено: протягом доби хтось інший має зробити той самий виклик, з його ідентифікатором і цим схваленням: {approval}"),
    )
}

fn say_changed(live: Option<&str>, lang: Lang) -> String {
    match live {
        Some(live) => lang.pick(
            format!("Another version is in force by now, {live}; look at what has changed and try again."),
            format!("Тепер діє інша версія, {live}; перегляньте, що змінилося, і спробуйте ще раз."),
        ),
        None => lang.pick("No version is in force yet.", "Жодна версія ще не діє.").to_owned(),
    }
}

fn say_faults(faults: &[Fault], lang: Lang) -> String {
    let more = faults.len().saturating_sub(1);
    let Some(first) = faults.first() else {
        return lang.pick("The request is at fault.", "Запит хибний.").to_owned();
    };
    let first = format!("{} {}", first.field, first.problem.say(lang));
    match more {
        0 => first,
        more => lang.pick(format!("{first}; and {more} more"), format!("{first}; і ще {more}")),
    }
}

impl From<Trouble> for Failure {
    fn from(trouble: Trouble) -> Self {
        match trouble {
            Trouble::Stopped => Failure::LedgerStopped,
            Trouble::Busy => Failure::Overloaded,
            Trouble::Away => Failure::LedgerAway,
            Trouble::Ledger(error) if error.is_away() => Failure::LedgerAway,
            Trouble::Ledger(_) => Failure::LedgerStopped,
            Trouble::DiskFull => Failure::DiskFull,
            Trouble::Entropy => Failure::Internal,
        }
    }
}
