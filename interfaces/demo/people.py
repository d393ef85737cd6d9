"""A hundred people who do not exist."""

import itertools
import random
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass

DEPARTMENTS = ("Housing", "Childcare", "Building", "Pensions", "Transport")
PRIORITIES = ("low", "normal", "normal", "normal", "high")

# What a name's letters become in an address, where leaving out the accent is not enough.
IN_ADDRESSES = str.maketrans({"ø": "o", "æ": "ae", "ß": "ss"})


@dataclass(frozen=True)
class Region:
    """A region with names that are common there, and numbers that nobody is called on."""

    name: str
    given_names: str
    family_names: str
    phone: Callable[[int], str]


REGIONS = (
    Region(
        "Denmark",
        "Freja Alma Clara Ida Oscar Noah Emil Søren Asger Maja",
        "Sørensen Kjær Møller Bundgaard Vestergaard Lund Holm Dahl Krogh Skov",
        lambda n: f"+45 00 41 2{n // 100} {n % 100:02}",
    ),
    Region(
        "Hungary",
        "Ilona Katalin Zsófia Réka Bence Gergő Máté Ágnes László Dóra",
        "Kovács Szabó Tóth Horváth Németh Farkas Balogh Molnár Juhász Fekete",
        lambda n: f"+36 00 417 2{n:03}",
    ),
    Region(
        "Germany",
        "Greta Hannah Jürgen Lukas Matthias Ute Anke Friedrich Heike Moritz",
        "Müller Schäfer Weiß Krüger Brandt Vogel Lehmann Winkler Pfeiffer Hartmann",
        lambda n: f"+49 30 23125 {n:03}",
    ),
    Region(
        "England",
        "Alice Harriet Oliver Rosie Edward Imogen Callum Beatrice Simon Nigel",
        "Whitfield Ashworth Bradley Pemberton Hughes Thornton Carter Ellis Marsh Barlow",
        lambda n: f"+44 7700 900 {n:03}",
    ),
)


@dataclass(frozen=True)
class Person:
    """Somebody who has applied for something."""

    case: str
    name: str
    email: str
    phone: str
    department: str
    region: str
    priority: str

    @property
    def identity(self) -> tuple[str, ...]:
        """What tells who the person is."""
        return (self.case, self.name, self.email, self.phone)


def invent_people(count: int, rng: random.Random) -> list[Person]:
    """Invent people of all regions, no two alike."""
    names = {region.name: _names(region, count, rng) for region in REGIONS}
    numbers = rng.sample(range(1000), count)
    people = []
    for index, (region, number) in enumerate(zip(itertools.cycle(REGIONS), numbers, strict=False)):
        name = names[region.name][index // len(REGIONS)]
        people.append(
            Person(
                case=f"CASE-{40_000 + number}",
                name=name,
                email=f"{_in_address(name)}@example.org",
                phone=region.phone(number),
                department=rng.choice(DEPARTMENTS),
                region=region.name,
                priority=rng.choice(PRIORITIES),
            )
        )
    return people


def _names(region: Region, count: int, rng: random.Random) -> list[str]:
    pairs = itertools.product(region.given_names.split(), region.family_names.split())
    return [f"{given} {family}" for given, family in rng.sample(list(pairs), count)]


def _in_address(name: str) -> str:
    plain = unicodedata.normalize("NFKD", name.lower().translate(IN_ADDRESSES))
    return plain.encode("ascii", "ignore").decode().replace(" ", ".")
