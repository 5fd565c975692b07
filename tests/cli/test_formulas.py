"""Every formula of the table, and the equations, through the verbs that offer them."""

from pathlib import Path

import numpy as np
import pytest
from tests.cli.test_evaluate import METALS, MODEL, row
from tests.command_line import json_of, stderr_of
from tests.fixture_types import Capture

from betenet.superconductivity.critical_temperature import ALL_METHODS, METHODS_OF_SPECTRA


def printed(words: list[str], capsys: Capture) -> dict:
    """What a verb prints as JSON; the first element of a list."""
    data = json_of([*words, "--json"], capsys)
    return data[0] if isinstance(data, list) else data


@pytest.mark.parametrize("method", ALL_METHODS)
def test_every_method_goes_through_every_verb(
    method: str, cells: Path, tmp_path: Path, capsys: Capture
) -> None:
    table, metals = tmp_path / "X.dat", tmp_path / "metals.jsonl"
    omega = np.linspace(0.25, 30.0, 120)
    a2f = 0.6 * np.exp(-(((omega - 15.0) / 5.0) ** 2))
    np.savetxt(table, np.stack([omega, a2f], axis=1), header="omega (meV) a2F")
    flags = ["--tc-method", method, "--mu-star", "0.13"]
    found = printed(["tc", str(table), *flags, *_debye(method)], capsys)
    assert found["tc_method"] == method
    assert found["tc_kelvin"] > 0.0
    predict = ["predict", str(cells / "Nb.cif"), "--model", MODEL, *flags]
    metals.write_text("\n".join(row(symbol) for symbol in METALS))
    evaluate = ["evaluate", MODEL, str(metals), "--resamples", "0", *flags]
    if method not in METHODS_OF_SPECTRA:
        for words in (predict, evaluate):
            assert "needs the Debye temperature" in stderr_of(words, capsys)
        return
    assert printed(predict, capsys)["tc_method"] == method
    assert printed(evaluate, capsys)["settings"]["tc_method"] == method


def _debye(method: str) -> list[str]:
    return [] if method in METHODS_OF_SPECTRA else ["--debye", "300"]
