"""The arrows between the rooms (docs/architecture.md): who may import whom."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import ROOT

SOURCE = ROOT / "src" / "tempose"

# Room → the rooms it may import from, besides itself. From the ground floor up: an arrow never points to a higher one.
MAY_IMPORT: dict[str, set[str]] = {"core": set()}
for floor in (
    ["media"],
    ["pose"],
    ["body", "warp"],
    ["data", "models"],
    ["people"],
    ["diffusion"],
    ["animation"],
    ["batch"],
    ["training", "evaluation"],
    ["web"],
    ["cli"],
    ["__main__"],
):
    below = set(MAY_IMPORT)
    MAY_IMPORT |= {room: set(below) for room in floor}

# Sampling needs nothing of what makes datasets, trains and measures; nothing needs the shells.
for room in ("diffusion", "animation"):
    MAY_IMPORT[room] -= {"data", "people"}


def room(path: Path) -> str:
    return path.relative_to(SOURCE).parts[0].removesuffix(".py")


def imports(path: Path) -> set[str]:
    """Rooms that a file imports from, also inside functions."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        names = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: imports are absolute"
            names = [node.module] if node.module != "tempose" else [f"tempose.{a.name}" for a in node.names]
        found |= {name.split(".")[1] for name in names if name.startswith("tempose.")}
    return found


FILES = sorted(path for path in SOURCE.rglob("*.py") if path != SOURCE / "__init__.py")


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(SOURCE)))
def test_arrows(path):
    allowed = MAY_IMPORT[room(path)] | {room(path)}
    assert imports(path) <= allowed


def test_tests_mirror_the_package():
    ours = {str(path.relative_to(SOURCE).with_suffix("")) for path in FILES}
    for test in (ROOT / "tests").rglob("test_*.py"):
        mirrored = test.relative_to(ROOT / "tests").with_name(test.stem.removeprefix("test_"))
        if mirrored.parts[0] == "benchmarks":
            assert (ROOT / mirrored).with_suffix(".py").exists(), f"{test} mirrors no benchmark"
        elif str(mirrored) not in {
            "architecture",
            "docs",
            "readme",
            "weights",
            "data/docs",
            "training/docs",
            "diffusion/once",
            "web/once",
            "integrations/comfyui",
            "web/page",
            "web/words",
        }:
            assert str(mirrored) in ours, f"{test} mirrors no file of the package"


@pytest.mark.parametrize("module", ["tempose", "tempose.cli"])
def test_starting_is_light(module):
    heavy = "{'torch', 'diffusers', 'cv2', 'av', 'mediapipe', 'gradio', 'numpy', 'pydantic'}"
    program = f"import sys, {module}; print(sorted({heavy} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_importing_everything_changes_no_global_state():
    modules = [str(p.relative_to(SOURCE.parent).with_suffix("")).replace("/", ".") for p in FILES]
    modules = [m.removesuffix(".__init__") for m in modules if not m.endswith("__main__")]
    program = (
        "import torch, numpy, os\n"
        "state, threads, env = torch.get_rng_state(), torch.get_num_threads(), dict(os.environ)\n"
        "legacy = numpy.random.get_state()[1].copy()\n"
        f"for m in {modules!r}: __import__(m)\n"
        "assert torch.equal(state, torch.get_rng_state())\n"
        "assert (legacy == numpy.random.get_state()[1]).all()\n"
        "assert threads == torch.get_num_threads() and torch.is_grad_enabled()\n"
        "ours = ('TEMPOSE', 'OMP', 'CUDA', 'GRADIO', 'HF_')\n"
        "changed = {k for k in os.environ if env.get(k) != os.environ[k] and k.startswith(ours)}\n"
        "assert not changed, changed\n"
    )
    subprocess.run([sys.executable, "-c", program], check=True)
