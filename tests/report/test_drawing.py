"""Figures are the same whatever a user's environment asks of matplotlib, and tables need none."""

import os
import subprocess
import sys
from pathlib import Path

import matplotlib
import pytest

from nas.report import drawing

SETTINGS = """
text.usetex: True
font.family: serif
font.sans-serif: Nowhere
lines.linewidth: 9
axes.prop_cycle: cycler("color", ["ff0000"])
savefig.bbox: tight
savefig.transparent: True
svg.fonttype: path
"""
PROGRAM = """
import sys
from nas.report import drawing
with drawing.style():
    figure, axes = drawing.canvas(300, 200)
    axes.plot([1, 2], [3, 4], label="a line")
    axes.legend()
    axes.set_xlabel("cost")
    plot = drawing.finished(figure)
sys.stdout.write(drawing.svg(plot))
sys.stderr.write(drawing.png(plot).hex())
"""
TABLE = """
import sys
from pathlib import Path
from nas.commands.common import print_front
from nas.runs.run import Run
print_front(Run(Path(sys.argv[1])))
sys.exit("matplotlib" in sys.modules)
"""


def drawn(**variables: str) -> tuple[str, str]:
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("MPL")}
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=True, env=inherited | variables
    )
    return done.stdout, done.stderr


@pytest.fixture(scope="module")
def plain() -> tuple[str, str]:
    return drawn()


@pytest.mark.parametrize("backend", ["nonsense", "module://no.such.module", "svg"])
def test_no_backend_of_the_environment_matters(plain: tuple[str, str], backend: str) -> None:
    assert drawn(MPLBACKEND=backend) == plain


def test_no_settings_file_matters(plain: tuple[str, str], tmp_path: Path) -> None:
    (tmp_path / "matplotlibrc").write_text(SETTINGS)
    assert "a line" in plain[0]
    assert drawn(MATPLOTLIBRC=str(tmp_path)) == plain


def test_a_figure_that_a_notebook_saves_has_the_fonts_of_a_report(tmp_path: Path) -> None:
    with drawing.style():
        figure, axes = drawing.canvas(300, 200)
        axes.set_xlabel("cost")
    figure.savefig(tmp_path / "plain.png")
    with matplotlib.rc_context({"font.sans-serif": ["DejaVu Serif"], "font.family": "serif"}):
        figure.savefig(tmp_path / "asked.png")
        assert matplotlib.rcParams["font.family"] == ["serif"]
    assert (tmp_path / "plain.png").read_bytes() == (tmp_path / "asked.png").read_bytes()


def test_the_users_backend_stays_where_there_is_one() -> None:
    program = "import os, nas.report.drawing as d; print(d.rcParams['backend'], os.environ['MPLBACKEND'])"
    done = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "MPLBACKEND": "svg"},
    )
    assert done.stdout.split() == ["svg", "svg"]


def test_a_table_needs_no_matplotlib() -> None:
    run = Path(__file__).parents[2] / "results" / "cifar10-cpu"
    done = subprocess.run([sys.executable, "-c", TABLE, str(run)], capture_output=True, text=True, check=True)
    assert "recommended" in done.stdout or "front" in done.stdout


def test_one_module_alone_imports_matplotlib() -> None:
    package = Path(drawing.__file__).parents[1]
    importing = [path.name for path in package.rglob("*.py") if "\nfrom matplotlib" in path.read_text()]
    assert importing == ["plotting.py"]
