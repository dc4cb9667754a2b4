"""What somebody eats and does not, and what ails them."""

from __future__ import annotations

from engram_core.ingest.learn.rules.statements.rule import ONE, Rule, state
from engram_core.ingest.learn.rules.vocabulary.kinds import CONDITIONED, CONDITIONS, DIETS, FOODS

_DIET = rf"(?P<diet>{DIETS})s?"
_ALLERGEN = r"(?P<allergens>(?!(?:my|his|her|your|our|their|it|that|this|mornings?|mondays?|work|people|bullshit|nonsense|stupid\w*|commitment|fun|everything|sunlight and|to)\b)[\w'-]+(?: (?!(?:and|or|so|but|because|in|at|on|with|for|since|which|that|like|btw|by|though|too|unfortunately|sadly|also|please|however|myself|obviously|anyway|lol)\b)[\w'-]+)?(?:(?:, | and | or |, and | & )(?:to )?(?!(?:but|except|excluding|only|not|though|although|apart|luckily|thankfully|I|i'm|my|we|so|and|or|to|nonsense|bullshit|work|people|stupid\w*|mornings?|mondays?|commitment|fun|everything|can't|live|have|love|hate|avoid)\b)[\w'-]+(?: (?!(?:and|or|so|but|because|in|at|on|with|for|since|which|that|btw|by|though|too|unfortunately|sadly|also|please|however|myself|obviously|anyway|lol)\b)[\w'-]+)?){0,4})"
#: Not for a while, nor before a run.
_FOR_GOOD = r"(?!(?:for (?:lent|january|now|a|the|one|two|this)|before|after|at|this|today|tonight|when|with|that|recipe|jokes|in (?:the|my)|until|on|because (?:i'm|i am) (?:on|taking))\b).*"
_FOODS = rf"(?P<foods>(?:{FOODS})(?:(?:, | and | or |, and |, or )(?:{FOODS})){{0,4}})"
_DRUG = r"(?P<drug>[a-z]{3,}(?:pril|olol|statin|azole|cillin|mycin|formin|pram|xetine|traline|zepam|zolam|sartan|profen|trexate|tinoin|tadine|rizine|gliptin|gliflozin|tide|mab|thyroxine|phenidate|amphetamine|faxine|tidine|dronate|caine|gabalin|pentin)|insulin|lithium|prednisone|prednisolone|warfarin|statins|levothyroxine|sertraline|ritalin|adderall|prozac|zoloft|lexapro|ozempic|wegovy|accutane|vyvanse|concerta|antidepressants|blood thinners|beta blockers|birth control|the pill|ssris)"
_DOSE = r"(?:\d+ ?(?:mg|mcg|g|ml|iu)(?: of)? )?"

RULES: tuple[Rule, ...] = (
    state(
        "am",
        rf"am (?:(?:a|an|strictly|strict|lifelong|committed|proud|fully) )*{_DIET}(?: myself| now)?",
        ("diet", "{diet}"),
        mode="whole",
        tail=r"(?!cook|chef|for (?:the|a|today|lent|january)|today|when|cheese|leather|curious|friendly).*",
    ),
    state(
        "became went have turned",
        rf"(?:have )?(?:became|become|went|gone|turned) (?:a |full |fully |completely |totally )?{_DIET}",
        ("diet", "{diet}"),
        mode="whole",
        tail=r"(?!for (?:the|a|lent|january)).*",
    ),
    state(
        "have",
        rf"have been (?:a |an |strictly )?{_DIET}(?=.*(?:since|for|all|now))",
        ("diet", "{diet}"),
        mode="whole",
    ),
    state(
        "follow eat keep switched am started do have",
        rf"(?:am on|am following|am doing|follow|eat|keep|do|have switched to|switched to|started|have started) (?:a |an |the )?(?:strict |strictly |only )?{_DIET}(?: diet| food)?",
        ("diet", "{diet}"),
        mode="whole",
    ),
    state("avoid", rf"avoid (?:all |eating )*{_FOODS}", ("avoids", "{foods*}"), mode="lasting"),
    state(
        "don't never can't",
        rf"(?:don't|never|can't|can't)(?: really)? (?:eat|drink|have|do|touch|tolerate) (?:any )?{_FOODS}",
        ("avoids", "{foods*}"),
        mode="any",
        tail=r"(?!before|after|today|tonight|with|when|on|at|enough|in|that|as|because (?:i'm|I'm) (?:on|taking)|until|for now|this).*",
    ),
    state(
        "stopped quit gave have cut dropped am no",
        rf"(?:have )?(?:(?:stopped|quit) (?:eating|drinking|having)|given up(?: eating| drinking)?|gave up(?: eating| drinking)?|cut out|cut|dropped|quit|(?:am )?no longer (?:eat|drink|eating|drinking)|am off) (?:all )?{_FOODS}",
        ("avoids", "{foods*}"),
        mode="any",
        tail=_FOR_GOOD,
    ),
    state("eat", rf"eat no {_FOODS}", ("avoids", "{foods*}"), mode="any", tail=_FOR_GOOD),
    state(
        "don't",
        r"don't (?:drink|touch) (?:any )?(?P<drink>alcohol)",
        ("avoids", "{drink}"),
        mode="any",
        tail=r"(?:,|and|so|at all|anyway|because).*",
    ),
    state(
        "don't",
        r"don't drink",
        ("avoids", "alcohol"),
        mode="any",
        tail=r"(?:,|and(?! drive)|so|at all|anyway|because).*",
    ),
    state("don't", r"don't (?P<smoke>smoke)", ("trait", "non-smoker"), mode="any", tail=r"$^"),
    state(
        "am",
        rf"am (?:(?:severely|also|very|highly|badly|mildly|deathly|super|really|quite|violently|slightly) )*allergic to {_ALLERGEN}",
        ("allergy", "{allergens*}"),
        tail=r"(?!lol|of|being|you).*",
    ),
    state(
        "am",
        r"am (?P<food>lactose|gluten|fructose|histamine)[- ]intolerant|am intolerant (?:to|of) (?P<food2>lactose|gluten|dairy|fructose|histamine|wheat|eggs?)",
        ("allergy", "{food}"),
        ("allergy", "{food2}"),
    ),
    state(
        "have",
        r"have (?:a|an) (?:(?:severe|bad|mild|serious|nasty|deadly|life-threatening) )?(?P<food>(?!(?:skin|food|new|weird|strange|seasonal|certain|lot|few)\b)[\w-]+(?: nut)?) (?:allergy|intolerance)",
        ("allergy", "{food}"),
    ),
    state(
        "have",
        r"have (?:a|an) (?:(?:severe|bad|mild|serious|nasty) )?(?:allergy|intolerance) to (?P<food>(?!(?:work|people|mornings?|fun|stupid\w*|bullshit|you|it|that|this|the)\b)[\w-]+(?: nuts?)?)",
        ("allergy", "{food}"),
        tail=r"(?:,|and|but|so|since)\b.*|,.*",
    ),
    state("am", r"am (?:a )?(?P<food>c(?:o)?eliac)", ("allergy", "{food}"), who=ONE),
    state(
        "have was got",
        rf"(?:have been |was |got )(?:just |recently |newly |first )?diagnosed with (?:mild |severe |bad |chronic )?(?P<condition>{CONDITIONS})",
        ("condition", "{condition}"),
        who=ONE,
        mode="any",
    ),
    state(
        "get",
        r"get (?:really |bad |awful |terrible |regular |frequent )*(?P<condition>migraines|cold sores|panic attacks|nosebleeds|hay fever)",
        ("condition", "{condition}"),
        who=ONE,
        mode="lasting",
    ),
    state(
        "have am was got",
        rf"(?:have (?:had )?|suffer from |live with |(?:have been |was |got |am )(?:just |recently |newly )?diagnosed with )(?:mild |severe |bad |chronic |really bad )?(?P<condition>{CONDITIONS})",
        ("condition", "{condition}"),
        who=ONE,
        tail=r"(?!in (?:the|my|our|his|her) (?:family|house)|today|right now|from (?:looking|this|you|that)).*",
    ),
    state(
        "suffer live",
        rf"(?:suffer from|live with) (?:mild |severe |bad |chronic )?(?P<condition>{CONDITIONS})",
        ("condition", "{condition}"),
        who=ONE,
    ),
    state(
        "am",
        rf"am (?:a |mildly |slightly |severely |red-green |partially )*(?P<condition>{CONDITIONED})",
        ("condition", "{condition}"),
        who=ONE,
        tail=r"(?!to\b|in comparison).*",
    ),
    state(
        "am take have",
        rf"(?:am on|am taking|take|have been on|have been taking|am prescribed) (?:the )?{_DOSE}{_DRUG}",
        ("medication", "{drug}"),
        who=ONE,
        mode="lasting",
    ),
    state(
        "am take",
        r"(?:am on|am taking|take) (?P<drug>[a-z]{5,}),? (?P<dose>\d+ ?(?:mg|mcg|micrograms|milligrams))",
        ("medication", "{drug} {dose}"),
        who=ONE,
        mode="lasting",
    ),
    state(
        "am take",
        r"(?:am on|am taking|take) (?P<dose>\d+ ?(?:mg|mcg)) (?:of )?(?P<drug>[a-z]{5,})",
        ("medication", "{drug} {dose}"),
        who=ONE,
        mode="lasting",
    ),
)
