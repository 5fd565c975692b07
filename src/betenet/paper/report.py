"""The paper's table and figures in one call: a web page, pictures, and every number."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from betenet import __version__
from betenet.datasets.jsonl_rows import Dataset
from betenet.datasets.open import open_dataset
from betenet.ensemble.ensemble import Ensemble
from betenet.errors import ConfigError, DataError
from betenet.pages.html import folded, page, paragraph, picture, section, table, warning_box
from betenet.paper.data import PaperData, read_paper_data
from betenet.paper.dataset_figure import dataset_figure
from betenet.paper.learning import follow_learning
from betenet.paper.learning_figure import learning_figure
from betenet.paper.report_files import remove_older
from betenet.paper.report_part import Part
from betenet.paper.screening_figure import check_thresholds, screening_figure
from betenet.paper.smearing_part import smearing_part
from betenet.paper.supplement import element_shares_part, smoothing_part
from betenet.paper.table_one import table_one
from betenet.paper.two_datasets import two_datasets_part
from betenet.paper.variant import BASE, MEAN, Variant, base_model, mean_model, network_variant
from betenet.paper.variants_figure import variants_figure
from betenet.plotting.canvas import save_figure
from betenet.runs.replace_file import replace_file
from betenet.superconductivity.critical_temperature import DEFAULT_METHOD, DEFAULT_MU_STAR

HTML, JSON = "paper.html", "paper.json"
SUFFIXES = (".png", ".pdf")
"""Formats of the pictures."""

Models = Mapping[str, Ensemble | str | Path]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PaperReport:
    """The paper's table and figures of a database and some models.

    Attributes
    ----------
    database
        The folder.
    materials, refused
        Rows that are used, and id and reason of the others.
    settings
        What the numbers depend on.
    parts
        Table I, Figures 2 to 5 and the supplement.
    """

    database: str
    materials: int
    refused: tuple[tuple[str, str], ...]
    settings: Mapping[str, Any]
    parts: tuple[Part, ...]

    def __repr__(self) -> str:
        figures = sum(len(part.figures) for part in self.parts)
        return f"<PaperReport of {self.database}: {self.materials} materials, {figures} figures>"

    @property
    def left_out(self) -> tuple[str, ...]:
        """What is not shown or doubtful, and why."""
        return tuple(f"{part.title}: {note}" for part in self.parts for note in part.left_out)

    def to_dict(self) -> dict[str, Any]:
        """Every number, by part and table, for JSON; what is not known is None."""
        return {
            "betenet_version": __version__,
            "database": self.database,
            "materials": self.materials,
            "refused": [{"id": name, "reason": reason} for name, reason in self.refused],
            "settings": dict(self.settings),
            "left_out": list(self.left_out),
            "tables": {one.name: one.plain() for part in self.parts for one in part.numbers},
        }

    def as_text(self) -> str:
        """Title of each part, its text, and what was left out, for people."""
        lines = [f"{self.database}: {self.materials} materials, {len(self.refused)} refused"]
        for part in self.parts:
            lines += ["", part.title]
            lines += [f"  {part.text}"] if part.text else []
            lines += [f"  left out or doubtful: {note}" for note in part.left_out]
        return "\n".join(lines)

    def write(self, out: str | Path) -> list[Path]:
        """Write the page, the pictures and the numbers into a folder.

        What an earlier report has written there by the list in its JSON, and this one does not, is
        removed; nothing else is.

        Returns
        -------
        list of Path
            The page, the JSON, then the pictures and the tables.

        Raises
        ------
        DataError
            If a file cannot be written.
        """
        folder = Path(out)
        try:
            folder.mkdir(parents=True, exist_ok=True)
            return list(self._written(folder))
        except OSError as error:
            raise DataError(
                f"Cannot write the report to {folder}.",
                error.strerror or str(error),
                "Give another folder, or make this one writable.",
            ) from error

    @property
    def files(self) -> tuple[str, ...]:
        """Names of the files that `write` writes."""
        pictures = [
            one.name + suffix for part in self.parts for one in part.figures for suffix in SUFFIXES
        ]
        tables = [f"{one.name}.csv" for part in self.parts for one in part.numbers]
        return (HTML, JSON, *pictures, *tables)

    def _written(self, folder: Path) -> Iterator[Path]:
        remove_older(folder, JSON, self.files)
        table = {**self.to_dict(), "files": list(self.files)}
        text = json.dumps(table, ensure_ascii=False, allow_nan=False)
        replace_file(folder / JSON, text + "\n")
        replace_file(folder / HTML, self.render())
        yield from (folder / HTML, folder / JSON)
        for part in self.parts:
            for drawn in part.figures:
                for suffix in SUFFIXES:
                    path = folder / f"{drawn.name}{suffix}"
                    save_figure(drawn.figure, path)
                    yield path
            for numbers in part.numbers:
                replace_file(folder / f"{numbers.name}.csv", numbers.as_csv())
                yield folder / f"{numbers.name}.csv"

    def render(self) -> str:
        """The web page."""
        introduction = (
            f"{self.materials} materials of {self.database}, by betenet {__version__}, in the "
            "order of Gibson et al., npj Comput. Mater. 11, 7 (2025). No measured Tc enters. "
            "Pictures and numbers lie beside this page as PNG, PDF and CSV."
        )
        refused = [[name, reason] for name, reason in self.refused]
        ending = ""
        if refused:
            listed = table("Rows that are not used", ["id", "reason"], refused)
            ending = section(f"Refused rows: {len(refused)}", folded("The list", listed))
        return page(
            "The BETE-NET paper's table and figures",
            [
                paragraph(introduction),
                warning_box(self.left_out),
                *(_section(part) for part in self.parts if part.figures or part.body),
                ending,
            ],
        )


def _section(part: Part) -> str:
    pictures = (picture(one.figure, one.text, one.caption, wide=True) for one in part.figures)
    return section(part.title, paragraph(part.text), *part.body, *pictures)


def paper_report(  # noqa: PLR0913 - the flags of a verb
    folder: str | Path,
    *,
    models: Models | None = None,
    run: str | Path | None = None,
    member: int | None = None,
    data: str | Path | None = None,
    other: Dataset | str | None = None,
    thresholds: Mapping[str, float] | None = None,
    precision: float = 0.8,
    mu_star: float = DEFAULT_MU_STAR,
    resamples: int = 1000,
    landscape_points: int = 21,
    device: str = "cpu",
    progress: bool = False,
) -> PaperReport:
    """Table I, Figures 2 to 5 and the supplement of the BETE-NET paper, as far as the data allow.

    Parameters
    ----------
    folder
        A folder in the published layout: ``database.json``, ``structures/`` and ``indices/``.
    models
        Networks by the name that they have in the report: an ensemble, its name or its folder.
    run
        Folder of a full-batch training, for Fig. 3.
    member
        Which member of it; the one that has come furthest if absent.
    data
        Folder of the first-principles data of that training; that of BETENET_DATA if absent.
    other
        Another dataset, to be compared with the database.
    thresholds
        Thresholds of the predicted Tc in Fig. 5, by the name of the model [K].
    precision
        Precision of those that are not given [1].
    mu_star
        μ* of every Tc [1].
    resamples
        Samples of the bootstrap for 95 % intervals; 0 for none.
    landscape_points
        Points of a loss landscape along each direction, odd; 0 for none.
    device
        Where the networks compute.
    progress
        Show progress bars on stderr.

    Returns
    -------
    PaperReport
        What the folder lacks is left out of it, and said in ``left_out``.

    Raises
    ------
    DataError
        If the folder is no such database, or the other dataset or a log cannot be read.
    ConfigError
        If the run is no full-batch training, a name, a threshold or the precision is wrong, or
        what the run alone uses is given without one.
    ModelError
        If a model cannot be loaded.
    """
    _check(models or {}, thresholds or {}, precision)
    _check_use(run, member=member, data=data)
    # before the work
    compared = open_dataset(other) if isinstance(other, str) else other
    networks = {name: _loaded(model) for name, model in (models or {}).items()}
    found = read_paper_data(folder, mu_star=mu_star)
    parts: list[Part] = []
    learning = _learning(run, member=member, data=data, landscape_points=landscape_points)
    variants, left_out = _variants(found, networks, device=device, progress=progress)
    if variants:
        parts += [
            table_one(found, variants, resamples=resamples, left_out=left_out),
            dataset_figure(found),
        ]
    else:
        parts += [Part(title="Table I, Figures 4 and 5", left_out=left_out), dataset_figure(found)]
    parts.append(learning)
    if variants:
        parts += _judged(found, variants, precision=precision, thresholds=thresholds or {})
    parts += [element_shares_part(found), smoothing_part(found), smearing_part(found)]
    parts.append(_compared(found, compared))
    return PaperReport(
        database=str(folder),
        materials=len(found.ids),
        refused=tuple((one.id, one.reason) for one in found.dataset.refused),
        settings={
            "mu_star": mu_star,
            "tc_method": DEFAULT_METHOD,
            "precision": precision,
            "thresholds_kelvin": dict(thresholds or {}),
            "resamples": resamples,
        },
        parts=tuple(parts),
    )


def _loaded(model: Ensemble | str | Path) -> Ensemble:
    return model if isinstance(model, Ensemble) else Ensemble.load(model)


def _check_use(run: str | Path | None, **of_the_run: Any) -> None:
    """Refuse what has no effect without a training."""
    given = [name for name, value in of_the_run.items() if value is not None]
    if run is None and given:
        raise ConfigError(
            f"{' and '.join(given)} {'have' if given[1:] else 'has'} no effect without a run.",
            "They choose what Figure 3 shows of a training.",
            "Give the folder of a full-batch training as run, or leave it out.",
        )


def _check(models: Models, thresholds: Mapping[str, float], precision: float) -> None:
    taken = sorted({MEAN, BASE} & set(models))
    if taken:
        raise ConfigError(
            f"A model is named {taken[0]}.",
            "The report has a model of this name, which is no network.",
            "Give it another name.",
        )
    if not 0.0 < precision <= 1.0:
        raise ConfigError(
            f"A precision of {precision} cannot be had.",
            "It is a share of the rows that are picked.",
            "Ask for a number above 0, and at most 1.",
        )
    check_thresholds(thresholds, [BASE, *models])


def _variants(
    data: PaperData, models: Mapping[str, Ensemble], *, device: str, progress: bool
) -> tuple[list[Variant], tuple[str, ...]]:
    """The models in the order of the table, and why others are missing."""
    if not data.test.any():
        return [], ("The folder has no indices/ that name test rows: no model can be judged.",)
    variants, left_out = _learned(data)
    tested = data.testing()
    for name, model in models.items():
        variants.append(
            network_variant(
                name, model, tested, mu_star=data.mu_star, device=device, progress=progress
            )
        )
    return variants, tuple(left_out)


def _learned(data: PaperData) -> tuple[list[Variant], list[str]]:
    """The models that learn from the training rows of the folder, and why they are missing."""
    if not data.train.any():
        return [], [f"{MEAN} and {BASE}: the folder has no indices/ that name training rows."]
    try:
        return [mean_model(data), base_model(data)], []
    except DataError as error:
        reason = (
            f"{BASE}: {error.summary} It needs the electronic and the coarse phonon density of "
            "states of the database."
        )
        return [mean_model(data)], [reason]


def _learning(run: str | Path | None, **how: Any) -> Part:
    if run is None:
        return Part(
            title="Figure 3: the double descent of one member",
            left_out=("No folder of a training was given.",),
        )
    return learning_figure(follow_learning(run, **how))


def _judged(
    data: PaperData, variants: list[Variant], *, precision: float, thresholds: Mapping[str, float]
) -> list[Part]:
    networks = [one for one in variants if one.a2f is not None]
    if networks:
        fourth = variants_figure(data, networks)
    else:
        fourth = Part(
            title="Figure 4: the variants on the test set", left_out=("No network was given.",)
        )
    return [fourth, screening_figure(data, variants, precision=precision, thresholds=thresholds)]


def _compared(data: PaperData, other: Dataset | None) -> Part:
    if other is None:
        return Part(title="Supplement: another dataset", left_out=("No other dataset was given.",))
    return two_datasets_part(data, other)
