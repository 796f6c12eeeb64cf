"""`mm sim serve`: a Hyperliquid on this machine, until it is interrupted."""

import asyncio
import json
import math
import signal
import time
from typing import Any

import click

from mm.errors import BadInput
from mm.sim.accounts import accounts
from mm.sim.control import Control
from mm.sim.faults import CATALOGUE, Faults, known, rate_of
from mm.sim.server import Server
from mm.sim.thread import small

WORTHLESS = "made from the seed, for this simulation only: worthless, never to be used elsewhere"


def _rates(_: click.Context, __: click.Parameter, given: tuple[str, ...]) -> dict[str, int]:
    """`NAME=RATE` each."""
    rates = {}
    for text in given:
        name, _equals, rate = text.partition("=")
        try:
            rates[known(name)] = rate_of(rate)
        except BadInput as error:
            raise click.BadParameter(f"{error} (`mm sim faults` lists them)") from error
    return rates


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


@click.group()
def sim() -> None:
    """A simulated Hyperliquid on this machine, for any client."""


@sim.command()
def faults() -> None:
    """List the faults by name."""
    for name, fault in sorted(CATALOGUE.items()):
        click.echo(f"{name:26} {fault.about}")


@sim.command()
@click.option("--port", type=click.IntRange(0, 65535), default=0, help="0 takes any that is free.")
@click.option("--seed", type=int, default=0, show_default=True, help="Decides keys, market and chance faults.")
@click.option(
    "--speed", default="1", show_default=True, callback=_speed, help="Venue time against ours; 0 or `max` too."
)
@click.option(
    "--fault", "rates", multiple=True, callback=_rates, metavar="NAME=RATE", help="A fault and its rate, 0 to 1."
)
@click.option("--json", "as_json", is_flag=True, help="Say where it is as one line of JSON.")
def serve(port: int, seed: int, speed: float, rates: dict[str, int], as_json: bool) -> None:
    """Serve until SIGINT or SIGTERM: /info, /exchange and /ws on 127.0.0.1, and /control for whoever has the token."""
    asyncio.run(_serve(port, seed, speed, rates, as_json))


async def _serve(port: int, seed: int, speed: float, rates: dict[str, int], as_json: bool) -> None:
    made = accounts(seed)
    venue = small(made, seed, time.time_ns() // 1_000_000)
    server = Server(venue, made, faults=Faults(seed, rates), port=port, speed=speed)
    control = Control(server)
    control.mount()
    over = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, over.set)
    try:
        await server.start()
    except OSError as error:
        raise click.ClickException(f"cannot listen on port {port}: {error.strerror}") from error
    try:
        said = _where(server, control)
        click.echo(json.dumps(said) if as_json else _told(said))
        await over.wait()
    finally:
        await server.stop()


def _where(server: Server, control: Control) -> dict[str, Any]:
    rows = [{"name": one.name, "address": one.address, "agentKey": one.agent_key} for one in server.accounts]
    return {"url": server.url, "token": control.token, "accounts": rows, "keys": WORTHLESS}


def _told(said: dict[str, Any]) -> str:
    rows = [f"{row['name']:8} {row['address']}  agent key {row['agentKey']}" for row in said["accounts"]]
    keys = f"(agent keys: {said['keys']})"
    return "\n".join([f"listening on {said['url']}  (control token {said['token']})", *rows, keys])
