"""What every embedder checks: the texts that come in, the vectors that go out."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import ArrayLike

from engram_core.errors import InvalidInputError, InvalidOutputError
from engram_core.ports import MOST_TOKEN_BYTES, Matrix, Tokens


def check_texts(texts: Sequence[str]) -> list[str]:
    """Return the texts as a list without lone surrogates, which no tokenizer and no wire can carry.

    Raises:
        InvalidInputError: Not a sequence of strings; a single string is not one.
    """
    if isinstance(texts, str) or not all(isinstance(text, str) for text in texts):
        raise InvalidInputError("texts", texts, "a sequence of strings")
    return [text if text.isascii() else text.encode("utf-8", "replace").decode("utf-8") for text in texts]


def unit_rows(raw: ArrayLike, count: int, dimension: int | None) -> Matrix:
    """Return a provider's vectors as float32 (count, dimension) with rows of unit length.

    Args:
        raw: The vectors as they came.
        count: How many there must be.
        dimension: How long each must be; None: any length, but all the same.

    Raises:
        InvalidOutputError: Another number or length of vectors, or values that are not finite, or all zero.
    """
    try:
        rows = np.asarray(raw, np.float32)
    except (TypeError, ValueError) as exc:
        raise InvalidOutputError("the model answered vectors that are not numbers of one length") from exc
    if rows.ndim != 2 or rows.shape[0] != count or rows.shape[1] != (dimension or rows.shape[1]) or not rows.shape[1]:
        wanted = f"({count}, {dimension or 'any'})"
        raise InvalidOutputError(f"the model answered vectors of shape {rows.shape} where {wanted} was asked for")
    lengths = np.linalg.norm(rows, axis=1, keepdims=True)
    if not np.isfinite(lengths).all() or not lengths.all():
        raise InvalidOutputError("the model answered a vector that has no direction (NaN, infinite or all zero)")
    unit: Matrix = rows / lengths
    return unit


def check_tokens(tokens: Sequence[Tokens], count: int) -> tuple[Tokens, ...]:
    """Return token vectors as they came: none at all, or (k, width) int8 for each text, of one width.

    Raises:
        InvalidOutputError: They are something else, or take more than `MOST_TOKEN_BYTES` a text.
    """
    shapes = [(np.shape(one), np.asarray(one).dtype) for one in tokens]
    whole = all(
        len(shape) == 2 and kind == np.int8 and shape[0] * shape[1] <= MOST_TOKEN_BYTES for shape, kind in shapes
    )
    if len(tokens) not in (0, count) or not whole or len({shape[1] for shape, _ in shapes}) > 1:
        raise InvalidOutputError(f"the model answered token vectors that are not {count} of int8 (k, width)")
    return tuple(tokens)


def batches(texts: Sequence[str], most: int, most_characters: int) -> Iterator[list[str]]:
    """Split texts, in order, into batches of so many texts and characters at most; one text is never split."""
    batch: list[str] = []
    characters = 0
    for text in texts:
        if batch and (len(batch) == most or characters + len(text) > most_characters):
            yield batch
            batch, characters = [], 0
        batch.append(text)
        characters += len(text)
    if batch:
        yield batch
