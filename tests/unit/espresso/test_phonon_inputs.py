from betenet.espresso.phonon_inputs import (
    coarse_dos_step,
    coarse_force_constants_step,
    coarse_phonon_step,
    fine_dos_step,
    force_constants_step,
    phonon_step,
)
from betenet.espresso.protocol import Protocol

PAPER = Protocol.named("paper")


def test_each_q_point_is_a_run_of_its_own_with_the_paper_s_broadenings() -> None:
    step = phonon_step(PAPER, 5, (6, 6, 4))
    inputph = step.namelists["inputph"]
    assert step.key == "phonons/q5"
    assert (inputph["start_q"], inputph["last_q"]) == (5, 5)
    assert (inputph["nq1"], inputph["nq2"], inputph["nq3"]) == (6, 6, 4)
    assert inputph["electron_phonon"] == "interpolated"
    assert (inputph["el_ph_sigma"], inputph["el_ph_nsigma"]) == (0.001, 30)
    assert step.input_text().startswith("phonons\n&inputph\n")  # ph.x wants a title
    assert "recover" not in step.input_text()
    assert not step.recovery  # ph.x 6.7 recovers to wrong frequencies


def test_a_step_leaves_what_the_next_one_takes() -> None:
    n_q = 3
    given = {
        f"{s.key}/{name}"
        for i in (1, 2, 3)
        for s in [phonon_step(PAPER, i, (2, 2, 2))]
        for name in s.results
    }
    constants = force_constants_step(PAPER, n_q)
    assert {one.source for one in constants.inherits} <= given
    # the list of q-points, and of each a dynamical matrix and thirty of the coupling
    assert len(constants.inherits) == 1 + n_q * 31
    assert constants.after == ("phonons/q1", "phonons/q2", "phonons/q3")
    left = {f"{constants.key}/{name}" for name in constants.results}
    fine = fine_dos_step(PAPER)
    assert {one.source for one in fine.inherits} == left
    assert {"lambda", "a2F.dos1", "a2F.dos30", "crystal.dos"} <= set(fine.results)


def test_force_constants_are_interpolated_onto_the_paper_s_grid() -> None:
    for step in (fine_dos_step(PAPER), coarse_dos_step(PAPER)):
        given = step.namelists["input"]
        assert (given["nk1"], given["nk2"], given["nk3"]) == (20, 20, 20)
    assert fine_dos_step(PAPER).namelists["input"]["la2F"] is True
    assert "la2F" not in coarse_dos_step(PAPER).namelists["input"]


def test_coarse_phonons_do_without_coupling() -> None:
    step = coarse_phonon_step(PAPER, 2)
    assert step.key == "coarse-phonons/q2"
    assert "electron_phonon" not in step.namelists["inputph"]
    assert "fildvscf" not in step.namelists["inputph"]
    assert step.after == ("coarse",)


def test_coarse_force_constants_take_matrices_from_where_they_are() -> None:
    step = coarse_force_constants_step(PAPER, [("phonons", 1), ("phonons", 4)])
    assert [(one.source, one.target) for one in step.inherits] == [
        ("phonons/q1/crystal.dyn1", "coarse.dyn1"),
        ("phonons/q4/crystal.dyn4", "coarse.dyn2"),
    ]
    # q2r.x reads grid, number and names where there is no list beside the matrices
    assert step.input_text().endswith("/\n2 2 2\n2\ncoarse.dyn1\ncoarse.dyn2\n")
    assert "coarse.dyn0" not in {one.target for one in step.inherits}


def test_frequencies_are_told_by_their_distance_or_their_number() -> None:
    """matdyn.x takes the distance in cm⁻¹, and only where the number is left out."""
    inputs = fine_dos_step(PAPER).namelists["input"]
    assert "ndos" not in inputs
    step = inputs["deltaE"]
    assert isinstance(step, float)
    assert abs(step * 0.12398420 - 0.1) < 1e-6
    scout = fine_dos_step(Protocol.named("scout")).namelists["input"]
    assert scout["ndos"] == 500
    assert "deltaE" not in scout
