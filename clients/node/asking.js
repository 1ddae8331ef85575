// How a back end asks pricewright: one channel, a deadline on every call, and the same request again until there is an answer.

import { readFileSync } from "node:fs";
import { isIPv4 } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import grpc from "@grpc/grpc-js";
import protoLoader from "@grpc/proto-loader";

const here = (path) => fileURLToPath(new URL(path, import.meta.url));

const definition = protoLoader.loadSync(
  [
    "pricewright/v1/pricing.proto",
    "pricewright/v1/redemption.proto",
    "google/rpc/status.proto",
    "google/rpc/error_details.proto",
  ],
  // Money is in 64 bits: as texts, for a number of JavaScript may lose a kopiyka of very large sums.
  { includeDirs: [here("../../proto"), here("../proto")], keepCase: true, longs: String, enums: String, defaults: true },
);
const { pricewright } = grpc.loadPackageDefinition(definition);

// Nobody has answered, or whoever did does not know whether the call was kept. The same request is asked again.
const NO_ANSWER = new Set([
  "OVERLOADED",
  "NO_RULEBOOK",
  "DEADLINE_EXCEEDED",
  "SHUTTING_DOWN",
  "LEDGER_STOPPED",
  "LEDGER_UNAVAILABLE",
  "PROFILES_AWAY",
]);
// The same where the answer is not pricewright's: a lost connection, a proxy between. With a request id it is safe to ask again.
const NO_ANSWER_STATUSES = new Set([
  grpc.status.UNAVAILABLE,
  grpc.status.DEADLINE_EXCEEDED,
  grpc.status.CANCELLED,
  grpc.status.INTERNAL,
  grpc.status.UNKNOWN,
]);
// Pricewright does not know us any more, or not for this: of the order nothing is said. What it is depends on the file of access alone, and
// that a person mends; then the same request is good.
const NOT_LET_IN = new Set(["CREDENTIAL_REFUSED", "NOT_ALLOWED"]);
const PAUSE_FIRST_MS = 200;
const PAUSE_MAX_MS = 5_000;

/** Pricewright has said no, and says it again to the same id. */
export class Refused extends Error {
  constructor(reason, words, metadata) {
    super(words);
    this.reason = reason;
    this.metadata = metadata;
  }
}

/** Nobody knows what became of the call. Keep its id, and ask again later. */
export class NoAnswer extends Error {}

/** Our credential is at fault, not the order. Keep its id, tell a person, and ask again later. */
export class NotLetIn extends NoAnswer {}

/**
 * One channel for as long as the process runs: it connects anew by itself, and both clients share it. `https://` is TLS, by the `authority`
 * that is named or by those that Node brings along; a token goes by it alone, or to this machine, or where `plaintext` says that a mesh enciphers.
 */
export function connect(address, serviceConfig, { tokenFile, authority, plaintext = false } = {}) {
  const { protocol, hostname, port } = new URL(address.includes("://") ? address : `http://${address}`);
  const isTls = protocol === "https:";
  const isHere = ["localhost", "[::1]"].includes(hostname) || (isIPv4(hostname) && hostname.startsWith("127."));
  if (!isTls && protocol !== "http:") throw new Error(`${address}: https://HOST:PORT, or HOST:PORT for a service on this machine`);
  if (tokenFile && !isTls && !isHere && !plaintext) {
    throw new Error(`a token goes to ${address} by https:// alone: whoever listens could use it`);
  }
  const host = `${hostname}:${port || (isTls ? 443 : 80)}`;
  // Read anew for each call: a token that is replaced counts from the next call on.
  const token = () => tokenFile && readFileSync(tokenFile, "utf8").trim();
  token(); // A file that cannot be read is told at the start.
  const options = {
    "grpc.service_config": serviceConfig,
    "grpc.keepalive_time_ms": 15_000,
    "grpc.keepalive_timeout_ms": 5_000,
    "grpc.keepalive_permit_without_calls": 1,
    "grpc.max_reconnect_backoff_ms": 5_000,
  };
  const credentials = isTls
    ? grpc.credentials.createSsl(authority ? readFileSync(authority) : null)
    : grpc.credentials.createInsecure();
  const pricing = new pricewright.v1.PricingService(host, credentials, options);
  const redemption = new pricewright.v1.RedemptionService(host, credentials, {
    ...options,
    channelOverride: pricing.getChannel(),
  });
  return { pricing: { client: pricing, token }, redemption: { client: redemption, token }, close: () => pricing.close() };
}

/**
 * The answer to `request`. Asks again with the very same message, and so with the same id, until `patience` ms are over.
 * `signal` ends it sooner: for a price that nobody waits for any more.
 */
export async function ask(service, method, request, { deadline = 5_000, patience = 20_000, language = "en", signal } = {}) {
  const end = Date.now() + patience;
  let pause = PAUSE_FIRST_MS;
  let faults = 0;
  for (;;) {
    const error = await once(service, method, request, deadline, language, signal);
    if (!(error instanceof Error)) return error;
    const { info, words, wait } = details(error);
    const status = grpc.status[error.code];
    if (signal?.aborted) throw new NoAnswer(`${method}: given up`);
    if (info?.reason === "INTERNAL") {
      faults += 1; // A fault of the service: once more, then somebody must look.
      if (faults > 1) throw new NoAnswer(`${method}: a fault of the service; please report it`);
    } else if (info && NOT_LET_IN.has(info.reason)) {
      throw new NotLetIn(`CALL SOMEBODY, the service does not let us do it (${info.reason}): ${words ?? error.details}`);
    } else if (info && !NO_ANSWER.has(info.reason)) {
      throw new Refused(info.reason, words ?? error.details, info.metadata);
    } else if (!info && !NO_ANSWER_STATUSES.has(error.code)) {
      throw new NoAnswer(`${method}: ${status} from something between: ${error.details}`);
    }
    // By chance, so that not all come back in the same moment; never sooner than the service asks for.
    const milliseconds = wait + (0.5 + Math.random() / 2) * pause;
    pause = Math.min(2 * pause, PAUSE_MAX_MS);
    if (Date.now() + milliseconds > end) throw new NoAnswer(`${method}: ${status}`);
    console.error(`no answer to ${method} (${info?.reason ?? status}); the same again in ${Math.round(milliseconds)} ms`);
    await sleep(milliseconds);
  }
}

async function once({ client, token }, method, request, deadline, language, signal) {
  let bearer;
  try {
    bearer = token();
  } catch (error) {
    throw new NotLetIn(`CALL SOMEBODY, the token cannot be read: ${error.message}`);
  }
  return new Promise((resolve) => {
    const metadata = new grpc.Metadata();
    metadata.set("accept-language", language);
    if (bearer) metadata.set("authorization", `Bearer ${bearer}`);
    const call = client[method](request, metadata, { deadline: Date.now() + deadline }, (error, answer) => {
      signal?.removeEventListener("abort", cancel);
      resolve(error ?? answer);
    });
    const cancel = () => call.cancel();
    if (signal?.aborted) cancel();
    signal?.addEventListener("abort", cancel, { once: true });
  });
}

/** ErrorInfo where pricewright sent one, the words for people, and the milliseconds to wait at least. */
function details(error) {
  const found = { info: undefined, words: undefined, wait: 0 };
  const [bytes] = error.metadata?.get("grpc-status-details-bin") ?? [];
  if (!bytes) return found;
  for (const { type_url: url, value } of definition["google.rpc.Status"].deserialize(bytes).details) {
    const name = url.slice(url.lastIndexOf("/") + 1);
    const known = definition[name]?.deserialize?.(value);
    if (name === "google.rpc.ErrorInfo" && known.domain === "pricewright") found.info = known;
    if (name === "google.rpc.LocalizedMessage") found.words = known.message;
    if (name === "google.rpc.RetryInfo") found.wait = Number(known.retry_delay.seconds) * 1_000 + known.retry_delay.nanos / 1e6;
  }
  return found;
}
