"""What never was, and what takes the place of something. It changes only what is known."""

from __future__ import annotations

from engram_core.ingest.learn.rules.statements.rule import ME, Rule, change, deny
from engram_core.ingest.learn.rules.vocabulary.kinds import CONDITIONS, DIETS, NATIONALITIES
from engram_core.ingest.learn.rules.vocabulary.shapes import ORG, PLACE

_PLACE = rf"(?P<place>{PLACE}|[\w'-]+)"
_THING = r"(?!(?:it|that|this|them|him|her|me|you|work|home|bed)\b)[\w'&.-]+(?: (?!(?:for|to|with|from|in|out|over|off|up|early|late|at|on)\b)[\w'&.-]+){0,2}"
_OLD = rf"(?:my |the |our |a |an |his |her )?(?P<old>{_THING})"
_NEW = rf"(?:my |the |our |a |an |his |her |some )?(?:new )?(?P<new>(?!(?:lent|ramadan|now|good|ever|health|personal|family|medical|ethical|lack|time|reasons|years?|months?|weeks?|days?|long|vacation|holidays?|kids|money|while|bit|moment|lunch|dinner|breakfast|fun|\d+|two|three|a)\b){_THING}?)"
_FOR_NOW = r"(?!.*\b(?:today|tonight|this (?:morning|week|evening|afternoon)|for (?:a|the|now|one)|lunch|dinner|breakfast)\b).*"

CHANGES: tuple[Rule, ...] = (
    change(
        "switched changed converted transferred have",
        rf"(?:have )?(?:switched|changed|converted|transferred|changed over|switched over) (?:majors? |degrees? |jobs? |courses? )?from {_OLD} to {_NEW}",
        tail=_FOR_NOW,
    ),
    change(
        "swapped traded exchanged ditched dropped replaced left have gave",
        rf"(?:have )?(?:swapped|traded|exchanged|ditched|dropped|replaced|left|given up|gave up)(?: in| out)? {_OLD}(?: in| out| over)? (?:for|with) {_NEW}",
        tail=_FOR_NOW,
    ),
)
DENIALS: tuple[Rule, ...] = (
    deny(
        "am",
        rf"am not (?:actually |even |really )*(?:a |an )?(?P<nation>{NATIONALITIES})(?: at all)?",
        ("nationality", "{nation}"),
        ("hometown", "{nation}"),
    ),
    deny(
        "was never have",
        r"(?:was never|have never been) (?:a member of|in) (?:a |an |the |any )?(?P<group>[\w'-]+(?: [\w'-]+){0,2}?)",
        ("member", "{group}"),
    ),
    deny(
        "don't",
        rf"don't (?:actually |even |really )?live in {_PLACE}(?=$|, (?:i|and|it)\b| at all$)",
        ("home", "{place}"),
        who=ME,
    ),
    deny(
        "don't",
        rf"don't (?:actually |even |really )?work (?:at|for) (?:the )?(?P<org>{ORG})(?=$|, (?:i|and|it)\b| at all$)",
        ("employer", "{org}"),
        who=ME,
    ),
    deny("never have", rf"(?:have )?never (?:actually |even |in fact )*(?:lived in) {_PLACE}", ("home", "{place}")),
    deny(
        "never have",
        rf"(?:have )?never (?:actually |even |in fact )*worked (?:at|for) (?:the )?(?P<org>{ORG}|[\w'&.+-]+)",
        ("employer", "{org}"),
    ),
    deny(
        "never have",
        rf"(?:have )?(?:in fact |actually )?never (?:actually |even )*(?:visited|been to) {_PLACE}",
        ("visited", "{place}"),
    ),
    deny(
        "never have",
        rf"(?:have )?(?:in fact |actually )?never (?:actually |even )*set foot in {_PLACE}",
        ("home", "{place}"),
        ("hometown", "{place}"),
        ("birthplace", "{place}"),
        ("upbringing", "{place}"),
        ("visited", "{place}"),
    ),
    deny(
        "don't",
        r"don't (?:actually )?speak (?:a word of |any )?(?P<lang>[a-z]{4,12})(?= at all|$|,)",
        ("speaks", "{lang}"),
    ),
    deny(
        "am",
        rf"am not (?:actually |even |really )*(?:a |an )?(?P<diet>{DIETS})(?=$|,| at all$| and\b| actually$| either$| myself$| by the way$| though$| like\b)",
        ("diet", "{diet}"),
    ),
    deny(
        "am was",
        r"am (?:actually )?not (?:actually |even |really )*allergic to (?P<food>[\w'-]+(?: [\w'-]+)?)(?! any)|was never (?:actually |even |really )*(?:allergic to )?(?P<food2>[\w'-]+)(?: intolerant)?",
        ("allergy", "{food}"),
        ("allergy", "{food2}"),
    ),
    deny(
        "have",
        r"have never (?:actually |even |really )*(?:had (?:an|any) allergy to|been allergic to) (?P<food>[\w'-]+(?: [\w'-]+)?)",
        ("allergy", "{food}"),
    ),
    deny(
        "haven't don't",
        rf"(?:haven't got|don't (?:actually )?have) (?P<condition>{CONDITIONS})(?=$|, (?:i|and|it|never)\b| at all$| after all$)",
        ("condition", "{condition}"),
        who=ME,
    ),
    deny("don't", r"don't (?:actually )(?:have) (?:a|an) (?P<species>[\w-]+)", ("pet", "{species}")),
)
