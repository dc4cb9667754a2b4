"""A selection as SQL: text that depends on the shape of its filter alone, and parameters that carry every value."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

from engram_core.domain.filters import All, AnyOf, Compare, Filter, Not
from engram_core.domain.selection import Selection
from engram_core.stores.postgres.queries import load_queries

SQL = load_queries("conditions")
_OPERATORS = {"$gt": ">", "$gte": ">=", "$lt": "<", "$lte": "<="}


@dataclass(frozen=True, slots=True)
class Condition:
    """What a selection admits of the rows of `memories`, called `m`: its text and its parameters `$1` to `$10`."""

    sql: str
    parameters: tuple[Any, ...]


def compile_selection(selection: Selection) -> Condition:
    """Say a selection in SQL; selects what `Selection.admits` admits."""
    filters = _Filters()
    condition = "true" if selection.condition is None else filters.compile(selection.condition)
    scope = selection.scope
    return Condition(
        SQL.admitted.format(condition=condition),
        (
            scope.tenant,
            scope.user_id,
            scope.agent_id,
            scope.session_id,
            None if selection.kinds is None else sorted(selection.kinds),
            selection.now,
            selection.as_of,
            selection.past,
            filters.steps,
            filters.operands,
        ),
    )


@dataclass(slots=True)
class _Filters:
    steps: list[str] = field(default_factory=list)
    operands: list[str] = field(default_factory=list)

    def compile(self, condition: Filter) -> str:
        match condition:
            case All(parts):
                return self._joined(parts, " AND ", "true")
            case AnyOf(parts):
                return self._joined(parts, " OR ", "false")
            case Not(part):
                return f"NOT ({self.compile(part)})"
            case Compare():
                return self._compare(condition)

    def _joined(self, parts: tuple[Filter, ...], word: str, empty: str) -> str:
        return word.join(f"({self.compile(part)})" for part in parts) or empty

    def _compare(self, condition: Compare) -> str:
        value = self._value(condition.path)
        match condition.op:
            case "$exists":
                return (SQL.exists if condition.value else SQL.missing).format(value=value)
            case "$eq":
                return SQL.equal.format(value=value, index=self._operand(condition.value))
            case "$in":
                return SQL.one_of.format(value=value, index=self._operand(condition.value))
            case op:
                form = SQL.string if isinstance(condition.value, str) else SQL.number
                return form.format(value=value, operator=_OPERATORS[op], index=self._operand(condition.value))

    def _value(self, path: tuple[str, ...]) -> str:
        value = "m.metadata"
        for step in path:
            self.steps.append(step)
            value = SQL.step.format(value=value, index=len(self.steps))
        return value

    def _operand(self, value: Any) -> int:
        self.operands.append(json.dumps(value, ensure_ascii=False, default=dict))
        return len(self.operands)
