"""Every exception Engram raises on purpose.

```
EngramError
├── ConfigError
│   └── MissingExtraError
├── InvalidInputError          the caller's mistake
├── NotFoundError
├── ConflictError
├── StoreError
│   ├── StoreUnavailableError  (retryable)
│   └── SchemaMismatchError
└── ProviderError
    ├── ProviderUnavailableError  (retryable)
    ├── RateLimitedError          (retryable)
    └── InvalidOutputError
```

Driver and SDK errors are translated once, at the edge, with `raise … from exc`.
"""

from __future__ import annotations

from typing import ClassVar


class EngramError(Exception):
    """Something went wrong in Engram."""

    #: Whether the same call may succeed later without being changed.
    retryable: ClassVar[bool] = False

    def __init__(self, message: str | None = None) -> None:
        super().__init__(message or (self.__doc__ or "").strip().splitlines()[0])


class ConfigError(EngramError):
    """The configuration cannot work as it is."""


class MissingExtraError(ConfigError):
    """A package that this feature needs is not installed."""

    def __init__(self, package: str, extra: str) -> None:
        self.package = package
        self.extra = extra
        super().__init__(f"{package} is not installed; run: pip install 'engram-recall[{extra}]'")

    def __reduce__(self) -> tuple[type[MissingExtraError], tuple[str, str]]:
        return type(self), (self.package, self.extra)


class InvalidInputError(EngramError):
    """An argument is not acceptable; nothing was written."""

    def __init__(self, argument: str, given: object, accepted: str) -> None:
        self.argument = argument
        self.given = _shorten(given)
        self.accepted = accepted
        super().__init__(f"{argument}: got {self.given}; accepted: {accepted}")

    def __reduce__(self) -> tuple[object, tuple[str, str, str]]:
        return _rebuild_invalid_input, (self.argument, self.given, self.accepted)


class NotFoundError(EngramError):
    """There is no such memory in reach of this caller."""


class ConflictError(EngramError):
    """The request contradicts the present state of the store."""


class StoreError(EngramError):
    """The store failed."""


class StoreUnavailableError(StoreError):
    """The store cannot be reached now."""

    retryable = True


class SchemaMismatchError(StoreError):
    """The store was written with other settings than these."""


class ProviderError(EngramError):
    """A model provider failed."""


class ProviderUnavailableError(ProviderError):
    """The provider cannot be reached now."""

    retryable = True


class RateLimitedError(ProviderError):
    """The provider asks to slow down."""

    retryable = True


class InvalidOutputError(ProviderError):
    """The provider answered something that cannot be used.

    Attributes:
        input_tokens: What asking took all the same, as the provider counted; 0 where it did not say.
        output_tokens: What the answer took.
    """

    def __init__(self, message: str, *, input_tokens: int = 0, output_tokens: int = 0) -> None:
        """Say what is wrong with the answer, and what it took."""
        super().__init__(message)
        self.input_tokens = input_tokens
        self.output_tokens = output_tokens


def _shorten(value: object, limit: int = 80) -> str:
    if isinstance(value, str):
        # ascii() keeps a lone surrogate or a NUL printable on any terminal.
        text = ascii(value) if len(value) <= limit else f"{value[:limit]!a}… ({len(value)} characters)"
        return f"str {text}"
    if value is None:
        return "None"
    try:
        text = ascii(value)
    except Exception:  # noqa: BLE001 - too deep, too many digits, or a repr of the caller's own that fails
        return type(value).__name__
    return f"{type(value).__name__} {text if len(text) <= limit else text[:limit] + '…'}"


def _rebuild_invalid_input(argument: str, given: str, accepted: str) -> InvalidInputError:
    error = InvalidInputError(argument, None, accepted)
    error.given = given
    error.args = (f"{argument}: got {given}; accepted: {accepted}",)
    return error
