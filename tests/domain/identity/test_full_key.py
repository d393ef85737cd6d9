import hashlib

import pytest

from domain.identity.full_key import (
    derive_full_key,
    digest_of,
    generate_full_key,
    is_full_key,
    prefix_of,
)


def test_a_generated_key_has_the_documented_shape() -> None:
    full_key = generate_full_key()
    assert full_key.startswith("pd_")
    assert len(full_key) >= len("pd_") + 32
    assert is_full_key(full_key)


def test_no_two_keys_are_alike() -> None:
    assert len({generate_full_key() for _ in range(100)}) == 100


def test_a_derived_key_is_the_same_for_the_same_seed_and_id_alone() -> None:
    full_key = derive_full_key(b"a seed", 5)
    assert is_full_key(full_key)
    assert derive_full_key(b"a seed", 5) == full_key
    assert derive_full_key(b"a seed", 6) != full_key
    assert derive_full_key(b"another seed", 5) != full_key


@pytest.mark.parametrize(
    "text",
    [
        "",
        "pd_",
        "pd_" + "a" * 31,
        "PD_" + "a" * 32,
        "xx_" + "a" * 32,
        "pd_" + "a" * 31 + "+",
        "pd_" + "a" * 32 + "\n",
        "pd_" + "é" * 32,
    ],
)
def test_anything_else_is_no_key(text: str) -> None:
    assert not is_full_key(text)


def test_a_key_is_kept_as_digest_and_shown_by_its_prefix() -> None:
    full_key = "pd_" + "0123456789abcdef" * 2
    assert digest_of(full_key) == hashlib.sha256(full_key.encode()).hexdigest()
    assert prefix_of(full_key) == "pd_01234"
