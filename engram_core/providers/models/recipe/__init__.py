"""How the built-in model is made; the command is `engram_core.providers.models.build`."""
