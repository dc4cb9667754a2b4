"""What somebody can do and does, drives, owns and keeps."""

from __future__ import annotations

from engram_core.ingest.learn.rules.statements.rule import ONE, OURS, Rule, state
from engram_core.ingest.learn.rules.vocabulary.kinds import CARS, DEVICES, PLAYED, SPECIES, SPORTS
from engram_core.ingest.learn.rules.vocabulary.shapes import NAME, NAMES

_HOW_WELL = r"(?:(?:fluent|some|a little(?: bit of)?|a bit of|good|native|basic|decent|conversational|enough|broken|bad|rusty|both|also|my) )*"
_LANG = r"[a-z]{3,14}"
_LANGS = rf"{_HOW_WELL}(?P<langs>{_LANG}(?:(?:, and |, | and | & | plus ){_HOW_WELL}{_LANG}){{0,6}})"
_BRAND = rf"(?P<car>(?:(?:19|20)\d\d )?(?:\w+ )?(?:{CARS})(?: (?!(?:and|but|so|in|on|at|with|to|for|now|which|that|from|because|since|as|is|was|has|every|I)\b)[\w-]+){{0,2}})"
_ADJ = r"(?:(?:new|old|little|small|big|large|older|younger|baby|first|second|rescue|rescued|black|white|brown|grey|gray|orange|ginger|beloved|lovely|cute|sweet|fat|elderly|retired|young|adorable|fluffy|very|\w+-\w+|\w+-year-old|tabby|male|female) )*"

RULES: tuple[Rule, ...] = (
    state(
        "speak",
        rf"speak (?P<langs>{_LANG}) (?:at|with|to) (?:my |the )?(?!and\b)[\w-]+(?: (?!and\b)[\w-]+)?(?:, and|,| and) {_HOW_WELL}(?P<langs2>{_LANG})",
        ("speaks", "{langs}"),
        ("speaks", "{langs2}"),
        mode="lasting",
        who=ONE,
    ),
    state(
        "speak am",
        rf"(?:speak|am fluent in|am bilingual in) {_LANGS}(?: (?:fluently|well|natively))?",
        ("speaks", "{langs*}"),
        mode="lasting",
        who=ONE,
    ),
    state("can", rf"can speak {_LANGS}(?: (?:fluently|well))?", ("speaks", "{langs*}"), mode="lasting", who=ONE),
    state(
        "my am",
        rf"(?:my (?:native language|mother tongue|first language)(?: is|'s)|am a native speaker of|am a native) (?P<langs>{_LANG})(?: speaker)?",
        ("native_language", "{langs}"),
    ),
    state(
        "am have started",
        rf"(?:am (?:currently )?learning|have been learning|have started learning|started learning) (?:the |to play (?:the )?)?(?P<skill>{PLAYED}|{SPORTS})",
        ("learning", "{skill}"),
        mode="lasting",
    ),
    state(
        "am have started",
        rf"(?:am (?:currently )?learning|have been learning|have started learning|started learning) (?:a bit of |some )?(?P<langs>{_LANG})",
        ("learning", "{langs}"),
        mode="lasting",
    ),
    state(
        "play have",
        rf"(?:play|have played|have been playing) (?:the )?(?P<played>{PLAYED})(?: and (?:the )?(?P<played2>{PLAYED}))?",
        ("plays", "{played}"),
        ("plays", "{played2}"),
        mode="lasting",
    ),
    state(
        "have took",
        rf"(?:have taken up|took up|picked up|have picked up) (?:the |playing (?:the )?)?(?P<skill>{PLAYED})",
        ("learning", "{skill}"),
        mode="lasting",
        who=ONE,
    ),
    state(
        "do practise practice am have took joined started signed",
        rf"(?:do|practi[sc]e|am (?:really |now )?into|am doing|have taken up|took up|have started|started|(?:have )?signed up for|(?:have )?joined) (?:an? (?:\w+ )?)?(?P<sport>{SPORTS})(?: class(?:es)?| course| lessons| club)?",
        ("hobby", "{sport}"),
        mode="lasting",
        tail=r"(?!today|right now|myself|for (?:you|him|her|work)|homework).*",
    ),
    state(
        "go",
        rf"go (?P<sport>{SPORTS})(?= (?:every|on|twice|once|most|a lot|regularly|in|with|at|all)|$)",
        ("hobby", "{sport}"),
        mode="lasting",
    ),
    state(
        "drive have own got bought lease",
        rf"(?:drive|(?:have|own|got|bought|lease|have bought)) (?:a|an|my|our|this) {_BRAND}",
        ("car", "{car}"),
        tail=r"(?!at work|for work|tomorrow|rental|today|on order|dealership|stock|shares|every now).*",
        mode="lasting",
    ),
    state(
        "traded swapped have",
        rf"(?:have )?(?:traded|swapped)(?: in)? (?:my|the|our) [^,]{{2,30}}? for (?:a|an) {_BRAND}",
        ("car", "{car}"),
    ),
    state("my our", rf"(?:my|our) (?:new )?car(?: is|'s) (?:a|an|my|the) {_BRAND}", ("car", "{car}")),
    state(
        "have own got bought",
        rf"(?:have|own|got|bought|have bought) (?:a|an|my|the) (?:new |old |used )*(?P<device>(?:{DEVICES})(?: (?!(?:and|but|so|in|on|with|to|for|now|which|that|because|case|cover|charger|screen|stand|app)\b)[\w-]+){{0,2}})",
        ("owns", "{device}"),
        tail=r"(?!for (?:my|our|his|her)|case|charger|cover).*",
    ),
    state(
        "have own got adopted bought rescued welcomed share",
        rf"(?:have )?(?:have|own|got|adopted|bought|rescued|welcomed|share \w+ with) (?:ourselves |myself |us |me )?(?:a|an|one|this|another) {_ADJ}(?P<species>{SPECIES})(?: (?:puppy|kitten|mix|cross))?(?:(?: who(?:'s| is))?,? (?:called|named|by the name of) |, |: | )(?P<name>{NAME})",
        ("pet", "{species} {name}"),
        tail=r"(?!'s).*",
    ),
    state(
        "have own got adopted rescued bought",
        rf"(?:have )?(?:have|own|got|adopted|bought|rescued) (?:a|an|one|another) {_ADJ}(?P<species>{SPECIES})(?: (?:puppy|kitten))?",
        ("pet", "{species}"),
        who=OURS,
        mode="lasting",
        tail=r"(?!.*\b(?:problem|phobia|person|allergy|tattoo|costume|toy|joke|race|to pick|in my throat|plush|feeder|emoji)\b)(?:,|and|at home|now|but|so|who|with|that|last|this|yesterday|today|from|on|two|three|a).*",
    ),
    state(
        "have own keep",
        rf"(?:have|own|keep) (?P<flock2>(?:two|three|four|five|six|seven|eight|nine|ten|a dozen|\d+) {_ADJ}(?:{SPECIES})s)",
        ("pet", "{flock2}"),
        who=OURS,
        mode="lasting",
        tail=r"(?!.*\b(?:oven|freezer|fridge|pan|soup|recipe)\b)(?:,|and|at home|now|but|so|who|with|that|in|running|living).*",
    ),
    state(
        "have own got adopted rescued keep",
        rf"(?:have )?(?:have|own|got|adopted|keep|rescued) (?:two|three|four|five|six|\d) {_ADJ}(?P<species>{SPECIES})s?(?:,| called| named|:| -) (?P<names>{NAMES})",
        ("pet", "{species} {names*}"),
        who=OURS,
    ),
    state(
        "keep raise",
        r"(?:keep|raise) (?:some |our own |my own |two |three |four |five |six |\d+ )?(?P<flock>\w+)",
        ("pet", "{flock}"),
        mode="lasting",
    ),
    state(
        "own",
        r"own (?:a|an|two|three|four|\d) (?P<thing>(?!(?:lot|bit|few|goal|question|problem)\b)[\w-]+(?: (?!(?:and|in|on|with|but|so|which|that|for|near|by|called|named|at|of)\b)[\w-]+){0,3})",
        ("owns", "{thing}"),
        mode="lasting",
    ),
    state(
        "sing",
        r"sing (?P<sung>(?:alto|soprano|tenor|bass|baritone|mezzo)(?: in (?:a|the|our|my) (?:[\w-]+ ){0,3}(?:choir|band|chorus))?|in (?:a|the|our|my) (?:[\w-]+ ){0,3}(?:choir|band|chorus))",
        ("hobby", "singing {sung}"),
        mode="lasting",
        who=ONE,
    ),
)
