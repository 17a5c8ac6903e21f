"""A POST to others over TLS: the certificate is checked against the name, not the address."""

import datetime
import socket
import ssl

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from lepton.lib import addresses, outbound
from tests.engagements.receiver import receiver


def _certificate(folder, name):
    """A certificate for `name` signed by itself; returns the path of it with its key."""
    key, now = ec.generate_private_key(ec.SECP256R1()), datetime.datetime.now(datetime.UTC)
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    built = x509.CertificateBuilder(subject, subject, key.public_key(), 1)
    built = built.not_valid_before(now - datetime.timedelta(days=1))
    built = built.not_valid_after(now + datetime.timedelta(days=1))
    names = x509.SubjectAlternativeName([x509.DNSName(name)])
    signed = built.add_extension(names, critical=False).sign(key, hashes.SHA256())
    pem, plain = serialization.Encoding.PEM, serialization.NoEncryption()
    text = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, plain)
    path = folder / "server.pem"
    path.write_bytes(text + signed.public_bytes(pem))
    return path


@pytest.fixture
def port(tmp_path, settings, monkeypatch):
    """The port of a TLS server for hooks.example, to which every name leads."""
    settings.LEPTON_WEBHOOK_PRIVATE = True
    path = _certificate(tmp_path, "hooks.example")
    trusting = ssl.create_default_context(cafile=path)
    monkeypatch.setattr(outbound, "_certificates", lambda: trusting)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(path)
    with receiver() as server:
        server.socket = context.wrap_socket(server.socket, server_side=True)
        found = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", server.server_port))]
        monkeypatch.setattr(addresses.socket, "getaddrinfo", lambda *a, **o: found)
        yield server.server_port


def test_the_name_in_the_certificate_counts(port):
    assert outbound.post(f"https://hooks.example:{port}/", body=b"{}", headers={}).status == 200
    wrong = outbound.post(f"https://other.example:{port}/", body=b"{}", headers={})
    assert wrong.status is None and "certificate" in wrong.words.lower()


def test_a_slow_answer_is_given_up_in_time(settings, monkeypatch):
    settings.LEPTON_WEBHOOK_PRIVATE = True
    monkeypatch.setattr(outbound, "SECONDS", 0.2)
    with receiver() as server:
        server.hold = 1.0
        answer = outbound.post(server.url, body=b"{}", headers={})
        server.headers = {}
    assert answer.status is None and answer.duration_ms < 900
