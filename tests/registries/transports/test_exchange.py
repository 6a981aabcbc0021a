"""Encryption on the way to a source, over real sockets."""

from __future__ import annotations

import asyncio
import datetime as dt
import ipaddress
import ssl
from pathlib import Path

import pytest
from aiohttp import web
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from anwang.registries.transports.connections import Connection
from anwang.registries.transports.exchange import exchange, session_to
from anwang.registries.transports.troubles import SourceTrouble

BEGINS, ENDS = dt.datetime(2020, 1, 1, tzinfo=dt.UTC), dt.datetime(2100, 1, 1, tzinfo=dt.UTC)


def self_signed(folder: Path) -> tuple[Path, Path]:
    """A certificate for 127.0.0.1 that signs itself, and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "source.example")])
    address = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))])
    made = (
        x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
        .serial_number(x509.random_serial_number()).not_valid_before(BEGINS).not_valid_after(ENDS)
        .add_extension(address, critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )  # fmt: skip
    certificate, secret = folder / "certificate.pem", folder / "key.pem"
    certificate.write_bytes(made.public_bytes(Encoding.PEM))
    plain = NoEncryption()
    secret.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, plain))
    return certificate, secret


async def asked(certificate: Path, secret: Path, ca_file: str) -> bytes:
    """What a TLS server on loopback answers whoever trusts `ca_file`."""
    app = web.Application()

    async def answer(_: web.Request) -> web.Response:
        return web.Response(body=b"well")

    app.router.add_get("/", answer)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, secret)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0, ssl_context=context)
    await site.start()
    port = runner.addresses[0][1]
    connection = Connection("prison", f"https://127.0.0.1:{port}", ca_file=ca_file)
    try:
        async with session_to(connection, seconds=5) as session:
            _, body, _ = await exchange(session, "GET", connection.url + "/", most_bytes=100)
            return body
    finally:
        await runner.cleanup()


def test_a_source_with_an_authority_of_its_own_is_trusted_by_its_file(tmp_path):
    certificate, secret = self_signed(tmp_path)
    assert asyncio.run(asked(certificate, secret, str(certificate))) == b"well"


def test_a_certificate_that_nobody_vouches_for_is_not_talked_to(tmp_path):
    certificate, secret = self_signed(tmp_path)
    with pytest.raises(SourceTrouble) as raised:
        asyncio.run(asked(certificate, secret, ""))
    assert raised.value.code == "unreachable"
