"""The headers of responses, as the OpenAPI document describes them."""

from litestar.datastructures import ResponseHeader


def documented(name: str, description: str) -> ResponseHeader:
    """Describe a header that the response itself brings."""
    return ResponseHeader(name=name, value="", description=description, documentation_only=True)
