"""Lines of CSV are read back as they were, and nothing in them is a formula."""

import csv
import io

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from application.spreadsheet import FORMULA, csv_line

TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"))


@pytest.mark.parametrize(
    ("cell", "shown"),
    [
        (None, '""'),
        (True, "true"),
        (-5, "-5"),
        ("plain", "plain"),
        ('say "hello"', '"say ""hello"""'),
        ("a,b", '"a,b"'),
        ("=1+1", "'=1+1"),
        ("  =1+1", "'  =1+1"),
        ("@SUM(A1)", "'@SUM(A1)"),
        ("-2+3+cmd|' /C calc'!A0", "'-2+3+cmd|' /C calc'!A0"),
        ("\t=1", "'\t=1"),
        ("\uff1d1", "'\uff1d1"),
    ],
)
def test_a_cell_is_shown_as_it_is(cell: object, shown: str) -> None:
    assert csv_line([cell]) == f"{shown}\r\n"


@settings(max_examples=200)
@given(st.lists(TEXTS, min_size=1))
def test_whatever_is_written_is_read_back_and_is_no_formula(cells: list[str]) -> None:
    [read] = csv.reader(io.StringIO(csv_line(cells), newline=""))
    assert [cell.removeprefix("'") for cell in read] == [cell.removeprefix("'") for cell in cells]
    assert not any(cell.lstrip(" ").startswith(FORMULA) for cell in read)
