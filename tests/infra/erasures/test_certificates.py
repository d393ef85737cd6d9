"""A certificate says what was erased and where it was looked for; what was changed is told."""

import base64
import json

import msgspec
import psycopg
import pytest

from application.erasures.certification import (
    PURPOSE,
    CertificateCheck,
    NoCertificateError,
    certify,
    read_certificate,
    verify_certificate,
)
from application.errors import NotFoundError
from infra.signing import Ed25519Signer
from interfaces.services import Services
from tests.infra.event_store.opening import rows, tampered

pytestmark = pytest.mark.anyio

TEXT = "Ann Example"
FORGED = "the signature does not fit: it was changed, or not made here"


async def certificate(services: Services, subject: str, *texts: str) -> bytes:
    certification = await certify(
        services.erasures,
        services.erasure_scanner,
        services.signer,
        subject,
        texts=texts,
        annals_version="1.2.3",
    )
    assert certification.signed is not None
    return msgspec.json.encode(certification.signed)


async def check(services: Services, content: bytes) -> CertificateCheck:
    return await verify_certificate(services.erasures, services.signer, content)


def changed(content: bytes, **fields: object) -> bytes:
    parts = json.loads(content)
    parts["certificate"] |= fields
    return json.dumps(parts).encode()


async def test_a_certificate_tells_what_was_erased_when_and_on_whose_word(
    services: Services, erased: str, sql: psycopg.AsyncConnection
) -> None:
    content = await certificate(services, erased, TEXT)
    [(event_id, position, hash_, fingerprint)] = await rows(
        sql,
        "SELECT event_id::text, position, hash, fingerprint FROM erasures"
        " JOIN events USING (event_id)",
    )
    shown = json.loads(content)["certificate"]
    assert isinstance(hash_, bytes)
    assert isinstance(fingerprint, bytes)
    assert shown["event"] == {
        "event_id": event_id,
        "type": "RunNeutralized",
        "stream_id": erased,
        "version": 5,
        "position": position,
        "hash": hash_.hex(),
    }
    assert shown["key_fingerprint"] == fingerprint.hex()
    assert (shown["subject"], shown["actor"]) == (erased, "system")
    assert (shown["reason"], shown["policy"]) == ("asked by her", "manual")
    assert shown["annals_version"] == "1.2.3"
    assert shown["scan"]["searched_texts"] == 1
    assert b"Ann" not in content.replace(b"annals", b"")


async def test_a_certificate_holds_however_its_json_is_written(
    services: Services, erased: str
) -> None:
    content = await certificate(services, erased)
    for written in (
        content,
        json.dumps(json.loads(content), indent=4, ensure_ascii=True).encode(),
        json.dumps(json.loads(content), sort_keys=True).encode(),
    ):
        outcome = await check(services, written)
        assert (outcome.valid, outcome.subject, outcome.problem) == (True, erased, None)


async def test_anybody_can_check_the_signature_with_the_public_key(
    services: Services, erased: str
) -> None:
    signed, signed_bytes = read_certificate(await certificate(services, erased))
    stranger = Ed25519Signer(bytes(32))
    signature = signed.signature
    assert stranger.verify(
        PURPOSE, signed_bytes, signature.signature, public_key=signature.public_key
    )


async def test_what_a_later_annals_adds_is_signed_too(services: Services, erased: str) -> None:
    content = changed(await certificate(services, erased), more={"than": "known"})
    parts = json.loads(content)
    signed_bytes = msgspec.json.encode(parts["certificate"], order="sorted")
    resigned = services.signer.sign(PURPOSE, signed_bytes)
    parts["signature"] = msgspec.to_builtins(resigned)
    assert (await check(services, json.dumps(parts).encode())).valid


async def test_a_certificate_that_was_changed_does_not_hold(
    services: Services, erased: str
) -> None:
    content = await certificate(services, erased)
    changes: list[dict[str, object]] = [
        {"subject": "run-2"},
        {"reason": "asked by nobody"},
        {"erased": []},
        {"more": "than was signed"},
    ]
    for fields in changes:
        outcome = await check(services, changed(content, **fields))
        assert (outcome.valid, outcome.problem) == (False, FORGED)


async def test_a_certificate_of_another_installation_is_told_from_a_forged_one(
    services: Services, erased: str
) -> None:
    content = await certificate(services, erased)
    theirs = Ed25519Signer(bytes(32))
    parts = json.loads(content)
    signed_bytes = msgspec.json.encode(parts["certificate"], order="sorted")
    parts["signature"] = msgspec.to_builtins(theirs.sign(PURPOSE, signed_bytes))
    outcome = await check(services, json.dumps(parts).encode())
    assert outcome.problem == "it was signed with another key than this installation's"


async def test_a_certificate_does_not_hold_once_the_log_or_the_ledger_says_otherwise(
    services: Services, erased: str, sql: psycopg.AsyncConnection
) -> None:
    content = await certificate(services, erased)

    async def problem() -> str | None:
        return (await check(services, content)).problem

    await sql.execute("INSERT INTO subject_keys VALUES (%s, '', '', '')", (erased,))
    assert await problem() == f"{erased} has a data key again"
    await sql.execute("DELETE FROM subject_keys WHERE subject = %s", (erased,))
    assert await problem() is None

    await tampered(sql, "UPDATE events SET state = '{}' WHERE topic = 'RunNeutralized'")
    assert await problem() == "the event at position 8 was changed since"
    await tampered(sql, "UPDATE events SET hash = '' WHERE topic = 'RunNeutralized'")
    assert await problem() == "the log has another event at position 8"
    await tampered(sql, "DELETE FROM events WHERE topic = 'RunNeutralized'")
    assert await problem() == "the log has no event at position 8"


async def test_of_a_subject_that_was_not_erased_nothing_is_certified(services: Services) -> None:
    with pytest.raises(NotFoundError, match=r"^run-99 has not been erased$"):
        await certificate(services, "run-99")


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\xff\xfe",
        b"null",
        b"[" * 100_000,
        b'{"a":' * 100_000,
        b"{}",
        b'{"certificate": "Ann", "signature": "Ann"}',
        b'{"certificate": {"subject": "\\ud800"}, "signature": {}}',
        b'{"certificate": {"subject": 1e999}, "signature": {}}',
        b'{"certificate": {"subject": "Ann", "erased_at": "Ann"}, "signature": {}}',
    ],
)
def test_what_is_no_certificate_is_refused_without_repeating_it(content: bytes) -> None:
    with pytest.raises(NoCertificateError, match=r"^not a certificate of erasure: ") as raised:
        read_certificate(content)
    assert "Ann" not in str(raised.value)


async def test_a_hostile_certificate_is_refused_before_the_database_sees_it(
    services: Services, erased: str
) -> None:
    parts = json.loads(await certificate(services, erased))
    parts["certificate"]["event"]["position"] = 10**30
    parts["certificate"]["subject"] = "\x00"
    for signature in ("", "ö", base64.b64encode(bytes(64)).decode()):
        parts["signature"] |= {"signature": signature, "public_key": signature}
        assert (await check(services, json.dumps(parts).encode())).problem == FORGED
