"""Setting stewardships up, and recording what becomes of them."""

from collections.abc import Callable

from application.errors import ForbiddenError, NotFoundError
from application.identity.principal import Principal
from application.ports import EventStore, Identifiers
from application.retries import retrying
from application.stewardship.ports import Clock
from domain.events import Metadata
from domain.stewardship.definition import StewardshipDefinition
from domain.stewardship.kinds import Decision
from domain.stewardship.stewardship import Stewardship, UnknownPartError

UNKNOWN = "Stewardship not found"

Change = Callable[[Stewardship], object]


async def create_stewardship(
    store: EventStore,
    identifiers: Identifiers,
    clock: Clock,
    definition: StewardshipDefinition,
    metadata: Metadata,
) -> tuple[Stewardship, int]:
    """Set up a stewardship; give it with the position of its events.

    Raises InvalidFieldError for a definition that cannot be.
    """
    [stewardship_id] = await identifiers.allocate("stewardship_ids")
    stewardship = Stewardship.create(stewardship_id, definition, now=clock())
    return stewardship, await store.save(stewardship, metadata=metadata)


async def change_stewardship(
    store: EventStore, stewardship_id: int, change: Change, metadata: Metadata
) -> tuple[Stewardship, int]:
    """Let something happen to a stewardship; give it with the position of the events.

    Raises NotFoundError for one that is unknown, or for an unknown part of it, and what the change
    raises.
    """

    async def attempt() -> tuple[Stewardship, int]:
        stewardship = await load_stewardship(store, stewardship_id)
        try:
            change(stewardship)
        except UnknownPartError as error:
            raise NotFoundError(str(error)) from None
        return stewardship, await store.save(stewardship, metadata=metadata)

    return await retrying(attempt)


async def decide_on_change(
    store: EventStore,
    clock: Clock,
    stewardship_id: int,
    change_id: str,
    *,
    decision: Decision,
    comment: str,
    approver: Principal,
    email: str | None,
    metadata: Metadata,
) -> tuple[Stewardship, int]:
    """Approve or refuse a change of the status, as one of the approvers.

    They are named by username, e-mail address or actor (``api_key:5``). Where nobody is named,
    anybody may decide but who proposed the change. Raises ForbiddenError, and what
    change_stewardship and Stewardship.decide raise.
    """

    def decide(stewardship: Stewardship) -> None:
        change = stewardship.state.change(change_id)
        approvers = stewardship.state.options.approval.known_approvers
        names = {approver.actor.casefold()}
        if email:
            names.add(email.casefold())
        if approver.key_id is None:
            names.add(approver.name.casefold())
        if approvers and not names & {name.casefold() for name in approvers}:
            raise ForbiddenError("Only an approver of the stewardship may decide on its changes")
        if not approvers and change is not None and change.proposed_by == approver.actor:
            raise ForbiddenError("Who proposed a change does not decide on it")
        stewardship.decide(change_id, decision, comment=comment, by=approver.actor, now=clock())

    return await change_stewardship(store, stewardship_id, decide, metadata)


async def load_stewardship(store: EventStore, stewardship_id: int) -> Stewardship:
    """Give a stewardship. Raises NotFoundError, worded as the seed does."""
    try:
        return await store.load(Stewardship, stewardship_id)
    except NotFoundError:
        raise NotFoundError(UNKNOWN) from None
