import json
import tomllib
from collections.abc import Callable
from dataclasses import replace
from importlib.resources import files
from pathlib import Path

import pytest

from betenet.errors import ConfigError, DataError
from betenet.espresso.cutoff_convergence import LADDER
from betenet.espresso.cutoffs import (
    CACHE_VARIABLE,
    RYDBERG_PER_HARTREE,
    TABLE,
    Cutoffs,
    check_cache,
    cutoff_doubts,
    density_ratio,
    keep_measured,
    measured_before,
    recommended_cutoffs,
    with_cutoffs,
)
from betenet.espresso.protocol import Protocol
from betenet.espresso.pseudopotentials import (
    Pseudopotential,
    find_pseudopotentials,
    read_pseudopotential,
)

Maker = Callable[..., Path]
FAST = Protocol.named("fast")


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Nothing that was measured on this machine counts."""
    monkeypatch.setenv(CACHE_VARIABLE, str(tmp_path / "cache"))
    return tmp_path / "cache"


def found_in(folder: Path, *elements: str) -> dict[str, Pseudopotential]:
    return find_pseudopotentials(folder, elements)


def unknown(folder: Path, element: str, kind: str = "NC") -> dict[str, Pseudopotential]:
    """One of which nobody says anything."""
    one = found_in(folder, element)[element]
    one.path.with_suffix(".toml").unlink()
    return {element: replace(one, kind=kind)}


def test_a_file_beside_it_says_hartree_and_a_finer_grid(pseudopotentials: Maker) -> None:
    folder = pseudopotentials({"Al": 3.0, "H": 1.0})
    text = "Ecut = 10\nsupersampling = 2.0\n[cutoffs_normal]\nEcut = 36\nsupersampling = 2.5\n"
    (folder / "H_ONCV_PBE_sr.toml").write_text(text)
    hydrogen = recommended_cutoffs(found_in(folder, "H")["H"])
    assert hydrogen is not None
    # 36 Ha are 72 Ry; a grid finer by 2.5 along each axis holds 2.5² times the energy
    assert (hydrogen.cutoff, hydrogen.density_cutoff) == (72.0, 450.0)
    chosen = with_cutoffs(FAST, found_in(folder, "Al", "H"))
    assert (chosen.cutoff, chosen.density_cutoff) == (72.0, 450.0)


def test_the_hardest_element_decides(pseudopotentials: Maker) -> None:
    folder = pseudopotentials({"Al": 3.0, "Nb": 13.0})
    (folder / "Nb_ONCV_PBE_sr.toml").write_text("Ecut = 41\nsupersampling = 2.0\n")
    chosen = with_cutoffs(FAST, found_in(folder, "Al", "Nb"))
    assert (chosen.cutoff, chosen.density_cutoff) == (82.0, 328.0)


def test_a_cutoff_below_is_refused_with_the_number_to_use(pseudopotentials: Maker) -> None:
    folder = pseudopotentials({"Al": 11.0})
    (folder / "Al_ONCV_PBE_sr.toml").write_text("Ecut = 45\nsupersampling = 2.0\n")
    low = FAST.with_changes({"cutoff": 40.0, "density_cutoff": 160.0})
    with pytest.raises(ConfigError, match=r"40 Ry is too low for Al_ONCV_PBE_sr\.upf") as caught:
        with_cutoffs(low, found_in(folder, "Al"))
    assert "--set cutoff=90 density_cutoff=360" in caught.value.fix
    enough = FAST.with_changes({"cutoff": 90.0})
    assert with_cutoffs(enough, found_in(folder, "Al")).density_cutoff == 360.0


def test_a_density_below_is_refused_too(pseudopotentials: Maker) -> None:
    folder = pseudopotentials({"Al": 3.0})
    (folder / "Al_ONCV_PBE_sr.toml").write_text("Ecut = 20\nsupersampling = 3.0\n")
    low = FAST.with_changes({"cutoff": 40.0, "density_cutoff": 200.0})
    with pytest.raises(ConfigError, match=r"density_cutoff = 200 Ry is too low .* 360 Ry"):
        with_cutoffs(low, found_in(folder, "Al"))


def test_where_nobody_says_it_numbers_must_be_given_or_measured(pseudopotentials: Maker) -> None:
    found = unknown(pseudopotentials({"Al": 3.0}), "Al")
    with pytest.raises(ConfigError, match="No recommended cutoff is known for") as caught:
        with_cutoffs(FAST, found)
    assert "betenet epc cutoffs" in caught.value.fix
    given = FAST.with_changes({"cutoff": 16.0, "density_cutoff": 64.0})
    assert with_cutoffs(given, found) == given
    (doubt,) = cutoff_doubts(given, found)
    assert "No recommended cutoff is known for Al_ONCV_PBE_sr.upf" in doubt
    assert "16 Ry are enough" in doubt


@pytest.mark.parametrize("kind", ["US", "PAW"])
def test_charges_around_cores_need_a_finer_density(pseudopotentials: Maker, kind: str) -> None:
    soft = unknown(pseudopotentials({"Al": 3.0}), "Al", kind)
    coarse = FAST.with_changes({"cutoff": 40.0, "density_cutoff": 160.0})
    with pytest.raises(ConfigError, match="density_cutoff of 160 Ry") as caught:
        with_cutoffs(coarse, soft)
    assert "--set density_cutoff=320" in caught.value.fix
    finer = coarse.with_changes({"density_cutoff": 320.0})
    assert with_cutoffs(finer, soft) == finer


def test_what_was_measured_is_found_by_content(pseudopotentials: Maker) -> None:
    found = unknown(pseudopotentials({"Al": 3.0}), "Al")
    one = found["Al"]
    path = keep_measured(one, {"cutoff": 30.0, "density_cutoff": 120.0})
    chosen = with_cutoffs(FAST, found)
    assert (chosen.cutoff, chosen.density_cutoff) == (30.0, 120.0)
    assert recommended_cutoffs(replace(one, sha256="0" * 64)) is None
    path.write_text(json.dumps({"cutoff": "many"}))
    with pytest.raises(ConfigError, match="does not say the cutoffs"):
        recommended_cutoffs(one)


@pytest.mark.parametrize(
    "text", ["Ecut = ", "Ecut = 'x'", "cutoffs_normal = 3", "[a]\nb = 1", "\xff"]
)
def test_a_file_beside_it_that_says_nothing_is_named(pseudopotentials: Maker, text: str) -> None:
    folder = pseudopotentials({"Al": 3.0})
    (folder / "Al_ONCV_PBE_sr.toml").write_text(text, encoding="latin-1")
    with pytest.raises(ConfigError, match=r"Al_ONCV_PBE_sr\.toml does not say the cutoffs"):
        with_cutoffs(FAST, found_in(folder, "Al"))


@pytest.mark.parametrize(
    "text",
    [
        *(f"Ecut = {value}" for value in ("-20", "0", "nan", "inf", "true", "'36'", "1e9", "[36]")),
        f"Ecut = 1{'0' * 400}",
        *(
            f"Ecut = 20\nsupersampling = {value}"
            for value in ("0", "1.0", "-2.0", "nan", "inf", "true", "'2'", "1e9")
        ),
        "cutoffs_normal = 3\nEcut = 20",
        "supersampling = 2.0",
    ],
)
@pytest.mark.parametrize("kind", ["NC", "US"])
def test_numbers_beside_it_that_cannot_be_meant_are_refused(
    pseudopotentials: Maker, text: str, kind: str
) -> None:
    folder = pseudopotentials({"Al": 3.0})
    (folder / "Al_ONCV_PBE_sr.toml").write_text(text)
    one = replace(found_in(folder, "Al")["Al"], kind=kind)
    with pytest.raises(ConfigError, match=r"Al_ONCV_PBE_sr\.toml does not say the cutoffs"):
        recommended_cutoffs(one)


@pytest.mark.parametrize(("kind", "ratio"), [("NC", 4.0), ("US", 8.0), ("USPP", 8.0), ("PAW", 8.0)])
def test_without_a_supersampling_the_kind_decides(
    pseudopotentials: Maker, kind: str, ratio: float
) -> None:
    folder = pseudopotentials({"Al": 3.0})
    (folder / "Al_ONCV_PBE_sr.toml").write_text("Ecut = 20\n")
    one = replace(found_in(folder, "Al")["Al"], kind=kind)
    found = recommended_cutoffs(one)
    assert found == Cutoffs(
        cutoff=20 * RYDBERG_PER_HARTREE, density_cutoff=ratio * 40.0, source="Al_ONCV_PBE_sr.toml"
    )
    assert density_ratio(one) == ratio


@pytest.mark.parametrize(
    "text",
    [
        '{"cutoff": NaN, "density_cutoff": NaN}',
        '{"cutoff": Infinity, "density_cutoff": Infinity}',
        '{"cutoff": true, "density_cutoff": 160.0}',
        '{"cutoff": -40.0, "density_cutoff": 160.0}',
        '{"cutoff": 40.0, "density_cutoff": 159.0}',
        '{"cutoff": 40.0, "density_cutoff": null}',
        '{"cutoff": 1e9, "density_cutoff": 4e9}',
        '{"cutoff": 40.0}',
        "[40.0, 160.0]",
        "not JSON",
        "[" * 100_000,
    ],
)
def test_a_damaged_measurement_is_named(pseudopotentials: Maker, text: str) -> None:
    one = unknown(pseudopotentials({"Al": 3.0}), "Al")["Al"]
    path = keep_measured(one, {"cutoff": 40.0, "density_cutoff": 160.0})
    assert measured_before(one) is not None
    path.write_text(text)
    with pytest.raises(ConfigError, match=r"json does not say the cutoffs of Al_ONCV") as caught:
        recommended_cutoffs(one)
    assert caught.value.fix.endswith("Al --again")


def test_every_entry_of_the_table_can_be_meant(pseudopotentials: Maker) -> None:
    text = files("betenet.espresso").joinpath(TABLE).read_text("utf-8")
    entries = tomllib.loads(text)["measured"]
    assert len({entry["sha256"] for entry in entries}) == len(entries) >= 16
    one = unknown(pseudopotentials({"Al": 3.0}), "Al")["Al"]
    for entry in entries:
        found = recommended_cutoffs(replace(one, sha256=entry["sha256"]))
        assert found is not None
        assert found.cutoff in LADDER


def test_the_cutoffs_of_a_protocol_that_are_too_low_can_be_left_to_the_pseudopotentials(
    pseudopotentials: Maker,
) -> None:
    folder = pseudopotentials({"Al": 11.0, "Nb": 13.0, "H": 1.0})
    (folder / "Al_ONCV_PBE_sr.toml").write_text("Ecut = 45\nsupersampling = 3.0\n")
    paper = Protocol.named("paper")
    found = found_in(folder, "Nb", "Al")
    with pytest.raises(ConfigError, match="75 Ry is too low") as caught:
        with_cutoffs(paper, found)
    recommended = {"cutoff": "recommended", "density_cutoff": "recommended"}
    assert "--set cutoff=recommended density_cutoff=recommended;" in caught.value.fix
    assert "--set cutoff=90 density_cutoff=810, or more" in caught.value.fix
    assert with_cutoffs(paper.with_changes(recommended), found).cutoff == 90.0
    # where one of them is not known, only numbers help
    found |= unknown(folder, "H", kind="US")
    with pytest.raises(ConfigError, match="75 Ry is too low") as caught:
        with_cutoffs(paper, found)
    assert caught.value.fix == "--set cutoff=90 density_cutoff=810, or more."
    numbers = paper.with_changes({"cutoff": 90.0, "density_cutoff": 810.0})
    assert with_cutoffs(numbers, found) == numbers


def test_a_density_that_is_too_low_does_not_lower_the_cutoff(pseudopotentials: Maker) -> None:
    folder = pseudopotentials({"Al": 3.0})
    (folder / "Al_ONCV_PBE_sr.toml").write_text("Ecut = 20\nsupersampling = 3.0\n")
    low = FAST.with_changes({"cutoff": 60.0, "density_cutoff": 240.0})
    with pytest.raises(ConfigError, match="density_cutoff = 240 Ry is too low") as caught:
        with_cutoffs(low, found_in(folder, "Al"))
    assert "--set cutoff=60 density_cutoff=360" in caught.value.fix


def test_a_cache_that_cannot_be_written_is_an_error_that_names_it(
    pseudopotentials: Maker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = unknown(pseudopotentials({"Al": 3.0}), "Al")["Al"]
    assert check_cache() == tmp_path / "cache"
    assert list((tmp_path / "cache").iterdir()) == []
    (tmp_path / "file").touch()
    monkeypatch.setenv(CACHE_VARIABLE, str(tmp_path / "file" / "inner"))
    assert recommended_cutoffs(one) is None
    with pytest.raises(ConfigError, match="cannot be kept in") as caught:
        check_cache()
    assert CACHE_VARIABLE in caught.value.fix
    with pytest.raises(DataError, match="Cannot write"):
        keep_measured(one, {"cutoff": 40.0, "density_cutoff": 160.0})


@pytest.mark.data
def test_what_the_real_sets_say(data_folder: Path) -> None:
    sets = data_folder / "pseudopotentials"
    for name, (cutoff, density) in {
        "pseudodojo_pbesol": (84.0, 336.0),
        "gbrv_pbesol": (40.0, 200.0),
    }.items():
        chosen = with_cutoffs(FAST, find_pseudopotentials(sets / name, ["Mg", "B", "H"]))
        assert (chosen.cutoff, chosen.density_cutoff) == (cutoff, density)


@pytest.mark.data
def test_a_header_of_version_1_is_read(data_folder: Path) -> None:
    folder = data_folder / "pseudopotentials" / "gbrv_pbesol"
    niobium = find_pseudopotentials(folder, ["Nb"])["Nb"]
    assert (niobium.valence, niobium.kind, niobium.relativistic) == (13.0, "US", "scalar")
    assert len([read_pseudopotential(path) for path in folder.glob("*.UPF")]) == 63
