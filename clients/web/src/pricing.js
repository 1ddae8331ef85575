// Prices over gRPC-Web. A quote keeps nothing, so it may be asked again as often as you like.

import { Code, ConnectError, createClient } from "@connectrpc/connect";
import { createGrpcWebTransport } from "@connectrpc/connect-web";
import { ErrorInfoSchema, LocalizedMessageSchema, RetryInfoSchema } from "../generated/google/rpc/error_details_pb.js";
import { PricingService } from "../generated/pricewright/v1/pricing_pb.js";
import { untilAnswered } from "./again.js";

const NO_ANSWER = new Set(["OVERLOADED", "NO_RULEBOOK", "DEADLINE_EXCEEDED", "SHUTTING_DOWN"]);
// The same where the answer is not pricewright's: a lost connection, a proxy between.
const NO_ANSWER_CODES = new Set([Code.Unavailable, Code.DeadlineExceeded, Code.Internal, Code.Unknown, Code.Canceled]);

/** Pricewright has said no. */
export class Refused extends Error {
  constructor(reason, words) {
    super(words);
    this.reason = reason;
  }
}

/** One client for as long as the page is open. */
export function pricingAt(baseUrl) {
  // A deadline for every call.
  const client = createClient(PricingService, createGrpcWebTransport({ baseUrl, defaultTimeoutMs: 2_000 }));
  return {
    /** What a basket costs. Abort `signal` when it has changed: that price is of no use any more. */
    quote(lines, codes, { language, signal, onAgain }) {
      const request = { basket: { lines }, context: { channel: "web", codes } };
      const options = { signal, headers: { "accept-language": language } };
      const once = async () => {
        try {
          return { answer: await client.quote(request, options) };
        } catch (error) {
          signal.throwIfAborted();
          return { again: milliseconds(ConnectError.from(error)) };
        }
      };
      return untilAnswered(once, { patience: 15_000, signal, onAgain });
    },
  };
}

/** How long to wait at least before the same is asked again; throws where that is of no use. */
function milliseconds(error) {
  const info = error.findDetails(ErrorInfoSchema).find(({ domain }) => domain === "pricewright");
  if (info ? !NO_ANSWER.has(info.reason) : !NO_ANSWER_CODES.has(error.code)) {
    const [words] = error.findDetails(LocalizedMessageSchema);
    throw new Refused(info?.reason ?? Code[error.code], words?.message ?? error.rawMessage);
  }
  const [retry] = error.findDetails(RetryInfoSchema);
  return retry ? Number(retry.retryDelay.seconds) * 1_000 + retry.retryDelay.nanos / 1e6 : 0;
}
