"""What makes of a clause something other than a plain statement about the present."""

from __future__ import annotations

import re

#: Conditions, wishes, guesses, reports, comparisons, irony: nothing follows from a clause that has one of these.
_NOT_MEANT = re.compile(
    r"(?<![\w'])(?:if|unless|whether|would|wouldn't|could|couldn't|might|may be|maybe|perhaps|probably|possibly|supposedly|allegedly|apparently"
    r"|wish|hope|hoping|hopefully|wonder|wondering|dream|dreamt|dreamed|pretend|imagine|suppose|assume|assuming|as though"
    r"|as if|should|shouldn't|thinking (?:of|about)|think about|considering|consider|planning to move|want to|would like"
    r"|i'd|we'd|he'd|she'd|almost|nearly|seems?|feels? like|sort of|kind of|kinda|sorta|supposed to|in theory|joke|kidding|jk|rumou?r"
    r"|said|says|say(?! goodbye)|told|tells|claim(?:s|ed|ing)? (?:that|to|i|i'm|he|she|they|it)|asked|asks|thinks|thought|believes?|heard|read that|wrote|according to"
    r"|basically|practically|virtually|literally|technically|clearly|obviously|essentially|pretty much|secretly|in spirit|at heart|in my (?:head|dreams|mind|fantasies)|in (?:the|a|this|my) (?:game|story|novel|movie|film|show|series|play|book|sims|simulation)"
    r"|to my (?:kids|friends|students)|in the making|in disguise|in another life|in a past life|on paper|by nature|of sorts|until proven|so to speak|in name only|quote unquote|or so (?:it|i|he|she|they|we)|it feels|feels anyway|in dog years|for halloween|for a living hell)(?![\w'])|,? not$",
    re.IGNORECASE,
)
_NEGATED = re.compile(
    r"(?<![\w'])(?:not|never|neither|nor|hardly|barely|no longer|any ?more|no more|nobody|none|without any)(?![\w'])|\w+n't(?!\w)",
    re.IGNORECASE,
)
#: What was, and what is to come.
_ELSEWHEN = re.compile(
    r"(?<![\w'])(?:used to|back when|back then|when i was|when i lived|when we (?:were|lived)|growing up|as a (?:kid|child|teenager|teen|boy|girl|student)|in the past|formerly|previously|once was|someday|one day|next (?:year|month|week|summer|winter|spring|autumn|fall|january|february|march|april|may|june|july|august|september|october|november|december|monday|tuesday|wednesday|thursday|friday)"
    r"|soon|going to|will|won't|i'll|we'll|he'll|she'll|they'll|about to|tomorrow|in (?:high school|college|uni|university|my (?:teens|twenties|thirties|youth|childhood|first|previous|old|last)|the (?:\w+ )?(?:eighties|nineties|sixties|seventies|\d0'?s|old days))|in (?:a few|two|three|\d+) (?:days|weeks|months|years)|as an? (?:exchange student|intern|au pair) in)(?![\w'])"
    r"|(?<!\w)ex-\w+",
    re.IGNORECASE,
)
#: What makes a stay pass.
_PASSING = re.compile(
    r"(?<![\w'])(?:temporarily|for now|for the (?:\w+ )?(?:week|weekend|day|night|moment|summer|winter|month|semester|term|holidays?|conference|time being)|for (?:a|one|two|three|a few|a couple of|\d) (?:more )?(?:days?|nights?|weeks?|weekend)|this (?:week|weekend|month|summer|morning|afternoon)|tonight|visiting|visit|on vacation|on holiday|on a (?:trip|work trip|business trip)|on business|until|till|half the (?:year|week)|part of the (?:year|week)|on (?:the )?weekends|during the (?:week|summer|winter)|part of the time|sometimes|occasionally|between jobs|through (?:june|july|august|may)|(?:seconds?|minutes?|hours?) (?:ago|now)|since (?:lunch|breakfast|dinner|an hour|this (?:morning|afternoon)|\d\d?:\d\d)|(?<=living in )[\w ]{2,30} for (?:a|the|one|two|three|four|six|\d|a few|a couple of) (?:months?|semesters?|terms?)|for (?:the (?:last|past) )?[\w-]+ (?:seconds?|minutes?|hours?))(?![\w'])",
    re.IGNORECASE,
)
#: What makes of "vegan" something less: at some times, in some places, with exceptions.
_PARTLY = re.compile(
    r"(?<![\w'])(?:mostly|mainly|partly|partially|largely|usually|normally|generally|typically|often|part[- ]time|half|semi|sometimes|from time to time|ish|adjacent|wannabe|aspiring|on and off|off and on"
    r"|(?:on|at|over|during|for|in|through) (?:the |a |my |his |her )?(?:weekends?|weekdays?|weeknights?|lent|ramadan|advent|(?:mon|tues|wednes|thurs|fri|satur|sun)days?|week|school nights?|fasts?|home|work)|weekends|weekdays|most(?:ly)? (?:of the time|days|weeks)|half of the time|(?:five|six|two|three|four|\d) (?:days|times)|every other"
    r"|when(?:ever)?|except|excluding|excepting|apart from|aside from|other than|besides|barring|minus|unless|with (?:the |an |one )?(?:odd|occasional|exceptions?|some)|but(?: i| we| he| she)?(?: do| still| sometimes| will| would| occasionally| also| can| only| not| never|'ll)* (?:eat|have|cheat|make|allow|break|not|only|fish|eggs?|with)"
    r"|\d\d ?(?:%|percent|per cent)|in (?:theory|principle)|trying|almost|nearly|before (?:six|6|dinner))(?![\w'])",
    re.IGNORECASE,
)
#: What makes of an end a pause.
_A_WHILE = re.compile(
    r"(?<![\w'])(?:for (?:a|an|one|two|three|four|five|\d+|the|this) (?:\w+ )?(?:second|minute|hour|day|night|evening|morning|afternoon|week|weekend|month|while|bit|moment|summer|winter)s?|for (?:lent|ramadan|january|now|today|once)|(?:and|but) (?:then )?(?:failed|started again|relapsed|went back|it didn't last)"
    r"|on (?:mon|tues|wednes|thurs|fri|satur|sun)days|(?:on|at) (?:the )?weekends|in (?:gta|fifa|minecraft|skyrim|the sims|sims|the game|a game|monopoly|the story|the film|my dream))(?![\w'])",
    re.IGNORECASE,
)
_AFTERTHOUGHT = 3
_TAKES_BACK = re.compile(
    r"(?:(?:but|and|or|well|though|just|only|at least|yet) )*(?:not|never|no|nor|neither|none|any ?more|will|won't|used to|formerly|previously|until|back)(?!\w)",
    re.IGNORECASE,
)


def own_part(clause: str) -> str:
    """Return a clause up to its first comma, and on only as far as what follows tells how long it holds."""
    head, comma, rest = clause.partition(",")
    return (
        clause
        if comma and _PASSING.match(rest.strip().removeprefix("just ").removeprefix("but ").removeprefix("only "))
        else head
    )


def is_willing(clause: str) -> bool:
    """Tell whether a clause is meant as it stands: nothing supposed, guessed, reported or said in irony."""
    return not _NOT_MEANT.search(clause)


def is_plain(clause: str, rest: str = "") -> bool:
    """Tell whether a clause asserts something about the present: nothing supposed, reported, past, future, negated.

    Args:
        clause: Whole.
        rest: What of it stands behind what is asserted; an afterthought there may say no: "I like tea, though never late".
    """
    said = _without_afterthought(clause, rest)
    return not (_NOT_MEANT.search(clause) or _NEGATED.search(said) or _ELSEWHEN.search(said))


def is_lasting(clause: str, rest: str = "") -> bool:
    """Tell whether a plain clause is about more than a visit; the arguments are those of `is_plain`."""
    return is_plain(clause, rest) and not _PASSING.search(own_part(clause))


def is_whole(clause: str, rest: str = "") -> bool:
    """Tell whether a lasting clause is so without exception, at any time; the arguments are those of `is_plain`."""
    return is_lasting(clause, rest) and not _PARTLY.search(clause)


def is_for_a_while(clause: str) -> bool:
    """Tell whether what is said to be over only pauses: "gave up smoking for Lent"."""
    return _A_WHILE.search(clause) is not None


def _without_afterthought(clause: str, rest: str) -> str:
    _, comma, later = rest.partition(", ")
    if not comma or len(later.split()) < _AFTERTHOUGHT or _TAKES_BACK.match(later) or not clause.endswith(later):
        return clause
    return clause[: -len(later)]
