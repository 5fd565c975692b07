"""``betenet completion``: verbs, flags, values and files, completed by the shells themselves."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from tests.command_line import stderr_of, stdout_of
from tests.fixture_types import Capture

from betenet.cli import main
from betenet.cli.completion import SHELLS

ASK = """\
source "$0"
COMP_WORDS=("$@"); COMP_CWORD=$(( $# - 1 )); COMPREPLY=()
_shtab_betenet
printf '%s\\n' "${COMPREPLY[@]}"
"""


@pytest.mark.parametrize("shell", SHELLS)
def test_each_shell_is_told_verbs_and_flags(shell: str, capsys: Capture) -> None:
    script = stdout_of(["completion", shell], capsys)
    for word in ("predict", "substitute", "table-unit", "phonon-cache", "positions"):
        assert word in script
    assert "--methods" not in script
    assert "%(" not in script
    program = shutil.which(shell)
    if program is not None:
        subprocess.run([program, "-n"], input=script, text=True, check=True)


@pytest.mark.skipif(shutil.which("bash") is None, reason="no bash")
@pytest.mark.parametrize(
    ("words", "found"),
    [
        ("pre", {"predict"}),
        ("screen s", {"status", "substitute"}),
        ("tc --ta", {"--table-unit"}),
        ("tc --unit m", {"meV"}),
        ("predict --phonon-c", {"--phonon-cache"}),
        ("predict cells/N", {"cells/Nb.cif"}),
        ("phonons --phonon-cache ce", {"cells"}),
    ],
)
def test_bash_completes(
    words: str, found: set[str], tmp_path: Path, cells: Path, capsys: Capture
) -> None:
    assert cells.parent == tmp_path
    assert main(["completion", "bash"]) == 0
    script = tmp_path / "script"
    script.write_text(capsys.readouterr().out)
    asked = subprocess.run(
        [shutil.which("bash") or "bash", "-c", ASK, str(script), "betenet", *words.split()],
        cwd=tmp_path,
        text=True,
        capture_output=True,
        check=True,
    )
    assert {word.rstrip("/") for word in asked.stdout.split()} == found


def test_an_unknown_shell_is_told_the_nearest(capsys: Capture) -> None:
    assert "Did you mean bash?" in stderr_of(["completion", "bsh"], capsys)


def test_nothing_heavy_is_loaded() -> None:
    code = (
        "import sys; from betenet.cli import main; assert 'shtab' not in sys.modules;"
        "main(['completion', 'bash']); assert not {'torch', 'ase'} & {*sys.modules}"
    )
    subprocess.run([sys.executable, "-c", code], capture_output=True, check=True)
