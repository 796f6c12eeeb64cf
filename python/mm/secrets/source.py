"""Where a key comes from, as it stands in a setting: `env:NAME`, `keyring:NAME` or `keystore:FILE`."""

import re
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from mm.errors import ConfigError

FIELD = "agent_key"

FORMS = "env:NAME, keyring:NAME or keyring:SERVICE/NAME, keystore:FILE"
NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,127}", re.ASCII)
LABEL = re.compile(r"[A-Za-z0-9_.@-]{1,64}", re.ASCII)
KEY_LIKE = re.compile(r"(?:0[xX])?[0-9a-fA-F]{64}", re.ASCII)
SERVICE = "mm"


class Kind(StrEnum):
    """The places that a key may come from."""

    ENV = "env"
    KEYRING = "keyring"
    KEYSTORE = "keystore"


@dataclass(frozen=True, slots=True)
class Source:
    """A place, and what it is called there. Nothing secret is in it."""

    kind: Kind
    name: str
    service: str = ""

    def __str__(self) -> str:
        place = f"{self.service}/{self.name}" if self.service and self.service != SERVICE else self.name
        return f"{self.kind}:{place}"

    @property
    def path(self) -> Path:
        """Of a keystore."""
        return Path(self.name)


def parse(text: str) -> Source:
    """Reads a source. Raises `ConfigError`; what was given is never repeated, for it may be a key itself."""
    found = understood(text)
    text = ""  # no frame of a traceback has it
    return settled(found)


def settled(found: Source | ConfigError) -> Source:
    """The source; raises what `understood` found wrong."""
    if isinstance(found, ConfigError):
        raise found
    return found


def understood(text: str) -> Source | ConfigError:
    """Reads a source, and gives what is wrong with it instead of raising: a caller first forgets the text, then raises."""
    if not isinstance(text, str):
        return trouble(f"The key's source is not text; it is one of {FORMS}.", "is not text")
    if KEY_LIKE.search(text):
        return trouble(
            f"That looks like a key itself. A key stands in no setting and on no command line: name where it is ({FORMS}).",
            "looks like a key",
        )
    kind, _, rest = text.partition(":")
    if kind == Kind.ENV and NAME.fullmatch(rest):
        return Source(Kind.ENV, rest)
    if kind == Kind.KEYRING:
        service, slash, name = rest.rpartition("/")
        service = service if slash else SERVICE
        if LABEL.fullmatch(service) and LABEL.fullmatch(name):
            return Source(Kind.KEYRING, name, service)
    if kind == Kind.KEYSTORE and rest and rest.isprintable():
        return Source(Kind.KEYSTORE, str(Path(rest).expanduser()))
    return trouble(f"The key's source is none of {FORMS}.", "is no source of a key")


def trouble(message: str, reason: str, field: str = FIELD) -> ConfigError:
    """The one exception of this package. The message is whole sentences without a secret in them."""
    return ConfigError(message, field=field, reason=reason)
