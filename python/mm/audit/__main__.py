"""`python -m mm.audit` is `mm audit`."""

from mm.audit.command import audit

audit(prog_name="mm audit")
