"""What a LlamaIndex memory promises its callers: the same tests over the framework's own memories and ours."""

import asyncio
import inspect
import json
import pickle

import pytest
from llama_index.core.base.llms.types import ChatMessage, ImageBlock, MessageRole, TextBlock, ToolCallBlock
from llama_index.core.memory import BaseMemory, ChatMemoryBuffer, Memory
from llama_index.core.workflow import (
    Context,
    JsonPickleSerializer,
    JsonSerializer,
    StartEvent,
    StopEvent,
    Workflow,
    step,
)

from engram_core import AsyncEngram, Engram
from engram_core.testing import FakeEmbedder
from engram_llamaindex import EngramMemory

# The framework's own memory leaves its database's thread behind when its event loop ends.
pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")

PIXEL = (
    b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\x00\x00\x00\x01\x00\x00\x00\x01\x08\x06\x00\x00\x00\x1f\x15\xc4\x89\x00\x00\x00"
    b"\rIDATx\x9cc\xf8\xcf\xc0\xf0\x1f\x00\x05\x00\x01\xff\x89\x99=\x1d\x00\x00\x00\x00IEND\xaeB`\x82"
)


def user(text):
    return ChatMessage(role="user", content=text)


def assistant(text):
    return ChatMessage(role="assistant", content=text)


def said(messages):
    """Roles and words, without what a memory adds by itself."""
    return [(m.role.value, m.content) for m in messages if m.role != MessageRole.SYSTEM]


def core(**options):
    return Memory.from_defaults(**options)


def core_buffer(**options):
    return ChatMemoryBuffer.from_defaults(**options)


@pytest.fixture(scope="module")
def engines():
    with Engram(database_url="memory://", embedder=FakeEmbedder()) as engine:
        alone = AsyncEngram(database_url="memory://", embedder=FakeEmbedder())
        yield {"engram": engine, "engram-async": alone}


@pytest.fixture(params=["core", "core-buffer", "engram", "engram-async"])
def make(request, engines):
    """Make memories of one kind; ours of a user of this test's own."""
    if request.param == "core":
        return core
    if request.param == "core-buffer":
        return core_buffer
    return lambda **options: EngramMemory.from_defaults(engines[request.param], user_id=request.node.name, **options)


@pytest.fixture(params=["sync", "async"])
def face(request):
    """Return what calls a memory's methods without `await`, or their twins with, on one event loop."""
    with asyncio.Runner() as runner:

        class Twins:
            def __init__(self, memory):
                self.memory = memory

            def __getattr__(self, name):
                method = getattr(self.memory, f"a{name}")
                return lambda *args, **kwargs: runner.run(method(*args, **kwargs))

        yield Twins if request.param == "async" else lambda memory: memory


class TestContract:
    def test_it_is_a_memory(self, make):
        memory = make()
        assert isinstance(memory, BaseMemory)
        assert memory  # callers write `memory or default`
        assert make(token_limit=500).token_limit == 500

    def test_nothing_is_in_a_new_one(self, make, face):
        memory = face(make())
        assert memory.get() == []
        assert memory.get_all() == []

    def test_what_is_put_comes_back_in_order(self, make, face):
        memory = face(make())
        memory.put(user("one"))
        memory.put(assistant("two"))
        memory.put_messages([user("three"), assistant("four")])
        expected = [("user", "one"), ("assistant", "two"), ("user", "three"), ("assistant", "four")]
        assert said(memory.get()) == expected
        assert said(memory.get_all()) == expected

    def test_the_same_words_twice_are_two_messages(self, make, face):
        memory = face(make())
        for _ in range(2):
            memory.put(user("yes"))
        assert said(memory.get_all()) == [("user", "yes")] * 2

    def test_a_question_of_ones_own_is_no_message(self, make, face):
        memory = face(make())
        memory.put(user("hello"))
        assert said(memory.get(input="what about tea?")) == [("user", "hello")]
        assert said(memory.get_all()) == [("user", "hello")]

    def test_set_replaces(self, make, face):
        memory = face(make())
        memory.put(user("old"))
        memory.set([user("new"), assistant("newer")])
        assert said(memory.get()) == [("user", "new"), ("assistant", "newer")]
        memory.set([])
        assert memory.get_all() == []

    def test_putting_goes_on_after_set(self, make, face):
        memory = face(make())
        memory.set([user("one"), assistant("two")])
        memory.put(user("three"))
        assert said(memory.get()) == [("user", "one"), ("assistant", "two"), ("user", "three")]

    def test_reset_empties(self, make, face):
        memory = face(make())
        memory.put(user("one"))
        memory.reset()
        assert memory.get() == []
        assert memory.get_all() == []
        memory.put(user("two"))
        assert said(memory.get()) == [("user", "two")]

    def test_a_history_may_be_given(self, make, face):
        memory = face(make(chat_history=[user("one"), assistant("two")]))
        assert said(memory.get()) == [("user", "one"), ("assistant", "two")]

    def test_the_oldest_turns_fall_out(self, make, face):
        memory = face(make(token_limit=200))
        for number in range(40):
            memory.put(user(f"question number {number} about tea"))
            memory.put(assistant(f"answer number {number} about tea"))
        messages = memory.get()
        words = said(messages)
        assert 2 <= len(words) < 80
        assert words[0][0] == "user"
        assert words[-1] == ("assistant", "answer number 39 about tea")
        assert words == said(memory.get_all())[-len(words) :]

    def test_no_tools_result_stands_without_its_call(self, make, face):
        memory = face(make(token_limit=120))
        for number in range(12):
            memory.put(user(f"question number {number} about tea"))
            call = ToolCallBlock(tool_call_id=str(number), tool_name="look", tool_kwargs={"for": "tea"})
            memory.put(ChatMessage(role="assistant", blocks=[call]))
            memory.put(ChatMessage(role="tool", content="tea", additional_kwargs={"tool_call_id": str(number)}))
            memory.put(assistant(f"answer number {number}"))
        roles = [role for role, _ in said(memory.get())]
        assert roles == ["user", "assistant", "tool", "assistant"] * (len(roles) // 4)
        assert 4 <= len(roles) < 48

    def test_blocks_survive(self, make, face):
        memory = face(make())
        blocks = [TextBlock(text="What is this?"), ImageBlock(image=PIXEL), TextBlock(text="A cat?")]
        memory.put(ChatMessage(role="user", blocks=blocks))
        call = ToolCallBlock(tool_call_id="1", tool_name="look", tool_kwargs={"at": ["it"]})
        memory.put(ChatMessage(role="assistant", blocks=[call], additional_kwargs={"n": 1}))
        for messages in (memory.get_all(), [m for m in memory.get() if m.role != MessageRole.SYSTEM]):
            assert [block.block_type for block in messages[0].blocks] == ["text", "image", "text"]
            assert messages[0].blocks[1].resolve_image().read() == PIXEL
            assert messages[1].blocks[0].tool_kwargs == {"at": ["it"]}
            assert messages[1].additional_kwargs["n"] == 1

    def test_two_memories_are_two_conversations(self, make, face):
        one, other = face(make()), face(make())
        one.put(user("one"))
        assert other.get_all() == []


class Nothing(Workflow):
    """A workflow that a context can belong to."""

    @step
    async def end(self, event: StartEvent) -> StopEvent:
        return StopEvent()


class TestSerialising:
    """Over ours and the framework's older memory, where that can: a `Context` leaves it out when it writes plain JSON.

    The framework's `Memory` is left out too, or comes back without its messages.
    """

    @pytest.fixture(params=["core-buffer", "engram", "engram-async"])
    def make(self, request, engines):
        if request.param == "core-buffer":
            return core_buffer
        return lambda **options: EngramMemory.from_defaults(engines[request.param], user_id="lasting", **options)

    def test_it_survives_a_pickle(self, make):
        memory = make()
        memory.put(user("one"))
        again = pickle.loads(pickle.dumps(memory))
        assert said(again.get_all()) == [("user", "one")]

    @pytest.mark.parametrize("serializer", [JsonSerializer, JsonPickleSerializer])
    def test_it_survives_a_context(self, make, serializer):
        memory = make(token_limit=1234)
        if isinstance(memory, ChatMemoryBuffer):
            serializer = JsonPickleSerializer
        memory.put_messages([user("one"), assistant("two")])
        again = asyncio.run(there_and_back(memory, serializer()))
        assert type(again) is type(memory)
        assert again is not memory
        assert again.token_limit == 1234
        assert said(again.get_all()) == [("user", "one"), ("assistant", "two")]
        again.put(user("three"))
        assert said(again.get())[-1] == ("user", "three")
        assert said(memory.get_all())[-1] == ("assistant", "two")

    @pytest.mark.parametrize("serializer", [JsonSerializer, JsonPickleSerializer])
    def test_ours_keeps_its_pictures_there(self, engines, serializer):
        memory = EngramMemory.from_defaults(engines["engram"], user_id="pictures")
        memory.put(ChatMessage(role="user", blocks=[TextBlock(text="one"), ImageBlock(image=PIXEL)]))
        again = asyncio.run(there_and_back(memory, serializer()))
        assert again.get_all()[0].blocks[1].resolve_image().read() == PIXEL


async def there_and_back(memory, serializer):
    context = Context(Nothing())
    await context.store.set("memory", memory)
    written = context.to_dict(serializer=serializer)
    again = Context.from_dict(Nothing(), json.loads(json.dumps(written)), serializer=serializer)
    return await again.store.get("memory")


class TestBeyondTheFrameworksOwn:
    """What ours promises and not all of the framework's do."""

    @pytest.fixture(params=["engram", "engram-async"])
    def memory(self, request, engines):
        return EngramMemory.from_defaults(engines[request.param], user_id=request.node.name)

    def test_every_async_method_is_native(self):
        for name in ("get", "get_all", "put", "put_messages", "set", "reset"):
            method = getattr(EngramMemory, f"a{name}")
            assert method.__qualname__ == f"EngramMemory.a{name}"
            assert "to_thread" not in inspect.getsource(method)

    def test_it_has_no_length_and_no_truth_of_its_own(self):
        assert not hasattr(EngramMemory, "__len__")
        assert not hasattr(EngramMemory, "__bool__")

    def test_what_is_done_to_a_message_does_not_reach_the_history(self, memory):
        message = user("Is it raining?")
        memory.put(message)
        message.blocks[0].text = "changed after"
        for given in (memory.get()[-1], memory.get_all()[-1]):
            given.blocks[0].text = "changed by an agent"
            given.additional_kwargs["state"] = 1
            given.blocks.append(TextBlock(text="more"))
        assert [(m.content, m.additional_kwargs) for m in memory.get_all()] == [("Is it raining?", {})]

    def test_instructions_at_the_beginning_stay_when_the_oldest_turns_fall_out(self, engines, request):
        memory = EngramMemory.from_defaults(engines["engram"], user_id=request.node.name, token_limit=100)
        memory.put(ChatMessage(role="system", content="Be brief."))
        for number in range(20):
            memory.put_messages([user(f"question number {number} about tea"), assistant("yes, that is tea")])
        messages = memory.get()
        assert messages[0].role == MessageRole.SYSTEM
        assert messages[0].content.startswith("Be brief.")
        assert said(messages)[0][0] == "user"
        assert said(messages)[-1] == ("assistant", "yes, that is tea")

    def test_the_limit_holds_with_what_is_recalled_and_with_what_the_caller_needs(self, engines, request):
        options = {"user_id": request.node.name, "recall_tokens": 100}
        EngramMemory.from_defaults(engines["engram"], **options).put_messages(
            [user(f"I drank tea number {n} on a very long and rainy afternoon in May") for n in range(20)]
        )
        memory = EngramMemory.from_defaults(engines["engram"], token_limit=300, **options)
        for number in range(20):
            memory.put_messages([user(f"Which tea is number {number}?"), assistant("A green one, I believe.")])

        def tokens(messages):
            return sum(len(memory.tokenizer_fn(message.content)) for message in messages)

        everything = memory.get()
        assert everything[0].role == MessageRole.SYSTEM
        assert 200 < tokens(everything) <= 300
        assert tokens(memory.get(initial_token_count=150)) <= 150

    def test_a_last_turn_that_is_too_long_is_whole(self, engines, request):
        memory = EngramMemory.from_defaults(engines["engram"], user_id=request.node.name, token_limit=20)
        memory.put_messages([user("short"), assistant("short"), user("long " * 100)])
        assert said(memory.get()) == [("user", "long " * 100)]

    def test_sync_methods_work_inside_of_a_running_loop(self, engines, request):
        async def inside():
            memory = EngramMemory.from_defaults(engines["engram"], user_id=request.node.name, strict=True)
            memory.put(user("I like tea"))
            memory.set([*memory.get_all(), assistant("Good.")])
            return memory.get(), await memory.aget()

        assert len(set(map(str, asyncio.run(inside())))) == 1
