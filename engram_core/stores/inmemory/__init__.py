"""The reference implementation of the store ports."""
