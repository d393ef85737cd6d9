"""What a webhook allows, and which of its secrets sign."""

from datetime import UTC, datetime, timedelta

import pytest

from domain.errors import InvalidFieldError, RuleViolatedError
from domain.webhooks.address import digest_of
from domain.webhooks.events import (
    DisabledBecause,
    WebhookDisabled,
    WebhookEnabled,
    WebhookPatternsChanged,
    WebhookRegistered,
    WebhookSecretRotated,
    WebhookUnregistered,
)
from domain.webhooks.fields import check_url
from domain.webhooks.secret import derive_secret
from domain.webhooks.webhook import MOST_SECRETS, Webhook

URL = "https://example.org/hook"
HOUR = timedelta(hours=1)


def registered() -> Webhook:
    return Webhook.register(7, url=URL, patterns=["run.*"], secret="first")


def events(webhook: Webhook) -> list[type]:
    return [type(event) for event in webhook.pending()]


def test_a_webhook_is_active_from_its_registration_on() -> None:
    webhook = registered()

    assert webhook.id == "webhook-7"
    assert webhook.state.is_active
    assert webhook.secrets_at(datetime.now(UTC)) == ["first"]
    assert events(webhook) == [WebhookRegistered]


def test_patterns_that_are_the_same_change_nothing() -> None:
    webhook = registered()
    webhook.change_patterns(["run.*"])
    webhook.change_patterns(["*"])

    assert webhook.state.patterns == ["*"]
    assert events(webhook) == [WebhookRegistered, WebhookPatternsChanged]


def test_old_and_new_secrets_sign_until_the_overlap_has_passed() -> None:
    webhook = registered()
    webhook.rotate_secret("second", 24 * HOUR)
    now = datetime.now(UTC)

    assert webhook.secrets_at(now) == ["second", "first"]
    assert webhook.secrets_at(now + 23 * HOUR) == ["second", "first"]
    assert webhook.secrets_at(now + 25 * HOUR) == ["second"]


def test_a_rotation_without_overlap_ends_every_older_secret_at_once() -> None:
    webhook = registered()
    webhook.rotate_secret("second", 24 * HOUR)
    webhook.rotate_secret("third", timedelta())

    assert webhook.secrets_at(datetime.now(UTC)) == ["third"]


def test_a_later_overlap_prolongs_no_older_secret() -> None:
    webhook = registered()
    webhook.rotate_secret("second", HOUR)
    webhook.rotate_secret("third", 24 * HOUR)

    assert webhook.secrets_at(datetime.now(UTC) + 2 * HOUR) == ["third", "second"]


def test_a_secret_in_force_is_no_new_one() -> None:
    webhook = registered()
    with pytest.raises(RuleViolatedError, match="in force already"):
        webhook.rotate_secret("first")


def test_so_many_secrets_sign_and_no_more_unless_the_older_ones_end() -> None:
    webhook = registered()
    for number in range(1, MOST_SECRETS):
        webhook.rotate_secret(f"secret {number}")

    with pytest.raises(RuleViolatedError, match="rotate with overlap_hours 0"):
        webhook.rotate_secret("one too many")
    webhook.rotate_secret("the only one", timedelta())
    assert webhook.secrets_at(datetime.now(UTC)) == ["the only one"]


@pytest.mark.parametrize("overlap", [timedelta(seconds=-1), timedelta(days=7, seconds=1)])
def test_an_overlap_is_up_to_a_week(overlap: timedelta) -> None:
    with pytest.raises(InvalidFieldError, match="overlap_hours must be 0 to 168"):
        registered().rotate_secret("second", overlap)


def test_disabling_and_enabling_take_effect_once() -> None:
    webhook = registered()
    since = datetime(2026, 1, 2, tzinfo=UTC)
    webhook.enable()
    webhook.disable(DisabledBecause.FAILING, failing_since=since)
    webhook.disable(DisabledBecause.ASKED_FOR)
    webhook.enable()

    assert events(webhook) == [WebhookRegistered, WebhookDisabled, WebhookEnabled]


def test_an_unregistered_webhook_has_no_secret_and_is_never_enabled_again() -> None:
    webhook = registered()
    webhook.unregister()
    webhook.unregister()
    webhook.enable()

    assert webhook.secrets_at(datetime.now(UTC)) == []
    assert not webhook.state.is_active
    assert events(webhook) == [WebhookRegistered, WebhookUnregistered]


def test_a_rotated_secret_is_recorded_with_its_overlap() -> None:
    webhook = registered()
    webhook.rotate_secret("second", HOUR)

    [_, rotated] = webhook.pending()
    assert isinstance(rotated, WebhookSecretRotated)
    assert rotated.overlap_until - rotated.timestamp < HOUR + timedelta(seconds=1)


@pytest.mark.parametrize(
    "other",
    [
        "https://EXAMPLE.org/hook",
        "HTTPS://example.org:443/hook",
        "https://example.org./hook",
    ],
)
def test_urls_that_lead_to_one_place_are_one_address(other: str) -> None:
    assert digest_of(other) == digest_of(URL)


@pytest.mark.parametrize(
    "other",
    [
        "http://example.org/hook",
        "https://example.org/Hook",
        "https://example.org/hook/",
        "https://example.org/hook?a=1",
        "https://example.org:8443/hook",
        "https://example.com/hook",
    ],
)
def test_urls_that_may_lead_elsewhere_are_other_addresses(other: str) -> None:
    check_url(other)
    assert digest_of(other) != digest_of(URL)


def test_a_url_with_nothing_behind_its_host_means_the_root() -> None:
    assert digest_of("https://example.org") == digest_of("https://example.org/")


def test_an_address_of_ipv6_keeps_its_brackets() -> None:
    check_url("https://[2606:2800::1]:8443/hook")
    assert digest_of("https://[2606:2800::1]/") != digest_of("https://[2606:2800::2]/")


def test_the_same_seed_makes_the_same_secret_and_another_another() -> None:
    assert derive_secret(b"a" * 32) == derive_secret(b"a" * 32) != derive_secret(b"b" * 32)
