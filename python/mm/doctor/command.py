"""`mm doctor`: may this account, with this key, make a market here?"""

import asyncio
import os
import re
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal, InvalidOperation
from pathlib import Path

import click
from yarl import URL

from mm.doctor.checks import checks
from mm.doctor.facts import RunDir, Unread, Wanted
from mm.doctor.finding import is_fit
from mm.doctor.gather import gather
from mm.doctor.look import is_address
from mm.doctor.rundir import look_at
from mm.doctor.screen import as_json, lines
from mm.errors import ConfigError

VENUES = {"mainnet": "https://api.hyperliquid.xyz", "testnet": "https://api.hyperliquid-testnet.xyz"}
COINS_MAX = 40
"""Five streams a coin: far below the thousand subscriptions of an IP, and a screenful."""

RATE_MAX = Decimal(1_000)
SECONDS_MAX = Decimal(120)
SAMPLING_S = 2
"""What everything but the market data takes, about."""
WIDTH_OF_A_PIPE = 80
UNFIT = 1


def _url(_context: click.Context, _option: click.Parameter, value: str) -> str:
    """The address without a path. Anything but a known name or http(s)://host[:port] is refused."""
    text = VENUES.get(value, value).rstrip("/")
    try:
        url = URL(text)
        is_plain = url.scheme in ("http", "https") and bool(url.host) and url.user is None and bool(url.port)
    except ValueError:
        is_plain = False
    if not is_plain or text.count("/") != 2 or "?" in text or "#" in text:
        raise click.BadParameter("it is neither mainnet, testnet nor http(s)://host[:port], without a path")
    return text


def _address(_context: click.Context, _option: click.Parameter, value: str | None) -> str:
    """An address in lower case. What was given is not repeated when it is none: it could be a key."""
    text = (value or "").strip()
    if text and not is_address(text):
        raise click.BadParameter("it is no address: 0x and 40 hexadecimal digits")
    return text.lower()


def _coins(_context: click.Context, _option: click.Parameter, values: tuple[str, ...]) -> tuple[str, ...]:
    """Names as they may be; whether there are such coins is for the venue to say."""
    for name in values:
        if re.fullmatch(r"[!-~]{1,40}", name) is None:
            raise click.BadParameter("it is no name of a coin, such as BTC, PURR/USDC, @107 or xyz:GOLD")
    return tuple(dict.fromkeys(values))


def _rate(_context: click.Context, _option: click.Parameter, value: str) -> Decimal:
    """Actions per second."""
    return _decimal(value, Decimal(0), RATE_MAX)


def _seconds(_context: click.Context, _option: click.Parameter, value: str) -> float:
    """How long to watch."""
    return float(_decimal(value, Decimal(0), SECONDS_MAX))


def _decimal(text: str, above: Decimal, most: Decimal) -> Decimal:
    try:
        number = Decimal(text)
    except InvalidOperation:
        raise click.BadParameter("it is no number") from None
    if not number.is_finite() or not above < number <= most:
        raise click.BadParameter(f"it is not above {above} and at most {most}")
    return number


@click.command()
@click.option(
    "--url",
    "--venue",
    "url",
    callback=_url,
    default="mainnet",
    show_default=True,
    metavar="VENUE",
    help="mainnet, testnet, or the address of any venue.",
)
@click.option(
    "--account", callback=_address, metavar="ADDRESS", help="The account that trades: never the agent's address."
)
@click.option("--agent", callback=_address, metavar="ADDRESS", help="The address of the agent's key.")
@click.option(
    "--agent-key",
    "source",
    metavar="SOURCE",
    help="Where the agent's key is: env:NAME, keyring:NAME or keystore:FILE. Its address is what is needed.",
)
@click.option(
    "--coin",
    "coins",
    multiple=True,
    callback=_coins,
    metavar="COIN",
    help="A coin that will be quoted: BTC, PURR/USDC, @107, xyz:GOLD. Repeat it.",
)
@click.option(
    "--rate",
    callback=_rate,
    metavar="NUMBER",
    default="1",
    show_default=True,
    help="Actions per second that will be sent.",
)
@click.option(
    "--seconds",
    callback=_seconds,
    metavar="NUMBER",
    default="12",
    show_default=True,
    help="How long to watch the market data.",
)
@click.option(
    "--run-dir", type=click.Path(path_type=Path), metavar="DIRECTORY", help="The directory that runs are written into."
)
@click.option("--allow-master-key", is_flag=True, help="Take a master's key for a warning only.")
@click.option("--json", "machine", is_flag=True, help="Print everything as JSON (schema: docs/doctor.md).")
@click.pass_context
def doctor(
    context: click.Context,
    url: str,
    account: str,
    agent: str,
    source: str | None,
    coins: tuple[str, ...],
    rate: Decimal,
    seconds: float,
    run_dir: Path | None,
    allow_master_key: bool,
    machine: bool,
) -> None:
    """Check the key, the account and the venue before money is at stake. Reads only; signs and sends nothing.

    One line a check, and what to do about it. Ends with 0 when all is well (warnings allowed), with 1 when
    something is not, or could not be read.
    """
    if agent and source:
        raise click.UsageError("give --agent or --agent-key, not both")
    if len(coins) > COINS_MAX:
        raise click.UsageError(f"at most {COINS_MAX} coins at a time")
    trouble = ""
    if source:
        from mm.secrets import address_of  # only for those who ask: it brings signing

        try:
            agent = address_of(source)
        except ConfigError as error:
            trouble = str(error)
    wanted = Wanted(
        url=url,
        account=account,
        agent=agent,
        key_source="" if trouble or not source else source,
        key_trouble=trouble,
        coins=coins,
        rate=rate,
        allow_master_key=allow_master_key,
    )

    def local() -> RunDir | Unread | None:
        return None if run_dir is None else look_at(run_dir)

    with _patience(seconds if coins else 0, is_told=not machine and someone_is_looking()):
        facts = asyncio.run(gather(wanted, seconds, local))
    findings = checks(facts)
    if machine:
        click.echo(as_json(facts, findings))
    else:
        plain = os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb"
        colour = False if plain else None  # None: where it is a terminal
        for line in lines(facts, findings, width=_width(), is_ascii=not _has_marks()):
            click.echo(line, color=colour)
    context.exit(0 if is_fit(findings) else UNFIT)


def someone_is_looking() -> bool:
    """Whether what goes to the standard error is seen by a person."""
    return sys.stderr.isatty()


@contextmanager
def _patience(seconds: float, *, is_told: bool) -> Iterator[None]:
    """A line while nothing is to be seen yet, gone when it is over."""
    words = f"looking, for some {SAMPLING_S + seconds:.0f} s ..."
    if is_told:
        click.echo(words, err=True, nl=False)
    try:
        yield
    finally:
        if is_told:
            click.echo(f"\r{' ' * len(words)}\r", err=True, nl=False)


def _width() -> int:
    return shutil.get_terminal_size((WIDTH_OF_A_PIPE, 24)).columns


def _has_marks() -> bool:
    """Whether the output can say ✓; a console of another age cannot."""
    try:
        "✓✗…·→“”±".encode(sys.stdout.encoding or "ascii")
    except (LookupError, UnicodeEncodeError):
        return False
    return True
