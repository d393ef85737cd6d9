"""The names of teams: aliases first, then spelling, then similarity, each change with its score.

The rules (notes on football, section 6): a name that is printed is kept unless there is a reason;
two teams of one league are never made one for being similar, and neither are a club's first team
and its reserves, women or juniors.
"""

import datetime
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from enum import StrEnum

import msgspec
from rapidfuzz import fuzz

from domain.games.anomalies import AnomalyKind
from domain.games.listing import GameIdentity, ListedGame, anomaly_at
from domain.games.names import markers, matching_key

DEFAULT_THRESHOLD = 0.95
_SURE = 1.0
_PERCENT = 100


class TeamAlias(msgspec.Struct, frozen=True, kw_only=True):
    """Another name of a team, in one league or, without one, everywhere."""

    alias: str
    name: str
    league: str | None = None


class AliasTable(msgspec.Struct, frozen=True, kw_only=True):
    """All aliases. The version rises with each change."""

    version: int
    aliases: tuple[TeamAlias, ...]


class NameChangeBasis(StrEnum):
    """Why a name was changed."""

    ALIAS = "alias"
    SPELLING = "spelling"
    SIMILARITY = "similarity"


class NameChange(msgspec.Struct, frozen=True, kw_only=True):
    """A name that is not the one that is printed; the score, 0 to 1, is how alike the two are."""

    league: str
    printed: str
    name: str
    score: float
    basis: NameChangeBasis


class NormalizedGames(msgspec.Struct, frozen=True, kw_only=True):
    """The games under the names of their teams, and which names were changed."""

    games: tuple[ListedGame, ...]
    changes: tuple[NameChange, ...]


def normalize_teams(
    games: Sequence[ListedGame],
    table: AliasTable,
    threshold: float | None = DEFAULT_THRESHOLD,
    known: Mapping[str, Collection[str]] | None = None,
) -> NormalizedGames:
    """Give each team its name; games that then are the same become one.

    ``known`` are the names that a league's teams have had before. Without a threshold nothing is
    changed for being similar.
    """
    names: dict[tuple[str, str], str] = {}
    changes: list[NameChange] = []
    by_league: dict[str, list[ListedGame]] = defaultdict(list)
    for game in games:
        by_league[game.league].append(game)
    for league, listed in by_league.items():
        aliases = _Aliases(table, league)
        league_names = _League(league, listed, (known or {}).get(league, ()))
        for printed in league_names.printed:
            change = (
                aliases.exact(printed)
                or league_names.spelt_otherwise(printed)
                or (aliases.similar(printed, threshold, league_names) if threshold else None)
            )
            names[league, printed] = change.name if change else printed
            if change and change.name != printed:
                changes.append(change)
    renamed = [
        msgspec.structs.replace(
            game,
            home_team=names[game.league, game.printed_home_team],
            away_team=names[game.league, game.printed_away_team],
        )
        for game in games
    ]
    return NormalizedGames(games=tuple(_merged(renamed)), changes=tuple(changes))


class _League:
    """The names of a league's teams, and who plays when."""

    def __init__(self, league: str, games: Iterable[ListedGame], known: Collection[str]) -> None:
        self.printed: dict[str, None] = {}
        self._league = league
        self._by_key: dict[str, str] = {}
        self._fixtures: dict[str, set[tuple[datetime.date, str, str]]] = defaultdict(set)
        for name in known:
            self._by_key.setdefault(matching_key(name), name)
        for game in games:
            home, away = game.printed_home_team, game.printed_away_team
            for name, other in ((home, away), (away, home)):
                self.printed[name] = None
                self._by_key.setdefault(matching_key(name), name)
                self._fixtures[name].add((game.date, game.time, matching_key(other)))

    def __contains__(self, name: str) -> bool:
        """Tell whether a team of the league has this name, however it is spelt."""
        return matching_key(name) in self._by_key

    def spelt_otherwise(self, printed: str) -> NameChange | None:
        """Give the spelling that came first, if it cannot be that of another team.

        Two teams that have other games on one day, or play each other, are not the same.
        """
        first = self._by_key[matching_key(printed)]
        if first == printed or self._are_apart(first, printed):
            return None
        return NameChange(
            league=self._league,
            printed=printed,
            name=first,
            score=_SURE,
            basis=NameChangeBasis.SPELLING,
        )

    def _are_apart(self, one: str, other: str) -> bool:
        ours, theirs = self._fixtures.get(one, set()), self._fixtures[other]
        if any(opponent == matching_key(other) for _, _, opponent in theirs):
            return True
        days = {date for date, _, _ in ours} & {date for date, _, _ in theirs}
        on = [{fixture for fixture in side if fixture[0] in days} for side in (ours, theirs)]
        return on[0] != on[1]


class _Aliases:
    """The aliases that hold in a league."""

    def __init__(self, table: AliasTable, league: str) -> None:
        self._league = league
        self._by_key: dict[str, str] = {}
        holding = [alias for alias in table.aliases if alias.league in (None, league)]
        # A league's own alias comes before one that holds everywhere.
        for alias in sorted(holding, key=lambda alias: alias.league is None):
            self._by_key.setdefault(matching_key(alias.alias), alias.name)
        for alias in holding:
            self._by_key.setdefault(matching_key(alias.name), alias.name)

    def exact(self, printed: str) -> NameChange | None:
        """Give the name that a printed one is an alias of."""
        name = self._by_key.get(matching_key(printed))
        return None if name is None else self._change(printed, name, NameChangeBasis.ALIAS)

    def similar(self, printed: str, threshold: float, league: _League) -> NameChange | None:
        """Give the name that a printed one is nearly, or nearly an alias of, if it is one only."""
        key = matching_key(printed)
        scores: dict[str, float] = {}
        for candidate, name in self._by_key.items():
            score = fuzz.ratio(key, candidate) / _PERCENT
            if score < threshold or name in league or markers(candidate) != markers(key):
                continue
            scores[name] = max(score, scores.get(name, 0.0))
        best = sorted(scores, key=lambda name: -scores[name])
        if not best or (len(best) > 1 and scores[best[0]] == scores[best[1]]):
            return None
        return self._change(printed, best[0], NameChangeBasis.SIMILARITY, round(scores[best[0]], 4))

    def _change(
        self, printed: str, name: str, basis: NameChangeBasis, score: float = _SURE
    ) -> NameChange:
        return NameChange(league=self._league, printed=printed, name=name, score=score, basis=basis)


def _merged(games: Iterable[ListedGame]) -> Iterable[ListedGame]:
    """Make listings of one game one: the first, with what only the others have."""
    listings: dict[GameIdentity, list[ListedGame]] = defaultdict(list)
    for game in games:
        listings[game.identity].append(game)
    for first, *others in listings.values():
        markets = list(first.markets)
        anomalies = list(first.anomalies)
        questions = {market.question for market in markets}
        for other in others:
            anomalies.extend(other.anomalies)
            anomalies.append(
                anomaly_at(
                    other.markets[0].rows[0],
                    AnomalyKind.PROBABLE_DUPLICATE_GAME,
                    f"The game is listed with the code {first.code}, too",
                    first.markets[0].rows[0].text,
                )
            )
            new = [market for market in other.markets if market.question not in questions]
            markets.extend(new)
            questions.update(market.question for market in new)
        yield msgspec.structs.replace(first, markets=tuple(markets), anomalies=tuple(anomalies))
