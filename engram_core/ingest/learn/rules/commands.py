"""Commands at the memory's own workings, which are never carried out from text."""

from __future__ import annotations

import re

_STORE = r"(?:memor(?:y|ies)|memory (?:database|store|bank)|stored (?:facts?|data|information)|saved (?:facts?|data|memories)|knowledge base|user (?:id|profile|record)s?|long[- ]term (?:memory|storage))"
_COMMAND = re.compile(
    rf"(?<![\w'])(?:forget|delete|erase|wipe|clear|reset|purge|remove|destroy|drop|disable)\b[^.!?\n]{{0,40}}?(?<!from )(?<!in )(?<!of )\b(?:(?:your|all|the|my|every|any)(?: single| of (?:your|my|the))? (?:entire |whole |complete |stored |conflicting |previous |old )*{_STORE}|all (?:users|my data|your data|of my data)|everything (?:you (?:know|have|stored|remember)|about me)|(?:my|your) (?:entire |whole |complete )?(?:history|data|records?|logs?)|(?:all (?:of )?)?your logs)\b"
    r"|(?<![\w'])forget (?:everything|it all|all of it|all that)(?=[.!,]|$| and\b| now| please| you\b| about me| (?:that )?(?:i|i've|we|anyone|you) (?:\w+ )?(?:told|said|know|remember|learned|have))(?! about (?!me))(?! (?:that )?i(?:'ve)? (?:said|told you|mentioned) (?:about|on|regarding))"
    r"|(?<![\w'])forget what i (?:told|said)(?: to)?(?: you)?(?! about| on| regarding)(?=[.,!]|$| and )"
    r"|(?<![\w'])(?:ignore|disregard|override|bypass)\b[^.!?\n]{0,40}\b(?:instructions?|memor(?:y|ies)|rules?|(?:system |your )prompt|guidelines|safeguards)\b"
    rf"|(?<![\w'])(?:update|overwrite|rewrite|change|modify|replace|edit|set|mark|alter|tamper|swap|merge)\b[^.!?\n]{{0,30}}\b(?:your|the|all|my|every|each|any)(?: of)?(?: (?:your|my|the))? (?:long[- ]term |stored |internal |whole |entire )?(?:{_STORE}|memory database|facts (?:about|on|you))\b"
    r"|(?<![\w'])(?:store|save|write|add|insert|put|inject|append)\b[^.!?\n]{0,60}\b(?:in|into|to) (?:(?:your|my)(?: long[- ]term)?|the long[- ]term|long[- ]term) (?:memory|memories|memory database)\b"
    r"|(?<![\w'])(?:set|change|make|raise|elevate|grant|give)\b[^.!?\n]{0,30}\b(?:my|the|your) (?:user ?id|role|permissions?|privileges|access level|confidence|trust level)\b|(?<![\w'])set (?:the )?(?:confidence|trust|importance|priority)\b"
    r"|(?<![\w'])merge (?:me|my (?:account|profile|memor\w+)) with\b|(?<![\w'])(?:print|show|reveal|dump|list|output|expose|leak|repeat) (?:me )?(?:your|the|all) (?:hidden|secret|internal|system|initial|whole|entire)? ?(?:memory (?:rules|prompt|instructions)|system prompt|instructions|hidden \w+)"
    r"|^[ \t]*(?:system|admin|developer|memory)(?: (?:message|override|update|command|prompt|note))?\s*:"
    r"|\bfrom now on\b[^.!?\n]{0,20}\b(?:you (?:are|must|will|have)|remember (?:only|nothing|that i)|treat|every)"
    r"|(?<![\w'])treat (?:whatever|everything|anything|all)\b[^.!?\n]{0,50}\b(?:fact|true|verified|trusted)\b|(?<![\w'])(?:retract|invalidate) (?:anything|everything|all)\b"
    r"|(?<![\w'])(?:overwrite|rewrite|alter)\b[^.!?\n]{0,20}\byour records\b|\bdrop table\b[^.!?\n]{0,10}\bmemor|\brm -rf\b|\byou(?:'re| are) (?:now )?in (?:maintenance|developer|debug|admin|god|safe) mode\b|\bfor (?:every|all|each) (?:other )?users?\b|\b(?:never let|nobody may|no one may|don't let) (?:anyone|anybody|me)? ?(?:alter|change|correct|delete) (?:it|this|that|them)\b"
    r"|</?(?:memory|system|instructions?)>|\[(?:system|inst|memory)\]",
    re.IGNORECASE | re.MULTILINE,
)
_YOUR = re.compile(r"\bur\b", re.IGNORECASE)
REFUSAL = "a command at the memory itself is not carried out from what is said: use the verbs for that"


def is_command(text: str) -> bool:
    """Tell whether a turn holds a command at the memory's own workings."""
    return _COMMAND.search(_YOUR.sub("your", text.replace("’", "'"))) is not None
