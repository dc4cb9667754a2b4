"""What the README's table of settings says is what the code does."""

import re
from pathlib import Path

from engram_core import Settings

README = (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")
ROWS = {name: row for row in README.splitlines() for name in re.findall(r"`(ENGRAM_\w+)`", row) if row.startswith("|")}
FIELDS = {f"ENGRAM_{name.upper()}": field for name, field in Settings.model_fields.items()}


def test_every_setting_has_its_row_and_no_row_is_left_over():
    assert ROWS.keys() == FIELDS.keys()


def test_the_defaults_are_those_of_the_code():
    for name, field in FIELDS.items():
        if field.default is not None and field.default_factory is None:
            assert f"| `{field.default}` |" in ROWS[name]


def test_other_names_that_are_read_are_told():
    for name, field in FIELDS.items():
        for other in field.validation_alias.choices[1:]:
            assert f"`{other}`" in ROWS[name]
