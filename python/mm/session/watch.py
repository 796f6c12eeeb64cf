"""What is looked at again and again while all is well: positions, open orders, gaps in a chain, old fills.

A fill that no stream told shows as a position that differs, at the latest with the next comparison; an
order that ended without a word shows in the next list. Each look has its own pace (`Rules`).
"""

from collections.abc import Hashable
from contextlib import suppress

from mm._core import Engine
from mm.errors import UsageError
from mm.session.core import Core, dex_of
from mm.session.events import Escalated
from mm.session.gate import DIFFERS, MISSING, Gate
from mm.session.reads import Reads

DOUBLINGS = 8
LOOKED_AT_MOST = 1_000


class Watch:
    """Compares and repairs, coin by coin."""

    def __init__(self, core: Core, reads: Reads, gate: Gate) -> None:
        self._core = core
        self._reads = reads
        self._gate = gate
        self._gapped: dict[str, int] = {}
        """Coins whose chain has a gap, and since when."""
        self._long: set[str] = set()
        self._gap_due_ms = 0
        self._gap_tries = 0
        self._differences: dict[str, int] = {}
        self._recheck_ms: dict[str, int] = {}
        self._next_coin = 0
        self._looked_at: set[Hashable] = set()
        self._wanted = False
        self._rescan_ms = core.now_ms
        self._rescan_pause_ms = core.rules.gap_ms
        self._positions_ms = core.now_ms
        self._scan_ms = core.now_ms

    def keep_time(self) -> None:
        """Look at what is due."""
        self._mind_gaps()
        now, rules = self._core.now_ms, self._core.rules
        if self._wanted and now >= self._rescan_ms:
            self._rescan(now)
        for coin in [coin for coin, due_ms in self._recheck_ms.items() if due_ms <= now]:
            del self._recheck_ms[coin]
            count = self._differences.get(coin, 0)
            self._reads.fills(
                back_ms=min(rules.reach_ms << min(count, DOUBLINGS), rules.lookback_ms) if count > 1 else 0
            )
            self._reads.position(coin)
        if not self._gate.ready:
            self._positions_ms = self._scan_ms = now
            return
        if rules.positions_ms is not None and now - self._positions_ms >= rules.positions_ms:
            self._positions_ms = now
            for coin in self._turn():
                self._reads.position(coin)
        if rules.scan_ms is not None and now - self._scan_ms >= rules.scan_ms:
            self._scan_ms = now
            self._reads.listed.clear()
            self._reads.open_orders(self._dexes())
            self._let_go()

    def rescan(self, about: Hashable = None) -> None:
        """Something does not fit: read all again, once for each such thing, and ever more slowly while they go on.

        What stays shows again in whatever is read, and must not be a reason to read it again (I18, X19).
        """
        if about is not None:
            if about in self._looked_at:
                return
            if len(self._looked_at) >= LOOKED_AT_MOST:
                self._looked_at.clear()
            self._looked_at.add(about)
        self._wanted = True

    def _rescan(self, now: int) -> None:
        rules = self._core.rules
        if now - self._rescan_ms > rules.patience_ms:
            self._rescan_pause_ms = rules.gap_ms
        self._wanted = False
        self._rescan_ms = now + self._rescan_pause_ms
        self._rescan_pause_ms = min(2 * self._rescan_pause_ms, rules.gap_max_ms)
        self.scan()

    def scan(self) -> None:
        """Ask for all fills, all open orders and the positions once more."""
        self._reads.fills(gaps=True)
        self._reads.open_orders(self._dexes())
        for coin in self._core.own_coins():
            self._reads.position(coin)

    def _dexes(self) -> list[str]:
        """Where orders of ours may be. The catch-up asks every dex that was heard of; each costs a request of weight 20."""
        return list(dict.fromkeys(map(dex_of, self._core.own_coins()))) or [""]

    def _turn(self) -> list[str]:
        """The coins whose turn it is."""
        coins, most = self._core.own_coins(), self._core.rules.positions_at_once
        begin = self._next_coin % max(1, len(coins))
        self._next_coin = begin + most
        return (coins[begin:] + coins[:begin])[:most]

    def next_deadline(self) -> int | None:
        """When the next look is due."""
        rules = self._core.rules
        due = list(self._recheck_ms.values())
        if self._gapped:
            due.append(self._gap_due_ms)
        if self._wanted:
            due.append(self._rescan_ms)
        if self._gate.ready:
            due += [self._positions_ms + rules.positions_ms] if rules.positions_ms is not None else []
            due += [self._scan_ms + rules.scan_ms] if rules.scan_ms is not None else []
        return min(due, default=None)

    def on_gap(self, coin: str) -> None:
        """The chain of this coin has a gap: it is asked about until it closes.

        Its size is known and most gaps close within a round trip, so the coin is closed for one that stays only.
        """
        if coin not in self._gapped:
            now, rules = self._core.now_ms, self._core.rules
            self._gapped[coin] = now
            self._gap_due_ms, self._gap_tries = now + rules.gap_ms, 1
            self._reads.fills(gaps=True)

    def on_position(self, coin: str, agrees: bool) -> None:
        """A comparison. One that differs may have been overtaken by a fill; one that goes on to differ closes the coin."""
        if agrees:
            self._differences.pop(coin, None)
            self._recheck_ms.pop(coin, None)
            self._gate.release(coin, DIFFERS)
            return
        count = self._differences[coin] = self._differences.get(coin, 0) + 1
        if count > 1:
            self._gate.hold(coin, DIFFERS)
        if count == self._core.rules.differences + 1:
            self._core.emit(Escalated("the venue's position differs from ours, read after read", coin))
        rules = self._core.rules
        pause = min(rules.gap_ms << min(count // 4, DOUBLINGS), rules.gap_max_ms)
        self._recheck_ms[coin] = self._core.now_ms + (pause if count > 1 else 0)

    def _mind_gaps(self) -> None:
        now, rules, view = self._core.now_ms, self._core.rules, self._core.engine.view
        for coin, since_ms in list(self._gapped.items()):
            if not view.gaps(coin):
                del self._gapped[coin]
                self._long.discard(coin)
                self._gate.release(coin, MISSING)
            elif now - since_ms >= rules.patience_ms and coin not in self._long:
                self._long.add(coin)
                self._gate.hold(coin, MISSING)
                self._core.emit(Escalated("fills are missing and cannot be found", coin))
        if self._gapped and now >= self._gap_due_ms:
            self._gap_due_ms = now + min(rules.gap_ms << min(self._gap_tries, DOUBLINGS), rules.gap_max_ms)
            self._gap_tries += 1
            self._reads.fills(gaps=True)

    def _let_go(self) -> None:
        """Old fills that are proven leave memory. Of a coin with a gap the engine lets none go that may be needed."""
        keep_ms = self._core.rules.keep_ms
        if keep_ms is None:
            return
        now = self._core.now_ms
        if self._reads.complete_ms < now - keep_ms // 2:
            self._reads.fills()  # what may go must have been read to the end, and nothing else asks for that
        before = min(self._reads.complete_ms, now - keep_ms)
        view = self._core.engine.view
        for coin in view.coins():
            proven = view.proven_until(coin)
            if proven is not None and proven >= before > 0:
                with suppress(UsageError):
                    self._core.engine.tell(Engine.forget, coin, before)
