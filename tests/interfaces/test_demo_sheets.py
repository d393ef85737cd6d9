"""The demo's sheets are what its fixtures say, and not something else that once was printed."""

import pytest

from interfaces.demo.offers import FIRST, SECOND, Sheet
from tests.interfaces.demo_sheets import printed


@pytest.mark.parametrize("sheet", [FIRST, SECOND], ids=lambda sheet: sheet.file)
def test_a_sheet_of_the_demo_is_printed_from_its_fixtures(sheet: Sheet) -> None:
    assert sheet.path.read_bytes() == printed(sheet)
