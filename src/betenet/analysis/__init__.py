"""What a file with α²F(ω), a spectrum or typed-in moments say: everything ``betenet tc`` does.

``files`` reads a file and chooses what to look at, ``spectrum`` computes, ``text``, ``table`` and
``figures`` show. Results print briefly, draw themselves, and become JSON (``to_dict``), rows of a
table (``to_rows``) or a table of pandas (:func:`betenet.tables.to_dataframe`).
"""

from betenet.analysis.files import FileAnalysis, analyse_file, analyse_files
from betenet.analysis.mu_star_band import analyse_mu_star_band, mu_star_values
from betenet.analysis.numbers import NumbersAnalysis, analyse_numbers
from betenet.analysis.result import Analysis
from betenet.analysis.settings import AnalysisSettings
from betenet.analysis.spectrum import analyse, analyse_each, analyse_moments

__all__ = [
    "Analysis",
    "AnalysisSettings",
    "FileAnalysis",
    "NumbersAnalysis",
    "analyse",
    "analyse_each",
    "analyse_file",
    "analyse_files",
    "analyse_moments",
    "analyse_mu_star_band",
    "analyse_numbers",
    "mu_star_values",
]
