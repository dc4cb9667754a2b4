"""How does an agent that speaks MCP remember, without any code of ours in it?

It starts `engram mcp` and talks to it over standard input and output, as desktop assistants and coding agents do. Needs
the extra `[mcp]` (in a checkout: `pip install '.[mcp]'`); no key, no network. Whose memories these are is fixed when
the server is started: the client, and the model behind it, cannot ask for anybody else's.
"""

import asyncio
import os
import sys

try:
    from mcp import ClientSession, StdioServerParameters, stdio_client
except ModuleNotFoundError:
    sys.exit("this example needs an extra; in a checkout: pip install '.[mcp]'")

# What a client's configuration file says: the command, its arguments, and the environment it is to see.
server = StdioServerParameters(
    command=sys.executable,
    args=["-m", "engram_core.cli", "mcp", "--user", "example-ada"],  # the same as: engram mcp --user example-ada
    env={name: value for name, value in os.environ.items() if name.startswith("ENGRAM_")},
)


async def call(session: ClientSession, tool: str, **arguments: object) -> str:
    """Call a tool as a model would, and return the text that the model reads."""
    result = await session.call_tool(tool, arguments)
    return "\n".join(part.text for part in result.content if part.type == "text")


async def main() -> None:
    """Remember in one session, recall in the next, and take something back."""
    async with stdio_client(server) as streams, ClientSession(*streams) as session:
        await session.initialize()
        print("tools:", ", ".join(tool.name for tool in (await session.list_tools()).tools))
        await call(session, "remember", text="I live in Lisbon.", occurred_at="2024-01-01")
        await call(session, "remember", text="I moved to Porto last Friday!", occurred_at="2024-05-20")

    async with stdio_client(server) as streams, ClientSession(*streams) as session:  # another day, another process
        await session.initialize()
        print("now:", await call(session, "recall", query="Where do I live?", limit=1))
        print("then:", await call(session, "recall", query="Where do I live?", limit=1, as_of="2024-03-01"))
        prompt = await session.get_prompt("recall", {"question": "Where do I live?"})
        print("prompt:", prompt.messages[0].content.text, sep="\n")  # type: ignore[union-attr]
        print("not hers:", await call(session, "recall", query="Where do I live?", user_id="bob"))


asyncio.run(main())
