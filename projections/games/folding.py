"""Names as filters compare them: without case, accents and punctuation."""

from domain.games.names import without_accents


def words_of(text: str) -> list[str]:
    """Give the words of a name, in its order."""
    plain = without_accents(text)
    return "".join(character if character.isalnum() else " " for character in plain).split()


def key_of(text: str) -> str:
    """Give what two spellings of one name have in common."""
    return " ".join(words_of(text))
