"""Where the agent's key comes from: the environment, the system's keyring, or a keystore file. Never the command line.

    signer = mm.secrets.load("keystore:/home/maker/.mm/agent.json", mainnet=True)

A key ends in a `Signer` and cannot be had back from there. From a keystore it goes there without ever being an object
of Python; from the environment and a keyring it passes as a text that Python cannot wipe. So the order of preference
is keystore, keyring, environment (ADR 0012).
"""

from mm.secrets.load import address_of, load
from mm.secrets.process import forbid_core_dumps
from mm.secrets.secret import Secret

__all__ = ["Secret", "address_of", "forbid_core_dumps", "load"]
