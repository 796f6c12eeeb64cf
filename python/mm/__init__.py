"""A market maker for Hyperliquid that never loses track of an order."""
