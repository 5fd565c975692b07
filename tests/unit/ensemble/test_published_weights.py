"""Published weights give the published spectra: those of e3nn's modules with the same weights."""

import math
import os
from collections import OrderedDict
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from ase import Atoms
from ase.build import bulk
from torch import Tensor

from betenet.ensemble import Ensemble
from betenet.ensemble.checkpoint import CARD, read_card, read_parameters, read_tensors
from betenet.ensemble.published_weights import (
    CITATION,
    checkpoint_files,
    import_published,
    read_state,
)
from betenet.ensemble.site_phonons import SitePhonons
from betenet.errors import ModelError
from betenet.graphs import build_graph
from betenet.network.batch import Geometry, collate
from betenet.network.config import NetworkConfig
from betenet.network.geometry import joint_geometry
from betenet.network.model import forward
from betenet.phonon_dos import PhononDos
from betenet.spectrum import Spectrum
from betenet.structures import prepare_structures
from betenet.superconductivity.moments import coupling_constant

State = dict[str, Tensor]
WIDTHS = {"CSO": 0, "CPD": 51}
MEMBERS = 2
EXACT = 1e-6


@pytest.fixture(scope="module", params=list(WIDTHS))
def kind(request: pytest.FixtureRequest) -> str:
    return request.param


@pytest.fixture(scope="module")
def networks(paper: Any) -> dict[str, Any]:
    torch.manual_seed(7)
    return {kind: paper.published_network(site_inputs=width) for kind, width in WIDTHS.items()}


@pytest.fixture(scope="module")
def states(networks: dict[str, Any]) -> dict[str, list[State]]:
    """The weights of each member, with the constants that e3nn stores beside them."""
    return {
        kind: [
            {
                name: torch.randn_like(value) * value.std() if name in weights else value.clone()
                for name, value in network.state_dict().items()
            }
            for _ in range(MEMBERS)
        ]
        for kind, network in networks.items()
        for weights in [dict(network.named_parameters())]
    }


@pytest.fixture(scope="module")
def folders(
    states: dict[str, list[State]], tmp_path_factory: pytest.TempPathFactory
) -> dict[str, Path]:
    """As published: a folder for each model, one state dict for each member."""
    root = tmp_path_factory.mktemp("published")
    for kind, members in states.items():
        (root / kind).mkdir()
        for number, member in zip((9, 10), members, strict=True):  # 10 sorts before 9 as text
            torch.save(OrderedDict(member), root / kind / f"model_{kind.lower()}_{number}.pt")
    return {kind: root / kind for kind in states}


@pytest.fixture(scope="module")
def imported(folders: dict[str, Path], tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    root = tmp_path_factory.mktemp("imported")
    for kind, folder in folders.items():
        import_published(folder, root / kind)
    return {kind: root / kind for kind in folders}


@pytest.fixture(scope="module")
def spectra(
    paper: Any, networks: dict[str, Any], states: dict[str, list[State]]
) -> dict[str, Tensor]:
    """α²F of each member and cell from e3nn (member, cell, frequency)."""
    return {
        kind: published_spectra(paper, network, states[kind], kind)
        for kind, network in networks.items()
    }


def cells() -> list[Atoms]:
    """A metal, a compound without any symmetry, and one without a neighbour within 4 Å."""
    distorted = bulk("ZnO", "wurtzite", a=3.25, c=5.21)
    distorted.rattle(0.1, seed=0)
    return [bulk("Nb", "bcc", a=3.3), distorted, bulk("Cs", "bcc", a=6.05)]


def site_dos(kind: str) -> list[np.ndarray] | None:
    random = np.random.default_rng(2)
    return [random.random((len(a), WIDTHS[kind])) for a in cells()] if WIDTHS[kind] else None


def geometry(config: NetworkConfig, kind: str, dtype: torch.dtype) -> Geometry:
    graphs = [build_graph(atoms, config.cutoff) for atoms in cells()]
    return collate([joint_geometry(graphs, config, None, site_dos(kind))], config, dtype)


def published_spectra(paper: Any, network: Any, members: list[State], kind: str) -> Tensor:
    dos = site_dos(kind)
    batch = paper.paper_batch(cells(), site_dos=None if dos is None else np.concatenate(dos))
    found: list[Tensor] = []
    with torch.no_grad():
        for member in members:
            network.load_state_dict(member)
            found.append(network(batch))
    return torch.stack(found)


def largest_difference(found: Tensor, expected: Tensor) -> float:
    """For each spectrum relative to its largest number."""
    scale = expected.abs().amax(-1, keepdim=True)
    assert bool((scale > 0).all())
    return float(((found.double() - expected) / scale).abs().max())


# ------------------------------------------------------------------------------- the same spectra


@pytest.mark.parametrize(
    ("dtype", "tolerance"), [(torch.float64, EXACT), (torch.float32, 2e-5)], ids=["64", "32"]
)
def test_imported_members_give_the_published_spectra(
    spectra: dict[str, Tensor],
    imported: dict[str, Path],
    kind: str,
    dtype: torch.dtype,
    tolerance: float,
) -> None:
    config = NetworkConfig.from_dict(read_card(imported[kind])["network"])
    assert config.site_inputs == WIDTHS[kind]
    read = read_parameters(imported[kind], config, MEMBERS)
    parameters = {name: value.to(dtype) for name, value in read.items()}
    found = forward(config, parameters, geometry(config, kind, dtype)).a2f
    assert largest_difference(found, spectra[kind]) < tolerance
    # The other way round they are far apart, so that the order of the members is tested too.
    assert largest_difference(found.flip(0), spectra[kind]) > 1e-2


# ------------------------------------------------------------------------------- the checkpoint


def test_card_says_what_it_is_and_what_it_lacks(imported: dict[str, Path], kind: str) -> None:
    card = read_card(imported[kind])
    assert card["name"] == kind
    assert card["members"] == MEMBERS
    assert card["licence"] == "Apache-2.0"
    assert card["citation"] == CITATION
    prefix = f"model_{kind.lower()}"
    assert card["imported"]["files"] == [f"{prefix}_9.pt", f"{prefix}_10.pt"]
    assert "l ≤ 1" in card["imported"]["clebsch_gordan"]
    assert "calibration" not in card
    caveats = " ".join(card["caveats"])
    assert "not calibrated" in caveats
    assert "unseen elements" in caveats
    assert ("phonon density of states" in card["description"]) == (kind == "CPD")


def test_digest_depends_on_content_and_order_alone(
    folders: dict[str, Path], imported: dict[str, Path], tmp_path: Path
) -> None:
    first, second = (path.read_bytes() for path in checkpoint_files(folders["CSO"]))
    digests = []
    for label, contents in (("same", (first, second)), ("swapped", (second, first))):
        (tmp_path / label).mkdir()
        for number, content in enumerate(contents):
            (tmp_path / label / f"{number}.pt").write_bytes(content)
        card = import_published(tmp_path / label, tmp_path / f"{label}-out")
        digests.append(card["imported"]["digest"])
    known = read_card(imported["CSO"])["imported"]["digest"]
    assert digests[0] == known != digests[1]


def test_predicts_with_the_members_own_spread(
    spectra: dict[str, Tensor], imported: dict[str, Path]
) -> None:
    ensemble = Ensemble.load(imported["CSO"]).to(precision="float64")
    structures = cells()[:2]
    predictions = ensemble.predict(structures)
    expected = spectra["CSO"].numpy()
    for index, prediction in enumerate(predictions):
        assert prediction.error is None
        assert isinstance(prediction.spectrum, Spectrum)
        a2f = prediction.spectrum.a2f
        scale = expected[:, index].max()
        assert np.abs(a2f - expected[:, index]).max() < EXACT * scale
        coupling = np.log(coupling_constant(ensemble.frequencies, a2f, "published"))
        low, high = prediction.estimates["coupling"].interval_68
        half_width = 0.5 * (math.log(high) - math.log(low))
        assert half_width == pytest.approx(0.9945 * np.std(coupling, ddof=1), rel=1e-3)
        assert any("not calibrated" in warning for warning in prediction.warnings)
        # What training has seen is unknown, so nothing may claim that it has not seen this.
        assert not any(
            word in warning
            for warning in prediction.warnings
            for word in ("not seen", "far from training", "than usual")
        )


def test_atoms_without_neighbours_are_still_flagged(imported: dict[str, Path]) -> None:
    (prediction,) = Ensemble.load(imported["CSO"]).predict([bulk("Cs", "bcc", a=6.05)])
    assert any("no neighbour within 4 Å" in warning for warning in prediction.warnings)


def test_structures_of_the_training_make_warnings(folders: dict[str, Path], tmp_path: Path) -> None:
    seen = [bulk("Nb", "bcc", a=3.3), bulk("NbN", "rocksalt", a=4.4), bulk("V", "bcc", a=3.0)]
    card = import_published(folders["CSO"], tmp_path / "x", structures=seen)
    assert len(card["caveats"]) == 1
    ensemble = Ensemble.load(tmp_path / "x")
    graph = build_graph(bulk("Pb", "fcc", a=4.95), 4.0)
    found = ensemble.applicability.findings(graph)
    assert any("Pb was not seen" in one.text for one in found)


def test_no_usable_structure_is_an_error(folders: dict[str, Path], tmp_path: Path) -> None:
    colliding = Atoms("Nb2", positions=np.zeros((2, 3)), cell=[3, 3, 3], pbc=True)
    assert next(iter(prepare_structures([colliding]))).atoms is None
    with pytest.raises(ModelError, match="None of the training structures"):
        import_published(folders["CSO"], tmp_path / "x", structures=[colliding])


def test_phonon_networks_take_phonons_and_ones_without(imported: dict[str, Path]) -> None:
    ensemble = Ensemble.load(imported["CPD"])
    assert ensemble.takes_phonons
    assert ensemble.card["phonon_dos"] == {"grid": "coarse"}
    dos = PhononDos(np.arange(0.0, 40.0, 0.5), np.full(80, 0.075), np.full((1, 80), 0.075))
    known = SitePhonons(dos=dos, origin="mine")
    (without,) = ensemble.predict([bulk("Nb", "bcc", a=3.3)])
    (found,) = ensemble.predict([bulk("Nb", "bcc", a=3.3)], phonons=lambda _: known)
    assert (without.phonons, found.phonons) == ("none", "mine")
    assert any("ones stand" in text and "not learnt" in text for text in without.warnings)
    assert not any("ones stand" in text for text in found.warnings)
    assert without.spectrum is not None
    assert found.spectrum is not None
    assert not np.allclose(without.spectrum.a2f, found.spectrum.a2f, rtol=1e-3)


@pytest.mark.parametrize(
    ("name", "grid"), [("FPD", "fine"), ("my_cpd", "coarse"), ("weights", ""), ("CPD-FPD", "")]
)
def test_the_folder_tells_which_phonons(
    folders: dict[str, Path], tmp_path: Path, name: str, grid: str
) -> None:
    copied = tmp_path / "copy" / name
    copied.mkdir(parents=True)
    for path in folders["CPD"].glob("*.pt"):
        (copied / path.name).symlink_to(path)
    card = import_published(copied, tmp_path / "model")
    assert card["phonon_dos"] == {"grid": grid}
    assert "phonon_dos" not in import_published(folders["CSO"], tmp_path / "cso")


# ------------------------------------------------------------------------------- what is refused


class Harmful:
    """Runs code when it is unpickled."""

    def __reduce__(self) -> tuple[Any, ...]:
        return os.mkdir, ("harmed",)


@pytest.mark.parametrize(
    ("content", "wanted"),
    [
        ({"em.weight": Harmful()}, "mkdir"),
        (OrderedDict(half=Fraction(1, 2)), "Fraction"),
        (torch.nn.Linear(2, 3), "Linear"),  # torch.save(model)
    ],
    ids=["harmful", "other class", "whole model"],
)
@pytest.mark.parametrize("zipped", [True, False])
def test_code_is_refused_and_not_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: object, wanted: str, zipped: bool
) -> None:
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "model.pt"
    torch.save(content, path, _use_new_zipfile_serialization=zipped)
    with pytest.raises(ModelError, match="is refused: reading it would run code") as caught:
        read_state(path)
    assert wanted in caught.value.summary
    assert "pickle" in caught.value.reason
    assert not (tmp_path / "harmed").exists()


@pytest.mark.parametrize("content", [b"", b"hello world", b"PK\x03\x04 but no more", b"\x80\x02("])
def test_broken_files_are_named(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "model.pt"
    path.write_bytes(content)
    with pytest.raises(ModelError, match=r"model\.pt cannot be read") as caught:
        read_state(path)
    assert len(caught.value.reason) > 2


def test_truncated_file(folders: dict[str, Path], tmp_path: Path) -> None:
    path = tmp_path / "model.pt"
    path.write_bytes((folders["CSO"] / "model_cso_9.pt").read_bytes()[:-5000])
    with pytest.raises(ModelError, match=r"model\.pt cannot be read"):
        read_state(path)


def test_pointer_of_git_lfs(tmp_path: Path) -> None:
    path = tmp_path / "model.pt"
    path.write_text("version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n")
    with pytest.raises(ModelError, match="only a pointer") as caught:
        read_state(path)
    assert "git lfs pull" in caught.value.fix


@pytest.mark.parametrize("content", [[torch.zeros(2)], {"state": {"em.bias": torch.zeros(2)}}])
def test_something_else_than_a_state_dict(tmp_path: Path, content: object) -> None:
    torch.save(content, tmp_path / "model.pt")
    with pytest.raises(ModelError, match="is not a state dict"):
        read_state(tmp_path / "model.pt")


def test_folder_without_weights(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="No published weights") as caught:
        import_published(tmp_path, tmp_path / "x")
    assert "no file *.pt" in caught.value.reason
    with pytest.raises(ModelError) as caught:
        import_published(tmp_path / "absent", tmp_path / "x")
    assert "not a folder" in caught.value.reason


def test_members_of_different_models(folders: dict[str, Path], tmp_path: Path) -> None:
    mixed = tmp_path / "mixed"
    mixed.mkdir()
    for kind, number in (("CSO", 9), ("CPD", 10)):
        name = f"model_{kind.lower()}_{number}.pt"
        (mixed / f"{number}.pt").symlink_to(folders[kind] / name)
    with pytest.raises(ModelError, match=r"10\.pt and 9\.pt are members of different") as caught:
        import_published(mixed, tmp_path / "x")
    assert "169 and 118" in caught.value.reason
    assert not (tmp_path / "x").exists()


def test_stages_of_one_training_are_no_members(tmp_path: Path) -> None:
    for name in ("a.pt1.pt", "a.pt2.pt", "b.pt1.pt"):
        (tmp_path / name).touch()
    with pytest.raises(ModelError, match="several stages of one training: a"):
        checkpoint_files(tmp_path)
    (tmp_path / "a.pt2.pt").unlink()
    assert [path.name for path in checkpoint_files(tmp_path)] == ["a.pt1.pt", "b.pt1.pt"]


def test_hidden_files_are_left_out(tmp_path: Path) -> None:
    for name in ("._a_1.pt", "a_1.pt", "a_0.torch"):
        (tmp_path / name).touch()
    assert [path.name for path in checkpoint_files(tmp_path)] == ["a_1.pt"]


def test_replaces_an_ensemble_and_nothing_else(folders: dict[str, Path], tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="is in the way"):
        import_published(folders["CSO"], folders["CSO"])
    assert len(checkpoint_files(folders["CSO"])) == MEMBERS
    model = tmp_path / "model"
    for name in ("first", "second"):
        import_published(folders["CSO"], model, name=name)
    assert read_card(model)["name"] == "second"
    assert (model / CARD).exists()
    assert read_tensors(model / "parameters.safetensors")["embedding.bias"].dtype is torch.float32
