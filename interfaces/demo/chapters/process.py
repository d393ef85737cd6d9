"""Chapter 1: the process."""

from interfaces.demo.annals import OwnAnnals
from interfaces.demo.crowd import position_of
from interfaces.demo.journeys import STAGES
from interfaces.demo.story import Story, table

NAME = "Application for support"


def create_process(story: Story, annals: OwnAnnals) -> tuple[int, int]:
    """Create the process; give its id, and where the log ends then."""
    story.chapter(
        "The process",
        "A town office takes applications, and each of them goes through the same steps. The "
        "process says that an error_code may be kept for ever. Whatever nobody has declared "
        "harmless counts as personal.",
    )
    body = {"name": NAME, "meta": {"safe_meta_fields": ["error_code"]}}
    process = annals.post("/api/v1/processes/", body).json()
    position = 0
    for index, stage in enumerate(STAGES, start=1):
        step = {"process_id": process["id"], "index": index, "name": stage.name}
        position = position_of(annals.post("/api/v1/steps/", step))
    steps = annals.get(f"/api/v1/steps/process/{process['id']}")
    shown = table("step", "name")
    for step in steps:
        shown.add_row(str(step["index"]), step["name"])
    story.show(shown)
    story.expect(
        [step["name"] for step in steps] == [stage.name for stage in STAGES],
        f"Process {process['id']}, “{process['name']}”, has its {len(STAGES)} steps in order",
    )
    return process["id"], position
