"""Carrying out the commands that requests bring (contract section 4).

A route takes its request's command as the parameter ``sent``, carries it out by a handler of the
application, and shows the aggregate that this leads to. It must show nothing but what follows from
that aggregate, from others as they were ``beside`` it, and from the request: a request that is
repeated is answered from what there was then, without carrying anything out.
"""

import hashlib
import secrets
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Generic, TypeVar, cast

import msgspec
from litestar import Response

from application.errors import ClaimMismatchError
from application.metadata import Claim, SentMetadata
from application.ports import EventStore
from domain.aggregate import A, Aggregate
from interfaces.rest.access import AuthenticatedRequest, metadata_of
from interfaces.rest.conditions import (
    IdempotencyKeyHeader,
    IfMatchHeader,
    read_idempotency_key,
    read_if_match,
)
from interfaces.rest.recorded import REPLAYED, recorded
from interfaces.services import Services

Body = TypeVar("Body")
B = TypeVar("B", bound=Aggregate)

SEED_BYTES = 32


@dataclass(frozen=True)
class CarriedOut(Generic[A]):
    """The aggregate that a command has left.

    A command that was sent again is ``replayed_from`` the moment at which it was recorded.
    """

    aggregate: A
    position: int
    replayed_from: datetime | None = None

    async def beside(self, store: EventStore, kind: type[B], key: int | str) -> B:
        """Give another aggregate, of a kind that can be cached, as the command has seen it."""
        if self.replayed_from is None:
            return await store.seen(kind, key)
        return cast(B, await store.load_as_of(kind.stream_id(key), at=self.replayed_from))

    def answer(self, body: Body, *, status: int = 200) -> Response[Body]:
        """Answer with what the aggregate shows."""
        response = recorded(
            body, position=self.position, version=self.aggregate.version, status=status
        )
        if self.replayed_from is not None:
            response.headers[REPLAYED] = "true"
        return response


class SentCommand:
    """The command of a request, with the conditions that the request's headers make."""

    def __init__(self, services: Services, metadata: SentMetadata) -> None:
        self._services = services
        self._metadata = metadata

    async def carry_out(
        self, handler: Callable[[SentMetadata], Awaitable[tuple[A, int]]]
    ) -> CarriedOut[A]:
        """Carry the command out, unless that has been done: then find out what came of it.

        Raises what the handler raises, ClaimMismatchError if the key was sent with another request.
        """
        done = await self.already()
        if done is not None:
            return done
        try:
            return CarriedOut(*await handler(self._metadata))
        except Exception:
            # What is in the way may be what the same request, sent at the same time, has done.
            done = await self.already()
            if done is None:
                raise
            return done

    async def already(self) -> CarriedOut[Any] | None:
        """Give what came of the command, if it was carried out before.

        Raises ClaimMismatchError if the key was sent with another request.
        """
        claim = self._metadata.claim
        return await self._done(claim) if claim is not None else None

    def part(self, index: int) -> "SentCommand":
        """Give a part of a request that brings many commands: each is carried out once by itself.

        The first has the claim of the whole, so that a key is told that came with another request.
        """
        claim = self._metadata.claim
        if claim is None or index == 0:
            return self
        part_id = hashlib.sha256(claim.id + index.to_bytes(4)).digest()
        part_claim = Claim(id=part_id, fingerprint=claim.fingerprint)
        return SentCommand(
            self._services, msgspec.structs.replace(self._metadata, claim=part_claim)
        )

    def seed(self) -> bytes:
        """Give random bytes for a secret to be made of, the same ones for a repeated request."""
        claim = self._metadata.claim
        if claim is None:
            return secrets.token_bytes(SEED_BYTES)
        return self._services.keyed_hash.digest("seed", claim.id)

    async def _done(self, claim: Claim) -> CarriedOut[Any] | None:
        claimed = await self._services.claims.find(claim.id)
        if claimed is None:
            return None
        if claimed.fingerprint != claim.fingerprint:
            raise ClaimMismatchError
        await self._services.store.confirm_erasures(claimed.stream_id)
        aggregate = await self._services.store.load_as_of(
            claimed.stream_id, version=claimed.version
        )
        return CarriedOut(aggregate, claimed.position, claimed.recorded_at)


async def sent_command(
    request: AuthenticatedRequest,
    services: Services,
    key: IdempotencyKeyHeader = None,
    match: IfMatchHeader = None,
) -> SentCommand:
    """Read the conditions of a POST, PUT or PATCH. Raises InvalidFieldError."""
    content = await request.body() if key is not None else b""
    return sent_with(request, services, content, key=key, match=match)


def sent_with(
    request: AuthenticatedRequest,
    services: Services,
    content: bytes,
    *,
    key: str | None,
    match: str | None,
) -> SentCommand:
    """Read the conditions of a request that brought this content. Raises InvalidFieldError."""
    metadata = SentMetadata(
        **msgspec.structs.asdict(metadata_of(request)),
        claim=_claim(request, services, content) if key is not None else None,
        if_match=read_if_match(request.headers) if match is not None else None,
    )
    return SentCommand(services, metadata)


async def sent_many(
    request: AuthenticatedRequest, services: Services, key: IdempotencyKeyHeader = None
) -> SentCommand:
    """Read the key of a request that brings many commands, about many resources."""
    return await sent_command(request, services, key=key)


async def sent_deletion(
    request: AuthenticatedRequest, services: Services, match: IfMatchHeader = None
) -> SentCommand:
    """Read the conditions of a DELETE, which needs no key. Raises InvalidFieldError."""
    return await sent_command(request, services, match=match)


def _claim(request: AuthenticatedRequest, services: Services, content: bytes) -> Claim:
    """Make the claim of a request with a key.

    Without the servers' secret, the fingerprint tells nothing of the body, neither a password nor
    personal data that has been erased.
    """
    sender_and_key = f"{request.user.actor}\0{read_idempotency_key(request.headers)}".encode()
    fingerprint = services.keyed_hash.digest(
        "request",
        request.method.encode(),
        request.scope["raw_path"],
        request.scope["query_string"],
        content,
    )
    return Claim(id=hashlib.sha256(sender_and_key).digest(), fingerprint=fingerprint)
