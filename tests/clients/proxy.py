"""A proxy that loses answers: the request goes through to the server, and what comes back does not reach the client in time.

It understands of HTTP/2 (gRPC) and of HTTP/1.1 (gRPC-Web, the orders of a shop) only as much as it needs to know which call it carries.
"""

import re
import socket
import threading
from collections import deque

import hpack

DATA, HEADERS, CONTINUATION = 0, 1, 9
END_HEADERS, PADDED, PRIORITY = 4, 8, 32
PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
UUID = re.compile(rb"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")


class Fault:
    """One answer that is lost.

    `how` is `close`: the connection is cut before the answer; `cut`: in the middle of it; `late`: the answer waits until `let_go` is set
    or 30 seconds have passed, and everything behind it on this connection too.
    """

    def __init__(self, path, how):
        self.path, self.how = path, how
        self.reached = threading.Event()
        self.let_go = threading.Event()


class Proxy:
    def __init__(self, target):
        self.target = target
        self.calls = []  # (path, request id) as they passed to the server.
        self.faults = []
        self.lock = threading.Lock()
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.address = f"127.0.0.1:{self.port}"
        threading.Thread(target=self._accept, daemon=True).start()

    def lose(self, path, how):
        fault = Fault(path, how)
        with self.lock:
            self.faults.append(fault)
        return fault

    def asked(self, path, since=0):
        """The request ids of the calls of `path`, in order."""
        with self.lock:
            return [request_id for called, request_id in self.calls[since:] if called.endswith(path)]

    def mark(self):
        with self.lock:
            return len(self.calls)

    def close(self):
        self.listener.close()

    def _accept(self):
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client):
        try:
            server = socket.create_connection(self.target)
        except OSError:
            client.close()
            return
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        server.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        connection = None
        try:
            first = client.recv(65536)
            kind = Http2 if first.startswith(PREFACE[:3]) else Http1
            connection = kind(self, client, server)
            back = threading.Thread(target=self._pump, args=(server, client, connection.answer), daemon=True)
            back.start()
            if first:
                connection.request(first)
            self._pump(client, server, connection.request)
        except OSError:
            pass
        finally:
            cut(client, server)

    def _pump(self, source, sink, pass_on):
        try:
            while data := source.recv(65536):
                if not pass_on(data):
                    break
        except OSError:
            pass
        finally:
            # One direction at its end is the end of both: no client here half-closes.
            cut(source, sink)

    def take_fault(self, path):
        with self.lock:
            for fault in self.faults:
                if path.endswith(fault.path):
                    self.faults.remove(fault)
                    return fault
        return None

    def note(self, path, body):
        found = UUID.search(body)
        with self.lock:
            self.calls.append((path, found.group().decode() if found else ""))

    def note_late(self, body):
        found = UUID.search(body)
        with self.lock:
            if found and self.calls and not self.calls[-1][1]:
                self.calls[-1] = (self.calls[-1][0], found.group().decode())


def cut(*sockets):
    for one in sockets:
        try:
            one.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        one.close()


class Http2:
    def __init__(self, proxy, client, server):
        self.proxy, self.client, self.server = proxy, client, server
        self.decoder = hpack.Decoder()
        self.decoder.max_allowed_table_size = 1 << 20
        self.paths, self.faults, self.noted = {}, {}, set()
        self.block = b""
        self.up, self.down = b"", b""
        self.preface = len(PREFACE)

    def frames(self, buffer):
        """Whole frames of a buffer as (kind, flags, stream, payload), and the bytes that are left."""
        found, at = [], 0
        while len(buffer) - at >= 9:
            size = int.from_bytes(buffer[at : at + 3], "big")
            if len(buffer) - at < 9 + size:
                break
            kind, flags = buffer[at + 3], buffer[at + 4]
            stream = int.from_bytes(buffer[at + 5 : at + 9], "big") & 0x7FFFFFFF
            found.append((kind, flags, stream, buffer[at + 9 : at + 9 + size], buffer[at : at + 9 + size]))
            at += 9 + size
        return found, buffer[at:]

    def request(self, data):
        self.up += data
        if self.preface:
            if len(self.up) < self.preface:
                return True
            self.server.sendall(self.up[: self.preface])
            self.up, self.preface = self.up[self.preface :], 0
        found, self.up = self.frames(self.up)
        for kind, flags, stream, payload, whole in found:
            if kind in (HEADERS, CONTINUATION):
                self.headers(kind, flags, stream, payload)
            elif kind == DATA and stream in self.paths and stream not in self.noted and payload:
                # Requests here are small: the first frame of data has the id.
                self.noted.add(stream)
                self.proxy.note(self.paths[stream], payload)
            self.server.sendall(whole)
        return True

    def headers(self, kind, flags, stream, payload):
        if kind == HEADERS:
            padding = payload[0] if flags & PADDED else 0
            start = (1 if flags & PADDED else 0) + (5 if flags & PRIORITY else 0)
            payload = payload[start : len(payload) - padding]
        self.block += payload
        if flags & END_HEADERS:
            path = dict(self.decoder.decode(self.block)).get(":path", "")
            self.block = b""
            self.paths[stream] = path
            fault = self.proxy.take_fault(path)
            if fault:
                self.faults[stream] = fault

    def answer(self, data):
        self.down += data
        found, self.down = self.frames(self.down)
        for kind, _flags, stream, _payload, whole in found:
            fault = self.faults.pop(stream, None) if kind == HEADERS else None
            if fault:
                fault.reached.set()
                if fault.how != "late":
                    return False
                # Later frames wait behind it: the header tables of both sides stay the same.
                fault.let_go.wait(30)
            self.client.sendall(whole)
        return True


class Http1:
    def __init__(self, proxy, client, server):
        self.proxy, self.client, self.server = proxy, client, server
        self.faults = deque()

    def request(self, data):
        # Browsers send the next request when they have the answer to the last one; the body may come by itself.
        if line := re.match(rb"(GET|POST|OPTIONS) (\S+) HTTP/1\.1\r\n", data):
            method, path = (part.decode() for part in line.groups())
            if method == "POST":
                self.proxy.note(path, data.split(b"\r\n\r\n", 1)[-1])
                if fault := self.proxy.take_fault(path):
                    self.faults.append(fault)
        else:
            self.proxy.note_late(data)
        self.server.sendall(data)
        return True

    def answer(self, data):
        if not self.faults:
            self.client.sendall(data)
            return True
        fault = self.faults.popleft()
        fault.reached.set()
        if fault.how == "late":
            fault.let_go.wait(30)
            self.client.sendall(data)
            return True
        if fault.how == "cut":
            self.client.sendall(data.split(b"\r\n\r\n", 1)[0] + b"\r\n\r\n")
        return False
