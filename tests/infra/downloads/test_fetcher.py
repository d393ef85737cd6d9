"""A download is whole, a PDF, not too large and from where it may come, or nothing is left."""

import hashlib
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from application.downloads.ports import Failure, Unchanged
from domain.configuration.sections import WebDownloader
from domain.downloads.events import FailedBecause, Validators
from infra.downloads.arriving import ArrivingFile
from infra.downloads.fetcher import HttpFetcher
from infra.webhooks.addresses import CheckedAddresses
from tests.infra.downloads.offering import PDF, Answer, Offering

pytestmark = pytest.mark.anyio

NOTHING_KNOWN = Validators()
MOST_BYTES = 100_000


@pytest.fixture
def fetcher(tmp_path: Path) -> Iterator[HttpFetcher]:
    with closing(CheckedAddresses(allow_private=True)) as addresses:
        yield HttpFetcher(addresses, lambda path: tmp_path / path, user_agent="annals/test")


async def fetch(
    fetcher: HttpFetcher, url: str, known: Validators = NOTHING_KNOWN, **settings: Any
) -> ArrivingFile | Unchanged | Failure:
    """Fetch, and keep what came."""
    wanted = WebDownloader(url=url, **{"timeout": 1} | settings)
    async with fetcher.fetching(wanted, known, most_bytes=MOST_BYTES) as found:
        if isinstance(found, ArrivingFile):
            assert b"".join([chunk async for chunk in found.content()]) == PDF
            await found.keep()
        return found


def bad_status(status_code: int, *, may_pass: bool = False) -> Failure:
    return Failure(reason=FailedBecause.BAD_STATUS, status_code=status_code, may_pass=may_pass)


def files(directory: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in directory.rglob("*") if path.is_file()}


async def test_a_file_is_put_in_place_whole_with_what_the_server_says_of_it(
    fetcher: HttpFetcher, server: Offering, tmp_path: Path
) -> None:
    headers = {"ETag": '"one"', "Last-Modified": "Fri, 18 Jul 2025 06:00:00 GMT"}
    server.answers["/sheet.pdf"] = [Answer(headers=headers)]

    found = await fetch(fetcher, server.url(), headers={"Authorization": "Bearer x"})

    assert isinstance(found, ArrivingFile)
    assert found.sha256 == hashlib.sha256(PDF).hexdigest()
    assert found.validators == Validators(etag='"one"', last_modified=headers["Last-Modified"])
    assert files(tmp_path) == {"sheet.pdf": PDF}
    assert (tmp_path / "source" / "sheet.pdf").stat().st_mode & 0o777 == 0o600
    [(_, asked)] = server.asked
    assert asked["authorization"] == "Bearer x"
    assert "if-none-match" not in asked


async def test_it_is_asked_by_what_the_server_said_and_nothing_new_is_nothing(
    fetcher: HttpFetcher, server: Offering, tmp_path: Path
) -> None:
    server.answers["/sheet.pdf"] = [Answer(304, b"")]
    known = Validators(etag='"one"', last_modified="Fri, 18 Jul 2025 06:00:00 GMT")

    assert await fetch(fetcher, server.url(), known) == Unchanged()
    [(_, asked)] = server.asked
    assert (asked["if-none-match"], asked["if-modified-since"]) == (
        known.etag,
        known.last_modified,
    )
    assert files(tmp_path) == {}
    await fetch(fetcher, server.url(), known, enable_conditional_requests=False)
    assert "if-none-match" not in server.asked[-1][1]


@pytest.mark.parametrize(
    ("answer", "failure"),
    [
        (Answer(404), bad_status(404)),
        (Answer(206), bad_status(206)),
        (Answer(503), bad_status(503, may_pass=True)),
        (Answer(429), bad_status(429, may_pass=True)),
        (Answer(302), bad_status(302)),
        (Answer(body=b"<html>log in</html>"), Failure(reason=FailedBecause.NOT_A_PDF)),
        (Answer(body=b"%PD"), Failure(reason=FailedBecause.NOT_A_PDF)),
        (Answer(body=b""), Failure(reason=FailedBecause.NOT_A_PDF)),
        (Answer(length=MOST_BYTES + 1), Failure(reason=FailedBecause.TOO_LARGE)),
        (Answer(endless=True), Failure(reason=FailedBecause.TOO_LARGE)),
        (
            Answer(length=len(PDF) + 1),
            Failure(reason=FailedBecause.NETWORK_ERROR, may_pass=True),
        ),
    ],
)
async def test_what_is_no_whole_pdf_leaves_nothing_behind(
    fetcher: HttpFetcher,
    server: Offering,
    tmp_path: Path,
    answer: Answer,
    failure: Failure,
) -> None:
    server.answers["/sheet.pdf"] = [answer]

    assert await fetch(fetcher, server.url()) == failure
    assert files(tmp_path) == {}


async def test_the_server_may_say_when_to_come_back(fetcher: HttpFetcher, server: Offering) -> None:
    server.answers["/sheet.pdf"] = [Answer(503, headers={"Retry-After": "120"})]

    found = await fetch(fetcher, server.url())

    assert isinstance(found, Failure)
    assert found.retry_after == 120


async def test_redirects_are_followed_without_the_secrets_of_another_server(
    fetcher: HttpFetcher, server: Offering, tmp_path: Path
) -> None:
    elsewhere = server.url("/there.pdf", host="localhost")
    server.answers["/sheet.pdf"] = [Answer(302, headers={"Location": "/here"})]
    server.answers["/here"] = [Answer(307, headers={"Location": elsewhere})]

    await fetch(fetcher, server.url(), headers={"Authorization": "Bearer x"})

    assert [path for path, _ in server.asked] == ["/sheet.pdf", "/here", "/there.pdf"]
    assert ["authorization" in asked for _, asked in server.asked] == [True, True, False]
    assert files(tmp_path) == {"there.pdf": PDF}


async def test_endless_redirects_are_given_up(fetcher: HttpFetcher, server: Offering) -> None:
    server.answers["/sheet.pdf"] = [Answer(302, headers={"Location": "/sheet.pdf"})]

    found = await fetch(fetcher, server.url())

    assert found == Failure(reason=FailedBecause.TOO_MANY_REDIRECTS)


@pytest.mark.parametrize("location", ["http://127.0.0.1:1/x", "file:///etc/passwd", "http://[::1"])
async def test_no_address_within_a_network_is_asked_nor_redirected_to(
    server: Offering, tmp_path: Path, location: str
) -> None:
    server.answers["/sheet.pdf"] = [Answer(302, headers={"Location": location})]
    for allow_private, asked in ((False, 0), (True, 1)):
        with closing(CheckedAddresses(allow_private=allow_private)) as addresses:
            fetcher = HttpFetcher(addresses, lambda path: tmp_path / path, user_agent="annals/test")
            found = await fetch(fetcher, server.url())
        assert isinstance(found, Failure)
        assert len(server.asked) == asked
    assert files(tmp_path) == {}


async def test_nobody_who_answers_is_a_failure_that_may_pass(
    fetcher: HttpFetcher, tmp_path: Path
) -> None:
    found = await fetch(fetcher, "http://127.0.0.1:1/sheet.pdf")

    assert found == Failure(reason=FailedBecause.NETWORK_ERROR, may_pass=True)
    assert files(tmp_path) == {}


async def test_another_file_of_the_same_name_stays(
    fetcher: HttpFetcher, server: Offering, tmp_path: Path
) -> None:
    (tmp_path / "source").mkdir()
    (tmp_path / "source" / "sheet.pdf").write_bytes(b"another")

    await fetch(fetcher, server.url())
    await fetch(fetcher, server.url())

    found = files(tmp_path)
    assert found.pop("sheet.pdf") == b"another"
    assert list(found.values()) == [PDF]
