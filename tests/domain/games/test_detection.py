import pytest

from domain.games.detection import detect_anomalies
from domain.games.listing import ListedGame
from tests.domain.games.games import game, market, total


def kinds(*games: ListedGame) -> list[tuple[str, int]]:
    return [(a.kind.value, a.line) for g in detect_anomalies(games) for a in g.anomalies]


def test_a_game_as_it_should_be_has_no_anomaly() -> None:
    assert kinds(game("Lech", "Cracovia", market(), total("2.5", "1.97", "1.66", code="2"))) == []


@pytest.mark.parametrize(("odd", "is_odd"), [("1.00", True), ("1.01", False)])
def test_odds_below_the_lowest_are_an_anomaly(odd: str, is_odd: bool) -> None:
    low = total("2.5", odd, "15.00", code="2")
    assert (("odds_out_of_range", 4) in kinds(game("A", "B", market(), low))) is is_odd


@pytest.mark.parametrize(("odd", "is_odd"), [("1000.00", False), ("1000.01", True)])
def test_odds_above_the_highest_are_an_anomaly(odd: str, is_odd: bool) -> None:
    high = total("2.5", "1.10", odd, code="2")
    assert (("odds_out_of_range", 4) in kinds(game("A", "B", market(), high))) is is_odd


@pytest.mark.parametrize(
    ("odds", "is_odd"),
    [
        (("3.00", "3.00", "3.00"), False),  # 1.00
        (("3.01", "3.00", "3.00"), True),
        (("2.23", "2.22", "2.22"), False),  # 1.349
        (("2.22", "2.22", "2.22"), True),  # 1.351
        (("1.10", "1.10", "1.10"), True),
    ],
)
def test_the_chances_of_a_result_add_up_to_a_little_more_than_one(
    odds: tuple[str, str, str], is_odd: bool
) -> None:
    main = market(odds=dict(zip(("1", "X", "2"), odds, strict=True)))
    assert kinds(game("A", "B", main)) == ([("overround_out_of_range", 3)] if is_odd else [])


def test_odds_of_nothing_are_out_of_range_and_divide_nothing() -> None:
    main = market(odds={"1": "0.00", "X": "3.00", "2": "3.00"})
    assert kinds(game("A", "B", main)) == [("odds_out_of_range", 3)]


def test_a_game_without_its_main_market_is_an_anomaly() -> None:
    only = total("2.5", "1.97", "1.66", code="2", row=7)
    assert kinds(game("A", "B", only)) == [("missing_main_market", 7)]


def test_more_goals_are_never_likelier_than_fewer() -> None:
    markets = [
        market(),
        total("3.5", "1.45", "2.40", code="4", row=6),
        total("2.5", "1.97", "1.66", code="3", row=5),
        total("4.5", "1.45", "3.40", code="5", row=7),
    ]
    assert kinds(game("A", "B", *markets)) == [("goal_line_not_monotonic", 7)]


def test_a_code_that_two_games_have_is_an_anomaly_of_the_later_one() -> None:
    games = [game("A", "B"), game("C", "D", market(row=9))]
    assert kinds(*games) == [("duplicate_code", 9)]
    assert detect_anomalies(games)[0].anomalies == ()
