"""The API's own description, turned into requests that follow it and requests that do not.

With `ITTEN_HOSTILE` set also every limit of every field, which takes a minute.
"""

import os
import subprocess
import sys

from tests.hostile.besieged import Besieged

LONG = "ITTEN_HOSTILE" in os.environ
PHASES, EXAMPLES = ("coverage,fuzzing", "100") if LONG else ("fuzzing", "12")  # of each operation
CHECKS = (
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_schema_conformance",
    "unsupported_method",
)


def test_what_the_description_says_is_so(fort: Besieged):
    command = [sys.executable, "-m", "schemathesis.cli", "run", f"{fort.url}/openapi.json"]
    command += ["--checks", ",".join(CHECKS), "--phases", PHASES, "--mode", "all"]
    command += ["--max-examples", EXAMPLES, "--generation-database", "none"]
    command += ["--request-timeout", "60", "--no-color", "--suppress-health-check", "too_slow"]
    command += ["--seed", "1"]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=600)
    assert ended.returncode == 0, ended.stdout[-8000:] + ended.stderr[-2000:]
