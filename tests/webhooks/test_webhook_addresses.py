"""Where a call may go: by default to https and to public addresses only, whatever name leads there."""

import asyncio
import re
from ipaddress import ip_address

import pytest
from receiver import Hooks, Receiver, raw_server

from tradepost.ground.settings import InvalidSetting, Settings
from tradepost.webhooks.network import is_public, network, problem_with

REFUSED = "which only TRADEPOST_WEBHOOKS_PRIVATE=yes allows"


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "0x7f000001", "0x7f.0x1", "[::1]", "0.0.0.0"])  # noqa: S104
async def test_no_spelling_of_loopback_is_called(host: str) -> None:
    connected = False

    async def talk(_reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
        nonlocal connected
        connected = True

    async with raw_server(talk) as url, network(private=False) as call:
        port = url.split(":")[2]
        answer = await call(f"https://{host}:{port}", {}, b"")
    assert answer.code is None
    assert REFUSED in (answer.error or "")
    assert not connected


async def test_a_private_address_is_refused_by_default_and_nothing_is_lost(hooks: Hooks, receiver: Receiver) -> None:
    endpoint = await hooks.open(receiver)
    await hooks.say("UPDATE webhook_endpoints SET url = $1", "https://localhost:9/hooks")
    await hooks.scene.place()
    await hooks.deliver(private=False)
    [one] = await hooks.log(endpoint)
    assert (one.status, one.attempts) == ("queued", 1)
    assert REFUSED in (one.last_error or "")


async def test_http_is_refused_by_default(hooks: Hooks, receiver: Receiver) -> None:
    endpoint = await hooks.open(receiver)
    await hooks.scene.place()
    await hooks.deliver(private=False)
    [one] = await hooks.log(endpoint)
    assert one.last_error == "The address cannot be called: it must begin with https://."
    assert receiver.got == []


@pytest.mark.parametrize(
    "address",
    [
        "10.1.2.3", "172.16.0.1", "192.168.1.1", "127.0.0.1", "169.254.169.254", "100.64.0.1", "0.0.0.0",  # noqa: S104
        "224.0.0.1", "240.0.0.1", "255.255.255.255", "192.0.2.1", "198.18.0.1", "::", "::1", "fe80::1", "fc00::1",
        "fec0::1", "ff02::1", "2001:db8::1", "::ffff:127.0.0.1", "::ffff:10.0.0.1", "2002:7f00:1::", "64:ff9b::7f00:1",
        "2002:a00:1::1", "2001:0:4136:e378:8000:63bf:3fff:fdd2",
    ],
)  # fmt: skip
def test_what_is_not_the_public_internet(address: str) -> None:
    assert not is_public(ip_address(address))


@pytest.mark.parametrize("address", ["1.1.1.1", "93.184.216.34", "2606:4700::1111", "::ffff:1.1.1.1"])
def test_what_is_the_public_internet(address: str) -> None:
    assert is_public(ip_address(address))


@pytest.mark.parametrize(
    ("url", "problem"),
    [
        ("http://example.com/", "must begin with https"),
        ("ftp://example.com/", "must begin with https"),
        ("example.com", "must begin with https"),
        ("", "must begin with https"),
        ("https://", "no address such as|must name a host"),
        ("https://user:secret@example.com/", "neither a user"),
        ("https://example.com/#top", "nor a fragment"),
        ("https://example.com/a b", "none of them a space"),
        ("https://example.com/\r\nX: y", "none of them a space"),
        ("https://example.com/\0", "none of them a space"),
        ("https://example.com/\ud800", "none of them a space"),
        ("https://example.com/" + "x" * 2000, "2000 characters"),
        ("https://example.com:99999/", "no address such as"),
        ("https://[::1/", "no address such as"),
        ("https://127.1/", "no address such as"),
        ("https://2130706433/", "no address such as"),
        ("https://127.0.0.1/", "private address"),
        ("https://[fe80::1%25eth0]/", "private address"),
        ("https://[::ffff:10.0.0.1]/", "private address"),
    ],
)
def test_what_is_no_address_of_an_endpoint(url: str, problem: str) -> None:
    assert re.search(problem, problem_with(url, private=False) or "")


@pytest.mark.parametrize("url", ["https://example.com", "https://bücher.example:8443/hooks?key=a%20b"])
def test_what_is_an_address_of_an_endpoint(url: str) -> None:
    assert problem_with(url, private=False) is None


@pytest.mark.parametrize("url", ["http://127.0.0.1:8000/", "https://10.0.0.1/", "http://receiver.internal/hooks"])
def test_the_setting_allows_what_is_in_the_house(url: str) -> None:
    assert problem_with(url, private=True) is None
    assert problem_with(url, private=False) is not None


def test_the_setting_is_said_in_full() -> None:
    assert Settings.from_environment({"TRADEPOST_WEBHOOKS_PRIVATE": "yes"}).webhooks_private
    assert not Settings.from_environment({"TRADEPOST_WEBHOOKS_PRIVATE": ""}).webhooks_private
    assert not Settings.from_environment({}).webhooks_private
    with pytest.raises(InvalidSetting, match=r"^TRADEPOST_WEBHOOKS_PRIVATE is no or yes, not 'true'\.$"):
        Settings.from_environment({"TRADEPOST_WEBHOOKS_PRIVATE": "true"})
