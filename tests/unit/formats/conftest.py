"""A spectrum, and files in the layouts of other programs, written as their sources write them."""

from types import SimpleNamespace

import numpy as np
import pytest

from betenet.spectrum import Spectrum
from betenet.superconductivity.moments import coupling_constant
from betenet.units import convert_frequency

OMEGA = np.linspace(0.25, 40.0, 160)
"""Frequencies of the example [meV]."""

A2F = 0.5 * OMEGA**2 / 900.0 * (OMEGA < 30.0) + 0.4 * np.exp(-(((OMEGA - 34.0) / 1.5) ** 2))
"""A Debye spectrum and an optical peak."""


@pytest.fixture
def spectrum():
    return Spectrum(OMEGA, A2F)


@pytest.fixture
def batch():
    return Spectrum(OMEGA, np.array([(1.0 + 0.1 * i) * A2F for i in range(3)]))


@pytest.fixture
def coupling():
    return float(coupling_constant(OMEGA, A2F))


@pytest.fixture
def put(tmp_path):
    """Write a file and give its path."""

    def write(content, name="file"):
        path = tmp_path / name
        if isinstance(content, bytes):
            path.write_bytes(content)
        else:
            path.write_text(content, encoding="utf-8")
        return path

    return write


def fortran_e(x, digits=6, width=16):
    """Ew.d of Fortran: 0.123456E-03, and no E before an exponent of three digits."""
    if not np.isfinite(x):
        return f"{'NaN':>{width}}"
    if x == 0.0:
        return f"{'0.' + digits * '0' + 'E+00':>{width}}"
    exponent = int(np.floor(np.log10(abs(x)))) + 1
    mantissa = round(x / 10.0**exponent, digits)
    if abs(mantissa) >= 1.0:
        mantissa, exponent = mantissa / 10.0, exponent + 1
    mark = f"E{exponent:+03d}" if abs(exponent) < 100 else f"{exponent:+04d}"
    return f"{f'{mantissa:.{digits}f}{mark}':>{width}}"


def a2f_dos(omega=OMEGA, a2f=A2F, n_modes=3, *, old=False, coupling=None):
    """a2F.dosN of matdyn.x; the modes share the total equally."""
    ry = convert_frequency(omega, "meV", "Ry")
    lines = [
        " ",
        " # Eliashberg function a2F (per both spin)",
        " #  frequencies in Rydberg  ",
        " # DOS normalized to E in Rydberg: a2F_total, a2F(mode) ",
        " ",
    ]
    for x, y in zip(ry, a2f, strict=True):
        modes = n_modes * [y / max(n_modes, 1)]
        if old:
            lines.append(f"   {x:12.6f}{y:12.6f}")
            lines += [
                "".join(f"{mode:16.8f}" for mode in modes[i : i + 6]) for i in range(0, n_modes, 6)
            ]
        else:
            lines.append("   " + "".join(fortran_e(z) for z in (x, y, *modes)))
    if coupling is not None:
        lines.append(f"  lambda =  {coupling:.15f}         Delta =   {ry[1] - ry[0]:.15E}")
    return "\n".join(lines) + "\n"


def alpha2f_dat(omega, columns, smearings):
    """alpha2F.dat of lambda.x: header and rows wrap after ten smearings."""

    def wrapped(first, fields):
        pieces = ["".join(fields[i : i + 10]) for i in range(0, len(fields), 10)]
        return [first + pieces[0], *pieces[1:]]

    thz = convert_frequency(omega, "meV", "THz")
    lines = wrapped("# E(THz)", [f"{s:10.3f}" for s in smearings])
    for i, x in enumerate(thz):
        lines += wrapped(f"{x:8.4f}", [f"{column[i]:10.5f}" for column in columns])
    return "\n".join(lines) + "\n"


def epw_a2f(omega, columns, smearings, *, announced=None, running=True, footer=True):
    """PREFIX.a2f of EPW: 21 numbers per line, λ(ω) as EPW sums it."""
    step = omega[1] - omega[0]
    sums = [np.cumsum(2.0 * column / omega * step) for column in columns]
    table = np.array([omega, *columns, *(sums if running else [])]).T
    count = len(columns) if announced is None else announced
    lines = [f" w[meV] a2f and integrated 2*a2f/w for {count:4d} smearing values"]
    for row in table:
        fields = [f"{x:12.7f}" for x in row]
        lines += ["".join(fields[i : i + 21]) for i in range(0, len(fields), 21)]
    if footer:
        for name, numbers in (
            (" Integrated el-ph coupling", [column[-1] for column in sums]),
            (" Phonon smearing (meV)", smearings),
        ):
            fields = [f"{x:12.7f}" for x in numbers]
            lines.append(name)
            lines += [
                "  #         " + "".join(fields[i : i + 15]) for i in range(0, len(fields), 15)
            ]
        lines += ["Electron smearing (eV)   0.0500000", "Fermi window (eV)   0.8000000"]
        lines.append(f"Summed el-ph coupling {sums[0][-1]:12.7f}")
    return "\n".join(lines) + "\n"


def epw_main(omega, columns, smearings):
    """PREFIX.a2f.01.300.000 of EPW: no header, no λ(ω), blanks in the end."""
    text = epw_a2f(omega, columns, smearings, running=False)
    footer = text.split(" Integrated")[1]
    lines = ["".join(f"{x:12.7f}" for x in row) for row in np.array([omega, *columns]).T]
    for name in ("Electron", "Fermi", "Summed"):
        footer = footer.replace(f"\n{name}", f"\n {name}")
    return "\n".join(lines) + "\n Integrated" + footer


def two_columns(omega, a2f, unit="meV", header=""):
    """Rows of ω and α²F."""
    rows = zip(convert_frequency(omega, "meV", unit), a2f, strict=True)
    return header + "".join(f"{x:18.10E}{y:18.10E}\n" for x, y in rows)


@pytest.fixture(scope="session")
def layouts():
    """The example and the functions that write it as other programs do."""
    return SimpleNamespace(
        omega=OMEGA,
        a2f=A2F,
        fortran_e=fortran_e,
        a2f_dos=a2f_dos,
        alpha2f_dat=alpha2f_dat,
        epw_a2f=epw_a2f,
        epw_main=epw_main,
        two_columns=two_columns,
    )


@pytest.fixture
def running(layouts):
    """λ(ω) of the spectrum of `layouts`."""
    step = layouts.omega[1] - layouts.omega[0]
    return np.cumsum(2.0 * layouts.a2f / layouts.omega) * step
