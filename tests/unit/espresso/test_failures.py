import json
from pathlib import Path
from typing import Any

import pytest

from betenet.espresso.failures import failure_named, judge, known_failures, quoted

FAILED = Path(__file__).resolve().parents[2] / "fixtures/espresso/failed"
CASES: list[dict[str, Any]] = json.loads((FAILED / "failed.json").read_text())


def said(name: str) -> tuple[str, str]:
    """Output and error output of a run that was made to fail."""
    errors = FAILED / f"{name}.err"
    output = (FAILED / f"{name}.out").read_text()
    return output, errors.read_text() if errors.exists() else ""


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_a_run_that_was_made_to_fail_is_named(case: dict[str, Any]) -> None:
    failure = judge(case["program"], case["status"], "\n".join(said(case["name"])))
    assert (failure and failure.key) == case["failure"]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_the_status_alone_does_not_tell_success(case: dict[str, Any]) -> None:
    """What has not converged is no success, also where mpirun has swallowed the status."""
    failure = judge(case["program"], 0, "\n".join(said(case["name"])))
    assert (failure is None) == (case["failure"] is None)


@pytest.mark.parametrize(
    ("name", "quote"),
    [
        ("pw-no-smearing", "charge is wrong: smearing is needed"),
        ("pw-not-self-consistent", "convergence NOT achieved after 2 iterations: stopping"),
        ("pw-empty-pseudopotential", "empty.upf not readable"),
        ("matdyn-no-force-constants", "Cannot open file 'x.fc': No such file"),
        ("pw-more-bands-than-waves", "more bands than PWs!"),
        ("pw-killed-under-mpirun", "exited on signal 9 (Killed)"),
    ],
)
def test_the_program_is_quoted_where_it_says_what_happened(name: str, quote: str) -> None:
    case = next(case for case in CASES if case["name"] == name)
    output, errors = said(name)
    failure = judge(case["program"], case["status"], f"{output}\n{errors}")
    text = quoted(output, errors, failure)
    assert quote in text
    assert len(text) < 300


def test_missing_results_make_a_failure_of_a_success() -> None:
    text = "\n".join(said("pw-done"))
    failure = judge("pw.x", 0, text, missing=["scratch/crystal.a2Fsave"])
    assert failure is not None
    assert failure.key == "no_results"


@pytest.mark.parametrize(
    ("status", "key"),
    [
        (-9, "out_of_memory"),
        (137, "out_of_memory"),
        (-15, "killed"),
        (143, "killed"),
        (-11, "crashed"),
        (1, "unknown"),
        (0, "unknown"),
    ],
)
def test_a_program_without_last_words_is_judged_by_its_status(status: int, key: str) -> None:
    failure = judge("pw.x", status, "     iteration #  1     ecut=    60.00 Ry")
    assert failure is not None
    assert failure.key == key


def test_eigenvalues_that_are_late_in_a_good_run_are_no_failure() -> None:
    text = "     c_bands:  2 eigenvalues not converged\n   JOB DONE.\n"
    assert judge("pw.x", 0, text) is None


def test_every_failure_says_why_and_what_to_do() -> None:
    failures = known_failures()
    assert len({failure.key for failure in failures}) == len(failures)
    for failure in failures:
        assert failure.reason.endswith(".")
        assert failure.fix.endswith(".")


def test_retries_change_namelists_that_the_program_reads() -> None:
    read = {
        "pw.x": {"control", "system", "electrons", "ions", "cell"},
        "ph.x": {"inputph"},
        "matdyn.x": {"input"},
    }
    for failure in known_failures():
        for retry in failure.retries:
            for program, changes in retry.changes.items():
                assert set(changes) <= read[program]


def test_a_failure_of_another_version_is_unknown() -> None:
    assert failure_named("something_later").key == "unknown"
