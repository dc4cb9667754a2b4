"""Whole plain sentences, as people write them when they take their time."""

import pytest

READ = [
    ("I'm thirty-four and I drive a tram in Graz.", ["age=34"]),
    ("My son Tobias is nine and loves dinosaurs.", ["tobias.age=9", "family=son Tobias", "tobias.likes=dinosaurs"]),
    ("My mum, Yevgenia, is from Kharkiv.", ["yevgenia.hometown=Kharkiv", "family=mum Yevgenia"]),
    ("I work as a claims adjuster for Harrow Mutual.", ["occupation=claims adjuster", "employer=Harrow Mutual"]),
    ("I live alone in a flat in Lyon and I work as a proofreader.", ["home=Lyon", "occupation=proofreader"]),
    ("I live at Rue des Tanneurs 8 in Colmar", ["address=Rue des Tanneurs 8", "home=Colmar"]),
    ("I am allergic to penicillin and to wasp stings.", ["allergy=penicillin", "allergy=wasp stings"]),
    ("My birthday is the second of April", ["birthday=the 2nd of April"]),
    ("I work for the port authority in Split", ["workplace=the port authority", "workplace=Split"]),
    ("I work at a garden centre in Breda.", ["workplace=a garden centre", "workplace=Breda"]),
    (
        "I'm the deputy head of a primary school in Mwanza.",
        ["occupation=deputy head", "workplace=Mwanza", "workplace=a primary school"],
    ),
    ("I lay tiles in Hamilton and I breed alpacas", ["activity=lay tiles", "activity=breed alpacas"]),
    ("I swim every morning", ["hobby=swimming"]),
    ("I'm a member of the Green Party", ["member=Green Party"]),
    ("I'm treasurer of the tennis club", ["trait=treasurer of tennis club"]),
    ("I volunteer at the night shelter on Tuesdays", ["activity=volunteer at the night shelter"]),
    ("I have a motorbike and a subscription to The Economist", ["owns=motorbike"]),
    ("I weigh 96 kilos and I'm 1.85 m tall", ["weight=96 kilos", "height=1.85 m"]),
    ("I smoke about ten cigarettes a day", ["trait=smoker"]),
    ("I hold dual citizenship, Chilean and Croatian", ["citizenship=Chilean", "citizenship=Croatian"]),
    ("My cousin Ximo and I own a small food truck", ["owns=small food truck", "family=cousin Ximo"]),
    ("my daughter is Leilani", ["family=daughter Leilani"]),
    ("wife's name is oluchi btw", ["partner=Oluchi"]),
    ("Let me give you the background. I'm a nurse.", ["occupation=nurse"]),
    ("I was born in 1968, so retirement planning isn't a distant thing any more.", ["birth_year=1968"]),
    ("I like canoeing as well, preferably where nobody answers the phone.", ["likes=canoeing"]),
    ("These days I mend clocks", ["activity=mend clocks"]),
    ("As you know, I'm vegetarian", ["diet=vegetarian"]),
    ("Since I have asthma, is the room smoke-free?", ["condition=asthma"]),
    ("In September I will be moving to Malmö", ["plan=moving to Malmö in 2023-09"]),
    ("I'll be forty on 3 April", ["plan=turning 40 on 2024-04-03"]),
    ("I joined Maersk yesterday as a crew planner", ["employer=Maersk", "occupation=crew planner"]),
    ("my favourite movie is The Godfather, no contest", ["favourite:movie=The Godfather"]),
    ("I'm in the second year of a nursing degree at Tampere.", ["studies=nursing", "school=Tampere"]),
    ("My goal is a half marathon", ["goal=a half marathon"]),
]


@pytest.mark.parametrize(("text", "expected"), READ)
def test_it_is_read(read, text, expected):
    assert [claim for intent, claim, _ in read(text) if intent == "state"] == expected
