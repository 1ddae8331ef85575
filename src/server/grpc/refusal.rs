//! How a rejection of the ledger is told: a status, a reason that a till switches on, and words for the cashier.

use tonic::Code;

use crate::lang::Lang;
use crate::ledger::Rejection;

/// The gRPC status code.
#[must_use]
pub fn code(rejection: &Rejection) -> Code {
    match rejection {
        Rejection::RequestIdReused => Code::AlreadyExists,
        Rejection::SaleUnknown => Code::NotFound,
        Rejection::LimitReached(_)
        | Rejection::CustomerLimitReached(_)
        | Rejection::BudgetSpent(_)
        | Rejection::OutOfStock(_)
        | Rejection::CodeRefused => Code::ResourceExhausted,
        Rejection::CodeExists(_) => Code::AlreadyExists,
        Rejection::CodeUnknown | Rejection::CertificateUnknown => Code::NotFound,
        Rejection::OtpLocked | Rejection::OtpTooSoon(_) | Rejection::OtpBudgetSpent => {
            Code::ResourceExhausted
        }
        // That the number was made twice is mended by another one, and told to nobody.
        Rejection::CertificateExists => Code::Internal,
        Rejection::SaleMoved => Code::Aborted,
        Rejection::RulebookExpired
        | Rejection::QuoteExpired
        | Rejection::SaleCancelled
        | Rejection::SaleNotCommitted
        | Rejection::SaleCommitted
        | Rejection::UnitsUnknown(_)
        | Rejection::TooManyRefunds
        | Rejection::DeliveryReturned
        | Rejection::CertificateRefused
        | Rejection::CertificateBlocked
        | Rejection::CertificateNotBlocked
        | Rejection::CertificateFrozen
        | Rejection::CertificateExpired
        | Rejection::CertificateCurrency
        | Rejection::CertificateEmpty
        | Rejection::CertificateHoldOver
        | Rejection::CertificateNotNeeded
        | Rejection::CertificateIssued(_)
        | Rejection::CertificateSpent(_)
        | Rejection::CertificateUnnamed(_)
        | Rejection::NotACertificate(_)
        | Rejection::NotLater
        | Rejection::OtpAmountExceeded
        | Rejection::PriceChanged { .. } => Code::FailedPrecondition,
    }
}

/// The reason that a program can switch on.
#[must_use]
pub fn reason(rejection: &Rejection) -> &'static str {
    match rejection {
        Rejection::RequestIdReused => "REQUEST_ID_REUSED",
        Rejection::RulebookExpired => "RULEBOOK_VERSION_UNKNOWN",
        Rejection::QuoteExpired => "QUOTE_EXPIRED",
        Rejection::SaleUnknown => "SALE_UNKNOWN",
        Rejection::SaleCancelled => "SALE_CANCELLED",
        Rejection::SaleNotCommitted => "SALE_NOT_COMMITTED",
        Rejection::SaleCommitted => "SALE_COMMITTED",
        Rejection::SaleMoved => "SALE_MOVED",
        Rejection::UnitsUnknown(_) => "UNITS_UNKNOWN",
        Rejection::TooManyRefunds => "TOO_MANY_REFUNDS",
        Rejection::DeliveryReturned => "DELIVERY_RETURNED",
        Rejection::LimitReached(_) => "LIMIT_REACHED",
        Rejection::CustomerLimitReached(_) => "CUSTOMER_LIMIT_REACHED",
        Rejection::BudgetSpent(_) => "BUDGET_SPENT",
        Rejection::OutOfStock(_) => "OUT_OF_STOCK",
        Rejection::CodeRefused => "CODE_REFUSED",
        Rejection::CodeExists(_) => "CODE_EXISTS",
        Rejection::CodeUnknown => "CODE_UNKNOWN",
        Rejection::CertificateRefused => "CERTIFICATE_REFUSED",
        Rejection::CertificateUnknown => "CERTIFICATE_UNKNOWN",
        Rejection::CertificateBlocked => "CERTIFICATE_BLOCKED",
        Rejection::CertificateNotBlocked => "CERTIFICATE_NOT_BLOCKED",
        Rejection::CertificateFrozen => "CERTIFICATE_FROZEN",
        Rejection::CertificateExpired => "CERTIFICATE_EXPIRED",
        Rejection::CertificateCurrency => "CERTIFICATE_CURRENCY",
        Rejection::CertificateEmpty => "CERTIFICATE_EMPTY",
        Rejection::CertificateHoldOver => "CERTIFICATE_HOLD_OVER",
        Rejection::CertificateNotNeeded => "CERTIFICATE_NOT_NEEDED",
        Rejection::CertificateIssued(_) => "CERTIFICATE_ISSUED",
        Rejection::CertificateExists => "CERTIFICATE_EXISTS",
        Rejection::CertificateSpent(_) => "CERTIFICATE_SPENT",
        Rejection::CertificateUnnamed(_) => "CERTIFICATE_UNNAMED",
        Rejection::NotACertificate(_) => "NOT_A_CERTIFICATE",
        Rejection::NotLater => "CERTIFICATE_END_NOT_LATER",
        Rejection::OtpLocked => "OTP_LOCKED",
        Rejection::OtpAmountExceeded => "OTP_AMOUNT_EXCEEDED",
        Rejection::OtpTooSoon(_) => "OTP_TOO_SOON",
        Rejection::OtpBudgetSpent => "OTP_BUDGET_SPENT",
        Rejection::PriceChanged { .. } => "PRICE_CHANGED",
    }
}

/// What a program may want to know beside the reason.
#[must_use]
pub fn metadata(rejection: &Rejection) -> Option<(String, String)> {
    let one = |key: &str, value: String| Some((key.to_owned(), value));
    match rejection {
        Rejection::UnitsUnknown(line)
        | Rejection::NotACertificate(line)
        | Rejection::CertificateIssued(line)
        | Rejection::CertificateSpent(line)
        | Rejection::CertificateUnnamed(line) => one("line_id", line.clone()),
        Rejection::OtpTooSoon(seconds) => one("retry_after_seconds", seconds.to_string()),
        Rejection::LimitReached(promotion)
        | Rejection::CustomerLimitReached(promotion)
        | Rejection::BudgetSpent(promotion) => one("promotion_id", promotion.clone()),
        Rejection::OutOfStock(sku) => one("sku", sku.clone()),
        Rejection::PriceChanged { total } => one("total", total.to_string()),
        _ => None,
    }
}

/// One sentence for the person at the till.
#[must_use]
pub fn say(rejection: &Rejection, lang: Lang) -> String {
    let (english, ukrainian) = match rejection {
        Rejection::RequestIdReused => (
            "This request id was used for something else; make a new one.",
            "Цей ідентифікатор запиту вже використано для іншого; створіть новий.",
        ),
        Rejection::RulebookExpired | Rejection::QuoteExpired => (
            "The quoted price is too old; price the basket anew.",
            "Названа ціна застаріла; порахуйте кошик заново.",
        ),
        Rejection::SaleUnknown => ("There is no such purchase.", "Такої покупки немає."),
        Rejection::SaleCancelled => ("The purchase was called off.", "Покупку скасовано."),
        Rejection::SaleNotCommitted => ("The purchase is not paid yet.", "Покупку ще не оплачено."),
        Rejection::SaleCommitted => ("The purchase is paid already.", "Покупку вже оплачено."),
        Rejection::SaleMoved => {
            ("The purchase has just changed; try again.", "Покупка щойно змінилася; спробуйте ще раз.")
        }
        Rejection::UnitsUnknown(line) => {
            return lang.pick(
                format!("The purchase has no line `{line}` with so many pieces left."),
                format!("У покупці немає рядка `{line}` із такою кількістю штук."),
            );
        }
        Rejection::TooManyRefunds => (
            "Goods of this purchase have come back too often; ask the office.",
            "Товари з цієї покупки повертали забагато разів; зверніться до офісу.",
        ),
        Rejection::DeliveryReturned => {
            ("There is no delivery to pay back.", "За доставку немає чого повертати.")
        }
        Rejection::LimitReached(promotion) => {
            return lang.pick(
                format!("All there was of `{promotion}` is given."),
                format!("Акцію `{promotion}` вичерпано."),
            );
        }
        Rejection::CustomerLimitReached(promotion) => {
            return lang.pick(
                format!("The customer has had `{promotion}` as often as may be."),
                format!("Клієнт уже скористався акцією `{promotion}`."),
            );
        }
        Rejection::BudgetSpent(promotion) => {
            return lang.pick(
                format!("The money for `{promotion}` is given."),
                format!("Бюджет акції `{promotion}` вичерпано."),
            );
        }
        Rejection::OutOfStock(sku) => {
            return lang.pick(
                format!("None of the gift `{sku}` is left."),
                format!("Подарунка `{sku}` уже не лишилося."),
            );
        }
        Rejection::CodeRefused => ("The code cannot be used.", "Код не можна використати."),
        Rejection::CodeExists(place) => {
            return lang.pick(
                format!("The code at place {place} is there already."),
                format!("Код під номером {place} уже є."),
            );
        }
        Rejection::CodeUnknown => ("There is no such code or pool.", "Такого коду або набору немає."),
        Rejection::CertificateRefused => (
            "The certificate, the phone or the password is not right.",
            "Номер сертифіката, телефон або пароль не підходить.",
        ),
        Rejection::CertificateUnknown => ("There is no such certificate.", "Такого сертифіката немає."),
        Rejection::CertificateBlocked => (
            "The certificate is blocked; the office knows why.",
            "Сертифікат заблоковано; причину знає офіс.",
        ),
        Rejection::CertificateNotBlocked => ("The certificate is not blocked.", "Сертифікат не заблоковано."),
        Rejection::CertificateFrozen => (
            "The purchase of the certificate was paid back; it is no longer valid.",
            "Кошти за сертифікат повернено; він більше не діє.",
        ),
        Rejection::CertificateExpired => {
            ("The certificate has expired.", "Термін дії сертифіката закінчився.")
        }
        Rejection::CertificateCurrency => {
            ("The certificate is of another currency.", "Сертифікат в іншій валюті.")
        }
        Rejection::CertificateEmpty => {
            ("There is not enough left on the certificate.", "На сертифікаті недостатньо коштів.")
        }
        Rejection::CertificateHoldOver => (
            "The certificate is held no longer; reserve the purchase anew, with a new password.",
            "Кошти на сертифікаті вже не утримуються; зарезервуйте покупку заново, з новим паролем.",
        ),
        Rejection::CertificateNotNeeded => (
            "There is nothing left that this certificate may pay.",
            "Цим сертифікатом немає чого оплачувати.",
        ),
        Rejection::CertificateIssued(_) => {
            ("The certificate of this purchase is issued already.", "Сертифікат за цією покупкою вже видано.")
        }
        Rejection::CertificateExists => ("The service has failed.", "У сервісі сталася помилка."),
        Rejection::CertificateSpent(_) => (
            "The certificate has been used, has expired or is blocked: it cannot be brought back.",
            "Сертифікатом уже скористалися, він прострочений або заблокований: повернути його не можна.",
        ),
        Rejection::CertificateUnnamed(_) => (
            "Several certificates were sold together; say which one comes back.",
            "Разом продано кілька сертифікатів; вкажіть, який із них повертають.",
        ),
        Rejection::NotACertificate(_) => (
            "The purchase has no such line, or the line is no certificate.",
            "У покупці немає такого рядка або це не сертифікат.",
        ),
        Rejection::NotLater => {
            ("The new end must be later than the old one.", "Новий термін має бути пізнішим за наявний.")
        }
        Rejection::OtpLocked => (
            "Too many wrong passwords; the certificate can be used tomorrow.",
            "Забагато хибних паролів; сертифікатом можна скористатися завтра.",
        ),
        Rejection::OtpAmountExceeded => (
            "The password was for a smaller sum; send a new one.",
            "Пароль надіслано на меншу суму; надішліть новий.",
        ),
        Rejection::OtpTooSoon(seconds) => {
            return lang.pick(
                format!("A new password can be sent in {seconds} s."),
                format!("Новий пароль можна надіслати через {seconds} с."),
            );
        }
        Rejection::OtpBudgetSpent => (
            "No more passwords can be sent this hour; pay otherwise.",
            "Цієї години паролі більше не надсилаються; оплатіть інакше.",
        ),
        Rejection::PriceChanged { .. } => (
            "The basket no longer costs what the customer was told; price it anew.",
            "Кошик уже коштує інакше, ніж було названо; порахуйте його заново.",
        ),
    };
    lang.pick(english, ukrainian).to_owned()
}
