"""What `/info` says of an account: positions, balances, limits, fees, roles (protocol 6.1, 6.4, 6.6)."""

from dataclasses import dataclass
from decimal import Decimal

from mm._core.wire import Surfaced
from mm.wire.reader import Rows, Value, load


@dataclass(frozen=True, slots=True)
class MarginSummary:
    """Sums over an account, in USD. `account_value` and `total_raw_usd` may be negative."""

    account_value: Decimal
    total_ntl_pos: Decimal
    total_raw_usd: Decimal
    total_margin_used: Decimal


@dataclass(frozen=True, slots=True)
class PerpPosition:
    """A position of one perp. `szi` is signed, in base units."""

    coin: str
    szi: Decimal
    entry_px: Decimal | None
    position_value: Decimal
    unrealized_pnl: Decimal
    liquidation_px: Decimal | None
    margin_used: Decimal
    leverage: int
    is_cross: bool
    max_leverage: int | None
    funding_since_open: Decimal | None
    """Paid since the position was opened; positive is a cost."""


@dataclass(frozen=True, slots=True)
class ClearinghouseState:
    """An account on one dex, as of block time `time` in ms. A coin that is not in `positions` is flat if nothing is surfaced."""

    time: int
    margin: MarginSummary
    cross_margin: MarginSummary
    cross_maintenance_margin_used: Decimal | None
    withdrawable: Decimal
    positions: tuple[PerpPosition, ...]
    surfaced: tuple[Surfaced, ...] = ()

    def position(self, coin: str) -> PerpPosition | None:
        """The position of a coin."""
        return next((position for position in self.positions if position.coin == coin), None)


@dataclass(frozen=True, slots=True)
class SpotBalance:
    """A token held. Dust may have more decimals than the token's own."""

    coin: str
    token: int
    total: Decimal
    hold: Decimal
    entry_ntl: Decimal | None


@dataclass(frozen=True, slots=True)
class RateLimit:
    """The request budget of an address."""

    cum_vlm: Decimal
    n_requests_used: int
    n_requests_cap: int
    n_requests_surplus: int | None

    @property
    def left(self) -> int:
        """How many requests are left; negative when more were used than earned."""
        return self.n_requests_cap - self.n_requests_used


@dataclass(frozen=True, slots=True)
class FeeTier:
    """Rates from a 14-day volume of `ntl_cutoff` on, as fractions."""

    ntl_cutoff: Decimal
    cross: Decimal
    add: Decimal
    spot_cross: Decimal | None
    spot_add: Decimal | None


@dataclass(frozen=True, slots=True)
class MakerTier:
    """The maker's rate from a share of the venue's maker volume on; negative is a rebate."""

    maker_fraction_cutoff: Decimal
    add: Decimal


@dataclass(frozen=True, slots=True)
class UserFees:
    """The rates of an account, as fractions: 0.00045 is 4.5 basis points. An add rate below zero is paid to the maker."""

    cross_rate: Decimal
    add_rate: Decimal
    spot_cross_rate: Decimal | None
    spot_add_rate: Decimal | None
    referral_discount: Decimal
    staking_discount: Decimal
    base_cross: Decimal
    base_add: Decimal
    vip: tuple[FeeTier, ...]
    makers: tuple[MakerTier, ...]


@dataclass(frozen=True, slots=True)
class UserRole:
    """What an address is: `user`, `agent`, `vault`, `subAccount`, `missing`, or a word that is new."""

    role: str
    master: str | None
    """Whose agent or sub-account it is."""


@dataclass(frozen=True, slots=True)
class Agent:
    """A named agent of an account."""

    name: str
    address: str
    valid_until: int
    """In ms."""


@dataclass(frozen=True, slots=True)
class ActiveAssetData:
    """What an account may do on one perp now: (buy, sell)."""

    user: str
    coin: str
    leverage: int
    is_cross: bool
    max_trade_szs: tuple[Decimal, Decimal]
    available_to_trade: tuple[Decimal, Decimal]
    mark_px: Decimal


@dataclass(frozen=True, slots=True)
class FundingPayment:
    """A funding payment: `usdc` as it changes the account (negative: paid)."""

    time: int
    coin: str
    usdc: Decimal
    szi: Decimal
    funding_rate: Decimal
    n_samples: int | None
    """How many hours it stands for, where the venue merged them."""


@dataclass(frozen=True, slots=True)
class WebData:
    """Of `webData2` and `webData3` what is told nowhere else: the agent in use, and the venue's clock (ms)."""

    user: str | None
    server_time: int | None
    agent_address: str | None
    agent_valid_until: int | None
    is_vault: bool | None


def _margin(of: Value) -> MarginSummary:
    return MarginSummary(
        account_value=of["accountValue"].amount(),
        total_ntl_pos=of["totalNtlPos"].amount(),
        total_raw_usd=of["totalRawUsd"].amount(),
        total_margin_used=of["totalMarginUsed"].amount(),
    )


def _leverage(of: Value) -> tuple[int, bool]:
    return of["value"].whole(), of["type"].word("cross", "isolated") == "cross"


def _position(of: Value) -> PerpPosition:
    of = of["position"]
    entry_px, liquidation_px = of.get("entryPx"), of.get("liquidationPx")
    max_leverage, funding = of.get("maxLeverage"), of.get("cumFunding")
    leverage, is_cross = _leverage(of["leverage"])
    return PerpPosition(
        coin=of["coin"].text(),
        szi=of["szi"].amount(),
        entry_px=None if entry_px is None else entry_px.amount(),
        position_value=of["positionValue"].amount(),
        unrealized_pnl=of["unrealizedPnl"].amount(),
        liquidation_px=None if liquidation_px is None else liquidation_px.amount(),
        margin_used=of["marginUsed"].amount(),
        leverage=leverage,
        is_cross=is_cross,
        max_leverage=None if max_leverage is None else max_leverage.whole(),
        funding_since_open=None if funding is None else funding["sinceOpen"].amount(),
    )


def clearinghouse_state(body: bytes, status: int = 200) -> ClearinghouseState:
    """Reads `clearinghouseState`, or the data of the stream of that name."""
    of = load(body, "clearinghouseState", status).unwrapped("clearinghouseState")
    positions = of["assetPositions"].rows(_position)
    maintenance = of.get("crossMaintenanceMarginUsed")
    return ClearinghouseState(
        time=of["time"].whole(),
        margin=_margin(of["marginSummary"]),
        cross_margin=_margin(of["crossMarginSummary"]),
        cross_maintenance_margin_used=None if maintenance is None else maintenance.amount(),
        withdrawable=of["withdrawable"].amount(),
        positions=positions.rows,
        surfaced=positions.surfaced,
    )


def _balance(of: Value) -> SpotBalance:
    entry = of.get("entryNtl")
    return SpotBalance(
        coin=of["coin"].text(),
        token=of["token"].whole(),
        total=of["total"].amount(),
        hold=of["hold"].amount(),
        entry_ntl=None if entry is None else entry.amount(),
    )


def spot_clearinghouse_state(body: bytes, status: int = 200) -> Rows[SpotBalance]:
    """Reads `spotClearinghouseState`, or the data of the stream `spotState`."""
    return load(body, "spotClearinghouseState", status).unwrapped("spotState")["balances"].rows(_balance)


def user_rate_limit(body: bytes, status: int = 200) -> RateLimit:
    """Reads `userRateLimit`."""
    of = load(body, "userRateLimit", status)
    surplus = of.get("nRequestsSurplus")
    return RateLimit(
        cum_vlm=of["cumVlm"].not_negative(),
        n_requests_used=of["nRequestsUsed"].whole(),
        n_requests_cap=of["nRequestsCap"].whole(),
        n_requests_surplus=None if surplus is None else surplus.whole(),
    )


def _vip(of: Value) -> FeeTier:
    spot_cross, spot_add = of.get("spotCross"), of.get("spotAdd")
    return FeeTier(
        ntl_cutoff=of["ntlCutoff"].amount(),
        cross=of["cross"].amount(),
        add=of["add"].amount(),
        spot_cross=None if spot_cross is None else spot_cross.amount(),
        spot_add=None if spot_add is None else spot_add.amount(),
    )


def _maker(of: Value) -> MakerTier:
    return MakerTier(of["makerFractionCutoff"].amount(), of["add"].amount())


def _discount(of: Value | None) -> Decimal:
    """A fraction, or an object that holds one; nothing is no discount."""
    if of is None:
        return Decimal(0)
    return (of if isinstance(of.raw, str) else of["discount"]).amount()


def user_fees(body: bytes, status: int = 200) -> UserFees:
    """Reads `userFees`. Rates are taken as they stand, with their sign."""
    of = load(body, "userFees", status)
    schedule = of["feeSchedule"]
    spot_cross, spot_add = of.get("userSpotCrossRate"), of.get("userSpotAddRate")
    return UserFees(
        cross_rate=of["userCrossRate"].amount(),
        add_rate=of["userAddRate"].amount(),
        spot_cross_rate=None if spot_cross is None else spot_cross.amount(),
        spot_add_rate=None if spot_add is None else spot_add.amount(),
        referral_discount=_discount(of.get("activeReferralDiscount")),
        staking_discount=_discount(of.get("activeStakingDiscount")),
        base_cross=schedule["cross"].amount(),
        base_add=schedule["add"].amount(),
        vip=tuple(_vip(tier) for tier in schedule["tiers"]["vip"].items()),
        makers=tuple(_maker(tier) for tier in schedule["tiers"]["mm"].items()),
    )


def user_role(body: bytes, status: int = 200) -> UserRole:
    """Reads `userRole`."""
    of = load(body, "userRole", status)
    data = of.get("data")
    master = None if data is None else data.get("user") or data.get("master")
    return UserRole(of["role"].text(), None if master is None else master.address())


def extra_agents(body: bytes, status: int = 200) -> Rows[Agent]:
    """Reads `extraAgents`. The unnamed agent is not listed by the venue."""
    return load(body, "extraAgents", status).rows(
        lambda of: Agent(of["name"].text(), of["address"].address(), of["validUntil"].whole())
    )


def max_builder_fee(body: bytes, status: int = 200) -> int:
    """Reads `maxBuilderFee`: tenths of a basis point."""
    return load(body, "maxBuilderFee", status).whole()


def active_asset_data(body: bytes, status: int = 200) -> ActiveAssetData:
    """Reads `activeAssetData`, or the data of the stream of that name."""
    of = load(body, "activeAssetData", status)
    leverage, is_cross = _leverage(of["leverage"])
    (buy, sell), (can_buy, can_sell) = of["maxTradeSzs"].pair(), of["availableToTrade"].pair()
    return ActiveAssetData(
        user=of["user"].address(),
        coin=of["coin"].text(),
        leverage=leverage,
        is_cross=is_cross,
        max_trade_szs=(buy.amount(), sell.amount()),
        available_to_trade=(can_buy.amount(), can_sell.amount()),
        mark_px=of["markPx"].not_negative(),
    )


def _payment(of: Value, time: Value) -> FundingPayment:
    samples = of.get("nSamples")
    return FundingPayment(
        time=time.whole(),
        coin=of["coin"].text(),
        usdc=of["usdc"].amount(),
        szi=of["szi"].amount(),
        funding_rate=of["fundingRate"].amount(),
        n_samples=None if samples is None else samples.whole(),
    )


def user_funding(body: bytes, status: int = 200) -> Rows[FundingPayment]:
    """Reads `userFunding`, or the data of the stream `userFundings`."""
    fundings = load(body, "userFunding", status).unwrapped("fundings")
    return fundings.rows(lambda of: _payment(of.unwrapped("delta"), of["time"]))


def funding_event(record: bytes) -> FundingPayment:
    """Reads the `funding` of a `user` frame, as the engine surfaces it."""
    of = load(record, "funding")
    return _payment(of, of["time"])


def web_data(body: bytes, status: int = 200) -> WebData:
    """Reads the data of `webData3` or `webData2`, as far as it is of use."""
    of = load(body, "webData", status).unwrapped("userState")
    user, time = of.get("user"), of.get("serverTime")
    agent, until, vault = of.get("agentAddress"), of.get("agentValidUntil"), of.get("isVault")
    return WebData(
        user=None if user is None else user.address(),
        server_time=None if time is None else time.whole(),
        agent_address=None if agent is None else agent.address(),
        agent_valid_until=None if until is None else until.whole(),
        is_vault=None if vault is None else vault.flag(),
    )
