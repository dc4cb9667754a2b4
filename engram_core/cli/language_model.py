"""Whether the language model that is configured can be reached: one small call, and what helps where it cannot."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any

import anyio

from engram_core.cli.failures import sentence
from engram_core.cli.findings import Finding, State, fix, unkeyed
from engram_core.config import Settings, masked
from engram_core.errors import (
    ConfigError,
    EngramError,
    InvalidOutputError,
    MissingExtraError,
    ProviderError,
    RateLimitedError,
)

if TYPE_CHECKING:
    from engram_core.ports import ChatModel, Reply

ABOUT = "language model"
#: Seconds that the call may take, the client's own retries included.
PATIENCE = 10.0
_ASKED = [("system", "You answer in JSON."), ("user", 'Answer with {"ok": true} and nothing else.')]
_SCHEMA: dict[str, Any] = {
    "title": "Check",
    "type": "object",
    "properties": {"ok": {"type": "boolean"}},
    "required": ["ok"],
    "additionalProperties": False,
}
_NAME = "set ENGRAM_LLM to openai:<model> or ollama:<model>"
#: What helps by provider: where something is not set, where it cannot be reached, and where it refuses.
_SET = {"openai": "set OPENAI_API_KEY"}
_START = {
    "openai": "check the network, and the address in ENGRAM_OPENAI_BASE_URL if you set one",
    "ollama": "start it with `ollama serve`, or set ENGRAM_OLLAMA_HOST to where it runs",
}
_ALLOW = {
    "openai": "check the key in OPENAI_API_KEY and the name of the model in ENGRAM_LLM",
    "ollama": "fetch it with `ollama pull`, or name another in ENGRAM_LLM",
}


async def language_model(settings: Settings) -> Finding:
    """Tell which model learns, and whether it answers."""
    from engram_core.factory import build_chat_model

    if settings.llm is None:
        return Finding(ABOUT, State.OK, "none is configured (ENGRAM_LLM): the rules learn")
    try:
        model = build_chat_model(settings)
    except MissingExtraError as exc:
        missing = f"{settings.llm} needs the extra {exc.extra}, which is not installed"
        return Finding(ABOUT, State.PROBLEM, missing, fix(exc))
    except ConfigError as exc:
        return Finding(ABOUT, State.PROBLEM, sentence(exc), _SET.get(_provider(settings.llm), _NAME))
    except _refusals() as exc:
        refused = unkeyed(f"{settings.llm}: its address cannot be used ({exc})", settings)
        return Finding(ABOUT, State.PROBLEM, refused, "correct ENGRAM_OLLAMA_HOST or ENGRAM_OPENAI_BASE_URL")
    assert model is not None
    try:
        return await _asked(model, settings)
    finally:
        await model.close()


def _refusals() -> tuple[type[Exception], ...]:
    """Return how clients refuse an address."""
    try:
        from httpx import InvalidURL
    except ImportError:
        return (ValueError,)
    return ValueError, InvalidURL


def _check(reply: Reply) -> None:
    try:
        answer = json.loads(reply.text)
    except ValueError:
        answer = None
    if not isinstance(answer, dict):
        raise InvalidOutputError("it answered, but not in the JSON that was asked for")


async def _asked(model: ChatModel, settings: Settings) -> Finding:
    provider = _provider(settings.llm)
    address = settings.openai_base_url if provider == "openai" else settings.ollama_host
    name = f"{settings.llm} at {masked(address)}" if address else str(settings.llm)
    start = time.perf_counter()
    try:
        with anyio.fail_after(PATIENCE):
            _check(await model.answer(_ASKED, _SCHEMA))
    except TimeoutError:
        slow = f"{name} is not reachable: no answer within {PATIENCE:g} seconds"
        helps = f"run `engram doctor` again if the model is still being loaded; else {_START[provider]}"
        return Finding(ABOUT, State.PROBLEM, slow, helps)
    except EngramError as exc:
        return _failed(name, provider, exc, unkeyed(str(exc), settings))
    return Finding(ABOUT, State.OK, f"{name} is reachable ({(time.perf_counter() - start) * 1000:.0f} ms)")


def _failed(name: str, provider: str, error: EngramError, reason: str) -> Finding:
    if isinstance(error, RateLimitedError):
        return Finding(ABOUT, State.NOTE, f"{name} is reachable, but asks to slow down: {reason}", "try again later")
    if isinstance(error, InvalidOutputError):
        unusable = f"{name} is reachable, but its answer cannot be used: {reason}"
        return Finding(ABOUT, State.PROBLEM, unusable, "name a model in ENGRAM_LLM that answers in JSON")
    if isinstance(error, ProviderError) and not error.retryable:
        return Finding(ABOUT, State.PROBLEM, f"{name} is reachable, but refuses: {reason}", _ALLOW[provider])
    return Finding(ABOUT, State.PROBLEM, f"{name} is not reachable: {reason}", _START[provider])


def _provider(llm: str | None) -> str:
    """Return the provider where a model of it is named, else nothing."""
    provider, _, model = (llm or "").partition(":")
    return provider if model else ""
