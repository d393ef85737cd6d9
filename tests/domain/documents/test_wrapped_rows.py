from textwrap import dedent

import pytest

from tests.domain.documents.sheets import (
    found,
    only_game,
    only_market,
    page_in_columns,
    parsed,
    parsed_rows,
)

BANDS = "Péntek (2025. július 18.)\nLabdarúgás, Lengyel bajnokság\n"

BESIDE_ITS_BEGINNING = """
P 18:00 | 15790 | Jagiellonia Bialystok - | | 1,55 | 3,95 | 4,70
| | TBB Nieciecza | | | |
P 18:00 | 10730 | Jagiellonia Bialystok - TBB | | 1,96 | | 1,67
| | Nieciecza Gólszám 2,5 (H: kev., | | | |
| | V: több) | | | |
"""

IN_THE_MIDDLE = """
| | Jagiellonia Bialystok - | | | |
P 18:00 | 15790 | | | 1,55 | 3,95 | 4,70
| | TBB Nieciecza | | | |
| | Jagiellonia Bialystok - TBB Nieciecza | | | |
P 18:00 | 10730 | | | 1,96 | | 1,67
| | Gólszám 2,5 (H: kev., V: több) | | | |
"""

AT_THE_END = """
P 18:00 | 15790 | Jagiellonia Bialystok - | | | |
| | TBB Nieciecza | | 1,55 | 3,95 | 4,70
P 18:00 | 10730 | Jagiellonia Bialystok - TBB Nieciecza | | | |
| | Gólszám 2,5 (H: kev., V: több) | | 1,96 | | 1,67
"""


@pytest.mark.parametrize("rows", [BESIDE_ITS_BEGINNING, IN_THE_MIDDLE, AT_THE_END])
def test_an_event_of_several_lines_is_one_row(rows: str) -> None:
    sheet = parsed(page_in_columns(BANDS + rows.strip()))
    game = only_game(sheet)
    assert (game.home_team, game.away_team) == ("Jagiellonia Bialystok", "TBB Nieciecza")
    assert list(map(str, only_market(sheet).odds.values())) == ["1.96", "1.67"]
    assert (found(sheet), sheet.rows_read) == ([], 2)


def test_without_columns_the_rest_of_an_event_goes_before_the_odds() -> None:
    sheet = parsed_rows("""
    P 18:00 15790 Jagiellonia Bialystok - 1,55 3,95 4,70
    TBB Nieciecza
    P 18:00 10730 Jagiellonia Bialystok - TBB Nieciecza Gólszám (2- 02 1,96
    3)
    P 18:00 10731 Jagiellonia Bialystok - TBB Nieciecza
    Kétesély (H: 1X, D: 12, V: X2) 1,16 1,21 1,87
    """)
    game = only_game(sheet)
    assert game.away_team == "TBB Nieciecza"
    assert [market.market_type.value for market in game.markets] == [
        "1X2",
        "unknown",
        "double_chance",
    ]


def test_a_row_goes_on_on_the_next_page() -> None:
    first, last = BESIDE_ITS_BEGINNING.strip().split("\n", 1)
    header = "Kezdési idő Sorszám Fogadási esemény Kim. H D V\n"
    sheet = parsed(page_in_columns(BANDS + first), page_in_columns(header + last, 3))
    assert only_game(sheet).away_team == "TBB Nieciecza"
    assert (found(sheet), sheet.rows_read) == ([], 2)


def test_what_is_printed_in_the_minimum_column_is_no_part_of_the_event() -> None:
    page = page_in_columns(BANDS + "P 18:00 | 15790 | Lech - Slask | | 1,55 | 3,95 | 4,70")
    row = page.rows[-1]
    assert row.cells is not None
    assert only_game(parsed(page)).home_team == "Lech"


def test_the_column_tells_which_outcome_is_not_on_offer() -> None:
    sheet = parsed(
        page_in_columns(
            BANDS
            + "P 18:00 | 15790 | Lech - Slask | | 1,55 | 3,95 | 4,70\n"
            + "P 18:00 | 15791 | Lech - Slask Hendikep 0:1 | | | 3,95 | 4,70"
        )
    )
    assert {key: str(odd) for key, odd in only_market(sheet).odds.items()} == {
        "X": "3.95",
        "2": "4.70",
    }
    assert found(sheet) == [("odds_count_mismatch", 2, 4)]


def test_without_columns_nobody_guesses_which_outcome_is_not_on_offer() -> None:
    sheet = parsed_rows("""
    P 18:00 15790 Lech - Slask 1,55 3,95 4,70
    P 18:00 15791 Lech - Slask Hendikep 0:1 3,95 4,70
    """)
    assert only_game(sheet).additional_markets == ()
    assert found(sheet) == [("odds_count_mismatch", 2, 4)]


def test_a_row_without_time_and_code_is_no_rest_of_one_that_has_its_odds() -> None:
    rows = """
    P 18:00 | 15790 | Jagiellonia Bialystok - TBB Nieciecza | | 1,55 | 3,95 | 4,70
    | | Lech Poznan - Cracovia Krakkó | | 1,60 | 4,10 | 4,75
    """
    sheet = parsed(page_in_columns(BANDS + dedent(rows).strip()))
    assert only_game(sheet).away_team == "TBB Nieciecza"
    assert found(sheet) == [("row_unparsed", 2, 4)]
