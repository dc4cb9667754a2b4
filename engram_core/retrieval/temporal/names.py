"""April, May, June: months, and people."""

from __future__ import annotations

import re

#: What people are called.
_CALLED = re.compile(r"(?:(?:this|next) )?(?:may|april|june|august|jan|summer|autumn)")
#: Behind these it is a time, whatever follows.
_TIMELY = ("in", "within", "over", "through", "during", "throughout")
_OF_TIME = re.compile(r"(?:months?|days?|weeks?|weekends?|all|rest|most|half|part|course|times?|as|out)\s*$")
_FROM_SOMEBODY = re.compile(
    r"(?:hear|heard|gets?|got|received?|learn(?:ed|t)?|borrow(?:ed)?|buy|bought|take|took|call|message|letter|email"
    r"|gift|present|text|advice|news|note|help|invitation)\s*$"
)
_DOES = re.compile(
    r"(?:['’]s\b|\s+(?:and (?:i|he|she|they|we|you)|(?!(?:end|start|pass)ed)\w+ed|said|told|left|came|got|went|gave"
    r"|made|met|took|found|began|bought|saw|knew|thought|felt|wrote|sold|lost|is|does|did|has|had|will|would|can|could)\b)"
)


def is_person(name: str, lead: str | None, before: str, after: str) -> bool:
    """Tell whether what could be a month without a year is more likely a person.

    Args:
        name: In small letters.
        lead: The preposition that belongs to it, if any.
        before: The text before all that, in small letters.
        after: The text behind it.
    """
    if _CALLED.fullmatch(name) is None:
        return False
    if _DOES.match(after) is not None:
        return lead not in _TIMELY or after[0] in "'’"
    if lead == "of":
        return _OF_TIME.search(before) is None
    if lead == "from":
        return _FROM_SOMEBODY.search(before) is not None
    return lead is None and " " in name and before.endswith(("is ", "was "))
