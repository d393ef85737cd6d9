import datetime
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.games.listing import ListedMarket
from domain.games.market_types import MarketType, Period
from tests.domain.documents.sheets import (
    found,
    only_game,
    only_market,
    parsed,
    parsed_rows,
)

LECH = "P 20:30 15881 Lech Poznan - Cracovia Krakkó 1,60 4,10 4,75"


def odds(market: ListedMarket | None) -> dict[str, str]:
    assert market is not None
    return {outcome: str(odd) for outcome, odd in market.odds.items()}


def test_a_row_without_a_label_is_a_game_with_its_main_market() -> None:
    game = only_game(parsed_rows(LECH))
    assert (game.league, game.date, game.time) == (
        "Lengyel bajnokság",
        datetime.date(2025, 7, 18),
        "20:30",
    )
    assert (game.home_team, game.away_team, game.code) == (
        "Lech Poznan",
        "Cracovia Krakkó",
        "15881",
    )
    assert odds(game.main_market) == {"1": "1.60", "X": "4.10", "2": "4.75"}
    assert [(place.page, place.line) for place in game.markets[0].rows] == [(2, 3)]


def test_rows_that_begin_with_a_games_teams_are_its_markets() -> None:
    sheet = parsed_rows(f"""
    {LECH}
    P 20:30 32166 Lech Poznan - Cracovia Krakkó Gólszám 2,5 (H: kev., V: több) 1,97 1,66
    """)
    market = only_market(sheet)
    assert (market.code, market.market_type, market.line) == ("32166", "total_goals", "2.5")
    assert odds(market) == {"under": "1.97", "over": "1.66"}
    assert (sheet.rows_read, sheet.rows_unreadable, found(sheet)) == (2, 0, [])


def test_league_day_and_game_go_on_over_a_page_break() -> None:
    sheet = parsed(
        f"Péntek (2025. július 18.)\nLabdarúgás, Lengyel bajnokság\n{LECH}",
        """
        2025. július 18. Ajánlat: 2
        f o g a d á s i a j á n l at
        Kezdési idő Sorszám Fogadási esemény Kim. H D V
        P 20:30 15988 Lech Poznan - Cracovia Krakkó Döntetlennél a tét visszajár 1,24 3,35
        P 21:00 42810 Slask Wroclaw - Wieczysta Krakkó 1,71 3,40 3,70
        """,
    )
    lech, slask = sheet.games
    assert [market.rows[0].page for market in lech.markets] == [2, 3]
    assert (slask.league, slask.sheet_day) == ("Lengyel bajnokság", lech.sheet_day)
    assert found(sheet) == []


@pytest.mark.parametrize(
    "band",
    [
        "Futsal, Japán bajnokság",
        "Amerikai foci, CFL : 10. oldal",
        "3x3 Kosárlabda, Big 3",
        "Virtuális Labdarúgás, Nottingham",
        "Strandlabdarúgás, vb",
        "Kvidics, vb",
    ],
)
def test_rows_of_other_sports_are_skipped(band: str) -> None:
    sheet = parsed(f"""
    Péntek (2025. július 18.)
    {band}
    P 11:30 31810 Urayasu - Nagoya 2,31 3,85 2,19
    P 11:30 3181 Urayasu
    """)
    assert (sheet.games, found(sheet), sheet.rows_read) == ((), [], 0)


def test_football_goes_on_after_other_sports() -> None:
    sheet = parsed("""
    Péntek (2025. július 18.)
    Tenisz, Gstaad, férfi egyes : 14. oldal
    P 10:30 35365 C. Ruud - J.M. Cerundolo 1,28 3,35
    Szombat (2025. július 19.)
    Labdarúgás, Argentin 2., A csoport \uf153: 14. oldal
    Szo 20:30 15881 Lech Poznan - Cracovia Krakkó 1,60 4,10 4,75
    """)
    assert only_game(sheet).league == "Argentin 2., A csoport"
    assert only_game(sheet).date == datetime.date(2025, 7, 19)


def test_a_game_in_the_night_after_belongs_to_the_days_offer() -> None:
    game = only_game(parsed_rows("Szo 02:00 15881 Lech Poznan - Cracovia Krakkó 1,60 4,10 4,75"))
    assert (game.date, game.sheet_day) == (datetime.date(2025, 7, 19), datetime.date(2025, 7, 18))
    assert game.anomalies == ()


@pytest.mark.parametrize("start", ["Szo 20:30", "V 02:00", "Cs 10:00"])
def test_a_day_that_does_not_fit_the_band_is_an_anomaly(start: str) -> None:
    sheet = parsed_rows(f"{start} 15881 Lech Poznan - Cracovia Krakkó 1,60 4,10 4,75")
    assert found(sheet) == [("date_mismatch", 2, 3)]
    assert only_game(sheet).date >= datetime.date(2025, 7, 18)


@pytest.mark.parametrize("band", ["Csütörtök (2026. január 1.)", "Csütörtök (január 1.)"])
def test_the_new_year_begins_in_the_middle_of_a_sheet(band: str) -> None:
    sheet = parsed(
        f"""
        Szerda (2025. december 31.)
        Labdarúgás, Angol bajnokság
        Sze 16:00 10001 Arsenal - Chelsea 1,60 4,10 4,75
        Cs 01:00 10002 Everton - Fulham 1,60 4,10 4,75
        {band}
        Labdarúgás, Angol bajnokság
        Cs 16:00 10003 Leeds - Burnley 1,60 4,10 4,75
        P 00:30 10004 Brighton - Wolves 1,60 4,10 4,75
        """,
        issue_date=datetime.date(2025, 12, 30),
    )
    assert [str(game.date) for game in sheet.games] == [
        "2025-12-31",
        "2026-01-01",
        "2026-01-01",
        "2026-01-02",
    ]
    assert found(sheet) == []


def test_a_page_of_the_offer_without_any_row_is_an_anomaly() -> None:
    sheet = parsed(f"Péntek (2025. július 18.)\nLabdarúgás, Eb\n{LECH}", "Labdarúgás, Eb")
    assert found(sheet) == [("page_without_rows", 3, 0)]


def test_a_band_that_names_another_weekday_is_an_anomaly() -> None:
    sheet = parsed(f"Hétfő (2025. július 18.)\nFutsal, Eb\n{LECH}")
    assert found(sheet) == [("date_mismatch", 2, 1)]


def test_without_a_days_band_the_issue_tells_the_day() -> None:
    rows = "Labdarúgás, Eb\nH 20:30 15881 Lech Poznan - Cracovia Krakkó 1,60 4,10 4,75"
    assert str(only_game(parsed(rows)).date) == "2025-07-21"
    lost = parsed(rows, issue_date=None)
    assert (lost.games, found(lost)) == ((), [("date_mismatch", 2, 2)])


def test_a_row_without_any_competition_is_an_anomaly() -> None:
    sheet = parsed(f"Péntek (2025. július 18.)\n{LECH}")
    assert (sheet.games, found(sheet)) == ((), [("league_missing", 2, 2)])


def test_the_venue_is_noted_and_is_no_part_of_a_team() -> None:
    sheet = parsed_rows("""
    P 21:00 11999 Spanyolország - Svájc (Helyszín: Svájc) 1,03 10,50 21,00
    P 21:00 19223 Spanyolország - Svájc Hendikep 0:2 1,68 4,55 3,40
    """)
    game = only_game(sheet)
    assert (game.away_team, game.venue_note, len(game.markets)) == ("Svájc", "Svájc", 2)


def test_rows_of_one_code_are_one_market() -> None:
    sheet = parsed_rows("""
    P 21:00 11999 Spanyolország - Svájc 1,03 10,50 21,00
    P 21:00 19178 Spanyolország - Svájc Gólszám (0-1) 01 10,50
    P 21:00 19178 Spanyolország - Svájc Gólszám (2-3) 02 2,81
    P 21:00 19178 Spanyolország - Svájc Gólszám (6+) 04 3,40
    """)
    market = only_market(sheet)
    assert (market.market_type, market.label) == ("total_goals_range", "Gólszám (sáv)")
    assert odds(market) == {"0-1": "10.50", "2-3": "2.81", "6+": "3.40"}
    assert [place.line for place in market.rows] == [4, 5, 6]


def test_half_time_and_full_time_are_told_by_the_teams_names_slashes_included() -> None:
    sheet = parsed_rows("""
    P 21:00 11999 Bodö/Glimt - Ham-Kam/Kisa 1,03 10,50 21,00
    P 21:00 19122 Bodö/Glimt - Ham-Kam/Kisa Félidő/végeredmény (Bodö/Glimt/Döntetlen) 02 30,00
    P 21:00 19122 Bodö/Glimt - Ham-Kam/Kisa Félidő/végeredmény (Döntetlen/Ham-Kam/Kisa) 06 4,00
    """)
    assert odds(only_market(sheet)) == {"1/X": "30.00", "X/2": "4.00"}


@pytest.mark.parametrize(
    ("home", "away"),
    [
        ("Sparta Praha 2", "Ostrava 2"),
        ("CSZKA 1948 Szófia", "B93 Köbenhavn"),
        ("Ham-Kam", "PK-35"),
        ("Bodö/Glimt", "O'Higgins"),
        ("D.C. United", "Univ.Catolica de Santiago"),
        ("Klubi 04", "Bohemians 1905"),
        ("U19Magyarország", "St. Mirren"),
        ("Shamrock Rovers", "Over 12 Wanderers"),
    ],
)
def test_names_are_taken_letter_for_letter(home: str, away: str) -> None:
    sheet = parsed_rows(f"""
    P 12:12 12554 {home} - {away} 2,12 1,12 2,12
    P 12:12 12555 {home} - {away} 1. félidő - 1X2 2,12 1,12 2,12
    """)
    game = only_game(sheet)
    assert (game.home_team, game.away_team) == (home, away)
    assert [(market.market_type, market.period) for market in game.markets] == [
        (MarketType.RESULT, Period.FULL_TIME),
        (MarketType.RESULT, Period.FIRST_HALF),
    ]
    assert game.main_market is game.markets[0]


def test_a_market_that_nobody_knows_is_kept_as_it_is() -> None:
    sheet = parsed_rows(f"""
    {LECH}
    P 20:30 50022 Lech Poznan - Cracovia Krakkó Ismeretlen piac 7 (H: Igen, V: Nem) 1,97 1,77
    """)
    market = only_market(sheet)
    assert (market.market_type, market.label) == (
        "unknown",
        "Ismeretlen piac 7 (H: Igen, V: Nem)",
    )
    assert list(market.odds.values()) == [Decimal("1.97"), Decimal("1.77")]
    assert found(sheet) == [("unknown_market", 2, 4)]


def test_a_market_before_its_games_own_row_makes_the_game() -> None:
    sheet = parsed_rows("""
    P 17:00 26220 KTP - Inter Turku Hendikep 1:0 2,96 3,80 1,82
    P 17:00 26221 KTP - Inter Turku 1. félidő - Gólszám 0,5 (H: kev., V: több) 2,96 1,32
    """)
    game = only_game(sheet)
    assert (game.home_team, game.away_team, game.main_market) == ("KTP", "Inter Turku", None)
    assert len(game.markets) == 2


def test_a_row_that_is_printed_twice_counts_once() -> None:
    sheet = parsed_rows(f"{LECH}\n{LECH}")
    assert len(only_game(sheet).markets) == 1
    assert found(sheet) == [("duplicate_row", 2, 4)]


def test_of_rows_that_contradict_each_other_the_later_one_counts() -> None:
    sheet = parsed_rows(f"{LECH}\n{LECH.replace('4,75', '4,85')}")
    assert odds(only_game(sheet).main_market)["2"] == "4.85"
    (anomaly,) = only_game(sheet).anomalies
    assert (anomaly.kind, anomaly.other_text) == ("conflicting_odds", LECH)


def test_a_game_under_a_second_code_is_no_second_game() -> None:
    sheet = parsed_rows(f"{LECH}\n{LECH.replace('15881', '15999')}")
    assert only_game(sheet).code == "15881"
    assert found(sheet) == [("probable_duplicate_game", 2, 4)]


def test_a_competition_whose_band_comes_again_goes_on() -> None:
    sheet = parsed_rows(
        f"{LECH}\nLabdarúgás, Norvég bajnokság\nLabdarúgás, Lengyel bajnokság\n{LECH}"
    )
    assert found(sheet) == [("duplicate_row", 2, 6)]
    assert len(sheet.games) == 1


BOX = """
szuper odds – Labdarúgás, LengyeL bajnokság
Kezdési időpont: Sorszám: Fogadási esemény: Lech Poznan - Cracovia Krakkó Hazai: Vendég:
P 20:30 15881 1,60 4,10 4,75
Kezdési idő Sorszám Fogadási esemény Kim. H D V
Péntek (2025. július 18.)
Labdarúgás, Lengyel bajnokság
"""


def test_a_box_repeats_a_row_and_is_no_game() -> None:
    sheet = parsed(f"2025. július 18. Ajánlat: 1\n{BOX}{LECH}")
    assert (len(sheet.games), found(sheet)) == (1, [])


def test_a_box_in_the_middle_of_a_competition_does_not_end_it() -> None:
    box = BOX.split("Kezdési idő Sor", maxsplit=1)[0]
    sheet = parsed_rows(f"{box}{LECH}")
    assert (only_game(sheet).league, found(sheet)) == ("Lengyel bajnokság", [])


def test_a_box_whose_row_is_not_in_the_table_or_differs_is_an_anomaly() -> None:
    assert found(parsed(BOX)) == [("row_unparsed", 2, 3)]
    other = parsed(BOX + LECH.replace("4,75", "4,25"))
    assert found(other) == [("conflicting_odds", 2, 3)]
    assert odds(only_game(other).main_market)["2"] == "4.25"


def test_a_box_of_another_sport_is_skipped() -> None:
    sheet = parsed(BOX.replace("Labdarúgás, LengyeL bajnokság", "Tenisz, Hamburg, női egyes"))
    assert found(sheet) == []


def test_what_stands_around_the_table_is_no_row() -> None:
    sheet = parsed(
        f"""
        2025. július 18. Ajánlat: 19
        F O G A D Á S I A J Á N L A T
        . K
        Kezdési idő Sorszám Fogadási esemény Kim. H D V
        Péntek (2025. július 18.)
        Labdarúgás, Lengyel bajnokság
        {LECH}
        Rövidítések: M.K. (a fejlécben) = minimális kötésszám
        tart nyitva: hétfőtől-szombatig: 05:00-23:45 vasárnap: 08:00-23:45
        """
    )
    assert (len(sheet.games), found(sheet)) == (1, [])


@pytest.mark.parametrize(
    ("row", "kind"),
    [
        ("P 18:00 50004 Éta - Théta -2,10 3,10 2,90", "odds_malformed"),
        ("P 18:00 50005 Ióta - Kappa 1.85 3.40 4.20", "odds_malformed"),
        ("P 18:00 50006 Lambda - Mű 2,5 3,1 2,9", "odds_malformed"),
        ("P 18:00 50007 Nű - Kszí 3,4O 3,10 l,95", "odds_malformed"),
        ("P 18:00 50008 Omikron - Pí 3,10 2,95", "odds_count_mismatch"),
        ("P 18:00 50009 Ró - Szigma – – –", "odds_malformed"),
        ("P 18:00 50010 Tau - Üpszilon 1,85* 3,40 4,20", "odds_malformed"),
        ("P 18:00 50011 Fí - Khí 1 000,00 15,00 1,01", "odds_malformed"),
        ("P 18:00 50023 Fí - Khí 2,5 15,00 1,01 1,02", "odds_malformed"),
        ("P 18:00 50012 Pszí – Ómega 2,10 3,10 2,90", "row_unparsed"),
        ("P 25:61 50013 Késő - Korán 2,10 3,10 2,90", "time_invalid"),
        ("P 18.00 50013 Késő - Korán 2,10 3,10 2,90", "time_invalid"),
        ("X 18:00 50014 Nap - Nélkül 2,10 3,10 2,90", "row_unparsed"),
        ("P 18:00 5015 Rövid - Kód 2,10 3,10 2,90", "code_invalid"),
        ("P 18:00 500016 Hosszú - Kód 2,10 3,10 2,90", "code_invalid"),
        ("P 18:00 50017 Egyedül 2,10 3,10 2,90", "row_unparsed"),
        ("P 18:00 50018 Egyedül - 2,10 3,10 2,90", "odds_malformed"),
        ("P 18:00 50019", "odds_malformed"),
        ("18:00 50024 Nap - Nélkül 2,10 3,10 2,90", "row_unparsed"),
        ("P 18:00 50025 Jó - Sor Ismeretlen piac? (H: Igen) 1,97", "orphan_market_row"),
    ],
)
def test_a_row_that_cannot_be_read_is_an_anomaly_and_never_mended(row: str, kind: str) -> None:
    others = f"Futsal, Eb\n{LECH}"
    sheet = parsed(f"Péntek (2025. július 18.)\nLabdarúgás, Hibás bajnokság\n{row}\n{others}")
    assert (sheet.games, found(sheet)) == ((), [(kind, 2, 3)])
    assert (sheet.rows_read, sheet.rows_unreadable) == (0, 1)
    assert sheet.anomalies[0].text == row


WORDS = st.sampled_from(
    [
        *("P", "Szo", "20:30", "15881", "Lech", "-", "Gólszám", "2,5", "1,60", "4,10", "01", "1X2"),
        *(
            "(H:",
            "kev.",
            "V:",
            "több)",
            "(Helyszín:",
            "Svájc)",
            "Félidő/végeredmény",
            "\uf153",
            "?",
        ),
    ]
)
LINES = st.lists(WORDS, min_size=1, max_size=9).map(" ".join)
ROWS = st.builds("P 18:00 10002 {}".format, LINES)


@settings(max_examples=100, deadline=None)
@given(st.lists(LINES | ROWS, max_size=12))
def test_whatever_is_printed_each_football_row_is_read_or_reported(lines: list[str]) -> None:
    sheet = parsed("Péntek (2025. július 18.)\nLabdarúgás, Eb\n" + "\n".join(lines))
    rows = {at for at, line in enumerate(lines, start=3) if line.startswith("P 18:00 1")}
    seen = {place.line for game in sheet.games for market in game.markets for place in market.rows}
    assert rows <= seen | {line for _, _, line in found(sheet)}
    assert sheet.rows_read + sheet.rows_unreadable >= len(rows)
    for game in sheet.games:
        assert game.home_team
        assert game.away_team
        assert all(market.odds and market.rows for market in game.markets)


def test_a_letter_that_the_pdf_does_not_tell_is_seen_to_be_missing() -> None:
    sheet = parsed_rows("""
    P 20:30 15881 \x00\u00f3\u0142w - \u0141\u00f3d\ud800 1,60 4,10 4,75
    """)
    game = only_game(sheet)
    assert (game.home_team, game.away_team) == (
        "\N{REPLACEMENT CHARACTER}ółw",
        "Łód\N{REPLACEMENT CHARACTER}",
    )


def test_a_sign_that_is_no_letter_is_left_out() -> None:
    sheet = parsed(
        f"Péntek (2025. július 18.)\nLabdarúgás, Lengyel bajnokság \x00: 12. oldal\n{LECH}"
    )
    assert only_game(sheet).league == "Lengyel bajnokság"


@pytest.mark.parametrize(
    "competition", ["Ki nyeri a kupát?", "Angol FA-kupa (női", "vb (H: csoport)"]
)
def test_a_band_of_a_known_sport_begins_a_competition_however_it_is_called(
    competition: str,
) -> None:
    sheet = parsed_rows(f"Labdarúgás, {competition}\n{LECH}")
    assert only_game(sheet).league == competition


def test_what_is_too_long_for_a_name_is_reported() -> None:
    long = "x" * 256  # far more has no room in the index of a database
    sheet = parsed_rows(
        f"P 20:30 15881 {long} - Cracovia 1,60 4,10 4,75\n{LECH}\nLabdarúgás, {long}\n{LECH}"
    )
    assert only_game(sheet).home_team == "Lech Poznan"
    assert found(sheet) == [
        ("row_unparsed", 2, 3),
        ("row_unparsed", 2, 5),
        ("league_missing", 2, 6),
    ]
