"""How a till asks pricewright: one channel, a deadline on every call, and the same request again until there is an answer."""

import random
import time

import grpc
from google.rpc import error_details_pb2
from grpc_status import rpc_status

# Nobody has answered, or whoever did does not know whether the call was kept. The same request is asked again.
NO_ANSWER = {
    "OVERLOADED",
    "NO_RULEBOOK",
    "DEADLINE_EXCEEDED",
    "SHUTTING_DOWN",
    "LEDGER_STOPPED",
    "LEDGER_UNAVAILABLE",
    "PROFILES_AWAY",
}
# The same where the answer is not pricewright's: a lost connection, a proxy between. With a request id it is safe to ask again.
NO_ANSWER_STATUSES = {
    grpc.StatusCode.UNAVAILABLE,
    grpc.StatusCode.DEADLINE_EXCEEDED,
    grpc.StatusCode.CANCELLED,
    grpc.StatusCode.INTERNAL,
    grpc.StatusCode.UNKNOWN,
}
PAUSE_FIRST = 0.2
PAUSE_MAX = 5.0


class Refused(Exception):
    """Pricewright has said no, and says it again to the same id."""

    def __init__(self, reason, words, metadata):
        super().__init__(f"{reason}: {words}")
        self.reason, self.words, self.metadata = reason, words, metadata


class NoAnswer(Exception):
    """Nobody knows what became of the call. Keep its id, and ask again later."""


def open_channel(address, service_config):
    """One channel for as long as the till runs: it connects anew by itself."""
    return grpc.insecure_channel(
        address,
        options=[
            ("grpc.service_config", service_config),
            # A dead line is noticed in 20 seconds, not by the customer who waits.
            ("grpc.keepalive_time_ms", 15_000),
            ("grpc.keepalive_timeout_ms", 5_000),
            ("grpc.keepalive_permit_without_calls", 1),
            ("grpc.http2.max_pings_without_data", 0),
            # After an outage the till is back within seconds.
            ("grpc.max_reconnect_backoff_ms", 5_000),
        ],
    )


def ask(method, request, *, deadline, patience, language, tell):
    """The answer to `request`. Asks again with the very same message, and so with the same id, for `patience` seconds."""
    name = type(request).__name__
    end = time.monotonic() + patience
    pause = PAUSE_FIRST
    faults = 0
    while True:
        try:
            return method(request, timeout=deadline, metadata=[("accept-language", language)])
        except grpc.RpcError as error:
            status = error.code()
            info, words, wait = details(error)
        if info is not None and info.reason == "INTERNAL":
            faults += 1  # A fault of the service: once more, then somebody must look.
            if faults > 1:
                raise NoAnswer(f"{name}: a fault of the service; please report it")
        elif info is not None and info.reason not in NO_ANSWER:
            raise Refused(info.reason, words, dict(info.metadata))
        elif info is None and status not in NO_ANSWER_STATUSES:
            raise NoAnswer(f"{name}: {status.name} from something between: {words}")
        # By chance, so that a hundred tills do not come back in the same moment; never sooner than the service asks for.
        wait += random.uniform(0.5, 1.0) * pause
        pause = min(2 * pause, PAUSE_MAX)
        if time.monotonic() + wait > end:
            raise NoAnswer(f"{name}: {status.name}")
        tell(f"no answer to {name} ({info.reason if info else status.name}); the same again in {wait:.1f} s")
        time.sleep(wait)


def details(error):
    """ErrorInfo where pricewright sent one, the words for the cashier, and the seconds to wait at least."""
    info, words, wait = None, error.details(), 0.0
    status = rpc_status.from_call(error)
    for detail in status.details if status else []:
        known = error_details_pb2.ErrorInfo()
        if detail.Unpack(known) and known.domain == "pricewright":
            info = known
        known = error_details_pb2.LocalizedMessage()
        if detail.Unpack(known):
            words = known.message
        known = error_details_pb2.RetryInfo()
        if detail.Unpack(known):
            wait = known.retry_delay.ToTimedelta().total_seconds()
    return info, words, wait
