"""A whole evaluation, of references that are made from the model's own predictions."""

import json
import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest
from ase import Atoms
from ase.build import bulk
from sklearn.preprocessing import minmax_scale

from betenet.datasets.folds import reduced_formula
from betenet.datasets.jsonl_rows import Dataset, Entry, Refusal, write_jsonl
from betenet.datasets.open import open_dataset
from betenet.datasets.rows import TARGETS, Row
from betenet.ensemble.ensemble import Ensemble
from betenet.errors import ConfigError, DataError
from betenet.evaluation.compare import compare, reference_values
from betenet.evaluation.evaluate import Evaluation, Settings, evaluate
from betenet.evaluation.report import HTML, JSON, render, write_report
from betenet.superconductivity.critical_temperature import allen_dynes, allen_dynes_simple
from betenet.superconductivity.eliashberg import eliashberg_tc
from betenet.units import MEV_TO_KELVIN

MODEL = Path(__file__).resolve().parents[2] / "checkpoints" / "format-2"
METALS = ("Nb", "Ta", "V", "Mo", "W", "Ti", "Al", "Cu")
SETTINGS = Settings(n_resamples=30)


@pytest.fixture(scope="module")
def model() -> Ensemble:
    return Ensemble.load(MODEL)


@pytest.fixture(scope="module")
def dataset(model: Ensemble) -> Dataset:
    """Prediction × (1.1, 0.9, 1.1 …) as the reference; the first four with their spectra."""
    entries: list[Entry] = []
    for place, symbol in enumerate(METALS):
        atoms = bulk(symbol, "bcc", a=3.2)
        (prediction,) = model.predict(atoms)
        factor = 0.9 if place % 2 else 1.1
        targets = np.array([prediction.estimates[key].value for key in TARGETS])
        targets[0] *= factor
        assert prediction.spectrum is not None
        spectrum = (model.frequencies, factor * prediction.spectrum.a2f.mean(0))
        row = Row(
            id=f"row-{symbol}",
            source="bete_net",
            atoms=atoms,
            formula=reduced_formula([symbol]),
            targets=targets,
            spectrum=spectrum if place < 4 else None,
        )
        entries.append(Entry(row=row, split="test" if place < 3 else "train"))
    return Dataset(name="metals", entries=tuple(entries))


@pytest.fixture(scope="module")
def found(model: Ensemble, dataset: Dataset) -> Evaluation:
    return evaluate(model, dataset, SETTINGS)


def test_shows_itself_in_a_notebook_and_as_rows(found: Evaluation) -> None:
    assert f"{found.table[0].model} (" in found._repr_html_()
    rows = found.to_rows()
    assert [row["id"] for row in rows] == list(found.comparison.ids)
    assert rows[0]["coupling_reference"] == found.comparison.reference["coupling"][0]


def test_errors_are_those_that_were_made(found: Evaluation, dataset: Dataset) -> None:
    truth = np.array([entry.row.targets[0] for entry in dataset.entries])
    factors = np.where(np.arange(8) % 2, 0.9, 1.1)
    scores = found.table[0].quantities
    expected = np.abs(truth / factors - truth).mean()
    assert scores["coupling"].scores["mae"].value == pytest.approx(expected, rel=1e-5)
    assert scores["omega_log"].scores["mae"].value == pytest.approx(0.0, abs=1e-3)  # float32
    assert scores["omega_2"].scores["r2"].value == pytest.approx(1.0)
    assert found.comparison.reference["omega_log"][0] == pytest.approx(
        dataset.entries[0].row.targets[1] * MEV_TO_KELVIN
    )
    for pair, factor in zip(found.comparison.spectra, factors, strict=False):
        assert pair.error == pytest.approx(abs(1.0 / factor - 1.0))
        assert pair.shape.wasserstein == pytest.approx(0.0, abs=1e-5)
        assert pair.shape.r2_at_true_area == pytest.approx(1.0)


def test_shape_is_told_of_the_rows_that_bring_a_spectrum(
    model: Ensemble, dataset: Dataset, found: Evaluation
) -> None:
    entries = list(dataset.entries)
    for place in (0, 1):  # every frequency 20 % higher
        row = entries[place].row
        assert row.spectrum is not None
        moved = (row.spectrum[0] * 1.2, row.spectrum[1])
        entries[place] = replace(entries[place], row=replace(row, spectrum=moved))
    result = evaluate(model, replace(dataset, entries=tuple(entries)), SETTINGS)
    shape = result.comparison.shapes["all materials"]
    assert shape.rows == 4
    off = 1.0 - 1.0 / 1.2
    assert shape.mean["wasserstein"] == pytest.approx(off / 2.0, rel=0.02)
    assert shape.median["wasserstein"] == pytest.approx(off / 2.0, rel=0.02)
    plain = result.to_dict()
    assert plain["spectrum_shape"]["scopes"]["all materials"] == shape.to_dict()
    assert plain["spectra"][0]["wasserstein"] == pytest.approx(off, rel=0.02)
    text = result.as_text()
    assert "Shape of α²F (all materials): median (mean)\n  n = 4 " in text
    assert found.comparison.shapes["all materials"].median["peak_overlap"] == 1.0


def test_shape_of_formulas_that_were_not_seen_stands_apart(found: Evaluation) -> None:
    seen = np.arange(8) % 2 == 0
    shapes = replace(found.comparison, seen=seen).shapes
    assert {scope: one.rows for scope, one in shapes.items()} == {
        "all materials": 4,
        "formulas not in its training": 2,
    }
    assert not replace(found.comparison, spectra=()).shapes
    assert "Shape" not in replace(found, comparison=replace(found.comparison, spectra=())).as_text()


def test_our_own_records_are_judged_by_shape(model: Ensemble) -> None:
    folder = Path(__file__).resolve().parents[3] / "benchmarks" / "first_principles"
    result = evaluate(model, str(folder), Settings(n_resamples=0))
    assert result.comparison.shapes["all materials"].rows == len(result.comparison.ids) == 11
    assert {pair.row for pair in result.comparison.spectra} == set(range(11))


def test_tc_of_both_sides_is_of_one_formula(model: Ensemble, dataset: Dataset) -> None:
    plain = compare(model, dataset, mu_star=0.13, tc_method="allen_dynes_simple")
    targets = np.stack([entry.row.targets for entry in dataset.entries])
    expected = allen_dynes_simple(targets[:, 0], targets[:, 1], 0.13)
    np.testing.assert_allclose(plain.reference["tc"], expected)
    predicted = allen_dynes_simple(
        plain.predicted["coupling"], plain.predicted["omega_log"] / MEV_TO_KELVIN, 0.13
    )
    np.testing.assert_allclose(plain.predicted["tc"], predicted, rtol=1e-6)


def test_reference_tc_that_cannot_be_computed_is_unknown(dataset: Dataset) -> None:
    rows = [entry.row for entry in dataset.entries]
    gaps = rows[1].targets.copy()
    gaps[TARGETS.index("omega_2")] = np.nan
    rows = [rows[0], replace(rows[1], targets=gaps), rows[7]]
    formula = reference_values(rows, mu_star=0.1, tc_method="xie_2022")["tc"]
    np.testing.assert_array_equal(np.isfinite(formula), [True, False, True])
    formula = reference_values(rows, mu_star=0.1, tc_method="allen_dynes")["tc"]
    assert formula[1] == pytest.approx(float(allen_dynes_simple(gaps[0], gaps[1], 0.1)))
    targets = rows[0].targets
    assert formula[0] == pytest.approx(float(allen_dynes(targets[0], targets[1], targets[3], 0.1)))
    solved = reference_values(rows, mu_star=0.1, tc_method="eliashberg")["tc"]
    np.testing.assert_array_equal(np.isfinite(solved), [True, True, False])  # without a spectrum
    assert rows[0].spectrum is not None
    assert solved[0] == pytest.approx(float(eliashberg_tc(*rows[0].spectrum, 0.1).tc))


@pytest.fixture(scope="module")
def mixed(dataset: Dataset) -> Dataset:
    """The metals, of which the last three do not know ω_2."""
    entries = list(dataset.entries)
    for place in (5, 6, 7):
        targets = np.where(np.array(TARGETS) == "omega_2", np.nan, entries[place].row.targets)
        entries[place] = replace(
            entries[place], row=replace(entries[place].row, targets=targets, spectrum=None)
        )
    return replace(dataset, entries=tuple(entries))


def test_rows_without_omega_2_are_compared_by_one_formula_and_apart(
    model: Ensemble, mixed: Dataset, found: Evaluation
) -> None:
    result = evaluate(model, mixed, SETTINGS)
    both = result.comparison
    assert both.tc_methods == ("allen_dynes",) * 5 + ("allen_dynes_simple",) * 3
    targets = np.stack([entry.row.targets for entry in mixed.entries])
    reference = allen_dynes_simple(targets[5:, 0], targets[5:, 1], 0.1)
    predicted = allen_dynes_simple(
        both.predicted["coupling"][5:], both.predicted["omega_log"][5:] / MEV_TO_KELVIN, 0.1
    )
    np.testing.assert_allclose(both.reference["tc"][5:], reference)
    np.testing.assert_allclose(both.predicted["tc"][5:], predicted, rtol=1e-6)
    whole, apart, mean = result.table
    assert apart.scope == "ω_2 not known: Tc by allen_dynes_simple on both sides"
    counts = [row.quantities["tc"].rows for row in result.table]
    assert (mean.model, counts) == ("mean of this dataset", [5, 3, 5])
    full = found.comparison
    errors = np.abs(full.predicted["tc"] - full.reference["tc"])[:5]
    assert whole.quantities["tc"].scores["mae"].value == pytest.approx(errors.mean())
    apart_error = np.abs(reference - predicted).mean()
    assert apart.quantities["tc"].scores["mae"].value == pytest.approx(apart_error, rel=1e-5)
    assert "Tc of 3 of 8 materials, whose ω_2 is unknown" in " ".join(result.warnings)
    assert [one["tc_method"] for one in result.to_dict()["materials"]] == list(both.tc_methods)


def test_a_dataset_without_any_omega_2_says_that_its_scale_is_another(
    model: Ensemble, mixed: Dataset
) -> None:
    alone = replace(mixed, entries=mixed.entries[5:])
    result = evaluate(model, alone, SETTINGS)
    assert [row.quantities["tc"].rows for row in result.table] == [3, 3]
    assert "Tc by allen_dynes_simple, μ* = 0.1" in result.as_text()
    assert "not to be compared with those of the full formula" in " ".join(result.warnings)
    # nor is the mean of a training set by the other formula
    mean = evaluate(model, alone, SETTINGS, baseline=mixed).table[-1]
    targets = np.stack([entry.row.targets for entry in mixed.entries])
    tc = allen_dynes_simple(targets[:, 0], targets[:, 1], 0.1)
    expected = np.mean(tc[[entry.split == "train" for entry in mixed.entries]])
    reference = tc[5:]
    error = np.abs(expected - reference).mean()
    assert mean.quantities["tc"].scores["mae"].value == pytest.approx(error)


def test_rule_of_the_paper_leaves_rows_out_for_tc_alone(model: Ensemble, dataset: Dataset) -> None:
    entries = list(dataset.entries)
    for place, factor in ((0, 1e-3), (1, 1e3)):  # λ below 0.1; Tc above 100 K by stiffness
        targets = entries[place].row.targets.copy()
        column = slice(0, 1) if place == 0 else slice(1, None)
        targets[column] *= factor
        row = replace(entries[place].row, targets=targets, spectrum=None)
        entries[place] = replace(entries[place], row=row)
    strange = replace(dataset, entries=tuple(entries))
    result = evaluate(model, strange, replace(SETTINGS, rows="paper"))
    assert list(result.counted.dropped.values()) == [1, 0, 1]
    measured = result.table[0].quantities
    assert (measured["tc"].rows, measured["coupling"].rows) == (6, 8)
    kept = result.comparison
    errors = np.abs(kept.predicted["tc"] - kept.reference["tc"])[2:]
    assert measured["tc"].scores["mae"].value == pytest.approx(errors.mean())
    assert "6 count, 2 dropped (1 without first-principles λ > 0.1" in result.as_text()
    plain = result.to_dict()
    assert (plain["settings"]["rows"], plain["tc_rows"]["counted"]) == ("paper", 6)
    assert [one["counts_for_tc"] for one in plain["materials"]] == [False] * 2 + [True] * 6
    with pytest.raises(ConfigError, match=r"no rule of rows 'fig5'[\s\S]*all, paper"):
        evaluate(model, strange, replace(SETTINGS, rows="fig5"))


def test_mean_model_explains_nothing_of_its_own_set(found: Evaluation) -> None:
    mean = found.table[-1]
    assert mean.model == "mean of this dataset"
    for key in ("coupling", "omega_log", "omega_2", "tc"):
        assert mean.quantities[key].scores["r2"].value == pytest.approx(0.0, abs=1e-12)


def test_mean_model_of_a_training_set(model: Ensemble, dataset: Dataset) -> None:
    part = replace(dataset, name="others", entries=dataset.entries[4:])
    row = evaluate(model, dataset, SETTINGS, baseline=part).table[-1]
    assert row.model == "mean of others"
    truth = np.array([entry.row.targets[0] for entry in dataset.entries])
    expected = np.abs(truth - truth[4:].mean()).mean()
    assert row.quantities["coupling"].scores["mae"].value == pytest.approx(expected)


def test_the_mean_model_does_not_learn_from_rows_of_tests(
    model: Ensemble, dataset: Dataset
) -> None:
    row = evaluate(model, dataset, SETTINGS, baseline=dataset).table[-1]
    assert row.model == "mean of metals, split train"
    truth = np.array([entry.row.targets[0] for entry in dataset.entries])
    expected = np.abs(truth - truth[3:].mean()).mean()
    assert row.quantities["coupling"].scores["mae"].value == pytest.approx(expected)


def test_delta_is_that_of_the_errors(found: Evaluation) -> None:
    columns = [np.abs(values) for values in found.comparison.errors().values()]
    expected = np.mean([minmax_scale(column) for column in columns], axis=0)
    np.testing.assert_allclose(found.delta, expected)
    for metal, delta in zip(METALS, expected, strict=True):
        assert found.element_delta[metal] == (1, pytest.approx(delta))


def test_a_bad_structure_is_refused_and_the_rest_judged(model: Ensemble, dataset: Dataset) -> None:
    good = dataset.entries[0]
    collision = Atoms("Nb2", cell=[3, 3, 3], pbc=True)
    bad = replace(good, row=replace(good.row, id="bad", atoms=collision))
    mixed = replace(dataset, entries=(bad, *dataset.entries), refused=(Refusal("line 9", "why"),))
    result = evaluate(model, mixed, SETTINGS)
    assert [name for name, _ in result.refused] == ["line 9", "bad"]
    assert result.refused[1][1].startswith("Atoms collide")
    assert result.comparison.ids[0] == "row-Nb"
    assert "2 materials were refused" in " ".join(result.warnings)
    with pytest.raises(DataError, match="None of the 1 materials of metals could be predicted"):
        evaluate(model, replace(dataset, entries=(bad,)), SETTINGS)


def test_findings_name_what_is_not_known(model: Ensemble, dataset: Dataset) -> None:
    assert any(
        "cannot be known" in text for text in evaluate(model, dataset, SETTINGS).warnings
    )  # five metals are too few to recognise a formula by
    gaps = dataset.entries[0].row.targets.copy()
    gaps[3] = np.nan
    row = replace(dataset.entries[0].row, targets=gaps, source="elsewhere")
    own = float(allen_dynes_simple(gaps[0], gaps[1], 0.1))
    entry = replace(dataset.entries[0], row=row, tc=2.0 * own + 1.0, mu_star=0.1)
    texts = evaluate(
        model, replace(dataset, entries=(entry, *dataset.entries[1:])), SETTINGS
    ).warnings
    joined = " ".join(texts)
    assert "1 of elsewhere" in joined
    assert "not learnt" not in joined
    unlearnt = replace(model, card=model.card | {"caveats": ["ω_2: not learnt"]})
    assert "ω_2: not learnt" in evaluate(unlearnt, dataset, SETTINGS).warnings
    assert "ω_2 is unknown of 1 of 8 materials" in joined
    assert "states for 1 materials differs" in joined


def test_formulas_that_were_not_seen_get_a_line_of_their_own(
    model: Ensemble, dataset: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = np.arange(8) < 3
    monkeypatch.setattr("betenet.evaluation.compare.seen_formulas", lambda *_: seen)
    result = evaluate(model, dataset, SETTINGS)
    assert [row.scope for row in result.table] == [
        *("all materials", "formulas not in its training", "all materials"),
    ]
    assert result.table[1].quantities["coupling"].rows == 5
    assert result.warnings[0].startswith("3 of 8 materials have a formula that was in")
    assert result.to_dict()["rows_seen_in_training"] == 3


def test_training_data_are_recognised_by_their_digest(model: Ensemble, dataset: Dataset) -> None:
    from betenet.datasets.rows import data_digest

    digest = data_digest(entry.row for entry in dataset.entries)
    trained = replace(model, card=model.card | {"data_digest": digest})
    assert evaluate(trained, dataset, SETTINGS).warnings[0].startswith("This is the data")


class Page(HTMLParser):
    """Tags with their attributes, and whether they are closed in order."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in {"meta", "link", "img", "br"}:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


@pytest.fixture(scope="module")
def hostile_page(model: Ensemble, dataset: Dataset) -> str:
    """The page of a dataset whose names are markup."""
    first = dataset.entries[0]
    hostile = replace(first, row=replace(first.row, id="<b>&"))
    named = replace(
        dataset,
        name="<i>",
        entries=(hostile, *dataset.entries[1:]),
        refused=(Refusal("<u>", "<s>"),),
        warnings=("<em>",),
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("betenet.pages.html._RESOLUTION", 25)
        return render(evaluate(model, named, SETTINGS))


def test_page_is_whole_and_needs_nothing_else(hostile_page: str) -> None:
    text = hostile_page
    page = Page(text)
    assert not page.open
    assert dict(page.tags)["html"] == {"lang": "en"}
    assert ("meta", {"name": "viewport", "content": "width=device-width, initial-scale=1"}) in (
        page.tags
    )
    tags = [tag for tag, _ in page.tags]
    assert "script" not in tags
    links = [a.get("src") or a.get("href") for t, a in page.tags if t in {"img", "link", "a"}]
    assert links
    assert all(link is not None and link.startswith("data:") for link in links)
    alternatives = [a["alt"] for t, a in page.tags if t == "img"]
    assert all(one is not None and len(one) > 30 for one in alternatives)
    assert "Shape of α²F: 4 spectra" in text
    # parity 4, ranking 1, calibration 2, elements 1, spectra 2 + 2
    assert len(alternatives) == 12
    assert len(set(alternatives)) == len(alternatives)
    assert not re.search(r"\b(nan|inf|None)\b", re.sub(r"data:[^\"]*", "", text))


def test_names_from_the_dataset_are_no_markup(hostile_page: str) -> None:
    assert not {tag for tag, _ in Page(hostile_page).tags} & {"b", "i", "u", "s", "em"}
    for name in ("&lt;b&gt;&amp;", "&lt;i&gt;", "&lt;u&gt;", "&lt;s&gt;", "&lt;em&gt;"):
        assert name in hostile_page


def test_report_is_written_as_a_page_and_as_json(
    found: Evaluation, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("betenet.evaluation.report.picture", lambda *_, **__: "")
    files = write_report(found, tmp_path / "report")
    assert [file.name for file in files] == [HTML, JSON]
    plain = json.loads(files[1].read_text())
    assert plain == found.to_dict()
    assert plain["rows"] == len(plain["materials"]) == 8
    material = plain["materials"][0]
    assert material["id"] == "row-Nb"
    assert material["coupling"]["predicted"] == found.comparison.predicted["coupling"][0]
    low, high = material["tc_kelvin"]["interval_68"]
    assert low <= material["tc_kelvin"]["predicted"] <= high


def test_page_of_one_material_and_one_network(
    model: Ensemble, dataset: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without spread, R², spectra, positives: what cannot be said is left out."""
    monkeypatch.setattr("betenet.pages.html._RESOLUTION", 25)
    alone = replace(model, parameters={k: v[:1] for k, v in model.parameters.items()})
    tiny = replace(dataset, entries=dataset.entries[7:])
    result = evaluate(alone, tiny, Settings(n_resamples=0))
    assert not result.reliability.coverage
    page = render(result)
    assert "no spread" in page
    assert "Shape of α²F" not in page
    with_spectrum = replace(dataset, entries=dataset.entries[:1])
    page = render(evaluate(alone, with_spectrum, Settings(n_resamples=0)))
    assert "Shape of α²F: 1 spectrum" in page
    assert "The only one" in page
    json.dumps(result.to_dict(), allow_nan=False)


def test_datasets_by_name_and_by_split(
    tiny_data: Path, dataset: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BETENET_DATA", str(tiny_data))
    assert len(open_dataset("jarvis").entries) == 4
    path = str(tmp_path / "metals.jsonl")
    write_jsonl(path, dataset.entries)
    chosen = open_dataset(path, split="test")
    assert [entry.row.id for entry in chosen.entries] == ["row-Nb", "row-Ta", "row-V"]
    assert chosen.name.endswith("metals.jsonl, split test")
    sides = [open_dataset("bete_net", split=f"balanced-{side}") for side in ("train", "test")]
    formulas = [{entry.row.formula for entry in side.entries} for side in sides]
    assert not formulas[0] & formulas[1]
    assert sum(len(side.entries) for side in sides) == 24
    folds = [open_dataset("bete_net", split=f"fold-{n}") for n in range(5)]
    assert sum(len(fold.entries) for fold in folds) == 24


def test_a_dataset_or_split_that_does_not_exist_is_named(dataset: Dataset, tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"(?s)no dataset 'supercon'.*bete_net, alexandria"):
        open_dataset("supercon")
    path = tmp_path / "metals.jsonl"
    write_jsonl(path, dataset.entries[:1])
    with pytest.raises(DataError, match=r"(?s)no split 'dev'.*Its rows name test;.*fold-0"):
        open_dataset(str(path), split="dev")
    path.write_text('{"id": "x"}\n')
    with pytest.raises(DataError, match=r"(?s)no row that can be used.*1 rows were refused. x: it"):
        open_dataset(str(path))
    path.write_text("")
    with pytest.raises(DataError, match="0 rows were refused"):
        open_dataset(str(path))
