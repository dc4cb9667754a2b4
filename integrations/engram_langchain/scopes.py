"""Whose memories a run of an agent is about."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, is_dataclass, replace
from typing import Any, Protocol, TypedDict

from langgraph.runtime import ExecutionInfo
from pydantic import BaseModel

from engram_core import InvalidInputError, Scope

_PARTS = ("user_id", "agent_id", "session_id")


class Parts(TypedDict):
    """A scope as the engine's verbs take it."""

    user_id: str | None
    agent_id: str | None
    session_id: str | None


class Running(Protocol):
    """What the `Runtime` of a hook and the `ToolRuntime` of a tool have in common."""

    @property
    def context(self) -> Any:
        """What the run was given as `context=`."""

    @property
    def execution_info(self) -> ExecutionInfo | None:
        """Where the run is; its thread among others."""


@dataclass(frozen=True, slots=True)
class Scoping:
    """Reads the scope of a run from its context and its thread.

    Attributes:
        given: What holds where a run does not say; its tenant is the engine's.
        require_user: Whether a scope without a user is an error.
    """

    given: Scope
    require_user: bool = True

    def scope(self, runtime: Running) -> Scope:
        """Return the scope of a run, its thread as the session where nobody names one.

        Raises:
            InvalidInputError: It names nobody whose memories outlast the thread, or its context is none that could.
        """
        said = {part: _said(runtime.context, part) for part in _PARTS}
        found = replace(self.given, **{part: value for part, value in said.items() if value is not None})
        if found.user_id is None and (self.require_user or found.agent_id is None):
            accepted = "a user_id in the context of the run, as in agent.invoke(…, context={'user_id': 'ada'})"
            raise InvalidInputError("user_id", runtime.context, f"{accepted}, or in the constructor")
        thread = runtime.execution_info.thread_id if runtime.execution_info is not None else None
        if found.session_id is None and thread is not None:
            return replace(found, session_id=str(thread))
        return found


def across_sessions(scope: Scope) -> Scope:
    """Return what a memory is recalled from: everything of the user (with the agent), whatever the session."""
    return replace(scope, session_id=None)


def parts(scope: Scope) -> Parts:
    """Return a scope as keywords for the engine's verbs."""
    return Parts(user_id=scope.user_id, agent_id=scope.agent_id, session_id=scope.session_id)


def _said(context: Any, part: str) -> Any:
    """Return a part as a context says it, whatever it is: `Scope` refuses what is no name.

    Raises:
        InvalidInputError: It is no context, such as a bare name: it would count as one that says nothing.
    """
    if isinstance(context, Mapping):
        return context.get(part)
    is_known = is_dataclass(context) or isinstance(context, BaseModel) or any(hasattr(context, p) for p in _PARTS)
    if context is not None and (isinstance(context, type) or not is_known):
        raise InvalidInputError("context", context, "a mapping, a dataclass, a model or an object that has a user_id")
    return getattr(context, part, None)
