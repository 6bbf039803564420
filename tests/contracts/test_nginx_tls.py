"""With a certificate nginx speaks TLS and HTTP/2, and tells the servers behind it so."""

from __future__ import annotations

import datetime as dt
import http.client
import ssl
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tests.edge_stand import EdgeStand, reply
from tests.patience import PATIENCE
from tests.postgres import free_port


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A certificate for 127.0.0.1 and its key."""
    folder = tmp_path_factory.mktemp("tls")
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = dt.datetime.now(dt.UTC)
    signed = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .sign(key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    plain = serialization.NoEncryption()
    (folder / "cert.pem").write_bytes(signed.public_bytes(pem))
    (folder / "key.pem").write_bytes(
        key.private_bytes(pem, serialization.PrivateFormat.PKCS8, plain)
    )
    return folder / "cert.pem", folder / "key.pem"


def test_tls_with_http_2_and_the_truth_about_it(certificate: tuple[Path, Path]) -> None:
    cert, key = certificate
    context = ssl.create_default_context(cafile=str(cert))
    changes = {"tls_certificate": str(cert), "tls_key": str(key)}
    with EdgeStand(changes=changes) as stand:
        server = stand.portal(lambda asked: reply(200, "there"))
        context.set_alpn_protocols(["h2", "http/1.1"])
        with context.wrap_socket(stand.connect(), server_hostname="localhost") as line:
            assert line.selected_alpn_protocol() == "h2"
            assert line.version() == "TLSv1.3"
        context.set_alpn_protocols(["http/1.1"])
        client = http.client.HTTPSConnection(
            "localhost", stand.port, context=context, timeout=PATIENCE
        )
        client.request("GET", "/dosir")
        answer = client.getresponse()
        assert (answer.status, answer.read()) == (200, b"there")
        client.close()
        assert server.asked[0].headers["x-forwarded-proto"] == "https"
        plain = stand.ask("GET", "/dosir?a=b", Host="portal.example")
        assert (plain.status, plain.headers["location"]) == (
            301,
            "https://portal.example/dosir?a=b",
        )


def test_whoever_types_no_https_is_led_there(certificate: tuple[Path, Path]) -> None:
    cert, key = certificate
    port = free_port()
    changes = {
        "tls_certificate": str(cert),
        "tls_key": str(key),
        "public_url": "https://portal.example",
        "redirect_listen": f"127.0.0.1:{port}",
    }
    with EdgeStand(changes=changes) as stand:
        for method in ("GET", "POST"):
            client = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE)
            client.request(method, "/dosir?a=b", headers={"Host": "elsewhere.example"})
            answer = client.getresponse()
            answer.read()
            client.close()
            assert answer.status == 301
            assert answer.headers["location"] == "https://portal.example/dosir?a=b"
        assert stand.portal(lambda asked: reply(200, "there")).asked == []


def test_old_protocols_are_refused(certificate: tuple[Path, Path]) -> None:
    cert, key = certificate
    context = ssl.create_default_context(cafile=str(cert))
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    changes = {"tls_certificate": str(cert), "tls_key": str(key)}
    with EdgeStand(changes=changes) as stand:
        with context.wrap_socket(stand.connect(), server_hostname="localhost") as line:
            assert line.version() == "TLSv1.2"
        old = client_of_old(cert)
        with pytest.raises(ssl.SSLError):
            old.wrap_socket(stand.connect(), server_hostname="localhost")


def client_of_old(cert: Path) -> ssl.SSLContext:
    """A client that knows nothing newer than TLS 1.1."""
    context = ssl.create_default_context(cafile=str(cert))
    context.set_ciphers("ALL:@SECLEVEL=0")
    with pytest.warns(DeprecationWarning, match="TLSv1_1"):
        context.minimum_version = ssl.TLSVersion.TLSv1_1
    with pytest.warns(DeprecationWarning, match="TLSv1_1"):
        context.maximum_version = ssl.TLSVersion.TLSv1_1
    return context
