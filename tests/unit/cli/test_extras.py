"""What is said where a package of an extra is missing."""

import os
import subprocess
import sys
from pathlib import Path

EXAMPLE = Path(__file__).parents[3] / "examples" / "learn_with_a_model.py"


def test_the_example_that_needs_an_extra_says_so(tmp_path):
    (tmp_path / "openai.py").write_text("raise ImportError('not installed')\n")
    env = {**os.environ, "PYTHONPATH": str(tmp_path), "ENGRAM_DATABASE_URL": "memory://"}
    result = subprocess.run([sys.executable, EXAMPLE], env=env, capture_output=True, text=True)
    assert result.returncode == 1
    assert "pip install '.[openai]'" in result.stderr
    assert "Traceback" not in result.stderr
