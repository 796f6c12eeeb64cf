"""What is seen while it runs: a panel that redraws itself on a terminal, plain lines elsewhere.

Everything fits in 80 columns and 24 lines, and nothing is told by colour alone.
"""

from collections import deque
from decimal import Decimal
from typing import Protocol

import click

from mm._core import Order, OrderState, Side
from mm.demo.show import MAX_POSITION, Event, Show
from mm.exchange.thin.link import COIN

WIDTH = 79
EVENTS = 8
STATUS_MS = 10_000
QUIET_EVENTS = ("fill",)
WORDS = {
    OrderState.Pending: "pending",
    OrderState.Unknown: "UNKNOWN: asking",
    OrderState.Resting: "resting",
    OrderState.PartialFilled: "part filled",
    OrderState.CancelPending: "cancelling",
    OrderState.CancelConfirmed: "draining",
}


class View(Protocol):
    """Something that shows a run."""

    def event(self, event: Event) -> None:
        """Something happened."""

    def draw(self, show: Show) -> None:
        """Time passed."""

    def finish(self) -> None:
        """The run is over; the scorecard comes next."""


class Silent:
    """Shows nothing."""

    def event(self, event: Event) -> None:
        """Nothing."""

    def draw(self, show: Show) -> None:
        """Nothing."""

    def finish(self) -> None:
        """Nothing."""


class Lines:
    """One line per event that matters, and a status line now and then."""

    def __init__(self) -> None:
        self._next = STATUS_MS

    def event(self, event: Event) -> None:
        """Print it, unless it is one of very many."""
        if not event.text.startswith(QUIET_EVENTS):
            click.echo(f" {clock(event.ms)}  {event.text}"[:WIDTH])

    def draw(self, show: Show) -> None:
        """Print a status line every ten seconds of the market."""
        if show.elapsed_ms >= self._next:
            self._next += STATUS_MS
            click.echo(f" {clock(show.elapsed_ms)}  {status(show)}"[:WIDTH])

    def finish(self) -> None:
        """Leave a blank line."""
        click.echo()


class Panel:
    """A panel of fixed height, redrawn in place."""

    def __init__(self) -> None:
        self._events: deque[str] = deque(maxlen=EVENTS)
        self._height = 0

    def event(self, event: Event) -> None:
        """Keep the last few."""
        self._events.append(f" {clock(event.ms)}  {event.text}")

    def draw(self, show: Show) -> None:
        """Draw over what was drawn before."""
        lines = [line[:WIDTH] for line in self._lines(show)]
        up = f"\x1b[{self._height}A" if self._height else ""
        click.echo(up + "".join(f"\r{line}\x1b[K\n" for line in lines), nl=False)
        self._height = len(lines)

    def finish(self) -> None:
        """The panel stays; the scorecard goes below it on a clean screen."""
        click.echo(f"\x1b[{self._height}A\x1b[J" if self._height else "", nl=False)
        self._height = 0

    def _lines(self, show: Show) -> list[str]:
        whole = show.seconds * 1_000
        passed = min(show.elapsed_ms, whole)
        head = f" mm demo   seed {show.seed}   {clock(passed)[:-4]} of {clock(whole)[:-4]}"
        lines = [f"{head:<40}{show.phase.upper():>{WIDTH - 40}}", " " + "─" * (WIDTH - 1)]
        left, right = ladder(show), figures(show)
        for index in range(max(len(left), len(right))):
            one = left[index] if index < len(left) else ""
            other = right[index] if index < len(right) else ""
            lines.append(f" {one:<38}│ {other}")
        lines.append(" " + "─" * (WIDTH - 1))
        return lines + list(self._events) + [""] * (EVENTS - len(self._events))


def ladder(show: Show) -> list[str]:
    """Our orders around the fair price, asks above, always eleven lines."""
    orders = show.engine.orders()
    asks = sorted((o for o in orders if o.side == Side.SELL), key=lambda o: o.px)[:5]
    bids = sorted((o for o in orders if o.side == Side.BUY), key=lambda o: -o.px)[:5]
    market = show.runner.decider.market()
    fair = None if market is None else market.fair
    middle = "      ──────  no market" if fair is None else f"      {fair:.3f}  fair"
    above = [""] * (5 - len(asks)) + [line_of("ask", order) for order in reversed(asks)]
    below = [line_of("bid", order) for order in bids] + [""] * (5 - len(bids))
    return [*above, middle, *below]


def line_of(word: str, order: Order) -> str:
    """One order: price, what is left, state."""
    state = "modifying" if order.modifying and order.is_active else WORDS.get(order.state, "closed")
    return f" {word}  {order.px:.3f}  {order.leaves_qty:>5.2f}  {state}"


def figures(show: Show) -> list[str]:
    """The numbers that a maker watches, eleven lines."""
    position, tally = show.engine.position(COIN), show.tally
    fees = sum(position.fees.values(), Decimal(0))
    counts = show.venue.faults.counts
    refused = sum(tally.fallbacks.values())
    return [
        f"position   {position.size:+.2f} of {MAX_POSITION}",
        f"at worst   {position.worst_long:+.2f} / {position.worst_short:+.2f}",
        f"fills      {position.fills}  ({tally.skipped} told twice)",
        f"fees paid  {fees:.6f}",
        "",
        f"placed     {tally.placed}  cancelled {tally.cancelled}",
        f"modified   {tally.modified}  fell back {refused}",
        f"gaps       {tally.gaps} found, {tally.gaps_closed} closed",
        "",
        f"faults     {sum(counts.values())} so far",
        f"deaths     {len(show.recoveries)}  link cuts {tally.reconnects}",
    ]


def status(show: Show) -> str:
    """The figures on one line."""
    position, tally = show.engine.position(COIN), show.tally
    return (
        f"status  {position.size:+.2f} held  {position.fills} fills  {tally.placed} orders"
        f"  {tally.modified} modified  {sum(show.venue.faults.counts.values())} faults"
    )


def clock(ms: int) -> str:
    """Minutes, seconds and milliseconds."""
    return f"{ms // 60_000:02}:{ms // 1_000 % 60:02}.{ms % 1_000:03}"
