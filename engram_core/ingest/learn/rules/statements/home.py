"""Where somebody lives, comes from, and gets letters."""

from __future__ import annotations

from engram_core.ingest.learn.rules.statements.rule import OURS, Rule, state
from engram_core.ingest.learn.rules.vocabulary.kinds import DWELLINGS, NATIONALITIES
from engram_core.ingest.learn.rules.vocabulary.shapes import NUMBER, PLACE

#: Between "in" and the place.
_PART = (
    r"(?:(?:downtown|central|inner|rural|upstate|greater|suburban|sunny|rainy|beautiful|lovely|cold|north(?:ern)?|south(?:ern)?|east(?:ern)?|west(?:ern)?) "
    r"|(?:a|an|the|my|our) (?:[\w-]+ ){0,3}(?:"
    + DWELLINGS
    + r"|suburbs?|outskirts|cent(?:re|er)|middle|heart|north|south|east|west|part|town|village|city|area|neighbou?rhood)(?: [\w-]+)? (?:in|of) )?"
)
_IN = rf"in {_PART}(?P<place>{PLACE})"
_HOW = r"(?:(?:all )?(?:on|by) (?:my|our|his|her|their) own |by (?:myself|himself|herself) |alone |together |happily |here |there |up |down |over |out |back |permanently |full[- ]time )?(?:with (?:my|our|his|her|\w+) (?:[\w'-]+ ){0,3}?)?"
#: "I've lived in Rome" alone is an experience; with how long, a home.
_LONG = r"(?=.*(?<!\w)(?:since|for|all my life|my whole life|my entire life|forever|now)(?!\w))"

RULES: tuple[Rule, ...] = (
    state(
        "live",
        rf"live on an? (?:[\w-]+ ){{0,2}}(?:houseboat|boat|narrowboat|farm|barge|estate|ranch) (?:in|near|outside) (?P<place>{PLACE})",
        ("home", "{place}"),
        mode="lasting",
    ),
    state(
        "live reside",
        rf"(?:live|reside) {_HOW}{_IN}",
        ("home", "{place}"),
        mode="whole",
        tail=r"(?!and (?-i:[A-Z])|or (?-i:[A-Z])).*",
    ),
    state(
        "live",
        r"live at (?P<street>\d+[a-z]? [\w' -]{3,50}?(?:, (?!and |but |so |i |my |we )[\w -]{2,30}){0,3})",
        ("address", "{street}"),
        tail=r"(?:, ?)?(?:and|but|so) .*|",
    ),
    state(
        "live",
        rf"live at (?P<street>(?-i:[A-Z][\w'-]*)(?: (?:(?-i:[A-Z])[\w'-]*|de|des|du|la|del|della|der|van)){{0,4}} \d+[a-z]?)(?: in (?P<place>{PLACE}))?",
        ("address", "{street}"),
        ("home", "{place}"),
        tail=r",.*|",
    ),
    state(
        "am",
        rf"am (?:based|living|located|settled|residing) {_HOW}(?:out of|{_PART}in) {_PART}(?P<place>{PLACE})",
        ("home", "{place}"),
        mode="lasting",
    ),
    state(
        "have",
        rf"have (?:been (?:living|based|settled) {_HOW}{_IN}|(?:been )?(?:lived|living|based|settled) {_HOW}in {_PART}(?P<place2>{PLACE}){_LONG})",
        ("home", "{place}"),
        ("home", "{place2}"),
        mode="lasting",
    ),
    state(
        "have",
        rf"have been (?:living |here )?in (?P<place>{PLACE})(?= (?:for |about |around |over |almost |nearly |roughly )*(?:{NUMBER}|\d+) years|,? (?:for|about|over|almost|nearly)? ?(?:a decade|decades|all my life|ages)| since (?:19|20)\d\d)",
        ("home", "{place}"),
        mode="lasting",
    ),
    state(
        "moved relocated emigrated have",
        rf"(?:have )?(?:moved|relocated|emigrated)(?: last \w+| yesterday| recently| this \w+)?(?: back| over| down| up| out| here| house| permanently| in together)?(?: with [^,]{{1,30}}?)?(?: from (?:the )?{PLACE})? to {_PART}(?P<place>{PLACE})",
        ("home", "{place}"),
        mode="lasting",
        tail=r"(?!(?:as (?:a|an|the|head|their|our)|team|department|plan|branch|office|project)\b).*",
    ),
    state(
        "moved have",
        rf"(?:have )?moved (?:back )?(?:into|in with) (?:a|an|the|our|my|his|her) (?:[\w'-]+ ){{0,3}}(?:{DWELLINGS}|care home|nursing home|retirement home|parents|folks|mum|mom|dad|grandparents|grandma|sister|brother|girlfriend|boyfriend|partner|fiancée?)(?:'s(?: \w+)?)? (?:in|at|near) (?P<place>{PLACE})",
        ("home", "{place}"),
        mode="lasting",
    ),
    state(
        "am moved",
        rf"(?:am|moved) back (?:living )?in (?P<place>{PLACE})(?= (?:for good|permanently)|, for good)",
        ("home", "{place}"),
    ),
    state("am", rf"am back living in (?P<place>{PLACE})", ("home", "{place}"), mode="lasting"),
    state(
        "rent share am",
        rf"(?:am )?(?:rent|renting|share|sharing) (?:a|an|our|my|the) (?:[\w-]+ ){{0,3}}(?:{DWELLINGS}) in (?P<place>{PLACE})",
        ("home", "{place}"),
        mode="lasting",
        who=OURS,
    ),
    state("rent", rf"(?:rent|are renting) in (?P<place>{PLACE})", ("home", "{place}"), mode="lasting", who=OURS),
    state("started have", rf"(?:have )?started living {_HOW}{_IN}", ("home", "{place}"), mode="lasting"),
    state("my", rf"my home now is (?P<place>{PLACE})", ("home", "{place}")),
    state("am", rf"am renting in (?P<place>{PLACE})", ("home", "{place}"), mode="lasting"),
    state("call", rf"call (?P<place>{PLACE}) (?:my |our )?home", ("home", "{place}"), mode="lasting", tail=""),
    state(
        "my",
        rf"my (?:new |current )?home (?:is|'s)(?: now)? in (?P<place>{PLACE})",
        ("home", "{place}"),
        mode="lasting",
    ),
    state("home", rf"home (?:is|'s) (?:now |in )*(?P<place>{PLACE})", ("home", "{place}"), mode="lasting"),
    state(
        "my our",
        r"(?:my|our) (?:new |home |current )*(?:address|home address)(?: is|'s)(?: now)? (?P<street>[^;]*\d[^;]*)",
        ("address", "{street}"),
        tail="",
    ),
    state(
        "am",
        rf"am (?:originally |actually )*from {_PART}(?P<place>{PLACE})(?: originally)?",
        ("hometown", "{place}"),
        tail=r"(?:,|and|but|originally|so|where|which|by).*",
    ),
    state(
        "come hail",
        rf"(?:come|hail) (?:originally )?from {_PART}(?P<place>{PLACE})(?: originally)?",
        ("hometown", "{place}"),
        tail=r"(?:,|and|but|originally|so|where|which).*",
    ),
    state("my", rf"my hometown is (?P<place>{PLACE})", ("hometown", "{place}"), tail=r",.*|in .*"),
    state("was am were", rf"(?:was|am|were) born and (?:raised|bred) (?:here )?{_IN}", ("hometown", "{place}")),
    state("was am were", rf"(?:was|am|were) born (?:here )?{_IN}", ("birthplace", "{place}")),
    state("grew was", rf"(?:grew up|was raised|was brought up) (?:here )?{_IN}", ("upbringing", "{place}")),
    state(
        "am",
        rf"am (?:a |an |half |originally )*(?P<nation>{NATIONALITIES})(?: (?:citizen|national|by birth|born and raised|passport holder))?",
        ("nationality", "{nation}"),
        tail=r"(?:,|and|but|so|because|living|by birth|from).*",
        mode="lasting",
    ),
    state(
        "am",
        rf"am (?:a |an )?(?P<nation>{NATIONALITIES}) (?:\w+ )?(?:living|based|residing) in {_PART}(?P<place>{PLACE})",
        ("nationality", "{nation}"),
        ("home", "{place}"),
        mode="lasting",
    ),
    state(
        "hold have", rf"(?:hold|have) (?:a|an|both a) (?P<nation>{NATIONALITIES}) passport", ("citizenship", "{nation}")
    ),
    state(
        "hold have am",
        rf"(?:hold|have|am a) dual (?:citizenship|nationality|citizen)(?:,| of|:|-| –)? (?P<nation>{NATIONALITIES})(?: and |/|-)(?P<nation2>{NATIONALITIES})",
        ("citizenship", "{nation}"),
        ("citizenship", "{nation2}"),
    ),
    state(
        "have got",
        rf"(?:have |got )+(?:my |his |her )?(?P<nation>{NATIONALITIES}) citizenship",
        ("citizenship", "{nation}"),
    ),
)
