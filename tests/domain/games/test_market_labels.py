"""Every label of the notes on football, section 3."""

import pytest

from domain.games.market_labels import LabelMeaning, read_label, read_outcome_label

YES_NO = " (H: Igen, V: Nem)"
UNDER_OVER = " (H: kev., V: több)"


def told(meaning: LabelMeaning) -> tuple[str, str, str, str | None]:
    return meaning.market_type, meaning.period, meaning.scope, meaning.line


@pytest.mark.parametrize(
    ("text", "expected", "outcomes"),
    [
        ("1X2", ("1X2", "FT", "match", None), "H1 DX V2"),
        ("1. félidő - 1X2", ("1X2", "1H", "match", None), "H1 DX V2"),
        ("2. félidő - 1X2", ("1X2", "2H", "match", None), "H1 DX V2"),
        ("Kétesély (H: 1X, D: 12, V: X2)", ("double_chance", "FT", "match", None), "H1X D12 VX2"),
        (
            "1. félidő - Kétesély (H: 1X, D: 12, V: X2)",
            ("double_chance", "1H", "match", None),
            "H1X D12 VX2",
        ),
        ("Kétesély (V: X2)", ("double_chance", "FT", "match", None), "VX2"),
        ("Döntetlennél a tét visszajár", ("draw_no_bet", "FT", "match", None), "H1 V2"),
        (
            "Mindkét csapat szerez gólt" + YES_NO,
            ("both_teams_to_score", "FT", "match", None),
            "Hyes Vno",
        ),
        (
            "2. félidő - Mindkét csapat szerez gólt?" + YES_NO,
            ("both_teams_to_score", "2H", "match", None),
            "Hyes Vno",
        ),
        ("Gólszám 6,5" + UNDER_OVER, ("total_goals", "FT", "match", "6.5"), "Hunder Vover"),
        (
            "1. félidő - Gólszám 0,5" + UNDER_OVER,
            ("total_goals", "1H", "match", "0.5"),
            "Hunder Vover",
        ),
        (
            "Hazai csapat - Gólszám 1,5" + UNDER_OVER,
            ("total_goals", "FT", "home", "1.5"),
            "Hunder Vover",
        ),
        (
            "1. félidő - Vendégcsapat - Gólszám 0,5 (H: kev., V: több.)",
            ("total_goals", "1H", "away", "0.5"),
            "Hunder Vover",
        ),
        ("Hendikep 0:1", ("handicap_3way", "FT", "match", "0:1"), "H1 DX V2"),
        ("Ki jut tovább?", ("to_qualify", "FT", "match", None), "H1 V2"),
        ("Ki nyeri a Szuper Kupát?", ("cup_winner", "FT", "match", None), "H1 V2"),
        (
            "Gólszám: páros vagy páratlan (H: Ptlan, V: Páros)",
            ("odd_even_goals", "FT", "match", None),
            "Hodd Veven",
        ),
        (
            "Mindkét félidőben több, mint 1,5 gól lesz?" + YES_NO,
            ("both_halves_over", "FT", "match", "1.5"),
            "Hyes Vno",
        ),
        (
            "Mindkét félidőben kevesebb, mint 1,5 gól lesz?" + YES_NO,
            ("both_halves_under", "FT", "match", "1.5"),
            "Hyes Vno",
        ),
        (
            "Melyik félidőben lesz több gól? (H: 1. fi, D: ua., V: 2. fi)",
            ("highest_scoring_half", "FT", "match", None),
            "H1H DX V2H",
        ),
        (
            "Vendégcsapat melyik félidőben szerez több gólt? (H: 1. fi, D: ua., V: 2. fi)",
            ("highest_scoring_half", "FT", "away", None),
            "H1H DX V2H",
        ),
        (
            "Melyik csapat szerzi a(z) 1. gólt? (H: 1, D: 0 gól, V: 2)",
            ("first_goal", "FT", "match", None),
            "H1 Dnone V2",
        ),
        (
            "Hazai csapat nyeri mindkét félidőt?" + YES_NO,
            ("win_both_halves", "FT", "home", None),
            "Hyes Vno",
        ),
        ("Szögletszám 13,5" + UNDER_OVER, ("total_corners", "FT", "match", "13.5"), "Hunder Vover"),
        (
            "Melyik csapat végez el több szögletet? (H: 1, D: ua., V: 2)",
            ("most_corners", "FT", "match", None),
            "H1 DX V2",
        ),
        (
            "1. félidő - Büntetőlap-szám 0,5" + UNDER_OVER,
            ("total_cards", "1H", "match", "0.5"),
            "Hunder Vover",
        ),
        (
            "Melyik csapat kap több büntetőlapot? (H: 1, D: ua., V: 2)",
            ("most_cards", "FT", "match", None),
            "H1 DX V2",
        ),
        (
            "Mindkét csapat kap büntetőlapot?" + YES_NO,
            ("both_teams_carded", "FT", "match", None),
            "Hyes Vno",
        ),
        ("Lesz 11-es?" + YES_NO, ("penalty_awarded", "FT", "match", None), "Hyes Vno"),
        ("Lesz kiállítás?" + YES_NO, ("red_card", "FT", "match", None), "Hyes Vno"),
        ("Lesz öngól? (H: Igen)", ("own_goal", "FT", "match", None), "Hyes"),
        (
            "Kapura tartó gólszerzési kísérletek száma 29,5 (hosszabbítással)" + UNDER_OVER,
            ("total_shots", "FT+ET", "match", "29.5"),
            "Hunder Vover",
        ),
        (
            "Kaput eltaláló gólszerzési kísérletek száma 11,5 (hosszabbítással)" + UNDER_OVER,
            ("total_shots_on_target", "FT+ET", "match", "11.5"),
            "Hunder Vover",
        ),
        (
            "Lesz hosszabbítás+Lesz gól a hosszabbításban?" + YES_NO,
            ("extra_time_and_goal", "ET", "match", None),
            "Hyes Vno",
        ),
        (
            "A továbbjutás 11-es párbajban dől el?" + YES_NO,
            ("decided_on_penalties", "PEN", "match", None),
            "Hyes Vno",
        ),
        (
            "Esther Gonzalez kezdőként szerez gólt? (H: Igen)",
            ("player_to_score", "FT", "player", None),
            "Hyes",
        ),
        (
            "Az első 10 perc eredménye (0-9:59)",
            ("first_10_minutes_result", "0-10", "match", None),
            "H1 DX V2",
        ),
    ],
)
def test_a_label_says_type_period_scope_line_and_outcomes(
    text: str, expected: tuple[str, str, str, str | None], outcomes: str
) -> None:
    meaning = read_label(text)
    assert told(meaning) == expected
    assert [column + outcome for column, outcome in meaning.columns.items()] == outcomes.split()


def test_the_legend_says_which_column_is_which() -> None:
    assert read_label("Gólszám 2,5 (H: több, V: kev.)").columns == {"H": "over", "V": "under"}


def test_the_player_is_named_and_the_label_is_the_rest() -> None:
    meaning = read_label("Marie-Antoinette Katoto kezdőként szerez gólt? (H: Igen)")
    assert (meaning.player, meaning.label) == (
        "Marie-Antoinette Katoto",
        "kezdőként szerez gólt?",
    )


@pytest.mark.parametrize(
    ("text", "expected", "label", "outcome"),
    [
        ("Gólszám (6+)", ("total_goals_range", "FT", "match", None), "Gólszám (sáv)", "6+"),
        (
            "1X2 + Gólszám 3,5 (Döntetlen és kevesebb)",
            ("result_and_total_goals", "FT", "match", "3.5"),
            "1X2 + Gólszám 3,5",
            "X&under",
        ),
        (
            "1X2 + Mindkét csapat szerez gólt (Vendég és nem)",
            ("result_and_btts", "FT", "match", None),
            "1X2 + Mindkét csapat szerez gólt",
            "2&no",
        ),
        (
            "Mindkét csapat szerez gólt + Gólszám 2,5 (Igen és több, mint 2,5)",
            ("btts_and_total_goals", "FT", "match", "2.5"),
            "Mindkét csapat szerez gólt + Gólszám 2,5",
            "yes&over",
        ),
        (
            "Félidő/végeredmény (Svájc/Döntetlen)",
            ("half_time_full_time", "FT", "match", None),
            "Félidő/végeredmény",
            "2/X",
        ),
    ],
)
def test_a_row_of_many_says_its_one_outcome(
    text: str, expected: tuple[str, str, str, str | None], label: str, outcome: str
) -> None:
    meaning = read_outcome_label(text, "Spanyolország", "Svájc")
    assert told(meaning) == expected
    assert (meaning.label, meaning.outcome) == (label, outcome)


@pytest.mark.parametrize(
    "text",
    [
        "Hendikep -7,5 (Hazai -7,5, Vendég +7,5)",
        "A mérkőzés győztese",
        "180-ak száma 8,5 (H: kev., V: több)",
        "Gólszám 2,5",
        "Gólszám 2,5 (H: kev., V: Nem)",
        "Gólszám 2,5 (H: kevés, V: sok)",
        "Kétesély",
        "Pontos eredmény",
        "Shamrock Rovers 12",
        "gólszám 2,5 (H: kev., V: több)",
    ],
)
def test_what_is_not_known_by_its_whole_text_is_unknown(text: str) -> None:
    meaning = read_label(text)
    assert (meaning.known, meaning.label) == (False, text)


@pytest.mark.parametrize(
    "text",
    [
        "Gólszám (sok)",
        "1X2 + Gólszám 3,5 (Igen és kevesebb)",
        "1X2 + Gólszám 3,5 (Hazai)",
        "Félidő/végeredmény (Németország/Döntetlen)",
        "Pontos eredmény (2:0)",
    ],
)
def test_an_outcome_that_is_not_known_stays_as_it_is(text: str) -> None:
    meaning = read_outcome_label(text, "Spanyolország", "Svájc")
    assert not meaning.known
    assert f"{meaning.label} ({meaning.outcome})" == text
