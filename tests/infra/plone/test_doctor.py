"""The doctor tells whether Plone answers, and lets Annals in."""

from pathlib import Path

import pytest

from infra.diagnosis.plone import examine_plone
from infra.settings import Settings
from tests.infra.plone.site import PASSWORD, USERNAME, Site


@pytest.mark.parametrize(
    ("password", "verdict"), [(PASSWORD, "ok"), ("wrong-secret", "problem"), (None, "ok")]
)
def test_the_doctor_asks_plone(
    site: Site, tmp_path: Path, password: str | None, verdict: str
) -> None:
    settings = Settings(
        annals_home=tmp_path,
        plone_url=f"{site.url}/" if password else None,
        plone_username=USERNAME,
        plone_password=password,
    )
    (seen,) = examine_plone(settings)
    assert seen.verdict == verdict
    assert bool(site.sent("@login")) == bool(password)
