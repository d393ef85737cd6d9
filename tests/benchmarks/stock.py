"""The eventsourcing library as it ships, on PostgreSQL: what Annals is measured against."""

from typing import Any

import msgspec
from eventsourcing.application import Application
from eventsourcing.persistence import Mapper, StoredEvent
from eventsourcing.postgres import PostgresDatastore
from eventsourcing.utils import get_topic, resolve_topic
from psycopg.conninfo import conninfo_to_dict

from domain.events import DomainEvent


def stock_datastore(url: str, *, pool_size: int) -> PostgresDatastore:
    """Give the library's datastore with text ids and a connection for each of its users."""
    parameters = conninfo_to_dict(url)
    return PostgresDatastore(
        dbname=str(parameters["dbname"]),
        host=str(parameters["host"]),
        port=str(parameters["port"]),
        user=str(parameters["user"]),
        password="",
        originator_id_type="text",
        pool_size=pool_size,
    )


def stock_environment(url: str) -> dict[str, str]:
    """Give the environment of the library's applications and projections on a database."""
    parameters = conninfo_to_dict(url)
    return {
        "PERSISTENCE_MODULE": "eventsourcing.postgres",
        "POSTGRES_DBNAME": str(parameters["dbname"]),
        "POSTGRES_HOST": str(parameters["host"]),
        "POSTGRES_PORT": str(parameters["port"]),
        "POSTGRES_USER": str(parameters["user"]),
        "POSTGRES_PASSWORD": "",
        "ORIGINATOR_ID_TYPE": "text",
        "MAPPER_TOPIC": f"{__name__}:StructMapper",
    }


class StructMapper(Mapper[str]):
    """Maps events that are msgspec structs, which the library's own mapper cannot."""

    def to_stored_event(self, domain_event: Any) -> StoredEvent:
        """Write an event as JSON, personal fields and all."""
        return StoredEvent(
            originator_id=domain_event.originator_id,
            originator_version=domain_event.originator_version,
            topic=get_topic(type(domain_event)),
            state=msgspec.json.encode(domain_event),
        )

    def to_domain_event(self, stored_event: StoredEvent) -> DomainEvent:
        """Read an event from JSON."""
        event: DomainEvent = msgspec.json.decode(
            stored_event.state, type=resolve_topic(stored_event.topic)
        )
        return event


class StockRuns(Application[str]):
    """The application whose events the projection reads."""
