"""What webhooks receive, as the OpenAPI document describes it (contract section 11)."""

from litestar.openapi.spec import (
    OpenAPIFormat,
    OpenAPIMediaType,
    OpenAPIResponse,
    OpenAPIType,
    Operation,
    PathItem,
    Reference,
    RequestBody,
    Schema,
)

from application.outward import OutwardCatalogue, OutwardType

EXAMPLE_TIMESTAMP = "2026-01-02T03:04:05Z"
EXAMPLE_DELIVERY = "387c74d6-a522-5c93-bb58-6e856f286f2f"
EXAMPLE_SIGNATURE = "sha256=9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"


def described_webhooks(outward: OutwardCatalogue) -> dict[str, PathItem | Reference]:
    """Describe the request that each kind of outward event is sent with."""
    return {kind.name: PathItem(post=_operation(kind)) for kind in outward.describe()}


def _operation(kind: OutwardType) -> Operation:
    schema = Schema(
        type=OpenAPIType.OBJECT,
        required=["event", "timestamp", "data", "delivery_id", "signature"],
        properties={
            "event": Schema(const=kind.name),
            "timestamp": Schema(type=OpenAPIType.STRING, format=OpenAPIFormat.DATE_TIME),
            "data": Schema(type=OpenAPIType.OBJECT),
            "delivery_id": Schema(type=OpenAPIType.STRING),
            "signature": Schema(type=OpenAPIType.STRING),
        },
    )
    example = {
        "event": kind.name,
        "timestamp": EXAMPLE_TIMESTAMP,
        "data": dict(kind.example),
        "delivery_id": EXAMPLE_DELIVERY,
        "signature": EXAMPLE_SIGNATURE,
    }
    return Operation(
        operation_id=f"on:{kind.name}",
        summary=kind.name,
        description=kind.description,
        tags=["Webhooks"],
        security=[],
        request_body=RequestBody(
            content={"application/json": OpenAPIMediaType(schema=schema, example=example)},
            required=True,
        ),
        responses={
            "2XX": OpenAPIResponse(description="It was received; anything else is a failure"),
        },
    )
