"""Language models behind OpenAI's `/v1/chat/completions`, also vLLM's, llama.cpp's and LM Studio's."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from engram_core.errors import ConfigError, InvalidOutputError, MissingExtraError
from engram_core.ports import ChatModel, Reply
from engram_core.providers.openai import translated
from engram_core.providers.strict import strict

try:
    import openai
except ImportError as exc:
    raise MissingExtraError("openai", "openai") from exc

#: Ways to ask for JSON, the surest first: servers differ in what they take. OpenAI refuses a schema with bounds (of
#: lists, texts, numbers); what others serve needs them most, since small models do not come to an end by themselves.
_WAYS = ("bounded json_schema", "json_schema", "json_object", "text")


class OpenAIChat(ChatModel):
    """Asks a model through the official client."""

    def __init__(
        self,
        model: str,
        *,
        api_key: str | None = None,
        base_url: str | None = None,
        timeout: float = 120.0,
        max_retries: int = 2,
        max_tokens: int = 4096,
    ) -> None:
        """Make the client; nothing is sent yet.

        Args:
            model: As the service names it.
            api_key: The service's key; a server of your own (`base_url`) may do without.
            base_url: Where it is served, up to and with `/v1`; default: OpenAI.
            timeout: Seconds that one request may take.
            max_retries: How often the client tries again, with growing pauses, when the service is busy or away.
            max_tokens: What an answer may take.

        Raises:
            ConfigError: There is neither a key nor a server of your own.
        """
        if not api_key and not base_url:
            raise ConfigError(f"openai:{model} needs a key: set OPENAI_API_KEY, or ENGRAM_OPENAI_BASE_URL to a server")
        self.name = f"openai:{model}"
        self._model = model
        self._max_tokens = max_tokens
        # OpenAI's newer models refuse the older name; servers of one's own may know it alone.
        self._limit = "max_tokens" if base_url else "max_completion_tokens"
        self._way = 0 if base_url else 1
        self._plain: dict[str, Any] = {"temperature": 0.0}
        self._client = openai.AsyncOpenAI(
            api_key=api_key or "none", base_url=base_url, timeout=timeout, max_retries=max_retries
        )

    async def answer(self, messages: Sequence[tuple[str, str]], schema: Mapping[str, Any]) -> Reply:
        """Ask once; a server that does not know a way of asking for JSON is asked in the next one, from then on."""
        asked = [{"role": role, "content": text} for role, text in messages]
        while True:
            try:
                with translated():
                    return _reply(await self._create(asked, schema))
            except _Refused:
                continue

    async def close(self) -> None:
        """Close the connections."""
        await self._client.close()

    async def _create(self, messages: list[dict[str, str]], schema: Mapping[str, Any]) -> Any:
        options: dict[str, Any] = {**self._plain, self._limit: self._max_tokens}
        way = _WAYS[self._way]
        if way.endswith("json_schema"):
            written = strict(schema, bounds=way.startswith("bounded"))
            shape = {"name": str(schema.get("title", "answer")), "schema": written, "strict": True}
            options["response_format"] = {"type": "json_schema", "json_schema": shape}
        elif way == "json_object":
            options["response_format"] = {"type": "json_object"}
        create: Any = self._client.chat.completions.create
        try:
            return await create(model=self._model, messages=messages, **options)
        except (openai.BadRequestError, openai.UnprocessableEntityError) as exc:
            if "temperature" in exc.message and self._plain:
                self._plain = {}
            elif self._way + 1 < len(_WAYS) and _is_about_json(exc.message):
                self._way += 1
            else:
                raise
            raise _Refused from exc


def _is_about_json(message: str) -> bool:
    return any(word in message for word in ("response_format", "schema", "json"))


class _Refused(Exception):
    """The server does not take what was asked for; something simpler is to be asked."""


def _reply(response: Any) -> Reply:
    usage = response.usage
    sent, made = (usage.prompt_tokens, usage.completion_tokens) if usage else (0, 0)
    choice = response.choices[0] if response.choices else None
    if choice is None:
        problem = "an answer without choices"
    elif choice.message.refusal:
        problem = f"the model refused: {choice.message.refusal}"
    elif choice.finish_reason == "length":
        problem = "the answer was cut off at its greatest length"
    elif not choice.message.content:
        problem = "an empty answer"
    else:
        return Reply(choice.message.content, sent, made)
    raise InvalidOutputError(f"openai: {problem}", input_tokens=sent, output_tokens=made)
