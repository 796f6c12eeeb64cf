"""`mm demo` on the command line."""

import os
import shutil
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

import click

from mm.demo.card import scorecard
from mm.demo.panel import Lines, Panel, Silent, View
from mm.demo.score import score
from mm.demo.show import SECONDS, Show

BROKEN = 6
SEED = 30
"""One that meets every fallback in the usual time."""
SPEED = 10.0
REDRAW_S = 0.1
COLUMNS, ROWS = 80, 24
"""What the panel needs; a smaller terminal gets plain lines."""


def _speed(_ctx: click.Context, param: click.Parameter, value: str) -> float | None:
    """Seconds of the market per second of the wall; None for as fast as it goes."""
    if value == "max":
        return None
    try:
        speed = float(value)
    except ValueError:
        speed = 0.0
    if not 0.1 <= speed <= 10_000:
        raise click.BadParameter(f"{value!r} is neither 'max' nor a factor from 0.1 to 10000", param=param)
    return speed


@click.command()
@click.option("--seed", default=SEED, show_default=True, help="The story: the same seed tells the same one.")
@click.option(
    "--seconds",
    default=SECONDS,
    show_default=True,
    type=click.IntRange(10, 600),
    help="How long to quote, in seconds of the market.",
)
@click.option(
    "--speed",
    default=str(SPEED),
    show_default=True,
    callback=_speed,
    help="Seconds of the market per second, or 'max'.",
)
@click.option("--json", "as_json", is_flag=True, help="Print the score as one JSON object, and nothing else.")
def demo(seed: int, seconds: int, speed: float | None, as_json: bool) -> None:
    """Watch a maker quote, die, come back, and prove nothing was lost.

    The venue is in this process: nothing is sent anywhere, no key and no network are needed. Exits with
    6 if any of the scorecard's equalities does not hold.
    """
    view = _view(as_json)
    began = time.monotonic()
    show = Show(seed, seconds, on_event=view.event)
    pace = _Pace(show, view, None if as_json else speed)
    with _hidden_cursor(isinstance(view, Panel)):
        show.run(pace)
    view.finish()
    result = score(show)
    click.echo(result.as_json() if as_json else scorecard(result, time.monotonic() - began))
    sys.exit(0 if result.ok else BROKEN)


def _view(as_json: bool) -> View:
    if as_json:
        return Silent()
    size = shutil.get_terminal_size()
    fits = size.columns >= COLUMNS and size.lines >= ROWS
    if sys.stdout.isatty() and fits and os.environ.get("TERM") != "dumb":
        return Panel()
    return Lines()


class _Pace:
    """Called between slices: draws now and then, and waits so that the market runs at the wanted speed."""

    def __init__(self, show: Show, view: View, speed: float | None) -> None:
        self._show = show
        self._view = view
        self._speed = speed
        self._began = time.monotonic()
        self._drawn = 0.0

    def __call__(self) -> None:
        now = time.monotonic()
        if now - self._drawn >= REDRAW_S or isinstance(self._view, Lines):
            self._drawn = now
            self._view.draw(self._show)
        if self._speed is not None and self._show.phase != "closing":
            ahead = self._show.elapsed_ms / 1_000 / self._speed - (now - self._began)
            if ahead > 0:
                time.sleep(ahead)


@contextmanager
def _hidden_cursor(hide: bool) -> Iterator[None]:
    """No cursor jumping about in the panel, and a cursor again whatever happens."""
    if hide:
        click.echo("\x1b[?25l", nl=False)
    try:
        yield
    finally:
        if hide:
            click.echo("\x1b[?25h", nl=False)
