"""Which live messages a principal may see: those of what REST would show them."""

from application.identity.principal import Principal
from application.outward import matches
from domain.identity.roles import Role

# Runs, processes, documents and jobs are read by all who are known. All else is for admins: the
# errors of the system and its configuration are, and what is added later is until it is named here.
FOR_ALL = (
    "run.*",
    "step_run.*",
    "process.*",
    "processing_started",
    "processing_progress",
    "processing_completed",
    "processing_failed",
    "processing_cancelled",
    "file_detected",
    "download_completed",
)


def may_see(principal: Principal, name: str) -> bool:
    """Tell whether a principal may see the messages of an outward event."""
    return principal.has(Role.ADMIN) or any(matches(pattern, name) for pattern in FOR_ALL)
