import subprocess
import sys

from conftest import ROOT


def test_every_benchmark_finds_what_it_imports():
    scripts = sorted(map(str, (ROOT / "benchmarks").glob("*.py")))
    assert len(scripts) > 3
    program = f"import runpy\nfor script in {scripts!r}: runpy.run_path(script, run_name='imported')"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, cwd=ROOT)
    assert done.returncode == 0, done.stderr
