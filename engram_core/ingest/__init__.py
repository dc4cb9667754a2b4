"""The way of `add`."""
