"""Chapter 6: two betting sheets are read."""

import time
from datetime import date
from typing import Any

from interfaces.demo.annals import OwnAnnals
from interfaces.demo.offers import FIRST, LEAGUE, SECOND, Fixture, Sheet
from interfaces.demo.story import DemoFailedError, Story, table, value

PATIENCE_SECONDS = 30
ENDED = ("completed", "failed", "cancelled")


def read_sheets(story: Story, annals: OwnAnnals) -> None:
    """Have two sheets read, and compare what was read with what was printed."""
    story.chapter(
        "Two sheets of paper",
        "The state's auditors follow betting odds, which are published as PDFs. Friday's sheet is "
        "read, then Saturday's, which has one of Friday's games again, at other odds.",
    )
    first = _process(story, annals, FIRST)
    second = _process(story, annals, SECOND)
    listed = annals.get("/api/v1/games", league=LEAGUE)["games"]
    printed = {fixture.code: fixture for sheet in (FIRST, SECOND) for fixture in sheet.fixtures}
    shown = table("kick-off", "home", "away", "1", "X", "2", "goals -", "goals +", numbers=5)
    for game in listed:
        read = _fixture(game)
        odds = (*read.odds, *(read.goals or ("", "")))
        shown.add_row(f"{read.day:%a} {read.time}", read.home, read.away, *odds)
    story.show(shown)
    story.expect(
        {game["code"]: _fixture(game) for game in listed} == printed,
        f"All {len(printed)} games are as they were printed, letter for letter",
    )
    story.expect(
        (first["result"]["games_listed"], second["result"]["odds_updated"])
        == (len(FIRST.fixtures), len(SECOND.fixtures) - len(printed) + len(FIRST.fixtures)),
        "The game that both sheets have is one game",
    )
    _tell_of_movement(story, annals, listed)
    _tell_of_misprint(story, annals, listed)


def _process(story: Story, annals: OwnAnnals, sheet: Sheet) -> dict[str, Any]:
    uploaded = annals.upload("/api/v1/upload", sheet.path).json()
    path = f"/api/v1/process/status/{uploaded['job_id']}"
    deadline = time.monotonic() + PATIENCE_SECONDS
    with story.meanwhile(f"Reading {sheet.file}"):
        while (job := annals.http.get(path).json())["status"] not in ENDED:
            if time.monotonic() > deadline:
                raise DemoFailedError(f"{sheet.file} should have been read: {job}")
            time.sleep(0.1)
    done: dict[str, Any] = annals.get(path)
    story.expect(
        done["status"] == "completed",
        f"{sheet.file} took {done['processing_time']:.1f} s, from its bytes to its games",
    )
    return done


def _fixture(game: dict[str, Any]) -> Fixture:
    """Give a game that was read in the form of those that were printed."""
    main = game["main_market"]["odds"]
    goals = [market["odds"] for market in game["additional_markets"]]
    return Fixture(
        game["code"],
        date.fromisoformat(game["date"]),
        game["time"],
        game["home_team"],
        game["away_team"],
        (f"{main['1']:.2f}", f"{main['X']:.2f}", f"{main['2']:.2f}"),
        (f"{goals[0]['under']:.2f}", f"{goals[0]['over']:.2f}") if goals else None,
    )


def _tell_of_movement(story: Story, annals: OwnAnnals, listed: list[dict[str, Any]]) -> None:
    [again] = [game for game in listed if game["offers"] > 1]
    history = annals.get(f"/api/v1/games/{again['id']}/odds")["history"]
    shown = table("market", "outcome", "Friday's sheet", "Saturday's", numbers=2)
    for outcome in history:
        was, is_now = outcome["movements"]
        shown.add_row(
            outcome["label"], outcome["outcome"], value(was["odds"]), value(is_now["odds"])
        )
    story.show(shown)
    [before] = [fixture for fixture in FIRST.fixtures if fixture.code == again["code"]]
    story.expect(
        [outcome["movements"][0]["odds"] for outcome in history]
        == [float(odd) for odd in (*before.odds, *(before.goals or ()))],
        "Friday's odds are kept beside Saturday's, each with the document and page that said so",
    )


def _tell_of_misprint(story: Story, annals: OwnAnnals, listed: list[dict[str, Any]]) -> None:
    [odd] = [game for game in listed if game["main_market"]["odds"]["1"] < 1]
    anomalies = annals.get(f"/api/v1/games/{odd['id']}")["anomalies"]
    [told] = [each for each in anomalies if each["kind"] == "odds_out_of_range"]
    story.expect(
        odd["home_team"] in told["text"],
        f"Page {told['page']} says “{told['text']}”. {told['message']}",
    )
