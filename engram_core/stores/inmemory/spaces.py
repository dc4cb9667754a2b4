"""Vectors: a dictionary for each space, of which one serves."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from engram_core.domain.memory import Memory, Space
from engram_core.errors import ConflictError, SchemaMismatchError, StoreError
from engram_core.ports import Matrix, RefillBatch, Tokens, Vector
from engram_core.stores.inmemory.rows import Rows, separate


@dataclass(slots=True)
class Held:
    """What one space holds, by id: vectors, and those of tokens where there are any."""

    vectors: dict[str, Vector] = field(default_factory=dict)
    tokens: dict[str, Tokens] = field(default_factory=dict)

    def put(self, id: str, vector: Vector, tokens: Tokens | None) -> None:
        """Keep copies."""
        self.vectors[id] = vector.copy()
        if tokens is not None:
            self.tokens[id] = tokens.copy()

    def erase(self, id: str) -> bool:
        """Forget an id; tell whether it had a vector."""
        self.tokens.pop(id, None)
        return self.vectors.pop(id, None) is not None


class Spaces:
    """Vectors by space and id. Closed at first; what it holds stays when it is closed again.

    Args:
        rows: The memories.
    """

    def __init__(self, rows: Rows) -> None:
        self._rows = rows
        self._spaces: dict[Space, Held] = {}
        self._serving: Space | None = None
        self._is_open = False

    @property
    def vectors(self) -> Mapping[str, Vector]:
        """The vectors of the space that serves; `StoreError` while closed."""
        return self._served().vectors

    @property
    def tokens(self) -> Mapping[str, Tokens]:
        """The vectors of tokens in the space that serves; `StoreError` while closed."""
        return self._served().tokens

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
        return id in self._rows and id not in self.vectors

    def put(self, ids: Iterable[str], vectors: Mapping[str, Vector], tokens: Mapping[str, Tokens]) -> None:
        """Store the vectors of memories in the space that serves, as far as given."""
        held = self._served()
        for id in ids:
            if id in vectors:
                held.put(id, vectors[id], tokens.get(id))

    def erase(self, ids: Collection[str]) -> int:
        """Remove the vectors of memories from all spaces; return how many there were."""
        return sum(space.erase(id) for space in self._spaces.values() for id in ids)

    def refill(self, space: Space, batch: int) -> Iterator[RefillBatch]:
        """Iterate over memories that lack a vector in a space, which `fill` gives them."""
        filling = self._spaces.setdefault(space, Held()).vectors
        while lacking := [row.memory for row in self._rows if row.memory.id not in filling]:
            yield RefillBatch(tuple(map(separate, lacking[:batch])), len(lacking))

    def fill(self, space: Space, memories: Sequence[Memory], vectors: Matrix, tokens: Sequence[Tokens]) -> None:
        """Store vectors in a space, but for those that are there already."""
        if space not in self._spaces:
            raise ConflictError(f"{space} is not being filled")
        filling = self._spaces[space]
        ids = [memory.id for memory in memories]
        told = dict(zip(ids, tokens, strict=True)) if tokens else {}
        for id, vector in zip(ids, vectors, strict=True):
            if id in self._rows and id not in filling.vectors:
                filling.put(id, vector, told.get(id))
        if space == self._serving:
            self._rows.index([id for id in ids if id in self._rows], filling.vectors, filling.tokens)

    def switch(self, space: Space) -> None:
        """Let a filled space serve alone."""
        lacking = len(self._rows) - len(self._spaces.get(space, Held()).vectors)
        if space not in self._spaces or lacking:
            raise ConflictError(f"{lacking} memories still lack a vector in {space}")
        self._serve(space)
        self._is_open = True

    def _served(self) -> Held:
        if self._serving is None or not self._is_open:
            raise StoreError("the store is not open")
        return self._spaces[self._serving]

    def _serve(self, space: Space) -> None:
        held = self._spaces.get(space, Held())
        self._spaces = {space: held}
        self._serving = space
        self._rows.index_anew(space.dimension, held.vectors, held.tokens)
