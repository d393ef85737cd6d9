"""The configuration as it is shown: the values of headers are secrets, and never are."""

from msgspec.structs import replace

from domain.configuration.sections import HIDDEN, Sections


def configuration_view(sections: Sections) -> Sections:
    """Show the configuration."""
    downloader = sections.web_downloader
    headers = dict.fromkeys(downloader.headers, HIDDEN)
    return replace(sections, web_downloader=replace(downloader, headers=headers))
