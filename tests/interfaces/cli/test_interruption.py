"""The demo's work is interrupted where it can be left, however early the interruption comes."""

import asyncio
import signal

import pytest

from interfaces.demo.interruption import ENDINGS, interruptible, run_interruptibly


@pytest.mark.parametrize("number", ENDINGS)
def test_an_interruption_before_there_is_a_loop_comes_once_there_is_one(
    number: signal.Signals, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[asyncio.AbstractEventLoop] = []
    make = asyncio.new_event_loop

    def make_while_interrupted() -> asyncio.AbstractEventLoop:
        signal.raise_signal(number)
        made.append(make())
        return made[-1]

    monkeypatch.setattr("asyncio.events.new_event_loop", make_while_interrupted)
    before = [signal.getsignal(ending) for ending in ENDINGS]
    with interruptible(), pytest.raises(KeyboardInterrupt):
        run_interruptibly(asyncio.sleep(0))
    assert [loop.is_closed() for loop in made] == [True]
    assert [signal.getsignal(ending) for ending in ENDINGS] == before


def test_work_that_is_interrupted_ends_in_order() -> None:
    ended = []

    async def work() -> None:
        try:
            signal.raise_signal(signal.SIGTERM)
            await asyncio.Event().wait()
        finally:
            ended.append(True)

    with interruptible(), pytest.raises(KeyboardInterrupt):
        run_interruptibly(work())
    assert ended == [True]
