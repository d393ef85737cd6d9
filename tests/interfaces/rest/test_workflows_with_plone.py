"""Where there is a Plone, contents are those that it has, and it moves along (contract 9)."""

from pathlib import Path

from tests.infra.plone.serving import serving as serving_plone
from tests.infra.plone.site import PASSWORD, USERNAME
from tests.interfaces.api import Api
from tests.interfaces.conftest import fresh_database
from tests.interfaces.rest.problems import assert_workflows_error
from tests.serving import serving

PAGE, NOBODYS = "58d2cc99fd6349c591f81857f086b971", "0" * 32
APPLY = f"/workflows/apply/simple_review?content_uid={PAGE}"
ROLES = {"role_assignments": {"author": ["ann"], "editor": ["ed"]}}
SUBMIT = {"content_uid": PAGE, "transition_id": "submit", "comments": "Ready"}


def test_plone_moves_along_or_nothing_happens(postgres_url: str, tmp_path: Path) -> None:
    with fresh_database(postgres_url) as database, serving_plone() as site:
        page = site.add(PAGE)
        with serving(
            tmp_path,
            database_url=database,
            parts="api,projections",
            PLONE_URL=site.url,
            PLONE_USERNAME=USERNAME,
            PLONE_PASSWORD=PASSWORD,
        ) as served:
            with served.client() as client:
                api = Api(client)
                unknown = api.http.post(APPLY.replace(PAGE, NOBODYS), json=ROLES)
                details = assert_workflows_error(
                    unknown, 404, "CONTENT_NOT_FOUND", f"Content '{NOBODYS}' not found"
                )
                assert details == {"content_uid": NOBODYS}
                api.post(APPLY, ROLES)
                assert api.post("/workflows/transition", SUBMIT)["to_state"] == "pending"
                assert (page.state, page.comments) == ("pending", ["Ready"])
                assert api.get("/workflows/health")["checks"]["plone_connection"]["status"] == "ok"

                site.faulty_method, site.faults = "POST", [503]
                recorded = api.events(f"content-{PAGE}")
                body = {"content_uid": PAGE, "transition_id": "reject", "comments": "Not yet"}
                failed = api.http.post("/workflows/transition", json=body)
                details = assert_workflows_error(
                    failed, 500, "PLONE_CONNECTION_ERROR", "Failed to connect to Plone instance"
                )
                assert details == {"plone_url": site.url, "retry_after": 300}
                assert failed.headers["retry-after"] == "300"
                assert api.events(f"content-{PAGE}") == recorded
                assert api.workflow(PAGE)["current_state"] == page.state == "pending"

                page.state = "private"  # somebody moved it there
                approve = body | {"transition_id": "approve"}
                elsewhere = api.http.post("/workflows/transition", json=approve)
                assert_workflows_error(elsewhere, 409, "INVALID_TRANSITION", "Plone")
                page.state = "pending"
                assert api.post("/workflows/transition", body)["to_state"] == "draft"
                assert page.state == "private"
            assert PASSWORD not in served.log.read_text()
