"""Which of PostgreSQL's errors pass, and which come back with the same data."""

import psycopg
from psycopg.errors import PipelineAborted

# Classes of SQLSTATE that are not the fault of what was sent: connection, transaction state and
# rollback, resources, object not ready, operator, system. Not "program limit exceeded", which
# psycopg counts as operational too: the same value exceeds it again.
PASSING_STATES = frozenset({"08", "25", "40", "53", "55", "57", "58"})


def is_passing(error: BaseException) -> bool:
    """Tell whether an error may be gone at the next attempt with the same data."""
    while isinstance(error, PipelineAborted) and error.__context__ is not None:
        error = error.__context__  # what aborted the pipeline
    if not isinstance(error, psycopg.Error) or isinstance(error, PipelineAborted):
        return False
    if error.sqlstate is None:  # not from the server: the connection is lost, or psycopg refuses
        return isinstance(error, psycopg.OperationalError)
    return error.sqlstate[:2] in PASSING_STATES
