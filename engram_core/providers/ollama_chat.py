"""Language models that Ollama serves, through its official client."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from engram_core.errors import InvalidOutputError, MissingExtraError
from engram_core.ports import ChatModel, Reply
from engram_core.providers.ollama import translated

try:
    import ollama
except ImportError as exc:
    raise MissingExtraError("ollama", "ollama") from exc


class OllamaChat(ChatModel):
    """Asks a model behind Ollama's `/api/chat`. A call that fails is not tried again here."""

    def __init__(self, model: str, *, host: str | None = None, timeout: float = 120.0, context: int = 16_384) -> None:
        """Make the client; nothing is sent yet.

        Args:
            model: As `ollama list` names it.
            host: Where it is served; default: this machine.
            timeout: Seconds that one request may take, loading the model included.
            context: Tokens that the model is to read, the answer included.
        """
        self.name = f"ollama:{model}"
        self._model = model
        self._options = {"temperature": 0.0, "num_ctx": context}
        self._client = ollama.AsyncClient(host=host, timeout=timeout)

    async def answer(self, messages: Sequence[tuple[str, str]], schema: Mapping[str, Any]) -> Reply:
        """Ask once."""
        asked = [{"role": role, "content": text} for role, text in messages]
        with translated():
            response = await self._client.chat(
                model=self._model, messages=asked, format=dict(schema), options=self._options, stream=False
            )
            text, reason = response.message.content, response.done_reason
        sent, made = response.prompt_eval_count or 0, response.eval_count or 0
        if text and reason != "length":
            return Reply(text, sent, made)
        problem = "the answer was cut off at its greatest length" if text else "an empty answer"
        raise InvalidOutputError(f"ollama: {problem}", input_tokens=sent, output_tokens=made)

    async def close(self) -> None:
        """Close the connections."""
        await self._client.close()  # type: ignore[no-untyped-call]
