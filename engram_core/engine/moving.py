"""Verbs about whole scopes."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from typing import Any

from engram_core.domain.checks import check_callback
from engram_core.domain.results import EraseReceipt, ImportResult
from engram_core.engine.base import EngineBase, utc_now
from engram_core.ingest.refill import refill
from engram_core.ingest.transfer import Importer, RecordStream, export_records


class Moving(EngineBase):
    """`erase`, `export`, `import_` and `reembed`."""

    async def erase(
        self, *, user_id: str | None = None, agent_id: str | None = None, session_id: str | None = None
    ) -> EraseReceipt:
        """Remove a scope physically, history included, in one transaction; an empty scope is an error."""
        scope = self._scope(user_id, agent_id, session_id).required()
        backend = await self._backend.opened()
        return await backend.store.erase(scope)

    async def export(
        self,
        *,
        user_id: str | None = None,
        agent_id: str | None = None,
        session_id: str | None = None,
    ) -> AsyncIterator[dict[str, Any]]:
        """Yield every version and the whole history of a scope as records for JSON Lines.

        Without a scope it is the whole tenant. `import_` takes the records back without loss.
        """
        scope = self._scope(user_id, agent_id, session_id)
        backend = await self._backend.opened()
        async for record in export_records(backend.store, scope, utc_now()):
            yield record

    async def import_(self, records: RecordStream, *, progress: Callable[[int], None] | None = None) -> ImportResult:
        """Take back what `export` gave, as lines or as mappings, into this tenant; what is there already stays.

        Args:
            records: An iterable or async iterable.
            progress: Called with the number of records read so far.

        Raises:
            InvalidInputError: A record cannot be read; batches before it are stored, and another run goes on.
            ConflictError: An id belongs to a memory of another scope.
        """
        check_callback("progress", progress)
        backend = await self._backend.opened()
        return await Importer(backend.store, backend.embedder, self._tenant).run(records, progress)

    async def reembed(self, *, progress: Callable[[int, int], None] | None = None) -> int:
        """Embed the whole store anew with this engine's model, then let it serve; interrupted, it goes on.

        Args:
            progress: Called with how many memories are done and how many there were to do.

        Returns:
            How many memories were embedded.
        """
        check_callback("progress", progress)
        backend = await self._backend.built()
        return await refill(backend.store, backend.embedder, progress)
