"""A venue inside this process: thin, but with the real one's words, races and faults.

Nothing here imports the engine: what the venue says is compared with what the engine says, and two
witnesses who share code are one. The parts: `book` (price-time priority), `accounts` (the ledger),
`venue` (actions in, outcomes out), `wire` (rows and frames), `crowd` (everybody else), `faults`
(what goes wrong), `link` (the `Exchange`: virtual time and latency).
"""
