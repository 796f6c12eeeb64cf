"""Hyperliquid over the network: signed actions out, the account's streams and the markets in."""
