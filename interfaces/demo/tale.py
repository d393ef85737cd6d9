"""The whole story, from an empty directory to a tampered log."""

import time

from interfaces.demo.chapters.chain import tamper, verify_chain
from interfaces.demo.chapters.dashboard import read_dashboard
from interfaces.demo.chapters.forgetting import forget_one
from interfaces.demo.chapters.past import go_back_in_time
from interfaces.demo.chapters.people import send_people_through
from interfaces.demo.chapters.process import create_process
from interfaces.demo.chapters.review import review_a_text
from interfaces.demo.chapters.sheets import read_sheets
from interfaces.demo.chapters.stewardship import look_after_data
from interfaces.demo.serving import own_annals
from interfaces.demo.story import Story


def tell(story: Story) -> None:
    """Tell the story on an Annals of its own. Raises DemoFailedError where a claim fails."""
    began = time.perf_counter()
    story.tell(
        "[bold]Annals[/] is for records that must be both kept and forgotten. What follows happens "
        "now, over HTTP, on a server and a PostgreSQL of the demo's own."
    )
    with own_annals(story) as annals:
        process_id, position = create_process(story, annals)
        crowd = send_people_through(story, annals, process_id, position)
        read_dashboard(story, annals, crowd)
        review_a_text(story, annals)
        look_after_data(story, annals)
        read_sheets(story, annals)
        forgotten = forget_one(story, annals, crowd)
        go_back_in_time(story, annals, forgotten)
        verify_chain(story, annals)
        tamper(story, annals, crowd)
    _close(story, time.perf_counter() - began)


def _close(story: Story, seconds: float) -> None:
    story.ending(
        "The end",
        f"{story.claims} claims held, in {seconds:.0f} s. The server, its PostgreSQL and its "
        "directory are gone again. To go on by yourself:",
    )
    story.tell(
        "  [bold]make run[/]                     serves on http://localhost:8000\n"
        "  [bold]http://localhost:8000/docs[/]   all that the API can do, to be tried there\n"
        "  [bold].venv/bin/annals --help[/]      the same for the terminal"
    )
