from datetime import UTC, date, datetime

import msgspec

from domain.games.events import GameListed, GameOddsUpdated, Offer
from domain.games.game import Game, game_id
from domain.games.listing import GameIdentity

IDENTITY = GameIdentity(
    date=date(2025, 7, 18), time="20:30", home_team="Lech Poznan", away_team="Cracovia"
)


def offer(document_id: str, issued: date | None = date(2025, 7, 18), hour: int = 12) -> Offer:
    return Offer(
        document_id=document_id,
        issue_date=issued,
        arrived_at=datetime(2025, 7, 18, hour, tzinfo=UTC),
        league="Lengyel bajnokság",
        printed_home_team="Lech Poznan",
        printed_away_team="Cracovia",
        venue_note=None,
        code="15881",
        sheet_day=date(2025, 7, 18),
        page=2,
        markets=[],
    )


def test_a_game_is_told_from_others_by_date_time_home_and_away() -> None:
    others = [
        msgspec.structs.replace(IDENTITY, date=date(2025, 7, 19)),
        msgspec.structs.replace(IDENTITY, time="20:31"),
        msgspec.structs.replace(IDENTITY, home_team="Cracovia", away_team="Lech Poznan"),
        msgspec.structs.replace(IDENTITY, away_team="Cracovia 2"),
    ]
    ids = {game_id(identity) for identity in [IDENTITY, *others]}
    assert len(ids) == 5
    assert game_id(msgspec.structs.replace(IDENTITY)) == game_id(IDENTITY)


def test_a_document_makes_its_offer_once() -> None:
    game = Game.begin(IDENTITY, "job-1", offer("a"))
    assert not game.update_odds("job-2", offer("a"))
    assert game.update_odds("job-3", offer("b"))
    assert not game.update_odds("job-4", offer("a"))
    assert [type(event) for event in game.pending()] == [GameListed, GameOddsUpdated]


def test_an_older_sheet_that_comes_in_later_is_history_at_once() -> None:
    game = Game.begin(IDENTITY, "job", offer("a", date(2025, 7, 18)))
    game.update_odds("job", offer("older", date(2025, 7, 15)))
    game.update_odds("job", offer("same day", date(2025, 7, 18)))
    game.update_odds("job", offer("undated", None))
    told = [event for event in game.pending() if isinstance(event, GameOddsUpdated)]
    assert [event.is_current for event in told] == [False, True, True]


def test_of_one_day_the_sheet_that_came_in_later_counts_whichever_is_processed_first() -> None:
    game = Game.begin(IDENTITY, "job", offer("later", hour=14))
    game.update_odds("job", offer("earlier", hour=13))
    game.update_odds("job", offer("undated", None, hour=12))
    game.update_odds("job", offer("last", hour=15))
    told = [event for event in game.pending() if isinstance(event, GameOddsUpdated)]
    assert [event.is_current for event in told] == [False, False, True]


def test_a_document_that_is_read_again_keeps_its_place() -> None:
    game = Game.begin(IDENTITY, "job", offer("first"))
    game.update_odds("job", offer("second"))
    read_otherwise = msgspec.structs.replace(offer("first"), league="Another league")
    assert game.update_odds("job", read_otherwise)
    assert not game.update_odds("job", read_otherwise)
    told = [event for event in game.pending() if isinstance(event, GameOddsUpdated)]
    assert [event.is_current for event in told] == [True, False]
