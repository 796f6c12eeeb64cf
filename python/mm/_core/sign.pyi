"""Actions into signed bytes, and the nonces under which they are sent."""

from decimal import Decimal
from typing import Literal, TypeAlias, final

from mm._core import Tif

__all__ = [
    "Nonces",
    "OrderWire",
    "Signer",
    "address_of",
    "connection_id",
    "digest",
    "float_to_wire",
    "keccak256",
    "msgpack",
    "open_keystore",
    "recover",
    "seal_keystore",
]

_Number: TypeAlias = str | int | Decimal
"""A price or a size: plain decimal text, an int (whole units) or a Decimal. A float is refused."""
_Tif: TypeAlias = Tif | Literal["Alo", "Ioc", "Gtc", "FrontendMarket"]
_Grouping: TypeAlias = Literal["na", "normalTpsl", "positionTpsl"]

@final
class OrderWire:
    """One order as the venue takes it (protocol 3.2), checked and written down once: it can be sent in any batch.

    Price and size become the venue's shortest decimals, exactly; what has more than 8 decimals, is not positive
    or is a float is refused (`BadInput`, `Unrepresentable`, naming the field). Whether they are on the asset's
    grid is not asked here: that needs the venue's meta (`mm._core.wire`).

    A trigger order has `trigger_px` and `tpsl` instead of a `tif`; its `px` is then the worst price.
    """

    __match_args__ = ("asset", "is_buy", "px", "sz", "tif", "cloid", "reduce_only")

    def __new__(
        cls,
        asset: int,
        is_buy: bool,
        px: _Number,
        sz: _Number,
        tif: _Tif | None = None,
        cloid: str | None = None,
        reduce_only: bool = False,
        *,
        trigger_px: _Number | None = None,
        tpsl: Literal["tp", "sl"] | None = None,
        is_market: bool = True,
    ) -> OrderWire: ...
    @property
    def asset(self) -> int:
        """The asset's id on this network (protocol 6.3)."""
    @property
    def is_buy(self) -> bool:
        """It buys."""
    @property
    def px(self) -> str:
        """The limit price, or the worst price of a trigger order, as it is sent."""
    @property
    def sz(self) -> str:
        """The size, as it is sent."""
    @property
    def tif(self) -> str | None:
        """The venue's word for the time in force; None for a trigger order."""
    @property
    def cloid(self) -> str | None:
        """Our name, as `0x` and 32 hexadecimal digits in lower case."""
    @property
    def reduce_only(self) -> bool:
        """It may only reduce the position."""
    @property
    def trigger_px(self) -> str | None:
        """The price that triggers it, as it is sent; None for a limit order."""
    @property
    def tpsl(self) -> str | None:
        """`tp` takes a profit, `sl` stops a loss; None for a limit order."""
    @property
    def is_market(self) -> bool:
        """Once triggered it takes whatever is there, up to `px`; False for a limit order."""

@final
class Signer:
    """A key, the network it signs for and the account it acts for. Each method gives the whole body of a request.

    The key is 32 bytes (`bytes` or `bytearray`) or 64 hexadecimal digits, with or without `0x`. It is kept in
    memory that is wiped when the signer goes, and cannot be had back: not by repr, pickle, copy or an error.
    `vault` is the sub-account or vault that is acted for, never the master's own address (protocol 2.8).

    What a method returns is the JSON of `POST /exchange`, and the `payload` of a WebSocket `post` (protocol 1.5,
    2.3). Keep the bytes: who must repeat a request sends the same bytes once more (reliability N1). Signing is
    deterministic, so the same call gives the same bytes.

    Every method takes the `nonce` it is sent under (see `Nonces`) and, but for transfers, `expires_ms`, after
    which the venue refuses it. Wrong arguments raise `BadInput` or `Unrepresentable`, naming the field, and
    an item's place in the message. At most 200 items go into one action.
    """

    def __new__(
        cls, key: bytes | bytearray | str, *, mainnet: bool, vault: str | None = None, allow_always_place: bool = False
    ) -> Signer: ...
    @property
    def address(self) -> str:
        """The address of the key, in lower case: an agent's, in trading, and not the account's."""
    @property
    def mainnet(self) -> bool:
        """It signs for mainnet; else for testnet."""
    @property
    def vault(self) -> str | None:
        """The sub-account or vault that is acted for, in lower case."""
    def orders(
        self,
        orders: list[OrderWire] | tuple[OrderWire, ...],
        *,
        nonce: int,
        expires_ms: int | None = None,
        grouping: _Grouping = "na",
        priority: int | None = None,
        builder: tuple[str, int] | None = None,
    ) -> bytes:
        """Places orders (protocol 3.2).

        `priority` is a fee of so many 10⁻⁸ of the notional, in the place of a grouping, where all orders are IOC
        or all add liquidity and none only reduces. `builder` is an address and its fee in tenths of a basis point:
        at most 1000, and 100 with an order of a perpetual.
        """
    def cancels(
        self,
        targets: list[tuple[int, int]] | tuple[tuple[int, int], ...],
        *,
        nonce: int,
        expires_ms: int | None = None,
        fast: bool = False,
    ) -> bytes:
        """Cancels orders by (asset, oid) (protocol 3.3). `fast` goes first in the mempool; not for trigger orders."""
    def cancels_by_cloid(
        self,
        targets: list[tuple[int, str]] | tuple[tuple[int, str], ...],
        *,
        nonce: int,
        expires_ms: int | None = None,
        fast: bool = False,
    ) -> bytes:
        """Cancels orders by (asset, cloid) (protocol 3.3)."""
    def modifies(
        self,
        changes: list[tuple[int | str, OrderWire]] | tuple[tuple[int | str, OrderWire], ...],
        *,
        nonce: int,
        expires_ms: int | None = None,
        always_place: bool = False,
    ) -> bytes:
        """Replaces orders, each named by its oid or cloid (`batchModify`, protocol 3.4): the answer has the new oids.

        `always_place` places the new order even where the old one is gone, filled perhaps: it doubles exposure. It
        is refused unless the signer was made with `allow_always_place`.
        """
    def modify(
        self,
        target: int | str,
        order: OrderWire,
        *,
        nonce: int,
        expires_ms: int | None = None,
        always_place: bool = False,
    ) -> bytes:
        """Replaces one order by the older action `modify`, whose answer has no oid: prefer `modifies`."""
    def noop(self, *, nonce: int, expires_ms: int | None = None) -> bytes:
        """Does nothing but use the nonce up: the fence against a request that may still come (protocol 2.6)."""
    def schedule_cancel(self, time_ms: int | None, *, nonce: int, expires_ms: int | None = None) -> bytes:
        """Cancels all orders at `time_ms` unless told otherwise before; None calls it off (protocol 3.6)."""
    def update_leverage(
        self, asset: int, leverage: int, *, is_cross: bool, nonce: int, expires_ms: int | None = None
    ) -> bytes:
        """Sets an asset's leverage and how it is margined (protocol 3.7)."""
    def update_isolated_margin(
        self, asset: int, usd: _Number, *, nonce: int, expires_ms: int | None = None, is_buy: bool = True
    ) -> bytes:
        """Adds dollars to an isolated position's margin, or removes them where negative; six decimals (protocol 3.7)."""
    def reserve_request_weight(self, weight: int, *, nonce: int, expires_ms: int | None = None) -> bytes:
        """Buys so many requests for the address's budget (protocol 3.7). It costs money."""
    def set_referrer(self, code: str, *, nonce: int, expires_ms: int | None = None) -> bytes:
        """Names the referrer, for the signer's own account."""
    def twap_order(
        self,
        asset: int,
        is_buy: bool,
        sz: _Number,
        *,
        minutes: int,
        randomize: bool,
        nonce: int,
        expires_ms: int | None = None,
        reduce_only: bool = False,
    ) -> bytes:
        """Has the venue work an order over some minutes; its slices are fills with a `twapId` (protocol 3.7)."""
    def twap_cancel(self, asset: int, twap: int, *, nonce: int, expires_ms: int | None = None) -> bytes:
        """Ends such an order, by its id."""
    def create_sub_account(self, name: str, *, nonce: int, expires_ms: int | None = None) -> bytes:
        """Makes a sub-account of the signer's own account."""
    def sub_account_transfer(
        self, sub_account: str, usd: _Number, *, is_deposit: bool, nonce: int, expires_ms: int | None = None
    ) -> bytes:
        """Moves dollars between the signer's own account and a sub-account; six decimals."""
    def vault_transfer(
        self, vault: str, usd: _Number, *, is_deposit: bool, nonce: int, expires_ms: int | None = None
    ) -> bytes:
        """Moves dollars between the signer's own account and a vault; six decimals."""
    def action(self, action: str | bytes, *, nonce: int, expires_ms: int | None = None) -> bytes:
        """Signs any L1 action, given as JSON text whose members stand in the venue's order.

        It is hashed as it stands: nothing is put in order, shortened or left out. So it gives the same bytes as the
        method of that action for the same compact text, and a wrong signature for text that the venue would write
        otherwise (protocol 2.1). Members given twice, floats, whole numbers beyond 64 bits, more than 64 members in
        one object and more than 64 levels are refused; so are `"a":true` in a modify, as in `modifies`, and what only an
        account itself may sign (`usdSend`).
        """
    def approve_agent(self, agent: str, name: str | None = None, *, nonce: int) -> bytes:
        """Lets another key trade for the signer's account (protocol 2.9). Only the account's own key may sign this."""
    def approve_builder_fee(self, builder: str, max_fee_rate: str, *, nonce: int) -> bytes:
        """Allows a builder a fee of at most this rate, such as `0.001%`. Only the account's own key may sign this."""
    def usd_send(self, destination: str, amount: _Number, *, nonce: int) -> bytes:
        """Sends dollars to another account. Only the account's own key may sign this."""
    def spot_send(self, destination: str, token: str, amount: _Number, *, nonce: int) -> bytes:
        """Sends a token (`NAME:0x…`) to another account. Only the account's own key may sign this."""
    def withdraw(self, destination: str, amount: _Number, *, nonce: int) -> bytes:
        """Withdraws dollars from the venue (`withdraw3`). Only the account's own key may sign this."""
    def usd_class_transfer(self, amount: _Number, *, to_perp: bool, nonce: int) -> bytes:
        """Moves dollars between the spot and the perpetual balance. Only the account's own key may sign this."""

@final
class Nonces:
    """One signer's nonces: they rise, over threads, over steps of the clock and over restarts.

    `floor` is the largest nonce that this signer used before, from a journal; 0 if there is none. There is one of
    these a key, and no second process that uses the key (protocol 2.5, reliability C1).
    """

    def __new__(cls, floor: int = 0) -> Nonces: ...
    def next(self, now_ms: int) -> int:
        """The larger of `now_ms` and one more than the last: never given before, and never to be given again.

        Raises `BadInput` where that would be more than 60 seconds ahead of `now_ms`, and gives none: the clock went
        back by as much, or more were asked for than time has. A nonce ahead would lock later ones out (reliability C2).
        """
    @property
    def last(self) -> int:
        """The largest that was given, or the floor: what a journal keeps."""

def address_of(key: bytes | bytearray | str) -> str:
    """The address of a key, in lower case. Raises `BadInput` for what is no key, without a word of it."""

def recover(body: bytes, mainnet: bool) -> str:
    """The address that signed the body of a request to `/exchange`, as the venue finds it.

    The venue reads the action into its own structures and writes it anew: the order of members, trailing zeros,
    letters' case and absent members that are null or false do not matter to it, members it does not know are
    passed over (protocol 2.1). So a body that was hashed otherwise gives the address of nobody. Raises `BadInput`
    for what the venue could not read (422): no JSON, an action it does not have, a member missing or of a wrong
    kind, a signature that is none.
    """

def open_keystore(
    passphrase: bytes | bytearray,
    *,
    kdf: Literal["scrypt", "pbkdf2"],
    costs: tuple[int, ...],
    salt: bytes | bytearray,
    iv: bytes | bytearray,
    ciphertext: bytes | bytearray,
    mac: bytes | bytearray,
    mainnet: bool,
    vault: str | None = None,
) -> Signer:
    """The signer of a key that a keystore file holds (Web3 Secret Storage, version 3), given as the numbers of the file.

    `kdf` is `scrypt` with `costs` (n, r, p), or `pbkdf2` with (rounds,). Raises `ConfigError` for a wrong passphrase
    (`field` is `passphrase`; a file that was changed looks the same), and for costs of more than 512 MiB or than
    sixteen times geth's work, before any of it is spent. The MAC is compared in constant time.
    """

def seal_keystore(
    key: bytes | bytearray | str | None,
    passphrase: bytes | bytearray,
    *,
    salt: bytes | bytearray,
    iv: bytes | bytearray,
    log_n: int = 18,
) -> tuple[str, bytes, bytes]:
    """The address of a key, and what a keystore file holds of it: the ciphertext and the MAC, for scrypt with n = 2 to the
    `log_n`, r = 8 and p = 1. Where `key` is `None`, a fresh one is made of the system's randomness, and is nowhere else.

    `salt` (16 bytes or more) and `iv` (16 bytes) are to be random and never used again; `log_n` is 17, 18 or 19. Raises
    `BadInput` for what is no key, without a word of it, and `ConfigError` for a salt or a cost that will not do.
    """

def connection_id(action: str | bytes, nonce: int, vault: str | None = None, expires_ms: int | None = None) -> bytes:
    """The hash of an L1 action, of its JSON text as in `Signer.action` (protocol 2.1): 32 bytes."""

def digest(connection_id: bytes, mainnet: bool) -> bytes:
    """What is signed for an L1 action of that hash (EIP-712, protocol 2.2): 32 bytes."""

def msgpack(action: str | bytes) -> bytes:
    """The bytes under the hash, of an action's JSON text as in `Signer.action`."""

def keccak256(data: bytes) -> bytes:
    """The original Keccak of 256 bits, not NIST's SHA3: 32 bytes."""

def float_to_wire(x: float) -> str:
    """A float as the venue's decimal text, where at most 8 decimals say it to within 10⁻¹² (protocol 2.4).

    As the official SDK does, but for the sign of a zero. Raises `Unrepresentable` where that would round, or for
    what is not finite or has more than 28 digits. For floats that come from elsewhere: orders take exact numbers.
    """
