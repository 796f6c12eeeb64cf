//! `mm._core.venue`: conversion only. Time passes with the interpreter's lock let go.

mod read;

use std::collections::BTreeMap;
use std::sync::Mutex;

use mm_core::num::{Px, Sz};
use mm_venue::chain::{Address, Amount, Metas, PX_MOST, Role, Status, TokenIx};
use mm_venue::faults::{Channel, Fault, Rule};
use mm_venue::market::{Flow, Replay};
use mm_venue::{Config, Others, Output, Venue};
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict, PyList, PyString, PyTuple};

use crate::convert::{maybe_whole, number, whole};
use crate::error::{bad, fault, unrepresentable};

/// A simulated Hyperliquid: deterministic, without clock or socket.
#[pymodule(submodule, gil_used = false)]
pub(crate) mod venue {
    #[pymodule_export]
    use super::PyVenue;
    #[pymodule_export]
    use super::{faults, settings};
}

/// The life of an agent of which nothing else is said: 90 days.
const AGENT_MS: u64 = 90 * 86_400_000;
/// One call lets no more time pass than this: nobody could interrupt it.
const PASS_MS: u64 = 366 * 86_400_000;

type Arg<'a, 'py> = &'a Bound<'py, PyAny>;
type OptArg<'a, 'py> = Option<&'a Bound<'py, PyAny>>;

/// Every setting of a venue by its name, with what it means. Each is a whole number (`Venue(settings={...})`).
#[pyfunction]
fn settings() -> BTreeMap<&'static str, &'static str> {
    Config::options().map(|setting| (setting.name, setting.about)).collect()
}

/// Every fault by its name, with the lines of reliability.md 2 that it plays (`Venue.fault`).
#[pyfunction]
fn faults() -> BTreeMap<&'static str, &'static str> {
    Fault::ALL.iter().map(|fault| (fault.name(), fault.lines())).collect()
}

/// A simulated Hyperliquid: bytes in, bytes out, each at its time. The same seed, settings and calls give the same
/// bytes at the same times, on every machine (`trace_hash`).
///
/// It has no clock: `advance` lets its time pass. It has no accounts but those that were opened (`open_account`).
/// `market` says who else trades, by coin: "deep", "thin" or "quiet" traders that are generated. `recording` plays a
/// recorded market instead: rows by coin, ("book", ms, bids, asks), ("touch", ms, bid, ask) or ("trade", ms, side,
/// px, sz), a level being (px, sz), numbers as text. `settings` are whole numbers by name (`settings()`), `perps` are
/// the venue's answers to `metaAndAssetCtxs` by dex ("" is the main one) and `spot` is that to `spotMetaAndAssetCtxs`:
/// without them there is a small set of markets of its own. With `check_signatures=False` the last twenty bytes of a
/// signature's `r` are believed to be the signer.
///
/// Wrong arguments raise `BadInput` or `Unrepresentable`, naming the field, and change nothing.
#[pyclass(frozen, name = "Venue", module = "mm._core.venue")]
pub(crate) struct PyVenue {
    inner: Mutex<Venue>,
}

impl PyVenue {
    fn locked<T: Send>(
        &self,
        py: Python<'_>,
        work: impl FnOnce(&mut Venue) -> T + Send,
    ) -> PyResult<T> {
        // The venue's lock is taken without the interpreter's: who holds the one never waits for the other.
        let done = py.detach(|| self.inner.lock().ok().map(|mut venue| work(&mut venue)));
        done.ok_or_else(|| fault("the venue failed before: its state cannot be trusted"))
    }

    fn known(&self, py: Python<'_>, field: &'static str, address: Address) -> PyResult<()> {
        let known = self.locked(py, move |venue| venue.chain().by_address(address).is_some())?;
        if known { Ok(()) } else { Err(bad(field, "is no account here: open it first")) }
    }
}

#[pymethods]
impl PyVenue {
    #[new]
    #[pyo3(signature = (
        seed = None, *, mainnet = false, start_ms = None, market = None, recording = None, settings = None, perps = None,
        spot = None, check_signatures = true,
    ))]
    #[allow(clippy::too_many_arguments, reason = "they are keywords")]
    fn new(
        seed: OptArg<'_, '_>,
        mainnet: bool,
        start_ms: OptArg<'_, '_>,
        market: Option<&Bound<'_, PyDict>>,
        recording: Option<&Bound<'_, PyDict>>,
        settings: Option<&Bound<'_, PyDict>>,
        perps: Option<&Bound<'_, PyDict>>,
        spot: Option<&Bound<'_, PyBytes>>,
        check_signatures: bool,
    ) -> PyResult<Self> {
        let mut config =
            Config { mainnet, seed: maybe_whole("seed", seed)?.unwrap_or(0), ..Config::default() };
        if let Some(start) = maybe_whole("start_ms", start_ms)? {
            config.start_ms = read::time("start_ms", start)?;
        }
        read::settings(&mut config, settings)?;
        let metas = read::metas(perps, spot)?;
        let flows = read::flows(&metas, market)?;
        let recordings = read::recordings(&metas, recording)?;
        let recover = if check_signatures { mm_venue::recover } else { mm_venue::believe };
        let seed = config.seed;
        let mut venue = Venue::new(config, metas, recover);
        for (asset, habits) in flows {
            let flow = Flow::new(venue.chain_mut(), asset, habits, seed);
            venue.add_others(Others::Flow(Box::new(flow)));
        }
        for (asset, rows) in recordings {
            let replay = Replay::new(venue.chain_mut(), asset, rows);
            venue.add_others(Others::Replay(Box::new(replay)));
        }
        Ok(Self { inner: Mutex::new(venue) })
    }

    /// The venue's time, in ms.
    #[getter]
    fn now_ms(&self, py: Python<'_>) -> PyResult<u64> {
        self.locked(py, |venue| venue.now_ms())
    }

    /// How many things have happened on the chain.
    #[getter]
    fn events(&self, py: Python<'_>) -> PyResult<u64> {
        self.locked(py, |venue| venue.events())
    }

    /// The coins of its markets, delisted ones included, in the order of their assets.
    #[getter]
    fn coins(&self, py: Python<'_>) -> PyResult<Vec<String>> {
        self.locked(py, |venue| {
            venue.chain().metas().assets.iter().map(|asset| asset.name.clone()).collect()
        })
    }

    /// `POST /exchange`, sent now: the ticket by which `advance` names its answer.
    fn exchange(&self, py: Python<'_>, body: &[u8]) -> PyResult<u64> {
        self.locked(py, |venue| venue.exchange(body))
    }

    /// `POST /info`, sent now: the ticket by which `advance` names its answer.
    fn info(&self, py: Python<'_>, body: &[u8]) -> PyResult<u64> {
        self.locked(py, |venue| venue.info(body))
    }

    /// A new WebSocket: its number.
    fn open_socket(&self, py: Python<'_>) -> PyResult<u64> {
        self.locked(py, Venue::open_socket)
    }

    /// The client says something on a WebSocket, now. On one that is closed it is lost.
    fn socket_message(&self, py: Python<'_>, socket: u64, text: &[u8]) -> PyResult<()> {
        self.locked(py, |venue| venue.socket_message(socket, text))
    }

    /// The client closes a WebSocket: nothing more comes from it.
    fn close_socket(&self, py: Python<'_>, socket: u64) -> PyResult<()> {
        self.locked(py, |venue| venue.close_socket(socket))
    }

    /// Lets time pass until `until_ms`. What came meanwhile, in order of time: ("reply", ticket, HTTP status, content
    /// type, body), ("frame", socket, bytes), ("close", socket, code).
    fn advance<'py>(
        &self,
        py: Python<'py>,
        until_ms: Arg<'_, 'py>,
    ) -> PyResult<Bound<'py, PyList>> {
        let until = whole("until_ms", until_ms)?;
        let outputs = self.locked(py, |venue| {
            (until <= venue.now_ms().saturating_add(PASS_MS)).then(|| venue.advance(until))
        })?;
        told(py, outputs.ok_or_else(|| bad("until_ms", "is more than a year ahead"))?)
    }

    /// As `advance`, but only until something comes: who answers at once sees each thing at its own time (`now_ms`).
    fn step<'py>(&self, py: Python<'py>, until_ms: Arg<'_, 'py>) -> PyResult<Bound<'py, PyList>> {
        let until = whole("until_ms", until_ms)?;
        let outputs = self.locked(py, |venue| {
            (until <= venue.now_ms().saturating_add(PASS_MS)).then(|| venue.step(until))
        })?;
        told(py, outputs.ok_or_else(|| bad("until_ms", "is more than a year ahead"))?)
    }

    /// Opens an account, or gives one that is there more money: USDC on the main dex (`usd`), by other dexes (`dexes`),
    /// and spot tokens by name (`spot`). With a `master` it is that account's sub-account, with a `leader` a vault that is
    /// led by that account; either is traded for by the signers of the account named.
    #[pyo3(signature = (address, usd = None, *, dexes = None, spot = None, master = None, leader = None))]
    #[allow(clippy::too_many_arguments)] // each is a keyword of its own in Python
    fn open_account(
        &self,
        py: Python<'_>,
        address: Arg<'_, '_>,
        usd: OptArg<'_, '_>,
        dexes: Option<&Bound<'_, PyDict>>,
        spot: Option<&Bound<'_, PyDict>>,
        master: OptArg<'_, '_>,
        leader: OptArg<'_, '_>,
    ) -> PyResult<()> {
        let address = read::address("address", address)?;
        let usd = crate::convert::maybe("usd", usd, Sz::parse_amount)?.unwrap_or(Sz::ZERO);
        let (dexes, spot) = (read::amounts("dexes", dexes)?, read::amounts("spot", spot)?);
        let owner = |name: &'static str, told: OptArg<'_, '_>| -> PyResult<Option<_>> {
            let owner = told
                .filter(|one| !one.is_none())
                .map(|one| read::address(name, one))
                .transpose()?;
            owner.map(|one| self.known(py, name, one).map(|()| one)).transpose()
        };
        let (master, leader) = (owner("master", master)?, owner("leader", leader)?);
        if master.is_some() && leader.is_some() {
            return Err(bad("leader", "and a master are one owner too many"));
        }
        let opened = self.locked(py, move |venue| {
            let metas = venue.chain().metas();
            let dex_of = |name: &str| {
                metas
                    .dexes
                    .iter()
                    .position(|dex| dex.name == name)
                    .and_then(|ix| u8::try_from(ix).ok())
            };
            let token_of = |name: &str| {
                metas
                    .tokens
                    .iter()
                    .position(|t| t.name == name)
                    .and_then(|ix| u16::try_from(ix).ok())
            };
            let dexes: Option<Vec<_>> =
                dexes.iter().map(|(name, sz)| Some((dex_of(name)?, *sz))).collect();
            let spot: Option<Vec<_>> =
                spot.iter().map(|(name, sz)| Some((token_of(name)?, *sz))).collect();
            let (Some(dexes), Some(spot)) = (dexes, spot) else { return false };
            let chain = venue.chain_mut();
            let by_address = |owner: Option<_>| owner.and_then(|one| chain.by_address(one));
            let role = match (by_address(master), by_address(leader)) {
                (Some(master), _) => Role::Sub { master },
                (None, Some(leader)) => Role::Vault { leader },
                (None, None) => Role::User,
            };
            let id = chain.open_account(address, role);
            for (dex, sz) in core::iter::once((0, usd)).chain(dexes).filter(|(_, sz)| sz.0 > 0) {
                chain.deposit(id, dex, Amount(sz.0));
            }
            for (token, sz) in spot {
                chain.deposit_spot(id, TokenIx(token), Amount(sz.0));
            }
            true
        })?;
        if opened { Ok(()) } else { Err(bad("dexes", "or spot names what is not here")) }
    }

    /// Lets `agent` sign for an account, from now until `valid_until_ms` (90 days, if that is not told). An agent of the
    /// same name is no more then.
    #[pyo3(signature = (account, agent, name = "", valid_until_ms = None))]
    fn add_agent(
        &self,
        py: Python<'_>,
        account: Arg<'_, '_>,
        agent: Arg<'_, '_>,
        name: &str,
        valid_until_ms: OptArg<'_, '_>,
    ) -> PyResult<()> {
        let (account, agent) = (read::address("account", account)?, read::address("agent", agent)?);
        let until = maybe_whole("valid_until_ms", valid_until_ms)?;
        self.known(py, "account", account)?;
        self.locked(py, |venue| {
            if let Some(id) = venue.chain().by_address(account) {
                let until = until.unwrap_or(venue.now_ms() + AGENT_MS);
                venue.chain_mut().add_agent(agent, id, name, Some(until));
            }
        })
    }

    /// An agent is no more: what it signs is of nobody.
    fn remove_agent(&self, py: Python<'_>, agent: Arg<'_, '_>) -> PyResult<()> {
        let agent = read::address("agent", agent)?;
        self.locked(py, |venue| venue.chain_mut().remove_agent(agent))
    }

    /// Counts volume as if an account had traded it: for budgets and gates.
    fn add_volume(&self, py: Python<'_>, account: Arg<'_, '_>, usd: Arg<'_, '_>) -> PyResult<()> {
        let (account, usd) =
            (read::address("account", account)?, number("usd", usd, Sz::parse_amount)?);
        self.known(py, "account", account)?;
        self.locked(py, |venue| {
            if let Some(id) = venue.chain().by_address(account) {
                venue.chain_mut().add_volume(id, Amount(usd.0));
            }
        })
    }

    /// Sets the oracle's price of a coin.
    fn set_oracle(&self, py: Python<'_>, coin: &str, px: Arg<'_, '_>) -> PyResult<()> {
        let px = number("px", px, Px::parse)?;
        if px > PX_MOST {
            return Err(unrepresentable("px", "is above a thousand million"));
        }
        let set = self.locked(py, |venue| {
            let asset = venue.chain().metas().by_name(coin)?;
            venue.chain_mut().set_oracle(asset, px);
            Some(())
        })?;
        set.ok_or_else(|| bad("coin", "is not traded here"))
    }

    /// A market is no more: its orders end (`delistedCanceled`), its number and the positions in it stay.
    fn delist(&self, py: Python<'_>, coin: &str) -> PyResult<()> {
        let done = self.locked(py, |venue| {
            let asset = venue.chain().metas().by_name(coin)?;
            venue.chain_mut().delist(asset);
            Some(())
        })?;
        done.ok_or_else(|| bad("coin", "is not traded here"))
    }

    /// The venue turns what an account has below a lot of a spot coin into its quote token: a fill of tid 0. False if
    /// there is nothing below a lot.
    fn convert_dust(&self, py: Python<'_>, account: Arg<'_, '_>, coin: &str) -> PyResult<bool> {
        let account = read::address("account", account)?;
        self.known(py, "account", account)?;
        let done = self.locked(py, |venue| {
            let asset = venue.chain().metas().by_name(coin)?;
            let id = venue.chain().by_address(account)?;
            Some(venue.chain_mut().convert_dust(id, asset))
        })?;
        done.ok_or_else(|| bad("coin", "is not traded here"))
    }

    /// The venue cancels an order of its own accord, with one of its statuses. False if the order is not live.
    #[pyo3(signature = (oid, status = "internalCancel"))]
    fn venue_cancel(&self, py: Python<'_>, oid: Arg<'_, '_>, status: &str) -> PyResult<bool> {
        let oid = crate::convert::oid(oid)?;
        let status = Status::parse(status).filter(|status| !status.is_live());
        let status =
            status.ok_or_else(|| bad("status", "is no word that the venue ends an order with"))?;
        self.locked(py, |venue| venue.chain_mut().venue_cancel(oid, status))
    }

    /// Switches a fault on (`faults()`): so often in a million occasions, at most so many `times`, between two moments,
    /// on one channel ("reply", "info", "orders", "fills", "state", "market", "control") or on all. `amount` is its
    /// measure: milliseconds of a delay, lots of a lie.
    #[pyo3(signature = (
        name, *, channel = None, per_million = 1_000_000, times = None, from_ms = None, until_ms = None, amount = None,
    ))]
    #[allow(clippy::too_many_arguments, reason = "they are keywords")]
    fn fault(
        &self,
        py: Python<'_>,
        name: &str,
        channel: Option<&str>,
        per_million: u32,
        times: OptArg<'_, '_>,
        from_ms: OptArg<'_, '_>,
        until_ms: OptArg<'_, '_>,
        amount: OptArg<'_, '_>,
    ) -> PyResult<()> {
        let fault = read::fault(name)?;
        let channel = match channel {
            None => None,
            Some(name) => {
                Some(Channel::parse(name).ok_or_else(|| bad("channel", "is no channel"))?)
            }
        };
        if per_million > 1_000_000 {
            return Err(bad("per_million", "is more than a million"));
        }
        let always = Rule::always(fault);
        let rule = Rule {
            channel,
            per_million,
            times: maybe_whole("times", times)?.unwrap_or(always.times),
            from: maybe_whole("from_ms", from_ms)?.unwrap_or(always.from),
            until: maybe_whole("until_ms", until_ms)?.unwrap_or(always.until),
            amount: read::time("amount", maybe_whole("amount", amount)?.unwrap_or(0))?,
            ..always
        };
        self.locked(py, move |venue| venue.faults.add(rule))
    }

    /// Switches a fault off; all of them without a name.
    #[pyo3(signature = (name = None))]
    fn heal(&self, py: Python<'_>, name: Option<&str>) -> PyResult<()> {
        let fault = name.map(read::fault).transpose()?;
        self.locked(py, move |venue| venue.faults.clear(fault))
    }

    /// How often each fault has struck.
    fn struck(&self, py: Python<'_>) -> PyResult<BTreeMap<&'static str, u64>> {
        self.locked(py, |venue| {
            venue.faults.struck.iter().map(|(fault, n)| (fault.name(), *n)).collect()
        })
    }

    /// What is really so of an account, as JSON: positions, spot, cash, live orders with what they executed, every fill
    /// that is remembered, sums. Raises `BadInput` for an address that has no account.
    fn truth<'py>(&self, py: Python<'py>, account: Arg<'_, 'py>) -> PyResult<Bound<'py, PyBytes>> {
        let account = read::address("account", account)?;
        let truth = self.locked(py, |venue| venue.truth(account))?;
        let truth = truth.ok_or_else(|| bad("account", "is no account here: open it first"))?;
        Ok(PyBytes::new(py, truth.as_bytes()))
    }

    /// Audits the venue itself: books, positions, holds, and that no money came from nowhere. Raises `EngineFault`.
    fn check(&self, py: Python<'_>) -> PyResult<()> {
        self.locked(py, |venue| venue.chain().check())?.map_err(|broken| fault(&broken.0))
    }

    /// 32 hexadecimal digits over all that has happened and all that was delivered, with its times.
    fn trace_hash(&self, py: Python<'_>) -> PyResult<String> {
        self.locked(py, |venue| venue.trace_hash())
    }

    fn __repr__(&self, py: Python<'_>) -> PyResult<String> {
        self.locked(py, |venue| {
            format!("<Venue seed={} now_ms={}>", venue.config().seed, venue.now_ms())
        })
    }
}

/// What was delivered, as tuples.
fn told(py: Python<'_>, outputs: Vec<Output>) -> PyResult<Bound<'_, PyList>> {
    let list = PyList::empty(py);
    for output in outputs {
        let tuple = match output {
            Output::Reply { ticket, status, content_type, body } => {
                let body = PyBytes::new(py, &body);
                ("reply", ticket, status, PyString::new(py, content_type), body)
                    .into_pyobject(py)?
                    .into_any()
            }
            Output::Frame { socket, data } => {
                ("frame", socket, PyBytes::new(py, &data)).into_pyobject(py)?.into_any()
            }
            Output::Close { socket, code } => ("close", socket, code).into_pyobject(py)?.into_any(),
        };
        list.append(tuple.cast_into::<PyTuple>()?)?;
    }
    Ok(list)
}

/// The markets of a venue that nobody brought.
pub(crate) fn generated() -> Metas {
    Metas::generated()
}
