"""TLS and timeouts of a server, and secrets that nobody is shown."""

from __future__ import annotations

import json
import logging
import ssl
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import ip_address
from pathlib import Path
from typing import ClassVar

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from schemas.errors import StoreUnavailableError, UsageError
from schemas.settings import load_settings
from store import open_from, open_store
from store.retry import Backoff
from store.server import ServerStore

ONCE = Backoff(attempts=1)


class Handler(BaseHTTPRequestHandler):
    keys: ClassVar[list[str | None]] = []
    awake: ClassVar = threading.Event()

    def do_GET(self) -> None:
        self.keys.append(self.headers.get("api-key"))
        if "slow" in self.path:
            self.awake.wait(60)
        result = {"aliases": []} if "aliases" in self.path else {"exists": False}
        body = json.dumps({"result": result, "status": "ok", "time": 0.0}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


def serve(context: ssl.SSLContext | None = None) -> Iterator[int]:
    Handler.keys.clear()
    Handler.awake.clear()
    http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    http.daemon_threads = True
    if context:
        http.socket = context.wrap_socket(http.socket, server_side=True)
    thread = threading.Thread(target=http.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    yield http.server_port
    Handler.awake.set()
    http.shutdown()
    http.server_close()
    thread.join()


@pytest.fixture
def port() -> Iterator[int]:
    yield from serve()


@pytest.fixture
def secure_port(certificate: Path) -> Iterator[int]:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    yield from serve(context)


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate that speaks for itself, with its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "qdrant")])
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(datetime.now(UTC) - timedelta(days=1))
        .not_valid_after(datetime.now(UTC) + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .sign(key, hashes.SHA256())
    )
    file = tmp_path_factory.mktemp("certificate") / "server.pem"
    file.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        + made.public_bytes(serialization.Encoding.PEM)
    )
    return file


def test_a_certificate_of_ones_own_is_trusted_when_it_is_named(secure_port: int, certificate: Path) -> None:
    settings = load_settings(store=f"https://127.0.0.1:{secure_port}", ca_file=certificate, api_key="s3cret")
    with open_from(settings) as store:
        assert not store.exists()
    assert set(Handler.keys) == {"s3cret"}


@pytest.mark.timeout(30)
def test_an_unknown_certificate_is_refused_at_once(secure_port: int) -> None:
    patient = Backoff(attempts=100, first=10)
    with (
        ServerStore(f"https://127.0.0.1:{secure_port}", "medley", api_key="s3cret", backoff=patient) as store,
        pytest.raises(StoreUnavailableError, match=r"not trusted.*MEDLEY_CA_FILE"),
    ):
        store.exists()
    assert Handler.keys == []


@pytest.mark.parametrize("content", [None, "no certificate"])
def test_a_file_without_certificates_is_one_sentence(tmp_path: Path, content: str | None) -> None:
    if content is not None:
        (tmp_path / "ca.pem").write_text(content)
    with pytest.raises(UsageError, match=r"ca\.pem cannot be used .*MEDLEY_CA_FILE"):
        open_store("https://localhost", ca_file=tmp_path / "ca.pem")


@pytest.mark.timeout(30)
def test_a_request_is_given_up_after_the_timeout(port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MEDLEY_TIMEOUT", "1")
    settings = load_settings(store=f"http://127.0.0.1:{port}/slow")
    with (
        ServerStore(settings.store, "medley", timeout=settings.timeout, backoff=ONCE) as store,
        pytest.raises(StoreUnavailableError, match="does not answer"),
    ):
        store.exists()


@pytest.mark.parametrize(("name", "value"), [("timeout", "0"), ("timeout", "soon"), ("api_key", ["s3cret"])])
def test_a_wrong_setting_is_one_sentence_without_its_value(name: str, value: object) -> None:
    with pytest.raises(UsageError, match=f"The setting '{name}' must be ") as caught:
        load_settings(**{name: value})
    assert "s3cret" not in str(caught.value)


@pytest.mark.parametrize(
    ("host", "near"),
    [("127.0.0.1", True), ("[::1]", True), ("qdrant", True), ("10.0.0.7", False), ("db.example", False)],
)
def test_key_without_tls_is_warned_of_where_it_leaves_the_machine(
    host: str, near: bool, recwarn: pytest.WarningsRecorder
) -> None:
    ServerStore(f"http://{host}:6333", "medley", api_key="s3cret").close()
    assert ["insecure" in str(warning.message) for warning in recwarn] == [True] * (not near)


def test_secrets_are_in_no_log_and_no_repr(port: int, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    settings = load_settings(store=f"http://name:passw0rd@127.0.0.1:{port}", api_key="s3cret")
    with open_from(settings) as store:
        assert not store.exists()
        shown = f"{settings!r} {settings} {store!r} {vars(store)} {store.location} {caplog.text}"
    assert set(Handler.keys) == {"s3cret"}
    assert f"127.0.0.1:{port}" in caplog.text
    assert f"store='http://127.0.0.1:{port}'" in shown
    assert "s3cret" not in shown
    assert "passw0rd" not in shown
