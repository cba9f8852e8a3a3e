"""Random sets of subgraphs that use every feature of federation: a few features in each, some of them misused."""

from random import Random

from tests.composition import features_access, features_entities, features_values
from tests.composition.case_files import CASES, read_case
from tests.composition.scenario_files import SCENARIOS
from tests.composition.sketch import Sketch, disturbed

# Links and names come last: they change what is there.
FEATURES = (*features_values.FEATURES, *features_entities.FEATURES, *features_access.FEATURES)


def random_features(random: Random) -> dict[str, str]:
    """Names to SDL."""
    sketch = Sketch(random)
    for at in sorted(random.sample(range(len(FEATURES)), random.choice((1, 1, 2, 2, 3, 4)))):
        FEATURES[at](sketch)
    sdls = sketch.write()
    if not sketch.calm and random.random() < 0.4:
        name = random.choice(sorted(sdls))
        sdls[name] = disturbed(sdls[name], random)
    return sdls


def random_scenario(random: Random) -> dict[str, str]:
    """One of the scenarios, with up to two directives disturbed."""
    sdls = dict(random.choice(SCENARIOS).sdls)
    for _ in range(random.choice((0, 1, 1, 2))):
        name = random.choice(sorted(sdls))
        sdls[name] = disturbed(sdls[name], random)
    return sdls


def random_case(random: Random) -> dict[str, str]:
    """One of the case files, mostly with a directive or two disturbed: near each rule, on both sides of it."""
    case = read_case(random.choice(CASES))
    sdls = dict(case.failing if random.random() < 0.4 else case.mended)
    for _ in range(random.choice((0, 1, 1, 2))):
        name = random.choice(sorted(sdls))
        sdls[name] = disturbed(sdls[name], random)
    return sdls
