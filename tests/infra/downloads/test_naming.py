"""A download gets a name that no directory minds, whatever the server calls it."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from infra.downloads.naming import name_of


@pytest.mark.parametrize(
    ("disposition", "path", "name"),
    [
        (None, "/sheets/sheet.pdf", "sheet.pdf"),
        (None, "/sheets/Aj%C3%A1nlat%2057.PDF", "Ajánlat 57.pdf"),
        (None, "/download", "download.pdf"),
        (None, "/", "download.pdf"),
        (None, "", "download.pdf"),
        (None, "/..", "download.pdf"),
        (None, "/a%2F..%2F..%2Fetc%2Fpasswd", "passwd.pdf"),
        ('attachment; filename="today.pdf"', "/x", "today.pdf"),
        ("attachment; filename*=UTF-8''Aj%C3%A1nlat.pdf", "/x", "Ajánlat.pdf"),
        ('attachment; filename="../../etc/cron.d/x"', "/x", "x.pdf"),
        ('attachment; filename="..\\\\..\\\\boot.ini"', "/x", "boot.ini.pdf"),
        ('attachment; filename=".bashrc"', "/x", "bashrc.pdf"),
        ('attachment; filename="a:b|c?.pdf"', "/x", "a_b_c_.pdf"),
        ('attachment; filename="x\x00y\x1b[2J.pdf"', "/x", "xy[2J.pdf"),
        ("attachment", "/x.pdf", "x.pdf"),
        ('attachment; filename="', "/x.pdf", "_.pdf"),
    ],
)
def test_a_name_is_made_harmless(disposition: str | None, path: str, name: str) -> None:
    assert name_of(disposition, path) == name


@settings(max_examples=200)
@given(st.text(max_size=400), st.text(max_size=400))
def test_no_name_leads_elsewhere(disposition: str, path: str) -> None:
    for given_disposition in (None, disposition, f'attachment; filename="{disposition}"'):
        name = name_of(given_disposition, path)
        assert name.endswith(".pdf")
        assert not set('/\\\x00\n:*?"<>|') & set(name)
        assert not name.startswith(".")
        assert len(name.encode()) <= 204
