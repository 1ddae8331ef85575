// The order of the page, kept by the shop's back end. Its id is made once, and is in the browser's storage before it is sent: after a lost
// answer, a reload or an empty battery the page asks for the same order again.

import { NoAnswer, untilAnswered } from "./again.js";

const KEY = "order";

/** The shop has said no: the price has changed, or what it needs is gone. */
export class Declined extends Error {
  constructor(reason, words) {
    super(words);
    this.reason = reason;
  }
}

/** The order that was begun and whose end this page has not heard of. */
export const begun = () => JSON.parse(localStorage.getItem(KEY) ?? "null");

/** Begins an order of a basket at the price that the customer has seen. */
export function begin(lines, codes, quote) {
  const time = new Date(Number(quote.time.seconds) * 1_000).toISOString();
  const order = {
    order: uuid(),
    lines,
    codes,
    quote: { time, rulebook_version: quote.rulebookVersion },
    expected_total: String(quote.total),
  };
  localStorage.setItem(KEY, JSON.stringify(order));
  return order;
}

/** Reserves and pays, or goes on with it. Both have the same answer however often they are asked. */
export async function finish(order, { language, onAgain }) {
  try {
    await ask("/orders", order, { language, onAgain });
  } catch (error) {
    // The shop may hold it all the same: it is called off, here if the line allows, else by the shop when its time is over.
    if (error instanceof NoAnswer) void ask(`/orders/${order.order}/cancel`, {}, { language, patience: 0 }).catch(() => {});
    localStorage.removeItem(KEY);
    throw error;
  }
  // From here on money may be taken: the order stays in the storage until its end is known.
  try {
    const paid = await ask(`/orders/${order.order}/pay`, {}, { language, onAgain });
    localStorage.removeItem(KEY);
    return paid;
  } catch (error) {
    // A no is an end, too. Without an answer the order stays begun, and the page asks when it is opened again.
    if (error instanceof Declined) localStorage.removeItem(KEY);
    throw error;
  }
}

function ask(path, body, { language, onAgain, patience = 30_000 }) {
  const once = async () => {
    let response;
    try {
      response = await fetch(path, {
        method: "POST",
        headers: { "content-type": "application/json", "accept-language": language },
        body: JSON.stringify(body),
        signal: AbortSignal.timeout(6_000),
      });
      const answer = await response.json();
      if (response.ok) return { answer };
      if (response.status < 500) throw new Declined(answer.reason, answer.words);
    } catch (error) {
      if (error instanceof Declined) throw error;
    }
    return { again: 0 };
  };
  return untilAnswered(once, { patience, onAgain });
}

/** `crypto.randomUUID` is there only on pages that came over https, or from this machine. */
function uuid() {
  if (crypto.randomUUID) return crypto.randomUUID();
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[6] = (bytes[6] & 0x0f) | 0x40;
  bytes[8] = (bytes[8] & 0x3f) | 0x80;
  const hex = [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
}
