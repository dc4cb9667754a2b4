"""Reading one message by rules."""

import asyncio
from datetime import UTC, datetime

import pytest

from engram_core.domain.ids import new_id
from engram_core.domain.memory import Memory
from engram_core.domain.scope import Scope
from engram_core.ingest.learn.rules import RulesExtractor

WEDNESDAY = datetime(2023, 5, 17, 10, tzinfo=UTC)


@pytest.fixture
def candidates():
    """Return what is proposed of a message that Ada wrote on a Wednesday."""

    def propose(text, at=WEDNESDAY, **fields):
        fields = {"role": "user", **fields}
        turn = Memory(new_id(), Scope(user_id="ada"), "turn", text, at, at, **fields)
        return asyncio.run(RulesExtractor().extract([turn]))

    return propose


@pytest.fixture
def read(candidates):
    """Return the same as (intent, `subject.attribute=value`, what it corrects)."""

    def written(text, **fields):
        return [(c.intent, _claim(c.claim), c.instead_of) for c in candidates(text, **fields)]

    return written


def _claim(claim):
    subject = "" if claim.subject == "user" else f"{claim.subject}."
    return f"{subject}{claim.attribute}={claim.value}"
