"""What the configuration allows, and what holds after it was changed."""

from typing import Any

import pytest

from domain.configuration.configuration import Configuration
from domain.configuration.events import (
    ConfigurationBegun,
    ConfigurationReloaded,
    SectionConfigured,
)
from domain.configuration.sections import HIDDEN, Sections, sections_of
from domain.errors import InvalidFieldError

SEED: dict[str, dict[str, Any]] = {
    "web_downloader": {
        "url": "https://example.com/football-data",
        "check_interval": 3600,
        "download_path": "source/",
        "max_retries": 3,
    },
    "file_watcher": {"watch_path": "source/", "file_patterns": ["*.pdf"], "debounce_time": 5},
    "processing": {"max_concurrent": 2, "retry_attempts": 3, "timeout": 300},
}


def configured(section: str, **values: Any) -> Configuration:
    configuration = Configuration.begin()
    configuration.configure(section, values)
    return configuration


def sections(configuration: Configuration) -> Sections:
    return sections_of(configuration.values)


def changes(configuration: Configuration) -> list[dict[str, Any]]:
    return [
        event.values for event in configuration.pending() if isinstance(event, SectionConfigured)
    ]


def test_there_is_one_configuration() -> None:
    assert Configuration.begin().id == "configuration"


def test_before_anybody_sets_anything_nothing_is_fetched_watched_or_moved() -> None:
    first = sections_of()

    assert first.web_downloader.url is None
    assert first.file_watcher.watch_path is None
    assert first.file_watcher.processed_path is None


@pytest.mark.parametrize("section", SEED)
def test_every_setting_of_the_seed_can_be_set_as_the_seed_shows_it(section: str) -> None:
    holds = getattr(sections(configured(section, **SEED[section])), section)

    assert {name: getattr(holds, name) for name in SEED[section]} == SEED[section]


def test_the_first_values_are_those_that_the_seed_shows() -> None:
    processing = sections_of().processing

    assert (processing.max_concurrent, processing.retry_attempts, processing.timeout) == (2, 3, 300)


def test_settings_that_are_not_named_stay_as_they_are() -> None:
    configuration = configured("processing", max_concurrent=4, timeout=600)
    configuration.configure("processing", {"timeout": 900})
    configuration.configure("file_watcher", {"debounce_time": 0.5})

    holds = sections(configuration)
    assert (holds.processing.max_concurrent, holds.processing.timeout) == (4, 900)
    assert holds.file_watcher.debounce_time == 0.5


def test_an_event_tells_what_has_changed_and_nothing_else() -> None:
    configuration = configured("processing", max_concurrent=4, timeout=600)
    configuration.configure("processing", {"max_concurrent": 4, "timeout": 900})
    configuration.configure("processing", {"max_concurrent": 4, "timeout": 900})

    assert changes(configuration) == [{"max_concurrent": 4, "timeout": 600}, {"timeout": 900}]


def test_none_gives_a_setting_its_first_value_back() -> None:
    configuration = configured("processing", max_concurrent=4)
    configuration.configure("processing", {"max_concurrent": None})

    assert sections_of({"processing": {"max_concurrent": 7}}, configuration.values) == (
        sections_of({"processing": {"max_concurrent": 7}})
    )


def test_what_is_set_takes_the_place_of_a_first_value() -> None:
    configuration = configured("security", max_file_size_mb=20)

    holds = sections_of({"security": {"max_file_size_mb": 50}}, configuration.values)
    assert holds.security.max_file_size_mb == 20


def test_what_another_release_took_and_this_one_does_not_is_passed_over() -> None:
    stored = {"processing": {"timeout": 10**9, "max_concurrent": 4, "gone": 1}, "gone": {"x": 1}}

    holds = sections_of({"processing": {"timeout": 200}}, stored).processing
    assert (holds.timeout, holds.max_concurrent) == (200, 4)


def test_headers_are_kept_apart_from_what_is_shown() -> None:
    configuration = configured("web_downloader", headers={"Authorization": "Bearer x"}, timeout=5)

    assert configuration.state.values == {"web_downloader": {"timeout": 5}}
    assert sections(configuration).web_downloader.headers == {"Authorization": "Bearer x"}


def test_a_header_that_comes_back_hidden_stays_as_it_is() -> None:
    configuration = configured("web_downloader", headers={"A": "one", "B": "two"})
    configuration.configure("web_downloader", {"headers": {"A": HIDDEN, "C": "three"}})

    assert sections(configuration).web_downloader.headers == {"A": "one", "C": "three"}
    configuration.configure("web_downloader", {"headers": None})
    assert sections(configuration).web_downloader.headers == {}


def test_a_hidden_header_that_is_not_there_is_refused() -> None:
    with pytest.raises(InvalidFieldError) as refusal:
        configured("web_downloader", headers={"A": HIDDEN})

    assert refusal.value.field == "config_data.headers"


def test_reloading_changes_no_setting() -> None:
    configuration = configured("processing", timeout=600)
    before = configuration.values
    configuration.reload()

    assert configuration.values == before
    assert [type(event) for event in configuration.pending()] == [
        ConfigurationBegun,
        SectionConfigured,
        ConfigurationReloaded,
    ]


@pytest.mark.parametrize(
    ("section", "name", "value"),
    [
        ("web_downloader", "url", 7),
        ("web_downloader", "url", ""),
        ("web_downloader", "url", "x" * 2001),
        ("web_downloader", "check_interval", 59),
        ("web_downloader", "check_interval", True),
        ("web_downloader", "check_interval", "3600"),
        ("web_downloader", "max_retries", -1),
        ("web_downloader", "timeout", 0),
        ("web_downloader", "verify_ssl", "no"),
        ("web_downloader", "headers", ["A"]),
        ("web_downloader", "headers", {"A": 1}),
        ("web_downloader", "headers", {"A b": "x"}),
        ("web_downloader", "headers", {"": "x"}),
        ("web_downloader", "headers", {"Host": "example.org"}),
        ("web_downloader", "headers", {"If-None-Match": '"x"'}),
        ("web_downloader", "headers", {"A": "x\r\nB: y"}),
        ("web_downloader", "headers", {"A": "é"}),
        ("web_downloader", "download_path", "../elsewhere"),
        ("file_watcher", "watch_path", ""),
        ("file_watcher", "watch_path", "/"),
        ("file_watcher", "watch_path", "//"),
        ("file_watcher", "watch_path", "."),
        ("file_watcher", "watch_path", "~/sheets"),
        ("file_watcher", "watch_path", "source/../../etc"),
        ("file_watcher", "watch_path", "a\nb"),
        ("file_watcher", "watch_path", " source"),
        ("file_watcher", "watch_path", ["source"]),
        ("file_watcher", "file_patterns", []),
        ("file_watcher", "file_patterns", [""]),
        ("file_watcher", "file_patterns", "*.pdf"),
        ("file_watcher", "file_patterns", ["../*.pdf"]),
        ("file_watcher", "file_patterns", ["*.pdf"] * 101),
        ("file_watcher", "debounce_time", -0.1),
        ("file_watcher", "debounce_time", float("nan")),
        ("file_watcher", "priority", 5),
        ("processing", "max_concurrent", 0),
        ("processing", "max_concurrent", 65),
        ("processing", "max_concurrent", 2.5),
        ("processing", "retry_attempts", -1),
        ("processing", "timeout", 86_401),
        ("processing", "max_concurent", 4),
        ("markets", "max_additional", -1),
        ("markets", "priorities", {"1X2": 0}),
        ("markets", "priorities", {"no such market": 1}),
        ("teams", "similarity_threshold", 0.5),
        ("security", "max_file_size_mb", 0),
    ],
)
def test_a_bad_value_is_refused_by_the_name_of_its_setting(
    section: str, name: str, value: object
) -> None:
    configuration = Configuration.begin()
    with pytest.raises(InvalidFieldError) as refusal:
        configuration.configure(section, {name: value})

    assert refusal.value.field == f"config_data.{name}"
    assert configuration.values == {}


@pytest.mark.parametrize("section", ["", "no_such_section", "Processing", "database"])
def test_a_section_that_there_is_not_is_refused(section: str) -> None:
    with pytest.raises(InvalidFieldError) as refusal:
        configured(section, timeout=600)

    assert refusal.value.field == "config_section"


def test_no_settings_at_all_are_refused() -> None:
    with pytest.raises(InvalidFieldError) as refusal:
        configured("processing")

    assert refusal.value.field == "config_data"
