"""What composing many random sets gives, as digests: `python -m tests.composition.digests --seed 0 --count 500`.

Another order of subgraphs (`--shuffle`) and another seed of Python's hashes (`PYTHONHASHSEED`), which decides in which
order sets are gone through, must not change a byte: neither of the supergraph, nor of errors and hints.
"""

import argparse
import hashlib
from random import Random

from router.composition import compose
from tests.composition.case_files import subgraphs
from tests.composition.feature_sets import random_case, random_features
from tests.composition.fuzz import fuzzed
from tests.composition.subgraph_designs import random_design
from tests.composition.subgraph_sets import random_subgraphs

GENERATORS = (random_features, random_case, random_subgraphs, random_design)


def random_set(seed: int) -> dict[str, str]:
    """A set of subgraphs; every fifth is broken or hostile."""
    kind = seed % (len(GENERATORS) + 1)
    if kind == len(GENERATORS):
        return {name: sdl[:20_000] for name, sdl in fuzzed(seed).items()}
    return GENERATORS[kind](Random(seed))


def digest(seed: int, *, shuffle: bool) -> str:
    """Of all that composing the set gives."""
    listed = subgraphs(random_set(seed))
    if shuffle:
        Random(seed).shuffle(listed)
    return hashlib.sha256(repr(compose(listed)).encode(errors="surrogatepass")).hexdigest()[:16]


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.composition.digests", description=__doc__)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--count", type=int, default=500)
    parser.add_argument("--shuffle", action="store_true")
    options = parser.parse_args()
    for seed in range(options.seed, options.seed + options.count):
        print(seed, digest(seed, shuffle=options.shuffle), flush=True)


if __name__ == "__main__":
    main()
