"""What the tools take. An argument that is not here is refused, so that no model can ask for another's memories."""

from __future__ import annotations

import json
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from engram_mcp.schema import Nothing

#: Hits or memories that one call returns at most: more would drown a model.
MOST = 100


def _listed(given: Any) -> Any:
    """Take one kind, or a list that came as JSON in a string, as some clients send it."""
    if not isinstance(given, str):
        return given
    if given.lstrip().startswith("["):
        try:
            return json.loads(given)
        except ValueError:
            return given
    return [given]


Kind = Literal["turn", "fact", "preference", "event", "summary"]
Kinds = Annotated[
    list[Kind] | Nothing,
    BeforeValidator(_listed),
    Field(
        description="Only these kinds. `turn` is what was said word for word; `fact`, `preference` and `event` were "
        "learned from it; `summary` tells of a whole session. Default: all."
    ),
]
AsOf = Annotated[
    str | Nothing,
    Field(description="What held at this time (ISO 8601, such as 2025-01-31T18:00:00Z). Default: now."),
]
MemoryId = Annotated[str, Field(description="The id of a memory, a UUID, as `recall` and `list_recent` give it.")]
Reason = Annotated[str | Nothing, Field(description="Why, in a few words; it is kept in the history.")]


class Arguments(BaseModel):
    """The arguments of one tool."""

    model_config = ConfigDict(extra="forbid")


class NoteToKeep(Arguments):
    """What `remember` takes."""

    text: Annotated[
        str,
        Field(
            min_length=1,
            description="What to remember, one or a few sentences. It is kept word for word and learned from, best in "
            "the first person of whom it is about: “I moved to Porto.”",
        ),
    ]
    occurred_at: Annotated[
        str | Nothing,
        Field(
            description="When it was said (ISO 8601). “Yesterday” in the text means the day before. Default: now. The "
            "same words at the same stated time are kept once."
        ),
    ] = None
    metadata: Annotated[
        dict[str, Any] | Nothing, Field(description='Anything to keep with it, such as {"topic": "home"}.')
    ] = None


class Question(Arguments):
    """What `recall` takes."""

    query: Annotated[str, Field(min_length=1, description="A question or a few words; a whole question finds best.")]
    limit: Annotated[int, Field(ge=1, le=MOST, description="Memories at most, best first.")] = 10
    as_of: AsOf = None
    kinds: Kinds = None


class Background(Arguments):
    """What `context` takes."""

    query: Annotated[str, Field(min_length=1, description="What the text is to be the background of.")]
    token_budget: Annotated[int, Field(ge=1, le=100_000, description="Tokens at most; never exceeded.")] = 1000
    as_of: AsOf = None
    kinds: Kinds = None


class Recent(Arguments):
    """What `list_recent` takes."""

    limit: Annotated[int, Field(ge=1, le=MOST, description="Memories at most, the newest first.")] = 20
    kinds: Kinds = None


class One(Arguments):
    """What `history` takes."""

    id: MemoryId


class Correction(Arguments):
    """What `update` takes."""

    id: MemoryId
    text: Annotated[str, Field(min_length=1, description="What is so instead, as one statement.")]
    reason: Reason = None


class Forgetting(Arguments):
    """What `forget` takes."""

    id: MemoryId
    reason: Reason = None


class Reversal(Arguments):
    """What `undo` takes."""

    id: MemoryId
    change_id: Annotated[
        str,
        Field(description="The id of the change to revert, as `forget`, `update`, `remember` and `history` give it."),
    ]
    reason: Reason = None
