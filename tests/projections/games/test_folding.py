import pytest

from projections.games.folding import words_of


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("Øster Åland", ["oster", "aland"]),
        ("Widzew Łódź", ["widzew", "lodz"]),
        ("O'Higgins", ["o", "higgins"]),
        ("1. FC Köln", ["1", "fc", "koln"]),
        ("?!", []),
    ],
)
def test_a_filter_minds_no_case_accents_and_punctuation(name: str, words: list[str]) -> None:
    assert words_of(name) == words_of(name.upper()) == words
