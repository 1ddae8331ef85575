"""A service as it runs in production: a certificate of an authority of its own, callers that it knows, and TLS at both sides of a proxy."""

import asyncio
import os
import re
import ssl
import subprocess
import threading

HOST = "127.0.0.1"


class Certificates:
    """An authority that exists for one test, and the certificate of the service that it has signed."""

    def __init__(self, folder):
        self.authority, self.certificate, self.key = (folder / name for name in ("authority.pem", "service.pem", "service.key"))
        authority_key, request, names = folder / "authority.key", folder / "service.csr", folder / "names"
        names.write_text(f"subjectAltName = IP:{HOST}, DNS:localhost\nbasicConstraints = CA:FALSE\n")
        curve = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
        openssl("req", "-x509", *curve, "-days", "2", "-subj", "/CN=authority", "-keyout", authority_key, "-out", self.authority)
        openssl("req", *curve, "-subj", "/CN=pricewright", "-keyout", self.key, "-out", request)
        signed_by = ["-CA", self.authority, "-CAkey", authority_key, "-CAcreateserial", "-extfile", names]
        openssl("x509", "-req", "-in", request, *signed_by, "-days", "2", "-out", self.certificate)

    def served(self, protocol):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.certificate, self.key)
        context.set_alpn_protocols([protocol])
        return context

    def verified(self, protocol):
        context = ssl.create_default_context(cafile=str(self.authority))
        context.set_alpn_protocols([protocol])
        return context


def openssl(*words):
    done = subprocess.run(["openssl", *map(str, words)], capture_output=True, text=True, timeout=60)
    if done.returncode:
        raise AssertionError(f"openssl {words[0]}: {done.stderr}")


class Access:
    """The file of access, and a file with the token of each caller."""

    def __init__(self, folder, binary):
        self.folder, self.binary = folder, binary
        self.path = folder / "access.toml"
        self.entries = {}

    def add(self, name, *words):
        """Makes a token; the service hears of it with the next `put`."""
        command = [str(self.binary), "access", "token", "--name", name, *words]
        made = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
        self.entries[name] = made.stderr
        token = self.token_file(name)
        token.write_text(made.stdout)
        token.chmod(0o600)

    def token_file(self, name):
        return self.folder / f"{name}.token"

    def token(self, name):
        return self.token_file(name).read_text().strip()

    def put(self, *, without=None, other_role=None):
        """The whole file at once, as whoever keeps it should. One caller may be left out of it, or be something else."""
        entries = [
            re.sub(r"roles = .*", 'roles = ["auditor"]', entry) if name == other_role else entry
            for name, entry in self.entries.items()
            if name != without
        ]
        beside = self.path.with_suffix(".new")
        beside.write_text("\n".join([*entries, '[open]\nchannels = ["web"]\n']))
        os.replace(beside, self.path)


class Relay:
    """Passes bytes on, and ends or begins TLS on the way: so that the proxy beside it can read them."""

    def __init__(self, to, *, served=None, verified=None):
        self.to, self.served, self.verified = to, served, verified
        self.loop = asyncio.new_event_loop()
        threading.Thread(target=self.loop.run_forever, daemon=True).start()
        server = asyncio.run_coroutine_threadsafe(asyncio.start_server(self._pass_on, HOST, 0, ssl=served), self.loop).result(10)
        self.target = server.sockets[0].getsockname()[:2]
        self.address = f"{HOST}:{self.target[1]}"

    async def _pass_on(self, reader, writer):
        name = {"server_hostname": HOST} if self.verified else {}
        try:
            there_reader, there_writer = await asyncio.open_connection(*self.to, ssl=self.verified, **name)
        except OSError:
            writer.close()
            return
        await asyncio.gather(pump(reader, there_writer, writer), pump(there_reader, writer, there_writer))


async def pump(reader, writer, other):
    try:
        while (data := await reader.read(65536)) and not writer.is_closing():
            writer.write(data)
            await writer.drain()
    except OSError:
        pass
    finally:
        # One direction at its end is the end of both, as in the proxy.
        writer.close()
        other.close()
