"""What somebody studies and teaches, and where."""

from __future__ import annotations

from engram_core.ingest.learn.rules.statements.rule import ONE, Rule, state
from engram_core.ingest.learn.rules.vocabulary.shapes import ORG

_A = r"(?:(?:a|an|the) )?"
_SUBJECT = r"(?!(?:people|humans|maps|something|nothing|a|an|the|my|\w+-year|grad|graduate|undergraduate|phd|college|university|high|school|mature|exchange|fellow|former|good|bad|poor|broke|typical|current|online|full-time|part-time|hard|a lot|every|at|in|for|abroad|here|to|the|this|my|it|all|from|with|and|how)\b)[\w-]+(?: (?!(?:at|in|on|with|for|and|since|because|to)\b)[\w-]+){0,3}?"
_SCHOOL = rf"(?: (?:at|in) (?:the )?(?P<org>{ORG}))?"
_YEAR = r"(?:first|second|third|fourth|fifth|final|last|1st|2nd|3rd|4th|5th)[- ]year"
_INSTITUTE = rf"(?:the )?(?P<org>(?=[^,]*(?:University|College|School|Institute|Academy|Uni|High|Polytechnic|Conservatory|Oxford|Cambridge|Harvard|Yale|Stanford|MIT|ETH|EPFL|UCLA|UCL|LSE|NYU)(?!\w)){ORG})"

#: A subject after "to" or "of": no company, no device.
_OTHER = r"(?P<subject>(?!(?:a|an|the|my|it|this|that|something|another|life|human|people|mine)\b)[a-z]{4,}(?: (?!(?:at|in|on|with|for|and|since|because|last|this)\b)[a-z]{3,})?)"

RULES: tuple[Rule, ...] = (
    state(
        "switched changed have transferred",
        rf"(?:have )?(?:switched|changed|transferred) (?:my |from [\w ]{{3,25}} |over )?(?:course|major|degree|studies|program|programme)(?: from [\w ]{{3,25}})? to {_OTHER}",
        ("studies", "{subject}"),
        who=ONE,
    ),
    state(
        "am have",
        rf"(?:am|have been) {_A}(?:{_YEAR} )?student of {_OTHER}{_SCHOOL}",
        ("studies", "{subject}"),
        ("school", "{org}"),
        who=ONE,
        mode="lasting",
    ),
    state(
        "am",
        rf"am (?:in (?:the|my) \w+ year of|doing|halfway through|finishing) (?:a|an|my) {_OTHER} (?:degree|phd|doctorate|master'?s|bachelor'?s|apprenticeship|course){_SCHOOL}",
        ("studies", "{subject}"),
        ("school", "{org}"),
        who=ONE,
        mode="lasting",
    ),
    state(
        "am",
        rf"am (?:doing|writing|finishing) (?:a|my) (?:phd|doctorate|master'?s|thesis|dissertation) (?:on|about) {_OTHER}{_SCHOOL}",
        ("studies", "{subject}"),
        ("school", "{org}"),
        who=ONE,
        mode="lasting",
    ),
    state(
        "am",
        r"am (?:training|studying|qualifying) to (?:be|become) (?:a|an) (?P<job>[\w'-]+(?: [\w'-]+){0,2}?)",
        ("studies", "to become {job}"),
        who=ONE,
        mode="lasting",
    ),
    state(
        "am",
        rf"am {_A}(?:{_YEAR} )?(?P<subject>{_SUBJECT}) (?:student|major|undergrad){_SCHOOL}",
        ("studies", "{subject}"),
        ("school", "{org}"),
        mode="lasting",
        who=ONE,
    ),
    state(
        "am",
        rf"am {_A}(?:{_YEAR} )?(?:student|undergrad|freshman|sophomore|phd student) at {_INSTITUTE}",
        ("school", "{org}"),
        mode="lasting",
        who=ONE,
    ),
    state(
        "teach",
        r"teach (?P<taught>(?!(?:me|you|him|her|them|us|myself|people|kids|children|students|at|in|how|to|a|an|the|my|it|this)\b)[\w-]+(?: (?:history|science|studies|language|literature|education|arts?|dance))?)(?: and (?P<taught2>(?!(?:I|we|my|so|also|have|live|work|love)\b)\w+))?",
        ("activity", "teach {taught}"),
        ("activity", "teach {taught2}"),
    ),
    state(
        "am",
        rf"am (?:studying|majoring in|reading|doing a (?:phd|master'?s|masters|bachelor'?s|degree|ba|bsc|msc|ma|mba) in) (?P<subject>{_SUBJECT}){_SCHOOL}",
        ("studies", "{subject}"),
        ("school", "{org}"),
        mode="lasting",
        tail=r"(?!for\b|to\b|hard\b).*",
    ),
    state(
        "study major",
        rf"(?:study|major in) (?P<subject>{_SUBJECT}){_SCHOOL}",
        ("studies", "{subject}"),
        ("school", "{org}"),
        mode="lasting",
        tail=r"(?!for\b|to\b|hard\b).*",
    ),
    state(
        "study go attend am started",
        rf"(?:am )?(?:study at|studying at|go to|attend|started at|started studying at|enrolled at) {_INSTITUTE}",
        ("school", "{org}"),
        mode="lasting",
    ),
)
