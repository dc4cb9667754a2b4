"""The same tests with the other major version of the SDK, in an environment of its own beside this one."""

import os
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import mcp
import pytest

HERE = Path(__file__).parent
OURS = version("mcp").split(".")[0]
OTHER, WANTED = ("1", "mcp>=1.23,<2") if OURS == "2" else ("2", "mcp>=2,<3")
#: All tools, and of the transports what the SDK has a part in.
TESTS = [
    f"{HERE}/test_mcp_tools.py",
    f"{HERE}/test_mcp_stdio.py::test_a_client_of_the_sdk_remembers_across_servers",
    f"{HERE}/test_mcp_stdio.py::test_nothing_else_is_written_where_the_client_reads",
    f"{HERE}/test_mcp_stdio.py::test_it_outlives_nonsense_and_ends_on_a_signal_though_its_client_stays[SIGTERM]",
    f"{HERE}/test_mcp_stdio.py::test_what_was_asked_before_the_end_is_answered",
    f"{HERE}/test_mcp_stdio.py::test_what_does_not_end_is_given_up",
    f"{HERE}/test_mcp_stdio.py::test_a_line_that_is_no_message_is_answered_and_logged",
    f"{HERE}/test_mcp_http.py::test_names_are_the_same_in_any_case",
    f"{HERE}/test_mcp_http.py::test_two_clients_at_once",
    f"{HERE}/test_mcp_http.py::test_the_application_serves_this_machine_alone_by_default",
]


@pytest.fixture(scope="module")
def other(tmp_path_factory):
    """A Python with the other SDK, and all else from the environment of this one."""
    if os.environ.get("ENGRAM_OTHER_MCP"):
        pytest.skip("this is the environment with the other SDK")
    path = tmp_path_factory.mktemp("sdk")
    uv = Path(sys.executable).with_name("uv")
    commands = [[uv, "venv", "-q", "-p", sys.executable, path], [uv, "pip", "install", "-q", "-p", path, WANTED]]
    try:
        for command in commands:
            subprocess.run(command, check=True, capture_output=True, text=True)
    except (OSError, subprocess.CalledProcessError) as exc:
        if os.environ.get("ENGRAM_REQUIRE_SERVICES") == "1":
            raise
        pytest.skip(f"{WANTED} cannot be installed here: {getattr(exc, 'stderr', None) or exc}")
    (packages,) = path.glob("lib/python*/site-packages")
    # After its own, so that what it has wins.
    (packages / "rest.pth").write_text(f"import site; site.addsitedir({str(Path(mcp.__file__).parents[1])!r})\n")
    return path / "bin" / "python"


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_the_other_sdk_passes_the_same_tests(other):
    code = "from importlib.metadata import version; print(version('mcp'))"
    theirs = subprocess.run([other, "-c", code], capture_output=True, text=True, check=True).stdout.split(".")[0]
    assert theirs == OTHER
    run = [other, "-m", "pytest", "-q", "-p", "no:cacheprovider", *TESTS]
    environment = os.environ | {"ENGRAM_OTHER_MCP": "1"}
    result = subprocess.run(run, cwd=HERE.parents[2], env=environment, capture_output=True, text=True)
    assert result.returncode == 0, result.stdout + result.stderr
    assert "skipped" not in result.stdout.splitlines()[-1]
