"""Passwords hashed by Argon2id, but with so little work that tests of all else need not wait.

That of a production hash would be a seventh of all their time. Tests in which it matters how long
a hash takes, or what it is, ask for it with `IN_EARNEST`.
"""

import dataclasses

from infra.identity import passwords

IN_EARNEST = passwords.PARAMETERS


def hash_lightly() -> None:
    """Have passwords hashed lightly in this process and in what is forked from it."""
    passwords.PARAMETERS = dataclasses.replace(
        IN_EARNEST, time_cost=1, memory_cost=8, parallelism=1
    )
