"""This router against others, by the benchmark rig beside the checkout: `make bench`.

The rig (`../shared/bench`, its README says how it measures) prints tables and ratios; this adds a plot of the ratios.
Options are the rig's, such as `--scenario small --peers grafbase --rounds 2`.
"""

import json
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

__all__ = ["main", "plotted"]

ROOT = Path(__file__).parents[2]
RIG = ROOT.parent / "shared" / "bench" / "bench.py"
WIDTH = 50


def plotted(ratios: Mapping[str, float]) -> list[str]:
    """A bar for each ratio; a bar of one character or more, the longest as wide as the plot."""
    longest = max(ratios.values(), default=1.0)
    width = max(map(len, ratios), default=0)
    return [
        f"{name:<{width}} {'#' * max(1, round(WIDTH * ratio / longest))} {ratio:.2f}" for name, ratio in ratios.items()
    ]


def main(arguments: Sequence[str]) -> int:
    """Run the rig; returns its exit status, or 0 where there is none."""
    if not RIG.exists():
        print("skipped: the benchmark rig is not beside this checkout, in ../shared/bench")
        return 0
    router = f"{sys.executable} -m router serve --supergraph {{supergraph}} --port {{port}}"
    with tempfile.TemporaryDirectory() as folder:
        figures = Path(folder) / "figures.json"
        command = [sys.executable, str(RIG), "--router-cmd", router, "--work", str(ROOT / ".bench" / "rig")]
        done = subprocess.run([*command, "--json", str(figures), *arguments], check=False)
        measured = json.loads(figures.read_text())["scenarios"] if figures.exists() else {}
    ratios = {
        f"{scenario} / {peer}": float(middle)
        for scenario, found in measured.items()
        for peer, (_, middle, _) in found["ratios"].items()
    }
    if ratios:
        print("\nrequests per second, this router / the other:", *plotted(ratios), sep="\n")
    return done.returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
