"""The ensemble of the application: loaded once, beside the first answers, and asked one by one."""

from __future__ import annotations

import io
import threading
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from betenet.app.settings import Limits
from betenet.app.spectra import cumulative
from betenet.app.uploads import Origin, Upload, stored, structures_of

if TYPE_CHECKING:
    from betenet.ensemble import Ensemble
    from betenet.ensemble.prediction import Prediction
    from betenet.ensemble.site_phonons import PhononSource
    from betenet.structures import StructureRecord


class Predictor:
    """An ensemble that several threads may ask.

    Parameters
    ----------
    model
        Name or folder of the ensemble; the default one if absent.
    limits
        How much a request may ask for.

    Notes
    -----
    One request is predicted at a time: the networks use all processors that they may, and Python's
    recording of warnings, which reading a file needs, is not made for threads.
    """

    def __init__(self, model: str | None, limits: Limits) -> None:
        self._name = model
        self._limits = limits
        self._ensemble: Ensemble | None = None
        self._lock = threading.Lock()

    @property
    def is_loaded(self) -> bool:
        """Whether the ensemble is in memory."""
        return self._ensemble is not None

    def load(self) -> Ensemble:
        """Load the ensemble, unless that is done.

        Raises
        ------
        ModelError
            If there is no such model, or its files are broken.
        """
        with self._lock:
            return self._loaded()

    def predict(
        self, uploads: Sequence[Upload], mu_star: float, tc_method: str
    ) -> list[dict[str, Any]]:
        """Predictions of all structures of files, from the structures alone, for JSON.

        Each has ``file`` and ``place``, as `Origin` has them: files may share a name.

        Raises
        ------
        ConfigError
            If there is no file, or μ* or the method cannot be.
        """
        with self._lock, stored(uploads, self._limits) as files:
            origins: list[Origin] = []

            def records() -> Iterator[StructureRecord]:
                for origin, record in structures_of(files, self._limits):
                    origins.append(origin)
                    yield record

            stream = self._loaded().stream(records(), mu_star=mu_star, tc_method=tc_method)
            return [
                files.shown_data(predicted(one)) | origins[number].to_dict()
                for number, one in enumerate(stream)
            ]

    def records(self, upload: Upload) -> list[StructureRecord]:
        """Structures of one file as they were read.

        Raises
        ------
        ConfigError
            If there is no file.
        """
        with self._lock, stored([upload], self._limits) as files:
            return [record for _, record in structures_of(files, self._limits)]

    def predict_with(
        self, record: StructureRecord, phonons: PhononSource, mu_star: float, tc_method: str
    ) -> dict[str, Any]:
        """Prediction of a structure whose phonons are known, for JSON."""
        with self._lock:
            (found,) = self._loaded().predict(
                [record], mu_star=mu_star, tc_method=tc_method, phonons=phonons
            )
        return predicted(found)

    def _loaded(self) -> Ensemble:
        if self._ensemble is None:
            from betenet.ensemble import Ensemble

            self._ensemble = Ensemble.load(self._name)
        return self._ensemble


def predicted(prediction: Prediction) -> dict[str, Any]:
    """A prediction with all that the page shows of it, for JSON."""
    from ase.io import write

    from betenet.ensemble.tc_distribution import TcDistribution

    data = prediction.to_dict(per_site=True)
    data["row"] = prediction.csv_row()
    data["lines"] = list(known_lines(prediction))
    if prediction.atoms is not None and prediction.error is None:
        text = io.BytesIO()
        write(text, prediction.atoms, format="cif")
        data["cif"] = text.getvalue().decode()
        distribution = TcDistribution.of(prediction)
        data["histograms"] = distribution.histograms
        data["mean_a2f"] = distribution.mean.a2f.tolist()
        data["cumulative_coupling"] = cumulative(distribution.mean)
        data["site_coupling"] = _site_coupling(prediction)
    return data


def known_lines(prediction: Prediction) -> Iterator[str]:
    """What training had of the crystal, and what is measured near it, in words."""
    if prediction.in_training is not None:
        yield prediction.in_training.as_text()
    if prediction.known is not None:
        yield from prediction.known.lines_beside(prediction.findings)


def _site_coupling(prediction: Prediction) -> list[float]:
    """Part of λ that each site makes."""
    from betenet.superconductivity.moments import coupling_constant

    if prediction.spectrum is None or prediction.site_a2f is None:
        return []
    omega = prediction.spectrum.frequencies
    return coupling_constant(omega, prediction.site_a2f, prediction.rule).tolist()
