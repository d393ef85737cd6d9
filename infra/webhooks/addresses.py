"""Which addresses webhooks may be sent to (contract section 11): none within somebody's network.

A name is looked up once, all that it stands for is checked, and the connection goes to exactly what
was checked: a name that means something else a moment later gains nothing by it.
"""

import asyncio
import socket
from collections.abc import Collection, Sequence
from concurrent.futures import ThreadPoolExecutor
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address

import httpx

from domain.errors import InvalidFieldError

FIELD = "url"
LONGEST_URL = 2048
LOOKUP_SECONDS = 10.0
LOOKUPS_AT_A_TIME = 32
DEFAULT_PORTS = {"http": 80, "https": 443}

POSSIBLE_PORTS = {None, *range(1, 65_536)}

IPAddress = IPv4Address | IPv6Address

GLOBAL_UNICAST = IPv6Network("2000::/3")
NAT64 = IPv6Network("64:ff9b::/96")
IPV4_COMPATIBLE = IPv6Network("::/96")

# What Pythons differ on, or take for anybody's: reserved for protocols, where clouds have services
# for their machines; relays; documentation; a cloud's services at an address like anybody's.
NOT_EVERYBODYS = (
    IPv4Network("192.0.0.0/24"),
    IPv4Network("192.88.99.0/24"),
    IPv4Network("168.63.129.16/32"),
    IPv6Network("2001::/23"),
    IPv6Network("3fff::/20"),
)


class RefusedAddressError(Exception):
    """Nothing is sent to an address; the message says why, after the word ``url``."""


class CheckedAddresses:
    """Implements the application's WebhookAddresses port.

    ``allow_private`` lifts the check of ranges, ``ports`` restricts where one may connect to.
    """

    def __init__(self, *, allow_private: bool, ports: Collection[int] = ()) -> None:
        self._allow_private = allow_private
        self._ports = frozenset(ports)
        # Of its own: names that take long to look up must not keep other work waiting.
        self._lookups = ThreadPoolExecutor(LOOKUPS_AT_A_TIME, thread_name_prefix="lookup")

    def close(self) -> None:
        """Let go of the threads."""
        self._lookups.shutdown(wait=False, cancel_futures=True)

    async def check(self, url: str) -> None:
        """Check that a webhook may be sent to a URL. Raises InvalidFieldError that names it."""
        try:
            parsed = self.parse(url)
            await self.resolve(parsed.raw_host.decode("ascii"), port_of(parsed))
        except RefusedAddressError as error:
            raise InvalidFieldError(FIELD, str(error)) from None

    def parse(self, url: str) -> httpx.URL:
        """Read a URL. Raises RefusedAddressError for one that webhooks are not sent to."""
        if len(url) > LONGEST_URL:
            raise RefusedAddressError(f"must have at most {LONGEST_URL} characters")
        try:
            parsed = httpx.URL(url)
        except (httpx.InvalidURL, ValueError):
            parsed = httpx.URL("")
        is_one = (
            parsed.scheme in DEFAULT_PORTS and parsed.raw_host and parsed.port in POSSIBLE_PORTS
        )
        if not is_one:
            raise RefusedAddressError("must be an address like https://example.org/hook")
        if parsed.userinfo:
            raise RefusedAddressError("must not hold a user name or password")
        if parsed.fragment:
            raise RefusedAddressError("must not have a part behind #")
        if self._ports and port_of(parsed) not in self._ports:
            raise RefusedAddressError(f"must use one of these ports: {_listed(self._ports)}")
        return parsed

    async def resolve(self, host: str, port: int) -> Sequence[str]:
        """Give the addresses of a host, all of which are such that one may connect to them.

        Raises RefusedAddressError.
        """
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(LOOKUP_SECONDS):
                found = await loop.run_in_executor(self._lookups, _look_up, host, port)
        except (OSError, UnicodeError):  # TimeoutError among them
            raise RefusedAddressError("names a host that cannot be found") from None
        addresses = list(dict.fromkeys(found))
        if not self._allow_private and not all(map(is_public, addresses)):
            raise RefusedAddressError("leads into a private network, which is not allowed")
        return addresses


def port_of(url: httpx.URL) -> int:
    """Give the port that a URL means."""
    return url.port or DEFAULT_PORTS[url.scheme]


def is_public(address: str) -> bool:
    """Tell whether an address is one that anybody may offer services at."""
    try:
        return _is_public(ip_address(address.partition("%")[0]))
    except ValueError:
        return False


def _is_public(address: IPAddress) -> bool:
    hidden = _hidden(address) if isinstance(address, IPv6Address) else None
    if hidden is not None:
        return _is_public(hidden)
    return (
        address.is_global
        and not address.is_multicast
        and not address.is_reserved
        and (isinstance(address, IPv4Address) or address in GLOBAL_UNICAST)
        and not any(address in network for network in NOT_EVERYBODYS)
    )


def _hidden(address: IPv6Address) -> IPv4Address | None:
    """Give the IPv4 address that packets to an IPv6 address may come out at."""
    if address in NAT64 or address in IPV4_COMPATIBLE:
        return IPv4Address(address.packed[-4:])
    return address.ipv4_mapped or address.sixtofour


def _look_up(host: str, port: int) -> list[str]:
    """Ask the system, which also reads 2130706433, 0x7f.1 and 0177.0.0.1 as what they mean."""
    host = host.removeprefix("[").removesuffix("]")
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return [str(address[0]) for *_, address in found]


def _listed(ports: Collection[int]) -> str:
    return ", ".join(map(str, sorted(ports)))
