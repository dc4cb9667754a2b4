"""What is no longer so. It changes only what is known."""

from __future__ import annotations

from engram_core.ingest.learn.rules.statements.rule import OURS, Rule, end
from engram_core.ingest.learn.rules.vocabulary.firms import FIRMS
from engram_core.ingest.learn.rules.vocabulary.kinds import (
    CARS,
    CONDITIONED,
    CONDITIONS,
    DIETS,
    FOODS,
    GROUPS,
    PARTNERS,
    PLAYED,
    SPORTS,
)
from engram_core.ingest.learn.rules.vocabulary.shapes import DAY, NAME, ORG, PAST, PHRASE, PLACE

_MORE = r"(?= .*any ?more| anymore)"
_JOB = r"[\w'-]+(?: [\w'-]+){0,3}?"
#: After "I left Acme": nothing that makes it the way home.
_FOR_GOOD = r"(?!.*\b(?:early|late|lunch|o'clock|at \d+(?::\d\d)? ?(?:am|pm)?|am|pm|on time|my (?:keys|phone|bag|wallet|coat|jacket|umbrella|laptop)|a (?:review|note|comment|message|tip)|behind|with a|without|this morning|for (?:the|a) (?:day|meeting|break|while|appointment|weekend))\b).*"
_ORG = rf"(?:the )?(?P<org>{ORG}|[\w'&.+-]+)"
_PLACE = rf"(?P<place>{PLACE}|[\w'-]+)"

RULES: tuple[Rule, ...] = (
    end(
        "am no left quit have",
        r"am no longer (?:a |an )?(?:[\w-]+ )?(?:member|part) of (?:the |a |an |my )?(?P<club>[\w'&-]+(?: (?!(?:any|since|for|because|and|but|now)\b)[\w'&-]+){0,3})|(?:have )?(?:left|quit) the (?P<party>(?:[\w'-]+ )?[Pp]arty)(?! (?:early|at|before|with|when|because))",
        ("member", "{club}"),
        ("member", "{party}"),
        ("hobby", "{club}"),
    ),
    end(
        "no don't",
        rf"(?:no longer live in {_PLACE}|don't live in (?P<place2>{PLACE}|[\w'-]+){_MORE})",
        ("home", "{place}"),
        ("home", "{place2}"),
    ),
    end(
        "no don't",
        rf"(?:no longer work (?:at|for) {_ORG}|don't work (?:at|for) (?P<org2>{ORG}|[\w'&.+-]+){_MORE})",
        ("employer", "{org}"),
        ("employer", "{org2}"),
    ),
    end(
        "quit left have resigned",
        rf"(?:have )?(?:quit|left|resigned from)(?: (?:my|the|his|her) (?:job|position|role) (?:at|with))? (?P<org>{ORG})",
        ("employer", "{org}"),
        tail=_FOR_GOOD,
    ),
    end(
        "quit left have resigned dropped stopped",
        r"(?:have )?(?:quit|resigned from|dropped out of|pulled out of|stopped going to|left) (?:the|my|our) (?P<group>(?:[\w'-]+ )?(?:choir|band|orchestra|quartet|team|crew|committee|board|council|group|army|navy|company|firm|start-?up|agency|union|club(?= for good| last (?:week|month|year)| in (?:january|february|march|april|may|june|july|august|september|october|november|december)|$)))",
        ("member", "{group}"),
        ("hobby", "{group}"),
        ("workplace", "{group}"),
        tail=_FOR_GOOD,
    ),
    end(
        "quit have resigned dropped stopped",
        rf"(?:have )?(?:quit|resigned from|dropped out of|stopped working (?:at|for|in)) (?:the|my) (?P<thing>(?:[\w'-]+ )?(?:{FIRMS}|{GROUPS}))",
        ("workplace", "{thing}"),
        ("employer", "{thing}"),
        ("member", "{thing}"),
        ("school", "{thing}"),
        tail=_FOR_GOOD,
    ),
    end(
        "resigned stepped quit have stopped am",
        rf"(?:have )?(?:resigned|stepped down|quit|retired) as (?:the |a |an )?(?P<office>[\w'-]+(?: [\w'-]+){{0,2}}?)|(?:have )?stopped (?:being|working as) (?:the |a |an )?(?!(?:{DIETS})\b)(?P<office2>[\w'-]+(?: [\w'-]+){{0,2}}?)",
        ("occupation", "{office}"),
        ("occupation", "{office2}"),
        ("trait", "{office}"),
        ("trait", "{office2}"),
    ),
    end("stopped have", rf"(?:have )?stopped working (?:at|for) {_ORG}", ("employer", "{org}"), tail=_FOR_GOOD),
    end(
        "was got have am",
        rf"(?:was|got|have been|am)(?: just)? (?:fired|laid off|let go|made redundant)(?: (?:from|by) {_ORG})",
        ("employer", "{org}"),
    ),
    end(
        "was got have quit left lost resigned handed",
        r"(?:(?:was|got|have been)(?: just)? (?:fired|laid off|let go|made redundant)|(?:have )?(?:quit|left|lost|resigned from) (?:my|his|her) job|(?:have )?resigned$|(?:have )?handed in my (?:badge|keys))",
        ("employer", "*"),
        tail=_FOR_GOOD,
    ),
    # Alone it may be a game that is given up: with a time it is a job.
    end(
        "quit resigned have",
        rf"(?:have )?(?:quit|resigned)(?= (?:{PAST}|on {DAY})(?: |,|$))",
        ("employer", "*"),
        who=OURS,
        tail=rf"(?:on )?(?:{PAST})(?:,? (?:and|so|because|but)\b.*|, .*|)",
    ),
    end(
        "no am",
        rf"(?:am )?no longer (?:a |an |the )?(?P<diet>{DIETS})|am not (?:a |an )?(?P<diet2>{DIETS}){_MORE}",
        ("diet", "{diet}"),
        ("diet", "{diet2}"),
    ),
    end(
        "stopped have quit gave dropped ended",
        rf"(?:have )?(?:stopped being|quit being|gave up being|gave up on being|stopped|quit|dropped|ended|gave up|given up) (?:a |an |the |my )?(?P<diet>{DIETS})(?: diet)?",
        ("diet", "{diet}"),
    ),
    end(
        "eat started have", r"(?:eat|(?:have )?started eating|am eating) (?:meat|fish|dairy|eggs) again", ("diet", "*")
    ),
    end(
        "eat drink have can am started",
        rf"(?:(?:can |have started |started )?(?:eat|drink|eating|drinking|have)|am (?:eating|drinking)) (?P<food>{FOODS})(?= again)",
        ("avoids", "{food}"),
        ("allergy", "{food}"),
    ),
    end(
        "am don't",
        rf"am no longer (?:a )?(?P<ill>{CONDITIONED})|am not (?:a )?(?P<ill2>{CONDITIONED}){_MORE}|(?:don't have|no longer have) (?P<ill3>{CONDITIONS}){_MORE}",
        ("condition", "{ill}"),
        ("condition", "{ill2}"),
        ("condition", "{ill3}"),
    ),
    end(
        "am no have",
        rf"am no longer (?:a |an |the |with |working as (?:a |an )?)?(?P<job>{_JOB})|am not (?:a |an |the )?(?P<job2>{_JOB}){_MORE}",
        ("occupation", "{job}"),
        ("occupation", "{job2}"),
    ),
    end(
        "am no",
        rf"am no longer (?:at|with|employed by) {_ORG}|am not (?:(?:working )?(?:at|for)|working with) (?:the )?(?P<org2>{ORG}){_MORE}",
        ("employer", "{org}"),
        ("employer", "{org2}"),
        ("partner", "{org2}"),
    ),
    end(
        "am no",
        r"am no longer (?P<status>married|engaged|single)|am not (?P<status2>married|engaged|single)(?= anymore| any more)",
        ("relationship", "{status}"),
        ("relationship", "{status2}"),
    ),
    end(
        "no don't",
        rf"no longer (?:like|love|enjoy) (?P<liked>{PHRASE})|don't (?:really )?(?:like|love|enjoy) (?P<liked2>{PHRASE}){_MORE}",
        ("likes", "{liked}"),
        ("likes", "{liked2}"),
    ),
    end(
        "no don't",
        rf"no longer (?:hate|dislike|mind) (?P<liked>{PHRASE})|don't (?:hate|dislike|mind) (?P<liked2>{PHRASE}){_MORE}",
        ("dislikes", "{liked}"),
        ("dislikes", "{liked2}"),
    ),
    end("have", rf"have gone off (?P<liked>{PHRASE})(?: entirely| completely)?", ("likes", "{liked}")),
    end(
        "no don't stopped quit gave have",
        rf"(?:no longer|don't|(?:have )?(?:stopped|quit|gave up|given up|packed in))(?: play| playing)? (?:the )?(?P<played>{PLAYED})(?<!play )(?: any ?more)?",
        ("plays", "{played}"),
        ("learning", "{played}"),
        tail=r".*(?:any ?more|altogether|for good|last|ago|because|this|in).*|",
    ),
    end(
        "no don't stopped quit gave have",
        rf"(?:no longer|don't|(?:have )?(?:stopped|quit|gave up|given up|packed in))(?: do| doing| go| going)? (?P<sport>{SPORTS})(?: any ?more| altogether)?",
        ("hobby", "{sport}"),
        ("likes", "{sport}"),
        tail=r".*(?:any ?more|altogether|for good|last|ago|because|this|in).*|",
    ),
    end(
        "no don't stopped have",
        r"(?:no longer speak|don't speak) (?P<lang>[a-z]{4,12})(?= anymore)",
        ("speaks", "{lang}"),
    ),
    end(
        "sold have traded scrapped got",
        r"(?:have )?(?:sold|traded in|scrapped|got rid of|wrecked|totall?ed) (?:my|the|our) (?:old |beloved )?car",
        ("car", "*"),
    ),
    end(
        "sold have traded scrapped got",
        rf"(?:have )?(?:sold|traded in|traded|swapped|scrapped|got rid of|wrecked|totall?ed) (?:my|the|our) (?:old |beloved )?(?P<car>{CARS})(?: [\w-]+)?(?!.* for (?:a|an) )",
        ("car", "{car}"),
    ),
    end(
        "stopped gave quit have",
        r"(?:have )?(?:stopped|gave up|given up|quit)(?: on)?(?: learning)? (?P<lang>(?-i:[A-Z])[a-z]{3,12})",
        ("learning", "{lang}"),
    ),
    end(
        "sold have",
        r"(?:have )?(?:sold|got rid of|gave away|given away|donated|scrapped|lost|crashed) (?:my|the|our) (?P<thing>[\w'-]+(?: [\w'-]+){0,2}?)",
        ("owns", "{thing}"),
        ("car", "{thing}"),
        tail=r"(?!(?:keys?|charger|case|receipt|manual|ticket|weight|appetite|mind|way|temper)\b).*",
    ),
    end(
        "sold have gave rehomed",
        rf"(?:have )?(?:(?:sold|gave away|given away|rehomed) (?P<name>{NAME})(?= (?:to|for|last|yesterday|on|in)\b|$|,)|(?:gave|given) (?P<name2>{NAME}) away)",
        ("owns", "{name}"),
        ("owns", "{name2}"),
        ("pet", "{name}"),
        ("pet", "{name2}"),
        who=OURS,
        tail=r"(?!(?:a|an|the|my|his|her|some|for (?:christmas|a))\b).*",
    ),
    end("died passed", r"(?:died|passed away|passed|has died|is dead)(?P<gone>)", ("pet", "*"), who=frozenset()),
    end(
        "broke split have",
        rf"(?:have )?(?:broke up|split up|broken up|split) with (?:my (?:\w+ )?(?:{PARTNERS}),? ?)?(?P<name>{NAME}|(?!my|the|a\b)[\w'-]+)",
        ("partner", "{name}"),
    ),
    end(
        "broke split have",
        rf"(?:have )?(?:broke up|split up|broken up) with my (?:{PARTNERS})|(?:and I |have )?(?:broke up|split up|broken up|got divorced|are divorced|separated)$",
        ("partner", "*"),
        who=OURS,
    ),
    end(
        "am",
        r"am (?:off|not on|no longer on|no longer taking) (?:the |my )?(?P<drug>[a-z]{5,})(?: any ?more| entirely| completely)?",
        ("medication", "{drug}"),
        tail=r"(?!(?:today|tonight|at the moment|this|right now|for)\b).*",
    ),
    end(
        "have came went got stopped",
        r"(?:have been|(?:have )?(?:come|came|gone|went|got|tapered)) off (?:the |my )?(?P<drug>[a-z]{4,})(?: entirely| completely)?",
        ("medication", "{drug}"),
    ),
    end(
        "stopped have quit",
        r"(?:have )?(?:stopped|quit) taking (?:my |the )?(?P<drug>[a-z]{5,})",
        ("medication", "{drug}"),
    ),
    end(
        "dropped have quit",
        r"(?:have )?(?:dropped out|quit (?:uni|university|college|school))(?: of (?:uni|university|college|(?:\w+ )?school|my (?:degree|course|program|programme|phd|studies)|the (?:program|programme|course|phd)))?",
        ("studies", "*"),
        ("school", "*"),
        tail=r"(?!of ).*",
    ),
    end(
        "am",
        rf"am not (?:with|dating|seeing|married to|engaged to) (?P<name>{NAME}|[\w'-]+){_MORE}",
        ("partner", "{name}"),
    ),
    end(
        "quit stopped gave have packed",
        r"(?:have )?(?:quit|stopped|gave up|given up|packed in)(?: the)? (?P<smoking>smoking|vaping|cigarettes)",
        ("trait", "smoker"),
    ),
    end(
        "haven't have",
        r"(?:haven't|have not) (?:had|smoked|touched) (?:a )?(?:single )?(?P<smoking>cigarettes?)",
        ("trait", "smoker"),
    ),
    end(
        "graduated have",
        rf"(?:have )?(?:graduated(?! to)|finished my degree|finished school|graduated from (?P<org>{ORG}))",
        ("school", "*"),
        ("studies", "*"),
    ),
    end(
        "am",
        r"am (?:apparently )?not allergic to (?P<food>[\w'-]+(?: [\w'-]+)?)(?= any ?more)",
        ("allergy", "{food}"),
    ),
    end(
        "am have",
        r"(?:am no longer|have outgrown|outgrew) (?:allergic to |my |the )(?P<food>[\w-]+)(?: allergy)?",
        ("allergy", "{food}"),
    ),
    end(
        "cancelled canceled have",
        r"(?:have )?cancell?ed (?:my |our )?(?P<thing>[\w'+-]+(?: [\w'+-]+)??)",
        ("owns", "{thing}"),
        ("plan", "{thing}"),
        ("member", "{thing}"),
    ),
    end(
        "don't",
        rf"don't (?:own|have) (?:a|an|the|my) (?P<thing>[\w'-]+(?: [\w'-]+)?){_MORE}",
        ("owns", "{thing}"),
        ("pet", "{thing}"),
        ("car", "{thing}"),
    ),
    end(
        "pulled have",
        rf"(?:have )?pulled out of (?:the )?(?P<goal>{ORG}|[\w'-]+(?: [\w'-]+)?)",
        ("goal", "{goal}"),
        ("plan", "{goal}"),
    ),
)
