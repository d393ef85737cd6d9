"""Pages of lists and the links between them (seed: Pagination)."""

from typing import Any
from urllib.parse import parse_qsl, urlsplit

import httpx
import pytest

from tests.interfaces.api import Api

RUNS = 5


@pytest.fixture(scope="module")
def process(api: Api) -> int:
    process = api.create_process()
    for number in range(RUNS):
        api.start_run(process, entity_id=f"run-{number}", meta={"n": "x, y:z"})
    return process


def page_of(api: Api, process: int, **parameters: Any) -> httpx.Response:
    response = api.http.get("/api/v1/runs/", params={"process_id": process} | parameters)
    assert response.status_code == 200, response.text
    return response


def pages_linked(response: httpx.Response) -> dict[str, int]:
    """Give the number of the page behind each relation."""
    return {
        str(relation): int(dict(parse_qsl(urlsplit(link["url"]).query))["page"])
        for relation, link in response.links.items()
    }


@pytest.mark.parametrize(
    ("page", "items", "links"),
    [
        (1, ["run-4", "run-3"], {"first": 1, "last": 3, "next": 2}),
        (2, ["run-2", "run-1"], {"first": 1, "last": 3, "prev": 1, "next": 3}),
        (3, ["run-0"], {"first": 1, "last": 3, "prev": 2}),
        (4, [], {"first": 1, "last": 3, "prev": 3}),
        (9_999, [], {"first": 1, "last": 3, "prev": 3}),
    ],
)
def test_a_page_has_its_items_its_numbers_and_links_to_the_others(
    api: Api, process: int, page: int, items: list[str], links: dict[str, int]
) -> None:
    response = page_of(api, process, page=page, size=2)
    body = response.json()
    assert [run["entity_id"] for run in body.pop("items")] == items
    assert body == {"total": RUNS, "page": page, "size": 2, "pages": 3}
    assert pages_linked(response) == links


def test_the_headers_say_what_the_body_says(api: Api, process: int) -> None:
    headers = page_of(api, process, page=2, size=2).headers
    assert headers["x-total-count"] == "5"
    assert headers["x-page"] == "2"
    assert headers["x-page-size"] == "2"
    assert headers["x-total-pages"] == "3"


def test_an_empty_list_has_no_pages_and_links_to_the_first(api: Api) -> None:
    response = page_of(api, api.create_process())
    assert response.json() == {"items": [], "total": 0, "page": 1, "size": 50, "pages": 0}
    assert pages_linked(response) == {"first": 1, "last": 1}


def test_without_parameters_a_page_is_the_first_of_fifty(api: Api, process: int) -> None:
    body = page_of(api, process).json()
    assert (body["page"], body["size"], len(body["items"])) == (1, 50, RUNS)


def test_a_page_takes_a_hundred_items_and_no_more(api: Api, process: int) -> None:
    assert page_of(api, process, size=100).json()["size"] == 100
    response = api.http.get("/api/v1/runs/", params={"size": 101})
    assert response.status_code == 422


@pytest.mark.parametrize("slash", ["", "/"])
def test_links_lead_to_the_address_that_was_asked(api: Api, slash: str) -> None:
    links = api.http.get(f"/api/v1/runs{slash}", params={"size": 1}).links
    for link in links.values():
        address = urlsplit(link["url"])
        assert f"{address.scheme}://{address.netloc}" == str(api.http.base_url)
        assert address.path == f"/api/v1/runs{slash}"


def test_links_keep_every_other_query_parameter(api: Api, process: int) -> None:
    query = [
        ("process_id", str(process)),
        ("meta_filter", "n:x, y:z"),
        ("meta_filter", "n:100% & more=1"),
        ("entity_name", ""),
        ("order_by", "meta.n"),
        ("sort_direction", "asc"),
        ("ünknown", "+ä/?#"),
    ]
    response = api.http.get("/api/v1/runs/", params=[*query, ("page", "2"), ("size", "2")])
    assert response.status_code == 200
    assert set(response.links) == {"first", "last", "prev", "next"}
    for link in response.links.values():
        linked = parse_qsl(urlsplit(link["url"]).query, keep_blank_values=True)
        assert [pair for pair in linked if pair[0] not in ("page", "size")] == query
        assert [value for name, value in linked if name == "size"] == ["2"]


def test_following_the_links_shows_every_item_once(api: Api, process: int) -> None:
    shown: list[str] = []
    response = page_of(api, process, size=2, order_by="entity_id", sort_direction="asc")
    while True:
        shown += [run["entity_id"] for run in response.json()["items"]]
        if "next" not in response.links:
            break
        response = api.http.get(response.links["next"]["url"])
    assert shown == [f"run-{number}" for number in range(RUNS)]


@pytest.mark.parametrize(
    "path", ["/api/v1/processes/", "/api/v1/admin/api-keys/", "/api/v1/audit/history"]
)
def test_every_list_has_pages(api: Api, path: str) -> None:
    api.create_process()
    api.create_key()
    response = api.http.get(path, params={"size": 1, "page": 2})
    body = response.json()
    assert body.keys() == {"items", "total", "page", "size", "pages"}
    assert len(body["items"]) == 1
    assert body["pages"] == body["total"] == int(response.headers["x-total-count"])
    assert pages_linked(response).items() >= {"first": 1, "prev": 1, "last": body["pages"]}.items()
