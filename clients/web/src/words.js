// The words of the page, in English and Ukrainian.

const WORDS = {
  en: {
    goods: "Perfume and care",
    receipt: "Your basket",
    empty: "Nothing here yet. Add something you like.",
    code: "Promo code",
    goodsTotal: "Goods",
    saved: "You save",
    total: "To pay",
    charged: "Total",
    gift: "Gift",
    pay: "Pay",
    paying: "Paying…",
    paid: "Paid. Thank you!",
    number: "Purchase",
    again: "New basket",
    slow: "The line is slow, we are asking again…",
    changed: "The price has changed. Please look at the new one.",
    unknown: "We could not reach the shop. Nothing was charged; please try again.",
    later: "Your payment is being checked. Please leave this page open, or come back to it later.",
    declined: "The payment was declined. Nothing was charged.",
    unknownCode: "This code does not work.",
    idleCode: "This code brings nothing for this basket.",
    add: "Add",
    remove: "Remove",
  },
  uk: {
    goods: "Парфуми та догляд",
    receipt: "Ваш кошик",
    empty: "Тут поки порожньо. Додайте, що до вподоби.",
    code: "Промокод",
    goodsTotal: "Товари",
    saved: "Ви заощаджуєте",
    total: "До сплати",
    charged: "Разом",
    gift: "Подарунок",
    pay: "Сплатити",
    paying: "Сплачуємо…",
    paid: "Сплачено. Дякуємо!",
    number: "Покупка",
    again: "Новий кошик",
    slow: "Зв’язок повільний, питаємо ще раз…",
    changed: "Ціна змінилася. Погляньте, будь ласка, на нову.",
    unknown: "Не вдалося зв’язатися з магазином. Гроші не списано; спробуйте ще раз.",
    later: "Ваш платіж перевіряється. Не закривайте сторінку або поверніться на неї згодом.",
    declined: "Платіж відхилено. Гроші не списано.",
    unknownCode: "Цей код не діє.",
    idleCode: "Для цього кошика код нічого не дає.",
    add: "Додати",
    remove: "Прибрати",
  },
};

export const wordsOf = (language) => WORDS[language];

/** Whole minor units as people read them: 2 542,20 ₴. */
export function money(minor, currency, language) {
  const format = new Intl.NumberFormat(language, { style: "currency", currency, currencyDisplay: "narrowSymbol" });
  return format.format(Number(minor) / 100);
}
