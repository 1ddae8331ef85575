// The page: goods on one side, the receipt on the other, priced anew with every piece.

import { CodeResult_Status as CodeStatus } from "../generated/pricewright/v1/pricing_pb.js";
import { NoAnswer } from "./again.js";
import { GOODS, nameOf } from "./goods.js";
import { begin, begun, Declined, finish } from "./order.js";
import { pricingAt } from "./pricing.js";
import { money, wordsOf } from "./words.js";

const pricing = pricingAt(document.querySelector('meta[name="pricewright"]').content);
const $ = (id) => document.getElementById(id);
const CURRENCY = "UAH";

const basket = new Map();
let language = navigator.language.startsWith("uk") ? "uk" : "en";
let quote;
let paid;
let working = false;
let inFlight = new AbortController();

/** An element with its text or its children, never with markup: names come from elsewhere. */
function element(tag, attributes = {}, ...children) {
  const made = Object.assign(document.createElement(tag), attributes);
  made.append(...children);
  return made;
}

const lines = () => [...basket].map(([sku, quantity], place) => ({ id: String(place + 1), sku, quantity }));
const codes = () => [$("code").value.trim()].filter(Boolean);

function change(sku, by) {
  const quantity = (basket.get(sku) ?? 0) + by;
  quantity > 0 ? basket.set(sku, quantity) : basket.delete(sku);
  showGoods();
  price();
}

/** Prices the basket as it is now. The question for the basket as it was is called off. */
async function price() {
  inFlight.abort();
  inFlight = new AbortController();
  const { signal } = inFlight;
  quote = basket.size ? quote : undefined;
  $("receipt").classList.toggle("old", basket.size > 0);
  showPay();
  if (!basket.size) return showReceipt();
  try {
    const found = await pricing.quote(lines(), codes(), { language, signal, onAgain: () => note("slow") });
    if (signal.aborted) return;
    quote = found;
    note();
    showReceipt();
  } catch (error) {
    if (signal.aborted) return;
    quote = undefined;
    $("note").textContent = error instanceof NoAnswer ? wordsOf(language).unknown : error.message;
    showPay();
  }
}

async function pay(order) {
  working = true;
  showPay();
  try {
    const told = await finish(order, { language, onAgain: () => note("slow") });
    if (["committed", "paid"].includes(told.state)) {
      paid = told;
      basket.clear();
    }
    note(paid ? undefined : "declined");
  } catch (error) {
    // A new price is a new order: the customer looks at it first. Without an answer to the payment the order stays begun.
    if (error instanceof Declined) note("changed");
    else note(begun() ? "later" : "unknown");
    if (!begun()) price();
  }
  working = false;
  showGoods();
  showReceipt();
}

function note(word) {
  $("note").textContent = word ? wordsOf(language)[word] : "";
}

function showGoods() {
  const words = wordsOf(language);
  const items = GOODS.map(({ sku, price, [language]: name }) => {
    const quantity = basket.get(sku) ?? 0;
    const less = element("button", { type: "button", textContent: "−", disabled: !quantity, ariaLabel: `${words.remove}: ${name}` });
    const more = element("button", { type: "button", textContent: "+", ariaLabel: `${words.add}: ${name}` });
    more.dataset.add = sku;
    less.onclick = () => change(sku, -1);
    more.onclick = () => change(sku, 1);
    less.disabled ||= working || Boolean(paid);
    more.disabled = working || Boolean(paid);
    const stepper = element("div", { className: "stepper" }, less, element("output", { textContent: quantity }), more);
    return element(
      "li",
      { className: quantity ? "chosen" : "" },
      element("span", { className: "name", textContent: name }),
      element("span", { className: "price", textContent: money(price, CURRENCY, language) }),
      stepper,
    );
  });
  $("goods").replaceChildren(...items);
}

function row(className, left, right, data = {}) {
  const made = element("div", { className }, element("span", { textContent: left }), element("span", { textContent: right }));
  Object.assign(made.dataset, data);
  return made;
}

function showReceipt() {
  const words = wordsOf(language);
  const receipt = $("receipt");
  receipt.classList.remove("old");
  if (paid) {
    receipt.dataset.state = "paid";
    receipt.dataset.sale = paid.sale;
    receipt.replaceChildren(
      element("p", { className: "thanks", textContent: words.paid }),
      row("total", words.charged, money(paid.total, paid.currency, language), { total: paid.total }),
      element("p", { className: "number", textContent: `${words.number} ${paid.sale}` }),
    );
    return showPay();
  }
  receipt.dataset.state = quote ? "priced" : "empty";
  receipt.replaceChildren(...(quote ? receiptOf(quote, words) : [element("p", { className: "empty", textContent: words.empty })]));
  showPay();
}

function receiptOf(quote, words) {
  const show = (minor) => money(minor, quote.currencyCode, language);
  const names = new Map(quote.promotions.map(({ id, name }) => [id, name]));
  const rows = [];
  for (const line of quote.lines) {
    const before = line.listUnitPrice * BigInt(line.quantity);
    rows.push(row("line", `${nameOf(line.sku, language)} × ${line.quantity}`, show(before), { sku: line.sku, total: line.total }));
    const off = new Map();
    for (const { quantity, discounts } of line.groups) {
      for (const { promotionId, amount } of discounts) {
        off.set(promotionId, (off.get(promotionId) ?? 0n) + amount * BigInt(quantity));
      }
    }
    for (const [promotion, amount] of off) rows.push(row("discount", names.get(promotion), show(-amount), { promotion }));
  }
  for (const gift of quote.gifts) rows.push(row("discount", words.gift, gift.productName || gift.sku || gift.name));
  for (const { status } of quote.codes) {
    if (status === CodeStatus.NOT_APPLIED) rows.push(element("p", { className: "code-note", textContent: words.idleCode }));
    else if (status !== CodeStatus.APPLIED) rows.push(element("p", { className: "code-note", textContent: words.unknownCode }));
  }
  rows.push(row("sum", words.goodsTotal, show(quote.listTotal)));
  if (quote.discountTotal) rows.push(row("sum saved", words.saved, show(quote.discountTotal)));
  rows.push(row("total", words.total, show(quote.total), { total: quote.total }));
  return rows;
}

function showPay() {
  const words = wordsOf(language);
  const button = $("pay");
  const old = $("receipt").classList.contains("old");
  button.disabled = !paid && (working || old || !quote || Boolean(begun()));
  button.textContent = paid ? words.again : working ? words.paying : quote ? `${words.pay} ${money(quote.total, CURRENCY, language)}` : words.pay;
  $("code").disabled = working;
  $("code-form").hidden = Boolean(paid);
}

function speak(chosen) {
  language = chosen;
  document.documentElement.lang = language;
  for (const place of document.querySelectorAll("[data-words]")) place.textContent = wordsOf(language)[place.dataset.words];
  for (const button of document.querySelectorAll("[data-language]")) button.ariaPressed = String(button.dataset.language === language);
  showGoods();
  showReceipt();
}

$("languages").onclick = ({ target }) => target.dataset.language && speak(target.dataset.language);
$("code-form").onsubmit = (event) => event.preventDefault();
$("code").oninput = () => price();
$("pay").onclick = () => {
  if (!paid) return pay(begin(lines(), codes(), quote));
  paid = quote = undefined;
  delete $("receipt").dataset.sale;
  $("code").value = "";
  speak(language);
};
speak(language);
// What was begun before a reload comes first.
if (begun()) pay(begun());
