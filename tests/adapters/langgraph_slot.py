"""Our saver under the names of first-party ones: LangGraph's own tests find it where they look for those.

Every saver has a tenant of its own, on one data folder.
"""

import atexit
import itertools
import os
from contextlib import asynccontextmanager, contextmanager
from functools import cache

from langgraph.checkpoint.serde.encrypted import EncryptedSerializer

from engram_core import AsyncEngram, Engram
from engram_core.testing import FakeEmbedder
from engram_langgraph import EngramSaver

FOLDER = os.environ["LANGGRAPH_SLOT_FOLDER"]
KEY = b"1234567890123456"

_numbers = itertools.count()


@cache
def _engine():
    engine = Engram(data_dir=FOLDER, embedder=FakeEmbedder()).open()
    atexit.register(engine.close)
    return engine


def _tenant():
    return f"{os.getpid()}-{next(_numbers)}"


@contextmanager
def _checkpointer_sqlite():
    yield EngramSaver(_engine().for_tenant(_tenant()))


@contextmanager
def _checkpointer_sqlite_aes():
    yield EngramSaver(_engine().for_tenant(_tenant()), serde=EncryptedSerializer.from_pycryptodome_aes(key=KEY))


@asynccontextmanager
async def _checkpointer_sqlite_aio():
    async with AsyncEngram(data_dir=FOLDER, embedder=FakeEmbedder(), tenant=_tenant()) as engine:
        yield EngramSaver(engine)
