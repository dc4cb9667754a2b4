"""The prompts that are shipped; the number in a name is its version."""
