"""What the manifest of a run says, as far as its results and its report need it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from betenet.screening.manifest import SCREENING
from betenet.screening.records import SOURCE
from betenet.screening.run_stage import RunStage


@dataclass(frozen=True, slots=True)
class RunDescription:
    """A run.

    Attributes
    ----------
    manifest
        Everything that the run was told.
    stages
        Stages in their order, ``"source"`` first.
    """

    manifest: Mapping[str, Any]
    stages: tuple[RunStage, ...]

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the stages."""
        return tuple(stage.name for stage in self.stages)


def describe_run(folder: str | Path, recorded: Sequence[str] = ()) -> RunDescription:
    """Read the manifest of a run folder.

    Parameters
    ----------
    folder
        Folder of the run.
    recorded
        Names of stages that have records: those that the manifest lacks come last.

    Raises
    ------
    DataError
        If there is no manifest, or it cannot be read.
    """
    manifest = SCREENING.read(Path(folder))
    stages = [RunStage(name=SOURCE, kind="")]
    stages.extend(map(RunStage.from_dict, _find_stages(manifest)))
    missing = [name for name in recorded if name not in {stage.name for stage in stages}]
    stages.extend(RunStage(name=name, kind="") for name in missing)
    return RunDescription(manifest, tuple(stages))


def _find_stages(table: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Entries of the stages, at whatever depth the manifest keeps them."""
    for key, value in table.items():
        if key == "stages" and isinstance(value, list):
            stages = cast("list[Any]", value)
            if all(isinstance(stage, dict) and "name" in stage for stage in stages):
                return cast("list[Mapping[str, Any]]", stages)
    for key, value in table.items():
        if key == "forecast":
            continue  # it has stages, too
        if isinstance(value, dict) and (deeper := _find_stages(cast("dict[str, Any]", value))):
            return deeper
    return []
