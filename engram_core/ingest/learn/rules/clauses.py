"""From sentences to clauses: each with its subject at its beginning, and with what the sentence does to it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from engram_core.ingest.learn.rules.sentences import Sentence
from engram_core.ingest.learn.rules.vocabulary.kinds import FRIENDS, OTHERS, PARTNERS, RELATIONS, SPECIES
from engram_core.ingest.learn.rules.vocabulary.shapes import DAY, FUTURE, MONTH, NAME, ORDINAL, PAST, UPPER

_LONGEST = 300
_MOST_ASIDES = 5

#: Greetings, thanks, asides and requests to remember, before what is said.
_OPENING = re.compile(
    r"(?:(?:oh|well|so|right(?=,)|ok(?:ay)?|(?:hi|hey|hello|hiya|yo|good (?:morning|evening|afternoon))(?: (?:there|all|everyone|guys|folks|bot|robot|computer|dear|again|mate|buddy|dude|man))?|morning|evening|yes|yeah|yep|yup|no(?! (?:more|longer))|nope|nah|also|and|but|plus|or|because|anyway|anyways"
    r"|btw|by the way|fyi|honestly|tbh|in fact|ps|as a matter of fact|just so you know|jsyk|so you know|for the record|for context|for reference|(?:as|like) i(?:'ve| have)? (?:already )?(?:said|mentioned|told you)(?: before| earlier| already)?|as (?:you (?:already )?know|i say)"
    r"|i (?:must|may|might) have (?:told|mentioned to) you that|you (?:may|might|will|probably|surely)? ?(?:recall|remember|know)(?: by now| already)? that|(?:just )?a reminder(?: that)?|(?:one|quick|small|gentle|friendly) reminder(?: that)?"
    r"|these days|nowadays|at the moment|at present|right now|currently|by day|by trade|by profession|for work|for a living|professionally|in real life|as things (?:stand|are)|instead|meanwhile"
    r"|(?:since|as|because|seeing (?:that|as)|given that|considering(?: that)?)(?= (?:i'm|i am|i live|i work|i have|i've got|i speak|i don't|i can't|we live|we have|we've got|i'm allergic|my [\w-]+ (?:is|has|can't))(?!\w))"
    r"|in case (?:it (?:helps|matters)|you forgot|you were wondering)|if (?:it helps|it matters|you must know|you remember|you forgot|that helps)|you know|to be clear|(?:great|good|big|bad|sad|happy|exciting) news|news|update|quick update|guess what|fun fact|random fact"
    r"|thanks(?: (?:so much|a lot|again))?|thank you(?: (?:so much|again))?|thx|cheers|(?:can|could) you (?:please )?(?:remember|note)(?: that)?|please|pls|kindly|(?:just )?(?:remember|note|keep in mind|bear in mind|know|be aware)(?: that)?(?! (?:when|how|what|the|to|my|if|who))"
    r"|remember(?= my (?:\w+ )?(?:name|sister|brother|wife|husband|birthday|favou?rite|dog|cat))|don't forget(?: that)?|first of all|first|to start|turns out(?: that)?|it turns out(?: that)?|finally|hmm+|um+|uh+|ah|aw+|ugh|omg+|wow|yay+|woo+hoo+|hooray"
    r"|sorry|sorry for the late reply|apologies|actually|anyhow|dear|sir|madam|again|then|quick (?:q|question|one)|question|question for you|happy to say|proud to say|i should mention(?: that)?|i should add(?: that)?"
    r"|i(?:'ll| should| must| have to) (?:mention|say|admit|confess)(?: that)?|(?:you should|you ought to|i want you to) know(?: that)?|did (?:i|you) (?:mention|tell you|know)(?: that)?|as you (?:know|may know|might know|remember)|unfortunately|sadly|luckily|fortunately|thankfully|happily|personally|basically just)(?!['\w-])[\s,:!.–—-]*)+",
    re.IGNORECASE,
)
_DID_I = re.compile(r"(?:did (?:i|you) (?:mention|tell|know))", re.IGNORECASE)
#: Words that say: what I said was wrong, this is right.
MENDING = re.compile(
    r"(?:(?:oh|no|ok|okay|sorry|wait|hm+|ah|argh|ugh|well|so|actually)[\s,:!.–—-]+)*(?:correction|(?:scratch|strike|scrap) that|my mistake|my bad|i misspoke|i mistyped|i misread|i meant(?: to say| to write| to type)?|i mean|typo|oops|whoops|(?:(?:damn|stupid|bloody|my) )?auto-?correct(?:ed)?(?: again| strikes again| got me| error| fail)?|(?:that|it|this)(?:'s| is| was) (?:wrong|not right|not true|a typo|a mistake|incorrect|autocorrect)(?: actually)?|not true"
    r"|i (?:typed|wrote|said|put|spelled|spelt|remembered|misremembered|gave you)(?: you)?(?: that| this| it)? (?:wrong(?:ly)?|incorrectly)(?: before| earlier| yesterday| last time)?|i(?:'ve)? made a (?:mistake|typo|slip)|(?:i )?miscounted|(?:i )?miscalculated|i misremembered|i misheard|i mis-?spoke|misread(?: it| that)?|wait,? no|slip of the (?:tongue|pen)"
    r"|i (?:got|had) (?:that|it) wrong|i (?:mixed|got) (?:them|those|that|it) (?:up|mixed up)|i mixed (?:them )?up|wrong (?:one|number|name|date)|other way round|small correction|quick correction|let me correct (?:that|myself)|i need to correct \w+|i lied)(?![\w'])[\s,:!.–—-]*|\*+(?=\w)",
    re.IGNORECASE,
)
#: A correction that goes on behind a comma or "but"; see `corrections.RENAMED`.
_EXCHANGED = re.compile(
    r"i (?:said|wrote|typed|put|told you) [^,]{2,40},? (?:but |and )?(?:i meant|i mean|it's|it is|it should be|should be|should have been) [^,]{2,30}|(?:it's|it is|that's|it) (?:not|isn't) [^,]{2,30}, (?:but )?(?:it's|it is) [^,]{2,30}",
    re.IGNORECASE,
)
#: "My favourite colour used to be red, now it's blue": the last of it is what is so.
_ONCE_NOW = re.compile(
    r"(?P<what>my (?:favou?rite [\w -]{2,25}?|name|address|(?:phone )?number|e-?mail|birthday|job)) (?:used to be|was|had been) [^,;]{1,40}?(?:,|;)? (?:but |and )?(?:now (?:it's |it is |it has become )?|it's now |it is now )(?P<now>[^,;]{1,40})",
    re.IGNORECASE,
)
_AS_SAID = re.compile(
    r",? (?:(?:as|like) i(?:'ve| have)? (?:already )?(?:said|told you|mentioned)(?: before| earlier| already)?|as you (?:already |may |might )?know)(?=,|$)",
    re.IGNORECASE,
)
#: Said before the opposite of what is meant: "Sure, I'm a morning person".
_IRONIC = re.compile(
    r"\W*(?:(?:oh|ah|yeah|yes|yep|well|ok|no)[,\s]+)*(?:sure(?: thing)?|totally|no totally|riiight|naturally|obviously|of course|clearly|because)(?:,? (?:yeah|yes|right|because|totally|sure))*(?:[,!.…–—-]+\s|\s(?=i became|because\b))",
    re.IGNORECASE,
)
#: "My mum, Ada, is …": the name belongs to her.
_APPOSED = re.compile(
    rf"((?:my|our) (?:[\w-]+ ){{0,2}}(?:{RELATIONS}|{PARTNERS}|{FRIENDS}|{SPECIES}|{OTHERS})), ({NAME}), (?=(?:is|has|was|lives|works|plays|speaks|teaches|studies|loves|likes|hates|runs|owns|drives|turned|moved|got|can't|doesn't|keeps|just|also|still)(?!\w))",
    re.IGNORECASE,
)
_SUBJECT = (
    r"i|i'm|i've|i'd|i'll|my|we|we're|we've|we'd|we'll|our|he|she|he's|she's|they|they're|it|it's|you|you're|your|his|her|their|its|this|that|that's|there|there's"
    r"|me and|mine|anyone|anybody|someone|somebody|everyone|everybody|nobody|no one|people"
)
_ASKING = (
    r"what|what's|how|how's|which|who|who's|where|where's|when's|why|whose|can|could|can't|should|would|do|does|did|is|are|am i|was|were|will|have you|has|any|need|needs|help|give|tell|suggest|write|explain|show|find|recommend"
    r"|please|pls|looking|want|wanted|trying|wondering|thinking|let's|ideas|tips|thoughts|suggestions|recommendations|draft|plan|list|remind|don't|got any|send|ask|say|name|call|quick"
)
#: Verbs as they stand after "I", and after "to".
_BARE = r"weigh|smoke|volunteer|become|live|work|teach|study|speak|play|own|drive|run|keep|collect|avoid|love|like|enjoy|hate|dislike|adore|prefer|have|do|go|sell|bake|make|sing|eat"
#: Verbs which a clause may begin with when it goes on about the subject of the one before.
_GOING_ON = (
    rf"{_BARE}|been(?= (?:in|living|working|an?)\b)|moved|relocated|started|joined|got|adopted|bought|turned|became|quit|left|am|can't stand|can't eat|can't have|don't eat|don't drink|don't like|grew up"
    r"|lives|works|teaches|studies|speaks|plays|owns|drives|runs|keeps|collects|avoids|loves|likes|enjoys|hates|has|still|now|also|currently|just|recently|originally"
)
_THIRD = r"is|lives|works|teaches|studies|speaks|plays|owns|drives|runs|keeps|collects|loves|likes|enjoys|hates|has|can't|doesn't|turned|moved|got|just|also|still|quit|started|adopted|sells|isn't"
_STARTS = re.compile(
    rf"(?:(?:{_SUBJECT}|{_ASKING})(?![\w'-])|(?:grandma|grandpa|granny|mum|mom|dad|mama|papa|aunt|auntie|uncle)(?![\w-])|(?-i:(?!(?:I|A|The)\b)[{UPPER}][\w-]*)(?:'s (?!(?-i:[{UPPER}]))| (?:{_THIRD})(?!\w)| (?-i:[{UPPER}][\w-]*) (?:{_THIRD})(?!\w)| (?:and|&) (?:i|my)(?![\w'])))",
    re.IGNORECASE,
)
_GOES_ON = re.compile(rf"(?:{_GOING_ON})(?![\w'-])", re.IGNORECASE)
#: What a conclusion says is no part of what it is drawn from: "I'm 56, so retirement is not far".
_IS_SO = re.compile(r"\s*[,;]\s*so\s+(?=\S+ \S+ \S+ \S+)", re.IGNORECASE)
#: "…, but I eat fish" is part of what it makes an exception from, "…, or so it feels" of what it doubts.
_EXCEPTS = re.compile(
    r"\s*,?\s*or so (?:it|i|he|she|they|we|my)(?!\w)|\s*,?\s*but (?:i |we |he |she )?(?:(?:do|still|sometimes|will|would|occasionally|also|can|only|not|really)(?: |$))*(?:eat|cheat|make exceptions|make an exception|have (?:the |a |some )?(?:odd|occasional|fish|meat|eggs?|cheese|bit|milk|chicken|bacon|seafood))(?!\w)",
    re.IGNORECASE,
)
#: After a comma, "like" compares: "I love techno, like properly".
_IS_LIKE = re.compile(r"[,;—–]\s*like", re.IGNORECASE)
_SEPARATOR = re.compile(
    r"\s*[,;—–]+\s*(?:(?:and|but|so|plus|or|also|then|because|though|although|yet|now|actually|btw|by the way|turns out(?: that)?|it turns out(?: that)?|yes|yeah|no|well|sadly|unfortunately|luckily|where(?= i)|fyi|in fact)(?!\w)\s*,?\s*)*|\s+-+\s+(?:(?:and|but|so)\s+)?|\s+(?:(?:and|but|so|plus|while|because|then|or|yet|btw|by the way|turns out)\s+)+",
    re.IGNORECASE,
)
_ASIDE = re.compile(r"\s*\(([^()]{1,120})\)")
#: "Mum (Bridget, 78)": a name for somebody just spoken of.
_GLOSS = re.compile(rf"(?P<name>{NAME})(?:, (?P<rest>.+))?")
#: "Mum (Bridget, 78)", at the beginning: the speaker's.
_BARE_KIN = re.compile(r"(?=(?:mum|mom|dad|mam|mama|papa|grandma|grandpa|granny|nan|grandad) \()", re.IGNORECASE)
#: "As a nurse, I work nights".
_AS_A = re.compile(
    r"(?:speaking )?as an? (?P<what>[\w' -]{3,40}?)(?: myself)?,? (?=(?:i|my|we|our)\b(?! (?:\w+ )?(?:was|had|would|could|used|lived|worked|got|wanted|went|did|never|were|am looking|met|knew)\b)|(?:i'm|i've) )",
    re.IGNORECASE,
)
#: "my sister Anna, who lives in Berlin, is …".
_WHO = re.compile(rf"(?P<name>{NAME}), who(?P<be>'s| is)? (?P<said>[^,]+)(?:,|$)", re.IGNORECASE)
_TOGETHER = re.compile(
    rf"(?:my|our) (?:[\w-]+ ){{0,2}}(?:{RELATIONS}|{PARTNERS}|{FRIENDS}|{OTHERS})(?:,? {NAME},?)?|(?-i:{NAME})|me|[a-z]+",
    re.IGNORECASE,
)
_KIND_BEFORE = re.compile(rf"(?<![\w'-])(?:(?:{RELATIONS}|{PARTNERS}|{FRIENDS}|{SPECIES}|{OTHERS}))$", re.IGNORECASE)
_NAME_BEFORE = re.compile(rf"({NAME})$")
_OF_NAME = re.compile(r"\d{1,3}(?: now| years? old)?$|\d{1,3},|(?:my|our) [\w-]+(?: [\w-]+)?$", re.IGNORECASE)
_ASKS = re.compile(rf"(?:{_ASKING})(?![\w'-])", re.IGNORECASE)
_TAG = re.compile(
    r".*(?:^|[\s,])(?:right|correct|no|yes|huh|eh|ok|okay|yeah|innit|remember|you know|true|isn't it|don't i|aren't i|am i|do i)",
    re.IGNORECASE,
)
_FRONTED = re.compile(
    rf"(?:(?P<past>(?:as of |since |back |in |on |from |early |late )*{PAST})|(?P<future>(?:in |on |from |starting |come )*{FUTURE})),? (?=(?:i|we|my|our|i'm|we're|i've|we've|he|she|he's|she's)(?![\w-]))",
    re.IGNORECASE,
)
_FROM_THEN = re.compile(rf"from (?:{DAY}|{MONTH}$|the {ORDINAL})", re.IGNORECASE)
#: From here to the end of its sentence nothing is said to be so: conditions, reports, wishes.
_SHADOW = re.compile(
    r"(?<![\w'])(?:if|unless|whether|wish|wishing|wished|had (?:i|we) \w+|were (?:i|we)|should (?:i|we|he|she|the|my) \w+ (?:ever )?|said(?! goodbye)|says|saying|say(?! goodbye)|told|tells|telling|claim(?:s|ed|ing)? (?:that|to|i|i'm|he|she|they|it)|thinks?|thought|believes?|believed|assum\w+|suppos\w+"
    r"|asked|asks|asking|wrote|writes|according to|heard|rumou?rs?|allegedly|apparently|supposedly|guess|wonder\w*|dream\w*|hop(?:e|es|ing|ed)|hopefully|would(?:n't)? be|as if|as though|when (?:i|we) (?:was|were|lived|worked|had|first)|back when|back then|growing up"
    r"|in a past life|in another life|used to|i keep (?:getting|seeing|hearing)|convinc\w+|insists?|swears?|(?:she|he|they|i|we) (?:goes|go|went|(?:is|was|were|am|'s) like)(?=,|$)|calls? (?:us|himself|herself|themselves)|calls me (?=a|an|the)|jokes?|joked|on the (?:off )?chance|in case|the day (?:i|we))(?![\w'])",
    re.IGNORECASE,
)
#: What is wished, planned or due: its verb governs those that follow without a subject, "to retire and live in Rome".
_PENDING = re.compile(
    r"(?<![\w'])(?:(?:wanted|wanting|plan|plans|planned|planning|intend|intends|intended|aim|aims|aiming|going|decided|deciding|need|needs|needed|have|has|had|try|tries|tried|trying|looking|ready"
    r"|tempted|ought|supposed|meant|determined|able|learn|learning|wait|refuse|refuses|expect|expects|expected|hesitant|about|got|free|managed|prefer|how|is|was|be|chance|time|way|idea|wish|desire) (?:not )?to"
    r"|would (?:\w+ )?(?:love|like|rather|prefer|want|be|have|go|move|live)|want|wants|thinking (?:of|about)|dream(?:s|ing)? of|might|may|could|should|must|will|won't|let's|help me|let me|instead of|can't wait)(?![\w'])|(?<=\w)'ll(?!\w)|(?<=\w)'d (?:\w+ )?(?:love|like|rather|prefer|want|be|have|go|move|live)(?!\w)",
    re.IGNORECASE,
)
#: A verb that may stand under one of these: "and live in Rome", but not "and lives in Rome", "and moved to Rome".
_BARE_VERB = re.compile(
    rf"(?:(?:still|now|also|currently|just|then|maybe|finally|eventually|possibly) )*(?:{_BARE}|can't)(?![\w'])",
    re.IGNORECASE,
)
_LIT = re.compile(r"(.+), (?:and|but) .*")
_REPORTED = re.compile(
    rf"(?:he|she|they|everyone|my [\w'-]+|(?-i:{NAME})) (?:says?|said|told me|tells me|claims?|claimed|thinks?|thought|wrote|insists?|reckons?)(?: (?:so|once|yesterday|to me|recently))?|(?:or )?so (?:they|he|she|i'm) (?:say|says|said|told)|(?:it|that|this)(?:'s| is| was| belongs to) (?:actually |really |only )*(?:my|his|her|their|our) [\w'-]+(?: [\w'-]+)?'s|(?:it|that) (?:was|is|turned out|turned out to be) (?:wrong|a mistake|a misdiagnosis|not true|a joke|a lie|a false alarm)|(?:they|he|she|the doctors?) (?:was|were) wrong|it (?:feels|seems|felt|seemed)(?: like it| like| that way)?(?: (?:today|sometimes|anyway|lately|at least|some days|to me))?",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Clause:
    """One clause.

    Attributes:
        text: Subject first; what follows it up to the next subject belongs to it.
        is_open: Whether it begins its sentence, so that its subject may be left out.
        is_first: Whether it begins the turn.
        goes_on: Whether it has the subject of the clause before it.
        is_said: Whether the sentence leaves it as said: not asked, not reported, not under a condition.
        mends: Whether it puts right what was said before.
        when: A time that stands before it.
        is_ahead: Whether that time is to come.
        opening: The greetings and asides before its sentence, in lower case.
    """

    text: str
    is_open: bool = False
    is_first: bool = False
    goes_on: bool = False
    is_said: bool = True
    mends: bool = False
    when: str = ""
    is_ahead: bool = False
    opening: str = ""


def clauses(sentence: Sentence) -> Iterator[Clause]:
    """Yield the clauses of a sentence, asides in parentheses after the clause that they stand in."""
    if _EXCHANGED.fullmatch(sentence.text) is not None:
        yield Clause(sentence.text, is_open=True, is_said=not sentence.asks)
        return
    mended = MENDING.match(sentence.text)
    text = sentence.text[mended.end() :] if mended else sentence.text
    text = _AS_SAID.sub("", text)
    text = _ONCE_NOW.sub(r"\g<what> is now \g<now>", text)
    is_ironic = mended is None and _IRONIC.match(text) is not None
    text = _BARE_KIN.sub("my ", text, count=1) if _BARE_KIN.match(text) else text
    text, asides = _without_asides(_APPOSED.sub(r"\1 \2 ", text))
    if (capacity := _AS_A.match(text)) is not None:
        asides.append(f"I'm a {capacity['what']}")
        text = text[capacity.end() :]
    if (relative := _WHO.search(text)) is not None:
        asides.append(f"{relative['name']} {'is ' if relative['be'] else ''}{relative['said']}")
        text = f"{text[: relative.end('name')]} {text[relative.end() :].lstrip()}".strip()
    opened = _OPENING.match(text)
    opening = opened[0].casefold() if opened is not None else ""
    if opened is not None and not _DID_I.search(opened[0]):
        text = text[opened.end() :]
        # "Sorry, scratch that: …"
        if mended is None and (mended := MENDING.match(text)) is not None:
            text = text[mended.end() :]
    pieces = _pieces(text)
    asked = is_ironic or (sentence.asks and not (len(pieces) > 1 and _asks_apart(pieces)))
    said = [False] * len(pieces) if asked else _said(pieces)
    for i, ((piece, goes_on), is_said) in enumerate(zip(pieces, said, strict=True)):
        when, is_ahead = "", False
        if (fronted := _FRONTED.match(piece)) is not None:
            when, piece = fronted["past"] or fronted["future"], piece[fronted.end() :]
            is_ahead = fronted["past"] is None or _FROM_THEN.match(when) is not None
        if piece and len(piece) <= _LONGEST:
            yield Clause(
                piece,
                is_open=i == 0,
                is_first=sentence.is_first and i == 0,
                goes_on=goes_on,
                is_said=is_said,
                mends=mended is not None,
                when=when,
                is_ahead=is_ahead,
                opening=opening,
            )
    for aside in asides:
        yield Clause(aside.strip(" .,!"), is_said=all(said) and "?" not in aside)


def _without_asides(text: str) -> tuple[str, list[str]]:
    """Take parentheses out; what they say of somebody just spoken of becomes a clause: "Mum (Bridget, 78)"."""
    asides: list[str] = []
    if "(" not in text:
        return text, asides

    def without(match: re.Match[str]) -> str:
        before, aside = text[max(0, match.start() - 30) : match.start()], match[1].strip(" .,!")
        if _KIND_BEFORE.search(before) and (gloss := _GLOSS.fullmatch(aside)) is not None:
            if gloss["rest"]:
                asides.append(f"{gloss['name']} is {gloss['rest']}")
            return f" {gloss['name']}"
        if (name := _NAME_BEFORE.search(before)) is not None and _OF_NAME.match(aside):
            asides.append(f"{name[1]} is {aside}")
        else:
            asides.append(aside)
        return ""

    return _ASIDE.sub(without, text, count=_MOST_ASIDES), asides


def _pieces(text: str) -> list[tuple[str, bool]]:
    """Cut a sentence where a new subject, or a verb of the subject before, follows a comma or a conjunction."""
    cuts: list[tuple[int, int, bool]] = []
    for match in _SEPARATOR.finditer(text):
        if _EXCEPTS.match(text, match.start()) is not None or _is_shared(
            text[cuts[-1][1] if cuts else 0 : match.start()], match[0], text[match.end() : match.end() + 3]
        ):
            continue
        if (
            _STARTS.match(text, match.end()) is not None
            or _FRONTED.match(text, match.end()) is not None
            or _IS_SO.match(text, match.start())
        ):
            cuts.append((match.start(), match.end(), False))
        elif _GOES_ON.match(text, match.end()) is not None and not _IS_LIKE.search(
            text, match.start(), match.end() + 5
        ):
            cuts.append((match.start(), match.end(), True))
        elif text.startswith("if ", match.end()) and match[0].strip(" ,") in ("and", "but"):
            cuts.append((match.start(), match.end(), False))
    pieces, begin, goes_on = [], 0, False
    for start, end, on in [*cuts, (len(text), len(text), False)]:
        if piece := text[begin:start].strip(" ,"):
            pieces.append((piece, goes_on))
        begin, goes_on = end, on
    return pieces


def _is_shared(before: str, between: str, after: str) -> bool:
    """Tell whether "and" goes on with a subject of two, "my husband and I broke up", or is part of "drink and drive"."""
    if between.strip() == "and" and before.endswith(" drink") and after.casefold() == "dri":
        return True
    return between.strip() == "and" and after[:2] in ("I ", "i ") and _TOGETHER.fullmatch(before) is not None


def _asks_apart(pieces: list[tuple[str, bool]]) -> bool:
    """Tell whether the question is the last clause alone, or hangs on a conclusion: "I was born in 1987, so I qualify, right?"."""
    last = pieces[-1][0]
    return (_ASKS.match(last) is not None and not _TAG.fullmatch(last)) or (
        len(last.split()) > 3 and bool(_TAG.fullmatch(last))
    )


def _said(pieces: list[tuple[str, bool]]) -> list[bool]:
    """Tell of each piece whether it stands as said; what is under a condition or reported throws its shadow to the right."""
    # "I live in Rome, she told me": a report at the end is of what stands before it.
    if len(pieces) > 1 and _REPORTED.fullmatch(pieces[-1][0]):
        return [False] * len(pieces)
    said, in_shadow, is_governing = [], False, False
    for i, (piece, goes_on) in enumerate(pieces):
        dark = None if in_shadow else _SHADOW.search(piece)
        # "I'm 29, and no doctor has ever asked …": what stands before ", and" is free of what comes after.
        lit = _LIT.match(piece, 0, dark.start()) if dark is not None else None
        if lit is not None:
            pieces[i] = (lit[1], goes_on)
        is_governed = goes_on and is_governing and _BARE_VERB.match(piece) is not None
        said.append(not in_shadow and not is_governed and (dark is None or lit is not None))
        in_shadow = in_shadow or dark is not None
        is_governing = (goes_on and is_governing) or _PENDING.search(piece) is not None
    return said
