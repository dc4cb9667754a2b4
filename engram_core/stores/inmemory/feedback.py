"""Labels of hits."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import replace

from engram_core.domain.scope import Scope
from engram_core.ports import Label, LabelledQuestion
from engram_core.stores.inmemory.rows import Rows


class Labels:
    """Labels by memory and question.

    Args:
        rows: The memories.
    """

    def __init__(self, rows: Rows) -> None:
        self._rows = rows
        self._labels: dict[str, dict[str, Label]] = {}

    def put(self, scope: Scope, label: Label) -> bool:
        """Keep a label; False when the owner of the scope has no such memory."""
        row = self._rows.get(label.memory_id)
        if row is None or row.memory.scope.owner != scope.owner:
            return False
        mine = self._labels.setdefault(label.memory_id, {})
        before = mine.get(label.question)
        if before is None or (before.useful, before.signals) != (label.useful, label.signals):
            mine[label.question] = _separate(label)
        return True

    def within(self, tenant: str) -> Iterator[LabelledQuestion]:
        """Iterate over the labels of a tenant by question."""
        found: dict[str, list[Label]] = defaultdict(list)
        for label in self._of(tenant):
            found[label.question].append(_separate(label))
        for question in sorted(found):
            yield LabelledQuestion.of(found[question])

    def count(self, tenant: str) -> int:
        """Count the labels of a tenant."""
        return sum(1 for _ in self._of(tenant))

    def erase(self, ids: Iterable[str]) -> int:
        """Remove the labels of memories; return how many."""
        return sum(len(self._labels.pop(id, ())) for id in ids)

    def _of(self, tenant: str) -> Iterator[Label]:
        for row in self._rows.of_tenant(tenant, self._labels):
            yield from self._labels[row.memory.id].values()


def _separate(label: Label) -> Label:
    return replace(label, signals=dict(label.signals))
