"""The enumerations of stewardship, as the seed lists them."""

from enum import StrEnum


class StewardshipType(StrEnum):
    """What a stewardship takes care of."""

    DATA_QUALITY = "data_quality"
    DATA_GOVERNANCE = "data_governance"
    DATA_PRIVACY = "data_privacy"
    DATA_SECURITY = "data_security"
    DATA_COMPLIANCE = "data_compliance"
    DATA_LINEAGE = "data_lineage"


class StewardshipStatus(StrEnum):
    """Where a stewardship stands."""

    ACTIVE = "active"
    INACTIVE = "inactive"
    PENDING = "pending"
    SUSPENDED = "suspended"
    ARCHIVED = "archived"


class DomainType(StrEnum):
    """What kind of domain a stewardship may be about; no field of the seed carries it."""

    BUSINESS = "business"
    TECHNICAL = "technical"
    FUNCTIONAL = "functional"
    GEOGRAPHIC = "geographic"
    ORGANIZATIONAL = "organizational"


class StewardRole(StrEnum):
    """What a steward answers for."""

    OWNER = "owner"
    CUSTODIAN = "custodian"
    CURATOR = "curator"
    TRUSTEE = "trustee"
    GUARDIAN = "guardian"
    OVERSEER = "overseer"


class StewardStatus(StrEnum):
    """Whether a steward acts: before the start pending, from the end on inactive."""

    ACTIVE = "active"
    PENDING = "pending"
    INACTIVE = "inactive"
    SUSPENDED = "suspended"


class ResponsibilityStatus(StrEnum):
    """Where a responsibility stands; an open one whose due date has passed is shown overdue."""

    PENDING = "pending"
    IN_PROGRESS = "in_progress"
    COMPLETED = "completed"
    OVERDUE = "overdue"


class WorkflowStatus(StrEnum):
    """Where a workflow stands; only an active one is executed."""

    DRAFT = "draft"
    ACTIVE = "active"
    PAUSED = "paused"
    COMPLETED = "completed"
    CANCELLED = "cancelled"


class MetricStatus(StrEnum):
    """How the last measurement compares with the threshold."""

    PENDING = "pending"
    MET = "met"
    BREACHED = "breached"


class Trend(StrEnum):
    """Where the last two measurements point."""

    IMPROVING = "improving"
    DECLINING = "declining"
    STABLE = "stable"


class BackoffStrategy(StrEnum):
    """How the pauses between the attempts of a step grow."""

    FIXED = "fixed"
    LINEAR = "linear"
    EXPONENTIAL = "exponential"


class ScheduleType(StrEnum):
    """By what a trigger falls due."""

    CRON = "cron"
    INTERVAL = "interval"


class StepOutcome(StrEnum):
    """How the attempt of a step ended, by who carried it out."""

    SUCCESS = "success"
    FAILURE = "failure"


class ExecutionStatus(StrEnum):
    """Where the execution of a workflow stands."""

    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"


class StepStatus(StrEnum):
    """Where a step of an execution stands; a waiting one is tried again."""

    PENDING = "pending"
    RUNNING = "running"
    WAITING = "waiting"
    SUCCEEDED = "succeeded"
    FAILED = "failed"


class Decision(StrEnum):
    """What an approver says to a change."""

    APPROVE = "approve"
    REJECT = "reject"


class ChangeStatus(StrEnum):
    """What has become of a proposed change."""

    PENDING = "pending"
    APPROVED = "approved"
    REJECTED = "rejected"


class Channel(StrEnum):
    """A way on which people are notified."""

    EMAIL = "email"
    SLACK = "slack"
    TEAMS = "teams"
    SMS = "sms"
    WEBHOOK = "webhook"


class AddressUse(StrEnum):
    """What somebody is named for by an e-mail address among the options."""

    APPROVER = "approver"
    RECIPIENT = "recipient"


class AuditOperation(StrEnum):
    """What kind of event an audit may be limited to."""

    CREATE = "create"
    UPDATE = "update"
    DELETE = "delete"


class JobStatus(StrEnum):
    """Where a job stands; the seed knows the first four."""

    PENDING = "pending"
    RUNNING = "running"
    COMPLETED = "completed"
    FAILED = "failed"
    CANCELLED = "cancelled"
