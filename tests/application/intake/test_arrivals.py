"""A file that nobody answers for gets a path of the document store, whatever it is called."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from application.intake.arrivals import arrival_path
from domain.documents.file_path import check_path


@pytest.mark.parametrize(
    ("name", "path"),
    [
        ("sheet.pdf", "source/sheet.pdf"),
        ("Ajánlat 57.PDF", "source/Ajánlat 57.pdf"),
        ("sheet", "source/sheet.pdf"),
        (".pdf", "source/document.pdf"),
        ("a\nb.pdf", "source/ab.pdf"),
        ("..", "source/...pdf"),
        ("\udcff.pdf", "source/document.pdf"),
        ("x" * 300 + ".pdf", "source/" + "x" * 251 + ".pdf"),
    ],
)
def test_a_name_becomes_a_path(name: str, path: str) -> None:
    assert arrival_path(name) == path


@settings(max_examples=200)
@given(st.text(max_size=300))
def test_every_name_becomes_a_path_that_can_be_asked_for(name: str) -> None:
    path = arrival_path(name)

    assert check_path(path) == path
    assert len(path.encode()) <= 255 + len("source/")
