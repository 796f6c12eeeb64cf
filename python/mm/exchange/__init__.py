"""Venues behind one protocol: `mm.exchange.base` says what is sent and what comes back."""
