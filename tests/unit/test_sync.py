"""The blocking twin, where blocking makes a difference."""

import itertools
import os
import signal
import threading

import pytest

from engram_core import Engram, StoreError
from engram_core.testing import FakeEmbedder


@pytest.fixture
def memory():
    with Engram(database_url="memory://", embedder=FakeEmbedder()) as engine:
        yield engine


@pytest.fixture
def loops():
    """What tells the loops of this test's engines; those of others may be open beside them."""
    before = set(threading.enumerate())
    return lambda: [thread for thread in set(threading.enumerate()) - before if thread.name == "engram"]


def test_closing_ends_its_thread_and_closing_twice_is_harmless(loops, memory):
    memory.add("hello", user_id="ada")
    assert loops()
    memory.close()
    memory.close()
    assert loops() == []
    with pytest.raises(StoreError, match="closed"):
        memory.search("hello", user_id="ada")
    memory.close()


def test_an_engine_that_was_never_used_can_be_closed(loops):
    Engram(database_url="memory://", embedder=FakeEmbedder()).close()
    assert loops() == []


def test_closing_a_tenants_engine_leaves_the_other_open(memory):
    with memory.for_tenant("acme") as acme:
        acme.add("hello", user_id="ada")
    assert len(memory.get_all(user_id="ada")) == 0
    assert len(memory.for_tenant("acme").get_all(user_id="ada")) == 1


def test_several_threads_share_one_engine(memory):
    threads = [threading.Thread(target=memory.add, args=(f"turn {i}",), kwargs={"user_id": "ada"}) for i in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {turn.text for turn in memory.get_all(user_id="ada")} == {f"turn {i}" for i in range(20)}


def test_an_export_may_be_left_half_way(memory):
    memory.add("hello", user_id="ada")
    assert next(iter(memory.export(user_id="ada")))["type"] == "header"
    assert [record["type"] for record in memory.export(user_id="ada")] == ["header", "memory"]


def test_a_forked_child_is_told_so_and_does_not_hang(memory):
    memory.add("hello", user_id="ada")
    child = os.fork()
    if child == 0:
        signal.alarm(60)
        try:
            memory.get_all(user_id="ada")
        except StoreError as error:
            memory.close()
            os._exit(7 if "forked" in str(error) else 1)
        os._exit(2)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 7
    assert len(memory.get_all(user_id="ada")) == 1


def test_a_verb_called_from_its_own_callback_is_an_error_and_no_deadlock(memory):
    with pytest.raises(RuntimeError, match="event loop thread"):
        memory.add_many(["one"], user_id="ada", progress=lambda done: memory.get_all(user_id="ada"))


@pytest.fixture
def sigint():
    """Ctrl-C as a program in the foreground has it: one in the background may have been started deaf to it."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield signal.SIGINT
    signal.signal(signal.SIGINT, before)


def test_ctrl_c_ends_the_work_and_leaves_the_engine_usable(memory, sigint):
    drawn = []

    def messages():
        for number in itertools.count():
            drawn.append(number)
            if number == 1000:
                signal.pthread_kill(threading.main_thread().ident, sigint)
            yield f"message {number}"

    with pytest.raises(KeyboardInterrupt):
        memory.add_many(messages(), user_id="ada")
    for _ in range(20):
        memory.add("after", user_id="bob")
    stopped_at = len(drawn)
    for _ in range(20):
        memory.add("after", user_id="bob")
    assert len(drawn) == stopped_at
    assert len(memory.get_all(user_id="bob")) == 40
