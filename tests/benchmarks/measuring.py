"""Measuring two sides in turns, and what comes out of it.

Machines are noisy, and what else runs on them changes from minute to minute. So the two sides of a
comparison take turns over several rounds, each going first every other time, and what counts is
the median of the ratios of the rounds.
"""

import statistics
from collections.abc import Awaitable, Callable

import msgspec

Measure = Callable[[], Awaitable[float]]


class Series(msgspec.Struct, frozen=True):
    """What was measured in each round."""

    values: list[float]

    @property
    def median(self) -> float:
        """The value in the middle."""
        return statistics.median(self.values)

    @property
    def low(self) -> float:
        """The lowest value."""
        return min(self.values)

    @property
    def high(self) -> float:
        """The highest value."""
        return max(self.values)


class Comparison(msgspec.Struct, kw_only=True):
    """One row of a benchmark: both sides, how many times better ours is, and how much it should be.

    ``details`` are further columns, by their headings.
    """

    case: str
    ours: Series
    other: Series
    ratio: Series
    goal: float | None = None
    met: bool | None = None
    details: dict[str, str] = msgspec.field(default_factory=dict)


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """All that a benchmark has to say; ``notes`` tell in paragraphs what was measured, and how."""

    name: str
    title: str
    unit: str
    ours: str
    other: str
    comparisons: list[Comparison]
    notes: str


async def compare(
    case: str,
    ours: Measure,
    other: Measure,
    *,
    rounds: int,
    goal: float | None = None,
    less_is_better: bool = False,
    warm_up: bool = True,
) -> Comparison:
    """Measure both sides in turns, after one turn each that does not count."""
    if warm_up:
        await ours()
        await other()
    our_values: list[float] = []
    other_values: list[float] = []
    for number in range(rounds):
        if number % 2:
            other_values.append(await other())
            our_values.append(await ours())
        else:
            our_values.append(await ours())
            other_values.append(await other())
    ratio = Series(
        [
            theirs / mine if less_is_better else mine / theirs
            for mine, theirs in zip(our_values, other_values, strict=True)
        ]
    )
    return Comparison(
        case=case,
        ours=Series(our_values),
        other=Series(other_values),
        ratio=ratio,
        goal=goal,
        met=None if goal is None else ratio.median >= goal,
    )
