// The orders of a shop. Each has its request ids from its first moment, on disk before pricewright is asked.
//
// A file of JSON lines stands here for a table of the shop's database: a row with these ids, written and committed before the call.

import { randomUUID } from "node:crypto";
import { closeSync, existsSync, fsyncSync, openSync, readFileSync, truncateSync, writeSync } from "node:fs";
import { dirname } from "node:path";
import { ask, NoAnswer, Refused } from "./asking.js";

const HOLD_MS = 15 * 60_000;

export class Orders {
  constructor(path, redemption, { deadline, charge }) {
    this.redemption = redemption;
    this.deadline = deadline;
    this.charge = charge;
    this.orders = new Map();
    this.turns = new Map();
    if (existsSync(path)) {
      const text = readFileSync(path);
      // A line without an end was cut while it was written: nothing was asked for it yet.
      const whole = text.subarray(0, text.lastIndexOf("\n") + 1);
      truncateSync(path, whole.length);
      for (const line of whole.toString().split("\n").filter(Boolean)) this.#take(JSON.parse(line));
    }
    this.file = openSync(path, "a");
    const folder = openSync(dirname(path), "r");
    fsyncSync(folder); // Else the name of a new file may be gone after a power cut.
    closeSync(folder);
  }

  get(id) {
    return this.orders.get(id);
  }

  /** The page asks twice when an answer got lost on its way: each order is in work once at a time. */
  inTurn(id, work) {
    const before = this.turns.get(id) ?? Promise.resolve();
    const turn = before.catch(() => {}).then(work);
    this.turns.set(id, turn);
    const gone = () => this.turns.get(id) === turn && this.turns.delete(id);
    turn.then(gone, gone);
    return turn;
  }

  /** Reserves. The page's id of the order names it; the ids of the calls are the shop's own, for a page must not choose them. */
  place(id, quoteRequest, expectedTotal, language) {
    return this.inTurn(id, async () => {
      const order = this.orders.get(id) ?? this.#begin(id, quoteRequest, expectedTotal);
      if (order.step === "refused") throw new Refused(order.reason, order.words);
      if (order.step !== "reserve") return order;
      try {
        const sale = await this.#ask("Reserve", order.request, language);
        return this.#write(id, { step: "reserved", total: sale.total, currency: sale.currency_code });
      } catch (error) {
        // Without an answer it stays where it is: the page asks again, and so do we, with the same ids.
        if (error instanceof Refused) this.#write(id, { step: "refused", reason: error.reason, words: error.message });
        throw error;
      }
    });
  }

  /** Takes the money, then says so. What is paid is committed, however often it must be asked. */
  pay(id) {
    return this.inTurn(id, async () => {
      const order = this.orders.get(id);
      if (order.step === "reserved") {
        // A payment provider takes an id as well: the order's, so that a customer is charged once.
        if (!(await this.charge(id, order.total))) return this.#giveUp(order);
        this.#write(id, { step: "paid" });
      }
      return this.#commit(order);
    });
  }

  cancel(id) {
    return this.inTurn(id, async () => {
      const order = this.orders.get(id);
      return ["reserve", "reserved", "give-up"].includes(order.step) ? this.#giveUp(order) : order;
    });
  }

  /** At the start, and now and then: what is paid is committed, what nobody has paid in time is called off. */
  async sweep() {
    for (const { order: id, step, created } of this.orders.values()) {
      const late = Date.now() - created > HOLD_MS;
      try {
        if (step === "paid") await this.inTurn(id, () => this.#commit(this.orders.get(id)));
        if (step === "give-up" || (late && ["reserve", "reserved"].includes(step))) await this.cancel(id);
      } catch (error) {
        console.error(`order ${id}: ${error.message}`); // Those behind it may be paid.
      }
    }
  }

  #begin(id, quoteRequest, expectedTotal) {
    const ids = { reserve_id: randomUUID(), commit_id: randomUUID(), cancel_id: randomUUID() };
    const request = { request_id: ids.reserve_id, quote_request: quoteRequest, expected_total: expectedTotal };
    return this.#write(id, { step: "reserve", created: Date.now(), ...ids, request });
  }

  async #commit(order) {
    if (order.step !== "paid") return order;
    try {
      await this.#ask("Commit", { request_id: order.commit_id, sale_id: order.reserve_id });
      return this.#write(order.order, { step: "committed" });
    } catch (error) {
      // Without an answer, or not let in, the order stays paid, and the next sweep asks again. The customer is done.
      if (error instanceof NoAnswer) {
        console.error(`PAID, NOT YET KEPT, it is asked again: order ${order.order}: ${error.message}`);
        return order;
      }
      if (!(error instanceof Refused)) throw error;
      // Paid after the hold was over, and somebody else had the last of something. A person decides.
      console.error(`PAID BUT NOT KEPT: order ${order.order}: ${error.reason}: ${error.message}`);
      return this.#write(order.order, { step: "paid-not-kept", reason: error.reason });
    }
  }

  async #giveUp(order) {
    if (order.step !== "give-up") this.#write(order.order, { step: "give-up" });
    try {
      await this.#ask("Cancel", { request_id: order.cancel_id, sale_id: order.reserve_id });
    } catch (error) {
      if (error instanceof NoAnswer) {
        console.error(`not yet called off, it is asked again: order ${order.order}: ${error.message}`);
        return order; // The next sweep asks again; the hold ends by itself.
      }
      if (!(error instanceof Refused) || !["SALE_UNKNOWN", "SALE_CANCELLED"].includes(error.reason)) throw error; // Else nothing is held.
    }
    return this.#write(order.order, { step: "cancelled" });
  }

  #ask(method, request, language) {
    return ask(this.redemption, method, request, { deadline: this.deadline, language });
  }

  /** Returns when it is on disk. */
  #write(id, fields) {
    const entry = { order: id, ...fields };
    writeSync(this.file, `${JSON.stringify(entry)}\n`);
    fsyncSync(this.file);
    return this.#take(entry);
  }

  #take(entry) {
    const order = Object.assign(this.orders.get(entry.order) ?? {}, entry);
    this.orders.set(entry.order, order);
    return order;
  }
}
