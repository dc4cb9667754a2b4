"""Vectors: a dictionary for each space, of which one serves."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

from engram_core.domain.memory import Memory, Space
from engram_core.errors import ConflictError, SchemaMismatchError, StoreError
from engram_core.ports import Matrix, RefillBatch, Vector
from engram_core.stores.inmemory.rows import Rows, separate


class Spaces:
    """Vectors by space and id. Closed at first; what it holds stays when it is closed again.

    Args:
        rows: The memories.
    """

    def __init__(self, rows: Rows) -> None:
        self._rows = rows
        self._spaces: dict[Space, dict[str, Vector]] = {}
        self._serving: Space | None = None
        self._is_open = False

    @property
    def vectors(self) -> Mapping[str, Vector]:
        """The vectors of the space that serves; `StoreError` while closed."""
        return self._served()

    def open(self, space: Space) -> None:
        """Let a space serve if none does yet.

        Raises:
            SchemaMismatchError: Another one serves.
        """
        if self._serving is None:
            self._serve(space)
        elif self._serving != space:
            raise SchemaMismatchError(f"the store serves vectors of {self._serving}, not of {space}: refill it first")
        self._is_open = True

    def close(self) -> None:
        """Refuse further use until it is opened again."""
        self._is_open = False

    def require_open(self) -> None:
        """Raise `StoreError` while closed."""
        self._served()

    def lacks(self, id: str) -> bool:
        """Tell whether a memory is there and has no vector in the space that serves."""
        return id in self._rows and id not in self._served()

    def put(self, ids: Iterable[str], vectors: Mapping[str, Vector]) -> None:
        """Store the vectors of memories in the space that serves, as far as given."""
        self._served().update({id: vectors[id].copy() for id in ids if id in vectors})

    def erase(self, ids: Collection[str]) -> int:
        """Remove the vectors of memories from all spaces; return how many there were."""
        return sum(space.pop(id, None) is not None for space in self._spaces.values() for id in ids)

    def refill(self, space: Space, batch: int) -> Iterator[RefillBatch]:
        """Iterate over memories that lack a vector in a space, which `fill` gives them."""
        filling = self._spaces.setdefault(space, {})
        while lacking := [row.memory for row in self._rows if row.memory.id not in filling]:
            yield RefillBatch(tuple(map(separate, lacking[:batch])), len(lacking))

    def fill(self, space: Space, memories: Sequence[Memory], vectors: Matrix) -> None:
        """Store vectors in a space, but for those that are there already."""
        if space not in self._spaces:
            raise ConflictError(f"{space} is not being filled")
        given = zip((memory.id for memory in memories), vectors, strict=True)
        present = {id: vector.copy() for id, vector in given if id in self._rows}
        filling = self._spaces[space]
        filling.update({id: vector for id, vector in present.items() if id not in filling})
        if space == self._serving:
            self._rows.index(present, filling)

    def switch(self, space: Space) -> None:
        """Let a filled space serve alone."""
        lacking = len(self._rows) - len(self._spaces.get(space, {}))
        if space not in self._spaces or lacking:
            raise ConflictError(f"{lacking} memories still lack a vector in {space}")
        self._serve(space)
        self._is_open = True

    def _served(self) -> dict[str, Vector]:
        if self._serving is None or not self._is_open:
            raise StoreError("the store is not open")
        return self._spaces[self._serving]

    def _serve(self, space: Space) -> None:
        self._spaces = {space: self._spaces.get(space, {})}
        self._serving = space
        self._rows.index_anew(space.dimension, self._spaces[space])
