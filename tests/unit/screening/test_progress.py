import re

from tests.fixture_types import Capture

from betenet.screening.progress import Progress


def test_lines_where_there_is_no_terminal(capsys: Capture) -> None:
    progress = Progress("structure", 10, 2, every=0.0)
    progress.update(3)
    progress.update(5)
    progress.close()
    lines = capsys.readouterr().err.splitlines()
    assert re.fullmatch(r"betenet: structure: 5 of 10, [\d.e+]+ a second, 0:00:00 left", lines[0])
    assert re.fullmatch(r"betenet: structure: 10 of 10, [\d.e+]+ a second", lines[-1])


def test_few_lines_and_none_if_nothing_is_done_or_wanted(capsys: Capture) -> None:
    progress = Progress("structure", None, every=1000.0)
    for _ in range(5):
        progress.update(1)
    progress.close()
    assert len(capsys.readouterr().err.splitlines()) == 1
    Progress("structure", 5, 5).close()
    quiet = Progress("structure", 5, every=0.0, quiet=True)
    quiet.update(1)
    quiet.close()
    assert capsys.readouterr().err == ""
