"""Migrations are told apart by their numbers."""

from infra.postgres.migrations import DIRECTORY


def test_each_migration_has_a_number_of_its_own_and_none_is_left_out() -> None:
    numbers = sorted(int(path.name[:4]) for path in DIRECTORY.glob("*.sql"))
    assert numbers == list(range(1, len(numbers) + 1))
