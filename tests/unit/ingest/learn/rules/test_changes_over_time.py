"""A statement, and a later one: which replaces, ends, corrects, repeats what is known, and which leaves it alone."""

from datetime import UTC, datetime, timedelta

import pytest

from engram_core.domain.scope import Scope
from engram_core.ingest.learn.reconcile import Reconciler

START = datetime(2023, 5, 17, 10, tzinfo=UTC)
LATER = START + timedelta(days=90)


@pytest.fixture
def after(candidates):
    """Return what a second message, three months after the first, changes: operations with their texts."""

    def changes(first, second):
        reconciler = Reconciler((), {}, Scope(user_id="ada"), datetime(2024, 1, 1, tzinfo=UTC), "rules")
        for candidate in candidates(first):
            reconciler.decide(candidate)
        before = len(reconciler.changes)
        for candidate in candidates(second, at=LATER):
            reconciler.decide(candidate)
        return [f"{change.op.value} {change.memory.text}" for change in reconciler.changes[before:]]

    return changes


REPLACED = [
    ("I live in Leeds", "I've moved to York", "User lives in York."),
    ("I live in Leeds", "We relocated to Bath last month", "User lives in Bath."),
    ("I live in Leeds", "I'm based in York now", "User lives in York."),
    ("I live in Leeds", "New place! Moved into a flat in York yesterday", "User lives in York."),
    ("I live in Leeds", "I moved back in with my parents in York", "User lives in York."),
    ("I work at Acme", "I now work at Globex", "User works at Globex."),
    ("I work at Acme", "I left Acme for Globex", "User works at Globex."),
    ("I work at Acme", "I switched jobs to Globex", "User works at Globex."),
    ("I'm a nurse", "I've been promoted to head nurse", "User works as head nurse."),
    ("I'm a nurse", "I retired last month", "User is retired."),
    ("I'm married to Sam", "we got divorced", "User is divorced."),
    ("I'm single", "I'm in a relationship now", "User is in a relationship."),
    ("I'm vegetarian", "I've gone full vegan", "User is vegan."),
    ("I'm 34", "Today I turned thirty-five", "User is 35 years old."),
    ("My favourite colour is blue", "green is my new favourite colour", "User's favourite colour is green."),
    ("I drive a Honda Civic", "I swapped the Civic for a Mini", "User drives a Mini."),
    ("I'm learning Spanish", "I switched from Spanish to Italian", "User is learning Italian."),
    ("I study biology at Leeds", "I switched my major to chemistry", "User studies chemistry."),
    ("My number is 07700 900123", "my number is now 07700 900456", "User's phone number is 07700 900456."),
    ("I weigh 90 kg", "I weigh 80 kg now", "User weighs 80 kg."),
    ("My boss is called Ingrid", "my new boss is called Tom", "User's boss is called Tom."),
    ("My sister Anna lives in Berlin", "Anna moved to Paris", "Anna lives in Paris."),
]


@pytest.mark.parametrize(("first", "second", "text"), REPLACED)
def test_what_replaces(after, first, second, text):
    assert f"UPDATE {text}" in after(first, second)


ENDED = [
    ("I work at Acme", "I left Acme last month"),
    ("I work at Acme", "I left Acme for good"),
    ("I work at Acme", "Acme laid me off"),
    ("I work at Acme", "I'm not at Acme anymore"),
    ("I work at the shipyard as a welder", "I quit the shipyard on Friday"),
    ("I'm treasurer of the tennis club", "I stepped down as treasurer"),
    ("I'm a member of the chess club", "I dropped out of the chess club"),
    ("I sing in a choir", "I left the choir last month"),
    ("I'm dating Tom", "Tom dumped me last night"),
    ("My flatmate is called Priyanka", "Priyanka moved out yesterday, so I have the whole flat"),
    ("I'm on the keto diet", "I stopped keto last month"),
    ("I smoke about ten cigarettes a day", "I've not had a cigarette since June"),
    ("I take sertraline", "I've been off the sertraline entirely since 25 June"),
    ("I'm allergic to penicillin", "I'm not allergic to penicillin any more"),
    ("I have a motorbike", "I sold my motorbike last month"),
    ("I have a Netflix subscription", "I cancelled Netflix"),
    ("I have a goat called Pim", "We have given Pim away"),
    ("I'm pregnant", "Our son Matteo was born on Tuesday evening"),
]


@pytest.mark.parametrize(("first", "second"), ENDED)
def test_what_is_over(after, first, second):
    assert any(change.startswith("UPDATE") for change in after(first, second))


CORRECTED = [
    ("My daughter's name is Elin and she was born in 2015", "I typed that wrong. Elin was born in 2014, not 2015."),
    ("I play bass", "*guitar lol not bass"),
    ("I play the viola", "lol no autocorrect. violin not viola!!"),
    ("My cat Odin is nine", "Odin isn't nine. He is twelve"),
    ("I'm Swiss", "That's not right, I'm not Swiss at all"),
    ("I come from Maribor", "I have never set foot in Maribor"),
    ("My dog is called Rex", "I said Rex but I meant Max"),
    ("I'm 29", "I'm not 29. I'm 28"),
]


@pytest.mark.parametrize(("first", "second"), CORRECTED)
def test_what_was_wrong(after, first, second):
    assert any(change.startswith("DELETE") for change in after(first, second))


REPEATED = [
    ("I'm a veterinary nurse", "I'm a nurse"),
    ("My mum Yevgenia is 70", "my mother Yevgenia wants to write"),
    ("My children are Astrid and Poul", "which game suits my kids, Astrid and Poul?"),
    ("I live in Coimbra", "Since I live in Coimbra, where is the nearest airport?"),
    ("I have asthma", "I've got asthma, as I said, so a smoke-free hotel is a must"),
    ("I'm married to Sam", "my wife Samantha is here"),
]


@pytest.mark.parametrize(("first", "second"), REPEATED)
def test_what_is_said_again(after, first, second):
    ops = after(first, second)
    assert ops
    assert not [change for change in ops if not change.startswith("NOOP")]


LEFT_ALONE = [
    ("I live in Leeds", "I moved to Amazon last month"),
    ("I live in Leeds", "I moved to Globex as a manager"),
    ("I live in Leeds", "I'm living in Paris for a month"),
    ("I live in Leeds", "I moved to York Street"),
    ("I live in Leeds", "It's Paris, not Leeds, that I want to visit"),
    ("I live in Leeds", "it's York, not Leeds"),
    ("I work at Acme", "I left Acme early today"),
    ("I work at Acme", "I left Acme a bad review"),
    ("I work at Acme", "I swapped Acme for lunch"),
    ("I work at Acme", "I also work at Globex on weekends"),
    ("I'm an electrician", "I'm self-employed"),
    ("I'm a nurse", "I'm a freelancer"),
    ("I'm a nurse", "I'm a student"),
    ("I'm vegetarian", "I had fish yesterday"),
    ("I drive a Honda Civic", "I lost my car keys"),
    ("I have a dog called Rex", "Rex died laughing"),
    ("I have a dog called Rex", "I gave Rex to a friend for the weekend"),
    ("I have a dog called Rex", "I lost Rex at the park for a minute"),
    ("I like tea", "I switched from tea to coffee today"),
    ("I like tea", "I switched from tea to coffee"),
    ("I like tea", "I don't like tea after dinner"),
    ("I take metformin", "I'm not on metformin today"),
    ("I'm a member of the Green Party", "I left the party early"),
    ("I'm a member of the chess club", "I left the club at 2"),
    ("I have a boat", "I sold my boat shoes"),
    ("My name is Katherine", "I'm Kat"),
    ("I have three kids", "I need to drop my kids at school"),
    ("I like risotto", "Forget the risotto, give me soup"),
    ("I live in Paris", "Forget Paris, let's talk about Rome"),
    ("I'm a nurse", "delete the nurse from the story"),
    ("I'm a nurse", "my boss wants me to delete my account"),
]


@pytest.mark.parametrize(("first", "second"), LEFT_ALONE)
def test_what_changes_nothing_that_is_known(after, first, second):
    assert not [change for change in after(first, second) if change.startswith(("UPDATE", "DELETE"))]


FORGOTTEN = [
    ("I'm dyslexic", "Could you drop the dyslexia from your notes?"),
    ("I take lithium", "Delete what you know about the lithium."),
    ("My number is 07700 900123", "I'd feel better if you had my phone number erased."),
    ("My blood group is AB negative", "can u bin the blood type thing?"),
    ("I'm 63", "I'd rather you didn't know my age"),
    ("I live in Porto", "don't remember where I live"),
    ("I'm lactose intolerant", "Cross out what I said about lactose"),
]


@pytest.mark.parametrize(("first", "second"), FORGOTTEN)
def test_what_is_forgotten(after, first, second):
    assert any(change.startswith("DELETE") for change in after(first, second))
