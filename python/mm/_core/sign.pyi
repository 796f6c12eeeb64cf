"""Actions into signed bytes, and the nonces under which they are sent."""
