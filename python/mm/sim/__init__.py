"""A Hyperliquid on loopback that any SDK can trade against: HTTP and WebSocket, and everything that goes wrong.

The parts: `venue` (the byte protocol that a simulated venue speaks), `small` (a small venue in Python), `server`
(HTTP and WebSocket around any of them), `faults` (what goes wrong on the wire, by name), `control` (faults on
command and the ground truth, in this process and over `POST /control`), `thread` (all of it in a thread of its
own), `command` (`mm sim serve`).
"""
