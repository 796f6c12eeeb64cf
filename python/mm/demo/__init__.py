"""`mm demo`: a maker, a venue in the same process, everything that goes wrong, and the proof.

`show` (what happens, and when the maker dies), `score` (three witnesses compared), `panel` (what is
seen while it runs), `card` (what is left of it), `command` (the command line).
"""
