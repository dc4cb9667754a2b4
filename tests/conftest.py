"""What holds for every test."""

import os

from hypothesis import settings

# Tests set what they need themselves; a database or a key of whoever runs them is none of their business.
for name in list(os.environ):
    if name.startswith(("ENGRAM_", "OPENAI_", "OLLAMA_")) and name != "ENGRAM_REQUIRE_SERVICES":
        del os.environ[name]

# A busy machine is no failure.
settings.register_profile("any machine", deadline=None)
settings.load_profile("any machine")
