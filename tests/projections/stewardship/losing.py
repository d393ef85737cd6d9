"""How the read model comes to lack a stewardship."""

import psycopg

from infra.settings import Settings
from projections.stewardship.projection import stewardships

DELETE = stewardships.query("DELETE FROM {schema}.stewardships WHERE id = %s")


def lose_stewardship(settings: Settings, stewardship_id: int) -> None:
    """Lose a stewardship, so that its next event cannot be applied."""
    assert settings.database_url is not None
    with psycopg.connect(settings.database_url) as connection:
        connection.execute(DELETE, (stewardship_id,))
