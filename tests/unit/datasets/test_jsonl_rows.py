"""Our dataset layout: what is written comes back, and what is wrong is refused by its id."""

import gzip
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from ase.build import bulk

from betenet.datasets.jsonl_rows import Dataset, Entry, read_jsonl, read_records, write_jsonl
from betenet.datasets.rows import TARGETS, Row
from betenet.datasets.training_rows import read_rows
from betenet.errors import DataError
from betenet.espresso.quality import judge
from betenet.espresso.record import make_record
from betenet.espresso.results import read_results
from betenet.superconductivity.moments import moments

ALUMINIUM = Path(__file__).resolve().parents[2] / "fixtures" / "espresso" / "aluminium"
CAMPAIGN = Path(__file__).resolve().parents[3] / "benchmarks" / "first_principles" / "campaign"
FREQUENCIES = np.linspace(1.0, 30.0, 40)
A2F = 0.5 * np.exp(-(((FREQUENCIES - 15.0) / 5.0) ** 2))


def lead(**changes: Any) -> dict[str, Any]:
    """Pb by Allen and Dynes, PRB 12, 905 (1975); a change to None takes a key away."""
    atoms = bulk("Pb")
    row = {
        "id": "Pb",
        "structure": {
            "lattice": atoms.cell.array.tolist(),
            "species": ["Pb"],
            "frac_coords": [[0.0, 0.0, 0.0]],
        },
        "coupling": 1.55,
        "omega_log_kelvin": 56.0,
        "omega_2_kelvin": 65.0,
    }
    return {key: value for key, value in (row | changes).items() if value is not None}


Read = Callable[..., Dataset]


@pytest.fixture
def read(tmp_path: Path) -> Read:
    def _read(*rows: dict[str, Any] | str) -> Dataset:
        path = tmp_path / "set.jsonl"
        path.write_text("\n".join(r if isinstance(r, str) else json.dumps(r) for r in rows))
        return read_jsonl(path)

    return _read


def test_kelvin_become_mev_and_the_dos_that_of_an_atom(read: Read) -> None:
    structure = lead()["structure"]
    two = structure | {"species": ["Pb", "Bi"], "frac_coords": [[0, 0, 0], [0.5, 0.5, 0.5]]}
    (entry,) = read(lead(structure=two, dos_fermi=3.0, tc_kelvin=7.2, mu_star=0.105)).entries
    # k_B = 0.08617333262 meV/K
    np.testing.assert_allclose(entry.row.targets[[1, 3]], [56.0 * 0.08617333262, 5.6012666])
    assert np.isnan(entry.row.targets[[2, 4, 5]]).all()
    assert entry.row.fermi_dos == 1.5
    assert (entry.tc, entry.mu_star, entry.split, entry.row.source) == (7.2, 0.105, "", "set")
    assert entry.row.formula == "BiPb"
    assert entry.row.spectrum is None


@pytest.mark.parametrize("dos", [0.0, -0.2])
def test_a_density_of_states_that_is_none_is_unknown(read: Read, dos: float) -> None:
    assert np.isnan(read(lead(dos_fermi=dos)).entries[0].row.fermi_dos)


def test_keys_of_a_structure_may_stand_beside_the_others(read: Read) -> None:
    beside = lead(structure=None) | lead()["structure"]
    flat, nested = (read(row).entries[0].row.atoms for row in (beside, lead()))
    assert flat == nested


def test_moments_that_are_not_given_come_from_the_spectrum(read: Read) -> None:
    spectrum = {"frequencies_mev": FREQUENCIES.tolist(), "a2f": A2F.tolist()}
    own = moments(FREQUENCIES, A2F)
    row = lead(coupling=None, omega_log_kelvin=None, omega_2_kelvin=None, spectrum=spectrum)
    (entry,) = read(row).entries
    np.testing.assert_allclose(entry.row.targets, [float(own[key]) for key in TARGETS])
    assert entry.row.spectrum is not None
    np.testing.assert_array_equal(entry.row.spectrum, [FREQUENCIES, A2F])
    stated = read(row | {"coupling": 0.7 * float(own["coupling"])})
    assert stated.entries[0].row.targets[0] == pytest.approx(0.7 * own["coupling"])
    assert "Pb: λ is stated as" in stated.warnings[0]


def test_unknown_keys_are_counted_in_a_warning(read: Read) -> None:
    dataset = read(lead(colour="grey"), lead(id="again", colour="grey", shape=1))
    assert len(dataset.entries) == 2
    assert dataset.warnings == (
        "the key 'colour', in 2 rows, is not part of the layout and was left out",
        "the key 'shape', in 1 rows, is not part of the layout and was left out",
    )


SPECTRUM = {"frequencies_mev": [1.0, 2.0, 3.0], "a2f": [0.1, 0.2, 0.1]}


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"structure": None}, "no structure: lattice, species and frac_coords are missing"),
        ({"structure": [1]}, "structure is no JSON object"),
        ({"structure": {**lead()["structure"], "species": ["Qq"]}}, "not elements: 'Qq'"),
        ({"structure": {**lead()["structure"], "species": ["X"]}}, "not elements: 'X'"),
        ({"structure": {**lead()["structure"], "species": []}}, "not elements"),
        ({"structure": {**lead()["structure"], "frac_coords": [[0, 0]]}}, "frac_coords has the"),
        ({"structure": {**lead()["structure"], "lattice": [[1, 0, 0]] * 3}}, "no volume"),
        ({"structure": {**lead()["structure"], "lattice": "cubic"}}, "not an array of numbers"),
        (
            {"structure": {**lead()["structure"], "lattice": [[1e300, 0, 0]] * 3}},
            "a lattice vector is 1e+300 Å long",
        ),
        ({"structure": {**lead()["structure"], "frac_coords": [["0", "0", "0"]]}}, "not an array"),
        (
            {"structure": {**lead()["structure"], "frac_coords": [[1e17, 0.3, 0]]}},
            "frac_coords hold 1e+17",
        ),
        ({"structure": {**lead()["structure"], "species": "Nb9"}}, "species is no list of elem"),
        ({"coupling": None}, "coupling is missing, and no spectrum gives it"),
        ({"omega_log_kelvin": None}, "omega_log_kelvin is missing"),
        ({"coupling": -0.2}, "coupling is -0.2: not positive"),
        ({"omega_2_kelvin": 0}, "omega_2_kelvin is 0: not positive"),
        ({"coupling": float("nan")}, "coupling is not a finite number"),
        ({"coupling": "1.55"}, "coupling is not a finite number: '1.55'"),
        ({"coupling": True}, "coupling is not a finite number"),
        ({"omega_log_kelvin": 650.0}, "omega_log_kelvin is above omega_2_kelvin"),
        ({"omega_1_kelvin": 50.0}, "omega_log_kelvin is above omega_1_kelvin"),
        ({"tc_kelvin": -1.0}, "tc_kelvin is -1: it must not be below 0"),
        ({"formula": "Pb2Bi"}, "its formula is Pb2Bi, its structure is Pb"),
        ({"formula": "lead"}, "'lead' cannot be read"),
        ({"split": 0.5}, "split is not a text"),
        ({"spectrum": [1, 2]}, "spectrum is no JSON object"),
        ({"spectrum": {"a2f": [1.0]}}, "the spectrum has no frequencies_mev"),
        ({"spectrum": SPECTRUM | {"a2f": [0.1, 0.2]}}, "a2f has the shape"),
        ({"spectrum": SPECTRUM | {"a2f": [0.1, -0.2, 0.1]}}, "negative"),
        ({"spectrum": SPECTRUM | {"frequencies_mev": [0.0, 1.0, 2.0]}}, "lowest frequency is 0"),
        ({"coupling": 10**400}, "coupling is not a finite number"),
        (
            {"spectrum": SPECTRUM | {"a2f": [0.1, 10**400, 0.1]}},
            "a2f holds a value that is not a finite",
        ),
        ({"calculation": {"kept": False}}, "is not kept: it does not say why"),
        ({"calculation": {"kept": False, "reasons": "x"}}, "is not kept: it does not say why"),
        ({"calculation": {"kept": False, "reasons": [7, {}]}}, "not kept: it does not say why"),
        ({"calculation": {"kept": "no"}}, "calculation.kept is neither true nor false: 'no'"),
        ({"calculation": {"kept": 0}}, "calculation.kept is neither true nor false: 0"),
    ],
)
def test_a_bad_row_is_refused_and_the_others_are_read(
    read: Read, change: dict[str, Any], reason: str
) -> None:
    dataset = read(lead(id="first"), lead(id="bad", **change), lead(id="last"))
    assert [entry.row.id for entry in dataset.entries] == ["first", "last"]
    (refusal,) = dataset.refused
    assert refusal.id == "bad"
    assert reason in refusal.reason


def test_rounded_moments_may_be_equal(read: Read) -> None:
    """The moments of a narrow peak agree to the digits that are printed."""
    assert read(lead(omega_log_kelvin=65.01, omega_2_kelvin=65.0)).entries


def test_broken_lines_are_refused_by_their_number(read: Read) -> None:
    dataset = read("{", lead(), "", "[1]", lead())
    assert [refusal.id for refusal in dataset.refused] == ["line 1", "line 4", "Pb"]
    assert "not JSON" in dataset.refused[0].reason
    assert "no JSON object" in dataset.refused[1].reason
    assert "used before, in line 2" in dataset.refused[2].reason
    assert len(dataset.entries) == 1


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("[" * 100_000, "it is not JSON: it is nested more than 64 levels deep"),
        (
            json.dumps(lead(id="bad")).replace("1.55", "1" * 5_000),
            "coupling is not a finite number",
        ),
    ],
)
def test_a_line_without_an_end_is_refused(read: Read, line: str, reason: str) -> None:
    dataset = read(line, lead())
    (refused,) = dataset.refused
    assert reason in refused.reason
    assert len(dataset.entries) == 1


@pytest.mark.parametrize("calculation", [{"kept": True}, {"kept": None}, {}, "VASP 6", None])
def test_a_calculation_that_does_not_say_that_it_is_dropped_is_read(
    read: Read, calculation: object
) -> None:
    dataset = read(lead(calculation=calculation, campaign={"state": "kept"}))
    assert len(dataset.entries) == 1
    assert not dataset.warnings


def test_a_dropped_record_is_refused_with_its_reason_whatever_it_holds(read: Read) -> None:
    reasons = [{"rule": "imaginary", "text": "a mode"}, {"rule": "volume", "text": "8 %"}]
    dropped = {"kept": False, "reasons": reasons}
    failed = {"id": "failed", "calculation": {"kept": False, "reasons": reasons[:1]}}
    committed = (CAMPAIGN / "Ca_sc-60GPa.json").read_text(encoding="utf-8").strip()
    dataset = read(lead(calculation=dropped), failed, committed, lead(id="last"))
    assert [entry.row.id for entry in dataset.entries] == ["last"]
    assert [(one.id, one.reason) for one in dataset.refused[:2]] == [
        ("Pb", "its calculation is not kept: a mode; 8 %"),
        ("failed", "its calculation is not kept: a mode"),
    ]
    assert dataset.refused[2].id == "Ca_sc-60GPa"
    assert "not kept: a mode on the interpolated grid" in dataset.refused[2].reason


def test_an_absent_id_becomes_the_line(read: Read) -> None:
    assert [e.row.id for e in read(lead(id=None), lead(id=7)).entries] == ["line 1", "7"]


@pytest.mark.parametrize("name", ["set.jsonl", "set.jsonl.gz"])
def test_what_is_written_comes_back(tmp_path: Path, tiny_data: Path, name: str) -> None:
    rows = read_rows(tiny_data, ["bete_net", "alexandria"])
    entries = [Entry(row=row, split="a" if n % 2 else "") for n, row in enumerate(rows)]
    known = Row(
        id="with spectrum",
        source="own",
        atoms=bulk("Nb"),
        formula="Nb",
        targets=np.array([float(moments(FREQUENCIES, A2F)[key]) for key in TARGETS]),
        spectrum=(FREQUENCIES, A2F),
    )
    entries.append(Entry(row=known, tc=9.2, mu_star=0.12))
    path = tmp_path / name
    write_jsonl(path, entries)
    first = path.read_bytes()
    dataset = read_jsonl(path)
    assert not dataset.refused
    assert not dataset.warnings
    assert [e.split for e in dataset.entries] == [e.split for e in entries]
    for back, entry in zip(dataset.entries, entries, strict=True):
        assert (back.row.id, back.row.source) == (entry.row.id, entry.row.source)
        assert back.row.formula == entry.row.formula
        np.testing.assert_allclose(back.row.targets, entry.row.targets, rtol=1e-12)
        np.testing.assert_allclose(back.row.atoms.positions, entry.row.atoms.positions, atol=1e-12)
        np.testing.assert_allclose(back.row.fermi_dos, entry.row.fermi_dos, rtol=1e-12)
        np.testing.assert_equal((back.tc, back.mu_star), (entry.tc, entry.mu_star))
    assert dataset.entries[-1].row.spectrum is not None
    np.testing.assert_array_equal(dataset.entries[-1].row.spectrum, [FREQUENCIES, A2F])
    write_jsonl(path, dataset.entries)
    assert path.read_bytes()[:10] == first[:10]  # of gzip: no time stamp
    assert [file.name for file in tmp_path.iterdir()] == [name]


def test_files_of_the_other_sources_are_of_this_layout(tiny_data: Path) -> None:
    dataset = read_jsonl(tiny_data / "alexandria" / "superconductors.jsonl.gz")
    assert [refusal.id for refusal in dataset.refused] == ["unstable"]
    for entry, row in zip(dataset.entries, read_rows(tiny_data, ["alexandria"]), strict=True):
        np.testing.assert_array_equal(entry.row.targets, row.targets)
        np.testing.assert_equal(entry.row.fermi_dos, row.fermi_dos)


def test_a_truncated_archive_keeps_what_was_read(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    noise = {"note": rng.random(20_000).tolist()}  # what compresses badly fills the archive
    whole = gzip.compress("\n".join(json.dumps(r) for r in (lead(), lead(id="b") | noise)).encode())
    path = tmp_path / "cut.jsonl.gz"
    path.write_bytes(whole[: len(whole) // 2])
    dataset = read_jsonl(path)
    assert [entry.row.id for entry in dataset.entries] == ["Pb"]
    assert dataset.refused[0].id == "line 2 and all below"


def test_an_absent_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"nowhere\.jsonl cannot be read"):
        read_jsonl(tmp_path / "nowhere.jsonl")


def test_a_record_of_a_calculation_is_a_row(read: Read):
    """With ``calculation`` beside what datasets hold, which is passed over without a word."""
    results = read_results(ALUMINIUM)
    record = make_record("al-1", results, {"protocol": "fast"}, judge(results))
    dataset = read(record)
    assert not dataset.refused
    assert not dataset.warnings
    (entry,) = dataset.entries
    assert (entry.row.id, entry.row.formula, entry.mu_star) == ("al-1", "Al", 0.1)
    assert entry.row.targets[0] == pytest.approx(record["coupling"])
    assert entry.tc == record["tc_kelvin"]
    assert entry.row.fermi_dos == record["dos_fermi"]
    assert entry.row.spectrum is not None
    assert entry.row.spectrum[1].tolist() == record["spectrum"]["a2f"]


def test_a_record_with_negative_values_is_refused(read: Read):
    results = read_results(ALUMINIUM)
    a2f = results.a2f.copy()
    a2f[results.index_of(0.02), -1] = -2.0
    negative = replace(results, a2f=a2f)
    dataset = read(make_record("al-2", negative, {}, judge(negative)))
    assert [refusal.id for refusal in dataset.refused] == ["al-2"]


@pytest.mark.parametrize(("share", "kept"), [(0.005, True), (0.02, False)])
def test_few_negative_values_become_zero_and_more_are_refused(
    read: Read, share: float, kept: bool
) -> None:
    frequencies = np.linspace(0.5, 40.0, 80)
    a2f = np.exp(-(((frequencies - 25.0) / 4.0) ** 2))
    low = frequencies < 8.0
    a2f[low] = -share / (1.0 - share) * np.trapezoid(a2f / frequencies, frequencies)
    a2f[low] /= np.trapezoid(1.0 / frequencies[low], frequencies[low])
    spectrum = {"frequencies_mev": frequencies.tolist(), "a2f": a2f.tolist()}
    row = {key: lead()[key] for key in ("id", "structure")} | {"spectrum": spectrum}
    dataset = read(row)
    assert len(dataset.entries) == kept
    if kept:
        stored = dataset.entries[0].row.spectrum
        assert stored is not None
        assert stored[1].min() == 0.0
    else:
        assert "up to 1% are set to zero" in dataset.refused[0].reason


def test_a_folder_of_records(tmp_path: Path) -> None:
    for name in ("b", "a"):
        (tmp_path / f"{name}.json").write_text(json.dumps(lead(id=name), indent=2))
    (tmp_path / "below").mkdir()
    (tmp_path / "below" / "c.json").write_text(json.dumps(lead(id="c")))
    (tmp_path / "d.json").write_text(json.dumps({**lead(id="d"), "structure": None}))
    (tmp_path / "e.json").write_text("{")
    (tmp_path / "literature.json").write_text(json.dumps({"sources": []}))
    dataset = read_records(tmp_path)
    assert [entry.row.id for entry in dataset.entries] == ["a", "b"]
    assert [refusal.id for refusal in dataset.refused] == ["d", "e.json"]
    assert dataset.warnings[0].startswith("literature.json is no record")
