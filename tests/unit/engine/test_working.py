"""`work` and its neighbours: what they accept."""

import threading

import pytest

from engram_core import InvalidInputError


@pytest.mark.parametrize("stop", ["x", 0, False, [], threading.Lock()], ids=repr)
async def test_what_cannot_stop_a_worker_is_refused(memory, stop):
    with pytest.raises(InvalidInputError, match=r"^stop: .*threading\.Event or None"):
        await memory.work(until_idle=True, stop=stop)


async def test_a_worker_is_stopped_by_an_event_or_by_nothing_due(memory):
    await memory.add("I live in Lisbon.", user_id="ada", defer=True)
    stop = threading.Event()
    stop.set()
    await memory.work(stop=stop)
    await memory.work(until_idle=True)
    assert (await memory.queue()).waiting == 0


async def test_ids_say_what_they_are_of(memory):
    with pytest.raises(InvalidInputError, match="the id of a change"):
        await memory.undo("x")
    with pytest.raises(InvalidInputError, match="the id of a dead letter"):
        await memory.replay(["x"])
    with pytest.raises(InvalidInputError, match="the id of a memory"):
        await memory.get("x")
