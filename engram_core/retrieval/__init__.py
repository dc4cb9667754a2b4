"""The way of `search`."""
