"""The doctor tells whose bytes are missing."""

import asyncio

import psycopg

from infra.diagnosis.documents import examine_documents
from infra.diagnosis.patient import Patient
from infra.documents.storage import FileDocumentStorage
from infra.settings import Settings
from projections.documents.projection import documents

LIST = documents.query("""
INSERT INTO {schema}.documents (
    id, sha256, file_path, size_bytes, source, has_bytes, stored_at, updated_at,
    games, markets, odds, anomalies, names, found, stored_position, version
)
VALUES (%s, %s, 'source/a.pdf', 5, 'upload', true, now(), now(), 0, 0, 0, 0, '[]', 0, 1, 1)
""")


async def keep(settings: Settings) -> str:
    async with FileDocumentStorage(settings.annals_home).receiving(100) as incoming:
        await incoming.write(b"%PDF-")
        received = await incoming.end()
        await incoming.keep()
        return received.sha256


def test_the_doctor_misses_the_bytes_of_documents(settings: Settings) -> None:
    assert settings.database_url is not None
    with psycopg.connect(settings.database_url, autocommit=True) as connection:
        patient = Patient(settings, connection, None, ())
        kept = asyncio.run(keep(settings))
        connection.execute(LIST, ("kept", kept))
        (seen,) = examine_documents(patient)
        assert (seen.verdict, seen.saw) == ("ok", "the bytes of all 1 documents are there")

        connection.execute(LIST, ("lost", "0" * 64))
        (seen,) = examine_documents(patient)
        assert seen.verdict == "warning"
        assert seen.saw.startswith("the bytes of 1 documents are not in ")
