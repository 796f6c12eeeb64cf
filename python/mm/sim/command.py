"""`mm sim serve`: a Hyperliquid on this machine, until it is interrupted."""

import asyncio
import errno
import json
import math
import shutil
import signal
import sys
import time
from collections.abc import Iterable
from pathlib import Path
from textwrap import fill
from typing import Any

import click

from mm._core import venue as core
from mm.errors import BadInput
from mm.sim.accounts import accounts
from mm.sim.build import MARKETS, Market, World, read_meta, read_recordings
from mm.sim.catalogue import CATALOGUE, Faults, known
from mm.sim.control import Control
from mm.sim.faults import PER, rate_of
from mm.sim.server import Server

WORTHLESS = "made from the seed, for this simulation only: worthless, never to be used elsewhere"
WIDTH = 80
WORDS_MIN = 20
"""Columns that words need to be broken into lines."""


def _rates(_: click.Context, __: click.Parameter, given: tuple[str, ...]) -> dict[str, int]:
    """`NAME` or `NAME=RATE` each."""
    rates = {}
    for text in given:
        name, equals, rate = text.partition("=")
        try:
            rates[known(name)] = rate_of(rate) if equals else PER
        except BadInput as error:
            raise click.BadParameter(str(error)) from error
    return rates


def _settings(_: click.Context, __: click.Parameter, given: tuple[str, ...]) -> dict[str, int]:
    """`NAME=NUMBER` each."""
    settings = {}
    for text in given:
        name, _equals, number = text.partition("=")
        if not number.isascii() or not number.isdigit():
            raise click.BadParameter(f"{text!r} is not NAME=NUMBER, a whole number")
        settings[name] = int(number)
    return settings


def _speed(_: click.Context, __: click.Parameter, text: str) -> float:
    if text == "max":
        return math.inf
    try:
        speed = float(text)
    except ValueError:
        speed = math.nan
    if not 0 <= speed <= 1_000:
        raise click.BadParameter(f"{text!r} is neither a number from 0 to 1000 nor `max`")
    return speed


def _market(_: click.Context, __: click.Parameter, given: tuple[str, ...]) -> Market | dict[str, Market]:
    """One word for all coins, or `COIN=WORD` each; of a coin that is not named nobody trades then."""
    words: dict[str, Market] = {}
    for text in given:
        coin, equals, word = text.rpartition("=")
        found = next((one for one in MARKETS if one == word), None)
        if found is None or bool(equals) != bool(coin):
            raise click.BadParameter(f"{word!r} is none of {', '.join(MARKETS)}")
        if not coin and len(given) > 1:
            raise click.BadParameter("one word is for all coins; else say COIN=WORD for each")
        if not coin:
            return found
        words[coin] = found
    return words


@click.group()
def sim() -> None:
    """A simulated Hyperliquid on this machine, for any client."""


@sim.command()
def faults() -> None:
    """List the faults by name.

    In the middle are the lines of the table in docs/simulator.md that a fault plays.
    """
    _table((name, " ".join(fault.lines), fault.about) for name, fault in sorted(CATALOGUE.items()))


@sim.command()
def settings() -> None:
    """List the settings of `mm sim serve --set` by name."""
    _table((name, about) for name, about in sorted(core.settings().items()))


def _table(rows: Iterable[tuple[str, ...]]) -> None:
    """Columns; on a terminal what is too long goes on below its beginning."""
    told = list(rows)
    widths = [max(map(len, column)) for column in zip(*told, strict=True)][:-1]
    indent = " " * sum(width + 2 for width in widths)
    most = shutil.get_terminal_size().columns if sys.stdout.isatty() else 0
    for row in told:
        head = "".join(f"{text:{width + 2}}" for text, width in zip(row, widths, strict=False))
        line = head + row[-1]
        click.echo(line if most < len(indent) + WORDS_MIN else fill(line, most, subsequent_indent=indent))


@sim.command()
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    default=0,
    show_default=True,
    metavar="NUMBER",
    help="0 takes any that is free.",
)
@click.option(
    "--seed",
    type=click.IntRange(0, 2**63),
    default=0,
    show_default=True,
    metavar="NUMBER",
    help="Decides all chance, and the accounts' keys.",
)
@click.option(
    "--speed",
    default="1",
    show_default=True,
    callback=_speed,
    metavar="FACTOR",
    help="Venue time against ours: 0 to 1000, or `max`.",
)
@click.option(
    "--market",
    multiple=True,
    default=("thin",),
    show_default=True,
    callback=_market,
    metavar="[COIN=]WORD",
    help=f"Who else trades: {', '.join(MARKETS)}. With COIN= on that coin, and on no coin that is not named.",
)
@click.option(
    "--recording", "recordings", multiple=True, metavar="COIN=FILE", help="Play a recorded market instead; repeat it."
)
@click.option(
    "--meta", type=click.Path(path_type=Path), metavar="FILE", help="A real answer to `meta` or `metaAndAssetCtxs`."
)
@click.option(
    "--fault",
    "rates",
    multiple=True,
    callback=_rates,
    metavar="NAME[=RATE]",
    help="A fault (see `mm sim faults`); its rate, 0 to 1. Repeat it.",
)
@click.option(
    "--set",
    "settings",
    multiple=True,
    callback=_settings,
    metavar="NAME=NUMBER",
    help="A setting (see `mm sim settings`), such as front.ip_weight=0 for no limit of requests. Repeat it.",
)
@click.option("--json", "as_json", is_flag=True, help="Say where it is as one line of JSON.")
def serve(
    port: int,
    seed: int,
    speed: float,
    market: Market | dict[str, Market],
    recordings: tuple[str, ...],
    meta: Path | None,
    rates: dict[str, int],
    settings: dict[str, int],
    as_json: bool,
) -> None:
    """Serve on 127.0.0.1 until Ctrl-C (SIGINT) or SIGTERM.

    Answers /info, /exchange and /ws as the venue does, and /control for whoever has the token. Accounts with money and
    agents are printed. Limits are the venue's own: 1,200 of weight a minute, for all clients on this machine together.
    """
    try:
        recording = read_recordings(recordings)
        start_ms = None if recording else time.time_ns() // 1_000_000
        told = None if meta is None else read_meta(meta)
        world = World(seed=seed, market=market, recording=recording, meta=told, start_ms=start_ms, settings=settings)
        made = accounts(seed)
        venue = world.open(made)
        server = Server(venue, made, faults=Faults(venue, seed, rates), port=port, speed=speed)
    except BadInput as error:
        option = {"perps": "meta", "settings": "set"}.get(error.field, error.field)
        raise click.UsageError(f"--{option}: {error}") from error
    asyncio.run(_serve(server, as_json))


async def _serve(server: Server, as_json: bool) -> None:
    control = Control(server)
    control.mount()
    over = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, over.set)
    try:
        await server.start()
    except OSError as error:
        await server.stop()
        why = "it is taken" if error.errno == errno.EADDRINUSE else error.strerror
        raise click.ClickException(f"cannot listen on port {server.port}: {why}") from error
    try:
        said = _where(server, control)
        click.echo(json.dumps(said) if as_json else _told(said))
        await over.wait()
    finally:
        await server.stop()


def _where(server: Server, control: Control) -> dict[str, Any]:
    rows = [
        {"name": one.name, "address": one.address, "agent": one.agent, "agentKey": one.agent_key}
        for one in server.accounts
    ]
    return {"url": server.url, "token": control.token, "accounts": rows, "keys": WORTHLESS}


def _told(said: dict[str, Any]) -> str:
    """The same for people, in 80 columns."""
    lines = [f"listening on {said['url']} until Ctrl-C", f"{'control':8}{said['token']}  (its token)", ""]
    for row in said["accounts"]:
        lines += [f"{row['name']:8}{row['address']}", f"  agent {row['agent']}", f"  key   {row['agentKey']}"]
    first = said["accounts"][0]
    lines += ["", fill(f"The keys are {said['keys']}.", WIDTH), "", "To look at it from another terminal:"]
    lines += [f"  mm doctor --url {said['url']} --coin BTC \\", f"    --account {first['address']} \\"]
    lines += [f"    --agent {first['agent']}"]
    return "\n".join(lines)
