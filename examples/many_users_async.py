"""How do I serve many users of several customers from one async process?"""

import asyncio

from engram_core import AsyncEngram


async def main() -> None:
    """Store and search for several users at once, in two tenants that cannot see each other."""
    async with AsyncEngram() as engine:
        acme, globex = engine.for_tenant("example-acme"), engine.for_tenant("example-globex")
        await asyncio.gather(
            acme.add("My order KX-48213 has not arrived", user_id="ada", session_id="support"),
            acme.add("Please call me after six", user_id="bob", session_id="support"),
            globex.add("I would like to cancel my plan", user_id="ada", session_id="support"),
        )
        for tenant in (acme, globex):
            recall = await tenant.search("What did Ada ask for?", user_id="ada", filters={"done": {"$exists": False}})
            print(tenant.tenant, "->", [hit.memory.text for hit in recall])
        for tenant in (acme, globex):
            for user in ("ada", "bob"):
                await tenant.erase(user_id=user)


asyncio.run(main())
