"""No webhook is sent into somebody's own network, however its address is written."""

import socket
from collections.abc import Iterator

import pytest

from domain.errors import InvalidFieldError
from infra.webhooks.addresses import CheckedAddresses, is_public

pytestmark = pytest.mark.anyio


@pytest.fixture
def addresses() -> Iterator[CheckedAddresses]:
    checked = CheckedAddresses(allow_private=False)
    yield checked
    checked.close()


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1",
        "0.0.0.0",  # noqa: S104 - refused
        "10.1.2.3",
        "172.16.0.1",
        "192.168.1.1",
        "169.254.169.254",
        "100.64.0.1",
        "100.100.100.200",
        "168.63.129.16",
        "192.0.0.192",
        "198.18.0.1",
        "203.0.113.7",
        "224.0.0.1",
        "239.1.1.1",
        "240.0.0.1",
        "255.255.255.255",
        "::",
        "::1",
        "::127.0.0.1",
        "::ffff:127.0.0.1",
        "::ffff:169.254.169.254",
        "64:ff9b::7f00:1",
        "64:ff9b::a9fe:a9fe",
        "64:ff9b:1::1",
        "2002:7f00:1::",
        "2002:c0a8:101::1",
        "2001:0:4136:e378:8000:63bf:3fff:fdd2",
        "fc00::1",
        "fd00:ec2::254",
        "fe80::1",
        "fe80::1%eth0",
        "fec0::1",
        "ff02::1",
        "100::1",
        "2001:db8::1",
        "3fff::1",
        "no address",
    ],
)
def test_an_address_that_is_not_everybodys_is_not_public(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize(
    "address",
    ["8.8.8.8", "93.184.216.34", "2606:2800:220:1::1", "::ffff:8.8.8.8", "64:ff9b::808:808"],
)
def test_an_address_of_the_internet_is_public(address: str) -> None:
    assert is_public(address)


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1/",
        "http://localhost/",
        "http://localhost./",
        "http://LOCALHOST:9000/hook",
        "http://2130706433/",
        "http://0x7f000001/",
        "http://0x7f.1/",
        "http://0177.0.0.1/",
        "http://127.1/",
        "http://[::1]/",
        "http://[::ffff:127.0.0.1]/",
        "http://[::ffff:7f00:1]/",
        "https://[64:ff9b::a9fe:a9fe]/",
        "http://\u2460\u2461\u2466.0.0.1/",
        "http://0/",
        "http://169.254.169.254/latest/meta-data/",
    ],
)
async def test_a_url_into_a_private_network_is_refused(
    addresses: CheckedAddresses, url: str
) -> None:
    with pytest.raises(InvalidFieldError) as refused:
        await addresses.check(url)
    assert refused.value.field == "url"
    assert refused.value.message in (
        "leads into a private network, which is not allowed",
        "must be an address like https://example.org/hook",
        "names a host that cannot be found",
    )


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("ftp://example.org/", "must be an address like https://example.org/hook"),
        ("file:///etc/passwd", "must be an address like https://example.org/hook"),
        ("gopher://127.0.0.1:70/", "must be an address like https://example.org/hook"),
        ("example.org/hook", "must be an address like https://example.org/hook"),
        ("http://", "must be an address like https://example.org/hook"),
        ("", "must be an address like https://example.org/hook"),
        ("http://exa mple.org/\x00", "must be an address like https://example.org/hook"),
        ("http://[::1", "must be an address like https://example.org/hook"),
        ("http://example.org:99999/", "must be an address like https://example.org/hook"),
        ("http://user:secret@example.org/", "must not hold a user name or password"),
        ("http://8.8.8.8/#here", "must not have a part behind #"),
        ("http://no-such-host.invalid/", "names a host that cannot be found"),
        (f"http://{'a' * 64}.org/", "names a host that cannot be found"),
        ("http://8.8.8.8/" + "a" * 2048, "must have at most 2048 characters"),
    ],
)
async def test_what_is_no_address_for_webhooks_is_refused(
    addresses: CheckedAddresses, url: str, message: str
) -> None:
    with pytest.raises(InvalidFieldError) as refused:
        await addresses.check(url)
    assert refused.value.message == message


async def test_a_name_of_which_one_address_is_private_is_refused(
    addresses: CheckedAddresses, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = [
        (socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, 80))
        for address in ("93.184.216.34", "10.0.0.1")
    ]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: found)
    with pytest.raises(InvalidFieldError):
        await addresses.check("http://two-faced.example/")


async def test_an_address_of_the_internet_is_accepted(addresses: CheckedAddresses) -> None:
    await addresses.check("https://8.8.8.8/hook?token=x")
    await addresses.check("https://[2606:2800:220:1::1]:8443/hook")


async def test_private_networks_can_be_allowed_and_ports_be_restricted() -> None:
    addresses = CheckedAddresses(allow_private=True, ports=[443, 8443])
    await addresses.check("https://127.0.0.1/hook")
    await addresses.check("http://127.0.0.1:8443/hook")
    with pytest.raises(InvalidFieldError) as refused:
        await addresses.check("http://127.0.0.1/hook")
    assert refused.value.message == "must use one of these ports: 443, 8443"
    addresses.close()
