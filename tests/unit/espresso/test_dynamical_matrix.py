import numpy as np
import pytest
from tests.espresso_runs import FIXTURES, PHONONS, dyn

from betenet.errors import DataError
from betenet.espresso.dynamical_matrix import DynamicalMatrix, read_dyn, read_dyn0


def test_the_grid_of_q_points():
    grid = read_dyn0(PHONONS / "q1" / "crystal.dyn0")
    assert grid.size == (2, 2, 2)
    assert grid.points.shape == (3, 3)
    for index in (1, 2, 3):
        np.testing.assert_allclose(dyn(index).star[0], grid.points[index - 1], atol=1e-8)


def test_stars_of_fcc_fill_the_grid():
    """Γ, L and X of a 2³ grid stand for 1, 4 and 3 points, all halves of reciprocal vectors."""
    stars = [dyn(index) for index in (1, 2, 3)]
    assert [star.n_star for star in stars] == [1, 4, 3]
    points = np.concatenate([star.star_fractional for star in stars])
    halves = {tuple(np.round(2.0 * q).astype(int) % 2) for q in points}
    assert len(halves) == 8
    np.testing.assert_allclose(2.0 * points, np.round(2.0 * points), atol=1e-6)


def test_frequencies_masses_and_cell():
    found = dyn(3)
    # THz as the file has them, times h
    np.testing.assert_allclose(
        found.frequencies, np.array([2.524205, 2.524205, 9.270705]) * 4.135667696, rtol=1e-9
    )
    assert found.masses == pytest.approx([26.982], abs=1e-4)
    assert found.symbols == ("Al",)
    assert found.cell[0] == pytest.approx([0.0, 2.001349487, 2.001349487], abs=1e-6)
    assert not found.translations.any()
    assert found.judged_frequencies.size == 3


def test_imaginary_modes_are_negative():
    """bcc aluminium is unstable at N."""
    found = read_dyn(FIXTURES / "bcc-aluminium" / "n.dyn")
    assert found.frequencies[0] == pytest.approx(-8.351773 * 4.135667696, rel=1e-6)
    assert (np.diff(found.frequencies) > 0).all()


def test_translations_at_gamma():
    found = read_dyn(FIXTURES / "silicon" / "gamma.dyn")
    assert found.is_gamma
    assert found.translations.tolist() == [True] * 3 + [False] * 3
    # the optical mode of silicon, 64.3 meV measured, 2 % lower in a cell of this size and cutoff
    assert found.judged_frequencies == pytest.approx([64.3] * 3, rel=0.05)
    sizes = np.sum(np.abs(found.displacements) ** 2, axis=(1, 2))
    np.testing.assert_allclose(sizes, 1.0, atol=1e-5)


def test_an_optical_mode_below_the_translations_is_still_judged(altered):
    """Translations are told by their motion, not by their frequency."""
    source = FIXTURES / "silicon" / "gamma.dyn"
    text = source.read_text()
    modes = text[text.index("     freq (    1)") : text.rindex(" ****")].split("     freq")[1:]
    turned = "".join("     freq" + mode for mode in (*modes[3:], *modes[:3]))
    path = altered(source, ("     freq" + "     freq".join(modes), turned))
    found = read_dyn(path)
    assert found.translations.tolist() == [False] * 3 + [True] * 3


def test_translations_of_a_heavy_and_a_light_atom():
    """The optical mode of a hydride: hydrogen moves alone, and its momentum is that of the metal.

    By displacements alone this mode, with 99 % of it on one side, would move more than a
    translation; by momentum it does not move the crystal at all.
    """
    masses = np.array([106.42, 1.008])
    optical = np.array([-masses[1], masses[0]]) / np.linalg.norm(masses)
    together = np.full(2, np.sqrt(0.5))
    modes = [np.outer(pattern, axis) for pattern in (optical, together) for axis in np.eye(3)]
    found = DynamicalMatrix(
        star=np.zeros((1, 3)),
        star_fractional=np.zeros((1, 3)),
        frequencies=np.array([-40.0, -40.0, -40.0, 0.1, 0.1, 0.1]),
        displacements=np.array(modes) + 0j,
        masses=masses,
        symbols=("Pd", "H"),
        cell=4.0 * np.eye(3),
    )
    assert found.translations.tolist() == [False] * 3 + [True] * 3
    assert found.judged_frequencies.tolist() == [-40.0] * 3


def test_masses_and_elements_of_two_species(altered):
    source = FIXTURES / "silicon" / "gamma.dyn"
    text = source.read_text()
    lines = text.splitlines()
    index = next(i for i, line in enumerate(lines) if "'Si" in line)
    heavy = lines[index].replace("1  'Si  '", "2  'Pb  '").replace("25597", "188848")
    header = lines[2].replace("  1    2", "  2    2", 1)
    second = lines[index + 2].replace("    2    1", "    2    2", 1)
    changed = [*lines[:2], header, *lines[3 : index + 1], heavy, lines[index + 1], second]
    found = read_dyn(altered(source, (text, "\n".join([*changed, *lines[index + 3 :]]) + "\n")))
    assert found.symbols == ("Si", "Pb")
    assert found.masses == pytest.approx([28.085, 207.2], rel=1e-3)


def test_fractions_belong_to_the_vectors_in_their_order(altered):
    """With the vectors in another order the coordinates of q change places with them."""
    source = PHONONS / "q2" / "crystal.dyn2"
    vectors = "".join(source.read_text().splitlines(keepends=True)[4:7])
    first, *others = vectors.splitlines(keepends=True)
    turned = read_dyn(altered(source, (vectors, "".join([*others, first]))))
    np.testing.assert_allclose(turned.star_fractional, dyn(2).star_fractional[:, [1, 2, 0]])
    # a reciprocal vector has one for its own vector and zero for the others
    reciprocal = np.linalg.inv(turned.cell).T
    alat = np.linalg.norm(turned.cell[0])
    np.testing.assert_allclose(turned.star_fractional @ reciprocal * alat, turned.star, atol=1e-6)


@pytest.mark.parametrize(
    ("cut", "message"),
    [
        ("     Diagonalizing", "holds 0 of 3 modes"),
        ("     freq (    3)", "holds 2 of 3 modes"),
        ("    1    1      0.0", "cut off"),
    ],
)
def test_a_file_that_is_cut_off(tmp_path, cut, message):
    text = (PHONONS / "q2" / "crystal.dyn2").read_text()
    path = tmp_path / "crystal.dyn2"
    path.write_text(text[: text.index(cut)])
    with pytest.raises(DataError, match=message):
        read_dyn(path)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (("  1    1   0   5.3", "  1    1   2   5.3"), "ibrav is 2"),
        (("Dynamical matrix file", "Something"), "no dynamical matrix"),
        (("'Al  '", "Al"), "line 8"),
        (("9.437", "*****"), "no number"),
    ],
)
def test_a_file_that_is_something_else(altered, change, message):
    source = PHONONS / "q2" / "crystal.dyn2"
    with pytest.raises(DataError, match=message):
        read_dyn(altered(source, change))


def test_a_list_of_q_points_that_is_cut_off(tmp_path):
    lines = (PHONONS / "q1" / "crystal.dyn0").read_text().splitlines()
    path = tmp_path / "crystal.dyn0"
    path.write_text("\n".join(lines[:-1]))
    with pytest.raises(DataError, match="no list of q-points"):
        read_dyn0(path)


def test_a_cell_by_ibrav_is_not_needed_for_star_and_modes(tmp_path):
    whole = PHONONS / "q1" / "crystal.dyn1"
    lines = whole.read_text().splitlines()
    lines[2] = lines[2].replace("  1    1   0 ", "  1    1   2 ")
    path = tmp_path / "al.dyn1"
    path.write_text("\n".join(lines[:3] + lines[7:]) + "\n")
    found, expected = read_dyn(path, with_cell=False), read_dyn(whole)
    assert np.isnan(found.cell).all()
    np.testing.assert_array_equal(found.star, expected.star)
    np.testing.assert_array_equal(found.translations, expected.translations)
    with pytest.raises(DataError, match="ibrav is 2"):
        read_dyn(path)
