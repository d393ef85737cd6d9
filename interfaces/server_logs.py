"""What granian tells of itself, as structured as the rest of the log."""

import sys
from typing import Any

import structlog
from structlog.stdlib import ProcessorFormatter
from structlog.typing import EventDict


def granian_logs() -> dict[str, Any]:
    """Give granian the ``logging`` configuration that renders its lines as ``infra.logs`` does."""
    renderer: structlog.typing.Processor = (
        structlog.dev.ConsoleRenderer()
        if sys.stderr.isatty()
        else structlog.processors.JSONRenderer()
    )
    return {
        "formatters": {
            "structured": {
                "()": ProcessorFormatter,
                "foreign_pre_chain": [
                    structlog.stdlib.add_log_level,
                    structlog.processors.TimeStamper(fmt="iso", utc=True),
                    _name_exception,
                ],
                "processors": [ProcessorFormatter.remove_processors_meta, renderer],
            }
        },
        "handlers": {
            "stderr": {
                "class": "logging.StreamHandler",
                "formatter": "structured",
                "stream": "ext://sys.stderr",
            }
        },
        "loggers": {"_granian": {"handlers": ["stderr"], "propagate": False}},
    }


def _name_exception(_: object, __: str, event: EventDict) -> EventDict:
    """Tell an exception by its type: its message and trace may hold personal data."""
    if isinstance(raised := event.pop("exc_info", None), tuple) and raised[0] is not None:
        event["error"] = raised[0].__name__
    return event
