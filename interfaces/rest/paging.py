"""Pages of lists, with the links to the other pages (seed: Pagination)."""

import math
from collections.abc import Sequence
from typing import Annotated, Any, Generic, TypeVar
from urllib.parse import parse_qsl, urlencode

import msgspec
from litestar import Request, Response
from litestar.params import Parameter

from interfaces.rest.headers import documented

Item = TypeVar("Item")

PageNumber = Annotated[int, Parameter(ge=1, le=10_000_000, description="Page number, from 1")]
PageSize = Annotated[int, Parameter(ge=1, le=100, description="Items per page")]

PAGE_HEADERS = (
    documented("Link", "The first, last, previous and next page (RFC 8288), by the same query"),
    documented("X-Total-Count", "How many there are on all pages"),
    documented("X-Page", "The number of this page"),
    documented("X-Page-Size", "How many a page holds"),
    documented("X-Total-Pages", "How many pages there are"),
)

FIRST_PAGE = 1
DEFAULT_SIZE = 50


class Page(msgspec.Struct, Generic[Item], frozen=True):
    """One page of a list."""

    items: Sequence[Item]
    total: int
    page: int
    size: int
    pages: int


def paged(
    request: Request[Any, Any, Any], items: Sequence[Item], *, total: int, page: int, size: int
) -> Response[Page[Item]]:
    """Answer with a page; the headers link to the others and keep every query parameter."""
    return Response(
        Page(items, total, page, size, _pages(total, size)),
        headers=page_headers(request, total=total, page=page, size=size),
    )


def page_headers(
    request: Request[Any, Any, Any], *, total: int, page: int, size: int
) -> dict[str, str]:
    """Give the headers of a page."""
    pages = _pages(total, size)
    return {
        "Link": _links(request, page=page, size=size, pages=pages),
        "X-Total-Count": str(total),
        "X-Page": str(page),
        "X-Page-Size": str(size),
        "X-Total-Pages": str(pages),
    }


def _pages(total: int, size: int) -> int:
    return math.ceil(total / size)


def _links(request: Request[Any, Any, Any], *, page: int, size: int, pages: int) -> str:
    last = max(pages, FIRST_PAGE)
    targets = {"first": FIRST_PAGE, "last": last}
    if page > FIRST_PAGE:
        targets["prev"] = min(page - 1, last)
    if page < last:
        targets["next"] = page + 1
    query = parse_qsl(request.scope["query_string"].decode("ascii"), keep_blank_values=True)
    others = [(name, value) for name, value in query if name not in ("page", "size")]
    path = request.scope["raw_path"].decode("ascii")  # as it was sent, slash at the end or not
    address = f"{request.url.scheme}://{request.url.netloc}{path}"
    return ", ".join(
        f'<{address}?{urlencode([*others, ("page", target), ("size", size)])}>; rel="{relation}"'
        for relation, target in targets.items()
    )
