"""What somebody does for a living, and where."""

from __future__ import annotations

from engram_core.ingest.learn.rules.statements.rule import ONE, Rule, state
from engram_core.ingest.learn.rules.vocabulary.firms import FIRMS
from engram_core.ingest.learn.rules.vocabulary.kinds import TRADES
from engram_core.ingest.learn.rules.vocabulary.shapes import ORG, PLACE

_NP = r"(?:stay[- ]at[- ]home (?:mom|dad|mum|mother|father|parent)|(?!(?:a|an|the|at|in|from|for|with)\b)[\w'&/-]+(?: [\w'&/-]+){0,4}?)"
_A = r"(?:(?:a|an|the|just a|one of the|its|our|their) )?"
_FIRM = rf"(?P<firm>(?:a|an|the|our|this|my(?: [\w'-]+'s)?) (?:[\w'-]+ ){{0,3}}?(?:{FIRMS}))(?!'s)"
_AT = rf"(?: (?:of|for) (?:a|an|the|our|my) (?!{FIRMS})[\w -]{{2,30}}?| (?:here |working |employed )?(?:at|for|with) (?:the )?(?P<org>{ORG})| (?:working )?(?:at|for|in|of) {_FIRM})?"
_TOWN = rf"(?:,? (?:here |based |working |over |up |down |out )*in (?P<place>{PLACE}))?"
_AS = rf"(?:,? as {_A}(?P<role>{_NP}))?"
_LOAD = (
    r"(?: (?:full[- ]time|part[- ]time|remotely|nights|days|weekends|shifts|night shifts?|from home|freelance|remote))*"
)

_WHEN = r"(?P<when>yesterday|today|last \w+|this \w+|on \w+|in \w+(?: \d{4})?|in \d{4})"
#: The name of a company that says so.
_INC = r"(?P<org>(?-i:[A-Z])[\w&' -]{1,30}? (?-i:Ltd|Limited|Inc|LLC|GmbH|AG|Group|Insurance|Bank|Partners|Consulting|Industries|Solutions|Systems|Labs|Technologies|Pharmaceuticals|Airlines|Hospital|University|College))"

RULES: tuple[Rule, ...] = (
    state(
        "work",
        rf"work{_LOAD} (?:at|for) (?P<org>{ORG}){_TOWN}{_AS}",
        ("employer", "{org}"),
        ("workplace", "{place}"),
        ("workplace", "{firm}"),
        ("occupation", "{role}"),
        mode="lasting",
    ),
    state(
        "work",
        rf"work{_LOAD},? as {_A}(?P<role>{_NP}){_LOAD}{_AT}{_TOWN}",
        ("occupation", "{role}"),
        ("employer", "{org}"),
        ("workplace", "{place}"),
        ("workplace", "{firm}"),
        mode="lasting",
    ),
    state(
        "work",
        r"work(?: \w+ly)? from [\w ]{3,12} as (?:a |an )(?P<role>[\w -]{3,30}?)",
        ("occupation", "{role}"),
        mode="lasting",
    ),
    state(
        "work",
        rf"work{_LOAD} in (?:the )?(?P<field>[\w]+(?: [\w]+)?)(?: at (?P<org>{ORG}))?{_TOWN}",
        ("field", "{field}"),
        ("employer", "{org}"),
        ("workplace", "{place}"),
        ("workplace", "{firm}"),
        mode="lasting",
    ),
    state(
        "am",
        rf"am (?:working|employed){_LOAD} (?:at|for|by) (?P<org>{ORG}){_TOWN}{_AS}",
        ("employer", "{org}"),
        ("workplace", "{place}"),
        ("workplace", "{firm}"),
        ("occupation", "{role}"),
        mode="lasting",
    ),
    state(
        "am have",
        rf"(?:am|have been) working{_LOAD} (?:for [^,]{{3,30}} )?as {_A}(?P<role>{_NP}){_AT}{_TOWN}",
        ("occupation", "{role}"),
        ("employer", "{org}"),
        ("workplace", "{place}"),
        ("workplace", "{firm}"),
        mode="lasting",
    ),
    state(
        "have",
        rf"have (?:been |been working |worked ){{1,2}}(?:at|for) (?P<org>{ORG})(?=.*(?:since|for|now)){_TOWN}{_AS}",
        ("employer", "{org}"),
        ("workplace", "{place}"),
        ("workplace", "{firm}"),
        ("occupation", "{role}"),
        mode="lasting",
    ),
    state(
        "have",
        rf"have been {_A}(?P<job>{_NP})(?=.*(?:since|for|now)){_AT}{_TOWN}",
        ("occupation", "{job}"),
        ("employer", "{org}"),
        ("workplace", "{place}"),
        ("workplace", "{firm}"),
        mode="lasting",
    ),
    state(
        "started began start have got landed took accepted",
        rf"(?:have )?(?:started|began|got|landed|took|accepted)(?: work(?:ing)?)?(?: (?:a|my|the|this)(?: new| dream| first)* (?:job|role|position|gig))? (?:at|for|with) (?P<org>{ORG}){_TOWN}{_AS}",
        ("employer", "{org}"),
        ("workplace", "{place}"),
        ("workplace", "{firm}"),
        ("occupation", "{role}"),
        who=ONE,
        tail=r"(?!.*(?:\d+ ?(?:am|pm)|o'clock)).*",
    ),
    state(
        "started have got took landed",
        rf"(?:have )?(?:started|got|took|landed)(?: (?:a|my|the)(?: new| first| dream)* (?:job|role|position|gig))? as {_A}(?P<role>{_NP}){_AT}{_TOWN}",
        ("occupation", "{role}"),
        ("employer", "{org}"),
        ("workplace", "{place}"),
        ("workplace", "{firm}"),
        who=ONE,
    ),
    state(
        "work am started have",
        rf"(?:work|am working|am employed|have been working|have worked|(?:have )?(?:started|got)(?: working| work)?(?: (?:a|my|the)(?: new| first)* (?:job|role|position))?){_LOAD} (?:at|in|for) {_FIRM}{_TOWN}{_AS}",
        ("workplace", "{firm}"),
        ("workplace", "{place}"),
        ("occupation", "{role}"),
        mode="lasting",
        who=ONE,
        tail=r"(?!.*(?:\d+ ?(?:am|pm)|o'clock)).*",
    ),
    state(
        "joined have",
        rf"(?:have )?joined (?P<org>{ORG})(?: {_WHEN})?{_TOWN},? as {_A}(?P<role>{_NP})",
        ("employer", "{org}"),
        ("workplace", "{place}"),
        ("workplace", "{firm}"),
        ("occupation", "{role}"),
        who=ONE,
    ),
    state("joined have", rf"(?:have )?joined {_INC}", ("employer", "{org}"), who=ONE),
    state(
        "retired have",
        r"(?:have )?(?P<retired>retired)(?= (?:last|in|this|from|yesterday|early|now|on)\b|$|,)",
        ("occupation", "{retired}"),
        who=ONE,
    ),
    state(
        "start",
        rf"start today (?:at|with) (?P<org>{ORG}){_TOWN}{_AS}",
        ("employer", "{org}"),
        ("occupation", "{role}"),
        who=ONE,
    ),
    state(
        "am",
        rf"am (?:a )?(?P<was>retired|semi-retired|freelance) (?P<job>{_NP}){_TOWN}",
        ("occupation", "{was} {job}"),
        who=ONE,
        tail=r"(?:,|and|but|so|now|who|from|with|by|at)\b.*|,.*",
    ),
    state(
        "got was have",
        rf"(?:have been|got|was) hired (?:at|by) (?P<org>{ORG}){_TOWN}{_AS}",
        ("employer", "{org}"),
        ("workplace", "{place}"),
        ("workplace", "{firm}"),
        ("occupation", "{role}"),
        who=ONE,
    ),
    state(
        "got was have am",
        rf"(?:got|was|have been|am)(?: just)? (?:promoted to|made) (?!it\b){_A}(?P<role>{_NP}){_AT}",
        ("occupation", "{role}"),
        ("employer", "{org}"),
        who=ONE,
    ),
    state(
        "became become have",
        rf"(?:have )?bec[ao]me {_A}(?P<job>{_NP}){_AT}{_TOWN}",
        ("occupation", "{job}"),
        ("employer", "{org}"),
        ("workplace", "{place}"),
        ("workplace", "{firm}"),
        who=ONE,
    ),
    state(
        "switched changed have",
        rf"(?:have )?(?:switched|changed)(?: jobs| employers| companies) (?:from {ORG} )?to (?P<org>{ORG})",
        ("employer", "{org}"),
        who=ONE,
    ),
    state(
        "my",
        rf"my (?:new |current )?(?:employer|company|workplace)(?: is|'s)(?: now| called)* (?P<org>{ORG})",
        ("employer", "{org}"),
    ),
    state(
        "my",
        rf"my (?:new |current )?(?:job|occupation|profession|day job|job title)(?: is|'s)(?: now)? {_A}(?P<role>{_NP}){_AT}",
        ("occupation", "{role}"),
        ("employer", "{org}"),
    ),
    state(
        "am",
        rf"am at (?P<org>{ORG}), {_A}(?P<job>{_NP})",
        ("employer", "{org}"),
        ("occupation", "{job}"),
        mode="lasting",
    ),
    state(
        "am",
        r"am (?P<retired>retired|self-employed|semi-retired)(?! (?:[\w-]+ )?(?:from the))",
        ("occupation", "{retired}"),
        who=ONE,
        tail=r"(?:,|and|but|so|now|since|from|after|because).*",
    ),
    state(
        "am",
        rf"am {_A}(?P<job>{_NP}){_AT}{_TOWN}",
        ("occupation", "{job}"),
        ("employer", "{org}"),
        ("workplace", "{place}"),
        ("workplace", "{firm}"),
        mode="lasting",
        who=ONE,
        tail=r"(?!.*(?:shark|fan|type|kind|person|wannabe|training)\b).*",
    ),
    state(
        "am",
        rf"am (?:a |an |the )?(?P<loose>cook|driver|coach|judge|model|builder|painter|manager|detective|conductor|trainer|printer) (?:at|for) (?:the )?(?P<org>{ORG}){_TOWN}",
        ("occupation", "{loose}"),
        ("employer", "{org}"),
        ("workplace", "{place}"),
        ("workplace", "{firm}"),
        mode="lasting",
        who=ONE,
    ),
    state(
        "am",
        r"am in (?P<field>[\w]+(?: [\w]+)?)" + _TOWN,
        ("field", "{field}"),
        ("workplace", "{place}"),
        ("workplace", "{firm}"),
        mode="lasting",
        who=ONE,
        tail=r"(?:,|and|but|so|now|since|for).*",
    ),
    state(
        "run own manage",
        rf"(?:run|own|manage) (?:a|an|my own|our own|my|our) (?:[\w-]+ ){{0,3}}?(?P<trade>(?:[\w-]+ ){{0,2}}(?:{TRADES})){_TOWN}",
        ("owns", "{trade}"),
        mode="lasting",
    ),
)
