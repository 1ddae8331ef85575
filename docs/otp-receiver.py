#!/usr/bin/env python3
"""An example of a gateway for one-time passwords of gift certificates (docs/passwords.md).

It takes the signed webhooks of pricewright, checks them, and prints what a gateway would send to the phone: once, however often a message
arrives. Python 3.9 or later, and one package:

    pip install standardwebhooks
"""

import argparse
import json
import os
import sys
import threading
from collections import OrderedDict
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from standardwebhooks.webhooks import Webhook, WebhookVerificationError

BODY_BYTES_MAX = 64 * 1024
# A password lives for minutes, so a message comes again within minutes. A real gateway keeps the ids in its database.
IDS_MAX = 100_000

EXAMPLE = """example:
  (umask 077; echo "whsec_$(openssl rand -base64 32)" > webhook-secret)
  python3 docs/otp-receiver.py --secret-file webhook-secret --port 8099 &
  pricewright serve --otp-webhook http://127.0.0.1:8099/otp --otp-webhook-secret webhook-secret

The file of secrets is the one that pricewright reads: a line `whsec_...` each, and remarks with `#`.
"""


def secrets_of(path):
    try:
        with open(path, encoding="utf-8") as file:
            lines = [line.strip() for line in file]
    except OSError as error:
        sys.exit(f"cannot read the secrets: {error}")
    secrets = [line for line in lines if line and not line.startswith("#")]
    if not secrets:
        sys.exit(f"{path}: there is no secret")
    return [Webhook(secret) for secret in secrets]


class Desk:
    """Takes each message once."""

    def __init__(self, secrets, out):
        self.secrets = secrets
        self.out = out
        self.ids = OrderedDict()
        self.lock = threading.Lock()

    def is_signed(self, body, headers):
        # The headers' names in small letters: that is what the package asks for.
        headers = {name.lower(): value for name, value in headers.items()}
        for secret in self.secrets:
            try:
                secret.verify(body, headers)
                return True
            except WebhookVerificationError:
                continue
            except Exception:  # A header that is no number, or a body that is no JSON.
                return False
        return False

    def take(self, message_id, event):
        # Under one lock: of two that come at once one is sent. What fails here is answered 500 and comes again.
        with self.lock:
            if message_id in self.ids:
                return
            self.send(message_id, event)
            self.ids[message_id] = True
            if len(self.ids) > IDS_MAX:
                self.ids.popitem(last=False)

    def send(self, message_id, event):
        # Here a gateway sends `text` to `phone`. It never logs either.
        data = event["data"]
        print(f"SMS to {data['phone']}: {data['text']}", flush=True)
        if self.out:
            with open(self.out, "a", encoding="utf-8") as file:
                line = {"id": message_id, **event}
                file.write(json.dumps(line, ensure_ascii=False) + "\n")


class Handler(BaseHTTPRequestHandler):
    desk = None
    timeout = 10

    def do_POST(self):
        length = self.headers.get("content-length", "")
        if not length.isdecimal() or int(length) > BODY_BYTES_MAX:
            return self.answer(413)
        body = self.rfile.read(int(length))
        # The bytes as they came: JSON that was read and written again has another signature.
        if not self.desk.is_signed(body, self.headers):
            return self.answer(401)
        try:
            event = json.loads(body)
            # A kind that is not known is taken and let go: later versions may have more.
            if event["type"] == "certificate.password":
                self.desk.take(self.headers["webhook-id"], event)
        except (KeyError, TypeError, ValueError):
            return self.answer(400)
        return self.answer(204)

    def answer(self, status):
        self.send_response(status)
        self.send_header("content-length", "0")
        self.end_headers()

    def log_message(self, *_):
        pass


def main():
    parser = argparse.ArgumentParser(
        description="Takes one-time passwords from pricewright, and prints what an SMS gateway would send.",
        epilog=EXAMPLE,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--port", type=int, default=8099, help="port on 127.0.0.1 [default: 8099]; 0 takes a free one")
    parser.add_argument("--secret-file", required=True, metavar="FILE", help="the secrets that sign the messages")
    parser.add_argument("--out", metavar="FILE", help="a JSON line for each message that was taken; for tests: it has the password")
    options = parser.parse_args()
    if options.out:
        # The owner's alone, for what is in it.
        os.close(os.open(options.out, os.O_CREAT | os.O_APPEND | os.O_WRONLY, 0o600))
    Handler.desk = Desk(secrets_of(options.secret_file), options.out)
    server = ThreadingHTTPServer(("127.0.0.1", options.port), Handler)
    print(f"listening on http://127.0.0.1:{server.server_port}/", flush=True)
    try:
        server.serve_forever()
    except KeyboardInterrupt:
        pass


if __name__ == "__main__":
    main()
