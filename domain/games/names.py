"""How names of teams are compared: by what is left of them without accents and abbreviations."""

import re
import unicodedata
from functools import lru_cache

# Nothing longer is the name of a team or a league.
LONGEST_NAME = 255

_ABBREVIATIONS = {
    "utd": "united", "atl": "atletico", "dep": "deportivo", "univ": "universidad",
    "sp": "sportivo", "st": "saint",
}  # fmt: skip
_WITH_A_DOT = re.compile(r"(\w+)\.")
_NO_WORD = re.compile(r"[^\w]+")
# Letters that are letters of their own, and no others with an accent.
_LETTERS = str.maketrans(
    {
        "ø": "o",
        "ł": "l",
        "đ": "d",
        "ð": "d",
        "\N{LATIN SMALL LETTER DOTLESS I}": "i",
        "æ": "ae",
        "œ": "oe",
        "þ": "th",
    }
)

# Teams of one club that are not its first: reserves, women, juniors.
_MARKER = re.compile(
    r"\b(?:[2-9]|ii|iii|iv|b|c|nok|noi|w|women|u ?\d\d|res|reserves|junior|ifi)\b|^u\d\d"
)


@lru_cache(maxsize=10_000)
def matching_key(name: str) -> str:
    """Give what two spellings of one name have in common. It is never shown."""
    whole = _WITH_A_DOT.sub(
        lambda match: _ABBREVIATIONS.get(match[1].casefold(), match[1]) + " ", name
    )
    return " ".join(_NO_WORD.sub(" ", without_accents(whole)).split())


def without_accents(text: str) -> str:
    """Give a text in small letters without accents."""
    decomposed = unicodedata.normalize("NFKD", text.casefold().translate(_LETTERS))
    return "".join(character for character in decomposed if not unicodedata.combining(character))


def markers(key: str) -> frozenset[str]:
    """Give what in a key says that a team is not the first one of its club."""
    return frozenset(match[0].strip() for match in _MARKER.finditer(key))
