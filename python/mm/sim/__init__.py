"""A simulated Hyperliquid that any SDK can trade against, with everything that goes wrong.

The venue is Rust (`mm._core.venue`), without socket and clock. Around it: `build` (accounts, markets, recordings), `server`
(HTTP and WebSocket on loopback), `faults` and `catalogue` (what goes wrong, by name), `control` (faults on command and the
ground truth, in this process and over `POST /control`), `thread` (all of it in a thread of its own), `command` (`mm sim
serve`), `venue` (the byte protocol between a venue and whoever carries its bytes).
"""
