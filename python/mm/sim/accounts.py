"""The accounts of a simulation: made from its seed, funded from nothing, worth nothing."""

from hashlib import sha256

from mm._core.sign import address_of
from mm.sim.venue import Account

NAMES = ("maker", "taker", "other")
"""The accounts there are by default."""


def account(seed: int | str, name: str) -> Account:
    """The account of that name in the simulation of that seed: always the same keys."""
    key, agent_key = (_key(seed, name, role) for role in ("account", "agent"))
    return Account(name, address_of(key), key, address_of(agent_key), agent_key)


def accounts(seed: int | str = 0, names: tuple[str, ...] = NAMES) -> tuple[Account, ...]:
    """One account for each name."""
    return tuple(account(seed, name) for name in names)


def _key(seed: int | str, name: str, role: str) -> str:
    """64 hexadecimal digits. A hash of public words: everybody can make the same key, so it protects nothing."""
    return "0x" + sha256(f"mm simulation, worthless key: {seed} {name} {role}".encode()).hexdigest()
