"""The search index over the memories of one owner, or of any other set that is searched together.

Memories take slots in the order of arrival. Writes cost in proportion to what is written, on average; a removal
costs a rebuild. What a view has taken (`snapshot`, `mask`) stays as it was: arrays grow or are replaced, and what
is written in place concerns only times, which `mask` has read by then, and vectors of slots without one.

Not for several threads at once.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engram_core.domain.scope import PARTS
from engram_core.domain.selection import Selection
from engram_core.ports import Matrix
from engram_core.stores.index import postings as inverted
from engram_core.stores.index.batch import KIND_CODES, NEVER, Batch, microseconds
from engram_core.stores.index.columns import Columns
from engram_core.stores.index.order import NO_TURNS, TurnOrder
from engram_core.stores.index.postings import Postings, Slots
from engram_core.stores.index.tokens import TokenColumn, TokenRows

Mask = NDArray[np.bool_]
_TURN = KIND_CODES["turn"]
_BYTES_PER_ID = 300  # the text of an id, its places in a list and a dictionary


@dataclass(frozen=True, slots=True)
class Snapshot:
    """What one view reads, all of the same moment; arrays are by slot."""

    ids: list[str]
    slots: Mapping[str, int]  # of ids; those of later arrivals too
    vectors: Matrix
    embedded: Mask
    lengths: NDArray[np.int32]
    postings: Postings
    turns: TurnOrder
    tokens: TokenRows
    kinds: NDArray[np.int8]
    times: NDArray[np.int64]
    speakers: NDArray[np.int32]
    names: list[str | None]
    assistant: Mask
    signs: NDArray[np.int32]


class ShardIndex:
    """Vectors, terms and what they are filtered by, of some memories of one tenant.

    What never changes under an id: scope, kind, `valid_from` and order of arrival.

    Args:
        dimension: Length of the vectors.
    """

    def __init__(self, dimension: int) -> None:
        self.dimension = dimension
        self._ids: list[str] = []
        self._slots: dict[str, int] = {}
        self._names: dict[str, dict[str | None, int]] = {part: {} for part in PARTS}
        self._conversations: dict[tuple[int, ...], int] = {}
        self._speakers: dict[str | None, int] = {}
        self._columns = Columns(dimension)
        self._tokens = TokenColumn()
        self._postings: Postings = ()
        self._turns = NO_TURNS
        self._ordered = 0  # slots below are in `_turns`

    def __len__(self) -> int:
        return len(self._ids)

    def __contains__(self, id: object) -> bool:
        return id in self._slots

    @property
    def nbytes(self) -> int:
        """Bytes held, nearly."""
        held = self._columns.nbytes + self._tokens.nbytes + sum(segment.nbytes for segment in self._postings)
        return held + _BYTES_PER_ID * len(self) + 24 * len(self._turns.slots)

    def put(self, batch: Batch) -> None:
        """Store new memories, and what changed of known ones: times, a vector, other terms.

        Args:
            batch: Rows in the order of arrival. Cheap when they arrived after all that is here.
        """
        known = np.array([id in self._slots for id in batch.ids], np.bool_)
        if known.any():
            self._renew(batch, np.flatnonzero(known))
        fresh = np.flatnonzero(~known)
        if len(fresh):
            self._append(batch, fresh)

    def remove(self, ids: Iterable[str]) -> None:
        """Forget memories; unknown ids are passed over."""
        gone = [self._slots[id] for id in ids if id in self._slots]
        if gone:
            kept = np.ones(len(self), np.bool_)
            kept[gone] = False
            self._rebuild(np.flatnonzero(kept))

    def mask(self, selection: Selection, admitted: Collection[str] | None = None) -> Mask:
        """Tell which slots a selection admits, its tenant and its condition on metadata aside.

        Args:
            selection: Scope, kinds and time are applied.
            admitted: Ids that meet the condition on metadata; None means all.

        Returns:
            (len(self),) by slot.
        """
        columns = self._columns
        mask = np.ones(len(self), np.bool_) if admitted is None else self._mask_of(admitted)
        for part in PARTS:
            wanted, names = getattr(selection.scope, part), self._names[part]
            if wanted is None:
                continue
            if wanted not in names:
                return np.zeros(len(self), np.bool_)
            if len(names) > 1:
                mask &= columns[part] == names[wanted]
        if selection.kinds is not None:
            chosen = np.array([kind in selection.kinds for kind in KIND_CODES], np.bool_)
            mask &= chosen[columns["kind"]]
        if selection.past:
            return mask
        if selection.as_of is None:
            return mask & (microseconds(selection.now) < columns["current_until"])
        moment = microseconds(selection.as_of)
        return mask & (columns["valid_from"] <= moment) & (moment < columns["held_until"])

    def snapshot(self) -> Snapshot:
        """Take what a view reads."""
        self._order_turns()
        columns = self._columns
        return Snapshot(
            ids=self._ids,
            slots=self._slots,
            vectors=columns.vectors,
            embedded=columns["embedded"].copy(),
            lengths=columns["length"],
            postings=self._postings,
            turns=self._turns,
            tokens=self._tokens.rows(),
            kinds=columns["kind"],
            times=columns["valid_from"],
            speakers=columns["speaker"],
            names=list(self._speakers),
            assistant=columns["assistant"],
            signs=columns["signs"].copy(),
        )

    def _append(self, batch: Batch, rows: Slots) -> None:
        start, last = len(self), self._columns["seq"][-1:]
        slots = np.arange(start, start + len(rows))
        owners = np.full(len(batch), -1, np.int64)
        owners[rows] = slots
        self._ids += [batch.ids[row] for row in rows]
        self._slots.update(zip(self._ids[start:], slots.tolist(), strict=True))
        self._columns.append(batch.vectors[rows], {**_mutable(batch, rows), **self._fixed(batch, rows)})
        self._tokens.extend([batch.tokens[row] for row in rows])
        self._add_terms(batch, owners)
        seq = batch.seq[rows]
        if np.any(np.diff(np.concatenate([last, seq])) < 0):
            self._rebuild(np.argsort(self._columns["seq"], kind="stable"))

    def _renew(self, batch: Batch, rows: Slots) -> None:
        slots = np.array([self._slots[batch.ids[row]] for row in rows], np.int64)
        columns = self._columns
        new = _mutable(batch, rows)
        other = new["checksum"] != columns["checksum"][slots]
        embedded = new["embedded"]
        columns.vectors[slots[embedded]] = batch.vectors[rows[embedded]]
        self._tokens.put(slots, [batch.tokens[row] for row in rows])
        for name, values in new.items():
            columns[name][slots] = values
        if other.any():
            places = np.arange(len(self))
            places[slots[other]] = -1
            self._postings = inverted.renumbered(self._postings, places)
            owners = np.full(len(batch), -1, np.int64)
            owners[rows[other]] = slots[other]
            self._add_terms(batch, owners)

    def _add_terms(self, batch: Batch, owners: Slots) -> None:
        """Index the terms of a batch's rows for the slots in `owners`; -1 leaves a row out."""
        slots = np.repeat(owners, np.diff(batch.offsets))
        wanted = slots >= 0
        freqs = batch.freqs[wanted].astype(np.float32)
        self._postings = inverted.added(self._postings, batch.terms[wanted], slots[wanted], freqs)

    def _fixed(self, batch: Batch, rows: Slots) -> dict[str, NDArray[np.generic]]:
        parts = (batch.users, batch.agents, batch.sessions)
        codes = [
            [names.setdefault(values[row], len(names)) for row in rows]
            for names, values in zip(self._names.values(), parts, strict=True)
        ]
        conversations = [
            self._conversations.setdefault(triple, len(self._conversations)) for triple in zip(*codes, strict=True)
        ]
        fixed = {part: np.array(column, np.int32) for part, column in zip(PARTS, codes, strict=True)}
        return {
            **fixed,
            "conversation": np.array(conversations, np.int32),
            "kind": batch.kinds[rows],
            "speaker": np.array([self._speaker(batch.speakers[row]) for row in rows], np.int32),
            "assistant": batch.assistant[rows],
            "valid_from": batch.valid_from[rows],
            "seq": batch.seq[rows],
        }

    def _speaker(self, name: str | None) -> int:
        return self._speakers.setdefault(name, len(self._speakers))

    def _mask_of(self, ids: Collection[str]) -> Mask:
        mask = np.zeros(len(self), np.bool_)
        mask[[self._slots[id] for id in ids if id in self._slots]] = True
        return mask

    def _order_turns(self) -> None:
        if self._ordered < len(self):
            columns = self._columns
            slots = self._ordered + np.flatnonzero(columns["kind"][self._ordered :] == _TURN)
            self._turns = self._turns.plus(slots, columns["conversation"][slots], columns["valid_from"][slots])
            self._ordered = len(self)

    def _rebuild(self, order: Slots) -> None:
        """Keep the given slots alone, in the given order, in new arrays."""
        places = np.full(len(self), -1, np.int64)
        places[order] = np.arange(len(order))
        self._ids = [self._ids[slot] for slot in order.tolist()]
        self._slots = {id: slot for slot, id in enumerate(self._ids)}
        self._columns = self._columns.taken(order)
        self._tokens = self._tokens.taken(order)
        self._postings = inverted.renumbered(self._postings, places)
        self._turns, self._ordered = NO_TURNS, 0


def _mutable(batch: Batch, rows: Slots) -> dict[str, NDArray[np.generic]]:
    """Compute what may change under an id."""
    expiry = np.minimum(batch.valid_to[rows], batch.expires_at[rows])
    retired = batch.retired_at[rows]
    sums = np.concatenate([np.zeros(1, np.int64), np.cumsum(batch.terms * (batch.freqs.astype(np.int64) * 2 + 1))])
    return {
        "current_until": np.where(retired == NEVER, expiry, np.iinfo(np.int64).min),
        "held_until": np.minimum(expiry, retired),
        "embedded": batch.embedded[rows],
        "signs": batch.signs[rows],
        "length": batch.lengths[rows],
        "checksum": sums[batch.offsets[rows + 1]] - sums[batch.offsets[rows]],
    }
