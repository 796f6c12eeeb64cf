"""The one loop, and what it is made of.

`record` (written before the act, and replayed), `desk` (requests on their way), `reads` (questions to
the venue), `tally` (what was counted), `decide` (what is wanted), `loop` (the `Runner`).
"""

from mm.runner.decide import Settings
from mm.runner.loop import Runner
from mm.runner.record import Killed, Record, Recorded
from mm.runner.tally import Tally

__all__ = ["Killed", "Record", "Recorded", "Runner", "Settings", "Tally"]
