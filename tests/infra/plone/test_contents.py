"""Contents are looked up and moved in Plone as plone.restapi has it."""

import pytest

from application.workflows.ports import ContentManagementError, ManagedContent, OutOfStepError
from infra.plone.contents import PloneContents
from tests.infra.plone.site import Site

pytestmark = pytest.mark.anyio

UID = "58d2cc99fd6349c591f81857f086b971"


async def test_a_content_is_found_by_its_uid_with_the_state_it_has_there(
    site: Site, plone: PloneContents
) -> None:
    site.add(UID)
    assert await plone.find(UID) == ManagedContent(state="private")
    assert await plone.find("another") is None
    assert await plone.find("a&UID=58d2 cc/99?#%") is None


async def test_many_contents_are_found_in_few_searches(site: Site, plone: PloneContents) -> None:
    uids = [f"{number:032x}" for number in range(1000)]
    for uid in uids[::2]:
        site.add(uid, f"docs/{uid}")
    found = await plone.find_all(uids)
    assert sorted(found) == uids[::2]
    searches = site.sent("@search")
    assert len(searches) <= 10
    assert max(len(request.path) for request in searches) < 4200


async def test_a_transition_is_made_in_plone_with_its_comment(
    site: Site, plone: PloneContents
) -> None:
    content = site.add(UID)
    await plone.push(UID, "submit", to_state="pending", comments="Ready, für alle")
    assert (content.state, content.comments) == ("pending", ["Ready, für alle"])
    assert site.requests[-1].path == "/Plone/docs/a%20page/@workflow/submit"
    await plone.push(UID, "reject", to_state="private", comments=None)
    assert (content.state, content.comments[1:]) == ("private", [""])


@pytest.mark.parametrize("knows_repetitions", [True, False])
async def test_what_was_pushed_and_not_recorded_can_be_pushed_again(
    site: Site, plone: PloneContents, *, knows_repetitions: bool
) -> None:
    site.knows_repetitions = knows_repetitions
    content = site.add(UID)
    for _ in range(2):
        await plone.push(UID, "submit", to_state="pending", comments="Ready")
    assert (content.state, content.comments) == ("pending", ["Ready"])


async def test_a_transition_that_plone_does_not_have_is_told_with_the_state_there(
    site: Site, plone: PloneContents
) -> None:
    site.add(UID).state = "published"
    with pytest.raises(OutOfStepError) as refused:
        await plone.push(UID, "a/b?c", to_state="pending", comments=None)
    assert refused.value.state == "published"
    assert site.sent("@workflow")[0].path.endswith("/@workflow/a%2Fb%3Fc")


async def test_a_content_that_went_meanwhile_is_not_moved(plone: PloneContents) -> None:
    with pytest.raises(ContentManagementError):
        await plone.push(UID, "submit", to_state="pending", comments=None)


@pytest.mark.parametrize("public", ["https://cms.example.org", "https://cms.example.org/++api++"])
async def test_behind_a_proxy_requests_go_where_plone_url_says(
    site: Site, plone: PloneContents, public: str
) -> None:
    site.public = public
    content = site.add(UID)
    await plone.push(UID, "publish", to_state="published", comments=None)
    assert content.state == "published"


@pytest.mark.parametrize(
    "address",
    ["https://elsewhere.example.org/docs", "{site}/docs/../../@@evil", "{site}//x", "{site}/x?y"],
)
async def test_a_token_goes_to_no_address_that_an_answer_names(
    site: Site, plone: PloneContents, address: str
) -> None:
    item = f'{{"@id": "{address.format(site=site.url)}", "UID": "{UID}"}}'
    site.faults = [f'{{"@id": "{site.url}/@search?UID=x", "items": [{item}]}}']
    with pytest.raises(ContentManagementError):
        await plone.push(UID, "submit", to_state="pending", comments=None)
    assert not site.sent("@workflow")
