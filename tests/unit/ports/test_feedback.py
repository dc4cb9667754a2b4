"""How questions are named."""

import re
from dataclasses import replace

from engram_core.domain.scope import Scope
from engram_core.ports import question_key

ADA = Scope("acme", "ada")
NAME = "7fe3babf06f150e4"


def test_the_name_never_changes():
    assert question_key(ADA, "What do I like?") == NAME
    assert re.fullmatch("[0-9a-f]{16}", NAME)


def test_all_of_an_owner_share_it_and_no_two_owners_or_questions_do():
    scopes = [
        ADA,
        Scope("acme", "bob"),
        Scope("umbrella", "ada"),
        Scope("acme", None, "ada"),
        Scope("acme", None, None, "ada"),
    ]
    keys = {question_key(scope, question) for scope in scopes for question in ("a", "b", "a ", "")}
    assert len(keys) == 20
    for wider in (replace(ADA, session_id="s"), replace(ADA, agent_id="x")):
        assert question_key(wider, "a") == question_key(ADA, "a")


def test_any_text_has_one():
    assert question_key(ADA, "\ud800\x00") != question_key(ADA, "\x00")
