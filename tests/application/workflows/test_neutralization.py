"""Given contents with several people, when one is forgotten, then nothing of theirs is left."""

from collections.abc import AsyncIterator

import psycopg
import pytest

from application.erasures.certification import certify
from application.metadata import by_system
from application.workflows.handlers import ApplyTemplate, ExecuteTransition, RemoveTemplate
from application.workflows.neutralization import (
    Involvement,
    NeutralizedPerson,
    involvement,
    neutralize_person,
)
from domain.errors import InvalidFieldError
from domain.identity.roles import Role
from domain.personal import REDACTED
from domain.workflows.content import Content
from domain.workflows.content_events import subject_of
from domain.workflows.errors import WorkflowRefusedError
from domain.workflows.participants import Actor
from interfaces.services import Services
from projections.workflows.audit import EntryFilter
from projections.workflows.projection import workflows

pytestmark = pytest.mark.anyio

BY_TEST = by_system("test")

MANAGER = Actor(user_id="mia-manager", roles=frozenset({Role.WORKFLOW_MANAGER}))
ANN = Actor(user_id="ann-example", roles=frozenset({Role.USER}))
BOB = Actor(user_id="bob-kept", roles=frozenset({Role.USER}))
WORDS = "What Ann had to say of it"

LOSE = workflows.query("DELETE FROM {schema}.contents WHERE uid = %s")


@pytest.fixture
async def sql(database: str) -> AsyncIterator[psycopg.AsyncConnection]:
    async with await psycopg.AsyncConnection.connect(database, autocommit=True) as connection:
        yield connection


async def apply(services: Services, uid: str, *authors: str, force: bool = False) -> None:
    command = ApplyTemplate(
        template_id="simple_review",
        content_uid=uid,
        role_assignments={"author": list(authors), "editor": [BOB.user_id]},
        force=force,
    )
    await services.workflows.handlers.apply_template(command, MANAGER, BY_TEST)


async def move(
    services: Services, uid: str, transition_id: str, actor: Actor, comments: str
) -> None:
    command = ExecuteTransition(content_uid=uid, transition_id=transition_id, comments=comments)
    await services.workflows.handlers.execute_transition(command, actor, BY_TEST)


async def found(services: Services, user_id: str) -> Involvement:
    await services.freshness.reach_head(("workflows",))
    queries = services.workflows
    return await involvement(
        services.store,
        queries.content_queries,
        queries.audit_queries,
        services.parked_streams,
        user_id,
    )


async def neutralize(services: Services, user_id: str) -> NeutralizedPerson:
    return await neutralize_person(
        services.store,
        user_id,
        await found(services, user_id),
        reason="asked by her",
        policy="data_subject",
        metadata=BY_TEST,
    )


async def forgotten_in(uid: str, services: Services) -> str:
    """Give the subject that was erased in a content."""
    [participant] = (await services.store.load(Content, uid)).state.neutralized
    return subject_of(f"content-{uid}", participant)


@pytest.fixture
async def forgotten(services: Services) -> NeutralizedPerson:
    """Ann was an author of two pages, wrote about one, and was refused once; Bob is an editor."""
    await apply(services, "page-1", ANN.user_id, "cid-kept")
    await move(services, "page-1", "submit", ANN, WORDS)
    await move(services, "page-1", "reject", BOB, "Not yet")
    await apply(services, "page-1", "cid-kept", force=True)
    await apply(services, "page-2", ANN.user_id)
    with pytest.raises(WorkflowRefusedError):
        await move(services, "page-2", "publish", ANN, WORDS)
    await apply(services, "page-3", "cid-kept")
    return await neutralize(services, ANN.user_id)


async def test_a_person_is_forgotten_in_every_content_and_every_refused_attempt(
    services: Services, forgotten: NeutralizedPerson
) -> None:
    assert forgotten.contents.done == ["page-1", "page-2"]
    assert len(forgotten.refusals.done) == 1
    assert not forgotten.contents.failed
    assert not forgotten.refusals.failed
    await services.freshness.reach_head(("workflows",))
    entries = (await services.workflows.audit_queries.newest(EntryFilter(), page=1, size=50)).items
    shown = str(entries) + str(await services.workflows.content_queries.get("page-1"))
    assert ANN.user_id not in shown
    assert WORDS not in shown


async def test_states_times_and_what_others_did_stay(
    services: Services, forgotten: NeutralizedPerson
) -> None:
    del forgotten
    await services.freshness.reach_head(("workflows",))
    wanted = EntryFilter(content_uid="page-1", operation="execute_transition")
    reject, submit = (await services.workflows.audit_queries.newest(wanted, page=1, size=50)).items
    assert (submit.from_state, submit.to_state) == ("draft", "pending")
    assert (submit.user_id, submit.comments) == (REDACTED, REDACTED)
    assert (reject.user_id, reject.comments) == (BOB.user_id, "Not yet")
    assert submit.timestamp < reject.timestamp


async def test_others_keep_their_roles_and_the_forgotten_one_has_none_that_comes_back(
    services: Services, forgotten: NeutralizedPerson
) -> None:
    del forgotten
    command = RemoveTemplate(content_uid="page-1")
    await services.workflows.handlers.remove_template(command, MANAGER, BY_TEST)
    content = await services.store.load(Content, "page-1")
    people = content.state.people
    assert {
        role: [people[who] for who in held] for role, held in content.workflow.assignments.items()
    } == {"author": ["cid-kept"], "editor": [BOB.user_id]}


async def test_somebody_forgotten_comes_back_as_somebody_new_and_can_be_forgotten_again(
    services: Services, forgotten: NeutralizedPerson
) -> None:
    await apply(services, "page-1", ANN.user_id, force=True)
    await services.freshness.reach_head(("workflows",))
    wanted = EntryFilter(content_uid="page-1", operation="execute_transition")
    *_, submit = (await services.workflows.audit_queries.newest(wanted, page=1, size=50)).items
    assert submit.user_id == REDACTED
    again = await neutralize(services, ANN.user_id)
    assert again.contents.done == ["page-1"]
    assert again.position != forgotten.position
    content = await services.store.load(Content, "page-1")
    assert ANN.user_id not in str(content.state)


async def test_the_second_time_there_is_nothing_to_do(
    services: Services, forgotten: NeutralizedPerson
) -> None:
    del forgotten
    assert await found(services, ANN.user_id) == Involvement(content_uids=[], refusal_ids=[])
    assert (await neutralize(services, ANN.user_id)).position is None


async def test_a_certificate_holds_for_each_erasure_and_looks_at_the_trail(
    services: Services, forgotten: NeutralizedPerson
) -> None:
    subjects = [
        await forgotten_in("page-1", services),
        f"refusal-{forgotten.refusals.done[0]}",
    ]
    for subject in subjects:
        certification = await certify(
            services.erasures,
            services.erasure_scanner,
            services.signer,
            subject,
            texts=[ANN.user_id, WORDS],
            annals_version="1.2.3",
        )
        assert certification.scan.found == []
        assert certification.signed is not None
        scanned = {table for place in certification.scan.places for table in place.scanned}
        assert f"{workflows.id}.entries" in scanned


@pytest.mark.parametrize("column", ["user_id", "comments"])
async def test_a_scan_finds_what_was_left_in_the_trail(
    services: Services, forgotten: NeutralizedPerson, sql: psycopg.AsyncConnection, column: str
) -> None:
    del forgotten
    await services.freshness.reach_head(("workflows",))
    statement = f"UPDATE {{schema}}.entries SET {column} = %s WHERE transition_id = 'submit'"
    await sql.execute(workflows.query(statement), ("left",))
    erasure = await services.erasures.get(await forgotten_in("page-1", services))
    [leftover] = (await services.erasure_scanner.scan(erasure, [])).found
    assert leftover.where == f"{workflows.id}.entries"


async def test_a_person_is_found_where_the_read_model_could_not_follow(
    services: Services, sql: psycopg.AsyncConnection
) -> None:
    await apply(services, "page-1", "cid-kept")
    await services.freshness.reach_head(("workflows",))
    await sql.execute(LOSE, ("page-1",))
    await apply(services, "page-1", ANN.user_id, force=True)
    assert (await found(services, ANN.user_id)).content_uids == ["page-1"]
    assert (await found(services, "nobody")).content_uids == []
    assert (await neutralize(services, ANN.user_id)).contents.done == ["page-1"]
    content = await services.store.load(Content, "page-1")
    assert ANN.user_id not in str(content.state)


async def test_a_group_is_nobody(services: Services) -> None:
    with pytest.raises(InvalidFieldError, match="user_id must be a person"):
        await found(services, "group:editor")
