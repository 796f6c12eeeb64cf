"""`mm key`: make or take over an agent's key, without anybody seeing it."""

import getpass
import os
import sys
from collections.abc import Callable
from typing import Any

import click

from mm._core import sign
from mm.errors import BadInput, ConfigError
from mm.secrets import files, keystore, passphrase, rings
from mm.secrets.load import address_of, held, load
from mm.secrets.process import forbid_core_dumps
from mm.secrets.secret import Secret
from mm.secrets.source import KEY_LIKE, Kind, Source, parse, trouble

CONFIG_WRONG = 4
INPUT_MAX = 4_096

Command = Callable[..., Any]


def _passphrase(command: Command) -> Command:
    return click.option(
        "--passphrase",
        "passphrase_from",
        metavar="FROM",
        default="prompt",
        show_default=True,
        help="Of a keystore: prompt, fd:NUMBER or file:PATH. Never the passphrase itself.",
    )(command)


class _Refusing(click.Group):
    """Says what is wrong with the configuration in one line, and ends with 4. Never repeats what may be a secret."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Read the options of the group itself."""
        try:
            return super().parse_args(ctx, args)
        except click.UsageError as error:
            raised = _unsaid(error, ctx)
        raise raised

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command; a `ConfigError` is for people, not a traceback."""
        try:
            return super().invoke(ctx)
        except ConfigError as error:
            click.echo(f"mm key: {error}", err=True)
            ctx.exit(CONFIG_WRONG)
        except click.UsageError as error:
            raised = _unsaid(error, error.ctx or ctx)
        raise raised


def _unsaid(error: click.UsageError, ctx: click.Context) -> click.UsageError:
    """The error, without what was given by mistake: a key, or a passphrase, which looks like anything."""
    is_missing = isinstance(error, click.MissingParameter)
    repeats = type(error) is click.UsageError or (isinstance(error, click.BadParameter) and not is_missing)
    text = error.format_message()
    if repeats or KEY_LIKE.search(text):
        text = "What was given is not understood. It is not repeated here: there may be a key in it."
    return click.UsageError(text, ctx)


@click.group(cls=_Refusing)
def key() -> None:
    """Make, take over or look up an agent's key. The key itself is never shown.

    A key is kept in a keystore file (keystore:FILE, under a passphrase) or in the system's keyring (keyring:NAME).
    """
    forbid_core_dumps()


@key.command()
@click.argument("target", metavar="TARGET")
@_passphrase
def new(target: str, passphrase_from: str) -> None:
    """Make a fresh agent's key and keep it in TARGET.

    TARGET is keystore:FILE or keyring:NAME. Prints the key's address, and how to approve it.
    """
    place = _target(target)
    if place.kind is Kind.KEYRING:
        with Secret(os.urandom(32).hex()) as fresh:
            address = _into_ring(place, fresh)
    else:
        address = _into_keystore(place, None, passphrase_from)
    _made(place, address)


@key.command("import")
@click.argument("target", metavar="TARGET")
@_passphrase
def import_(target: str, passphrase_from: str) -> None:
    """Take over a key that you have, and keep it in TARGET.

    TARGET is keystore:FILE or keyring:NAME. The key is asked for at a prompt, or read from standard input: 64
    hexadecimal digits, with or without 0x. Where it is read from standard input, the passphrase of a keystore comes from
    another descriptor or a file.
    """
    place = _target(target)
    with _from_outside() as taken:
        if place.kind is Kind.KEYRING:
            address = _into_ring(place, taken)
        else:
            address = _into_keystore(place, taken, passphrase_from)
    _made(place, address)


@key.command("show-address")
@click.argument("source", metavar="SOURCE")
@click.option("--open", "is_opened", is_flag=True, help="Open the keystore, which proves the address it states.")
@_passphrase
def show_address(source: str, is_opened: bool, passphrase_from: str) -> None:
    """Print the address of the key in SOURCE.

    SOURCE is env:NAME, keyring:NAME or keystore:FILE.
    """
    if is_opened:
        click.echo(load(source, mainnet=True, passphrase_from=passphrase_from).address)
    else:
        click.echo(address_of(source))


def _target(text: str) -> Source:
    place = parse(text)
    if place.kind is Kind.ENV:
        raise trouble("A key is not kept in the environment: name keystore:FILE or keyring:NAME.", "is no target")
    return place


def _from_outside() -> Secret:
    """A key from a prompt, or from standard input where nobody is there. Raises `ConfigError`."""
    if _someone_is_there():
        return Secret(getpass.getpass("Key (64 hexadecimal digits, not shown): ")).stripped()
    taken = Secret(bytearray(sys.stdin.buffer.read(INPUT_MAX))).stripped()
    if taken.is_empty():
        raise trouble("There was no key on standard input.", "is empty")
    return taken


def _someone_is_there() -> bool:
    return sys.stdin.isatty()


def _into_ring(place: Source, key_text: Secret) -> str:
    address = _address(key_text)
    rings.write_new(place, key_text)
    with held(place) as kept:
        if _address(kept) != address:
            raise trouble(f"{place} gives another key than it was given.", "cannot be written")
    return address


def _into_keystore(place: Source, key_text: Secret | None, passphrase_from: str) -> str:
    """Writes the file, and opens it once to be sure of it."""
    files.check_new(place.path)
    if key_text is not None:
        _address(key_text)  # before a passphrase is asked for
    with passphrase.read(passphrase_from, "New passphrase: ", twice=True) as words:
        address, content = keystore.seal(key_text, words)
        opened = keystore.open_signer(keystore.parse(content), words, mainnet=True)
        assert opened.address == address, "the file opens to the key that went into it"
        files.write_new(place.path, content)
    return address


def _address(key_text: Secret) -> str:
    try:
        return sign.address_of(key_text.text())
    except (BadInput, UnicodeDecodeError):
        pass
    raise trouble("That is no key: a key is 64 hexadecimal digits, with or without 0x.", "is no key")


def _made(place: Source, address: str) -> None:
    click.echo(
        f"""\
Address   {address}
Kept in   {place}

To let it trade, approve it from the master account's own wallet:
  1. On the venue's site: More > API. Give it a name, such as mm-1, and this
     address.
  2. Choose how long it is valid: at most 180 days; without a choice it is 90.
  3. Authorize. (The same by a program: approveAgent, signed by the master.)
Then
  mm doctor --account MASTER_ADDRESS --agent-key {place}

An agent can trade but not withdraw. To revoke it, remove it on the same page.
Never approve its address again after that: orders it once signed could be
played back. Make a new key."""
    )
