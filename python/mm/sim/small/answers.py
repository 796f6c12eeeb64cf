"""What the small venue says: `/info` answers and the bodies of its streams, key by key as on the wire (protocol 6, 7)."""

from collections.abc import Callable
from typing import Any

from mm.exchange.thin.accounts import MAKER_FEE, TAKER_FEE, Fill
from mm.exchange.thin.wire import text
from mm.sim.small.market import Client, Desk, Malformed, Market, Order

PAGE = 2_000
DEPTH = 20
MICRO = 6
FREE_REQUESTS = 10_000
DAY_MS = 86_400_000


class Answers:
    """Reads the desk; changes nothing."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk
        self.now = 0
        self._table: dict[str, Callable[[dict[str, Any]], Any]] = {
            "activeAssetData": self._active_asset_data,
            "allMids": lambda ask: {} if ask.get("dex") else self.mids(),
            "allPerpMetas": lambda _: [self.meta()],
            "candleSnapshot": lambda _: [],
            "clearinghouseState": lambda ask: self.state(self._client(ask) if not ask.get("dex") else None),
            "exchangeStatus": lambda _: {"time": self.now, "specialStatuses": None},
            "extraAgents": self._extra_agents,
            "frontendOpenOrders": lambda ask: self.open_orders(self._client(ask), ask.get("dex")),
            "fundingHistory": lambda _: [],
            "historicalOrders": self._historical,
            "l2Book": self._l2book,
            "maxBuilderFee": lambda _: 0,
            "meta": lambda ask: self.meta(bool(ask.get("dex"))),
            "metaAndAssetCtxs": lambda _: [self.meta(), [self.context(m) for m in self.desk.markets.values()]],
            "openOrders": self._open_orders,
            "orderStatus": self._order_status,
            "perpDexs": lambda _: [None],
            "perpsAtOpenInterestCap": lambda _: [],
            "recentTrades": lambda ask: list(self._market(ask).trades)[::-1],
            "spotClearinghouseState": lambda _: {"balances": []},
            "spotMeta": lambda _: SPOT_META,
            "spotMetaAndAssetCtxs": lambda _: [SPOT_META, []],
            "subAccounts": self._sub_accounts,
            "userFees": lambda _: FEES,
            "userFills": lambda ask: self.fills(self._client(ask), newest=PAGE)[::-1],
            "userFillsByTime": self._fills_by_time,
            "userFunding": lambda _: [],
            "userNonFundingLedgerUpdates": lambda _: [],
            "userRateLimit": self._rate_limit,
            "userRole": self._role,
        }

    def ask(self, request: Any, now: int) -> Any:
        """The answer to one request. Raises `Malformed` for an unknown type or a missing member."""
        self.now = now
        if not isinstance(request, dict):
            raise Malformed
        try:
            return self._table[request["type"]](request)
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise Malformed from error

    # --- rows that streams need too -------------------------------------------------------------

    def meta(self, empty: bool = False) -> dict[str, Any]:
        """The perps' universe; the index in it is the asset id, so that what is delisted stays."""
        universe = []
        for market in [] if empty else self.desk.markets.values():
            row = {"szDecimals": market.sz_decimals, "name": market.coin, "maxLeverage": market.max_leverage}
            row["marginTableId"] = market.max_leverage
            universe.append({**row, "isDelisted": True} if market.delisted else row)
        return {"universe": universe, "marginTables": [], "collateralToken": 0}

    def mids(self) -> dict[str, str]:
        """`allMids`."""
        return {market.coin: text(market.mid2 * 5, market.rows.px_decimals + 1) for market in self._live()}

    def context(self, market: Market) -> dict[str, Any]:
        """`ctx` of `activeAssetCtx` and of `metaAndAssetCtxs`."""
        px = market.rows.px
        held = sum(max(0, client.ledger(market.coin).lots) for client in self.desk.clients.values())
        bid, ask = market.book.best(True), market.book.best(False)
        quoted = bid is not None and ask is not None
        return {
            "funding": "0.0000125",
            "openInterest": market.rows.sz(held),
            "prevDayPx": px(market.reference),
            "dayNtlVlm": text(market.volume, MICRO),
            "premium": "0.0" if quoted else None,
            "oraclePx": px(market.reference),
            "markPx": px(market.mid2 // 2),
            "midPx": text(market.mid2 * 5, market.rows.px_decimals + 1) if quoted else None,
            "impactPxs": [px(bid), px(ask)] if bid is not None and ask is not None else None,
            "dayBaseVlm": market.rows.sz(market.volume // market.reference),
        }

    def level(self, market: Market, row: tuple[int, int, int]) -> dict[str, Any]:
        """One level of a book."""
        px, lots, count = row
        return {"px": market.rows.px(px), "sz": market.rows.sz(lots), "n": count}

    def book(self, market: Market, now: int, depth: int = DEPTH) -> dict[str, Any]:
        """`l2Book`."""
        sides = [[self.level(market, row) for row in market.book.rows(side, depth)] for side in (True, False)]
        return {"coin": market.coin, "time": now, "levels": sides}

    def bbo(self, market: Market, now: int) -> dict[str, Any]:
        """`bbo`."""
        rows = [market.book.rows(side, 1) for side in (True, False)]
        return {"coin": market.coin, "time": now, "bbo": [self.level(market, row[0]) if row else None for row in rows]}

    def fill(self, coin: str, fill: Fill) -> dict[str, Any]:
        """A fill row."""
        return self.desk.by_coin[coin].rows.fill(fill)

    def fills(self, client: Client | None, newest: int) -> list[dict[str, Any]]:
        """The newest rows, oldest first."""
        return [] if client is None else [self.fill(*row) for row in client.fills[-newest:]]

    def order(self, order: Order, left: int | None = None) -> dict[str, Any]:
        """An order in the long form of `frontendOpenOrders`, `orderStatus` and `historicalOrders`."""
        rows = self.desk.by_coin[order.coin].rows
        return {
            "coin": order.coin,
            "side": order.side,
            "limitPx": rows.px(order.px),
            "sz": rows.sz(order.left if left is None else left),
            "oid": order.oid,
            "timestamp": order.time,
            "triggerCondition": "N/A",
            "isTrigger": False,
            "triggerPx": "0.0",
            "children": [],
            "isPositionTpsl": False,
            "reduceOnly": order.reduce_only,
            "orderType": "Market" if order.tif == "FrontendMarket" else "Limit",
            "origSz": rows.sz(order.size),
            "tif": order.tif,
            "cloid": order.cloid,
        }

    def open_orders(self, client: Client | None, dex: str | None = None) -> list[dict[str, Any]]:
        """All open orders in the long form, newest first."""
        return [] if client is None or dex else [self.order(order) for order in reversed(client.open.values())]

    def state(self, client: Client | None) -> dict[str, Any]:
        """`clearinghouseState`."""
        held = [] if client is None else [row for row in client.ledgers.items() if row[1].lots]
        positions, notional, used, maintenance = [], 0, 0, 0
        for coin, ledger in held:
            assert client is not None
            market = self.desk.by_coin[coin]
            mark = market.mid2 // 2
            cross, leverage = client.leverage.get(coin, (True, market.max_leverage))
            value, cost = abs(ledger.lots) * mark, ledger.cost
            profit = ledger.lots * mark - cost
            margin = value // leverage
            notional, used = notional + value, used + margin
            maintenance += value // (2 * market.max_leverage)
            kind: dict[str, Any] = {"type": "cross" if cross else "isolated", "value": leverage}
            if not cross:
                kind["rawUsd"] = text(margin - ledger.lots * mark, MICRO)
            position = {
                "coin": coin,
                "szi": market.rows.sz(ledger.lots),
                "leverage": kind,
                "entryPx": market.rows.px(abs(cost) // abs(ledger.lots)),
                "positionValue": text(value, MICRO),
                "unrealizedPnl": text(profit, MICRO),
                "returnOnEquity": text(profit * 10**10 // margin if margin else 0, 10),
                "liquidationPx": None,
                "marginUsed": text(margin, MICRO),
                "maxLeverage": market.max_leverage,
                "cumFunding": {"allTime": "0.0", "sinceOpen": "0.0", "sinceChange": "0.0"},
            }
            positions.append({"type": "oneWay", "position": position})
        equity, cash = (0, 0) if client is None else (self.desk.equity(client), client.cash)
        words = ("accountValue", "totalNtlPos", "totalRawUsd", "totalMarginUsed")
        summary = {w: text(v, MICRO) for w, v in zip(words, (equity, notional, cash, used), strict=True)}
        return {
            "marginSummary": summary,
            "crossMarginSummary": dict(summary),
            "crossMaintenanceMarginUsed": text(maintenance, MICRO),
            "withdrawable": text(max(0, equity - used), MICRO),
            "assetPositions": positions,
            "time": self.now,
        }

    # --- one request each -----------------------------------------------------------------------

    def _client(self, ask: dict[str, Any]) -> Client | None:
        return self.desk.clients.get(ask["user"].lower())

    def _market(self, ask: dict[str, Any]) -> Market:
        return self.desk.by_coin[ask["coin"]]

    def _live(self) -> list[Market]:
        return [market for market in self.desk.markets.values() if not market.delisted]

    def _l2book(self, ask: dict[str, Any]) -> Any:
        market = self.desk.by_coin.get(ask["coin"])
        return None if market is None else self.book(market, self.now)

    def _open_orders(self, ask: dict[str, Any]) -> Any:
        rows = []
        for row in self.open_orders(self._client(ask), ask.get("dex")):
            keys = ("coin", "side", "limitPx", "sz", "oid", "timestamp", "origSz")
            short = {key: row[key] for key in keys}
            extra = {"cloid": row["cloid"]} if row["cloid"] else {}
            rows.append({**short, **extra, **({"reduceOnly": True} if row["reduceOnly"] else {})})
        return rows

    def _order_status(self, ask: dict[str, Any]) -> Any:
        client, key = self._client(ask), ask["oid"]
        if not isinstance(key, int | str):
            raise Malformed
        order = None if client is None else client.find(key)
        if order is None:
            return {"status": "unknownOid"}
        row = {"order": self.order(order), "status": order.status, "statusTimestamp": order.status_time}
        return {"status": "order", "order": row}

    def _historical(self, ask: dict[str, Any]) -> Any:
        client = self._client(ask)
        return [
            {"order": self.order(row.order, row.left), "status": row.status, "statusTimestamp": row.time}
            for row in reversed(() if client is None else list(client.records))
        ]

    def _fills_by_time(self, ask: dict[str, Any]) -> Any:
        client, start, end = self._client(ask), ask["startTime"], ask.get("endTime")
        if client is None:
            return []
        fits = [row for row in client.fills if start <= row[1].time and (end is None or row[1].time <= end)]
        return [self.fill(*row) for row in (fits[::-1] if ask.get("reversed") else fits)[:PAGE]]

    def _rate_limit(self, ask: dict[str, Any]) -> Any:
        client = self._client(ask)
        volume, used = (0, 0) if client is None else (client.volume, client.requests)
        cap = FREE_REQUESTS + volume // 10**MICRO
        return {
            "cumVlm": text(volume, MICRO),
            "nRequestsUsed": used,
            "nRequestsCap": cap,
            "nRequestsSurplus": 0,
        }

    def _role(self, ask: dict[str, Any]) -> Any:
        user = ask["user"].lower()
        client = self.desk.clients.get(user)
        if client is not None:
            return {"role": "subAccount", "data": {"master": client.master}} if client.master else {"role": "user"}
        for client in self.desk.clients.values():
            if user in client.agents.values():
                return {"role": "agent", "data": {"user": client.address}}
        return {"role": "missing"}

    def _extra_agents(self, ask: dict[str, Any]) -> Any:
        client = self._client(ask)
        agents = {} if client is None else client.agents
        until = self.now + 90 * DAY_MS
        return [{"name": n, "address": a, "validUntil": until} for n, a in agents.items() if n]

    def _sub_accounts(self, ask: dict[str, Any]) -> Any:
        user = ask["user"].lower()
        subs = [client for client in self.desk.clients.values() if client.master == user]
        rows = [{"name": c.address[:8], "subAccountUser": c.address, "master": user} for c in subs]
        return rows or None

    def _active_asset_data(self, ask: dict[str, Any]) -> Any:
        client, market = self._client(ask), self._market(ask)
        cross, leverage = (True, market.max_leverage)
        equity = 0
        if client is not None:
            cross, leverage = client.leverage.get(market.coin, (cross, leverage))
            equity = max(0, self.desk.equity(client))
        mark = market.mid2 // 2
        kind: dict[str, Any] = {"type": "cross" if cross else "isolated", "value": leverage}
        return {
            "user": ask["user"].lower(),
            "coin": market.coin,
            "leverage": kind if cross else {**kind, "rawUsd": "0.0"},
            "maxTradeSzs": [market.rows.sz(equity * leverage // mark)] * 2,
            "availableToTrade": [text(equity, MICRO)] * 2,
            "markPx": market.rows.px(mark),
        }


def _token(name: str, index: int, sz_decimals: int, wei_decimals: int) -> dict[str, Any]:
    return {
        "name": name,
        "szDecimals": sz_decimals,
        "weiDecimals": wei_decimals,
        "index": index,
        "tokenId": f"0x{index + 1:032x}",
        "isCanonical": True,
        "evmContract": None,
        "fullName": None,
        "deployerTradingFeeShare": "0.0",
    }


SPOT_META = {
    "universe": [
        {"tokens": [1, 0], "name": "PURR/USDC", "index": 0, "isCanonical": True},
        {"tokens": [2, 0], "name": "@107", "index": 107, "isCanonical": False},
    ],
    "tokens": [_token("USDC", 0, 8, 8), _token("PURR", 1, 0, 5), _token("HYPE", 2, 2, 8)],
}
_CROSS, _ADD = text(TAKER_FEE, 5), text(MAKER_FEE, 5)
_SPOT = {"spotCross": "0.0007", "spotAdd": "0.0004"}
FEES = {
    "dailyUserVlm": [{"date": "2026-01-01", "userCross": "0.0", "userAdd": "0.0", "exchange": "0.0"}],
    "feeSchedule": {
        "cross": _CROSS,
        "add": _ADD,
        **_SPOT,
        "tiers": {
            "vip": [{"ntlCutoff": "5000000.0", "cross": "0.0004", "add": "0.00012", **_SPOT}],
            "mm": [{"makerFractionCutoff": "0.005", "add": "-0.00001"}],
        },
        "referralDiscount": "0.04",
        "stakingDiscountTiers": [{"bpsOfMaxSupply": "0.0", "discount": "0.0"}],
    },
    "userCrossRate": _CROSS,
    "userAddRate": _ADD,
    "userSpotCrossRate": _SPOT["spotCross"],
    "userSpotAddRate": _SPOT["spotAdd"],
    "activeReferralDiscount": "0.0",
    "trial": None,
    "feeTrialEscrow": "0.0",
    "nextTrialAvailableTimestamp": None,
    "stakingLink": None,
    "activeStakingDiscount": {"bpsOfMaxSupply": "0.0", "discount": "0.0"},
}
