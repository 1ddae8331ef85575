"""How a till asks pricewright: one channel, a deadline on every call, and the same request again until there is an answer."""

import random
import time
from ipaddress import ip_address
from pathlib import Path
from urllib.parse import urlsplit

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
# Pricewright does not know the till any more, or not for this: of the purchase nothing is said. What it is depends on the file of access
# alone, and that a person mends; then the same request is good.
NOT_LET_IN = {"CREDENTIAL_REFUSED", "NOT_ALLOWED"}
PAUSE_FIRST = 0.2
PAUSE_MAX = 5.0


class Refused(Exception):
    """Pricewright has said no, and says it again to the same id."""

    def __init__(self, reason, words, metadata):
        super().__init__(f"{reason}: {words}")
        self.reason, self.words, self.metadata = reason, words, metadata


class NoAnswer(Exception):
    """Nobody knows what became of the call. Keep its id, and ask again later."""


class NotLetIn(NoAnswer):
    """The till's credential is at fault, not the purchase. Keep its id, tell a person, and ask again later."""


class Credentials:
    """Who the till is, and whether it speaks with the service that is meant."""

    def __init__(self, address, token_file, authority, plaintext):
        parts = urlsplit(address if "://" in address else f"http://{address}")
        if parts.scheme not in {"http", "https"}:
            raise SystemExit(f"{address}: https://HOST:PORT, or HOST:PORT for a service on this machine")
        self.target, self.is_tls = parts.netloc, parts.scheme == "https"
        self.token_file, self.authority = token_file, authority
        if token_file and not (self.is_tls or is_here(parts.hostname) or plaintext):
            raise SystemExit(f"a token goes to {address} by https:// alone: whoever listens could use it")
        self.metadata()  # A file that cannot be read is told at the start.

    def metadata(self):
        """Read anew for each call: a token that is replaced counts from the next call on."""
        if not self.token_file:
            return []
        return [("authorization", f"Bearer {Path(self.token_file).read_text().strip()}")]

    def tls(self):
        """TLS by the authority that is named; without one by those that grpcio brings along."""
        if not self.is_tls:
            return None
        return grpc.ssl_channel_credentials(Path(self.authority).read_bytes() if self.authority else None)


def is_here(host):
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False


def open_channel(credentials, service_config):
    """One channel for as long as the till runs: it connects anew by itself."""
    tls = credentials.tls()
    opened = grpc.insecure_channel if tls is None else lambda target, options: grpc.secure_channel(target, tls, options)
    return opened(
        credentials.target,
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


def ask(method, request, *, deadline, patience, language, credentials, tell):
    """The answer to `request`. Asks again with the very same message, and so with the same id, for `patience` seconds."""
    name = type(request).__name__
    end = time.monotonic() + patience
    pause = PAUSE_FIRST
    faults = 0
    while True:
        try:
            metadata = [("accept-language", language), *credentials.metadata()]
            return method(request, timeout=deadline, metadata=metadata)
        except OSError as error:
            raise NotLetIn(f"{name}: CALL SOMEBODY, the token cannot be read: {error}") from error
        except grpc.RpcError as error:
            status = error.code()
            info, words, wait = details(error)
        if info is not None and info.reason == "INTERNAL":
            faults += 1  # A fault of the service: once more, then somebody must look.
            if faults > 1:
                raise NoAnswer(f"{name}: a fault of the service; please report it")
        elif info is not None and info.reason in NOT_LET_IN:
            raise NotLetIn(f"{name}: CALL SOMEBODY, the service does not let this till do it ({info.reason}): {words}")
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
