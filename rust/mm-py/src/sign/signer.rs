//! A key, and a method for each action: arguments are read, and the body comes back as bytes.

use mm_wire::action::user::UserAction;
use mm_wire::action::{Action, Builder, Grouping, Order, Ordered};
use mm_wire::sign::{Key, Network, Signer};
use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use pyo3::types::PyBytes;

use super::order::PyOrderWire;
use super::read::{
    Arg, OptArg, address, asset, flag, items, json, key, maybe_address, micro_usd, pair,
    positive_micro_usd, sz, target, text,
};
use crate::convert::{self, maybe_whole, whole};
use crate::error::{bad, raise};

type Made<'py> = Bound<'py, PyBytes>;

/// A key, the network it signs for and the account it acts for. Each method gives the whole body of a request.
///
/// The key is 32 bytes (`bytes` or `bytearray`) or 64 hexadecimal digits, with or without `0x`. It is kept in
/// memory that is wiped when the signer goes, and cannot be had back: not by repr, pickle, copy or an error.
/// `vault` is the sub-account or vault that is acted for, never the master's own address (protocol 2.8).
///
/// What a method returns is the JSON of `POST /exchange`, and the `payload` of a WebSocket `post` (protocol 1.5,
/// 2.3). Keep the bytes: who must repeat a request sends the same bytes once more (reliability N1). Signing is
/// deterministic, so the same call gives the same bytes.
///
/// Every method takes the `nonce` it is sent under (see `Nonces`) and, but for transfers, `expires_ms`, after
/// which the venue refuses it. Wrong arguments raise `BadInput` or `Unrepresentable`, naming the field, and
/// an item's place in the message. At most 200 items go into one action.
#[pyclass(frozen, name = "Signer", module = "mm._core.sign")]
pub(crate) struct PySigner {
    signer: Signer,
    allow_always_place: bool,
}

impl PySigner {
    /// Puts the parts together, wherever the key comes from.
    pub(super) fn made(
        key: Key,
        mainnet: Arg<'_, '_>,
        vault: OptArg<'_, '_>,
        allow_always_place: bool,
    ) -> PyResult<Self> {
        let network = Network::of(flag("mainnet", mainnet)?);
        let vault = maybe_address("vault", vault)?;
        let signer = Signer::new(key, network, vault);
        if vault == Some(signer.address()) {
            return Err(bad("vault", "is the address of the key itself"));
        }
        Ok(Self { signer, allow_always_place })
    }

    fn ask<'py>(
        &self,
        py: Python<'py>,
        action: &Action<'_>,
        nonce: Arg<'_, '_>,
        expires_ms: OptArg<'_, '_>,
    ) -> PyResult<Made<'py>> {
        let (nonce, expires_ms) = sent(nonce, expires_ms)?;
        bytes(py, self.signer.action(action, nonce, expires_ms))
    }

    fn ask_as_user<'py>(
        &self,
        py: Python<'py>,
        action: &UserAction<'_>,
        nonce: Arg<'_, '_>,
    ) -> PyResult<Made<'py>> {
        let nonce = whole("nonce", nonce)?;
        if self.signer.vault().is_some() {
            return Err(bad("vault", "cannot be acted for in what only an account itself may do"));
        }
        bytes(py, self.signer.user(action, nonce))
    }

    fn may_place(&self, always: bool) -> PyResult<()> {
        if always && !self.allow_always_place {
            return Err(bad("always_place", "is not allowed to this signer: it doubles exposure"));
        }
        Ok(())
    }
}

fn sent(nonce: Arg<'_, '_>, expires_ms: OptArg<'_, '_>) -> PyResult<(u64, Option<u64>)> {
    Ok((whole("nonce", nonce)?, maybe_whole("expires_ms", expires_ms)?))
}

fn bytes(py: Python<'_>, made: Result<Vec<u8>, mm_core::error::Error>) -> PyResult<Made<'_>> {
    made.map(|body| PyBytes::new(py, &body)).map_err(raise)
}

fn order(value: Arg<'_, '_>) -> PyResult<Order> {
    let order = value.cast::<PyOrderWire>().map_err(|_| bad("order", "is not an OrderWire"))?;
    Ok(order.get().0)
}

fn grouping(word: &str, priority: OptArg<'_, '_>) -> PyResult<Grouping> {
    match (word, maybe_whole("priority", priority)?) {
        ("na", Some(fee)) => Ok(Grouping::Priority(fee)),
        (_, Some(_)) => Err(bad("priority", "takes the place of a grouping")),
        ("na", None) => Ok(Grouping::None),
        ("normalTpsl", None) => Ok(Grouping::NormalTpsl),
        ("positionTpsl", None) => Ok(Grouping::PositionTpsl),
        _ => Err(bad("grouping", "is none of \"na\", \"normalTpsl\", \"positionTpsl\"")),
    }
}

fn builder(value: Arg<'_, '_>) -> PyResult<Builder> {
    let (address, fee) = pair("builder", value)?;
    Ok(Builder { address: self::address("builder", &address)?, fee: whole("builder", &fee)? })
}

fn positive(field: &'static str, value: Arg<'_, '_>) -> PyResult<u64> {
    match whole(field, value)? {
        0 => Err(bad(field, "is zero")),
        value => Ok(value),
    }
}

fn leverage_of(value: Arg<'_, '_>) -> PyResult<u32> {
    let leverage = positive("leverage", value)?;
    u32::try_from(leverage).map_err(|_| bad("leverage", "is not between 1 and 2**32 - 1"))
}

#[pymethods]
impl PySigner {
    #[new]
    #[pyo3(signature = (key, *, mainnet, vault=None, allow_always_place=false))]
    fn new(
        key: Arg<'_, '_>,
        mainnet: Arg<'_, '_>,
        vault: OptArg<'_, '_>,
        allow_always_place: bool,
    ) -> PyResult<Self> {
        Self::made(self::key(key)?, mainnet, vault, allow_always_place)
    }

    /// The address of the key, in lower case: an agent's, in trading, and not the account's.
    #[getter]
    fn address(&self) -> String {
        self.signer.address().to_string()
    }

    /// It signs for mainnet; else for testnet.
    #[getter]
    fn mainnet(&self) -> bool {
        self.signer.network() == Network::Mainnet
    }

    /// The sub-account or vault that is acted for, in lower case.
    #[getter]
    fn vault(&self) -> Option<String> {
        convert::opt_text(self.signer.vault())
    }

    /// Places orders (protocol 3.2).
    ///
    /// `priority` is a fee of so many 10⁻⁸ of the notional, in the place of a grouping, where all orders are IOC
    /// or all add liquidity and none only reduces. `builder` is an address and its fee in tenths of a basis point:
    /// at most 1000, and 100 with an order of a perpetual.
    #[pyo3(signature = (orders, *, nonce, expires_ms=None, grouping="na", priority=None, builder=None))]
    #[allow(clippy::too_many_arguments)] // the action's fields, most by keyword
    fn orders<'py>(
        &self,
        py: Python<'py>,
        orders: Arg<'_, '_>,
        nonce: Arg<'_, '_>,
        expires_ms: OptArg<'_, '_>,
        grouping: &str,
        priority: OptArg<'_, '_>,
        builder: OptArg<'_, '_>,
    ) -> PyResult<Made<'py>> {
        let orders = items("orders", orders, order)?;
        let grouping = self::grouping(grouping, priority)?;
        let builder = builder.map(self::builder).transpose()?;
        let action = Action::Orders { orders: &orders, grouping, builder };
        self.ask(py, &action, nonce, expires_ms)
    }

    /// Cancels orders by (asset, oid) (protocol 3.3). `fast` goes first in the mempool; not for trigger orders.
    #[pyo3(signature = (targets, *, nonce, expires_ms=None, fast=false))]
    fn cancels<'py>(
        &self,
        py: Python<'py>,
        targets: Arg<'_, '_>,
        nonce: Arg<'_, '_>,
        expires_ms: OptArg<'_, '_>,
        fast: bool,
    ) -> PyResult<Made<'py>> {
        let targets = items("targets", targets, |item| {
            let (asset, oid) = pair("targets", item)?;
            Ok((self::asset(&asset)?, convert::oid(&oid)?))
        })?;
        self.ask(py, &Action::Cancels { targets: &targets, fast }, nonce, expires_ms)
    }

    /// Cancels orders by (asset, cloid) (protocol 3.3).
    #[pyo3(signature = (targets, *, nonce, expires_ms=None, fast=false))]
    fn cancels_by_cloid<'py>(
        &self,
        py: Python<'py>,
        targets: Arg<'_, '_>,
        nonce: Arg<'_, '_>,
        expires_ms: OptArg<'_, '_>,
        fast: bool,
    ) -> PyResult<Made<'py>> {
        let targets = items("targets", targets, |item| {
            let (asset, cloid) = pair("targets", item)?;
            Ok((self::asset(&asset)?, convert::cloid(&cloid)?))
        })?;
        self.ask(py, &Action::CancelsByCloid { targets: &targets, fast }, nonce, expires_ms)
    }

    /// Replaces orders, each named by its oid or cloid (`batchModify`, protocol 3.4): the answer has the new oids.
    ///
    /// `always_place` places the new order even where the old one is gone, filled perhaps: it doubles exposure. It
    /// is refused unless the signer was made with `allow_always_place`.
    #[pyo3(signature = (changes, *, nonce, expires_ms=None, always_place=false))]
    fn modifies<'py>(
        &self,
        py: Python<'py>,
        changes: Arg<'_, '_>,
        nonce: Arg<'_, '_>,
        expires_ms: OptArg<'_, '_>,
        always_place: bool,
    ) -> PyResult<Made<'py>> {
        self.may_place(always_place)?;
        let changes = items("changes", changes, |item| {
            let (target, order) = pair("changes", item)?;
            Ok((self::target(&target)?, self::order(&order)?))
        })?;
        self.ask(py, &Action::Modifies { changes: &changes, always_place }, nonce, expires_ms)
    }

    /// Replaces one order by the older action `modify`, whose answer has no oid: prefer `modifies`.
    #[pyo3(signature = (target, order, *, nonce, expires_ms=None, always_place=false))]
    fn modify<'py>(
        &self,
        py: Python<'py>,
        target: Arg<'_, '_>,
        order: Arg<'_, '_>,
        nonce: Arg<'_, '_>,
        expires_ms: OptArg<'_, '_>,
        always_place: bool,
    ) -> PyResult<Made<'py>> {
        self.may_place(always_place)?;
        let (target, order) = (self::target(target)?, self::order(order)?);
        self.ask(py, &Action::Modify { target, order, always_place }, nonce, expires_ms)
    }

    /// Does nothing but use the nonce up: the fence against a request that may still come (protocol 2.6).
    #[pyo3(signature = (*, nonce, expires_ms=None))]
    fn noop<'py>(
        &self,
        py: Python<'py>,
        nonce: Arg<'_, '_>,
        expires_ms: OptArg<'_, '_>,
    ) -> PyResult<Made<'py>> {
        self.ask(py, &Action::Noop, nonce, expires_ms)
    }

    /// Cancels all orders at `time_ms` unless told otherwise before; None calls it off (protocol 3.6).
    #[pyo3(signature = (time_ms, *, nonce, expires_ms=None))]
    fn schedule_cancel<'py>(
        &self,
        py: Python<'py>,
        time_ms: OptArg<'_, '_>,
        nonce: Arg<'_, '_>,
        expires_ms: OptArg<'_, '_>,
    ) -> PyResult<Made<'py>> {
        let time = maybe_whole("time_ms", time_ms)?;
        self.ask(py, &Action::ScheduleCancel { time }, nonce, expires_ms)
    }

    /// Sets an asset's leverage and how it is margined (protocol 3.7).
    #[pyo3(signature = (asset, leverage, *, is_cross, nonce, expires_ms=None))]
    fn update_leverage<'py>(
        &self,
        py: Python<'py>,
        asset: Arg<'_, '_>,
        leverage: Arg<'_, '_>,
        is_cross: Arg<'_, '_>,
        nonce: Arg<'_, '_>,
        expires_ms: OptArg<'_, '_>,
    ) -> PyResult<Made<'py>> {
        let (asset, is_cross) = (self::asset(asset)?, flag("is_cross", is_cross)?);
        let leverage = leverage_of(leverage)?;
        self.ask(py, &Action::UpdateLeverage { asset, is_cross, leverage }, nonce, expires_ms)
    }

    /// Adds dollars to an isolated position's margin, or removes them where negative; six decimals (protocol 3.7).
    #[pyo3(signature = (asset, usd, *, nonce, expires_ms=None, is_buy=true))]
    fn update_isolated_margin<'py>(
        &self,
        py: Python<'py>,
        asset: Arg<'_, '_>,
        usd: Arg<'_, '_>,
        nonce: Arg<'_, '_>,
        expires_ms: OptArg<'_, '_>,
        is_buy: bool,
    ) -> PyResult<Made<'py>> {
        let (asset, micro_usd) = (self::asset(asset)?, micro_usd(usd)?);
        let action = Action::UpdateIsolatedMargin { asset, is_buy, micro_usd };
        self.ask(py, &action, nonce, expires_ms)
    }

    /// Buys so many requests for the address's budget (protocol 3.7). It costs money.
    #[pyo3(signature = (weight, *, nonce, expires_ms=None))]
    fn reserve_request_weight<'py>(
        &self,
        py: Python<'py>,
        weight: Arg<'_, '_>,
        nonce: Arg<'_, '_>,
        expires_ms: OptArg<'_, '_>,
    ) -> PyResult<Made<'py>> {
        let weight = positive("weight", weight)?;
        self.ask(py, &Action::ReserveRequestWeight { weight }, nonce, expires_ms)
    }

    /// Names the referrer, for the signer's own account.
    #[pyo3(signature = (code, *, nonce, expires_ms=None))]
    fn set_referrer<'py>(
        &self,
        py: Python<'py>,
        code: Arg<'_, '_>,
        nonce: Arg<'_, '_>,
        expires_ms: OptArg<'_, '_>,
    ) -> PyResult<Made<'py>> {
        let code = text("code", code)?;
        self.ask(py, &Action::SetReferrer { code }, nonce, expires_ms)
    }

    /// Has the venue work an order over some minutes; its slices are fills with a `twapId` (protocol 3.7).
    #[pyo3(signature = (asset, is_buy, sz, *, minutes, randomize, nonce, expires_ms=None, reduce_only=false))]
    #[allow(clippy::too_many_arguments)] // the action's fields, most by keyword
    fn twap_order<'py>(
        &self,
        py: Python<'py>,
        asset: Arg<'_, '_>,
        is_buy: Arg<'_, '_>,
        sz: Arg<'_, '_>,
        minutes: Arg<'_, '_>,
        randomize: Arg<'_, '_>,
        nonce: Arg<'_, '_>,
        expires_ms: OptArg<'_, '_>,
        reduce_only: bool,
    ) -> PyResult<Made<'py>> {
        let (asset, sz) = (self::asset(asset)?, self::sz("sz", sz)?);
        let (is_buy, randomize) = (flag("is_buy", is_buy)?, flag("randomize", randomize)?);
        let minutes = positive("minutes", minutes)?;
        let action = Action::TwapOrder { asset, is_buy, sz, reduce_only, minutes, randomize };
        self.ask(py, &action, nonce, expires_ms)
    }

    /// Ends such an order, by its id.
    #[pyo3(signature = (asset, twap, *, nonce, expires_ms=None))]
    fn twap_cancel<'py>(
        &self,
        py: Python<'py>,
        asset: Arg<'_, '_>,
        twap: Arg<'_, '_>,
        nonce: Arg<'_, '_>,
        expires_ms: OptArg<'_, '_>,
    ) -> PyResult<Made<'py>> {
        let (asset, twap) = (self::asset(asset)?, whole("twap", twap)?);
        self.ask(py, &Action::TwapCancel { asset, twap }, nonce, expires_ms)
    }

    /// Makes a sub-account of the signer's own account.
    #[pyo3(signature = (name, *, nonce, expires_ms=None))]
    fn create_sub_account<'py>(
        &self,
        py: Python<'py>,
        name: Arg<'_, '_>,
        nonce: Arg<'_, '_>,
        expires_ms: OptArg<'_, '_>,
    ) -> PyResult<Made<'py>> {
        let name = text("name", name)?;
        self.ask(py, &Action::CreateSubAccount { name }, nonce, expires_ms)
    }

    /// Moves dollars between the signer's own account and a sub-account; six decimals.
    #[pyo3(signature = (sub_account, usd, *, is_deposit, nonce, expires_ms=None))]
    fn sub_account_transfer<'py>(
        &self,
        py: Python<'py>,
        sub_account: Arg<'_, '_>,
        usd: Arg<'_, '_>,
        is_deposit: Arg<'_, '_>,
        nonce: Arg<'_, '_>,
        expires_ms: OptArg<'_, '_>,
    ) -> PyResult<Made<'py>> {
        let sub_account = address("sub_account", sub_account)?;
        let (is_deposit, micro_usd) = (flag("is_deposit", is_deposit)?, positive_micro_usd(usd)?);
        let action = Action::SubAccountTransfer { sub_account, is_deposit, micro_usd };
        self.ask(py, &action, nonce, expires_ms)
    }

    /// Moves dollars between the signer's own account and a vault; six decimals.
    #[pyo3(signature = (vault, usd, *, is_deposit, nonce, expires_ms=None))]
    fn vault_transfer<'py>(
        &self,
        py: Python<'py>,
        vault: Arg<'_, '_>,
        usd: Arg<'_, '_>,
        is_deposit: Arg<'_, '_>,
        nonce: Arg<'_, '_>,
        expires_ms: OptArg<'_, '_>,
    ) -> PyResult<Made<'py>> {
        let vault = address("vault", vault)?;
        let (is_deposit, micro_usd) = (flag("is_deposit", is_deposit)?, positive_micro_usd(usd)?);
        let action = Action::VaultTransfer { vault, is_deposit, micro_usd };
        self.ask(py, &action, nonce, expires_ms)
    }

    /// Signs any L1 action, given as JSON text whose members stand in the venue's order.
    ///
    /// It is hashed as it stands: nothing is put in order, shortened or left out. So it gives the same bytes as the
    /// method of that action for the same compact text, and a wrong signature for text that the venue would write
    /// otherwise (protocol 2.1). Members given twice, floats, whole numbers beyond 64 bits, more than 64 members in
    /// one object and more than 64 levels are refused; so are `"a":true` in a modify, as in `modifies`, and what only an
    /// account itself may sign (`usdSend`).
    #[pyo3(signature = (action, *, nonce, expires_ms=None))]
    fn action<'py>(
        &self,
        py: Python<'py>,
        action: Arg<'_, '_>,
        nonce: Arg<'_, '_>,
        expires_ms: OptArg<'_, '_>,
    ) -> PyResult<Made<'py>> {
        let action = Ordered::read(json("action", action)?).map_err(raise)?;
        self.may_place(action.places_always)?;
        let (nonce, expires_ms) = sent(nonce, expires_ms)?;
        bytes(py, Ok(self.signer.ordered(action, nonce, expires_ms)))
    }

    /// Lets another key trade for the signer's account (protocol 2.9). Only the account's own key may sign this.
    #[pyo3(signature = (agent, name=None, *, nonce))]
    fn approve_agent<'py>(
        &self,
        py: Python<'py>,
        agent: Arg<'_, '_>,
        name: OptArg<'_, '_>,
        nonce: Arg<'_, '_>,
    ) -> PyResult<Made<'py>> {
        let agent = address("agent", agent)?;
        let name = name.map(|name| text("name", name)).transpose()?;
        self.ask_as_user(py, &UserAction::ApproveAgent { agent, name }, nonce)
    }

    /// Allows a builder a fee of at most this rate, such as `0.001%`. Only the account's own key may sign this.
    #[pyo3(signature = (builder, max_fee_rate, *, nonce))]
    fn approve_builder_fee<'py>(
        &self,
        py: Python<'py>,
        builder: Arg<'_, '_>,
        max_fee_rate: Arg<'_, '_>,
        nonce: Arg<'_, '_>,
    ) -> PyResult<Made<'py>> {
        let builder = address("builder", builder)?;
        let max_fee_rate = text("max_fee_rate", max_fee_rate)?;
        self.ask_as_user(py, &UserAction::ApproveBuilderFee { builder, max_fee_rate }, nonce)
    }

    /// Sends dollars to another account. Only the account's own key may sign this.
    #[pyo3(signature = (destination, amount, *, nonce))]
    fn usd_send<'py>(
        &self,
        py: Python<'py>,
        destination: Arg<'_, '_>,
        amount: Arg<'_, '_>,
        nonce: Arg<'_, '_>,
    ) -> PyResult<Made<'py>> {
        let (destination, amount) = (address("destination", destination)?, sz("amount", amount)?);
        self.ask_as_user(py, &UserAction::UsdSend { destination, amount }, nonce)
    }

    /// Sends a token (`NAME:0x…`) to another account. Only the account's own key may sign this.
    #[pyo3(signature = (destination, token, amount, *, nonce))]
    fn spot_send<'py>(
        &self,
        py: Python<'py>,
        destination: Arg<'_, '_>,
        token: Arg<'_, '_>,
        amount: Arg<'_, '_>,
        nonce: Arg<'_, '_>,
    ) -> PyResult<Made<'py>> {
        let (destination, amount) = (address("destination", destination)?, sz("amount", amount)?);
        let token = text("token", token)?;
        self.ask_as_user(py, &UserAction::SpotSend { destination, token, amount }, nonce)
    }

    /// Withdraws dollars from the venue (`withdraw3`). Only the account's own key may sign this.
    #[pyo3(signature = (destination, amount, *, nonce))]
    fn withdraw<'py>(
        &self,
        py: Python<'py>,
        destination: Arg<'_, '_>,
        amount: Arg<'_, '_>,
        nonce: Arg<'_, '_>,
    ) -> PyResult<Made<'py>> {
        let (destination, amount) = (address("destination", destination)?, sz("amount", amount)?);
        self.ask_as_user(py, &UserAction::Withdraw { destination, amount }, nonce)
    }

    /// Moves dollars between the spot and the perpetual balance. Only the account's own key may sign this.
    #[pyo3(signature = (amount, *, to_perp, nonce))]
    fn usd_class_transfer<'py>(
        &self,
        py: Python<'py>,
        amount: Arg<'_, '_>,
        to_perp: Arg<'_, '_>,
        nonce: Arg<'_, '_>,
    ) -> PyResult<Made<'py>> {
        let (amount, to_perp) = (sz("amount", amount)?, flag("to_perp", to_perp)?);
        self.ask_as_user(py, &UserAction::UsdClassTransfer { amount, to_perp }, nonce)
    }

    /// The key leaves by no door: not to another process, not to a file.
    #[allow(clippy::unused_self)] // a method to Python
    fn __reduce_ex__(&self, _protocol: Arg<'_, '_>) -> PyResult<Py<PyAny>> {
        Err(PyTypeError::new_err("a Signer cannot be pickled or copied: it holds a key"))
    }

    fn __repr__(&self) -> String {
        let mainnet = if self.mainnet() { "True" } else { "False" };
        let vault = convert::quoted(self.signer.vault());
        format!("<Signer {} mainnet={mainnet} vault={vault}>", self.signer.address())
    }
}
