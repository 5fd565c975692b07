"""Who computes: this process, or Dask's workers on this machine, a cluster, or Slurm."""

from __future__ import annotations

import logging
import time
import uuid
from collections.abc import Mapping
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from betenet import extras
from betenet.errors import ConfigError
from betenet.screening.dispatch import Job, KilledError
from betenet.screening.stages import Answer, compute

IN_HAND = 2
"""Jobs for each worker: one that it computes and one that waits."""
PATIENCE = "20s"
"""How long a scheduler may take to answer."""
RECOUNT = 2.0
"""Seconds after which the workers are counted again."""
POLL = 0.02
"""Seconds between looks for a job that is done."""
ALLOWED_FAILURES = 2
"""Workers that a job may lose before it counts as killing."""
KEPT_BYTES = 256 * 2**20
"""Freed memory that a worker need not give back at once."""


class SerialEngine:
    """One job after the other, in this process."""

    def __init__(self) -> None:
        self._job: Job | None = None

    def capacity(self) -> int:
        """One job."""
        return 1

    def submit(self, job: Job) -> None:
        """Take a job."""
        assert self._job is None
        self._job = job

    def finished(self) -> tuple[Job, Answer | Exception]:
        """Compute the job."""
        job, self._job = self._job, None
        assert job is not None
        try:
            return job, compute(job.stage, job.items)
        except Exception as error:  # noqa: BLE001 - whatever it is, the other structures go on
            return job, error

    def close(self) -> None:
        """End nothing: there is no other process."""


class DaskEngine:
    """Dask's workers.

    Parameters
    ----------
    client
        Client of `distributed`; closed at the end.
    cluster
        Cluster that was started for the client, to be closed too.
    wanted
        Number of workers that the cluster is to have: one that is not started again by itself,
        because it was killed while it started, is replaced. 0 leaves that to the cluster.

    Notes
    -----
    The scheduler gives the jobs of a worker that is gone to others, and gives up on a job that
    has lost several. What is computed has no side effects: only the coordinator writes, so that
    work done twice counts once.
    """

    def __init__(self, client: Any, cluster: Any = None, wanted: int = 0) -> None:
        from distributed import as_completed

        self._client = client
        self._cluster = cluster
        self._running = as_completed(loop=client.loop)
        self._jobs: dict[str, Job] = {}
        self._wanted = wanted
        self._workers = 0
        self._counted = -RECOUNT

    @classmethod
    def local(cls, workers: int) -> DaskEngine:
        """Processes of one thread on this machine.

        Raises
        ------
        ConfigError
            If Dask is not installed.
        """
        distributed = _configured()
        cluster = distributed.LocalCluster(
            n_workers=workers,
            threads_per_worker=1,
            processes=True,
            dashboard_address=None,
            silence_logs=logging.CRITICAL,
        )
        return cls(distributed.Client(cluster), cluster, workers)

    @classmethod
    def at(cls, address: str) -> DaskEngine:
        """The workers of a scheduler that is running, such as ``tcp://10.0.0.1:8786``.

        Raises
        ------
        ConfigError
            If Dask is not installed, nothing answers, or a worker has another betenet or none.
        """
        distributed = _load("distributed")
        try:
            client = distributed.Client(address, timeout=PATIENCE)
        except (OSError, ValueError) as error:
            raise ConfigError(
                f"No scheduler answers at {address}.",
                f"The attempt ends with: {error}.",
                "Start one with `dask scheduler`, and give the address that it prints.",
            ) from error
        try:
            _check_workers(client)
        except ConfigError:
            client.close()
            raise
        return cls(client)

    @classmethod
    def slurm(cls, workers: int, options: Mapping[str, str]) -> DaskEngine:
        """Workers in jobs of Slurm; one that ends, by its time limit say, is replaced.

        Parameters
        ----------
        workers
            Number of processes of one thread, which the jobs have to hold.
        options
            Options of `dask_jobqueue.SLURMCluster`.

        Raises
        ------
        ConfigError
            If an option is unknown, or dask-jobqueue is not installed.
        """
        distributed = _configured()
        cluster = slurm_cluster(options)
        cluster.adapt(minimum=workers, maximum=workers)
        return cls(distributed.Client(cluster), cluster)

    @property
    def n_workers(self) -> int:
        """Number of workers that are there now, or were a moment ago."""
        now = time.monotonic()
        if now - self._counted > RECOUNT:
            self._counted = now
            self._workers = len(self._client.nthreads())
            if self._workers < self._wanted:
                self._cluster.scale(self._wanted)
        return self._workers

    def capacity(self) -> int:
        """Two jobs for each worker; one alone waits until there is a worker."""
        return IN_HAND * self.n_workers

    def submit(self, job: Job) -> None:
        """Send a job to the scheduler."""
        key = f"{job.stage.name}-{uuid.uuid4().hex}"
        self._jobs[key] = job
        future = self._client.submit(compute, job.stage, job.items, key=key, pure=False)
        self._running.add(future)

    def finished(self) -> tuple[Job, Answer | Exception]:
        """Wait for the next one."""
        from distributed.scheduler import KilledWorker

        while not self._running.has_ready():
            time.sleep(POLL)
            _ = self.n_workers  # replaces those that are lost for good
        future: Any = next(self._running)
        job = self._jobs.pop(future.key)
        try:
            answer = future.result()
        except KilledWorker as error:
            answer = KilledError(str(error))
        except Exception as error:  # noqa: BLE001 - whatever it is, the other structures go on
            answer = error
        future.release()
        return job, answer

    def close(self) -> None:
        """End the workers that were started for this, whatever they are doing."""
        if self._jobs:
            self._client.cancel(list(self._running.futures), force=True)
        self._client.close()
        if self._cluster is not None:
            self._cluster.close()


def slurm_cluster(options: Mapping[str, str]) -> Any:
    """A cluster of `dask_jobqueue` with one process for each core unless the options say else.

    Raises
    ------
    ConfigError
        If an option is unknown, or dask-jobqueue is not installed.
    """
    jobqueue = _load("dask_jobqueue")
    given: dict[str, Any] = {"cores": 1, "memory": "4GB", "walltime": "04:00:00"}
    given |= {name: int(text) if text.isdigit() else text for name, text in options.items()}
    given.setdefault("processes", given["cores"])
    try:
        return jobqueue.SLURMCluster(**given)
    except (TypeError, ValueError) as error:
        raise ConfigError(
            "The options for Slurm cannot be used.",
            f"dask-jobqueue says: {' '.join(str(error).split())}.",
            "Give those of dask_jobqueue.SLURMCluster: queue, account, walltime, memory, cores, …",
        ) from error


def _check_workers(client: Any) -> None:
    """A worker that cannot read a job would say so to itself alone, and the run would wait."""
    try:
        found: set[str] = set(client.run(version, "betenet").values())
    except PackageNotFoundError:
        found = {"none"}
    if found - {own := version("betenet")}:
        raise ConfigError(
            "The workers of the scheduler cannot be used.",
            f"They have betenet {', '.join(sorted(found))}; here it is {own}.",
            "Start `dask worker` in the same environment everywhere.",
        )


def _configured() -> Any:
    """Dask, told to give up on a job sooner: it is then halved, which finds out who kills.

    And to let its workers keep memory that they have freed: by itself Dask has them give back
    anything over 64 kB, and a network that takes it again for each product is half as fast.
    """
    distributed = _load("distributed")
    _load("dask").config.set(
        {
            "distributed.scheduler.allowed-failures": ALLOWED_FAILURES,
            "distributed.nanny.pre-spawn-environ.MALLOC_TRIM_THRESHOLD_": KEPT_BYTES,
            "distributed.nanny.pre-spawn-environ.MALLOC_MMAP_THRESHOLD_": KEPT_BYTES,
        }
    )
    return distributed


def _load(name: str) -> Any:
    instead = "Or leave --workers, --scheduler and --slurm out."
    return extras.load("screen", name, instead=instead)
