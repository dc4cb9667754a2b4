"""Columns that grow together."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engram_core.ports import Matrix
from engram_core.stores.index.postings import Slots

_TYPES: dict[str, Any] = {
    "user_id": np.int32,
    "agent_id": np.int32,
    "session_id": np.int32,
    "conversation": np.int32,
    "kind": np.int8,
    "valid_from": np.int64,
    "seq": np.int64,
    "current_until": np.int64,
    "held_until": np.int64,
    "embedded": np.bool_,
    "length": np.int32,
    "checksum": np.int64,
    "speaker": np.int32,
    "assistant": np.bool_,
    "signs": np.int32,
}
_SPARE = 1.5


class Columns:
    """One array a column and one matrix of vectors, with room to grow.

    Arrays handed out are views of the rows that were there; growing never changes these.
    """

    def __init__(self, dimension: int, capacity: int = 0) -> None:
        self._size = 0
        self._vectors = np.zeros((capacity, dimension), np.float32)
        self._arrays: dict[str, NDArray[Any]] = {name: np.zeros(capacity, kind) for name, kind in _TYPES.items()}

    def __getitem__(self, name: str) -> NDArray[Any]:
        return self._arrays[name][: self._size]

    @property
    def vectors(self) -> Matrix:
        """The vectors (n, dimension); zeros where there is none."""
        return self._vectors[: self._size]

    @property
    def nbytes(self) -> int:
        """Bytes held, spare room included."""
        return self._vectors.nbytes + sum(array.nbytes for array in self._arrays.values())

    def append(self, vectors: Matrix, columns: Mapping[str, NDArray[Any]]) -> None:
        """Add rows; every column must be given."""
        size = self._size + len(vectors)
        if size > len(self._vectors):
            capacity = size if not self._size else int(size * _SPARE)
            self._vectors = _grown(self._vectors, self._size, capacity)
            self._arrays = {name: _grown(array, self._size, capacity) for name, array in self._arrays.items()}
        self._vectors[self._size : size] = vectors
        for name, array in self._arrays.items():
            array[self._size : size] = columns[name]
        self._size = size

    def taken(self, rows: Slots) -> Columns:
        """Return copies of some rows."""
        other = Columns(self._vectors.shape[1])
        other.append(self.vectors[rows], {name: self[name][rows] for name in _TYPES})
        return other


def _grown(array: NDArray[Any], size: int, capacity: int) -> NDArray[Any]:
    grown = np.zeros((capacity, *array.shape[1:]), array.dtype)
    grown[:size] = array[:size]
    return grown
