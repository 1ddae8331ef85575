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
        Rejection::CodeUnknown => Code::NotFound,
        Rejection::SaleMoved => Code::Aborted,
        Rejection::RulebookExpired
        | Rejection::QuoteExpired
        | Rejection::SaleCancelled
        | Rejection::SaleNotCommitted
        | Rejection::SaleCommitted
        | Rejection::UnitsUnknown(_)
        | Rejection::TooManyRefunds
        | Rejection::DeliveryReturned
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
        Rejection::PriceChanged { .. } => "PRICE_CHANGED",
    }
}

/// What a program may want to know beside the reason.
#[must_use]
pub fn metadata(rejection: &Rejection) -> Option<(String, String)> {
    let one = |key: &str, value: String| Some((key.to_owned(), value));
    match rejection {
        Rejection::UnitsUnknown(line) => one("line_id", line.clone()),
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
        Rejection::PriceChanged { .. } => (
            "The basket no longer costs what the customer was told; price it anew.",
            "Кошик уже коштує інакше, ніж було названо; порахуйте його заново.",
        ),
    };
    lang.pick(english, ukrainian).to_owned()
}
