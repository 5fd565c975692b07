"""Names in tables: the shortest that tell the files apart."""

from pathlib import Path

import pytest
from ase.build import bulk
from ase.io import write

from betenet.cli.short_names import ShortNames, shortest_names


@pytest.mark.parametrize(
    ("paths", "names"),
    [
        (["/home/u/work/x/examples/CaH6.cif"], ["CaH6.cif"]),
        (["a/Nb.cif", "b/Nb.cif"], ["a/Nb.cif", "b/Nb.cif"]),
        (
            ["/r/a/1/POSCAR", "/r/b/1/POSCAR", "/r/b/2/POSCAR"],
            ["a/1/POSCAR", "b/1/POSCAR", "2/POSCAR"],
        ),
        (["Nb.cif", "old/Nb.cif"], ["Nb.cif", "old/Nb.cif"]),
        (["/Nb.cif", "Nb.cif"], ["/Nb.cif", "Nb.cif"]),
        (["./Nb.cif", "./Pb.cif"], ["Nb.cif", "Pb.cif"]),
        (["x/Nb.cif", "x/Nb.cif"], ["Nb.cif", "Nb.cif"]),
        (["/"], ["/"]),
        ([], []),
    ],
)
def test_the_shortest_end_that_no_other_has(paths: list[str], names: list[str]) -> None:
    found = shortest_names(paths)
    assert [found[path] for path in paths] == names
    assert len(set(found.values())) == len(set(paths))


def test_folders_and_frames(tmp_path: Path) -> None:
    for folder in ("a", "b"):
        (tmp_path / folder).mkdir()
        write(tmp_path / folder / "Nb.cif", bulk("Nb"))
    write(tmp_path / "a" / "two.extxyz", [bulk("Nb"), bulk("Pb")])
    short = ShortNames([str(tmp_path)])
    assert short(str(tmp_path / "a" / "Nb.cif")) == "a/Nb.cif"
    assert short(str(tmp_path / "b" / "Nb.cif")) == "b/Nb.cif"
    assert short(str(tmp_path / "a" / "two.extxyz#1")) == "two.extxyz#1"
    assert short("something else") == "something else"


def test_many_files_take_no_time() -> None:
    paths = [f"/data/{number % 100}/run/{number // 100}/POSCAR" for number in range(20_000)]
    found = shortest_names(paths)
    assert found[paths[0]] == "0/run/0/POSCAR"
    assert len(set(found.values())) == len(paths)
