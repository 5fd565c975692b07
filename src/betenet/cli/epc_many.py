"""The verbs of ``betenet epc`` around many calculations: cutoffs and campaigns."""

from __future__ import annotations

import argparse
from pathlib import Path

from betenet.cli.arguments import HelpFormatter, Verbs, add_json, positive
from betenet.cli.epc_arguments import add_recipe

_CAMPAIGN_EPILOG = """\
examples:
  betenet epc campaign list.csv --out many/ --pseudopotentials upf/ --most-hours 2
  betenet epc campaign --out many/                goes on after a kill
  betenet epc campaign more.csv --out many/       adds a list, also while it runs
  betenet epc status many/                        what came out, at which rate, what is left

about LIST:
  A CSV file with a header. The column `file` has structure files, relative to the folder of the
  list; `pressure_gpa` the pressure to relax to (0 if left out); `formula` is checked against the
  file; `family` is kept in the record. Other columns are passed over.

about records:
  Each crystal that is settled has one JSON file of at most some 60 kB in the folder of records:
  kept, dropped (unstable, no metal, negative α²F …, with the reason) or failed. It may be copied
  and committed. Crystals that are too dear or cannot be planned are skipped, and looked at again at
  the next start; so are those that are left, because this machine was at fault. When three in a
  row are, the campaign ends.

"""

_CUTOFFS_EPILOG = """\
examples:
  betenet epc cutoffs pseudopotentials/           all of a folder
  betenet epc cutoffs pseudopotentials/ Nb H      two of them
  betenet epc cutoffs sg15/ --table               entries for the table of known ones

where cutoffs come from, in this order:
  A file beside the pseudopotential (Nb.toml beside Nb.upf, as in PseudoDojo's set), the table that
  comes with betenet, and what was measured on this machine. Measurements are kept in
  ~/.cache/betenet/cutoffs (or $BETENET_CUTOFFS), by the content of the pseudopotential. Those of
  --again are kept too, but plans still prefer a file beside the pseudopotential and the table.

how it is measured:
  pw.x calculates an fcc crystal of the element, not magnetic, with 4×4×4 k-points and neighbours
  two covalent radii apart (at least 1.1 Å). The functional is PBEsol, whatever functional the file
  was made for: it hardly matters for the number of plane waves. The reference is calculated at
  160 Ry (ultrasoft and PAW: 100 Ry), then the crystal with fewer plane waves, down to 20 Ry. Enough
  is the lowest cutoff from which on the pressure is within 0.3 GPa (0.2 % if that is more) and the
  energy within 50 meV/atom of those of the reference: the greater part of an error in the energy
  cancels between crystals, an error in the pressure does not.

"""


def add_cutoffs(actions: Verbs) -> None:
    """Add the verb ``cutoffs``."""
    cutoffs = actions.add_parser(
        "cutoffs",
        help="how many plane waves pseudopotentials need; measures what is not known",
        description="How many plane waves pseudopotentials need. Where no recommended cutoff is "
        "known, it is measured, in about a minute for an element, and kept.",
        epilog=_CUTOFFS_EPILOG,
        formatter_class=HelpFormatter,
    )
    cutoffs.add_argument("folder", type=Path, metavar="DIR", help="folder of UPF files")
    cutoffs.add_argument(
        "elements",
        nargs="*",
        metavar="ELEMENT",
        help="only these elements (default: all in DIR)",
    )
    cutoffs.add_argument(
        "--programs", type=Path, metavar="DIR", help="folder of pw.x (default: from PATH)"
    )
    cutoffs.add_argument(
        "--again", action="store_true", help="measure also where cutoffs are known already"
    )
    cutoffs.add_argument(
        "--table", action="store_true", help="print what was measured as entries of cutoffs.toml"
    )
    add_json(cutoffs, "cutoffs, their sources and new measurements")
    cutoffs.set_defaults(run=run_cutoffs)


def add_campaign(actions: Verbs) -> None:
    """Add the verb ``campaign``."""
    running = actions.add_parser(
        "campaign",
        help="calculate the crystals of long lists, for as long as it is let run",
        description="Calculate the crystals of lists in their order, one program at a time at the "
        "lowest priority. Given a LIST while it runs, the crystals are added at the end.",
        epilog=_CAMPAIGN_EPILOG,
        formatter_class=HelpFormatter,
    )
    running.add_argument(
        "lists", nargs="*", type=Path, metavar="LIST", help="CSV file of crystals, see below"
    )
    running.add_argument(
        "--out", type=Path, required=True, metavar="DIR", help="folder of the campaign"
    )
    told = running.add_argument_group("what to calculate (kept in DIR for later starts)")
    add_recipe(told, "scout")
    told.add_argument(
        "--most-hours",
        type=positive,
        metavar="H",
        help="skip crystals that are expected to take more core-hours (default: no limit)",
    )
    told.add_argument(
        "--records",
        type=Path,
        metavar="DIR",
        help="folder of the records of crystals that are kept, dropped or failed; those are not "
        "computed again (default: records/ in --out)",
    )
    told.add_argument(
        "--held-out",
        type=Path,
        metavar="FILE",
        help="formulas for tests only, one in a line (H3S1): their records get the split test, "
        "all others train",
    )
    _add_how(running)
    running.set_defaults(run=run_campaign)


def _add_how(running: argparse.ArgumentParser) -> None:
    how = running.add_argument_group("how to run")
    how.add_argument(
        "--programs", type=Path, metavar="DIR", help="folder of pw.x (default: from PATH)"
    )
    how.add_argument(
        "--max-seconds",
        type=positive,
        metavar="S",
        help="stop cleanly before so many seconds have passed",
    )
    how.add_argument(
        "--retry-failed",
        action="store_true",
        help="calculate again where a program has failed, or a record is damaged",
    )


def run_cutoffs(arguments: argparse.Namespace) -> int:
    """Print the cutoffs of pseudopotentials, and measure those that are not known."""
    from betenet.cli.epc_cutoffs import cutoffs

    return cutoffs(arguments)


def run_campaign(arguments: argparse.Namespace) -> int:
    """Work through lists."""
    from betenet.cli.epc_campaign import campaign

    return campaign(arguments)
