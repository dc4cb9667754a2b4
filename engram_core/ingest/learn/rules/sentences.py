"""From a turn to the sentences that are its speaker's own: no text handed over, nothing quoted, no fiction."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from engram_core.ingest.learn.rules.straighten import IRONY, MOST_CHARACTERS, straightened
from engram_core.ingest.learn.rules.vocabulary.shapes import NAMES

_GREETING = 2
_MOST_GREETINGS = 3
_LONGEST_LABEL = 150
_QUOTED = "\x03"

_FENCE = re.compile(r"```.*?(?:```|\Z)", re.DOTALL)
_LINE_QUOTED = re.compile(
    r"\s*(?:>|\||#|\$|//|From:|To:|Subject:|(?:const|let|var) \w+ ?[=:]|(?:def|class|function) [\w.]+ ?[({:]|(?-i:import|SELECT) )",
    re.IGNORECASE,
)
_HEADER = re.compile(r"\s*(?:From|Subject|Sent|Cc): \S", re.IGNORECASE)
#: A heading makes a document of what follows, and "^ this" points up at one.
_DOCUMENT = re.compile(r"\s*#{1,6} \S")
_POINTING = re.compile(r"\s*\^")
_BULLET = re.compile(r"^\s*(?:[-*•–]|\d{1,2}[.)])\s+")
#: Double quotation marks, and single ones that open before a word and close after one.
_QUOTE = re.compile(
    r"\"[^\"\n]*(?:\n[^\"\n]+){0,30}\"|“[^”“]*”|«[^»«]*»|„[^“”\"„]*[“”\"]|(?<!\w)'(?=\w)(?:[^'\n]|(?<=\w)'(?=\w)){2,}'(?!\w)"
)
_QUOTE_OPEN = re.compile(r"[\"“«„]")
_SENTENCE = re.compile(r"[^.!?\n;…]+(?:\.(?=\w)[^.!?\n;…]*)*[.!?…]*")
_ABBREVIATED = re.compile(r"\b(St|Mr|Mrs|Ms|Dr|Prof|vs|etc|Inc|Ltd|approx|Mt|Ft|No)\.(?=\s)")

#: A task about a text, which is then not what its sender says of themselves.
_TEXT_TASK = re.compile(
    r"\b(?:(?<!\bi )(?<!\bwe )(?<!n't )(?<!also )translat(?:e|es|ed|ing|ions?)|rewrit\w+|re-writ\w+|rephras\w+|reword\w*|paraphras\w+|(?<!\bi )proofread(?:ing)?|transcrib\w+"
    r"|(?:correct|fix|check|improve|polish|edit|shorten|review|rate|critique|grade|parse|analy[sz]e|summari[sz]e|format|rank|simplify|condense)"
    r" (?:up )?(?:this|these|that|the|my|his|her|their|our|a|it)\b(?=[^.?!\n]*\b(?:text|grammar|sentences?|spelling|email|e-mail|message|paragraph|essay|bio|profile|letter|wording|post|review|article|page|quote|following|below|draft|paper|transcript|statement|lines?|caption|this)\b)"
    r"|what does .{1,60} mean|make (?:this|it) sound"
    r"|copy[- ]?past\w*|pasted|forwarded|word for word|verbatim|the (?:sentence|phrase|text|quote|lyrics|example|clue|line)s?\b(?! of)|(?<!with )(?<!translate )subtitles?|captions?)\b",
    re.IGNORECASE,
)
#: Takes back all that was said.
_VOID = re.compile(
    r"\b(?:(?<!no )just kidding|jk|i'm kidding|not really lol|said no one ever|(?<=[.!?] )(?:not|psych)[.!]*$|april fools?|in my dreams|i wish!"
    r"|(?:and|then) (?:i'm|i am) (?:the |a )?(?:pope|queen|king|president|tooth fairy|easter bunny|santa|father christmas|napoleon|unicorn)|the pope is|pigs (?:can |might |will )?fly"
    # Somebody else's: "this is the bio of the woman I'm interviewing", "that's not me".
    r"|(?:this|that|it|these|those|above|below|here)(?:'s| is| was| are| were)? (?:(?!my\b)[\w']+ ){1,4}?(?:bios?|profile|cv|resume|about page|persona|character sheet|blurb|self-description)(?! picture| photo)"
    r"|(?:this|that|it)(?:'s| is)(?:n't| not) (?:me|mine|about me|my own)|none of (?:this|that|it) is (?:me|mine|about me)|copied (?:this |it |that )?from|from (?:his|her|their) (?:profile|bio|website|linkedin|tinder|page|dating))(?!\w)|^\W*(?:dear (?:(?!me\b|god\b|lord\b)\w+[ ,]|sir|madam)|to whom it may concern)|\b(?:(?:best|kind|warm) regards|yours (?:sincerely|faithfully|truly)|sincerely),?\s*(?:\n|\w+\W*$)",
    re.IGNORECASE,
)
#: A question of wording: the words asked about are none of the speaker's own.
_HOW_TO_SAY = re.compile(
    r"\bhow (?:do|would|can|should|to) (?:you |i |we |one )?(?:say|write|spell|pronounce|phrase|word|translate|put)\b",
    re.IGNORECASE,
)
#: What somebody plays, or makes up.
_FICTION = re.compile(
    r"\b(?:role[- ]?play\w*|pretend(?:ing)?(?! (?:not|that (?:he|she))\b)\b|(?<!can't )(?<!couldn't )(?<!can )imagine\b|imagining|act as|acting as|play the (?:role|part)|in character|hypothetical\w*|thought experiment|suppose\b|supposing"
    r"|(?:let's|lets|let us) (?:say|pretend|assume|play(?=[.,:!]|$| (?:a game|pretend|make)))|you(?:'re| are) my (?:parrot|servant|butler|king|queen|prisoner|enemy|sidekick|minion|slave|dragon|hostage|crew)|just a test|testing|dummy data|sample data|placeholder|lorem|fiction\w*|fanfic\w*|first[- ]person"
    r"|(?:from|in) the (?:perspective|point of view|voice|style) of|(?:my|the|a|main|this|new) (?:character|protagonist|narrator|persona|avatar)\b"
    r"|in (?:my|the|this|a|his|her|our) (?:story|novel|book|game|film|movie|script|play|poem|song|sketch|show|series|scenario|campaign|dream|sims)\b|lyrics|screenplay"
    r"|(?:write|make|create|generate|compose|tell|continue|finish|invent|begin|start|sing)\b[^.?!\n]{0,30}\b(?:story|stories|tale|poem|song|rap|sonnet|novel|script|scene|monologue|dialogue|sketch|fable|joke|verse|skit|chapter)\b"
    r"|\byou(?:'re| are| will be|'ll be) (?:a|an|my|the|now)\b|say (?:i'm|i am|you're|you are|we're|someone)\b|what if\b|case study|word problem|homework|quiz question|exam question"
    r"|sarcas\w*|/s\b|yeah right|yeah sure|oh sure|oh great|just kidding|joking|jk\b|(?:aren't i|am i not) (?:lucky|clever)|how lovely|said no one)",
    re.IGNORECASE,
)
#: "Write … for my friend": what follows is the friend's.
_FOR_ANOTHER = re.compile(
    r"\b(?:bio|profile|cv|resume|letter|review|speech|post|caption|text|message|email|statement|application|ad|listing|form)s?\b[^.?!\n]{0,40}"
    r"\b(?:for|from|by|of|on behalf of) (?:my|a|our|the|this) (?:[\w'-]+ )?(?:friend|client|boss|colleague|coworker|student|customer|patient|mate|buddy|wife|husband|son|daughter|mom|mum|dad|brother|sister|partner|girlfriend|boyfriend|neighbou?r|roommate|cousin|aunt|uncle)\b",
    re.IGNORECASE,
)
#: Before a colon: a word for what follows, which is the speaker's own.
_LABEL = re.compile(
    r"\W*(?:(?:so|ok|okay|oh|and|also|hi|hey|well|a|an|the|my|some|quick|small|tiny|big|great|good|bad|sad|happy|little|important|personal|dietary|just|few|brief|additional|more|life|main|obligatory) )*"
    r"(?:update|note|btw|by the way|fyi|psa|ps|context|for context|background|about me|about myself|info|information|me|myself|facts?|details|confession(?: time)?|reminder|correction|edit"
    r"|intro|introduction|news|also|question|here goes|heads[- ]up|tl;?dr|backstory|disclaimer|full disclosure|long story short|situation|announcement|plot twist|fun fact|random fact|bio|stats|profile"
    r"|things? (?:about me|to know|you should know)|basics|requirements?|constraints?|preferences?|restrictions?|allergies|diet|anyway|to be clear|for the record|in short|thing)"
    r"(?: (?:for|about|on|from|time|update|since)\b[^:]{0,30})?|\W*[\w']+ update|\W*for the (?!case|training|scene|role|game|test|story|play)[\w -]{2,25}",
    re.IGNORECASE,
)
#: "Snacks for our retro:", "Redecorating:", but no text that is then spelled out.
_TOPIC = re.compile(
    r"\W*(?!.*\b(?:bio|text|message|letter|greeting|intro|post|speech|script|caption|profile|ad|review|statement|answer|e-?mail|line|lyrics|story|poem|dialogue|sketch|quote|form|application|case|scene|role|training|test)s?\b)"
    r"(?:(?:[\w'-]+ ){0,2}[\w'-]+ for (?:our|my|the|a|this|tonight|tomorrow|next)(?: [\w'-]+){0,3}|(?:re)?(?!quot|sing|read|translat|writ|practi|forward|past|paraphras|say|reply|test|sterling|act)[a-z]{3,}ing(?: (?:my|our|the|a) [\w-]+)?)",
    re.IGNORECASE,
)
_ABOUT_ME = re.compile(
    r".*\b(?:about|for|on) me(?:\b.*)?|.*\b(?:my|our) (?:basics|details|info|facts|situation|context|background|stats|constraints|preferences).*",
    re.IGNORECASE,
)
#: "I'm 21. (For the nineteenth year running.)": an aside that takes back the sentence before it.
_TAKEN_BACK = re.compile(
    r"\((?:of|for the \w+ (?:time|year)|not (?:really|actually|literally|seriously|yet|officially|any ?more)|allegedly|sort of|kind of|in spirit|honorary|unofficially|self-|okay not|ok not|well not|just kidding|kidding|joking|no)\b[^()\n]{0,200}\)[.!?]*",
    re.IGNORECASE,
)
_MENDING = re.compile(r"\W*(?:small |quick )?(?:correction|typo|my mistake|my bad|oops)", re.IGNORECASE)
#: "four hens: Dolly, Loretta and Tammy".
_COUNTED = re.compile(r".*(?<!\w)(?:two|three|four|five|six|seven|eight|\d) (?:[\w-]+ ){0,2}[\w-]+", re.IGNORECASE)
_NAMES = re.compile(rf"\s*{NAMES}\s*(?:[.!?]|$)")
_DEFINITION = re.compile(
    r"\W*(?:my )?(?:all[- ]time |absolute |current )?favou?rite [\w -]{3,25}|\W*(?:my )?(?:name|age|diet|birthday)",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Sentence:
    """One sentence of a turn.

    Attributes:
        text: In one line, without the mark at its end.
        is_first: Whether it opens the turn.
        asks: Whether it ends with a question mark.
    """

    text: str
    is_first: bool
    asks: bool


def sentences(text: str) -> Iterator[Sentence]:
    """Yield the sentences of a turn that are its speaker's own and meant as said."""
    text = straightened(_FENCE.sub("\n", text[:MOST_CHARACTERS]))
    text = _without_unsaid(_unquoted(text))
    own = _own("\n".join(_own_lines(text)))
    is_first, greetings = True, 0
    for line in own.splitlines():
        for match in _SENTENCE.finditer(_ABBREVIATED.sub(r"\1", line)):
            said = " ".join(match[0].split())
            if said.strip(" .,!") == "":
                continue
            if _QUOTED not in said and IRONY not in said:
                bare = said.rstrip(".!?…,;: ")
                if bare:
                    yield Sentence(bare, is_first, "?" in said[len(bare) :])
            # A greeting does not begin what is said.
            greetings += 1
            is_first = is_first and len(said.split()) <= _GREETING and greetings < _MOST_GREETINGS


def _own_lines(text: str) -> Iterator[str]:
    """Yield the lines that are no code, no quotation, no document and nothing that is pointed at."""
    lines = text.splitlines()
    pointed = [i for i, line in enumerate(lines) if _POINTING.match(line)]
    for line in lines[pointed[-1] + 1 if pointed else 0 :]:
        if _DOCUMENT.match(line) or _HEADER.match(line):
            return
        if not _LINE_QUOTED.match(line):
            yield _BULLET.sub("", line)


def _unquoted(text: str) -> str:
    text = _QUOTE.sub(_QUOTED, text)
    opened = _QUOTE_OPEN.search(text)
    # A quotation that is never closed goes on to the end.
    return text if opened is None else text[: opened.start()] + _QUOTED


def _without_unsaid(text: str) -> str:
    kept, begin = [], 0
    for match in _TAKEN_BACK.finditer(text):
        kept.append(text[begin : max(begin, _begin(text, len(text[: match.start()].rstrip(" .!?…"))))])
        begin = match.end()
    return "".join([*kept, text[begin:]])


def _own(text: str) -> str:
    """Cut a turn off where it begins to hand over what is not about its sender."""
    if _VOID.search(text):
        return ""
    task = _TEXT_TASK.search(text)
    if task is not None and not _is_set_apart(text, task):
        return ""
    cuts = [
        _begin(text, match.start())
        for match in (task, *(p.search(text) for p in (_FICTION, _FOR_ANOTHER, _HOW_TO_SAY)))
        if match
    ]
    if cuts:
        text = text[: min(cuts)]
    return _without_announced(text)


def _is_set_apart(text: str, task: re.Match[str]) -> bool:
    """Tell whether the text that a task is about is quoted or announced, so that what stands before is none of it."""
    rest = text[task.start() :]
    return (
        ":" in rest
        or _QUOTED in rest
        or re.search(r"\b(?:cv|resume|cover letter|essay|page|article|paper|thesis)\b", rest, re.IGNORECASE) is not None
    )


def _begin(text: str, place: int) -> int:
    """Return where the sentence around a place begins."""
    return max((text.rfind(mark, 0, place) for mark in ".!?\n"), default=-1) + 1


def _without_announced(text: str) -> str:
    """Drop what a colon hands over, unless the words before it only announce the speaker's own."""
    kept: list[str] = []
    for line in text.splitlines():
        sentences: list[str] = []
        for match in re.finditer(r"[^.!?]+[.!?]*(?:(?<=\d\.)\d[^.!?]*[.!?]*)*", line):
            said = match[0]
            label, colon, rest = _parted(said)
            if not colon:
                sentences.append(said)
            elif len(label) > _LONGEST_LABEL:
                sentences.append(label + ". ")
            elif _DEFINITION.fullmatch(label):
                sentences.append(said)
            elif _COUNTED.fullmatch(label) and _NAMES.match(rest):
                sentences.append(f"{label},{rest}")
            elif _MENDING.fullmatch(label):
                sentences.append(f"{label}, {rest.strip()}")
            elif any(pattern.fullmatch(label) for pattern in (_LABEL, _ABOUT_ME, _TOPIC)):
                sentences.append(" " + rest)
            elif rest.strip():
                sentences.append(label + ". ")
            else:
                # What follows a colon at the end of a line is a text of its own.
                return "\n".join([*kept, "".join(sentences)])
        kept.append("".join(sentences))
    return "\n".join(kept)


def _parted(sentence: str) -> tuple[str, str, str]:
    match = re.search(r":(?=\s|$)|(?<=\w)\s*=\s*(?=\w)", sentence)
    return (sentence, "", "") if match is None else (sentence[: match.start()], match[0], sentence[match.end() :])
