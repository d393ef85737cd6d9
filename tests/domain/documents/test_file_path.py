import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.documents.file_path import check_path, distinct_path, path_of
from domain.errors import InvalidFieldError


@pytest.mark.parametrize(
    ("name", "path"),
    [
        ("sheet.pdf", "source/sheet.pdf"),
        ("Árvíztűrő lap 57.PDF", "source/Árvíztűrő lap 57.PDF"),
        ("/home/ann/sheet.pdf", "source/sheet.pdf"),
        (r"C:\Users\ann\sheet.pdf", "source/sheet.pdf"),
        ("../../etc/sheet.pdf", "source/sheet.pdf"),
        ("", "source/document.pdf"),
        ("e\N{COMBINING ACUTE ACCENT}.pdf", "source/\N{LATIN SMALL LETTER E WITH ACUTE}.pdf"),
    ],
)
def test_of_a_sent_name_the_last_part_counts(name: str, path: str) -> None:
    assert path_of(name) == path


@pytest.mark.parametrize("name", ["sheet.exe", "sheet", "a\nb.pdf", "a" * 252 + ".pdf", ".."])
def test_what_is_no_name_of_a_pdf_is_refused(name: str) -> None:
    with pytest.raises(InvalidFieldError) as refused:
        path_of(name)
    assert refused.value.field == "file"


@pytest.mark.parametrize(
    "file_path",
    [
        "../jwt.key",
        "source/../../jwt.key",
        "source/..",
        "source/",
        "source",
        "/etc/passwd",
        "source//sheet.pdf",
        "source/./sheet.pdf",
        r"source\..\jwt.key",
        "source/a\x00.pdf",
        "documents/sheet.pdf",
        "",
    ],
)
def test_a_path_that_leads_elsewhere_is_refused(file_path: str) -> None:
    with pytest.raises(InvalidFieldError) as refused:
        check_path(file_path)
    assert refused.value.field == "file_path"


@settings(max_examples=50)
@given(st.text(max_size=300))
def test_whatever_is_sent_the_path_stays_in_the_store(name: str) -> None:
    try:
        path = path_of(f"{name}.pdf")
    except InvalidFieldError:
        return
    assert check_path(path) == path
    distinct = distinct_path(path, "3f" * 32)
    assert check_path(distinct) == distinct
    assert len(distinct.removeprefix("source/").encode()) <= 255
    assert distinct.endswith("-3f3f3f3f3f3f.pdf")
