"""A simulated Hyperliquid: deterministic, without clock or socket."""
