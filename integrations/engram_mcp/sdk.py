"""What differs between the MCP SDK 1.x and 2.x, and nothing else.

Handlers take and give what goes over the wire, as plain mappings with the protocol's own names; the SDK's types only
check them here. So no other module of this package knows which SDK is installed.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, NamedTuple

from engram_core import MissingExtraError

try:
    from mcp import types
    from mcp.server.lowlevel import Server
except ModuleNotFoundError as exc:
    raise MissingExtraError("mcp", "mcp") from exc

Wire = dict[str, Any]
Handler = Callable[[Wire], Awaitable[Wire]]

#: JSON-RPC's codes for a request that names what is not there, and for a failure of the server's own.
INVALID_PARAMS, INTERNAL_ERROR = -32602, -32603
#: And for a line that is no JSON, for JSON that is no message, and for a request that the connection's end cut off.
PARSE_ERROR, INVALID_REQUEST, CLOSED = -32700, -32600, -32000

_IS_V1 = hasattr(types, "ServerResult") and hasattr(Server, "call_tool")


class Refusal(Exception):
    """A request that is answered with an error of the protocol.

    Attributes:
        code: As JSON-RPC numbers errors.
    """

    def __init__(self, message: str, code: int = INVALID_PARAMS) -> None:
        super().__init__(message)
        self.code = code


class _Method(NamedTuple):
    request: str
    params: str
    result: str


_METHODS = {
    "tools/list": _Method("ListToolsRequest", "PaginatedRequestParams", "ListToolsResult"),
    "tools/call": _Method("CallToolRequest", "CallToolRequestParams", "CallToolResult"),
    "resources/list": _Method("ListResourcesRequest", "PaginatedRequestParams", "ListResourcesResult"),
    "resources/templates/list": _Method(
        "ListResourceTemplatesRequest", "PaginatedRequestParams", "ListResourceTemplatesResult"
    ),
    "resources/read": _Method("ReadResourceRequest", "ReadResourceRequestParams", "ReadResourceResult"),
    "prompts/list": _Method("ListPromptsRequest", "PaginatedRequestParams", "ListPromptsResult"),
    "prompts/get": _Method("GetPromptRequest", "GetPromptRequestParams", "GetPromptResult"),
}


def make_server(name: str, version: str, instructions: str, handlers: Mapping[str, Handler]) -> Server[Any]:
    """Make the SDK's server with a handler for each method, such as `tools/call`."""
    server: Server[Any] = Server(name, version=version, instructions=instructions)
    for method, handler in handlers.items():
        _attach(server, method, handler)
    return server


def check_message(line: str) -> None:
    """Check that a line is one message of the protocol, as the SDK's transports do.

    Raises:
        ValueError: It is none.
    """
    if _IS_V1:
        types.JSONRPCMessage.model_validate_json(line)  # type: ignore[attr-defined]  # a union in 2.x
    else:
        types.jsonrpc_message_adapter.validate_json(line, by_name=False)


def _attach(server: Any, method: str, handler: Handler) -> None:
    request, params, result = (getattr(types, name) for name in _METHODS[method])

    async def answer(given: Any) -> Any:
        try:
            # Only what was sent: defaults are the handler's, and a null inside of an argument stays.
            wire = {} if given is None else given.model_dump(mode="json", by_alias=True, exclude_unset=True)
            return result.model_validate(await handler(wire))
        except Refusal as refusal:
            raise _error(refusal) from refusal

    if _IS_V1:

        async def answer_v1(message: Any) -> Any:
            return types.ServerResult(await answer(message.params))  # type: ignore[operator]  # a union in 2.x

        server.request_handlers[request] = answer_v1
    else:

        async def answer_v2(_context: Any, given: Any) -> Any:
            return await answer(given)

        server.add_request_handler(method, params, answer_v2)


def _error(refusal: Refusal) -> Exception:
    from mcp.shared import exceptions

    if _IS_V1:
        data = types.ErrorData(code=refusal.code, message=str(refusal))
        error: Exception = exceptions.McpError(data)  # type: ignore[attr-defined]  # its name in 1.x
        return error
    return exceptions.MCPError(refusal.code, str(refusal))
