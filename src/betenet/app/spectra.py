"""α²F of files and of predictions: every method of Tc, at every μ* of the page's slider."""

from __future__ import annotations

import threading
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from betenet.app.settings import MU_STARS, Limits
from betenet.app.uploads import Origin, Stored, Upload, stored
from betenet.errors import BetenetError, ConfigError, DataError, unexpected

if TYPE_CHECKING:
    from pathlib import Path

    from betenet.analysis import FileAnalysis
    from betenet.ensemble.prediction import Prediction
    from betenet.formats import A2fFile
    from betenet.spectrum import Spectrum


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """How files are read, in the words of ``betenet tc``.

    Attributes
    ----------
    unit
        Unit of the frequencies; that which the file states if empty.
    format
        Key of the format; told from the file if empty.
    column
        Column in full, from 1; the one where λ changes least to the next if 0.
    drop_imaginary
        Leave out α²F at ω < 0 instead of failing.
    """

    unit: str = ""
    format: str = ""
    column: int = 0
    drop_imaginary: bool = False


class Spectra:
    """Analyses of α²F, one request at a time.

    Parameters
    ----------
    limits
        How much a request may ask for.
    """

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._lock = threading.Lock()

    def analyse(
        self,
        uploads: Sequence[Upload],
        mu_star: float,
        *,
        with_state: bool,
        reading: Reading = Reading(),
    ) -> list[dict[str, Any]]:
        """What each file says, as ``betenet tc --json`` has it, with λ(ω) and a band of μ*.

        Each table has ``file`` and ``place``, as `Origin` has them.

        Parameters
        ----------
        uploads
            Files with α²F.
        mu_star
            μ* of the numbers outside of the band [1].
        with_state
            Solve the Eliashberg equations below Tc, too: the gap and the thermodynamics.
        reading
            How the files are read.
        """
        from betenet.analysis import analyse_file

        analyse = partial(
            analyse_file,
            mu_star=mu_star,
            mu_star_band=MU_STARS,
            temperature_sweep=with_state,
            unit=reading.unit or None,
            format=reading.format or None,
            smearing=reading.column or None,
            drop_imaginary=reading.drop_imaginary,
            check=self._check_file,
        )
        with self._lock, stored(uploads, self._limits) as files:
            return [
                table | Origin(number, place).to_dict()
                for number, path in enumerate(files.names)
                for place, table in enumerate(_tables(path, files, analyse))
            ]

    def over_mu_star(self, data: dict[str, Any], tc_method: str) -> dict[str, Any]:
        """Tc of a prediction at every μ* of the slider: by each method, and its distribution.

        Parameters
        ----------
        data
            A prediction as the page has it.
        tc_method
            Method whose distribution is wanted.

        Raises
        ------
        DataError
            If the data are no prediction.
        ConfigError
            If Tc cannot be predicted by the method.
        """
        from betenet.analysis import analyse_mu_star_band
        from betenet.analysis.mu_star_band import band_to_dicts
        from betenet.ensemble.prediction import Prediction
        from betenet.ensemble.tc_distribution import TcDistribution

        with _of_others():
            distribution = TcDistribution.of(Prediction.from_dict(data))
        self._check_points(distribution.mean.a2f.size)
        with self._lock, _of_others():
            band = analyse_mu_star_band(distribution.mean, MU_STARS)
            return {
                "band": band_to_dicts(band),
                "distribution": distribution.over_mu_star(MU_STARS, tc_method),
            }

    def state_of(self, data: dict[str, Any]) -> dict[str, Any]:
        """Gap and thermodynamics of the mean spectrum of a prediction.

        Raises
        ------
        DataError
            If the data are no prediction with a spectrum.
        """
        from betenet.analysis import AnalysisSettings, analyse
        from betenet.ensemble.prediction import Prediction

        with _of_others():
            prediction = Prediction.from_dict(data)
            mean = _mean(prediction)
        self._check_points(mean.a2f.size)
        settings = AnalysisSettings(mu_star=prediction.mu_star, with_state=True)
        with self._lock, _of_others():
            return analyse(mean, settings).to_dict(with_spectrum=False)

    def _check_file(self, file: A2fFile) -> None:
        self._check_points(file.a2f.size)

    def _check_points(self, size: int) -> None:
        if size > self._limits.points:
            raise ConfigError(
                f"The spectrum has {size:,} numbers.",
                f"Here it may have {self._limits.points:,}.",
                "Use `betenet tc`, or give it on a coarser grid.",
            )


def _tables(
    path: Path, files: Stored, analyse: Callable[[Path], FileAnalysis]
) -> list[dict[str, Any]]:
    """One table for each spectrum of a file, or one with the error."""
    name = files.names[path]
    try:
        if path in files.too_large:
            raise files.too_large[path]
        found = analyse(path)
        tables: list[dict[str, Any]] = found.to_dicts()
        for table, analysis in zip(tables, found.analyses, strict=True):
            if analysis.spectrum is not None:
                table["cumulative_coupling"] = cumulative(analysis.spectrum)
            table["text"] = analysis.text()
    except BetenetError as error:
        return [{"name": name, "error": files.shown_error(error).to_dict()}]
    except Exception as error:  # noqa: BLE001 - the other files are to be done
        return [{"name": name, "error": unexpected(error, name).to_dict()}]
    return [files.shown_data(table) for table in tables]


@contextmanager
def _of_others() -> Generator[None]:
    """Errors of numbers that do not fit together: anybody can send a prediction.

    Raises
    ------
    DataError
        If what was computed from them fails.
    """
    try:
        yield
    except (ArithmeticError, LookupError, TypeError, ValueError) as error:
        raise DataError(
            "This prediction cannot be used.",
            f"Its numbers do not fit together: {type(error).__name__}: {error}"[:300] + ".",
            "Send what /api/predict has answered, unchanged.",
        ) from error


def _mean(prediction: Prediction) -> Spectrum:
    if prediction.spectrum is None:
        raise prediction.error or DataError("The prediction has no spectrum.")
    return prediction.spectrum.mean()


def cumulative(spectrum: Spectrum) -> list[float]:
    """λ(ω), the coupling of all that lies below ω."""
    from betenet.superconductivity.moments import cumulative_coupling

    return cumulative_coupling(spectrum.frequencies, spectrum.a2f, spectrum.rule).tolist()
