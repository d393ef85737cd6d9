"""The doctor's check of webhooks."""

from collections.abc import Iterator

from infra.diagnosis.patient import Patient, Seen, fine, warning

DEAD_DELIVERIES = """
SELECT webhook_id, count(*)
FROM webhook_deliveries
WHERE status = 'dead'
GROUP BY webhook_id
ORDER BY webhook_id
"""

DISABLED_WEBHOOKS = """
SELECT e.webhook_id,
       (SELECT count(*) FROM webhook_deliveries AS d
        WHERE d.webhook_id = e.webhook_id AND d.status = 'pending')
FROM webhook_endpoints AS e
WHERE NOT e.is_active
ORDER BY e.webhook_id
"""

# Not those that wait for an endpoint that is under way with as many as it is meant to bear.
OVERDUE_DELIVERIES = """
SELECT count(*)
FROM webhook_deliveries AS d
JOIN webhook_endpoints AS e USING (webhook_id)
WHERE d.is_head
  AND e.is_active
  AND greatest(d.next_attempt_at, e.paused_until) < now() - interval '2 minutes'
  AND NOT EXISTS (
      SELECT
      FROM webhook_deliveries AS leased
      WHERE leased.webhook_id = d.webhook_id AND leased.leased_until > now()
  )
"""

PENDING_DELIVERIES = "SELECT count(*) FROM webhook_deliveries WHERE status = 'pending'"


def examine_webhooks(patient: Patient) -> Iterator[Seen]:
    """Look for deliveries that do not get through."""
    dead = patient.rows(DEAD_DELIVERIES)
    for webhook_id, count in dead:
        yield warning(
            f"{count} deliveries to webhook {webhook_id} are dead",
            "Mend what receives them, then run annals webhooks redeliver",
        )
    disabled = patient.rows(DISABLED_WEBHOOKS)
    for webhook_id, count in disabled:
        yield warning(
            f"webhook {webhook_id} is disabled, and {count} deliveries wait for it",
            "Mend what receives them, then run annals webhooks enable; or unregister it",
        )
    overdue = patient.value(OVERDUE_DELIVERIES)
    if overdue:
        yield warning(
            f"{overdue} deliveries have been due for minutes, and nobody sends them",
            "Run annals serve, or annals serve --only webhooks",
        )
    if not (dead or disabled or overdue):
        yield fine(f"{patient.value(PENDING_DELIVERIES)} deliveries are pending, none is dead")
