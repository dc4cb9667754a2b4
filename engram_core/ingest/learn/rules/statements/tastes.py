"""What somebody likes, dislikes and holds dearest."""

from __future__ import annotations

from engram_core.ingest.learn.rules.statements.rule import ONE, OURS, Rule, state
from engram_core.ingest.learn.rules.vocabulary.shapes import PHRASE

_VERY = r"(?:(?:really|absolutely|so|very much|totally|truly|simply|genuinely|especially) )*"
#: What goes on about the list, and is no part of it.
_NO_ITEM = r"(?!(?:but|except|excepting|excluding|only|not|never|though|although|apart|aside|besides|unless|especially|particularly|mostly|mainly|just|even|yet|so|because|minus)\b)"
_THINGS = rf"(?P<things>(?:the )?{PHRASE}(?:(?:, and |, | and | & | or ){_NO_ITEM}{PHRASE}){{0,4}})"
_ACTS = r"(?P<act>(?:cook|bake|hike|swim|run|dance|sing|paint|draw|read|travel|write|knit|garden|fish|cycle|climb|sew|ski|surf|camp|play|ride|collect|watch|dive|sail|craft|forage)(?: (?!(?:and|when|but|so|while|because|with|in|on|at)\b)[\w'-]+){0,3})"
#: Nothing after a taste that turns it: "I love Paris when it rains" is all right, "… about you", "… too much to" is not.
_TAIL = r"(?!(?:about|of|to|too much|from you|over|than|like (?:a|an|the)|(?:but|though) (?:not|only|just)|this|that|today|here|there|until|except|with you|by)\b|,? ?(?:but |though |although )?(?:only|just)\b).*"
#: Works, people and places: what they are called may be any words, so that only capitals, or the end, bound it.
_TITLED = r"(?:films?|movies?|books?|novels?|songs?|albums?|tracks?|bands?|groups?|singers?|artists?|authors?|writers?|poets?|poems?|composers?|directors?|actors?|actress|actresses|shows?|tv shows?|series|sitcoms?|games?|video games?|board games?|podcasts?|comics?|anime|manga|musicals?|operas?|plays?|players?|teams?|clubs?|characters?|brands?|restaurants?|caf[eé]s?|pubs?|bars?|places?|cit(?:y|ies)|towns?|countr(?:y|ies)|youtubers?|philosophers?|painters?|paintings?|magazines?|newspapers?|opera singers?|book series|childhood book)"
_WORK = rf"(?P<kind>(?:[a-z]+ )?{_TITLED})"
_TITLE = r"(?P<title>(?-i:[A-ZÀ-Þ0-9][\w'&.:-]*(?: (?:(?:of|the|a|an|and|in|on|for|to|with|de|la|del|von|van|from|at|by|&) ){0,2}[A-ZÀ-Þ0-9][\w'&.:-]*){0,6}))"
_SMALL_TITLE = r"(?P<title>(?!(?:when|that|how|what|to|probably|not|always|either|also|so|where|because|if|this|it|you|your|one|by|from|in|on|at|still|currently|called)\b)[\w'&-]+(?: [\w'&-]+){0,2})$"
_KIND = rf"(?P<kind>(?!(?:part|thing|things|one|bit|word|line|is|are|so|of|about|person|place to|way|time|{_TITLED})\b)[a-z]+(?: (?!(?:is|are|part|thing|of|about|one|bit|{_TITLED})\b)[a-z]+)?)"
_DEAREST = r"(?P<dearest>(?!(?:when|that|how|what|to|the one|probably|not|always|either|also|a|an|so|where|because|if|this|it|you|your|by|from|in|on|at|still)\b)(?:the )?[\w'&.-]+(?: (?!(?:and|but|because|so|which|when|if|these|right|at|since|though|with|by|followed|then|now|no|or|in|on|for|from|btw)\b)[\w'&.-]+){0,2})"
#: Nothing that goes on with the value: "paris, texas".
_END = r"(?:,? ?(?:and|but|so|because|since|now|these days|though|btw|at the moment|followed|by far|with|in|for|from|or)\b.*|,(?! ?(?:no|not|or|well|actually|maybe|rather|sorry|wait)\b).*)"
_MY = r"my (?:new |current |all-time |absolute |all time )*favou?rite"
_IS = r"(?: of all time| ever)?(?: is|'s| are| has always been|:|\s?=)(?: now| still| definitely| obviously| hands down| actually)*"

RULES: tuple[Rule, ...] = (
    state("love like enjoy adore", rf"(?:love|like|enjoy|adore) {_VERY}{_THINGS}", ("likes", "{things*}"), tail=_TAIL),
    state("love like enjoy", rf"(?:love|like|enjoy) (?:to {_ACTS})", ("likes", "to {act}"), tail=_TAIL),
    state(
        "am",
        rf"am (?:(?:a |an )?(?:big |huge |massive |great |lifelong )?(?:fan of|fond of)|(?:really |very |so |super |quite |totally )?into|obsessed with|crazy about|mad about|addicted to|passionate about) {_THINGS}",
        ("likes", "{things*}"),
        tail=_TAIL,
    ),
    state(
        "hate dislike detest loathe despise",
        rf"(?:hate|dislike|detest|loathe|despise) {_VERY}{_THINGS}",
        ("dislikes", "{things*}"),
        tail=_TAIL,
    ),
    state(
        "can't don't am",
        rf"(?:can't (?:really )?(?:stand|bear)|don't (?:really |particularly )?(?:like|enjoy|care for)|am not (?:a (?:big |huge )?fan of|(?:really |that |much )?into)) {_THINGS}",
        ("dislikes", "{things*}"),
        mode="any",
        tail=r"(?!(?:after|before|with|without|when|in|at|on|for|too)\b)" + _TAIL,
    ),
    state(
        "prefer",
        r"prefer (?P<preferred>(?!(?:it|that|this|the (?:first|second|other|last|former|latter)|if|when|not|to be|you|your|option|version|something|a more|more)\b)[\w'-]+(?: [\w'-]+){0,3}? (?:to|over) (?!(?:it|that|this|be|have|get|do|see|know|go|use|keep)\b)[\w'-]+(?: [\w'-]+)?)",
        ("prefers", "{preferred}"),
    ),
    state("prefer", rf"prefer (?P<things>(?!(?:a|an|the|to|not)\b){PHRASE})", ("prefers", "{things}"), tail=_TAIL),
    state("my", rf"{_MY} {_WORK}{_IS} {_TITLE}", ("favourite:{kind}", "{title}"), who=OURS),
    state("my", rf"{_MY} {_WORK}{_IS} {_SMALL_TITLE}", ("favourite:{kind}", "{title}"), who=OURS),
    state("my", rf"{_MY} {_KIND}{_IS} {_DEAREST}", ("favourite:{kind}", "{dearest}"), who=OURS, tail=_END),
    state("favourite favorite", rf"favou?rite {_WORK}{_IS} {_TITLE}", ("favourite:{kind}", "{title}"), who=OURS),
    state("favourite favorite", rf"favou?rite {_WORK}{_IS} {_SMALL_TITLE}", ("favourite:{kind}", "{title}"), who=OURS),
    state(
        "favourite favorite",
        rf"favou?rite {_KIND}{_IS} {_DEAREST}",
        ("favourite:{kind}", "{dearest}"),
        who=OURS,
        tail=_END,
    ),
    state(
        "collect",
        rf"collect (?P<things>{PHRASE})",
        ("hobby", "collecting {things}"),
        tail=r"(?!from|for|at|on|in).*",
        mode="lasting",
        who=ONE,
    ),
)
