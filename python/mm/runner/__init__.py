"""The one loop, and what it is made of.

`tally` (what was counted), `decide` (what is wanted), `loop` (the `Runner`); requests, answers, questions
and the record are its session's (`mm.session`).
"""

from mm.runner.decide import Settings
from mm.runner.loop import Runner
from mm.runner.tally import Tally
from mm.session import Killed, Record, Recorded

__all__ = ["Killed", "Record", "Recorded", "Runner", "Settings", "Tally"]
