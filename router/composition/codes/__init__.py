"""Every code of composition: its meaning, what mends it, how severe it is.

The codes are those of Apollo's composer. `docs/errors/<CODE>.md` is made from this table and the example of the code in
`tests/composition/`.
"""

from router.composition.codes.errors import CODES
from router.composition.codes.hints import HINTS
from router.composition.codes.table import Code, Severity

__all__ = ["CODES", "HINTS", "Code", "Severity"]
