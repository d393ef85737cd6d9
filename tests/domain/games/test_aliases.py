"""Aliases are set on top of the shipped ones; each stands for one name, and none for another."""

import pytest

from domain.errors import InvalidFieldError
from domain.games.alias_events import LeftOutAlias, TeamAliasesChanged
from domain.games.aliases import MOST_AT_ONCE, TeamAliases
from domain.games.teams import AliasTable, TeamAlias
from infra.documents.aliases import shipped_aliases


def alias(text: str, name: str, league: str | None = None) -> TeamAlias:
    return TeamAlias(alias=text, name=name, league=league)


SHIPPED = AliasTable(
    version=7,
    aliases=(
        alias("FTC", "Ferencváros"),
        alias("Manchester United", "Manchester Utd."),
        alias("Inter", "Inter Bratislava", "Szlovák 2."),
    ),
)


def pairs(aliases: TeamAliases) -> set[tuple[str, str, str | None]]:
    return {(one.alias, one.name, one.league) for one in aliases.table(SHIPPED).aliases}


def changed(*given: TeamAlias) -> TeamAliases:
    aliases = TeamAliases.begin()
    aliases.change(SHIPPED, given)
    return aliases


def test_the_shipped_aliases_hold_until_somebody_changes_them() -> None:
    table = TeamAliases.begin().table(SHIPPED)

    assert table.version == 7
    assert set(table.aliases) == set(SHIPPED.aliases)


def test_an_alias_is_added_and_the_version_rises() -> None:
    aliases = changed(alias("Fradi", "Ferencváros"))

    assert aliases.table(SHIPPED).version == 8
    assert ("Fradi", "Ferencváros", None) in pairs(aliases)
    assert ("FTC", "Ferencváros", None) in pairs(aliases)


def test_an_alias_takes_the_place_of_one_that_is_spelt_like_it() -> None:
    aliases = changed(alias("ftc", "Budapest"), alias("FTC", "Fradi", "NB I"))

    assert {pair for pair in pairs(aliases) if "t" in pair[0].lower()} == {
        ("ftc", "Budapest", None),
        ("FTC", "Fradi", "NB I"),
        ("Manchester United", "Manchester Utd.", None),
        ("Inter", "Inter Bratislava", "Szlovák 2."),
    }


def test_an_alias_is_left_out_and_can_come_back() -> None:
    aliases = changed(alias("Fradi", "Ferencváros"))
    aliases.change(SHIPPED, [], [LeftOutAlias(alias="ftc"), LeftOutAlias(alias="Fradi")])
    assert not {pair for pair in pairs(aliases) if pair[1] == "Ferencváros"}

    aliases.change(SHIPPED, [alias("FTC", "Ferencváros")])
    assert ("FTC", "Ferencváros", None) in pairs(aliases)


def test_what_holds_already_is_no_change() -> None:
    aliases = changed(alias("Fradi", "Ferencváros"))
    aliases.change(SHIPPED, [alias("Fradi", "Ferencváros"), alias("FTC", "Ferencváros")])

    events = [event for event in aliases.pending() if isinstance(event, TeamAliasesChanged)]
    assert [event.aliases for event in events] == [[alias("Fradi", "Ferencváros")]]


def test_the_same_alias_may_stand_for_other_teams_in_other_leagues() -> None:
    aliases = changed(alias("Nacional", "Nacional Montevideo", "Uruguay"))
    aliases.change(SHIPPED, [alias("Nacional", "Nacional Madeira", "Portugál")])

    assert len({pair for pair in pairs(aliases) if pair[0] == "Nacional"}) == 2


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ([alias(" ", "x")], "aliases[0].alias"),
        ([alias("x", "")], "aliases[0].name"),
        ([alias("x", " y")], "aliases[0].name"),
        ([alias("x\n", "y")], "aliases[0].alias"),
        ([alias("x", "y" * 256)], "aliases[0].name"),
        ([alias("x", "y", "")], "aliases[0].league"),
        ([alias("...", "y")], "aliases[0].alias"),
        ([alias("y", "y")], "aliases[0].alias"),
        ([alias("x", "y"), alias("X", "z")], "aliases[1].alias"),
        ([alias("x", "FTC")], "aliases[0].name"),
        ([alias("x", "y"), alias("z", "x")], "aliases[0].alias"),
        ([alias("Ferencváros", "Fradi")], "aliases[0].alias"),
        ([alias("Ferencvaros", "Fradi", "NB I")], "aliases[0].alias"),
        ([alias(str(number), "y") for number in range(MOST_AT_ONCE + 1)], "aliases"),
    ],
)
def test_what_cannot_be_an_alias_is_refused_by_its_place(
    given: list[TeamAlias], field: str
) -> None:
    with pytest.raises(InvalidFieldError) as refusal:
        changed(*given)

    assert refusal.value.field == field


def test_what_is_not_there_cannot_be_left_out() -> None:
    with pytest.raises(InvalidFieldError) as refusal:
        TeamAliases.begin().change(SHIPPED, [], [LeftOutAlias(alias="FTC", league="NB I")])

    assert refusal.value.field == "left_out[0].alias"


def test_a_name_may_be_shortened_to_what_was_left_out() -> None:
    aliases = TeamAliases.begin()
    swapped = [alias("Ferencváros", "FTC")]
    aliases.change(SHIPPED, swapped, [LeftOutAlias(alias="FTC")])

    assert ("Ferencváros", "FTC", None) in pairs(aliases)


def test_all_shipped_aliases_could_be_set_by_hand() -> None:
    aliases = TeamAliases.begin()
    aliases.change(AliasTable(version=0, aliases=()), shipped_aliases().aliases)

    assert set(aliases.state.aliases) == set(shipped_aliases().aliases)
