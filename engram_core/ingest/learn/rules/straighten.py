"""The first step: a turn as it was typed becomes text that patterns can read.

Apostrophes are set, also where they were left out ("im", "dont"), short spellings are written out, emoji and laughter go,
and what is known by name gets its capital ("i live in leeds").
"""

from __future__ import annotations

import re
from functools import lru_cache

from engram_core.ingest.learn.rules.numbers import in_digits
from engram_core.ingest.learn.rules.vocabulary import companies, places

#: Stands for an emoji that says that the words are not meant.
IRONY = "\x02"

_APOSTROPHES = str.maketrans({"’": "'", "‘": "'", "ʼ": "'", "`": "'", "´": "'", "\u00a0": " "})
_IRONIC = re.compile("[🙄🙃😏🤡💅]")
_EMOJI = re.compile(
    "[\u2190-\u21ff\u2300-\u23ff\u2460-\u2bff\u3030\u303d\u3297\u3299\ufe0f\u200d\U0001f000-\U0001faff]+"
    r"|(?<![\w(])[:;=8]['-]?[()DPpOo/|\\3*]+(?!\w)|(?<!\w)<3(?!\w)|(?<!\w)[xX]D+(?!\w)"
)
_LAUGHTER = re.compile(
    r",?\s*\b(?:l+o+l+|lmf?ao+|rofl|ha(?:ha)+h?|he(?:he)+|hihi|xd+)\b(?=\s*(?:[.,!?;)\n]|$))|\b(?:l+o+l+|lmf?ao+|rofl|ha(?:ha)+h?|he(?:he)+)\b,?",
    re.IGNORECASE,
)
_SHORT = {
    "im": "I'm", "i'm": "I'm", "ive": "I've", "i've": "I've", "dont": "don't", "doesnt": "doesn't", "didnt": "didn't",
    "isnt": "isn't", "arent": "aren't", "aint": "ain't", "wasnt": "wasn't", "werent": "weren't", "cant": "can't",
    "couldnt": "couldn't", "wouldnt": "wouldn't", "shouldnt": "shouldn't", "hasnt": "hasn't", "havent": "haven't",
    "hadnt": "hadn't", "wont": "won't", "thats": "that's", "whats": "what's", "hes": "he's", "shes": "she's",
    "theyre": "they're", "youre": "you're", "weve": "we've", "theyve": "they've", "youve": "you've", "wanna": "want to",
    "gonna": "going to", "u": "you", "ur": "your", "n": "and", "w": "with", "bday": "birthday", "fave": "favourite",
    "fav": "favourite", "tmrw": "tomorrow", "tmr": "tomorrow", "2moro": "tomorrow", "rn": "right now", "bc": "because",
    "cuz": "because", "cos": "because", "coz": "because", "cause": "because", "tho": "though", "hubby": "husband",
    "cannot": "can't", "i": "I", "ofc": "of course", "yr": "year", "yrs": "years", "abt": "about", "hv": "have",
    "smth": "something", "obvs": "obviously", "urs": "yours", "nite": "night", "2day": "today", "ppl": "people", "dunno": "don't know",
}  # fmt: skip
_SHORTENED = re.compile(
    r"(?<![\w'@/.-])(?:" + "|".join(sorted(map(re.escape, _SHORT), key=len, reverse=True)) + r")(?![\w'@/]|\.\w)",
    re.IGNORECASE,
)
_ID = re.compile(r"\bid (?=(?:love|like|rather|say|have|be|get|prefer|never|cry|do)\b)")
_CALLED = re.compile(
    r"\b(?:called|named|name is|name's|names are) (?!(?:me|it|him|her|us|them|the|a|an|my|your|his|in|on|off|out|after|not|still|now|for|because|to|and|by|as|so|that|this|what|back|up|just|really|like|irrelevant|unimportant|common|unusual|weird|long|short|hard|difficult|easy|unique|private|unknown|mud|misspelled|spelled|pronounced|already|also|too|very|pretty|quite|everything|nothing|something|when|where|if|you|they|we|crazy|names|different|wrong|right|correct|fine|there|going|gonna|probably|either|supposed|again|exactly|anything|anyway|anyhow|please|though|actually|btw|lol|did|do|does|have|has|today|yet|before|until|which|whatever|who|how|why|at|from|once|simply|literally)\b)[a-z]"
)
_TO = re.compile(
    r"\b(allergic|used|going|want|need|trying|moved|moving|married|engaged|been) 2 (?=[a-z])", re.IGNORECASE
)
#: "wife's name is Ada", at the beginning of a sentence: the speaker's.
_OF_MINE = re.compile(
    r"(^|[.!?\n] *)((?:wife|husband|partner|girlfriend|boyfriend|gf|bf|dog|cat|kid|son|daughter|mum|mom|dad|sister|brother|boss)'?s? (?:names?|name's|(?:is )?called|b(?:irth)?day)(?: is)? )",
    re.IGNORECASE,
)
_LED = re.compile(r"(?:\b(?:in|to|from|near|of|around|outside|and|or|is)|,) (?=[a-z])|\b(?:at|for|with) (?=[a-z])")
_THREE = re.compile(r"[\w'.-]+(?: [\w'.-]+){0,2}")
_SPACES = re.compile(r"[^\S\n]+")
_LINES = re.compile(r"\n\s+")
_SHOUTED = 0.7


#: What is read of one turn; what is longer was hardly typed.
MOST_CHARACTERS = 10_000


@lru_cache(maxsize=8)
def straightened(text: str) -> str:
    """Return a turn's text with its spelling set right, line by line as it was."""
    text = _SPACES.sub(" ", _LINES.sub("\n", text.translate(_APOSTROPHES)))
    if _is_shouted(text):
        text = text.lower()
    text = _IRONIC.sub(IRONY, text)
    text = _EMOJI.sub(" . ", text)
    text = _LAUGHTER.sub(" ", text)
    text = _SHORTENED.sub(_written_out, text)
    text = _ID.sub("I'd ", text)
    text = _OF_MINE.sub(r"\1my \2", text.replace("w/ ", "with "))
    text = in_digits(_TO.sub(r"\1 to ", text))
    return _capitalised(text)


def _is_shouted(text: str) -> bool:
    letters = [c for c in text[:400] if c.isalpha()]
    return len(letters) > 15 and sum(c.isupper() for c in letters) > _SHOUTED * len(letters)


def _written_out(match: re.Match[str]) -> str:
    word = match[0]
    if word.isupper() and len(word) > 1 and word not in ("IM", "I'M", "IVE", "I'VE", "DONT", "CANT"):
        return word
    # "İ" matches "i" and is none of them.
    return _SHORT.get(word.casefold(), word)


def _capitalised(text: str) -> str:
    """Give places, employers and what is "called" something their capitals."""
    found = [match.end() - 1 for match in _CALLED.finditer(text)]
    for match in _LED.finditer(text):
        three = _THREE.match(text, match.end())
        known = companies.KNOWN if match[0] in ("at ", "for ", "with ") else places.KNOWN
        words = three[0].rstrip(".,").split(" ") if three else []
        for size in range(len(words), 0, -1):
            name = " ".join(words[:size]).rstrip(".")
            if name in known:
                found += [match.end() + i for i in range(len(name)) if i == 0 or name[i - 1] in " -"]
                break
    letters = list(text)
    for place in found:
        if text[place : place + 3] not in ("the", "of ", "de "):
            letters[place] = letters[place].upper()
    return "".join(letters)
