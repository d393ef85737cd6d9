"""Games made up for sheets: what is printed and what must come out."""

import datetime
from collections.abc import Sequence
from typing import Any

import msgspec
from hypothesis import strategies as st

from domain.games.listing import ListedGame
from tests.infra.documents.printing import SHORT, Line, Row, band_of

FRIDAY = datetime.date(2025, 12, 26)

Market = tuple[str, str | None, dict[str, str]]


class Expected(msgspec.Struct, frozen=True, kw_only=True):
    """A game as it must be read; markets as type, line and odds by outcome."""

    league: str
    date: str
    time: str
    home_team: str
    away_team: str
    code: str
    markets: tuple[Market, ...]


class Offer(msgspec.Struct, frozen=True, kw_only=True):
    """A sheet's lines, and the games that they list."""

    lines: tuple[Line, ...]
    games: tuple[Expected, ...]


def as_expected(games: Sequence[ListedGame]) -> tuple[Expected, ...]:
    """Give games that were read in the form of those that were printed."""
    return tuple(
        Expected(
            league=game.league,
            date=str(game.date),
            time=game.time,
            home_team=game.home_team,
            away_team=game.away_team,
            code=game.code,
            markets=tuple(
                (m.market_type.value, m.line, {key: str(odd) for key, odd in m.odds.items()})
                for m in game.markets
            ),
        )
        for game in games
    )


LETTERS = "abcdefghiklmnoprstuvzáéíóöőúüűçñäø"
WORD = st.builds(
    lambda first, rest: first + rest,
    st.sampled_from("ABCDEFGHIJKLMNOPRSTVZÁÉÖŐŰ"),
    st.text(LETTERS, min_size=2, max_size=9),
)
SUFFIX = st.sampled_from(["", "", "", " 2", " FC", " 1905", "/Kisa", "-35", " Utd.", " RJ"])
TEAM = st.builds(
    lambda words, end: " ".join(words) + end, st.lists(WORD, min_size=1, max_size=3), SUFFIX
)
LEAGUE = st.builds(
    lambda word, end: word + end,
    WORD,
    st.sampled_from([" bajnokság", " 2.", " kupa, női, A csoport", " 3., 2. csoport"]),
)
ODD = st.integers(101, 9999).map(lambda odd: f"{odd // 100},{odd % 100:02}")
THREE = st.tuples(ODD, ODD, ODD)

# Label, legend, type, line, columns and their outcomes.
LABELS: list[tuple[str, str, str | None, dict[str, str]]] = [
    ("Kétesély (H: 1X, D: 12, V: X2)", "double_chance", None, {"H": "1X", "D": "12", "V": "X2"}),
    ("Hendikep 1:0", "handicap_3way", "1:0", {"H": "1", "D": "X", "V": "2"}),
    ("Gólszám 2,5 (H: kev., V: több)", "total_goals", "2.5", {"H": "under", "V": "over"}),
    (
        "Mindkét csapat szerez gólt (H: Igen, V: Nem)",
        "both_teams_to_score",
        None,
        {"H": "yes", "V": "no"},
    ),
    (
        "Kapura tartó gólszerzési kísérletek száma 29,5 (hosszabbítással) (H: kev., V: több)",
        "total_shots",
        "29.5",
        {"H": "under", "V": "over"},
    ),
    ("Lesz öngól? (H: Igen)", "own_goal", None, {"H": "yes"}),
]
RANGES = ("0-1", "2-3", "4-5", "6+")


def _decimal(odd: str) -> str:
    return odd.replace(",", ".")


@st.composite
def offers(draw: Any, most_games: int = 8) -> Offer:
    """Make up the offer of some days, other sports included."""
    lines: list[Line] = []
    games: list[Expected] = []
    codes = iter(range(draw(st.integers(1, 50_000)), 100_000))
    days = draw(st.integers(1, 3))
    for day in (FRIDAY + datetime.timedelta(days=3 * n) for n in range(days)):
        lines.append(band_of(day))
        for league in draw(st.lists(LEAGUE, min_size=1, max_size=2, unique=True)):
            lines.append(f"Labdarúgás, {league}" + draw(st.sampled_from(["", " : 12. oldal"])))
            teams = iter(
                draw(st.lists(TEAM, min_size=2, max_size=most_games, unique_by=str.casefold))
            )
            for home, away in zip(teams, teams, strict=False):
                game, rows = _game(draw, league, day, (home, away), codes)
                games.append(game)
                lines.extend(rows)
        lines.append("Futsal, Japán bajnokság")
        lines.append(
            Row(
                start=f"{SHORT[day.weekday()]} 11:30",
                code=f"{next(codes):05}",
                event="Urayasu - Nagoya",
                odds={"H": "2,31", "D": "3,85", "V": "2,19"},
            )
        )
    return Offer(lines=tuple(lines), games=tuple(games))


def _game(
    draw: Any, league: str, day: datetime.date, teams: tuple[str, str], codes: Any
) -> tuple[Expected, list[Row]]:
    in_the_night = draw(st.booleans())
    date = day + datetime.timedelta(days=in_the_night)
    time = "02:05" if in_the_night else draw(st.sampled_from(["10:30", "19:38", "23:59"]))
    start = f"{SHORT[date.weekday()]} {time}"
    pair = f"{teams[0]} - {teams[1]}"
    main = draw(THREE)
    code = f"{next(codes):05}"
    rows = [Row(start=start, code=code, event=pair, odds=dict(zip("HDV", main, strict=True)))]
    markets: list[Market] = [("1X2", None, dict(zip("1X2", map(_decimal, main), strict=True)))]
    for label, market_type, line, columns in draw(
        st.lists(st.sampled_from(LABELS), max_size=3, unique_by=lambda label: label[0])
    ):
        odds = {column: draw(ODD) for column in columns}
        rows.append(Row(start=start, code=f"{next(codes):05}", event=f"{pair} {label}", odds=odds))
        by_outcome = {columns[column]: _decimal(odd) for column, odd in odds.items()}
        markets.append((market_type, line, by_outcome))
    if draw(st.booleans()):
        many = f"{next(codes):05}"
        odds = {outcome: draw(ODD) for outcome in RANGES}
        rows.extend(
            Row(
                start=start,
                code=many,
                event=f"{pair} Gólszám ({outcome})",
                outcome=f"{at:02}",
                odds={"H": odd},
            )
            for at, (outcome, odd) in enumerate(odds.items(), start=1)
        )
        markets.append(
            ("total_goals_range", None, {key: _decimal(odd) for key, odd in odds.items()})
        )
    return (
        Expected(
            league=league,
            date=str(date),
            time=time,
            home_team=teams[0],
            away_team=teams[1],
            code=code,
            markets=tuple(markets),
        ),
        rows,
    )
