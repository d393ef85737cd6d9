"""What outsiders are told of a change of the configuration holds nothing that opens a door."""

from domain.configuration.configuration import Configuration
from interfaces.composition import OUTWARD
from tests.infra.event_store.samples import recorded_as


def test_the_new_values_are_told_but_neither_addresses_nor_headers() -> None:
    configuration = Configuration.begin()
    configuration.configure("processing", {"max_concurrent": 4, "timeout": 600})
    secrets = {"url": "https://example.org/?token=secret", "headers": {"A": "secret"}, "timeout": 5}
    configuration.configure("web_downloader", secrets)
    configuration.configure("web_downloader", {"url": None})
    configuration.reload()

    told = [
        message.data
        for event in configuration.pending()
        for message in OUTWARD.render(recorded_as(event))
    ]

    assert {each["stream_id"] for each in told} == {"configuration"}
    assert [(each["section"], each["change"], each["values"]) for each in told] == [
        ("processing", "changed", {"max_concurrent": 4, "timeout": 600}),
        ("web_downloader", "changed", {"url": "[HIDDEN]", "timeout": 5, "headers": "[HIDDEN]"}),
        ("web_downloader", "changed", {"url": None}),
        ("all", "reloaded", {}),
    ]
