"""Names as filters compare them: without case, accents and punctuation."""

import unicodedata


def words_of(text: str) -> list[str]:
    """Give the words of a name, in its order."""
    decomposed = unicodedata.normalize("NFKD", text.casefold())
    plain = "".join(
        character if character.isalnum() else " "
        for character in decomposed
        if not unicodedata.combining(character)
    )
    return plain.split()


def key_of(text: str) -> str:
    """Give what two spellings of one name have in common."""
    return " ".join(words_of(text))
