"""Audits of exported fills: is every fill there, and what do they add up to?

`source` opens a file (plain, gzip, Zstandard), `values` cuts JSON of any layout into values, `shapes` finds
fills in them, `sheet` reads CSV, `fill` checks one record, `reader` puts these together; `books` feeds the
engine, one per account; `report` and `schema` say what came out; `command` is `mm audit`.

Nothing here decides what is true: the engine does. Here is only how fills come to it, and how the answer reads.
"""
