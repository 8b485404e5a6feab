import os
import subprocess
import sys

import pytest

PROGRAM = """
import sys
from tempose.core.streams import make_steadfast
make_steadfast()
kept = open(sys.argv[1], "w")
for _ in range(3000):
    print("a line for nobody \\udcff ü")
    print("another", file=sys.stderr, flush=True)
kept.write("whole")
kept.close()
"""


@pytest.mark.skipif(sys.platform == "win32", reason="streams are closed by a POSIX shell")
@pytest.mark.parametrize("shell", ["2>&-", ">&-", ">&- 2>&-", "<&- >&- 2>&-", "| head -c 0", "2>&1 | head -c 0"])
def test_what_nobody_reads_changes_nothing(tmp_path, shell):
    kept = tmp_path / "kept.txt"
    (tmp_path / "program.py").write_text(PROGRAM)
    command = f"set -o pipefail; '{sys.executable}' '{tmp_path / 'program.py'}' '{kept}' {shell}"
    done = subprocess.run(["bash", "-c", command], capture_output=True, check=False)
    assert done.returncode == 0, done.stderr[-500:]
    assert kept.read_text() == "whole"


def test_an_encoding_that_lacks_a_letter_prints_an_escape(tmp_path):
    (tmp_path / "program.py").write_text(PROGRAM)
    done = subprocess.run(
        [sys.executable, tmp_path / "program.py", tmp_path / "kept.txt"],
        capture_output=True,
        check=True,
        env=os.environ | {"PYTHONIOENCODING": "ascii"},
    )
    assert done.stdout.startswith(b"a line for nobody \\udcff \\xfc\n")
