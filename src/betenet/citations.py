"""What a result of betenet owes to whom: one table, as text and as BibTeX."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True, slots=True)
class Citation:
    """One work to cite.

    Parameters
    ----------
    key
        BibTeX key.
    role
        The part of betenet that rests on it: a heading of the printed list.
    owed
        What of it a result uses, in one clause.
    kind
        BibTeX entry type.
    authors
        Names, in BibTeX order, one string each.
    title
        Title of the work.
    journal
        Journal, or the archive for a preprint.
    year
        Year of the issue.
    doi
        Digital object identifier.
    volume
        Volume, empty for a preprint.
    pages
        First page or article number.
    """

    key: str
    role: str
    owed: str
    authors: tuple[str, ...]
    title: str
    journal: str
    year: int
    doi: str
    kind: str = "article"
    volume: str = ""
    pages: str = ""

    def as_text(self) -> str:
        """One reference as a line of plain text."""
        named = [" ".join(reversed(author.split(", "))) for author in self.authors]
        if len(named) > 4 or named[-1] == "others":
            named = [*named[:3], "et al."]
        where = self.journal
        if self.volume:
            where += f" {self.volume}, {self.pages}"
        return f"{', '.join(named)}, {self.title}. {where} ({self.year}). doi:{self.doi}"

    def as_bibtex(self) -> str:
        """The same reference as a BibTeX entry."""
        fields = {
            "author": " and ".join(self.authors),
            "title": "{" + self.title + "}",
            "journal": self.journal,
            "volume": self.volume,
            "pages": self.pages,
            "year": str(self.year),
            "doi": self.doi,
        }
        body = ",\n".join(f"  {name} = {{{text}}}" for name, text in fields.items() if text)
        return f"@{self.kind}{{{self.key},\n{body}\n}}"


NETWORK = "The network and the training idea"
DATA = "The data that the shipped models learnt from"
TC = "The formulas for Tc"
EQUATIONS = "The Eliashberg equations"
SOFTWARE = "Software that betenet stands on"

CITATIONS: tuple[Citation, ...] = (
    Citation(
        key="gibson2025betenet",
        role=NETWORK,
        owed="BETE-NET: the bootstrapped equivariant ensemble for α²F, and its DFT data set",
        authors=(
            "Gibson, Jason B.",
            "Hire, Ajinkya C.",
            "Dee, Philip M.",
            "Barrera, Oscar",
            "Geisler, Benjamin",
            "Hirschfeld, Peter J.",
            "Hennig, Richard G.",
        ),
        title=(
            "Accelerating superconductor discovery through tempered deep learning "
            "of the electron-phonon spectral function"
        ),
        journal="npj Comput. Mater.",
        volume="11",
        pages="7",
        year=2025,
        doi="10.1038/s41524-024-01475-4",
    ),
    Citation(
        key="cerqueira2024sampling",
        role=DATA,
        owed="λ and ω_log of the Alexandria superconductors (published online in 2023)",
        authors=("Cerqueira, Tiago F. T.", "Sanna, Antonio", "Marques, Miguel A. L."),
        title="Sampling the materials space for conventional superconducting compounds",
        journal="Adv. Mater.",
        volume="36",
        pages="2307085",
        year=2024,
        doi="10.1002/adma.202307085",
    ),
    Citation(
        key="choudhary2022designing",
        role=DATA,
        owed="λ and ω_log of the JARVIS-DFT superconductors",
        authors=("Choudhary, Kamal", "Garrity, Kevin"),
        title=(
            "Designing high-TC superconductors with BCS-inspired screening, "
            "density functional theory, and deep-learning"
        ),
        journal="npj Comput. Mater.",
        volume="8",
        pages="244",
        year=2022,
        doi="10.1038/s41524-022-00933-1",
    ),
    Citation(
        key="mcmillan1968transition",
        role=TC,
        owed="`mcmillan`, the base of every formula but xie_2019, and the meaning of μ* in them",
        authors=("McMillan, W. L.",),
        title="Transition temperature of strong-coupled superconductors",
        journal="Phys. Rev.",
        volume="167",
        pages="331",
        year=1968,
        doi="10.1103/PhysRev.167.331",
    ),
    Citation(
        key="allen1975transition",
        role=TC,
        owed="`allen_dynes` and `allen_dynes_simple`, and ω_log and ω_2 as Tc needs them",
        authors=("Allen, P. B.", "Dynes, R. C."),
        title="Transition temperature of strong-coupled superconductors reanalyzed",
        journal="Phys. Rev. B",
        volume="12",
        pages="905",
        year=1975,
        doi="10.1103/PhysRevB.12.905",
    ),
    Citation(
        key="xie2019functional",
        role=TC,
        owed="`xie_2019`",
        authors=(
            "Xie, S. R.",
            "Stewart, G. R.",
            "Hamlin, J. J.",
            "Hirschfeld, P. J.",
            "Hennig, R. G.",
        ),
        title=("Functional form of the superconducting critical temperature from machine learning"),
        journal="Phys. Rev. B",
        volume="100",
        pages="174513",
        year=2019,
        doi="10.1103/PhysRevB.100.174513",
    ),
    Citation(
        key="xie2022machine",
        role=TC,
        owed="`xie_2022`",
        authors=(
            "Xie, S. R.",
            "Quan, Y.",
            "Hire, A. C.",
            "Deng, B.",
            "DeStefano, J. M.",
            "Salinas, I.",
            "Shah, U. S.",
            "Fanfarillo, L.",
            "Lim, J.",
            "Kim, J.",
            "Stewart, G. R.",
            "Hamlin, J. J.",
            "Hirschfeld, P. J.",
            "Hennig, R. G.",
        ),
        title="Machine learning of superconducting critical temperature from Eliashberg theory",
        journal="npj Comput. Mater.",
        volume="8",
        pages="14",
        year=2022,
        doi="10.1038/s41524-021-00666-7",
    ),
    Citation(
        key="carbotte1990properties",
        role=EQUATIONS,
        owed="the equations, the free energy and the ratios that are compared with BCS",
        authors=("Carbotte, J. P.",),
        title="Properties of boson-exchange superconductors",
        journal="Rev. Mod. Phys.",
        volume="62",
        pages="1027",
        year=1990,
        doi="10.1103/RevModPhys.62.1027",
    ),
    Citation(
        key="morel1962calculation",
        role=EQUATIONS,
        owed="μ* at another cutoff",
        authors=("Morel, P.", "Anderson, P. W."),
        title=(
            "Calculation of the superconducting state parameters with retarded "
            "electron-phonon interaction"
        ),
        journal="Phys. Rev.",
        volume="125",
        pages="1263",
        year=1962,
        doi="10.1103/PhysRev.125.1263",
    ),
    Citation(
        key="bergmann1973sensitivity",
        role=EQUATIONS,
        owed="Tc as an eigenvalue problem, and δTc/δα²F(ω)",
        authors=("Bergmann, G.", "Rainer, D."),
        title="The sensitivity of the transition temperature to changes in α²F(ω)",
        journal="Z. Phys.",
        volume="263",
        pages="59",
        year=1973,
        doi="10.1007/BF02351862",
    ),
    Citation(
        key="vidberg1977solving",
        role=EQUATIONS,
        owed="the gap edge of many spectra by Padé approximants",
        authors=("Vidberg, H. J.", "Serene, J. W."),
        title="Solving the Eliashberg equations by means of N-point Padé approximants",
        journal="J. Low Temp. Phys.",
        volume="29",
        pages="179",
        year=1977,
        doi="10.1007/BF00655090",
    ),
    Citation(
        key="marsiglio1988iterative",
        role=EQUATIONS,
        owed="Δ(ω) and the density of states on the real axis",
        authors=("Marsiglio, F.", "Schossmann, M.", "Carbotte, J. P."),
        title="Iterative analytic continuation of the electron self-energy to the real axis",
        journal="Phys. Rev. B",
        volume="37",
        pages="4965",
        year=1988,
        doi="10.1103/PhysRevB.37.4965",
    ),
    Citation(
        key="geiger2022e3nn",
        role=SOFTWARE,
        owed="e3nn: irreducible representations, their conventions and the tensor products",
        authors=("Geiger, Mario", "Smidt, Tess"),
        title="e3nn: Euclidean neural networks",
        journal="arXiv:2207.09453",
        year=2022,
        doi="10.48550/arXiv.2207.09453",
    ),
    Citation(
        key="larsen2017ase",
        role=SOFTWARE,
        owed="ASE: reading and holding crystal structures",
        authors=(
            "Larsen, Ask Hjorth",
            "Mortensen, Jens Jørgen",
            "Blomqvist, Jakob",
            "others",  # BibTeX's own word for "et al."
        ),
        title="The atomic simulation environment: a Python library for working with atoms",
        journal="J. Phys.: Condens. Matter",
        volume="29",
        pages="273002",
        year=2017,
        doi="10.1088/1361-648X/aa680e",
    ),
    Citation(
        key="togo2024spglib",
        role=SOFTWARE,
        owed="spglib: the primitive cell that every prediction starts from",
        authors=("Togo, Atsushi", "Shinohara, Kohei", "Tanaka, Isao"),
        title="Spglib: a software library for crystal symmetry search",
        journal="Sci. Technol. Adv. Mater. Methods",
        volume="4",
        pages="2384822",
        year=2024,
        doi="10.1080/27660400.2024.2384822",
    ),
    Citation(
        key="togo2023phonopy",
        role=SOFTWARE,
        owed="phonopy: force constants and modes, of results with phonons",
        authors=("Togo, Atsushi", "Chaput, Laurent", "Tadano, Terumasa", "Tanaka, Isao"),
        title="Implementation strategies in phonopy and phono3py",
        journal="J. Phys.: Condens. Matter",
        volume="35",
        pages="353001",
        year=2023,
        doi="10.1088/1361-648X/acd831",
    ),
    Citation(
        key="park2024sevennet",
        role=SOFTWARE,
        owed="SevenNet: the force field that phonons are computed with by default",
        authors=("Park, Yutack", "Kim, Jaesun", "Hwang, Seungwoo", "Han, Seungwu"),
        title=(
            "Scalable parallel algorithm for graph neural network interatomic potentials in "
            "molecular dynamics simulations"
        ),
        journal="J. Chem. Theory Comput.",
        volume="20",
        pages="4857",
        year=2024,
        doi="10.1021/acs.jctc.4c00190",
    ),
    Citation(
        key="yang2024mattersim",
        role=SOFTWARE,
        owed="MatterSim: the force fields mattersim-1m and mattersim-5m",
        authors=("Yang, Han", "Hu, Chenxi", "Zhou, Yichi", "others"),
        title=(
            "MatterSim: A Deep Learning Atomistic Model Across Elements, Temperatures and Pressures"
        ),
        journal="arXiv:2405.04967",
        year=2024,
        doi="10.48550/arXiv.2405.04967",
    ),
    Citation(
        key="chen2022m3gnet",
        role=SOFTWARE,
        owed="M3GNet: the architecture of MatterSim's force fields",
        authors=("Chen, Chi", "Ong, Shyue Ping"),
        title="A universal graph deep learning interatomic potential for the periodic table",
        journal="Nat. Comput. Sci.",
        volume="2",
        pages="718",
        year=2022,
        doi="10.1038/s43588-022-00349-3",
    ),
)


def _text_lines() -> Iterator[str]:
    for role in dict.fromkeys(citation.role for citation in CITATIONS):
        yield role
        for citation in CITATIONS:
            if citation.role == role:
                yield f"  - {citation.owed}"
                yield f"    {citation.as_text()}"
        yield ""


def citations_text() -> str:
    """Every work to cite, grouped by what of betenet rests on it."""
    return "\n".join(_text_lines()).rstrip()


def citations_bibtex() -> str:
    """The same works as a BibTeX file."""
    return "\n\n".join(citation.as_bibtex() for citation in CITATIONS)
