import pytest

from betenet.espresso.failures import Start
from betenet.espresso.manifest import Attempt, StepRecord
from betenet.espresso.namelist import Namelists
from betenet.espresso.retries import NextAttempt, next_attempt


def tried(*what: str | None, start: Start = "scratch", forgiven: int = 0) -> StepRecord:
    """A record whose attempts follow the plans and end as told."""
    record = StepRecord(forgiven=forgiven)
    for failure in what:
        plan = next_attempt("pw.x", record) or NextAttempt()
        attempt = Attempt(
            started="", processes=1, start=start, changes=plan.changes, failure=failure, seconds=1.0
        )
        record = record.begun(attempt)
    return record


def changes_of(program: str, *what: str | None) -> Namelists:
    plan = next_attempt(program, tried(*what))
    assert plan is not None
    return plan.changes


def test_the_first_attempt_changes_nothing() -> None:
    assert next_attempt("pw.x", StepRecord()) == NextAttempt()


def test_mixing_is_made_more_careful_twice() -> None:
    assert changes_of("pw.x", "not_self_consistent")["electrons"]["mixing_beta"] == 0.3
    second = changes_of("pw.x", "not_self_consistent", "not_self_consistent")
    assert second["electrons"]["mixing_beta"] == 0.1
    assert second["electrons"]["diagonalization"] == "cg"
    assert next_attempt("pw.x", tried(*["not_self_consistent"] * 3)) is None


def test_changes_add_up_over_failures_of_different_kinds() -> None:
    changes = changes_of("pw.x", "relaxation_steps", "not_self_consistent")
    assert changes["control"]["nstep"] == 200
    assert changes["electrons"]["mixing_beta"] == 0.3


def test_changes_of_another_program_are_left_out() -> None:
    plan = next_attempt("ph.x", StepRecord(attempts=tried("diagonalisation").attempts))
    assert plan is not None
    assert plan.changes["inputph"] == {"diagonalization": "cg"}


def test_the_response_is_mixed_more_carefully() -> None:
    assert changes_of("ph.x", "response_not_converged")["inputph"]["alpha_mix(1)"] == 0.3


@pytest.mark.parametrize("key", ["bad_input", "not_a_metal", "not_in_dense_grid", "unknown"])
def test_what_would_fail_again_is_not_tried_again(key: str) -> None:
    assert next_attempt("pw.x", tried(key)) is None


@pytest.mark.parametrize("key", ["interrupted", "out_of_time"])
def test_interruptions_do_not_count(key: str) -> None:
    assert next_attempt("pw.x", tried(*[key] * 9, start="recovery")) == NextAttempt(
        start="recovery"
    )
    record = tried("not_self_consistent", *[key] * 9, "not_self_consistent", key, start="recovery")
    plan = next_attempt("pw.x", record)
    assert plan is not None
    assert plan.changes["electrons"]["mixing_beta"] == 0.1  # not from the start again


def test_a_step_that_starts_afresh_and_never_has_enough_time_is_given_up() -> None:
    assert next_attempt("ph.x", tried("out_of_time", "out_of_time")) is not None
    assert next_attempt("ph.x", tried(*["out_of_time"] * 3)) is None
    assert next_attempt("ph.x", tried(*["out_of_time"] * 3, forgiven=3)) is not None


def test_after_a_recovery_that_failed_the_scratch_folder_is_not_trusted() -> None:
    assert next_attempt("ph.x", tried("damaged_files", start="recovery")) == NextAttempt()
    assert next_attempt("ph.x", tried("damaged_files", start="scratch")) is None


def test_a_forgiven_failure_is_tried_as_its_kind_wants() -> None:
    assert next_attempt("ph.x", tried("out_of_memory")) is None
    assert next_attempt("ph.x", tried("out_of_memory", forgiven=1)) == NextAttempt(start="recovery")
    assert next_attempt("ph.x", tried("disk_full", forgiven=1)) == NextAttempt(start="scratch")


def test_lost_results_are_computed_with_what_helped_before() -> None:
    changes = changes_of("pw.x", "not_self_consistent", None)
    assert changes["electrons"]["mixing_beta"] == 0.3
