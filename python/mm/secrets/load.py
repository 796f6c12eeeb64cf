"""From a source to a signer, or to the address alone."""

import os

from mm._core import sign
from mm.errors import BadInput, ConfigError
from mm.secrets import files, keystore, passphrase, rings
from mm.secrets.secret import Secret
from mm.secrets.source import Kind, Source, settled, trouble, understood


def load(source: str, *, mainnet: bool, vault: str | None = None, passphrase_from: str = "prompt") -> sign.Signer:
    """The key of a source, in a signer for that network (and for that sub-account or vault).

    `source` is `env:NAME`, `keyring:NAME` or `keystore:FILE`; for a keystore the passphrase comes from
    `passphrase_from`: `prompt`, `fd:NUMBER` or `file:PATH`. Raises `ConfigError` (`field` is `agent_key`, `passphrase`
    or the member of the keystore at fault), never with a word of what is secret. The variable of `env:` is left where
    it is, and the processes that are started from here inherit it.
    """
    found = understood(source)
    source = ""  # if it was a key, no frame of a traceback has it
    place = settled(found)
    try:
        if place.kind is Kind.KEYSTORE:
            opened = keystore.parse(files.read(place.path, keystore.BYTES_MAX))
            with passphrase.read(passphrase_from, f"Passphrase of {place.path.name}: ") as words:
                return keystore.open_signer(opened, words, mainnet=mainnet, vault=vault)
        with held(place) as key:
            return sign.Signer(key.text(), mainnet=mainnet, vault=vault)
    except BadInput as error:
        field, reason = error.field, error.reason
    raise _refused(place, field, reason)


def address_of(source: str) -> str:
    """The address of the key of a source, in lower case. Raises `ConfigError`.

    A keystore is not opened for it: the file's own word is taken, which nothing protects. Ask `load` to be sure.
    """
    found = understood(source)
    source = ""  # if it was a key, no frame of a traceback has it
    place = settled(found)
    if place.kind is Kind.KEYSTORE:
        told = keystore.parse(files.read(place.path, keystore.BYTES_MAX)).address
        if not told:
            raise trouble(f"{place.path} does not state its address: open it.", "states no address")
        return told
    with held(place) as key:
        try:
            return sign.address_of(key.text())
        except BadInput as error:
            field, reason = error.field, error.reason
    raise _refused(place, field, reason)


def held(place: Source) -> Secret:
    """The key itself, of the environment or a keyring: 64 hexadecimal digits. Raises `ConfigError`."""
    if place.kind is Kind.KEYRING:
        return rings.read(place).stripped()
    if not os.environ.get(place.name, "").strip():
        raise trouble(f"The environment has no {place.name}.", "does not exist")
    return Secret(os.environ[place.name].strip())


def _refused(place: Source, field: str, reason: str) -> ConfigError:
    if field != "key":
        return trouble(f"The signer was refused: {field} {reason}.", reason, field)
    return trouble(f"{place} holds no key: a key is 64 hexadecimal digits, with or without 0x.", "holds no key")
