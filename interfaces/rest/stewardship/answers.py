"""What commands and queries of stewardship are answered with."""

from litestar import Response

from application.errors import NotFoundError
from application.stewardship.handlers import UNKNOWN, Change, change_stewardship
from domain.stewardship.stewardship import Stewardship
from interfaces.rest.commands import CarriedOut, SentCommand
from interfaces.rest.stewardship.parameters import stewardship_key
from interfaces.rest.stewardship.views import StewardshipView, stewardship_view
from interfaces.services import Services
from projections.stewardship.tables import StewardshipRow

READ_MODELS = ("stewardships",)


async def find_stewardship(services: Services, key: int) -> StewardshipRow:
    """Give a stewardship as of now. Raises NotFoundError."""
    await services.freshness.reach_head(READ_MODELS)
    row = await services.stewardships.get(key)
    if row is None:
        raise NotFoundError(UNKNOWN)
    return row


async def carried_out(
    sent: SentCommand, services: Services, stewardship_id: str, change: Change
) -> CarriedOut[Stewardship]:
    """Carry a command on a stewardship out. Raises NotFoundError, and what the change raises."""
    key = stewardship_key(stewardship_id)
    return await sent.carry_out(
        lambda metadata: change_stewardship(services.store, key, change, metadata)
    )


def answer(
    services: Services, carried: CarriedOut[Stewardship], *, status: int = 200
) -> Response[StewardshipView]:
    """Answer a command with the stewardship as it has left it."""
    stewardship = carried.aggregate
    now = carried.replayed_from or services.clock()
    return carried.answer(stewardship_view(stewardship.key, stewardship.state, now), status=status)
