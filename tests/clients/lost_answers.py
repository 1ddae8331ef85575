"""The example clients against a real server, as it runs in production, through a proxy that loses answers.

    python lost_answers.py --pricewright BINARY --rules DIR --work DIR [--java CLASSPATH] [--node] [--web CHROMIUM]

Each client loses the answer to Reserve (the connection is cut behind the request) and to Commit (it comes after the client's deadline), asks
again, and must have one purchase. Each is killed with `kill -9` once while it waits, and must end what it had begun. From each the service
takes its token between payment and `Commit`, then its role, and the paid purchase must be kept all the same once it has them again. The limit of
the test's promotion says in the end how often it was used. Exits with 0 only if all of it held.
"""

import argparse
import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
import uuid
from concurrent import futures
from pathlib import Path

import grpc
from google.protobuf import descriptor_pool
from google.protobuf.json_format import Parse
from google.rpc import code_pb2 as code_pb2_rpc
from google.rpc import error_details_pb2, status_pb2
from grpc_status import rpc_status

from pricewright.v1 import (
    certificate_pb2,
    code_pb2,
    customer_pb2,
    pricing_pb2,
    pricing_pb2_grpc,
    redemption_pb2,
    redemption_pb2_grpc,
    report_pb2,
    rulebook_pb2,
)
from proxy import Proxy
from secured import Access, Certificates, Relay

HERE = Path(__file__).resolve().parent
CLIENTS = HERE.parent.parent / "clients"
BASKET = HERE / "basket.json"
PROMOTION = "clients-limited"
# Short, so that a late answer is asked for again at once; long enough for a busy machine.
DEADLINE = 2
SALE = redemption_pb2.Sale
SHOWN = (
    "a cut and a late answer asked again with one id, killed twice between call and answer, kept without a token and without its role, "
    "waits as RetryInfo says"
)
LOOK_SECONDS = 15  # How long the service may take to read its file of access again, on a busy machine.
# Calls that change something and have no request id: to do them twice changes nothing more (docs/errors.md, customer.proto).
SAME_TWICE = {"pricewright.v1.CustomerService/Upsert"}


def need(what, holds, seen=""):
    if not holds:
        raise AssertionError(f"{what}{': ' if seen != '' else ''}{seen}")


def wait_for(what, seen, seconds=30):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if found := seen():
            return found
        time.sleep(0.02)
    raise AssertionError(f"{what}: not within {seconds} s")


class Scene:
    """A server, and what is left to look at when a client has been at it."""

    def __init__(self, options):
        self.work, self.binary = options.work, options.pricewright
        self.processes = []
        self.committed, self.cancelled = [], []
        # The clients' way to the server, the browser's way to it, and the browser's way to the shop.
        self.proxy, self.web, self.shop = Proxy(None), Proxy(None), Proxy(None)
        self.log = self.work / "serve.log"
        self.data = self.work / "data"
        secret = self.work / "secret"
        secret.mkdir(mode=0o700)
        self.certificates, self.access = Certificates(secret), Access(secret, self.binary)
        for name in ("python", "java"):
            self.access.add(name, "--role", "till", "--store", "lviv-01", "--channel", "pos")
        self.access.add("node", "--role", "shop", "--channel", "web")
        self.access.add("test", "--role", "admin")
        self.access.put()
        keys = secret / "keys.toml"
        keys.touch(mode=0o600)
        keys.write_text(f'current = "k1"\nk1 = "{os.urandom(32).hex()}"\n')
        self.server = self.start(
            "serve",
            [self.binary, "serve", "--listen", "127.0.0.1:0", "--rules", options.rules, "--data", self.data, "--store", "sled"]
            + ["--log-format", "json", "--cors-origin", f"http://{self.shop.address}"]
            + ["--production", "true", "--secrets", keys, "--access", self.access.path]
            + ["--tls-certificate", self.certificates.certificate, "--tls-key", self.certificates.key],
        )
        address = wait_for("the server listens", lambda: re.search(r'"(127\.0\.0\.1:\d+)"', self.log.read_text()))[1]
        here = ("127.0.0.1", int(address.split(":")[1]))
        # The proxies read what passes: TLS ends in front of the clients' one and begins again behind both.
        self.proxy.target = Relay(here, verified=self.certificates.verified("h2")).target
        self.web.target = Relay(here, verified=self.certificates.verified("http/1.1")).target
        front = Relay(("127.0.0.1", self.proxy.port), served=self.certificates.served("h2"))
        self.address, self.lossy = f"https://{address}", f"https://{front.address}"
        tls = grpc.ssl_channel_credentials(self.certificates.authority.read_bytes())
        self.anybody = pricing_pb2_grpc.PricingServiceStub(grpc.secure_channel(address, tls))
        tester = grpc.composite_channel_credentials(tls, grpc.access_token_call_credentials(self.access.token("test")))
        channel = grpc.secure_channel(address, tester)
        self.pricing = pricing_pb2_grpc.PricingServiceStub(channel)
        self.redemption = redemption_pb2_grpc.RedemptionServiceStub(channel)
        self.basket = Parse(BASKET.read_text(), pricing_pb2.QuoteRequest())
        wait_for("the rules are live", self.offered)

    def known(self, name):
        """The flags by which a caller is known, and knows the service."""
        return ["--token-file", self.access.token_file(name), "--authority", self.certificates.authority]

    def let_in(self, name, status, **how):
        """Changes the file of access, and returns when the caller is answered so."""
        self.access.put(**how)
        web = Parse(BASKET.read_text().replace('"pos"', '"web"'), pricing_pb2.QuoteRequest())
        token = [("authorization", f"Bearer {self.access.token(name)}")]

        def answered():
            try:
                self.anybody.Quote(web if name == "node" else self.basket, timeout=5, metadata=token)
            except grpc.RpcError as error:
                return error.code() == status
            return status == grpc.StatusCode.OK

        wait_for(f"{name} is answered with {status.name}", answered, LOOK_SECONDS)

    def start(self, name, command, **more):
        with open(self.work / f"{name}.log", "a") as log:
            process = subprocess.Popen([str(part) for part in command], stdout=log, stderr=log, **more)
        self.processes.append(process)
        return process

    def offered(self):
        """Whether the limited promotion is still to be had."""
        try:
            quote = self.pricing.Quote(self.basket, timeout=5)
        except grpc.RpcError:
            return False
        return any(promotion.id == PROMOTION for promotion in quote.promotions)

    def sale(self, purchase):
        return self.redemption.GetSale(redemption_pb2.GetSaleRequest(sale_id=purchase), timeout=5)

    def paid_once(self, purchase):
        sale = self.sale(purchase)
        need("the purchase is paid", sale.state == SALE.COMMITTED, sale.state)
        need("it has the limited promotion", any(applied.id == PROMOTION for applied in sale.promotions))
        self.committed.append(purchase)
        return sale

    def held(self, purchase):
        sale = self.sale(purchase)
        need("the purchase is held, and not paid", sale.state == SALE.RESERVED, sale.state)

    def called_off(self, purchase):
        sale = self.sale(purchase)
        need("the purchase is called off", sale.state == SALE.CANCELLED, sale.state)
        self.cancelled.append(purchase)

    def stop(self, process, how=signal.SIGTERM):
        if process.poll() is None:
            process.send_signal(how)
        try:
            process.wait(30)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()

    def end(self):
        for process in reversed(self.processes):
            self.stop(process)

    def counted(self):
        """Every purchase stands in the ledger once, and the limit was used as often as there are paid ones."""
        need("the limit is used up to the last", not self.offered())
        report = self.tool("report", "promotions", "--promotion", PROMOTION, "--json", "--server", self.address, *self.known("test"))
        rows = json.loads(report)["rows"]
        need("baskets of the report", [int(row["basket_count"]) for row in rows] == [len(self.committed)], rows)
        self.stop(self.server)
        need("the server ends well", self.server.returncode == 0, self.server.returncode)
        self.tool("ledger", "verify", "--data", self.data)
        facts = [json.loads(line) for line in self.tool("ledger", "export", "-", "--data", self.data).splitlines()]
        events = [fact["fact"]["event"] for fact in facts if "fact" in fact and "event" in fact["fact"]]
        for kind, expected in (
            ("reserved", len(self.committed) + len(self.cancelled)),
            ("committed", len(self.committed)),
            ("cancelled", len(self.cancelled)),
        ):
            found = sum(kind in event for event in events)
            need(f"facts `{kind}` in the ledger", found == expected, f"{found}, not {expected}")
        purchases = self.committed + self.cancelled
        need("every purchase is another", len(set(purchases)) == len(purchases))

    def tool(self, *words):
        done = subprocess.run([self.binary, *map(str, words)], capture_output=True, text=True, timeout=60)
        need(f"pricewright {words[0]} {words[1]}", done.returncode == 0, done.stderr)
        return done.stdout


def asked_with_one_id(proxy, path, since, times):
    ids = proxy.asked(path, since)
    need(f"{path} was asked again", len(ids) >= times, ids)
    need(f"{path} always had the same id", len(set(ids)) == 1 and ids[0], ids)
    return ids[0]


def lose_one_of_each(proxy):
    """The answer to Reserve is lost with its connection, that to Commit comes late. Answered once it was asked for again."""
    since = proxy.mark()
    cut, late = proxy.lose("/Reserve", "close"), proxy.lose("/Commit", "late")

    def release():
        if late.reached.wait(60):
            wait_for("Commit is asked for again", lambda: len(proxy.asked("/Commit", since)) >= 2)
        late.let_go.set()

    watcher = threading.Thread(target=release, daemon=True)
    watcher.start()
    return since, cut, late, watcher


def till(scene, name, command):
    """A till of the command line: `command` takes the options of clients/python/till.py."""
    journal = scene.work / f"{name}.journal"
    base = [*command, "--address", scene.lossy, *scene.known(name), "--journal", journal, "--deadline", str(DEADLINE)]

    def run(*words, to=()):
        done = subprocess.run(
            [str(part) for part in [*base, *to, *words]], capture_output=True, text=True, timeout=90, stdin=subprocess.DEVNULL
        )
        with open(scene.work / f"{name}.log", "a") as log:
            log.write(f"$ {' '.join(words)}\n{done.stdout}{done.stderr}")
        return done

    # The card is declined: what was held is free again, and so the limit suffices for those below.
    since = scene.proxy.mark()
    done = run("--payment", "declined", "sell", str(BASKET))
    need(f"{name}: ends without a sale", done.returncode == 0, done.stdout + done.stderr)
    scene.called_off(asked_with_one_id(scene.proxy, "/Reserve", since, 1))
    # Both answers are lost.
    since, cut, late, watcher = lose_one_of_each(scene.proxy)
    done = run("sell", str(BASKET))
    need(f"{name}: sells", done.returncode == 0, done.stdout + done.stderr)
    watcher.join(60)
    need(f"{name}: both answers were lost", cut.reached.is_set() and late.reached.is_set())
    purchase = asked_with_one_id(scene.proxy, "/Reserve", since, 2)
    asked_with_one_id(scene.proxy, "/Commit", since, 2)
    need(f"{name}: tells of the second question", "DEADLINE_EXCEEDED" in done.stderr, done.stderr)
    sale = scene.paid_once(purchase)
    told = re.search(r"committed (\S+), paid (\d+)\.(\d\d) UAH", done.stdout)
    need(f"{name}: tells what was paid", told and told[1] == purchase and int(told[2] + told[3]) == sale.total, done.stdout)

    # Killed while it waits, at each of the two calls.
    for path in ("/Reserve", "/Commit"):
        since = scene.proxy.mark()
        held = scene.proxy.lose(path, "late")
        process = scene.start(name, [*base, "sell", BASKET], stdin=subprocess.DEVNULL)
        wait_for(f"{name}: {path} has reached the server", held.reached.is_set)
        process.send_signal(signal.SIGKILL)
        need(f"{name}: was killed", process.wait(30) == -signal.SIGKILL, process.returncode)
        held.let_go.set()
        # What the dead client is owed goes nowhere; a new one is started as after a power cut.
        done = run("finish")
        need(f"{name}: ends what it had begun", done.returncode == 0, done.stdout + done.stderr)
        asked_with_one_id(scene.proxy, path, since, 2)
        purchase = asked_with_one_id(scene.proxy, "/Reserve", since, 1)
        need(f"{name}: it is the same purchase", f"committed {purchase}," in done.stdout, done.stdout)
        scene.paid_once(purchase)
    need(f"{name}: nothing is left to be asked", run("finish").stdout == "")

    # While the answer to Reserve is on its way its token is taken out of the file of access: it has its money and may not say so.
    since = scene.proxy.mark()
    held = scene.proxy.lose("/Reserve", "late")
    with futures.ThreadPoolExecutor(1) as pool:
        sold = pool.submit(run, "sell", str(BASKET), to=("--deadline", "28"))
        wait_for(f"{name}: /Reserve has reached the server", held.reached.is_set)
        scene.let_in(name, grpc.StatusCode.UNAUTHENTICATED, without=name)
        held.let_go.set()
        done = sold.result(90)
    purchase = asked_with_one_id(scene.proxy, "/Reserve", since, 1)
    refused = [("CREDENTIAL_REFUSED", done)]
    scene.held(purchase)
    # It is known again, as something that may not sell.
    scene.let_in(name, grpc.StatusCode.PERMISSION_DENIED, other_role=name)
    refused.append(("NOT_ALLOWED", run("finish")))
    scene.held(purchase)
    for reason, done in refused:
        need(f"{name}: keeps what is paid after {reason}", done.returncode == 3, (done.returncode, done.stdout, done.stderr))
        told = "CALL SOMEBODY" in done.stderr and reason in done.stderr
        need(f"{name}: tells a person of {reason}", told and "committed" not in done.stdout, done.stdout + done.stderr)
    scene.let_in(name, grpc.StatusCode.OK)
    done = run("finish")
    need(f"{name}: commits once it is let in", done.returncode == 0 and f"committed {purchase}," in done.stdout, done.stdout + done.stderr)
    asked_with_one_id(scene.proxy, "/Commit", since, 3)
    scene.paid_once(purchase)
    need(f"{name}: nothing is left to be asked", run("finish").stdout == "")

    # A token goes to other machines by TLS alone, whatever they are called.
    for address in ("192.0.2.1:50051", "127.example:50051"):
        done = run("finish", to=("--address", address))
        need(f"{name}: sends no token in clear", done.returncode in (1, 2) and "https:// alone" in done.stderr, done.stderr)

    # A refusal is told in the language of the cashier, and not asked again.
    since = scene.proxy.mark()
    done = run("--lang", "uk", "sell", str(HERE / "wrong.json"))
    need(f"{name}: a mistake is told", done.returncode == 1 and re.search("[а-яіїє]{4}", done.stderr), done.stderr)
    # Where the deadline came first the question may not even have left.
    asked, lost = len(scene.proxy.asked("/Quote", since)), done.stderr.count("no answer to")
    need(f"{name}: a mistake is asked once", 1 <= asked <= 1 + lost and "(INVALID" not in done.stderr, done.stderr)
    # Who is told to wait waits.
    def ask_busy(address):
        done = run("sell", str(BASKET), to=("--address", address))
        need(f"{name}: is refused", done.returncode == 1 and "INVALID_FIELDS" in done.stderr, done.stderr)
        return done.stderr

    wait_as_told(name, ask_busy)
    return f"{SHOWN}, one declined: 4 paid, 1 called off"


def http(url, body=None, method="POST", language="en"):
    """Status and JSON of one request, without any retry."""
    data = None if body is None else json.dumps(body).encode()
    headers = {"content-type": "application/json", "accept-language": language}
    request = urllib.request.Request(url, data=data, method=method, headers=headers)
    try:
        with urllib.request.urlopen(request, timeout=60) as response:
            return response.status, json.load(response)
    except urllib.error.HTTPError as error:
        return error.code, json.load(error)


def start_shop(scene, name, pricewright, *more, orders=None):
    """The back end of the shop; where it listens, and its process."""
    log = scene.work / f"{name}.log"
    before = log.stat().st_size if log.exists() else 0
    command = ["node", CLIENTS / "node/server.js", "--pricewright", pricewright, "--listen", "0"]
    command += scene.known("node") + ["--orders", orders or scene.work / f"{name}.orders", "--deadline", str(DEADLINE * 1000), *more]
    process = scene.start(name, command)

    def listening():
        need(f"{name}: runs", process.poll() is None, log.read_text())
        return re.search(r"listening on (http://127\.0\.0\.1:\d+)", log.read_bytes()[before:].decode())

    return wait_for(f"{name}: listens", listening)[1], process


def shop(scene):
    """The back end of a web shop, asked as its pages would."""
    lines = json.loads(BASKET.read_text())["basket"]["lines"]
    proxy = scene.proxy
    url, process = start_shop(scene, "node", scene.lossy)

    def place(url):
        code, quote = http(f"{url}/quote", {"lines": lines})
        need("node: prices", code == 200 and int(quote["total"]) > 0, quote)
        moment = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(int(quote["time"]["seconds"])))
        told = {"time": moment, "rulebook_version": quote["rulebook_version"]}
        return {"order": str(uuid.uuid4()), "lines": lines, "quote": told, "expected_total": quote["total"]}

    def asked_and_killed(path, url, process, *request):
        held = proxy.lose(path, "late")
        waiting = threading.Thread(target=lambda: quiet(http, *request), daemon=True)
        waiting.start()
        wait_for(f"node: {path} has reached the server", held.reached.is_set)
        scene.stop(process, signal.SIGKILL)
        held.let_go.set()
        waiting.join(30)
        return start_shop(scene, "node", scene.lossy)

    # Called off: what was held is free again, and so the limit suffices for those below.
    order = place(url)
    code, reserved = http(f"{url}/orders", order)
    need("node: reserves", code == 200 and reserved["state"] == "reserved", reserved)
    code, cancelled = http(f"{url}/orders/{order['order']}/cancel")
    need("node: calls off", cancelled["state"] == "cancelled", cancelled)
    scene.called_off(cancelled["sale"])

    # Both answers are lost; the page asks for its order twice at the same moment besides.
    since, cut, late, watcher = lose_one_of_each(proxy)
    order = place(url)
    twice = [threading.Thread(target=http, args=(f"{url}/orders", order)) for _ in range(2)]
    [one.start() for one in twice]
    [one.join(60) for one in twice]
    code, reserved = http(f"{url}/orders", order)
    need("node: reserves", code == 200 and reserved["state"] == "reserved", reserved)
    need("node: what was told is what is reserved", reserved["total"] == order["expected_total"], reserved)
    code, paid = http(f"{url}/orders/{order['order']}/pay")
    need("node: commits", code == 200 and paid["state"] == "committed", paid)
    watcher.join(60)
    need("node: both answers were lost", cut.reached.is_set() and late.reached.is_set())
    asked_with_one_id(proxy, "/Commit", since, 2)
    need("node: one purchase", asked_with_one_id(proxy, "/Reserve", since, 2) == paid["sale"], paid)
    scene.paid_once(paid["sale"])

    # Killed while it waits for Reserve: the page asks again. Killed while it waits for Commit: it asks by itself.
    since = proxy.mark()
    order = place(url)
    url, process = asked_and_killed("/Reserve", url, process, f"{url}/orders", order)
    code, reserved = http(f"{url}/orders", order)
    need("node: reserves after a crash", code == 200 and reserved["state"] == "reserved", reserved)
    need("node: it is the same purchase", asked_with_one_id(proxy, "/Reserve", since, 2) == reserved["sale"], reserved)
    pay = f"{url}/orders/{order['order']}"
    url, process = asked_and_killed("/Commit", url, process, f"{pay}/pay")
    mine = f"{url}/orders/{order['order']}"
    wait_for("node: commits by itself", lambda: http(mine, method="GET")[1]["state"] == "committed")
    asked_with_one_id(proxy, "/Commit", since, 2)
    scene.paid_once(reserved["sale"])

    # A token goes to other machines by TLS alone, whatever they are called.
    for address in ("192.0.2.1:50051", "127.example:50051"):
        command = ["node", CLIENTS / "node/server.js", "--orders", scene.work / "clear.orders", *scene.known("node"), "--pricewright", address]
        done = subprocess.run([str(part) for part in command], capture_output=True, text=True, timeout=60)
        need("node: sends no token in clear", done.returncode != 0 and "https:// alone" in done.stderr, done.stderr)

    # Paid, and its token is taken out of the file of access; then it is known again, as something that may not sell.
    since = proxy.mark()
    order = place(url)
    code, reserved = http(f"{url}/orders", order)
    need("node: reserves", code == 200 and reserved["state"] == "reserved", reserved)
    for status, reason, how in (
        (grpc.StatusCode.UNAUTHENTICATED, "CREDENTIAL_REFUSED", {"without": "node"}),
        (grpc.StatusCode.PERMISSION_DENIED, "NOT_ALLOWED", {"other_role": "node"}),
    ):
        scene.let_in("node", status, **how)
        before = len((scene.work / "node.log").read_text())
        code, paid = http(f"{url}/orders/{order['order']}/pay")
        need(f"node: keeps what is paid after {reason}", code == 200 and paid["state"] == "paid", paid)
        told = (scene.work / "node.log").read_text()[before:]
        need(f"node: tells a person of {reason}", "CALL SOMEBODY" in told and reason in told and order["order"] in told, told)
        code, refused = http(f"{url}/orders", {**order, "order": str(uuid.uuid4())})
        need(f"node: an order is not refused for {reason}", code == 503, refused)
        scene.held(reserved["sale"])
    scene.let_in("node", grpc.StatusCode.OK)
    scene.stop(process)
    url, process = start_shop(scene, "node", scene.lossy)
    mine = f"{url}/orders/{order['order']}"
    wait_for("node: commits by itself once it is let in", lambda: http(mine, method="GET")[1]["state"] == "committed")
    asked_with_one_id(proxy, "/Commit", since, 3)
    scene.paid_once(reserved["sale"])

    # Prices have changed since: the order is refused, in the customer's language, and asked once.
    wrong = {**place(url), "expected_total": "1"}
    since, before = proxy.mark(), (scene.work / "node.log").read_text().count("no answer to Reserve")
    code, refused = http(f"{url}/orders", wrong, language="uk")
    need("node: a price that is none is refused", code == 409 and refused["reason"] == "PRICE_CHANGED", refused)
    need("node: in Ukrainian", re.search("[а-яіїє]{4}", refused["words"]), refused)
    lost = (scene.work / "node.log").read_text().count("no answer to Reserve") - before
    need("node: a refusal is asked once", 1 <= len(proxy.asked("/Reserve", since)) <= 1 + lost)
    scene.stop(process)
    need("node: ends well", process.returncode == 0, process.returncode)
    # Who is told to wait waits.
    def ask_busy(address):
        log = scene.work / "node-busy.log"
        log.unlink(missing_ok=True)
        url, process = start_shop(scene, "node-busy", address)
        code, refused = http(f"{url}/quote", {"lines": lines})
        need("node: is refused", code == 409 and refused["reason"] == "INVALID_FIELDS", refused)
        scene.stop(process)
        return log.read_text()

    wait_as_told("node", ask_busy)
    return f"{SHOWN}, one called off: 3 paid, 1 called off"


def browser(scene, chromium):
    """The page in headless Chromium: prices over gRPC-Web, the order by the shop's back end; each loses an answer on its way."""
    pages, shots = scene.work / "pages", scene.work / "shots"
    shots.mkdir(exist_ok=True)
    build = ["npm", "run", "--silent", "build", "--", "--pricewright", f"http://{scene.web.address}", "--out", pages]
    built = subprocess.run([str(part) for part in build], cwd=CLIENTS / "web", capture_output=True, text=True, timeout=120)
    need("web: the page is built", built.returncode == 0, built.stdout + built.stderr)
    url, process = start_shop(scene, "web-shop", scene.address, "--pages", pages)
    scene.shop.target = ("127.0.0.1", int(url.rsplit(":", 1)[1]))

    # The first price is cut off in the middle, the order's answer and that of the payment are cut off as well. When the payment is asked
    # for again its answer waits until the customer has reloaded the page.
    lost = [scene.web.lose("/Quote", "cut"), scene.shop.lose("/orders", "cut"), scene.shop.lose("/pay", "cut")]
    late = scene.shop.lose("/pay", "late")
    reloaded = scene.work / "reloaded"

    def release():
        if late.reached.wait(100):
            (scene.work / "reload").touch()
            wait_for("the page is reloaded", reloaded.exists)
        late.let_go.set()

    threading.Thread(target=release, daemon=True).start()
    command = ["node", HERE / "browser.mjs", chromium, f"http://{scene.shop.address}/", scene.work / "profile", shots, scene.work]
    # A group of its own, of which nothing is left: a browser is many processes.
    driver = subprocess.Popen(
        [str(part) for part in command], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True
    )
    try:
        out, err = driver.communicate(timeout=120)
    finally:
        try:
            os.killpg(driver.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        driver.wait()
    (scene.work / "browser.log").write_text(out + err)
    need("web: the page does what it should", driver.returncode == 0, out + err)
    need("web: the answers were lost", all(fault.reached.is_set() for fault in [*lost, late]))
    seen = json.loads(out)
    order = asked_with_one_id(scene.shop, "/orders", 0, 3)
    paths = [path for path, _ in scene.shop.calls if path.endswith("/pay")]
    need("web: payment was asked for thrice, of one order", paths == 3 * [f"/orders/{order}/pay"], paths)

    sale = scene.paid_once(seen["sale"])
    need("web: the total of the receipt", int(seen["total"]) == int(seen["paid"]) == sale.total, seen)
    shown = [(line["sku"], int(line["total"])) for line in seen["lines"]]
    need("web: the lines of the receipt", shown == [(line.sku, line.total) for line in sale.lines], seen)
    applied = sorted(promotion.id for promotion in sale.promotions)
    need("web: the promotions of the receipt", sorted(set(seen["promotions"])) == applied, (seen, applied))
    need("web: in Ukrainian", "До сплати" in seen["ukrainian"], seen)
    need("web: a mistyped code is told", seen["code"], seen)
    scene.stop(process)
    return f"priced over gRPC-Web and paid in Chromium, {len(lost)} answers cut off and asked again, reloaded while it pays: 1 paid; pictures in {os.path.relpath(shots)}"


def quiet(work, *words):
    try:
        work(*words)
    except OSError:
        pass  # The other side was killed.


class Busy(pricing_pb2_grpc.PricingServiceServicer):
    """A server that is overloaded once, asks for a pause, and then refuses: to see who waits as long as was asked for."""

    PAUSE = 1.2

    def __init__(self):
        self.moments = []
        self.server = grpc.server(futures.ThreadPoolExecutor(2))
        pricing_pb2_grpc.add_PricingServiceServicer_to_server(self, self.server)
        self.address = f"127.0.0.1:{self.server.add_insecure_port('127.0.0.1:0')}"
        self.server.start()

    def Quote(self, request, context):
        self.moments.append(time.monotonic())
        first = len(self.moments) == 1
        status = status_pb2.Status(code=(code_pb2_rpc.RESOURCE_EXHAUSTED if first else code_pb2_rpc.INVALID_ARGUMENT), message="no")
        details = [error_details_pb2.ErrorInfo(domain="pricewright", reason="OVERLOADED" if first else "INVALID_FIELDS")]
        if first:
            details.append(error_details_pb2.RetryInfo())
            details[-1].retry_delay.FromMilliseconds(int(1000 * self.PAUSE))
        for detail in details:
            status.details.add().Pack(detail)
        context.abort_with_status(rpc_status.to_status(status))

    def waited(self, name, said):
        """Whether the client has heard it in time; then it must have waited."""
        self.server.stop(None)
        if "OVERLOADED" not in said:
            return False
        gap = self.moments[1] - self.moments[0]
        need(f"{name}: waits as long as RetryInfo says", gap >= self.PAUSE, gap)
        return True


def wait_as_told(name, ask):
    """`ask` asks a server at an address, and returns what the client said. On a busy machine the deadline may come first: then anew."""
    for _ in range(5):
        busy = Busy()
        if busy.waited(name, ask(busy.address)):
            return
    raise AssertionError(f"{name}: never heard a server that is overloaded")


def service_config(scene):
    """What the channel may repeat by itself only reads, or has a request id, or changes nothing when it is done twice."""
    for module in (certificate_pb2, code_pb2, customer_pb2, report_pb2, rulebook_pb2):
        need("the protos are loaded", module.DESCRIPTOR)
    pool = descriptor_pool.Default()
    config = json.loads((CLIENTS / "service-config.json").read_text())
    count = 0
    reads = re.compile(r"Quote|BatchQuote|Get\w*|List\w*|Check|Diff|Inspect|Promotions|Statement")
    for entry in config["methodConfig"]:
        need("only UNAVAILABLE is repeated", entry["retryPolicy"]["retryableStatusCodes"] == ["UNAVAILABLE"])
        for name in entry["name"]:
            method = pool.FindServiceByName(name["service"]).methods_by_name[name["method"]]
            named = "request_id" in method.input_type.fields_by_name
            path = f"{name['service']}/{name['method']}"
            need(f"{path} may be done twice", named or reads.fullmatch(name["method"]) or path in SAME_TWICE)
            count += 1
    return f"{count} methods: each only reads, has a request id, or is the same when done twice"


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--pricewright", required=True)
    parser.add_argument("--rules", type=Path, required=True)
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--java", help="the class path of the compiled till")
    parser.add_argument("--node", action="store_true")
    parser.add_argument("--web", help="Chromium; needs --node")
    options = parser.parse_args()
    # Ended from outside is ended with everything that was started.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("tests/clients: ended before its end"))

    parts = [("service config", service_config, 0)]
    python = [sys.executable, CLIENTS / "python/till.py"]
    parts.append(("python till", lambda scene: till(scene, "python", python), 4))
    if options.java:
        java = ["java", "-Xshare:auto", "-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-cp", options.java, "till.Till"]
        java += ["--service-config", CLIENTS / "service-config.json"]
        parts.append(("java till", lambda scene: till(scene, "java", java), 4))

    if options.node:
        parts.append(("node back end", shop, 3))

    if options.web:
        parts.append(("web checkout", lambda scene: browser(scene, options.web), 1))

    limited = (HERE / "limited.yaml").read_text().replace("TOTAL", str(sum(paid for _, _, paid in parts)))
    (options.rules / "limited.yaml").write_text(limited)
    scene = Scene(options)
    try:
        for name, part, _ in parts:
            began = time.monotonic()
            shown = part(scene)
            print(f"tests/clients: {name}: {shown} ({time.monotonic() - began:.0f} s)", flush=True)
        scene.counted()
        print(
            f"tests/clients: the ledger: {len(scene.committed)} paid and {len(scene.cancelled)} called off, each there once; "
            f"the limit was used {len(scene.committed)} times"
        )
    finally:
        scene.end()


if __name__ == "__main__":
    main()
