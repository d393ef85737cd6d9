"""Certificates of erasure: what was erased, on whose word, and that nothing of it is left."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import msgspec

from application.erasures.ports import (
    ErasedEvents,
    ErasureLedger,
    ErasureScan,
    ErasureScanner,
    PlaceScan,
)
from application.verification import Signature, Signer
from domain.errors import RuleViolatedError

PURPOSE = "erasure certificate"
LARGEST_CERTIFICATE_BYTES = 1 << 20


class CertifiedEvent(msgspec.Struct, frozen=True, kw_only=True):
    """The redaction event, and the hash of the chain at its position."""

    event_id: str
    type: str
    stream_id: str
    version: int
    position: int
    hash: str


class CertifiedScan(msgspec.Struct, frozen=True, kw_only=True):
    """What was looked at, place by place, when the log stood at this position and hash."""

    scanned_at: datetime
    log_position: int
    log_hash: str
    searched_texts: int
    places: list[PlaceScan]


class Certificate(msgspec.Struct, frozen=True, kw_only=True):
    """That the personal data of a subject was erased, and that nothing of it was found since."""

    subject: str
    erased_at: datetime
    actor: str
    reason: str
    policy: str
    event: CertifiedEvent
    key_fingerprint: str | None
    erased: list[ErasedEvents]
    scan: CertifiedScan
    annals_version: str


class SignedCertificate(msgspec.Struct, frozen=True):
    """A certificate, with the signature over its JSON with sorted names and without spaces."""

    certificate: Certificate
    signature: Signature


class Certification(msgspec.Struct, frozen=True, kw_only=True):
    """The outcome of a scan: the certificate, None where something was found."""

    subject: str
    scan: ErasureScan
    signed: SignedCertificate | None


class CertificateCheck(msgspec.Struct, frozen=True, kw_only=True):
    """Whether a certificate is genuine and still true; ``problem`` says why it is not."""

    valid: bool
    subject: str
    position: int
    key_id: str
    problem: str | None = None


class NoCertificateError(RuleViolatedError):
    """What should be a certificate cannot be read as one; the message says why."""


async def certify(
    ledger: ErasureLedger,
    scanner: ErasureScanner,
    signer: Signer,
    subject: str,
    *,
    texts: Sequence[str],
    annals_version: str,
) -> Certification:
    """Scan for what is left of an erased subject, and certify that there is nothing.

    Raises NotFoundError if the subject was not erased.
    """
    erasure = await ledger.get(subject)
    scan = await scanner.scan(erasure, texts)
    chained = await ledger.event_at(erasure.position)
    if scan.found:
        return Certification(subject=subject, scan=scan, signed=None)
    # A scan finds something where the redaction event is missing.
    assert chained is not None
    assert erasure.event_type is not None
    assert erasure.stream_id is not None
    assert erasure.version is not None
    certificate = Certificate(
        subject=subject,
        erased_at=erasure.erased_at,
        actor=erasure.actor or "",
        reason=erasure.reason or "",
        policy=erasure.policy or "",
        event=CertifiedEvent(
            event_id=erasure.event_id,
            type=erasure.event_type,
            stream_id=erasure.stream_id,
            version=erasure.version,
            position=erasure.position,
            hash=chained.hash,
        ),
        key_fingerprint=erasure.key_fingerprint,
        erased=scan.erased,
        scan=CertifiedScan(
            scanned_at=scan.scanned_at,
            log_position=scan.log_position,
            log_hash=scan.log_hash,
            searched_texts=scan.searched_texts,
            places=scan.places,
        ),
        annals_version=annals_version,
    )
    signature = signer.sign(PURPOSE, _signed_bytes(msgspec.to_builtins(certificate)))
    return Certification(
        subject=subject, scan=scan, signed=SignedCertificate(certificate, signature)
    )


async def verify_certificate(
    ledger: ErasureLedger, signer: Signer, content: bytes
) -> CertificateCheck:
    """Check a certificate's signature, and that log and ledger still say what it says.

    Raises NoCertificateError for what is none.
    """
    signed, signed_bytes = read_certificate(content)
    certificate, signature = signed.certificate, signed.signature
    problem = _forgery(signer, signature, signed_bytes) or await _contradiction(ledger, certificate)
    return CertificateCheck(
        valid=problem is None,
        subject=certificate.subject,
        position=certificate.event.position,
        key_id=signature.key_id,
        problem=problem,
    )


def read_certificate(content: bytes) -> tuple[SignedCertificate, bytes]:
    """Read a certificate, from whomever, and the bytes that its signature is over.

    Fields that a later Annals adds are signed with the others. Raises NoCertificateError.
    """
    if len(content) > LARGEST_CERTIFICATE_BYTES:
        raise NoCertificateError(
            f"not a certificate of erasure: it is larger than {LARGEST_CERTIFICATE_BYTES} bytes"
        )
    try:
        parts = msgspec.json.decode(content, type=dict[str, dict[str, Any]])
        signed = msgspec.convert(parts, SignedCertificate)
        return signed, _signed_bytes(parts["certificate"])
    except msgspec.ValidationError as error:
        # Its path names fields of ours, and none of its values.
        raise NoCertificateError(f"not a certificate of erasure: {error}") from None
    except (msgspec.MsgspecError, RecursionError, UnicodeError):
        raise NoCertificateError("not a certificate of erasure: it is no JSON") from None


def _forgery(signer: Signer, signature: Signature, signed_bytes: bytes) -> str | None:
    if signer.verify(PURPOSE, signed_bytes, signature.signature):
        return None
    if signature.public_key != signer.public_key and signer.verify(
        PURPOSE, signed_bytes, signature.signature, public_key=signature.public_key
    ):
        return "it was signed with another key than this installation's"
    return "the signature does not fit: it was changed, or not made here"


async def _contradiction(ledger: ErasureLedger, certificate: Certificate) -> str | None:
    event = certificate.event
    chained = await ledger.event_at(event.position)
    if chained is None:
        return f"the log has no event at position {event.position}"
    if (chained.event_id, chained.hash) != (event.event_id, event.hash):
        return f"the log has another event at position {event.position}"
    if not chained.fits:
        return f"the event at position {event.position} was changed since"
    if await ledger.has_key(certificate.subject):
        return f"{certificate.subject} has a data key again"
    found = await ledger.get(certificate.subject)
    if found.event_id != event.event_id:
        return f"{certificate.subject} was erased by another event"
    return None


def _signed_bytes(certificate: Any) -> bytes:
    return msgspec.json.encode(certificate, order="sorted")
