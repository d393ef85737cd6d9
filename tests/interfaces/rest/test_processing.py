"""From the corpus sheet to games, over HTTP (seed football; contract section 10)."""

import json
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple
from uuid import UUID, uuid4

import pytest

from tests.interfaces.api import Api, Json, answered
from tests.interfaces.rest.problems import (
    INTERNALS,
    assert_football_error,
    assert_football_fields,
)

CORPUS = Path(__file__).parents[4] / "shared" / "corpus"
SHEET = CORPUS / "szerencsemix_57_2025-07-18.pdf"
TRUTH = CORPUS / "szerencsemix_57_2025-07-18.truth.json"
HOSTILE = CORPUS / "hostile"
SMALL_SHEET = HOSTILE / "duplicate_games.pdf"

PATIENCE_SECONDS = 60
LOOK_SECONDS = 0.05

STAGES = [
    "validation",
    "extraction",
    "parsing",
    "team_normalization",
    "market_processing",
    "anomaly_detection",
    "storing",
]

pytestmark = pytest.mark.xdist_group("processing")


def upload(api: Api, sheet: Path, **fields: str) -> str:
    with sheet.open("rb") as file:
        response = api.http.post("/api/v1/upload", files={"file": file}, data=fields)
    job_id: str = answered(response, 201)["job_id"]
    return job_id


def looks(api: Api, job_id: str) -> Iterator[Json]:
    """Look at a job until it has ended."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while True:
        status = api.get(f"/api/v1/process/status/{job_id}")
        yield status
        if status["status"] in ("completed", "failed", "cancelled"):
            return
        assert time.monotonic() < deadline, f"the job does not end: {status}"
        time.sleep(LOOK_SECONDS)


def ended(api: Api, job_id: str) -> Json:
    *_, last = looks(api, job_id)
    return last


class Processed(NamedTuple):
    """All that the status of a job was on the way, and the report on it."""

    looks: list[Json]
    report: Json


@pytest.fixture(scope="module")
def processed(api: Api) -> Processed:
    """Process the corpus sheet, once for all tests."""
    job_id = upload(api, SHEET, priority="3")
    UUID(job_id)
    return Processed(list(looks(api, job_id)), api.get("/api/v1/reports/latest"))


@pytest.fixture(scope="module")
def truth() -> list[Json]:
    games: list[Json] = json.loads(TRUTH.read_bytes())["games"]
    return games


def test_a_job_shows_the_documented_fields_and_its_figures(processed: Processed) -> None:
    done = processed.looks[-1]
    assert done.keys() >= {
        "job_id",
        "status",
        "created_at",
        "updated_at",
        "progress_percent",
        "current_stage",
        "result",
        "error",
        "processing_time",
    }
    assert (done["status"], done["progress_percent"], done["error"]) == ("completed", 100.0, None)
    result = done["result"]
    assert (result["games_processed"], result["markets"], result["odds"]) == (340, 743, 1992)
    assert [stage["stage"] for stage in done["stages"]] == STAGES
    assert 0 < done["processing_time"] < PATIENCE_SECONDS


def test_progress_moves_page_by_page_and_never_falls(processed: Processed) -> None:
    shown = [status["progress_percent"] for status in processed.looks]
    assert all(before <= after for before, after in pairwise(shown))
    assert len({status["progress_percent"] for status in processed.looks}) > 5
    reached = [
        STAGES.index(status["current_stage"]) for status in processed.looks if status["stages"]
    ]
    assert reached == sorted(reached)
    assert any(status["estimated_remaining"] is not None for status in processed.looks)


@pytest.mark.usefixtures("processed")
def test_the_games_are_those_of_the_sheet(api: Api, truth: list[Json]) -> None:
    listed = api.get("/api/v1/games", limit=1000)
    assert listed.keys() == {"games", "total", "limit", "offset", "filters"}

    def told(game: Json) -> tuple[str, ...]:
        return (game["date"], game["time"], game["league"], game["home_team"], game["away_team"])

    names = {
        told(
            game | {"home_team": game["printed_home_team"], "away_team": game["printed_away_team"]}
        )
        for game in listed["games"]
    }
    assert {told(game) for game in truth} <= names
    kicked_off = [(game["date"], game["time"]) for game in listed["games"]]
    assert kicked_off == sorted(kicked_off)


@pytest.mark.usefixtures("processed")
def test_a_game_has_the_documented_shape_and_its_odds(api: Api, truth: list[Json]) -> None:
    expected = next(game for game in truth if len(game["markets"]) > 30)
    found = api.get("/api/v1/games", date=expected["date"], team=expected["home_team"])
    [game] = [each for each in found["games"] if each["time"] == expected["time"]]
    assert found["filters"] == {"date": expected["date"], "team": expected["home_team"]}
    [main] = [
        each
        for each in expected["markets"]
        if (each["market_type"], each["period"]) == ("1X2", "FT")
    ]
    assert game["main_market"]["market_type"] == "1X2"
    assert list(game["main_market"]["odds"].items()) == list(main["odds"].items())
    assert len(game["additional_markets"]) == len(expected["markets"]) - 1

    detail = api.get(f"/api/v1/games/{game['id']}")
    assert detail["additional_markets"] == game["additional_markets"]
    odds = {
        (each["code"], outcome): value
        for each in [detail["main_market"], *detail["additional_markets"]]
        for outcome, value in each["odds"].items()
    }
    assert odds == {
        (each["code"], outcome): value
        for each in expected["markets"]
        for outcome, value in each["odds"].items()
    }


@pytest.mark.usefixtures("processed")
def test_games_are_filtered_by_day_league_and_team(api: Api, truth: list[Json]) -> None:
    def count(**filters: str) -> int:
        total: int = api.get("/api/v1/games", limit=1, **filters)["total"]
        return total

    day = "2025-07-19"
    assert count(date=day) == sum(game["date"] == day for game in truth)
    league = "Kínai bajnokság"
    of_league = sum(game["league"] == league for game in truth)
    assert count(league=league) == count(league="KINAI bajnoksag") == of_league > 0
    assert count(league="bajnokság") == 0
    assert count(team="changchun yatai") == count(team="yatai") > 0
    assert count(team="no such team") == count(team="...") == 0


@pytest.mark.usefixtures("processed")
def test_games_come_in_parts(api: Api) -> None:
    first = api.get("/api/v1/games", limit=3)
    second = api.get("/api/v1/games", limit=3, offset=2)
    assert (second["limit"], second["offset"]) == (3, 2)
    assert second["games"][0] == first["games"][2]
    beyond = api.get("/api/v1/games", offset=10**9)
    assert (beyond["games"], beyond["total"]) == ([], first["total"])


@pytest.mark.parametrize(
    ("parameter", "value"),
    [
        ("date", "18.07.2025"),
        ("date", "2025-7-18"),
        ("date", "20250718"),
        ("date", "2025-02-30"),
        ("limit", "0"),
        ("limit", "1001"),
        ("offset", "-1"),
    ],
)
def test_a_malformed_filter_is_refused_by_its_name(api: Api, parameter: str, value: str) -> None:
    response = api.http.get("/api/v1/games", params={parameter: value})
    assert_football_fields(response, parameter)


def test_the_same_sheet_again_adds_no_second_copy_of_a_game(api: Api) -> None:
    first = ended(api, upload(api, SMALL_SHEET))
    before = api.get("/api/v1/games", limit=1)["total"]
    again = ended(api, upload(api, SMALL_SHEET))
    assert again["status"] == "completed"
    assert again["job_id"] != first["job_id"]
    assert (again["result"]["games_processed"], again["result"]["games_listed"]) == (4, 0)
    assert again["result"]["odds_updated"] == 0
    assert api.get("/api/v1/games", limit=1)["total"] == before


def test_the_latest_report_is_that_of_the_sheet(processed: Processed) -> None:
    report = processed.report
    assert report["report_id"] == processed.looks[0]["job_id"]
    assert report.keys() >= {"report_id", "generated_at", "summary", "data"}
    assert report["summary"].keys() == {
        "total_games",
        "leagues_processed",
        "teams_normalized",
        "anomalies_detected",
        "processing_time",
    }
    assert (report["summary"]["total_games"], report["summary"]["leagues_processed"]) == (340, 56)
    assert report["data"].keys() == {"league_breakdown", "anomalies", "quality_metrics"}
    assert report["data"]["league_breakdown"]["Kínai bajnokság"]["games"] == 8
    assert report["data"]["quality_metrics"]["rows_unreadable"] == 0
    assert len(report["data"]["anomalies"]) == report["summary"]["anomalies_detected"]


@pytest.mark.usefixtures("processed")
def test_trends_have_every_day_of_the_period(api: Api) -> None:
    trends = api.get("/api/v1/reports/trends", days=7)
    assert trends.keys() == {"period_days", "trends", "generated_at"}
    today = datetime.fromisoformat(trends["generated_at"]).astimezone(UTC).date()
    days = [(today - timedelta(days=back)).isoformat() for back in range(6, -1, -1)]
    games = trends["trends"]["games_per_day"]
    assert [day["date"] for day in games] == days
    assert [day["games"] for day in games[:-2]] == [0] * 5
    assert sum(day["games"] for day in games) >= 340
    assert trends["trends"]["leagues_activity"]["Kínai bajnokság"] >= 8
    assert [day["date"] for day in trends["trends"]["anomaly_trends"]] == days
    assert trends["trends"]["processing_performance"]["jobs_completed"] >= 1
    for refused in ("0", "366", "many"):
        response = api.http.get("/api/v1/reports/trends", params={"days": refused})
        assert_football_fields(response, "days")


@pytest.mark.usefixtures("processed")
def test_the_queue_adds_up(api: Api) -> None:
    queue = api.get("/api/v1/process/queue")
    states = ("pending", "running", "completed", "failed", "cancelled")
    assert queue["total_jobs"] == sum(queue[f"{state}_jobs"] for state in states)
    assert (queue["pending_jobs"], queue["queue_length"], queue["active_workers"]) == (0, 0, 0)
    assert queue["max_workers"] == 2


@pytest.mark.usefixtures("processed")
def test_status_and_metrics_are_measured(api: Api, user_api: Api) -> None:
    status = user_api.get("/api/v1/status")
    assert status["is_running"] is True
    assert status["components_status"] == {
        "automation_manager": "running",
        "file_watcher": "stopped",
        "web_downloader": "stopped",
        "processing_manager": "running",
    }
    assert status["total_jobs_processed"] >= 1
    assert status["last_processing"] is not None
    assert user_api.http.get("/api/v1/metrics").status_code == 403
    metrics = api.get("/api/v1/metrics")
    assert metrics["system"]["memory"]["total"] > metrics["system"]["memory"]["available"] > 0
    assert metrics["application"]["average_processing_time"] > 0
    assert 0 < metrics["application"]["cache_hit_ratio"] <= 1


def test_every_hostile_file_ends_as_it_must_and_the_next_job_runs(api: Api) -> None:
    expected = json.loads((HOSTILE / "expected.json").read_bytes())
    at_the_door = {"EMPTY_FILE", "NOT_A_PDF"}
    jobs = {}
    for name, outcome in expected.items():
        if outcome.get("code") in at_the_door:
            with (HOSTILE / name).open("rb") as file:
                refused = api.http.post("/api/v1/upload", files={"file": file})
            assert_football_fields(refused, "file")
        else:
            jobs[name] = upload(api, HOSTILE / name)
    for name, job_id in jobs.items():
        outcome, end = expected[name], ended(api, job_id)
        is_accepted = end["status"] == "completed"
        assert is_accepted == (outcome["outcome"] == "accept") or "_or_" in outcome["outcome"], name
        if is_accepted:
            lenient = outcome.get("games_lenient", [outcome["games"]] * 2)
            assert lenient[0] <= end["result"]["games_processed"] <= lenient[1], name
        else:
            assert (end["status"], end["error_code"]) == ("failed", outcome["code"]), name
            assert end["error"][0].isupper()
            assert not INTERNALS.search(end["error"]), end["error"]
            assert end["processing_time"] < 20


def test_a_job_that_is_unknown_is_not_found(api: Api) -> None:
    for job_id in (str(uuid4()), "unknown"):
        assert_football_error(api.http.get(f"/api/v1/process/status/{job_id}"), 404)
        assert_football_error(api.http.delete(f"/api/v1/process/job/{job_id}"), 404)
    assert_football_error(api.http.get("/api/v1/games/unknown"), 404)
    assert_football_error(api.http.get("/api/v1/games/unknown/odds"), 404)


def test_only_an_admin_cancels_and_what_has_ended_stays_so(
    api: Api, user_api: Api, processed: Processed
) -> None:
    path = f"/api/v1/process/job/{processed.looks[0]['job_id']}"
    assert_football_error(user_api.http.delete(path), 403)
    assert_football_error(api.http.delete(path), 400, "The job is completed already")
