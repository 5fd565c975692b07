from pathlib import Path

from ase.build import bulk
from tests.made_pseudopotential import make_header

from betenet.electrons.calculations import electrons_protocol
from betenet.electrons.magnetic_orders import magnetic_orders
from betenet.electrons.magnetism_workflow import MagnetismWorkflow
from betenet.espresso.plan import make_workflow

SETTINGS = {"cutoff": 40, "density_cutoff": 160, "k_density": 6}


def test_the_first_steps_are_those_of_the_given_cell_and_fixed_moments_wait(
    tmp_path: Path,
) -> None:
    make_header(tmp_path / "upf", "Fe", 16.0)
    iron = bulk("Fe", "bcc", a=2.87)
    recipe = make_workflow(iron, electrons_protocol("fast", SETTINGS), tmp_path / "upf")
    workflow = MagnetismWorkflow(
        recipe=recipe,
        orders=magnetic_orders(recipe.atoms, ("ferromagnetic",)),
        pressures=(0.0,),
        curvature=True,
    )
    keys = [step.key for step in workflow.steps(tmp_path)]
    assert keys == ["volume-1000/ferromagnetic-high", "volume-1000/ferromagnetic-low"]
    assert workflow.curvatures(tmp_path) is None
    # what is tried may grow: the calculation stays the same
    other = MagnetismWorkflow(
        recipe=recipe, orders=workflow.orders, pressures=(0.0, 9.0), starts=("high",)
    )
    assert other.to_dict() == workflow.to_dict()
