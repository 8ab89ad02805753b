"""`openoutcry check` asks each broker one thing, and has words for each way that can fail."""

from __future__ import annotations

import ipaddress
import ssl
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from aiohttp import web
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from core.values.errors import Broken
from openoutcry.check import connections
from openoutcry.settings import load_settings
from tests.brokers.tinvest.harness import account_settings
from tests.servers.broker import hosting
from tests.servers.tinvest import ACCOUNT, READONLY, TInvestServer


@pytest.fixture
async def server(tmp_path: Path) -> AsyncIterator[TInvestServer]:
    server = TInvestServer(tmp_path / "ledger")
    async with hosting(server):
        yield server


async def said(**account: object) -> list[str]:
    return await connections(load_settings(None, accounts=({"name": "Broker", "broker": "tinvest", **account},)))


async def test_an_account_that_can_trade(server: TInvestServer) -> None:
    """Named with the venue's own id, after a single call that reads."""
    [line] = await said(**account_settings(server))
    assert f"T-Invest answers; {ACCOUNT}" in line
    assert server.calls == {"GetAccounts": 1}


async def test_a_token_that_only_reads(server: TInvestServer) -> None:
    """The settings hold, and nothing could be traded: both are said."""
    [line] = await said(**account_settings(server) | {"token": ""})
    assert "only reads" in line
    server.access = "ACCOUNT_ACCESS_LEVEL_READ_ONLY"
    [line] = await said(**account_settings(server) | {"token": READONLY, "readonly_token": ""})
    assert "only reads" in line


async def test_no_token_is_paper(server: TInvestServer) -> None:
    """Nobody is asked."""
    [line] = await said()
    assert "on paper only" in line


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"token": "t.wrong", "readonly_token": ""}, "refuses the token"),
        ({"account_id": "7"}, f"this token opens {ACCOUNT}"),
        ({"base_url": "http://127.0.0.1:1/rest"}, "127.0.0.1:1 cannot be reached"),
        ({"ca_file": "/nowhere.pem"}, "ca_file /nowhere.pem cannot be used"),
    ],
)
async def test_what_is_wrong_is_said_in_words(server: TInvestServer, changes: dict[str, str], words: str) -> None:
    """Never with the token in them."""
    with pytest.raises(Broken, match=r"Broker|ca_file") as caught:
        await said(**account_settings(server) | changes)
    assert words in str(caught.value)
    assert "t.wrong" not in str(caught.value)


def certificate(directory: Path) -> tuple[Path, ssl.SSLContext]:
    """Signed by itself, for this machine."""
    key, now = ec.generate_private_key(ec.SECP256R1()), datetime.now(UTC)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "loopback")])
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    ca_file, key_file = directory / "ca.pem", directory / "key.pem"
    ca_file.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    plain = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    key_file.write_bytes(key.private_bytes(*plain))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(ca_file, key_file)
    return ca_file, context


async def test_a_certificate_that_is_not_trusted_until_ca_file_names_it(tmp_path: Path) -> None:
    """A national authority's is in no bundle: told apart from a host that is away, and cured without switching off."""
    server = TInvestServer(tmp_path / "ledger")
    ca_file, context = certificate(tmp_path)
    runner = web.AppRunner(server.app(), access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0, ssl_context=context).start()
    server.url = f"https://127.0.0.1:{runner.addresses[0][1]}"
    try:
        with pytest.raises(Broken, match=r"certificate of 127.0.0.1.* is not trusted here; .* ca_file"):
            await said(**account_settings(server))
        [line] = await said(**account_settings(server), ca_file=str(ca_file))
        assert "may be traded" in line
    finally:
        await runner.cleanup()
