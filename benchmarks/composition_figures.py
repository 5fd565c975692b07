"""Figures of the models on composition: the analyses of Stanev et al., npj Comput. Mater. 4, 29."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
from ase.data import chemical_symbols
from measured_superconductors import Measured
from sklearn.metrics import roc_auc_score

THRESHOLDS = (1, 2, 3, 5, 7, 10, 15, 20, 30, 40, 60, 80, 100)
MOST_FEATURES = 20
UNITS = ("_w_per_m_k", "_kelvin", "_ev", "_cm3", "_gpa", "_angstrom", "_pauling", "_u")
"""Ends of names of features that are no words."""


def draw_figures(
    folder: Path,
    measured: Measured,
    tc: np.ndarray,
    above: np.ndarray,
    importance: Mapping[str, float],
) -> None:
    """Draw the three figures of compositions whose chemical systems had not been seen."""
    folder.mkdir(parents=True, exist_ok=True)
    thresholds(folder / "composition_thresholds.png", measured, tc, above)
    parity(folder / "composition_families.png", measured, tc)
    features(folder / "composition_importance.png", importance)


def thresholds(path: Path, measured: Measured, tc: np.ndarray, above: np.ndarray) -> None:
    """Accuracy and AUC of Tc > threshold against the threshold, ranked by the predicted Tc."""
    figure, axis = plt.subplots(figsize=(6.4, 4.2), layout="constrained")
    truths = [measured.tc > threshold for threshold in THRESHOLDS]
    auc = [roc_auc_score(truth, tc) for truth in truths]
    found = zip(THRESHOLDS, truths, strict=True)
    accuracy = [((tc > threshold) == truth).mean() for threshold, truth in found]
    base = [max(truth.mean(), 1.0 - truth.mean()) for truth in truths]
    axis.plot(THRESHOLDS, auc, "o-", label="AUC")
    axis.plot(THRESHOLDS, accuracy, "s-", label="accuracy")
    axis.plot(THRESHOLDS, base, "--", color="0.5", label="accuracy of the commoner class")
    ten = roc_auc_score(measured.tc > 10.0, above)
    axis.plot([10.0], [ten], "*", markersize=12, label="AUC of P(Tc > 10 K)")
    axis.set(xscale="log", xlabel="threshold of Tc (K)", ylim=(0.5, 1.01))
    axis.set_xticks([1, 3, 10, 30, 100], ["1", "3", "10", "30", "100"])
    axis.legend(loc="center left", bbox_to_anchor=(0.0, 0.4))
    figure.savefig(path, dpi=130)
    plt.close(figure)


def parity(path: Path, measured: Measured, tc: np.ndarray) -> None:
    """Predicted against measured Tc, by family."""
    kinds = {name: rows for name, rows in measured.kinds().items() if name != "all"}
    figure, axes = plt.subplots(1, len(kinds), figsize=(11.0, 3.9), layout="constrained")
    for axis, (name, rows) in zip(axes, kinds.items(), strict=True):
        top = float(max(measured.tc[rows].max(), tc[rows].max())) * 1.03
        axis.plot([0, top], [0, top], color="0.5", linewidth=0.8)
        axis.scatter(measured.tc[rows], tc[rows], s=4, alpha=0.25, linewidths=0)
        error = tc[rows] - measured.tc[rows]
        r2 = 1.0 - (error**2).sum() / ((measured.tc[rows] - measured.tc[rows].mean()) ** 2).sum()
        axis.set_title(f"{name}: {rows.sum()}, R² {r2:.2f}, MAE {np.abs(error).mean():.1f} K")
        axis.set(xlabel="measured Tc (K)", xlim=(0, top), ylim=(0, top), aspect="equal")
    axes[0].set_ylabel("predicted Tc (K), system not seen")
    figure.savefig(path, dpi=130)
    plt.close(figure)


def features(path: Path, importance: Mapping[str, float]) -> None:
    """Features by what their splits gain."""
    first = sorted(importance.items(), key=lambda item: -item[1])[:MOST_FEATURES][::-1]
    figure, axis = plt.subplots(figsize=(7.6, 5.2), layout="constrained")
    names = [readable(name) for name, _ in first]
    axis.barh(names, [value for _, value in first])
    axis.set_xlabel("share of the gain of all splits")
    figure.savefig(path, dpi=130)
    plt.close(figure)


def readable(name: str) -> str:
    """Name of a feature in words, with the symbol of an element instead of its number."""
    kind, _, rest = name.partition("_")
    if kind == "share" and rest.isdecimal():
        return f"share of {chemical_symbols[int(rest)]}"
    for unit in UNITS:
        name = name.removesuffix(unit)
    return name.replace("_for_", " per ").replace("_", " ")
