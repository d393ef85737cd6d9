"""What is shown of a history, and of its export: what happened within the retention."""

import csv
import io
import json

import pytest

from application.metadata import by_system
from application.stewardship.handlers import change_stewardship, create_stewardship
from application.stewardship.history import as_csv, as_json_lines, read_history
from domain.stewardship.definition import AuditDefinition
from interfaces.services import Services
from tests.domain.stewardship.definitions import (
    START,
    a_definition,
    a_responsibility,
    after,
    some_options,
)

METADATA = by_system("history")


@pytest.mark.anyio
async def test_what_is_older_than_the_retention_is_neither_shown_nor_exported(
    services: Services,
) -> None:
    audit = AuditDefinition(enabled=True, retention="1y", export=True)
    options = some_options(audit=audit)
    created, _ = await create_stewardship(
        services.store,
        services.identifiers,
        lambda: START,
        a_definition(options=options),
        METADATA,
    )
    key = int(created.key)
    await change_stewardship(
        services.store,
        key,
        lambda it: it.add_responsibility(a_responsibility("later"), now=after(days=100)),
        METADATA,
    )

    shown = {
        days: [
            entry.version
            for entry in await read_history(
                services.store, key, now=after(days=days), for_export=days > 365
            )
        ]
        for days in (100, 365, 366, 465, 466)
    }

    everything = [1, 2, 3, 4, 5, 6]
    assert shown == {100: everything, 365: everything, 366: [6], 465: [6], 466: []}


@pytest.mark.anyio
async def test_an_export_holds_every_entry_in_either_form(services: Services) -> None:
    created, _ = await create_stewardship(
        services.store, services.identifiers, lambda: START, a_definition(), METADATA
    )
    entries = await read_history(services.store, int(created.key), now=after(hours=1))

    lines = [json.loads(line) for line in as_json_lines(entries).splitlines()]
    rows = list(csv.DictReader(io.StringIO(as_csv(entries).decode(), newline="")))

    assert [line["type"] for line in lines] == [entry.type for entry in entries]
    assert [json.loads(row["data"]) for row in rows] == [line["data"] for line in lines]
    assert [row["recorded_at"] for row in rows] == [line["recorded_at"] for line in lines]
