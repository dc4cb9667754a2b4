"""Between LangGraph's checkpoints and the rows they are kept in."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, cast

from langchain_core.runnables import RunnableConfig
from langgraph.checkpoint.base import (
    WRITES_IDX_MAP,
    ChannelVersions,
    Checkpoint,
    CheckpointMetadata,
    CheckpointTuple,
    DeltaChannelHistory,
    get_checkpoint_metadata,
)
from langgraph.checkpoint.serde.base import SerializerProtocol
from langgraph.checkpoint.serde.types import _DeltaSnapshot

from engram_core import InvalidInputError
from engram_langgraph.checkpoints import NewCheckpoint, NewWrites, Row, Values
from engram_langgraph.items import is_unicode

#: Values of these types are kept in the checkpoint itself, a string up to so many characters.
PLAIN = (type(None), bool, int, float, str)
LONGEST_INLINED = 200
#: Bytes of a thread's id, and of all other names in a key together: a copied thread's names fit beside any id. An index
#: takes rows of some 2,700 bytes, and there is a tenant in them too.
LONGEST_THREAD, LONGEST_NAMES = 500, 1_500
#: Bytes of a run's id, which has an index of its own.
LONGEST_RUN = 2_000

_COUNTERS = "counters_since_delta_snapshot"
#: What JSON may have that Postgres cannot keep; where it is but a word of a text, cleaning changes nothing.
_UNKEPT = re.compile(r"\\u0000|[\ud800-\udfff]|NaN|Infinity")


def address(config: RunnableConfig, ns: str | None = "") -> tuple[str, str | None, str | None]:
    """Read thread, namespace (`ns` where it names none) and checkpoint from a configuration.

    Raises:
        InvalidInputError: It names no thread, or a name that cannot be stored.
    """
    configurable = config.get("configurable") or {}
    thread_id = configurable.get("thread_id")
    if thread_id is None or thread_id == "":
        raise InvalidInputError("config", configurable, "a mapping whose `configurable` has a `thread_id`")
    found = configurable.get("checkpoint_ns", ns)
    checkpoint_id = configurable.get("checkpoint_id") or None
    return (
        thread_name("thread_id", thread_id),
        None if found is None else name("checkpoint_ns", found),
        None if checkpoint_id is None else name("checkpoint_id", checkpoint_id),
    )


def name(argument: str, value: object) -> str:
    """Return a name as it is stored.

    Raises:
        InvalidInputError: Postgres cannot keep it.
    """
    text = str(value)
    if not is_unicode(text):
        raise InvalidInputError(argument, value, "text without lone surrogates")
    if "\x00" in text:
        raise InvalidInputError(argument, value, "text without NUL")
    return text


def thread_name(argument: str, value: object) -> str:
    """Return the name of a thread as it is stored.

    Raises:
        InvalidInputError: It is none, too long, or Postgres cannot keep it.
    """
    if value is None or value == "":
        raise InvalidInputError(argument, value, "the id of a thread")
    text = name(argument, value)
    if len(text.encode()) > LONGEST_THREAD:
        raise InvalidInputError(argument, value, f"{LONGEST_THREAD:,} bytes at most")
    return text


def check_several(argument: str, ids: Sequence[str]) -> list[str]:
    """Return names as they are stored.

    Raises:
        InvalidInputError: It is a single one or none at all, or one of them is empty or cannot be kept.
    """
    if isinstance(ids, (str, bytes)) or not isinstance(ids, Iterable):
        raise InvalidInputError(argument, ids, "a sequence of ids, not a single one")
    found = list(ids)
    for id in found:
        if id is None or id == "":
            raise InvalidInputError(argument, id, "ids, none of them empty")
    return [name(argument, id) for id in found]


def _check_length(**names: str) -> None:
    """Refuse names that, beside their thread's, are too long for an index."""
    sizes = {argument: len(text.encode()) for argument, text in names.items()}
    if sum(sizes.values()) > LONGEST_NAMES:
        longest = max(sizes, key=lambda argument: sizes[argument])
        raise InvalidInputError(
            longest, names[longest], f"{LONGEST_NAMES:,} bytes at most, {' and '.join(names)} together"
        )


def dump_checkpoint(
    serde: SerializerProtocol,
    config: RunnableConfig,
    checkpoint: Checkpoint,
    metadata: CheckpointMetadata,
    new_versions: ChannelVersions,
) -> NewCheckpoint:
    """Serialize a checkpoint: what is small and plain with it, other values that are new apart."""
    _, ns, parent_id = address(config)
    id = name("checkpoint", checkpoint["id"])
    _check_length(checkpoint_ns=ns or "", checkpoint_id=id)
    values = checkpoint["channel_values"]
    for channel in {**checkpoint["channel_versions"], **values}:
        name("channel", channel)
    inlined = {channel: value for channel, value in values.items() if _is_small(value)}
    type_, body = serde.dumps_typed({**checkpoint, "channel_values": inlined})
    apart = {
        channel: str(version) for channel, version in checkpoint["channel_versions"].items() if channel not in inlined
    }
    # A checkpoint that is said to bring nothing new is a copy, perhaps of one that was never here: all it has is sent.
    new, new_versions = Values(), new_versions or checkpoint["channel_versions"]
    for channel in sorted(new_versions.keys() & values.keys() - inlined.keys()):  # sorted: no two writers deadlock
        version = name("version", new_versions[channel])
        _check_length(checkpoint_ns=ns or "", channel=channel, version=version)
        value_type, value = serde.dumps_typed(values[channel])
        new.channels.append(channel)
        new.versions.append(version)
        new.types.append(value_type)
        new.values.append(bytes(value))
    counters: Mapping[str, object] = cast(Any, metadata).get(_COUNTERS) or {}
    snapshots = {channel for channel, value in values.items() if isinstance(value, _DeltaSnapshot)}
    return NewCheckpoint(
        ns=ns or "",
        id=id,
        parent_id=parent_id,
        type=type_,
        body=body,
        inlined=list(inlined),
        channels=list(apart),
        versions=list(apart.values()),
        deltas=sorted(snapshots | counters.keys()),
        metadata=_dump_metadata(cast(Any, get_checkpoint_metadata(config, metadata))),
        new=new,
    )


def load_checkpoint(serde: SerializerProtocol, row: Row) -> CheckpointTuple:
    """Make a checkpoint tuple of a row."""
    checkpoint = serde.loads_typed((row["type"], row["body"]))
    for channel, type_, value in row["blobs"]:
        checkpoint["channel_values"][channel] = serde.loads_typed((type_, value))
    parent_id = row["parent_id"]
    return CheckpointTuple(
        config=_config(row, row["checkpoint_id"]),
        checkpoint=cast(Checkpoint, checkpoint),
        metadata=json.loads(row["metadata"]),
        parent_config=None if parent_id is None else _config(row, parent_id),
        pending_writes=[
            (task_id, channel, serde.loads_typed((type_, value))) for task_id, channel, type_, value in row["writes"]
        ],
    )


def dump_writes(
    serde: SerializerProtocol,
    config: RunnableConfig,
    writes: Sequence[tuple[str, Any]],
    task_id: str,
    task_path: str,
) -> NewWrites:
    """Serialize what a task wrote. Of errors, interrupts and the like it has one of a kind: the last."""
    _, ns, checkpoint_id = address(config)
    if checkpoint_id is None:
        raise InvalidInputError("config", config.get("configurable"), "one with the `checkpoint_id` written to")
    task_id = name("task_id", task_id)
    _check_length(checkpoint_ns=ns or "", checkpoint_id=checkpoint_id, task_id=task_id)
    by_place = {WRITES_IDX_MAP.get(channel, place): (channel, value) for place, (channel, value) in enumerate(writes)}
    typed = [serde.dumps_typed(value) for _, value in by_place.values()]
    return NewWrites(
        ns=ns or "",
        checkpoint_id=checkpoint_id,
        task_id=task_id,
        task_path=name("task_path", task_path),
        places=list(by_place),
        channels=[name("channel", channel) for channel, _ in by_place.values()],
        types=[type_ for type_, _ in typed],
        values=[bytes(value) for _, value in typed],
    )


def load_history(
    serde: SerializerProtocol, rows: Iterable[Row], channels: Sequence[str]
) -> Mapping[str, DeltaChannelHistory]:
    """Make channel histories of their rows, which are in order."""
    found: dict[str, DeltaChannelHistory] = {channel: {"writes": []} for channel in channels}
    for row in rows:
        channel, value = row["channel"], serde.loads_typed((row["type"], row["value"]))
        if row["kind"] == "write":
            found[channel]["writes"].append((row["task_id"], channel, value))
        else:
            found[channel]["seed"] = value if row["kind"] == "blob" else value["channel_values"][channel]
    return found


def dump_filter(filter: object) -> str:
    """Write what metadata are to contain as JSON: without NUL, as metadata are kept.

    Raises:
        InvalidInputError: JSON or Postgres cannot say it.
    """
    text = _dump("filter", filter)
    if not is_unicode(text):
        raise InvalidInputError("filter", filter, "text without lone surrogates")
    return _dump("filter", _cleaned(filter)) if _UNKEPT.search(text) else text


def _dump_metadata(metadata: Mapping[str, Any]) -> str:
    """Write metadata as JSON that Postgres can keep; no text or number that came by the way ends a run.

    NUL goes; U+FFFD stands for a lone surrogate, null for a number that is not finite.

    Raises:
        InvalidInputError: JSON cannot say them, or the run's id is too long for an index.
    """
    text = _dump("metadata", metadata, allow_nan=True)
    if _UNKEPT.search(text):
        metadata = _cleaned(metadata)
        text = _dump("metadata", metadata)
    run_id = metadata.get("run_id")
    if len(_dump("metadata", run_id).encode()) > LONGEST_RUN:
        raise InvalidInputError("metadata['run_id']", run_id, f"{LONGEST_RUN:,} bytes at most")
    return text


def _dump(argument: str, value: object, *, allow_nan: bool = False) -> str:
    try:
        return json.dumps(value, ensure_ascii=False, allow_nan=allow_nan)
    except (TypeError, ValueError, RecursionError) as exc:
        raise InvalidInputError(argument, value, f"what JSON can say ({exc})") from exc


def _cleaned(value: Any) -> Any:
    if isinstance(value, str):
        return value.replace("\x00", "").encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {_cleaned(key): _cleaned(item) for key, item in value.items()}
    return [_cleaned(item) for item in value] if isinstance(value, (list, tuple)) else value


def _is_small(value: object) -> bool:
    return type(value) in PLAIN and not (type(value) is str and len(value) > LONGEST_INLINED)


def _config(row: Row, checkpoint_id: str) -> RunnableConfig:
    return {
        "configurable": {
            "thread_id": row["thread_id"],
            "checkpoint_ns": row["checkpoint_ns"],
            "checkpoint_id": checkpoint_id,
        }
    }
