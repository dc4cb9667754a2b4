"""Chat endpoints of OpenAI and of Ollama, answered by a function of the test."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

Json = dict[str, Any]
#: Makes the text of an answer from the messages as (role, text) pairs and the JSON Schema that was asked for.
Answer = Callable[[list[tuple[str, str]], Json | None], str]


def nothing(_messages: list[tuple[str, str]], _schema: Json | None) -> str:
    """Answer with an empty object."""
    return "{}"


def chats(answer: Answer) -> dict[str, Callable[[Json], Json]]:
    """Return what answers each path of chats."""
    return {
        "/v1/chat/completions": lambda body: _openai_chat(body, answer),
        "/api/chat": lambda body: _ollama_chat(body, answer),
    }


def with_content(body: Json, content: str, reason: str = "stop") -> Json:
    """Return the same answer with another text, or another reason why it ended."""
    if "choices" in body:
        choice = {**body["choices"][0], "message": {"role": "assistant", "content": content}, "finish_reason": reason}
        return {**body, "choices": [choice]}
    return {**body, "message": {"role": "assistant", "content": content}, "done_reason": reason}


def content_of(body: Json) -> str:
    """Return the text of an answer."""
    message = body["choices"][0]["message"] if "choices" in body else body["message"]
    return str(message["content"])


def _openai_chat(body: Json, answer: Answer) -> Json:
    shape = body.get("response_format") or {}
    text = answer(_messages(body), shape.get("json_schema", {}).get("schema"))
    sent, made = _tokens(body), len(text) // 4 + 1
    message = {"role": "assistant", "content": text}
    return {
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "created": 1,
        "model": body["model"],
        "choices": [{"index": 0, "message": message, "finish_reason": "stop"}],
        "usage": {"prompt_tokens": sent, "completion_tokens": made, "total_tokens": sent + made},
    }


def _ollama_chat(body: Json, answer: Answer) -> Json:
    text = answer(_messages(body), body.get("format"))
    return {
        "model": body["model"],
        "created_at": "2024-01-01T00:00:00Z",
        "message": {"role": "assistant", "content": text},
        "done": True,
        "done_reason": "stop",
        "prompt_eval_count": _tokens(body),
        "eval_count": len(text) // 4 + 1,
    }


def _messages(body: Json) -> list[tuple[str, str]]:
    return [(message["role"], message["content"]) for message in body["messages"]]


def _tokens(body: Json) -> int:
    return sum(len(text) // 4 + 1 for _, text in _messages(body))
