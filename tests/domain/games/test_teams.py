import pytest

from domain.games.listing import ListedGame
from domain.games.names import matching_key
from domain.games.teams import AliasTable, NormalizedGames, TeamAlias, normalize_teams
from tests.domain.games.games import game, market, total

TABLE = AliasTable(
    version=1,
    aliases=(
        TeamAlias(alias="FTC", name="Ferencváros"),
        TeamAlias(alias="Paksi FC", name="Paks", league="Magyar bajnokság"),
        TeamAlias(alias="Bayern Munich", name="Bayern München"),
        TeamAlias(alias="Inter", name="Inter Milano"),
    ),
)


def normalized(*games: ListedGame, threshold: float | None = 0.95) -> NormalizedGames:
    return normalize_teams(games, TABLE, threshold)


def changes(result: NormalizedGames) -> list[tuple[str, str, str, float]]:
    return [(c.printed, c.name, c.basis.value, c.score) for c in result.changes]


def test_a_name_without_a_reason_to_change_it_stays_letter_for_letter() -> None:
    result = normalized(game("Bodö/Glimt", "O'Higgins"), game("GAIS", "D.C. United"))
    assert result.changes == ()
    assert [(g.home_team, g.away_team) for g in result.games] == [
        ("Bodö/Glimt", "O'Higgins"),
        ("GAIS", "D.C. United"),
    ]


def test_an_alias_gives_the_name_and_the_sheet_keeps_its_own() -> None:
    result = normalized(game("Ludogorec Razgrad", "FTC"))
    (listed,) = result.games
    assert (listed.away_team, listed.printed_away_team) == ("Ferencváros", "FTC")
    assert changes(result) == [("FTC", "Ferencváros", "alias", 1.0)]


def test_an_alias_of_a_league_holds_in_that_league_only() -> None:
    here = normalized(game("Paksi FC", "Diósgyőr", league="Magyar bajnokság"))
    there = normalized(game("Paksi FC", "Diósgyőr", league="Felkészülési mérkőzés"))
    assert changes(here) == [("Paksi FC", "Paks", "alias", 1.0)]
    assert changes(there) == []


def test_a_leagues_own_alias_comes_before_one_that_holds_everywhere() -> None:
    table = AliasTable(
        version=2,
        aliases=(
            TeamAlias(alias="Nacional", name="Nacional Montevideo"),
            TeamAlias(alias="Nacional", name="Nacional Asuncion", league="Paraguayi bajnokság"),
        ),
    )
    result = normalize_teams([game("Nacional", "B", league="Paraguayi bajnokság")], table)
    assert result.games[0].home_team == "Nacional Asuncion"


def test_two_spellings_of_one_league_are_the_one_that_came_first() -> None:
    result = normalized(
        game("Lech", "Cracovia Krakkó"), game("Cracovia Krakko", "Slask", date="2025-07-25")
    )
    assert result.games[1].home_team == "Cracovia Krakkó"
    assert changes(result) == [("Cracovia Krakko", "Cracovia Krakkó", "spelling", 1.0)]


def test_two_spellings_that_play_on_one_day_are_two_teams() -> None:
    result = normalized(
        game("América", "Lech"), game("America", "Slask"), game("Bétis", "Betis", time="20:00")
    )
    assert result.changes == ()


def test_names_that_a_league_has_had_before_give_the_spelling() -> None:
    result = normalize_teams(
        [game("Cracovia Krakko", "Lech")],
        TABLE,
        known={"Lengyel bajnokság": ["Cracovia Krakkó", "Slask"]},
    )
    assert result.games[0].home_team == "Cracovia Krakkó"


def test_a_name_that_is_nearly_a_known_one_is_that_with_its_score() -> None:
    result = normalized(game("Bayern Münchenn", "Dortmund"))
    assert result.games[0].home_team == "Bayern München"
    ((_, _, basis, score),) = changes(result)
    assert basis == "similarity"
    assert 0.95 <= score < 1


def test_similarity_is_measured_against_the_threshold_and_can_be_turned_off() -> None:
    like = game("Bayern Münchenn", "Dortmund")
    assert normalized(like, threshold=0.99).changes == ()
    assert normalized(like, threshold=None).changes == ()


@pytest.mark.parametrize(
    "name", ["Inter Miami", "Bayern München 2", "Bayern München II", "Bayern München női"]
)
def test_another_team_of_that_name_is_another_team(name: str) -> None:
    assert normalized(game(name, "Dortmund"), threshold=0.8).changes == ()


def test_two_teams_of_one_league_are_never_one_for_being_similar() -> None:
    rivals = [game("Bayern Münchenn", "Dortmund"), game("Bayern München", "Bremen")]
    assert normalized(*rivals, threshold=0.5).changes == ()
    before = normalize_teams(
        rivals[:1], TABLE, 0.5, known={"Lengyel bajnokság": ["Bayern München"]}
    )
    assert before.changes == ()


def test_names_that_are_like_two_others_are_left_alone() -> None:
    table = AliasTable(
        version=1,
        aliases=(TeamAlias(alias="Ara1", name="North"), TeamAlias(alias="Ara2", name="South")),
    )
    assert normalize_teams([game("Ara3", "B")], table, 0.5).changes == ()


def test_a_game_under_two_names_is_one_game_with_the_markets_of_both() -> None:
    result = normalized(
        game("Ludogorec", "FTC", market("01481", row=3)),
        game(
            "Ludogorec",
            "Ferencváros",
            market("01482", row=8),
            total("2.5", "1.97", "1.66", code="01483", row=9),
        ),
    )
    (one,) = result.games
    assert [m.code for m in one.markets] == ["01481", "01483"]
    assert [(a.kind.value, a.line, a.other_text) for a in one.anomalies] == [
        ("probable_duplicate_game", 8, "row 3")
    ]


def test_the_same_teams_on_another_day_are_another_game() -> None:
    result = normalized(game("A", "B"), game("A", "B", date="2025-07-20"))
    assert len(result.games) == 2


@pytest.mark.parametrize(
    ("name", "key"),
    [
        ("Atlanta Utd.", "atlanta united"),
        ("Univ.Catolica de Santiago", "universidad catolica de santiago"),
        ("Atl. Nacional Medellin", "atletico nacional medellin"),
        ("Bodö/Glimt", "bodo glimt"),
        ("Sønderjyske", "sonderjyske"),
        ("Widzew Łódź", "widzew lodz"),
        ("Þór Akureyri", "thor akureyri"),
        ("Łódź", "lodz"),
        ("FC Seoul", "fc seoul"),
    ],
)
def test_names_are_compared_without_accents_and_abbreviations(name: str, key: str) -> None:
    assert matching_key(name) == key
