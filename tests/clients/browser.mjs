// Fills a basket in headless Chromium, reads the receipt, pays, and prints what it has seen as JSON.
//
//   node browser.mjs CHROMIUM URL PROFILE SHOTS SIGNS
//
// While the answer to the payment is kept back (SIGNS/reload is there) the page is reloaded, and SIGNS/reloaded is written.

import { spawn } from "node:child_process";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import WebSocket from "ws";

const [chromium, url, profile, shots, signs] = process.argv.slice(2);
const WAIT_MS = 30_000;

const browser = spawn(
  chromium,
  [
    "--headless=new",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-breakpad",
    "--window-size=1180,760",
    "--lang=en-US",
    "--remote-debugging-port=0",
    `--user-data-dir=${profile}`,
    // Chromium refuses to run as root with its sandbox. It loads nothing here but our own page.
    ...(process.getuid() === 0 ? ["--no-sandbox"] : []),
    "about:blank",
  ],
  { stdio: ["ignore", "ignore", "pipe"] },
);
let said = "";
browser.stderr.on("data", (data) => (said += data));

async function until(what, look) {
  const end = Date.now() + WAIT_MS;
  while (Date.now() < end) {
    const found = await look();
    if (found) return found;
    if (browser.exitCode !== null) throw new Error(`Chromium has ended: ${said}`);
    await sleep(50);
  }
  throw new Error(`${what}: not within ${WAIT_MS} ms`);
}

/** The DevTools protocol of one page. */
async function connect() {
  const file = join(profile, "DevToolsActivePort");
  const port = await until("Chromium listens", () => existsSync(file) && readFileSync(file, "utf8").split("\n")[0]);
  const pages = await (await fetch(`http://127.0.0.1:${port}/json/list`)).json();
  const socket = new WebSocket(pages.find(({ type }) => type === "page").webSocketDebuggerUrl);
  await new Promise((resolve, reject) => socket.on("open", resolve).on("error", reject));
  const waiting = new Map();
  let last = 0;
  socket.on("message", (data) => {
    const { id, result, error } = JSON.parse(data);
    const call = waiting.get(id);
    waiting.delete(id);
    if (error) call?.reject(new Error(error.message));
    else call?.resolve(result);
  });
  return (method, params = {}) =>
    new Promise((resolve, reject) => {
      waiting.set(++last, { resolve, reject });
      socket.send(JSON.stringify({ id: last, method, params }));
    });
}

async function main() {
  const send = await connect();
  const run = async (expression) => {
    const { result, exceptionDetails } = await send("Runtime.evaluate", { expression, returnByValue: true, awaitPromise: true });
    if (exceptionDetails) throw new Error(exceptionDetails.exception?.description ?? exceptionDetails.text);
    return result.value;
  };
  const click = (selector) => run(`document.querySelector(${JSON.stringify(selector)}).click()`);
  const shoot = async (name) => {
    const { data } = await send("Page.captureScreenshot", { format: "png" });
    writeFileSync(join(shots, name), Buffer.from(data, "base64"));
  };
  const type = async (text) => {
    await run(`(() => { const code = document.getElementById("code"); code.value = ${JSON.stringify(text)}; code.dispatchEvent(new Event("input")); })()`);
  };
  // Settled: the receipt is that of the basket as it stands.
  const priced = (skus) =>
    until("the basket is priced", () =>
      run(`document.querySelectorAll("#receipt [data-sku]").length === ${skus} && !document.querySelector("#receipt.old") && !document.getElementById("pay").disabled`),
    );

  await send("Page.enable");
  await send("Page.navigate", { url });
  await until("the goods are shown", () => run(`document.querySelectorAll("[data-add]").length > 5`));
  // The first price is asked for alone: its answer is the one that gets lost.
  await click('[data-add="PEL-MAS-10"]');
  await priced(1);
  for (const sku of ["KOS-EDT-50", "PEL-LIP-04", "PEL-LIP-04"]) await click(`[data-add="${sku}"]`);
  await priced(3);
  await type("NO-SUCH-CODE");
  const code = await until("the code is told", () => run(`document.querySelector(".code-note")?.textContent`));
  await type("");
  await priced(3);
  await until("the note is gone", () => run(`!document.querySelector(".code-note")`));
  await shoot("basket-en.png");
  await click('[data-language="uk"]');
  const ukrainian = await run(`document.getElementById("receipt").innerText`);
  await shoot("basket-uk.png");
  const seen = await run(`({
    total: document.querySelector("#receipt .total").dataset.total,
    lines: [...document.querySelectorAll("#receipt [data-sku]")].map(({dataset}) => ({sku: dataset.sku, total: dataset.total})),
    promotions: [...document.querySelectorAll("#receipt [data-promotion]")].map(({dataset}) => dataset.promotion),
  })`);
  await click("#pay");
  // The customer loses patience in the middle of it. The page that comes up asks for the same order.
  await until("the payment waits for its answer", () => existsSync(join(signs, "reload")));
  await send("Page.reload");
  await until("the page is another", () => run(`performance.getEntriesByType("navigation")[0].type === "reload"`).catch(() => false));
  writeFileSync(join(signs, "reloaded"), "");
  const sale = await until("it is paid", () =>
    run(`document.querySelector('#receipt[data-state="paid"]')?.dataset.sale`).catch(() => undefined),
  );
  const paid = await run(`document.querySelector("#receipt .total").dataset.total`);
  await click('[data-language="uk"]');
  await shoot("paid-uk.png");
  await send("Emulation.setDeviceMetricsOverride", { width: 390, height: 844, deviceScaleFactor: 1, mobile: true });
  await click("#pay");
  await click('[data-language="en"]');
  await click('[data-add="LIN-EDT-50"]');
  await priced(1);
  await shoot("phone-en.png");
  void send("Browser.close");
  console.log(JSON.stringify({ ...seen, code, ukrainian, sale, paid }));
}

let failed;
try {
  await main();
} catch (error) {
  failed = error;
}
// Its helpers are of the group that the test starts this in: the test ends whatever is left.
if (failed) browser.kill();
if (browser.exitCode === null) await Promise.race([new Promise((resolve) => browser.once("exit", resolve)), sleep(5_000)]);
if (failed) {
  console.error(failed.stack, said);
  process.exit(1);
}
process.exit(0);
