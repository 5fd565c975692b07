"""What is asked of jobs: a task of a file's structure, and the modes of phonons that are there."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from betenet.app.jobs import Job, JobBoard
from betenet.app.predictor import Predictor
from betenet.app.settings import AppSettings
from betenet.app.uploads import Upload
from betenet.errors import ConfigError, DataError
from betenet.superconductivity.critical_temperature import DEFAULT_METHOD, DEFAULT_MU_STAR

if TYPE_CHECKING:
    from betenet.app.work import Phonons, PhononTask
    from betenet.structures import StructureRecord

MOST_PRESSURES = 20
HIGHEST_PRESSURE = 1_000.0
"""Highest pressure that the force field has learnt from [GPa]."""
FARTHEST_Q = 100.0
"""Farthest q point, in reciprocal vectors."""
LOWEST_PRESSURE = -10.0
"""GPa: crystals that are pulled apart further break."""


class JobRequests:
    """Makes jobs of requests.

    Parameters
    ----------
    settings
        Model and limits.
    predictor
        Reads structures, and predicts them with the phonons that a job has computed.
    board
        Takes the jobs.
    """

    def __init__(self, settings: AppSettings, predictor: Predictor, board: JobBoard) -> None:
        self._settings = settings
        self._predictor = predictor
        self._board = board

    def phonons(self, upload: Upload, place: int, force_field: str) -> Job:
        """Begin phonons of a structure, and its prediction with them.

        Raises
        ------
        StructureError
            If the structure cannot be used.
        ConfigError
            If there is no such structure or force field, or too many jobs wait.
        """
        from betenet.app.work import PhononTask, check_force_field

        record = self._record(upload, place)
        task = PhononTask(record=record, force_field=check_force_field(force_field))

        def finish(answer: Phonons | None) -> dict[str, Any]:
            assert answer is not None
            return {
                "prediction": self._with_phonons(task, answer, DEFAULT_MU_STAR, DEFAULT_METHOD),
                "row": answer.entry.csv_row(),
            }

        return self._board.submit(task, finish)

    def prediction(self, name: str, mu_star: float, tc_method: str) -> dict[str, Any] | None:
        """Prediction with the phonons of a job that is done, at any μ*, for JSON.

        Parameters
        ----------
        name
            Job of phonons.
        mu_star
            μ* [1].
        tc_method
            Method of Tc.

        Returns
        -------
        dict
            The prediction; None if the model takes no phonons.

        Raises
        ------
        DataError
            If there is no such job, or it is not done.
        ConfigError
            If μ* or the method cannot be.
        """
        task, answer = self._done(name)
        return self._with_phonons(task, answer, mu_star, tc_method)

    def pressure(
        self,
        upload: Upload,
        place: int,
        pressures: Sequence[float],
        force_field: str,
        mu_star: float,
        tc_method: str,
    ) -> Job:
        """Begin predictions of a structure under pressures.

        Raises
        ------
        StructureError
            If the structure cannot be used.
        ConfigError
            If there is no such structure or force field, a pressure is out of range, or too many
            jobs wait.
        """
        from betenet.app.work import PressureTask, check_force_field

        if len(pressures) > MOST_PRESSURES or not all(
            math.isfinite(one) and LOWEST_PRESSURE <= one <= HIGHEST_PRESSURE for one in pressures
        ):
            raise ConfigError(
                "These pressures are not possible.",
                f"At most {MOST_PRESSURES} from {LOWEST_PRESSURE:g} to {HIGHEST_PRESSURE:g} GPa.",
                "Ask for others.",
            )
        task = PressureTask(
            record=self._record(upload, place),
            force_field=check_force_field(force_field),
            pressures=tuple(pressures),
            model=self._settings.model,
            mu_star=mu_star,
            tc_method=tc_method,
        )
        return self._board.submit(task, lambda _: {})

    def wave(self, name: str, q: Sequence[float]) -> dict[str, Any]:
        """Frequencies and displacements of all modes of a q point, for JSON.

        Parameters
        ----------
        name
            Job of phonons that is done.
        q
            In reciprocal vectors of the primitive cell.

        Returns
        -------
        dict
            ``frequencies_mev`` (mode,); ``real`` and ``imaginary`` parts of the displacements of
            the atoms of the first cell, the largest of a mode with length 1 (mode, atom, 3).

        Raises
        ------
        DataError
            If there is no such job, or it is not done.
        ConfigError
            If the point is no point.
        """
        import numpy as np

        if not all(math.isfinite(one) and abs(one) <= FARTHEST_Q for one in q):
            raise ConfigError(
                "This is no q point.",
                f"Each of its numbers lies between -{FARTHEST_Q:g} and {FARTHEST_Q:g}.",
                "Give it in reciprocal vectors of the primitive cell.",
            )

        _, answer = self._done(name)
        result = answer.entry.result
        assert result is not None
        frequencies, waves = answer.matrices.wave(np.array(q))
        moved = waves / np.sqrt(result.atoms.get_masses())[:, None]
        moved /= np.linalg.norm(moved, axis=2).max(axis=1)[:, None, None]
        return {
            "frequencies_mev": frequencies.tolist(),
            "real": moved.real.round(4).tolist(),
            "imaginary": moved.imag.round(4).tolist(),
        }

    def _done(self, name: str) -> tuple[PhononTask, Phonons]:
        """What a job of phonons was to do, and what it has answered."""
        from betenet.app.work import PhononTask

        job = self._board.find(name)
        if not isinstance(job.task, PhononTask) or job.answer is None:
            raise DataError(
                "These phonons are not there.", "The job is not done.", "Wait for its end."
            )
        return job.task, job.answer

    def _with_phonons(
        self, task: PhononTask, answer: Phonons, mu_star: float, tc_method: str
    ) -> dict[str, Any] | None:
        from betenet.ensemble.phonon_sources import site_phonons

        result = answer.entry.result
        assert result is not None
        if not self._predictor.load().takes_phonons:
            return None
        return self._predictor.predict_with(
            task.record,
            lambda one: site_phonons(result, _atoms(one), task.force_field),
            mu_star,
            tc_method,
        )

    def _record(self, upload: Upload, place: int) -> StructureRecord:
        records = self._predictor.records(upload)
        if place >= len(records):
            raise ConfigError(
                f"{upload.name} has no structure {place}.",
                f"It has {len(records)}, counted from 0.",
                "Ask for another one.",
            )
        record = records[place]
        if record.error is not None:
            raise record.error
        return record


def _atoms(record: StructureRecord) -> Any:
    assert record.atoms is not None
    return record.atoms
