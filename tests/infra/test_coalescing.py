"""One round trip answers all who ask at once; a bad question fails its asker alone."""

import asyncio

import psycopg
import pytest

from infra.coalescing import Coalescer

pytestmark = pytest.mark.anyio

PATIENCE = 20


class Oracle:
    """Doubles numbers; keeps which ones came together, and can be held up."""

    def __init__(self) -> None:
        self.batches: list[list[int]] = []
        self.free = asyncio.Event()
        self.free.set()

    async def answer(self, questions: list[int]) -> list[int]:
        self.batches.append(questions)
        await self.free.wait()
        if 13 in questions:
            raise ValueError("13 has no double")
        if 404 in questions:
            raise psycopg.OperationalError("the connection is lost")
        return [] if 0 in questions else [2 * question for question in questions]


async def test_who_asks_while_an_answer_is_under_way_is_answered_with_the_next() -> None:
    oracle = Oracle()
    oracle.free.clear()
    doubles = Coalescer("doubles", oracle.answer)
    async with asyncio.timeout(PATIENCE), doubles.running():
        first = asyncio.create_task(doubles.ask(1))
        while not oracle.batches:  # noqa: ASYNC110 - until it is asked
            await asyncio.sleep(0)
        others = [asyncio.create_task(doubles.ask(n)) for n in range(2, 6)]
        await asyncio.sleep(0)
        oracle.free.set()

        assert await asyncio.gather(first, *others) == [2, 4, 6, 8, 10]
    assert oracle.batches == [[1], [2, 3, 4, 5]]


@pytest.mark.parametrize("bad", [13, 0], ids=["no answer", "too few answers"])
async def test_a_question_that_has_no_answer_fails_alone(bad: int) -> None:
    oracle = Oracle()
    doubles = Coalescer("doubles", oracle.answer)
    async with asyncio.timeout(PATIENCE), doubles.running():
        answers = await asyncio.gather(
            *(doubles.ask(n) for n in (1, 2, bad, 4, 5)), return_exceptions=True
        )

        assert isinstance(answers.pop(2), ValueError)
        assert answers == [2, 4, 8, 10]
        assert await doubles.ask(6) == 12


async def test_a_lost_connection_is_told_to_all_and_not_tried_with_each() -> None:
    oracle = Oracle()
    doubles = Coalescer("doubles", oracle.answer)
    async with asyncio.timeout(PATIENCE), doubles.running():
        answers = await asyncio.gather(
            *(doubles.ask(n) for n in (1, 404, 3)), return_exceptions=True
        )

        assert [type(answer) for answer in answers] == [psycopg.OperationalError] * 3
        assert oracle.batches == [[1, 404, 3]]
        assert await doubles.ask(6) == 12


async def test_an_asker_that_goes_away_does_not_disturb_the_others() -> None:
    oracle = Oracle()
    oracle.free.clear()
    doubles = Coalescer("doubles", oracle.answer)
    async with asyncio.timeout(PATIENCE), doubles.running():
        asking = [asyncio.create_task(doubles.ask(n)) for n in (1, 2, 3)]
        await asyncio.sleep(0)
        asking[1].cancel()
        oracle.free.set()

        answers = await asyncio.gather(*asking, return_exceptions=True)
    assert isinstance(answers[1], asyncio.CancelledError)
    assert answers[::2] == [2, 6]


async def test_nobody_waits_for_ever_when_it_stops() -> None:
    oracle = Oracle()
    oracle.free.clear()
    doubles = Coalescer("doubles", oracle.answer)
    async with asyncio.timeout(PATIENCE):
        async with doubles.running():
            under_way = asyncio.create_task(doubles.ask(1))
            while not oracle.batches:  # noqa: ASYNC110 - until it is asked
                await asyncio.sleep(0)
            waiting = asyncio.create_task(doubles.ask(2))
            await asyncio.sleep(0)
        for asked in (under_way, waiting):
            with pytest.raises(psycopg.OperationalError, match="doubles has stopped"):
                await asked
        with pytest.raises(psycopg.OperationalError, match="doubles has stopped"):
            await doubles.ask(3)
