"""The aliases of teams: those that Annals comes with, and what people have made of them."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from domain.aggregate import Aggregate
from domain.errors import InvalidFieldError
from domain.games.alias_events import (
    LeftOutAlias,
    TeamAliasesBegun,
    TeamAliasesChanged,
    TeamAliasesState,
)
from domain.games.names import matching_key
from domain.games.teams import AliasTable, TeamAlias

ALIASES = "aliases"
LEFT_OUT = "left_out"

NAME_LENGTH = 255
MOST_AT_ONCE = 1000
MOST_ALIASES = 20_000

# An alias by its spellings, which are all alike, in a league or everywhere.
Key = tuple[str | None, str]


class TeamAliases(Aggregate):
    """The one table of aliases of an installation, as it differs from the shipped one."""

    TOPIC = "TeamAliases"
    CATEGORY = "team_aliases"
    STATE = TeamAliasesState
    CACHEABLE = True

    if TYPE_CHECKING:
        state: TeamAliasesState

    @classmethod
    def stream_id(cls, key: int | str = "") -> str:
        """Name the one stream."""
        assert not key
        return cls.CATEGORY

    @classmethod
    def begin(cls) -> "TeamAliases":
        """Begin with the shipped aliases."""
        return cls._create(TeamAliasesBegun, id=cls.stream_id())

    def change(
        self,
        shipped: AliasTable,
        aliases: Sequence[TeamAlias],
        left_out: Sequence[LeftOutAlias] = (),
    ) -> None:
        """Set some aliases and leave others out; all others stay. What holds already is no change.

        Raises InvalidFieldError for a malformed alias, one that stands for two names, a name that
        is itself an alias, and what is to be left out but is not there.
        """
        _check_number(ALIASES, len(aliases))
        _check_number(LEFT_OUT, len(left_out))
        present = {_key(alias): alias for alias in self.table(shipped).aliases}
        for place, left in enumerate(left_out):
            if _key(left) not in present:
                raise InvalidFieldError(f"{LEFT_OUT}[{place}].alias", "is no alias that there is")
        gone_keys = {_key(left) for left in left_out}
        holding = {key: alias for key, alias in present.items() if key not in gone_keys}
        given: dict[Key, TeamAlias] = {}
        for place, alias in enumerate(aliases):
            _check(place, alias)
            if given.setdefault(_key(alias), alias) != alias:
                message = "is given twice, with different names or spellings"
                raise InvalidFieldError(f"{ALIASES}[{place}].alias", message)
        _check_chains(holding | given, aliases)
        if len(holding | given) > MOST_ALIASES:
            raise InvalidFieldError(ALIASES, f"come to more than {MOST_ALIASES} in all")
        new = [alias for key, alias in given.items() if present.get(key) != alias]
        gone = [left for left in left_out if _key(left) not in given]
        if new or gone:
            self.trigger_event(TeamAliasesChanged, aliases=new, left_out=gone)

    def table(self, shipped: AliasTable) -> AliasTable:
        """Give all aliases that hold, by name."""
        left_out = {_key(left) for left in self.state.left_out}
        holding = {_key(alias): alias for alias in shipped.aliases if _key(alias) not in left_out}
        holding |= {_key(alias): alias for alias in self.state.aliases}
        return AliasTable(
            version=shipped.version + self.version - 1,  # not counting the beginning
            aliases=tuple(
                sorted(holding.values(), key=lambda one: (one.name, one.alias, one.league or ""))
            ),
        )

    def take(self, aliases: Sequence[TeamAlias], left_out: Sequence[LeftOutAlias]) -> None:
        """Take a change into the state."""
        changed = {_key(alias) for alias in aliases} | {_key(left) for left in left_out}
        state = self.state
        kept = [alias for alias in state.aliases if _key(alias) not in changed]
        still_out = [left for left in state.left_out if _key(left) not in changed]
        self.state = TeamAliasesState(aliases=[*kept, *aliases], left_out=[*still_out, *left_out])


def _key(alias: TeamAlias | LeftOutAlias) -> Key:
    return alias.league, matching_key(alias.alias)


def _check_number(field: str, number: int) -> None:
    if number > MOST_AT_ONCE:
        raise InvalidFieldError(field, f"must have at most {MOST_AT_ONCE} items")


def _check(place: int, alias: TeamAlias) -> None:
    for part, text in (("alias", alias.alias), ("name", alias.name), ("league", alias.league)):
        if text is not None:
            _check_text(f"{ALIASES}[{place}].{part}", text)
    if not matching_key(alias.alias):
        raise InvalidFieldError(f"{ALIASES}[{place}].alias", "must have letters or digits")
    if alias.alias == alias.name:
        raise InvalidFieldError(f"{ALIASES}[{place}].alias", "is the name itself")


def _check_text(field: str, text: str) -> None:
    if not text.strip() or text != text.strip() or not text.isprintable():
        raise InvalidFieldError(field, "must be visible text without blanks at its ends")
    if len(text) > NAME_LENGTH:
        raise InvalidFieldError(field, f"must have at most {NAME_LENGTH} characters")


def _check_chains(holding: dict[Key, TeamAlias], given: Sequence[TeamAlias]) -> None:
    """Check that no alias stands for what is an alias itself where it holds."""
    of_others = [one for one in holding.values() if not _is_spelling(one)]
    aliases = {_key(one) for one in of_others}
    names = {(one.league, matching_key(one.name)) for one in of_others}
    for place, alias in enumerate(given):
        scopes = {None, alias.league}
        if any((scope, matching_key(alias.name)) in aliases for scope in scopes):
            message = "is itself an alias of another name"
            raise InvalidFieldError(f"{ALIASES}[{place}].name", message)
        if _is_spelling(alias):
            continue
        if any((scope, matching_key(alias.alias)) in names for scope in scopes):
            message = "is itself the name that another alias stands for"
            raise InvalidFieldError(f"{ALIASES}[{place}].alias", message)


def _is_spelling(alias: TeamAlias) -> bool:
    """Tell whether an alias is only another spelling of the name."""
    return matching_key(alias.alias) == matching_key(alias.name)
