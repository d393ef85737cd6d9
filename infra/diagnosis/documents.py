"""The doctor's check of documents."""

from collections.abc import Iterator

from infra.diagnosis.patient import Patient, Seen, fine, warning
from infra.documents.storage import FileDocumentStorage
from projections.documents.projection import documents

# Whether the read model is there at all, another check tells.
IS_THERE = "SELECT to_regclass(%s) IS NOT NULL"

NEWEST = documents.query("""
SELECT sha256
FROM {schema}.documents
WHERE has_bytes
ORDER BY stored_position DESC
LIMIT 10000
""")


def examine_documents(patient: Patient) -> Iterator[Seen]:
    """Look for documents whose bytes are not where they were kept, as after a restore."""
    if not patient.value(IS_THERE, f"{documents.id}.documents"):
        return
    storage = FileDocumentStorage(patient.settings.annals_home)
    digests = [digest for (digest,) in patient.connection.execute(NEWEST).fetchall()]
    missing = sum(not storage.path(digest).exists() for digest in digests)
    if missing:
        yield warning(
            f"the bytes of {missing} documents are not in {storage.directory}",
            "Copy that directory back from where it is kept, or bring the documents again",
        )
    else:
        yield fine(f"the bytes of all {len(digests)} documents are there")
