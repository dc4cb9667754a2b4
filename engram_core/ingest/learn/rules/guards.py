"""What makes a clause something other than a plain statement about the present."""

from __future__ import annotations

import re

#: Conditions, wishes, guesses, reports, questions without a mark, comparisons.
_NOT_ASSERTED = re.compile(
    r"\b(?:if|unless|whether|would|wouldn't|could|couldn't|might|may be|maybe|perhaps|probably|possibly|supposedly|allegedly"
    r"|wish|hope|hoping|hopefully|wonder|wondering|dream|dreamt|dreamed|pretend|imagine|suppose|assume|assuming|as though"
    r"|as if|should|shouldn't|thinking (?:of|about)|think about|considering|consider|planning to move|want to|wanna|would like"
    r"|i'd|we'd|he'd|she'd|almost|nearly|seems?|feels? like|sort of|kind of|supposed to|in theory|joke|kidding|lol|jk|rumou?r"
    r"|said|says|say|told|tells|claims?|claimed|asked|asks|thinks|thought|believes?|heard|read that|wrote|according to"
    r"|used to|back when|back then|when i was|when i lived|growing up|as a (?:kid|child|teenager)|in the past|formerly|ex-\w+"
    r"|years? ago i was|once was|someday|one day|next (?:year|month|week)|soon|going to|gonna|will|won't|i'll|we'll|about to"
    r"|about to|temporarily|for now|for the (?:week|weekend|day|night|moment|summer|winter)|this (?:week|weekend|month|summer)"
    r"|tonight|visiting|on vacation|on holiday|not|n't|never|neither|nor|hardly|barely|no longer|any ?more)\b"
    r"|\w+n't\b",
    re.IGNORECASE,
)
_NEGATED = re.compile(r"\b(?:not|never|neither|nor|hardly|barely|no longer|any ?more)\b|\w+n't\b", re.IGNORECASE)


def is_plain(clause: str) -> bool:
    """Tell whether a clause asserts something about the present: nothing supposed, reported, past, future, negated."""
    return not _NOT_ASSERTED.search(clause)


def is_negated(words: str) -> bool:
    """Tell whether words hold a negation."""
    return bool(_NEGATED.search(words))
