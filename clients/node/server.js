// The back end of a web shop: prices, orders, and the pages of ../web.
//
//   node server.js --pricewright 127.0.0.1:50051 --listen 8080 --orders orders.jsonl [--pages ../web/dist]
//   node server.js --pricewright https://prices.shop.example:50051 --token-file shop.token [--authority ca.pem] …
//
//   POST /quote              {lines}                                    what it costs
//   POST /orders             {order, lines, quote, expected_total}      reserves; the same `order` again has the same answer
//   POST /orders/ID/pay                                                 takes the money and commits
//   POST /orders/ID/cancel                                              calls it off
//   GET  /orders/ID                                                     how it stands
//
// A shop binds an order to the session of its customer; that, and the payment provider, are left out here.

import { readFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import { extname, join, normalize } from "node:path";
import { parseArgs } from "node:util";
import { ask, connect, NoAnswer, NotLetIn, Refused } from "./asking.js";
import { Orders } from "./orders.js";

const { values: options } = parseArgs({
  options: {
    pricewright: { type: "string", default: "127.0.0.1:50051" }, // `https://HOST:PORT`; without `https://` in clear.
    "token-file": { type: "string" }, // With the token that says who calls.
    authority: { type: "string" }, // That has signed the service's certificate, in PEM.
    plaintext: { type: "boolean" }, // Send the token in clear beyond this machine: a mesh enciphers.
    listen: { type: "string", default: "8080" },
    orders: { type: "string" },
    pages: { type: "string" },
    deadline: { type: "string", default: "5000" }, // Milliseconds for one call.
    payment: { type: "string", default: "taken" }, // What the payment provider says.
  },
});
if (!options.orders) {
  console.error("--orders FILE is needed");
  process.exit(2);
}
const TYPES = { ".html": "text/html", ".js": "text/javascript", ".css": "text/css", ".json": "application/json" };
const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
const BODY_BYTES_MAX = 1 << 20;

const serviceConfig = readFileSync(new URL("../service-config.json", import.meta.url), "utf8");
const { pricing, redemption, close } = connect(options.pricewright, serviceConfig, {
  tokenFile: options["token-file"],
  authority: options.authority,
  plaintext: options.plaintext,
});
const deadline = Number(options.deadline);
const orders = new Orders(options.orders, redemption, { deadline, charge: async () => options.payment === "taken" });

/** What the page may say of its basket: goods and pieces. Prices and categories are the catalog's, the channel is ours. */
function quoteRequest({ lines, codes = [] }, quote) {
  const context = { channel: "web", codes: codes.map(String) };
  if (quote) {
    // With both the price that was told is honored, though the rules change meanwhile.
    context.time = { seconds: String(Math.floor(Date.parse(quote.time) / 1_000)) };
    context.rulebook_version = quote.rulebook_version;
  }
  const goods = lines.map(({ id, sku, quantity }) => ({ id: String(id), sku: String(sku), quantity: Number(quantity) }));
  return { basket: { lines: goods }, context };
}

async function answer(request, response) {
  const language = request.headers["accept-language"] ?? "en";
  const [, what, id, action] = new URL(request.url, "http://shop").pathname.split("/");
  if (request.method === "POST" && what === "quote") {
    // Who has left, or typed on, needs no price any more.
    const left = new AbortController();
    response.on("close", () => left.abort());
    const asked = quoteRequest(await body(request));
    return ask(pricing, "Quote", asked, { deadline, patience: 5_000, language, signal: left.signal });
  }
  if (request.method === "POST" && what === "orders" && !id) {
    const { order, expected_total: total, quote, ...basket } = await body(request);
    if (!UUID.test(order)) return undefined;
    return told(await orders.place(order, quoteRequest(basket, quote), String(total), language));
  }
  if (what === "orders" && orders.get(id)) {
    if (request.method === "GET") return told(orders.get(id));
    if (request.method === "POST" && action === "pay") return told(await orders.pay(id));
    if (request.method === "POST" && action === "cancel") return told(await orders.cancel(id));
  }
  return undefined;
}

/** What the customer may see of an order. The ids of calls stay here. */
function told({ order, step, total, currency, reserve_id: sale, reason, words }) {
  return { order, state: step, total, currency, sale, reason, words };
}

async function body(request) {
  let text = "";
  for await (const chunk of request) {
    text += chunk;
    if (text.length > BODY_BYTES_MAX) throw new SyntaxError("too long");
  }
  return JSON.parse(text);
}

async function page(path) {
  const name = normalize(decodeURIComponent(path === "/" ? "/index.html" : path));
  if (!options.pages || !TYPES[extname(name)]) return undefined;
  return { type: TYPES[extname(name)], bytes: await readFile(join(options.pages, name)).catch(() => undefined) };
}

function send(response, code, value) {
  response.writeHead(code, { "content-type": "application/json", "cache-control": "no-store" });
  response.end(JSON.stringify(value));
}

const server = createServer(async (request, response) => {
  try {
    const found = await answer(request, response);
    if (found) return send(response, 200, found);
    const file = request.method === "GET" ? await page(new URL(request.url, "http://shop").pathname) : undefined;
    if (!file?.bytes) return send(response, 404, { reason: "NOT_FOUND" });
    response.writeHead(200, { "content-type": `${file.type}; charset=utf-8` });
    response.end(file.bytes);
  } catch (error) {
    // 409: priced anew with a new order. 503: the same order again. 400: a fault of the page.
    if (error instanceof Refused) return send(response, 409, { reason: error.reason, words: error.message });
    if (error instanceof NotLetIn) console.error(error.message);
    if (error instanceof NoAnswer) return send(response, 503, { reason: "NO_ANSWER" });
    if (error instanceof SyntaxError || error instanceof TypeError) return send(response, 400, { reason: "BAD_REQUEST" });
    console.error(error);
    send(response, 500, { reason: "FAULT" });
  }
});
server.listen(Number(options.listen), "127.0.0.1", () => {
  console.log(`listening on http://127.0.0.1:${server.address().port}`);
});

// What was begun before a crash comes first, then whatever stayed behind.
const sweep = () => orders.sweep().catch((error) => console.error(error));
sweep();
const sweeping = setInterval(sweep, 30_000);
process.on("SIGTERM", () => {
  clearInterval(sweeping);
  server.close();
  server.closeAllConnections();
  close();
});
