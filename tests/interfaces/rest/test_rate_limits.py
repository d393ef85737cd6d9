"""Nobody gets more than their share, and everybody is told where they stand (section 6)."""

import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import httpx
import psycopg
import pytest

from tests.interfaces.api import Api
from tests.interfaces.conftest import fresh_database
from tests.interfaces.rest.problems import assert_dashboard_error, assert_football_error
from tests.serving import ADMIN_KEY, NO_AUTHORITIES, Served, serving

pytestmark = pytest.mark.xdist_group("rate-limits")

PER_MINUTE = 20
RUNS = "/api/v1/runs/"
PAGE = "https://dashboard.example"

Caller = Callable[..., httpx.Client]


@pytest.fixture(scope="module")
def limited(postgres_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """An Annals that lets users send few requests a minute."""
    home = tmp_path_factory.mktemp("limited")
    with (
        fresh_database(postgres_url) as database,
        serving(
            home,
            database_url=database,
            RATE_LIMIT_ENABLED="true",
            RATE_LIMIT_PER_MINUTE=str(PER_MINUTE),
            CORS_ORIGINS=PAGE,
        ) as server,
    ):
        yield server


@pytest.fixture(scope="module")
def admin(limited: Served) -> Iterator[Api]:
    with limited.client() as client:
        yield Api(client)


@pytest.fixture
def user(limited: Served, admin: Api) -> Iterator[httpx.Client]:
    """A client with a key of its own."""
    with limited.client(admin.create_key()["key"]) as client:
        yield client


@contextmanager
def calling_from(server: Served, address: str, **headers: str) -> Iterator[httpx.Client]:
    """Call from another address of this machine."""
    transport = httpx.HTTPTransport(local_address=address, verify=NO_AUTHORITIES)
    with httpx.Client(base_url=server.url, headers=headers, transport=transport) as client:
        yield client


def at_once(clients: Sequence[httpx.Client], path: str, times: int) -> Sequence[httpx.Response]:
    with ThreadPoolExecutor(16) as threads:
        return list(threads.map(lambda n: clients[n % len(clients)].get(path), range(times)))


def passed(responses: Sequence[httpx.Response]) -> int:
    return sum(response.status_code != 429 for response in responses)


def standing(response: httpx.Response) -> tuple[int, int]:
    return (
        int(response.headers["x-ratelimit-limit"]),
        int(response.headers["x-ratelimit-remaining"]),
    )


@pytest.mark.parametrize(
    ("method", "path", "extra", "status"),
    [
        ("GET", RUNS, {}, 200),
        ("POST", "/api/v1/processes/", {"json": {"name": "counted"}}, 201),
        ("GET", RUNS, {"headers": {"X-API-Key": ""}}, 401),
        ("GET", RUNS, {"headers": {"X-API-Key": "pd_" + "x" * 40}}, 401),
        ("GET", "/nothing/here", {}, 404),
        ("GET", "/stewardship/nothing/here", {}, 404),
        ("GET", "/workflows/nothing/here", {}, 404),
        ("GET", "/auth/nothing", {}, 404),
        ("DELETE", "/docs", {}, 405),
        ("POST", "/api/v1/processes/", {"content": b" " * 2_000_000}, 413),
        ("POST", "/api/v1/processes/", {"content": b"x", "headers": {"Content-Type": "a/b"}}, 415),
        ("POST", "/api/v1/processes/", {"json": {}}, 422),
        ("GET", "/api/v1/runs/%FF", {}, 422),
        ("GET", "/", {}, 200),
        ("GET", "/health", {}, 200),
        ("GET", "/docs", {}, 200),
        ("GET", "/redoc", {}, 200),
        ("GET", "/openapi.json", {}, 200),
        ("OPTIONS", RUNS, {}, 204),
    ],
)
def test_every_response_says_where_its_sender_stands(
    admin: Api, method: str, path: str, extra: dict[str, object], status: int
) -> None:
    began = time.time()
    response = admin.http.request(method, path, **extra)  # type: ignore[arg-type]
    assert response.status_code == status
    limit, remaining = standing(response)
    assert 0 <= remaining < limit
    assert began < int(response.headers["x-ratelimit-reset"]) <= time.time() + 61
    assert "retry-after" not in response.headers


def test_a_response_to_what_went_wrong_within_says_it_too(limited: Served, admin: Api) -> None:
    with psycopg.connect(limited.environment["DATABASE_URL"], autocommit=True) as connection:
        connection.execute("ALTER TABLE runs_v3.runs RENAME TO away")
        response = admin.http.get(RUNS)
        connection.execute("ALTER TABLE runs_v3.away RENAME TO runs")
    assert_dashboard_error(response, 500, "internal_error")
    assert standing(response)[0] == 10_000


def test_the_requests_of_a_user_are_counted_down_and_then_refused(user: httpx.Client) -> None:
    responses = [user.get(RUNS) for _ in range(PER_MINUTE + 2)]
    assert [standing(response) for response in responses] == [
        *((PER_MINUTE, left) for left in reversed(range(PER_MINUTE))),
        (PER_MINUTE, 0),
        (PER_MINUTE, 0),
    ]
    for refused in responses[PER_MINUTE:]:
        assert_dashboard_error(refused, 429, "rate_limited")
        assert 1 <= int(refused.headers["retry-after"]) <= 60
        reset = int(refused.headers["x-ratelimit-reset"])
        assert abs(reset - time.time() - int(refused.headers["retry-after"])) < 5


def test_of_many_requests_at_once_exactly_as_many_pass_as_may(user: httpx.Client) -> None:
    assert passed(at_once([user], RUNS, 3 * PER_MINUTE)) == PER_MINUTE


def test_unknown_paths_count_as_well(user: httpx.Client) -> None:
    assert passed(at_once([user], "/nothing/here", 2 * PER_MINUTE)) == PER_MINUTE
    assert user.get(RUNS).status_code == 429


def test_who_has_used_up_a_share_takes_nothing_from_others(
    user: httpx.Client, limited: Served, admin: Api
) -> None:
    at_once([user], RUNS, 2 * PER_MINUTE)
    assert user.get(RUNS).status_code == 429
    assert admin.http.get(RUNS).status_code == 200
    with limited.client(admin.create_key()["key"]) as other:
        assert standing(other.get(RUNS)) == (PER_MINUTE, PER_MINUTE - 1)
    assert user.get("/health").status_code == 200
    assert standing(user.get("/auth/me")) == (PER_MINUTE, PER_MINUTE - 1)
    assert standing(user.get("/workflows/templates")) == (100, 99)


def test_a_user_counts_as_one_whichever_token_and_address_they_use(
    limited: Served, admin: Api
) -> None:
    user = admin.register()
    for number in (1, 2):
        token = admin.log_in(user["username"], "a long enough password").json()["access_token"]
        with calling_from(limited, f"127.1.0.{number}", Authorization=f"Bearer {token}") as client:
            assert standing(client.get(RUNS)) == (PER_MINUTE, PER_MINUTE - number)


def test_without_credentials_that_hold_an_address_answers(limited: Served) -> None:
    with (
        calling_from(limited, "127.2.0.1") as nobody,
        calling_from(limited, "127.2.0.1", **{"X-API-Key": "nonsense"}) as liar,
        calling_from(limited, "127.2.0.1", **{"X-API-Key": ADMIN_KEY}) as admin,
        calling_from(limited, "127.2.0.2") as neighbour,
    ):
        responses = at_once([nobody, liar], RUNS, 150)
        assert [r.status_code for r in responses].count(401) == 100
        assert [r.status_code for r in responses].count(429) == 50
        assert nobody.get("/").status_code == liar.get("/").status_code == 429
        assert admin.get(RUNS).status_code == 200
        assert nobody.get("/health").status_code == 200
        assert standing(neighbour.get(RUNS)) == (100, 99)


def test_a_forwarded_address_is_not_believed(limited: Served) -> None:
    with calling_from(limited, "127.3.0.1") as client:
        for number in range(3):
            headers = {"X-Forwarded-For": f"192.0.2.{number}", "Forwarded": f"for=192.0.2.{number}"}
            assert standing(client.get(RUNS, headers=headers)) == (100, 99 - number)


def refused_from(client: httpx.Client, method: str, path: str) -> httpx.Response:
    """Call until one is refused."""
    with ThreadPoolExecutor(16) as threads:
        while True:
            for response in threads.map(lambda _: client.request(method, path), range(40)):
                if response.status_code == 429:
                    return response


def test_a_refusal_has_the_shape_of_the_family_that_owns_the_path(limited: Served) -> None:
    with calling_from(limited, "127.4.0.1") as client:
        assert_dashboard_error(refused_from(client, "GET", RUNS), 429, "rate_limited")
        assert_football_error(refused_from(client, "GET", "/auth/me"), 429, "Rate limit")
        stewardship = refused_from(client, "GET", "/stewardship")
        assert stewardship.json() == {"error": "Rate limit exceeded, try again later"}
        workflows = refused_from(client, "POST", "/workflows/apply/simple_review")
        assert workflows.json().keys() == {
            "error",
            "error_code",
            "details",
            "timestamp",
            "request_id",
        }
        assert workflows.json()["error_code"] == "RATE_LIMITED"
        assert workflows.json()["request_id"] == workflows.headers["x-request-id"]
        for refusal in (stewardship, workflows):
            assert int(refusal.headers["retry-after"]) >= 1


def test_job_creations_of_stewardship_are_fewer_than_its_requests(limited: Served) -> None:
    with calling_from(limited, "127.5.0.1") as client:
        refusal = refused_from(client, "POST", "/stewardship/jobs")
        while refusal.headers["retry-after"] == "1":  # the second was full, not yet the minute
            time.sleep(1)
            refusal = refused_from(client, "POST", "/stewardship/jobs")
        assert standing(refusal) == (10, 0)
        time.sleep(1)
        assert client.get("/stewardship/jobs").status_code == 401
        assert client.post("/stewardship/jobs").status_code == 429


def test_a_refused_upload_is_answered_and_not_read(user: httpx.Client) -> None:
    at_once([user], RUNS, 2 * PER_MINUTE)
    refused = user.post("/api/v1/processes/", content=b"x" * 500_000)
    assert_dashboard_error(refused, 429, "rate_limited")
    assert refused.headers["connection"] == "close"
    assert user.get("/health").status_code == 200


def test_a_page_in_a_browser_may_read_its_refusal(user: httpx.Client) -> None:
    at_once([user], RUNS, 2 * PER_MINUTE)
    allowed = user.get(RUNS, headers={"Origin": PAGE})
    assert allowed.status_code == 429
    assert allowed.headers["access-control-allow-origin"] == PAGE
    other = user.get(RUNS, headers={"Origin": "https://elsewhere.example"})
    assert "access-control-allow-origin" not in other.headers


def test_preflights_cost_nobody_their_share(limited: Served) -> None:
    asked = {"Origin": PAGE, "Access-Control-Request-Method": "GET"}
    with calling_from(limited, "127.6.0.1") as client:
        for _ in range(5):
            assert client.options(RUNS, headers=asked).status_code == 204
        assert standing(client.get(RUNS)) == (100, 99)


def test_a_burst_is_refused_and_whoever_waits_as_told_passes(
    postgres_url: str, tmp_path: Path
) -> None:
    with (
        fresh_database(postgres_url) as database,
        serving(
            tmp_path, database_url=database, RATE_LIMIT_ENABLED="true", RATE_LIMIT_BURST="3"
        ) as server,
        server.client() as admin,
        server.client(Api(admin).create_key()["key"]) as client,
    ):
        responses = at_once([client], RUNS, 30)
        refused = [response for response in responses if response.status_code == 429]
        assert refused
        assert {standing(response)[0] for response in responses} == {1_000}
        assert min(standing(response)[1] for response in responses) == 1_000 - passed(responses)
        assert {response.headers["retry-after"] for response in refused} == {"1"}
        time.sleep(1)
        assert client.get(RUNS).status_code == 200


def test_turned_off_nothing_is_counted(api: Api) -> None:
    for path in (RUNS, "/health", "/nothing/here"):
        headers = api.http.get(path).headers
        assert not [name for name in headers if name.startswith("x-ratelimit")]
