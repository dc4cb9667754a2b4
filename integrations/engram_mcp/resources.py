"""Resources: single memories, and those that were stored last."""

from __future__ import annotations

import json
from urllib.parse import unquote

from engram_core import InvalidInputError, NotFoundError
from engram_mcp import failures
from engram_mcp.answers import MemoryView
from engram_mcp.arguments import Recent
from engram_mcp.binding import Bound
from engram_mcp.sdk import INTERNAL_ERROR, INVALID_PARAMS, Refusal, Wire
from engram_mcp.tools import list_recent

RECENT = "engram://memories"
ONE = "engram://memories/{id}"
_MOST = 50
_JSON = "application/json"


class Resources:
    """The resources that a client sees."""

    def __init__(self, bound: Bound) -> None:
        self._bound = bound

    async def list(self, _given: Wire) -> Wire:
        """Answer `resources/list`."""
        recent = {
            "uri": RECENT,
            "name": "recent",
            "title": "Recent memories",
            "description": f"The {_MOST} memories that were stored last, the newest first.",
            "mimeType": _JSON,
        }
        return {"resources": [recent]}

    async def templates(self, _given: Wire) -> Wire:
        """Answer `resources/templates/list`."""
        one = {
            "uriTemplate": ONE,
            "name": "memory",
            "title": "One memory",
            "description": "One version of one memory by its id, whatever became of it.",
            "mimeType": _JSON,
        }
        return {"resourceTemplates": [one]}

    async def read(self, given: Wire) -> Wire:
        """Answer `resources/read`."""
        uri = str(given["uri"])
        try:
            text = await self._text(uri)
        except (InvalidInputError, NotFoundError) as exc:
            raise Refusal(failures.explain(exc), INVALID_PARAMS) from exc
        except Refusal:
            raise
        except Exception as exc:
            raise Refusal(failures.explain(exc), INTERNAL_ERROR) from exc
        return {"contents": [{"uri": uri, "mimeType": _JSON, "text": text}]}

    async def _text(self, uri: str) -> str:
        if uri.rstrip("/") == RECENT:
            return json.dumps((await list_recent(self._bound, Recent(limit=_MOST))).data(), ensure_ascii=False)
        room, separator, id = uri.rpartition("/")
        if not separator or room != RECENT:
            raise Refusal(f"There is no resource {uri!a}; there are {RECENT} and {ONE}.")
        memory = await self._bound.ask(lambda engine, scope: engine.get(unquote(id), **scope))
        return MemoryView.of(memory).model_dump_json(exclude_none=True)
