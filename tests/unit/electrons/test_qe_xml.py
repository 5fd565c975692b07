import gzip
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.espresso_runs import FIXTURES

from betenet.electrons.qe_elements import FILE
from betenet.electrons.qe_xml import read_qe_bands
from betenet.errors import DataError

KEPT = FIXTURES / "electrons"


@pytest.fixture
def changed(tmp_path: Path) -> Callable[..., Path]:
    """Write a file of pw.x with some text replaced."""

    def write(name: str, old: str, new: str) -> Path:
        text = gzip.decompress((KEPT / f"{name}.xml.gz").read_bytes()).decode()
        assert old in text
        path = tmp_path / f"{name}.xml"
        path.write_text(text.replace(old, new))
        return path

    return write


def test_bands_and_crystal_of_aluminium() -> None:
    bands = read_qe_bands(KEPT / "aluminium.xml.gz")
    assert bands.grid == (12, 12, 12)
    assert bands.energies.shape == (1, 12, 12, 12, 8)
    assert (bands.n_electrons, bands.degeneracy, bands.n_spins) == (3.0, 2, 1)
    assert bands.atoms.get_chemical_formula() == "Al"
    assert bands.atoms.cell.volume == pytest.approx(4.03**3 / 4.0)
    # the lowest energy of a nearly free metal is at Γ
    assert bands.energies[0, ..., 0].argmin() == 0
    assert bands.energies[0, 0, 0, 0, 0] == pytest.approx(-3.28863, abs=1e-4)


def test_two_spins() -> None:
    bands = read_qe_bands(KEPT / "nickel.xml.gz")
    assert (bands.n_spins, bands.degeneracy, bands.grid) == (2, 1, (6, 6, 6))
    # the majority lies lower
    assert bands.energies[0].mean() < bands.energies[1].mean()


def test_the_folder_of_a_calculation_is_enough(tmp_path: Path) -> None:
    save = tmp_path / "scratch" / "crystal.save"
    save.mkdir(parents=True)
    content = (KEPT / "silicon.xml.gz").read_bytes()
    (save / FILE).write_bytes(gzip.decompress(content))
    (tmp_path / f"{FILE}.gz").write_bytes(content)
    found = [read_qe_bands(place) for place in (save, save.parent, tmp_path, save / FILE)]
    assert all((one.energies == found[0].energies).all() for one in found)


@pytest.mark.parametrize(
    ("name", "old", "new", "words"),
    [
        ("silicon", 'NAME="PWSCF"', 'NAME="PHONON"', "written by PHONON"),
        ("silicon", "qes:espresso", "cml", "Its root is <cml>"),
        ("silicon", "<?xml", "<!DOCTYPE x [<!ENTITY a 'b'>]><?xml", "defines entities"),
        ("silicon", "</qes:espresso>", "", "cut off or broken"),
        ("silicon", "<nks>16</nks>", "<nks>17</nks>", "has 16 of 17 k-points"),
        ("silicon", "<nelec>8", "<nelec>eight", "something else than numbers"),
        ("silicon", "<status>0", "<status>2", "did not converge"),
        ("silicon", "<nelec>8.0", "<nelec>16.0", "All of them are filled"),
    ],
)
def test_what_cannot_be_used_is_told(
    changed: Callable[..., Path], name: str, old: str, new: str, words: str
) -> None:
    path = changed(name, old, new)
    with pytest.raises(DataError, match=words) as caught:
        read_qe_bands(path)
    assert str(path) in caught.value.summary
    assert caught.value.fix


@pytest.mark.parametrize(
    ("name", "words"),
    [("lines", "bands along lines"), ("not-converged", "did not converge")],
)
def test_real_calculations_that_cannot_be_used(name: str, words: str) -> None:
    with pytest.raises(DataError, match=words):
        read_qe_bands(KEPT / f"{name}.xml.gz")


def test_spinors_hold_one_electron_each(changed: Callable[..., Path]) -> None:
    path = changed("aluminium", "<noncolin>false", "<noncolin>true")
    assert read_qe_bands(path).degeneracy == 1
    path.write_text(path.read_text().replace("<absolute>0.0", "<absolute>1.0"))
    with pytest.raises(DataError, match="non-collinear moments"):
        read_qe_bands(path)


def test_other_files_and_places(tmp_path: Path) -> None:
    (tmp_path / "wavecar.xml").write_bytes(b"\x00\x01\x02 not a text")
    with pytest.raises(DataError, match=r"is no data-file-schema\.xml of pw\.x"):
        read_qe_bands(tmp_path / "wavecar.xml")
    with pytest.raises(DataError, match=r"There is no data-file-schema\.xml in"):
        read_qe_bands(tmp_path)
    with pytest.raises(DataError, match="Cannot read"):
        read_qe_bands(tmp_path / "absent.xml")
