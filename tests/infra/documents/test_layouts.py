"""Whatever the layout of a sheet, what comes out is what was printed."""

from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, given, settings

from domain.documents.parsing import parse_sheet
from infra.documents.gate import inspect
from infra.documents.tables import read_pages
from tests.infra.documents.generated import FRIDAY, Offer, as_expected, offers
from tests.infra.documents.printing import Layout, Row, band_of, print_sheet

LAYOUTS = {
    "unruled": Layout(),
    "ruled": Layout(rules="grid", order="words"),
    "lines": Layout(rules="lines", size=8, pitch=14),
    "column by column": Layout(rules="zebra", order="columns"),
    "word by word": Layout(order="words", size=5, pitch=7),
    "two columns": Layout(tables=2, size=5.5),
    "two columns, column by column": Layout(tables=2, order="columns", rules="grid", size=5.5),
    "two columns under centred headers": Layout(tables=2, centred_headers=True, size=5.5),
    "three columns": Layout(tables=3, order="words", size=5),
    "turned": Layout(turned=90),
    "upside down": Layout(turned=180, turned_back=True),
    "turned back": Layout(turned=90, turned_back=True, order="columns"),
    "turned the other way": Layout(turned=270, turned_back=True),
    "wrapped": Layout(event_characters=30),
    "wrapped around the middle": Layout(event_characters=45, wrapped="middle", pitch=9),
    "with a minimum": Layout(minimum="3"),
    "without header": Layout(header=False),
    "without header, wrapped": Layout(header=False, event_characters=30),
    "without offer numbers": Layout(offer_number=False, centred_headers=True),
}


@pytest.mark.parametrize("layout", LAYOUTS.values(), ids=LAYOUTS)
@settings(
    max_examples=3,
    derandomize=True,
    deadline=None,
    phases=[Phase.reuse, Phase.generate],  # to shrink a sheet takes minutes
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(offer=offers())
def test_a_sheet_is_read_as_it_was_printed(layout: Layout, offer: Offer, tmp_path: Path) -> None:
    path = tmp_path / "sheet.pdf"
    path.write_bytes(print_sheet(offer.lines, layout, FRIDAY))
    facts = inspect(path, 500)
    pages = list(read_pages(path, facts.offer_pages))
    sheet = parse_sheet(facts.issue_date, pages)
    assert facts.issue_date == FRIDAY
    assert [anomaly for page in pages for anomaly in page.anomalies] == []
    assert as_expected(sheet.games) == offer.games
    assert sheet.anomalies == ()
    assert [anomaly for game in sheet.games for anomaly in game.anomalies] == []


def test_a_letter_that_the_font_does_not_have_is_seen_to_be_missing(tmp_path: Path) -> None:
    path = tmp_path / "sheet.pdf"
    row = Row(
        start="P 20:30",
        code="15881",
        event="Żółw - Cracovia",
        odds={"H": "1,60", "D": "4,10", "V": "4,75"},
    )
    lines = (band_of(FRIDAY), "Labdarúgás, Lengyel bajnokság", row)
    path.write_bytes(print_sheet(lines, Layout(), FRIDAY))
    facts = inspect(path, most_pages=1)
    pages = list(read_pages(path, facts.offer_pages))
    (game,) = parse_sheet(facts.issue_date, pages).games
    assert game.home_team == "\N{REPLACEMENT CHARACTER}ółw"
    assert [anomaly.kind for page in pages for anomaly in page.anomalies] == ["readings_differ"]
