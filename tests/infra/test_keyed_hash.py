"""A keyed hash says nothing to whoever lacks the servers' secret."""

from hashlib import sha256

from infra.keyed_hash import HmacSha256

SECRET = "a secret of tests only"


def test_every_process_with_the_secret_computes_the_same() -> None:
    assert HmacSha256(SECRET).digest("seed", b"part") == HmacSha256(SECRET).digest("seed", b"part")
    assert len(HmacSha256(SECRET).digest("seed")) == 32


def test_another_secret_another_purpose_or_other_parts_give_another_hash() -> None:
    keyed = HmacSha256(SECRET)
    digests = {
        keyed.digest("request", b"ab", b"c"),
        keyed.digest("request", b"a", b"bc"),
        keyed.digest("request", b"abc"),
        keyed.digest("seed", b"abc"),
        HmacSha256("another secret").digest("request", b"abc"),
        sha256(b"abc").digest(),
    }
    assert len(digests) == 6
