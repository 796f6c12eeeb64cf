//! The engine in Python: arguments are read before the lock is taken, objects are made after it is let go.

use std::hint;
use std::sync::Mutex;

use mm_core::effect::Effect;
use mm_core::engine::{CancelRefusal, Config, Engine, ModifyRefusal, NewOrder, Target};
use mm_core::error::Error;
use mm_core::event::{Fill, Update};
use mm_core::ids::Oid;
use mm_core::num::{Px, Sz};
use mm_wire::words::{self, CancelError, ModifyError};
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict, PyString, PyTuple};

use crate::batch::Scales;
use crate::convert::{self, DecSz, Given, clock, maybe, maybe_clock, number, whole, whole_of_bits};
use crate::effect::Told;
use crate::error::{bad, fault, raise};
use crate::fill::PyFill;
use crate::frames::Apply;
use crate::report::{Applied, Done, Report};
use crate::requests::{PyCancelRequest, PyModifyRequest};
use crate::types::PyTif;
use crate::views::{PyGap, PyOrder, PyPosition};

type Arg<'a, 'py> = &'a Bound<'py, PyAny>;
type OptArg<'a, 'py> = Option<&'a Bound<'py, PyAny>>;

/// Frames and batches above this many bytes are read with the interpreter's lock let go.
const DETACH_ABOVE: usize = 32 * 1024;

pub(crate) struct Inner {
    pub(crate) engine: Engine,
    pub(crate) out: Vec<Effect>,
}

/// The state of every order and position of one account. Thread-safe; time is an argument.
///
/// Asks (`add_pending_with_cloid`, `initiate_cancel`, `initiate_modify`) come before anything is sent and raise a
/// `UsageError` that changes nothing when they are not allowed. Facts (everything else that tells what the venue
/// said) are true of the venue and may come late, twice or in any order; they return the effects that follow.
///
/// `ask_after_ms`: evidence is asked for after so long. `fill_window_ms`: how long after a cancel late fills are
/// waited for. `chain_window`: fills kept one by one for each coin. `retain_closed`: closed legs kept for late news.
/// `link_slack`: how far apart two positions may be and still link (0, but for sources that round them).
#[pyclass(frozen, name = "Engine", module = "mm")]
pub(crate) struct PyEngine {
    inner: Mutex<Inner>,
    /// What the last fill did. Where nobody kept it, the next fill's answer is told by the same object, and none is
    /// made and freed.
    spare: Mutex<Option<Py<Applied>>>,
}

impl PyEngine {
    /// Runs `work` under the lock. It is Rust alone: making a Python object there, an exception included, could hand the
    /// interpreter to a thread that waits for this very lock.
    #[inline]
    pub(crate) fn locked<T>(
        &self,
        work: impl FnOnce(&mut Engine, &mut Vec<Effect>) -> T,
    ) -> PyResult<T> {
        let done = self.inner.lock().ok().map(|mut inner| {
            let Inner { engine, out } = &mut *inner;
            out.clear();
            work(engine, out)
        });
        done.ok_or_else(|| fault("the engine failed before: its state cannot be trusted"))
    }

    /// Tells of a wish, and gives back what `done` makes of the answer.
    #[inline]
    fn ask<T>(
        &self,
        now: OptArg<'_, '_>,
        wish: impl FnOnce(&mut Engine, &mut Vec<Effect>) -> Result<T, Error>,
    ) -> PyResult<T> {
        let now = maybe_clock(now)?;
        self.locked(|engine, out| {
            if let Some(now) = now {
                engine.set_now(now);
            }
            wish(engine, out)
        })?
        .map_err(raise)
    }

    /// Tells a fact and gives back what follows.
    fn tell<'py>(
        &self,
        py: Python<'py>,
        now: OptArg<'_, 'py>,
        fact: impl FnOnce(&mut Engine, &mut Vec<Effect>) -> Result<(), Error>,
    ) -> PyResult<Bound<'py, PyTuple>> {
        let told = self.ask(now, |engine, out| {
            fact(engine, out)?;
            Ok(Told::default().take(engine, out))
        })?;
        told.to_tuple(py)
    }

    fn read<T>(&self, view: impl FnOnce(&mut Engine) -> T) -> PyResult<T> {
        self.locked(|engine, _| view(engine))
    }
}

fn target(order: Arg<'_, '_>) -> PyResult<Target> {
    if order.is_instance_of::<PyString>() {
        return convert::cloid(order).map(Target::Cloid);
    }
    convert::oid(order).map(Target::Oid)
}

fn text<'a>(field: &'static str, value: &'a Bound<'_, PyAny>) -> PyResult<&'a str> {
    let text = value.cast::<PyString>().map_err(|_| bad(field, "is not text"))?;
    text.to_str().map_err(|_| bad(field, "is not valid text"))
}

fn tif(value: OptArg<'_, '_>) -> PyResult<mm_core::ids::Tif> {
    match value {
        None => Ok(mm_core::ids::Tif::Alo),
        Some(value) => {
            value.extract::<PyTif>().map(Into::into).map_err(|_| bad("tif", "is not a Tif"))
        }
    }
}

fn filled(amount: OptArg<'_, '_>, avg_px: OptArg<'_, '_>) -> PyResult<Option<(Sz, Px)>> {
    let amount = maybe("filled", amount, Sz::parse_amount)?;
    let avg_px = maybe("avg_px", avg_px, Px::parse)?.unwrap_or_default();
    Ok(amount.filter(|a| a.0 > 0).map(|amount| (amount, avg_px)))
}

#[pymethods]
impl PyEngine {
    #[new]
    #[allow(clippy::too_many_arguments)] // settings, all but one by keyword
    #[pyo3(signature = (account=None, *, instance=Given(None), first_sequence=Given(None), ask_after_ms=Given(None),
        fill_window_ms=Given(None), chain_window=Given(None), retain_closed=Given(None), link_slack=None),
        text_signature = "(account=None, *, instance=0, first_sequence=1, ask_after_ms=2000, fill_window_ms=10000, \
            chain_window=1024, retain_closed=4096, link_slack=None)")]
    #[allow(clippy::needless_pass_by_value)] // as PyO3 hands them over
    fn new(
        account: Option<&str>,
        instance: Given<'_>,
        first_sequence: Given<'_>,
        ask_after_ms: Given<'_>,
        fill_window_ms: Given<'_>,
        chain_window: Given<'_>,
        retain_closed: Given<'_>,
        link_slack: OptArg<'_, '_>,
    ) -> PyResult<Self> {
        let usual = Config::default();
        let config = Config {
            instance: instance.or(usual.instance, "instance", 32)?,
            first_sequence: first_sequence.or(usual.first_sequence, "first_sequence", 63)?,
            ask_after: ask_after_ms.or(usual.ask_after, "ask_after_ms", 64)?,
            fill_window: fill_window_ms.or(usual.fill_window, "fill_window_ms", 64)?,
            chain_window: chain_window.or(usual.chain_window, "chain_window", 64)?,
            retain_closed: retain_closed.or(usual.retain_closed, "retain_closed", 64)?,
            link_slack: maybe("link_slack", link_slack, Sz::parse_amount)?.unwrap_or_default(),
            longhand: false,
        };
        Ok(Self {
            inner: Mutex::new(Inner { engine: Engine::new(account, config), out: Vec::new() }),
            spare: Mutex::default(),
        })
    }

    /// The account whose frames it takes, in lower case; None takes any.
    #[getter]
    fn account(&self) -> PyResult<Option<String>> {
        self.read(|e| e.account().map(str::to_owned))
    }

    /// The latest time it was given, in ms.
    #[getter]
    fn now_ms(&self) -> PyResult<u64> {
        self.read(|e| e.now())
    }

    /// Which of several makers this is: part of every cloid it makes.
    #[getter]
    fn instance(&self) -> PyResult<u32> {
        self.read(|e| e.config().instance)
    }

    /// A fresh cloid with our prefix, instance and sequence: recognisable without a journal, never given twice.
    fn next_cloid(&self) -> PyResult<String> {
        self.read(|e| e.next_cloid().to_string())
    }

    /// Tells what the venue's meta says of a coin: decimals of its sizes, the base token of a spot pair.
    #[pyo3(signature = (coin, *, sz_decimals=None, base_token=None))]
    fn set_coin(
        &self,
        coin: Arg<'_, '_>,
        sz_decimals: OptArg<'_, '_>,
        base_token: Option<&str>,
    ) -> PyResult<()> {
        let coin = text("coin", coin)?;
        let sz_decimals = match sz_decimals {
            Some(value) if !value.is_none() => Some(whole_of_bits("sz_decimals", value, 32)?),
            _ => None,
        };
        self.read(|e| e.set_coin(coin, sz_decimals, base_token))?.map_err(raise)
    }

    /// Tells of an order before it is sent. Raises `DuplicateCloid`, `BadInput` or `Unrepresentable`.
    #[allow(clippy::too_many_arguments)] // the venue's fields
    #[pyo3(signature = (cloid, coin, side, px, sz, tif=None, reduce_only=false, now_ms=None))]
    fn add_pending_with_cloid(
        &self,
        cloid: Arg<'_, '_>,
        coin: Arg<'_, '_>,
        side: Arg<'_, '_>,
        px: Arg<'_, '_>,
        sz: Arg<'_, '_>,
        tif: OptArg<'_, '_>,
        reduce_only: bool,
        now_ms: OptArg<'_, '_>,
    ) -> PyResult<()> {
        let new = NewOrder {
            cloid: convert::cloid(cloid)?,
            coin: text("coin", coin)?,
            side: convert::side(side)?,
            px: number("px", px, Px::parse)?,
            sz: number("sz", sz, Sz::parse)?,
            tif: self::tif(tif)?,
            reduce_only,
        };
        self.ask(now_ms, |engine, out| engine.add_pending(&new, out))
    }

    /// The answer `resting` or `filled` to a place or modify: the leg has this oid, and `filled` of it (base units) was
    /// executed at once, at `avg_px`. A lower bound, never a terminal.
    #[pyo3(signature = (cloid, oid, filled=None, avg_px=None, now_ms=None))]
    fn finalize_pending_by_cloid<'py>(
        &self,
        py: Python<'py>,
        cloid: Arg<'_, 'py>,
        oid: Arg<'_, 'py>,
        filled: OptArg<'_, 'py>,
        avg_px: OptArg<'_, 'py>,
        now_ms: OptArg<'_, 'py>,
    ) -> PyResult<Bound<'py, PyTuple>> {
        let (cloid, oid, filled) =
            (convert::cloid(cloid)?, convert::oid(oid)?, self::filled(filled, avg_px)?);
        self.tell(py, now_ms, |e, out| e.finalize(cloid, oid, filled, out))
    }

    /// The venue refused this placement, in the answer to its own request: it never lived. `why` is for the reader.
    #[pyo3(signature = (cloid, why="", now_ms=None))]
    #[allow(unused_variables)] // `why` is told to people, not to the state
    fn on_rejected<'py>(
        &self,
        py: Python<'py>,
        cloid: Arg<'_, 'py>,
        why: &str,
        now_ms: OptArg<'_, 'py>,
    ) -> PyResult<Bound<'py, PyTuple>> {
        let cloid = convert::cloid(cloid)?;
        self.tell(py, now_ms, |e, out| e.on_rejected(cloid, out))
    }

    /// No answer came to the placement of this leg, or one in words that are not known: it is `Unknown` until evidence.
    #[pyo3(signature = (cloid, now_ms=None))]
    fn on_no_answer<'py>(
        &self,
        py: Python<'py>,
        cloid: Arg<'_, 'py>,
        now_ms: OptArg<'_, 'py>,
    ) -> PyResult<Bound<'py, PyTuple>> {
        let cloid = convert::cloid(cloid)?;
        self.tell(py, now_ms, |e, out| e.on_no_answer(cloid, out))
    }

    /// The request of this leg can never be executed any more, and never was (its nonce was spent, or it expired).
    #[pyo3(signature = (cloid, now_ms=None))]
    fn on_fenced<'py>(
        &self,
        py: Python<'py>,
        cloid: Arg<'_, 'py>,
        now_ms: OptArg<'_, 'py>,
    ) -> PyResult<Bound<'py, PyTuple>> {
        let cloid = convert::cloid(cloid)?;
        self.tell(py, now_ms, |e, out| e.on_fenced(cloid, out))
    }

    /// Raises `answered` of the leg with this oid, known yet or not: `amount` of it was filled at once.
    #[pyo3(signature = (oid, amount, avg_px=None, now_ms=None))]
    fn pre_register_immediate_fill<'py>(
        &self,
        py: Python<'py>,
        oid: Arg<'_, 'py>,
        amount: Arg<'_, 'py>,
        avg_px: OptArg<'_, 'py>,
        now_ms: OptArg<'_, 'py>,
    ) -> PyResult<Bound<'py, PyTuple>> {
        let (oid, amount) = (convert::oid(oid)?, number("amount", amount, Sz::parse)?);
        let avg_px = maybe("avg_px", avg_px, Px::parse)?.unwrap_or_default();
        self.tell(py, now_ms, |e, out| {
            e.pre_register(oid, amount, avg_px, out);
            Ok(())
        })
    }

    /// max(0, answered - sum of trades): what trades will still confirm without moving the position.
    fn get_immediate_fill_remaining(&self, oid: Arg<'_, '_>) -> PyResult<DecSz> {
        let oid = convert::oid(oid)?;
        self.read(|e| DecSz(e.immediate_remaining(oid)))
    }

    /// A closed-fill proof showed the venue's claims on this leg to be false: from now on its trades alone count.
    #[pyo3(signature = (oid, now_ms=None))]
    fn refute<'py>(
        &self,
        py: Python<'py>,
        oid: Arg<'_, 'py>,
        now_ms: OptArg<'_, 'py>,
    ) -> PyResult<Bound<'py, PyTuple>> {
        let oid = convert::oid(oid)?;
        self.tell(py, now_ms, |e, out| e.refute(oid, out))
    }

    /// The venue has no record left of a leg that lived, long and often enough asked: it was dead by `as_of_ms` (venue
    /// time), by fill or by cancel. It is closed once all fills until then are known (`on_fills_complete`).
    #[pyo3(signature = (oid, as_of_ms, now_ms=None))]
    fn on_forgotten<'py>(
        &self,
        py: Python<'py>,
        oid: Arg<'_, 'py>,
        as_of_ms: Arg<'_, 'py>,
        now_ms: OptArg<'_, 'py>,
    ) -> PyResult<Bound<'py, PyTuple>> {
        let (oid, as_of) = (convert::oid(oid)?, whole("as_of_ms", as_of_ms)?);
        self.tell(py, now_ms, |e, out| e.on_forgotten(oid, as_of, out))
    }

    /// Books one fill: a `Fill`, or its fields. A copy of a fill changes nothing.
    #[allow(clippy::too_many_arguments)] // the venue's fields
    #[pyo3(signature = (coin, side=None, px=None, sz=None, oid=None, tid=None, time=None, start_position=None, fee=None,
        fee_token=None, closed_pnl=None, crossed=None, cloid=None))]
    fn process(
        &self,
        py: Python<'_>,
        coin: Arg<'_, '_>,
        side: OptArg<'_, '_>,
        px: OptArg<'_, '_>,
        sz: OptArg<'_, '_>,
        oid: OptArg<'_, '_>,
        tid: OptArg<'_, '_>,
        time: OptArg<'_, '_>,
        start_position: OptArg<'_, '_>,
        fee: OptArg<'_, '_>,
        fee_token: OptArg<'_, '_>,
        closed_pnl: OptArg<'_, '_>,
        crossed: Option<bool>,
        cloid: OptArg<'_, '_>,
    ) -> PyResult<Py<Applied>> {
        let (Some(side), Some(px), Some(sz), Some(oid), Some(tid), Some(time)) =
            (side, px, sz, oid, tid, time)
        else {
            let fill = coin
                .cast::<PyFill>()
                .map_err(|_| bad("fill", "is neither a Fill nor all of its fields"))?;
            return self.book(py, &fill.get().as_event());
        };
        // Fresh objects come from all over memory: they are waited for together, not one after the other.
        let numbers = [Some(px), Some(sz), start_position, fee, closed_pnl];
        hint::black_box(
            [oid, tid, time]
                .into_iter()
                .chain(numbers.into_iter().flatten())
                .fold(0, |all, object| all ^ object.get_type_ptr().addr()),
        );
        self.book(
            py,
            &Fill {
                coin: text("coin", coin)?,
                side: convert::side(side)?,
                px: number("px", px, Px::parse)?,
                sz: number("sz", sz, Sz::parse)?,
                oid: convert::oid(oid)?,
                tid: whole("tid", tid)?,
                time: whole("time", time)?,
                start: maybe("start_position", start_position, Sz::parse_signed)?,
                fee: maybe("fee", fee, Sz::parse_signed)?,
                fee_token: fee_token.map(|t| text("fee_token", t)).transpose()?.unwrap_or(""),
                closed_pnl: maybe("closed_pnl", closed_pnl, Sz::parse_signed)?,
                crossed,
                cloid: cloid.filter(|c| !c.is_none()).map(convert::cloid).transpose()?,
                liquidated: None,
            },
        )
    }

    /// Books columns of fills: a mapping of names to columns (lists, tuples, NumPy arrays, Arrow arrays), or a table
    /// with the Arrow C stream (polars, pyarrow, duckdb ...).
    ///
    /// Needed: `coin`, `side`, `px`, `sz`, `oid`, `tid`, `time` (ms). Taken where given: `start_position`, `fee`,
    /// `fee_token`, `closed_pnl`, `crossed`, `cloid`; null, None and the empty text mean "not told" there. The venue's
    /// spellings (`startPosition`, `feeToken`, `closedPnl`) are known, other columns are passed over. Ids and times are
    /// integers. Numbers are text, Decimals, or integers in units of 10**-scale: `px_scale` for `px`, `sz_scale` for
    /// `sz` and `start_position`, `fee_scale` for `fee` and `closed_pnl` (refused where it is None). Floats are refused.
    ///
    /// All rows are read before one is booked: a column or a value that cannot be read raises `BadInput` or
    /// `Unrepresentable` naming the column and the row, and nothing was booked. A row that can be read but cannot be
    /// (a negative size) is surfaced, and does not take its siblings along. There is no `Booked` effect for each row:
    /// the report counts them. Other threads run meanwhile.
    #[pyo3(signature = (columns, *, px_scale=Given(None), sz_scale=Given(None), fee_scale=None),
        text_signature = "($self, columns, *, px_scale=0, sz_scale=0, fee_scale=None)")]
    #[allow(clippy::needless_pass_by_value)] // as PyO3 hands them over
    fn process_batch(
        &self,
        py: Python<'_>,
        columns: Arg<'_, '_>,
        px_scale: Given<'_>,
        sz_scale: Given<'_>,
        fee_scale: OptArg<'_, '_>,
    ) -> PyResult<Report> {
        let fee_scale = fee_scale.filter(|scale| !scale.is_none());
        let scales = Scales {
            px: px_scale.or(0, "px_scale", 32)?,
            sz: sz_scale.or(0, "sz_scale", 32)?,
            fee: fee_scale.map(|scale| whole_of_bits("fee_scale", scale, 32)).transpose()?,
        };
        crate::batch::process(self, py, columns, &scales)
    }

    /// Applies one raw WebSocket frame: `userFills`, `user` and `orderUpdates`; other channels do nothing. Raises
    /// `BadInput` when the frame is not a whole one; then nothing of it was applied.
    #[pyo3(signature = (frame, now_ms=None))]
    fn process_ws(
        &self,
        py: Python<'_>,
        frame: Arg<'_, '_>,
        now_ms: OptArg<'_, '_>,
    ) -> PyResult<Report> {
        self.decode(py, "frame", frame, now_ms, |bytes, apply| mm_wire::decode(bytes, apply))
    }

    /// Applies a bare JSON list of fills: the REST answers `userFills` and `userFillsByTime`.
    #[pyo3(signature = (json, now_ms=None))]
    fn process_fills(
        &self,
        py: Python<'_>,
        json: Arg<'_, '_>,
        now_ms: OptArg<'_, '_>,
    ) -> PyResult<Report> {
        self.decode(py, "json", json, now_ms, |bytes, apply| mm_wire::decode_fills(bytes, apply))
    }

    /// Tells one order update, or the same facts from `orderStatus`, `historicalOrders` or `openOrders`: `status` is the
    /// venue's word, `sz` the remaining and `orig_sz` the submitted size, `time` that of the status in ms.
    #[allow(clippy::too_many_arguments)] // the venue's fields
    #[pyo3(signature = (coin, side, oid, status, px, sz, orig_sz, time, cloid=None, reduce_only=false, now_ms=None))]
    fn on_order_update<'py>(
        &self,
        py: Python<'py>,
        coin: Arg<'_, 'py>,
        side: Arg<'_, 'py>,
        oid: Arg<'_, 'py>,
        status: Arg<'_, 'py>,
        px: Arg<'_, 'py>,
        sz: Arg<'_, 'py>,
        orig_sz: Arg<'_, 'py>,
        time: Arg<'_, 'py>,
        cloid: OptArg<'_, 'py>,
        reduce_only: bool,
        now_ms: OptArg<'_, 'py>,
    ) -> PyResult<Bound<'py, PyTuple>> {
        let word = text("status", status)?;
        let time = whole("time", time)?;
        let update = Update {
            coin: text("coin", coin)?,
            side: convert::side(side)?,
            oid: convert::oid(oid)?,
            cloid: cloid.filter(|c| !c.is_none()).map(convert::cloid).transpose()?,
            px: number("px", px, Px::parse)?,
            sz: number("sz", sz, Sz::parse_amount)?,
            orig_sz: number("orig_sz", orig_sz, Sz::parse_amount)?,
            reduce_only,
            placed: time,
            status: words::status(word),
            word,
            time,
        };
        self.tell(py, now_ms, |e, out| e.update(&update, out))
    }

    /// Tells which oids of a coin a snapshot of open orders holds, and when its request began (our clock, ms). Presence
    /// is evidence of life; absence from a complete one that began after our last word on a leg is a question.
    #[pyo3(signature = (coin, oids, began_ms, complete=true, now_ms=None))]
    fn on_open_orders<'py>(
        &self,
        py: Python<'py>,
        coin: Arg<'_, 'py>,
        oids: Arg<'_, 'py>,
        began_ms: Arg<'_, 'py>,
        complete: bool,
        now_ms: OptArg<'_, 'py>,
    ) -> PyResult<Bound<'py, PyTuple>> {
        let (coin, began) = (text("coin", coin)?, whole("began_ms", began_ms)?);
        let oids = oids.try_iter().map_err(|_| bad("oids", "is not a list of ints"))?;
        let oids: Vec<Oid> =
            oids.map(|oid| whole("oids", &oid?).map(Oid)).collect::<PyResult<_>>()?;
        self.tell(py, now_ms, |e, out| e.on_open_orders(coin, &oids, began, complete, out))
    }

    /// Tells the venue's own position as of its time. It starts an empty chain (at `entry_px`, where told); later it is
    /// compared, and never overwrites.
    #[pyo3(signature = (coin, szi, as_of_ms, entry_px=None, now_ms=None))]
    fn on_position<'py>(
        &self,
        py: Python<'py>,
        coin: Arg<'_, 'py>,
        szi: Arg<'_, 'py>,
        as_of_ms: Arg<'_, 'py>,
        entry_px: OptArg<'_, 'py>,
        now_ms: OptArg<'_, 'py>,
    ) -> PyResult<Bound<'py, PyTuple>> {
        let (coin, szi) = (text("coin", coin)?, number("szi", szi, Sz::parse_signed)?);
        let (as_of, entry) =
            (whole("as_of_ms", as_of_ms)?, maybe("entry_px", entry_px, Px::parse)?);
        self.tell(py, now_ms, |e, out| e.on_position(coin, szi, entry, as_of, out))
    }

    /// Tells that every fill of the coin before `until_ms` was read and told (two scans that agree).
    #[pyo3(signature = (coin, until_ms, now_ms=None))]
    fn on_fills_complete<'py>(
        &self,
        py: Python<'py>,
        coin: Arg<'_, 'py>,
        until_ms: Arg<'_, 'py>,
        now_ms: OptArg<'_, 'py>,
    ) -> PyResult<Bound<'py, PyTuple>> {
        let (coin, until) = (text("coin", coin)?, whole("until_ms", until_ms)?);
        self.tell(py, now_ms, |e, out| e.on_fills_complete(coin, until, out))
    }

    /// Tells that a cancel is about to be sent: for the leg of this oid, or the order of this cloid. Raises
    /// `UnknownOrder` or `TransitionRefused`.
    #[pyo3(signature = (order, now_ms=None))]
    fn initiate_cancel(
        &self,
        order: Arg<'_, '_>,
        now_ms: OptArg<'_, '_>,
    ) -> PyResult<PyCancelRequest> {
        let target = target(order)?;
        self.ask(now_ms, |engine, out| {
            let request = engine.initiate_cancel(target, out)?;
            Ok(PyCancelRequest { coin: engine.coin_name(request.coin).to_owned(), request })
        })
    }

    /// The cancel was executed: the leg is dead, its last fills may still be on their way.
    #[pyo3(signature = (order, now_ms=None))]
    fn on_cancel_success<'py>(
        &self,
        py: Python<'py>,
        order: Arg<'_, 'py>,
        now_ms: OptArg<'_, 'py>,
    ) -> PyResult<Bound<'py, PyTuple>> {
        let target = target(order)?;
        self.tell(py, now_ms, |e, out| e.on_cancel_success(target, out))
    }

    /// The cancel was refused with these words. "Nothing there" proves death only for a `request` that was sent after
    /// the leg was seen live, and never how it ended.
    #[pyo3(signature = (order, why="", request=None, now_ms=None))]
    fn on_cancel_error<'py>(
        &self,
        py: Python<'py>,
        order: Arg<'_, 'py>,
        why: &str,
        request: Option<&Bound<'py, PyCancelRequest>>,
        now_ms: OptArg<'_, 'py>,
    ) -> PyResult<Bound<'py, PyTuple>> {
        let target = target(order)?;
        let sequence = request.map(|r| r.get().request.sequence);
        let why = match words::cancel_error(why) {
            CancelError::NotLive => CancelRefusal::NothingThere,
            CancelError::NotDone => CancelRefusal::NotDone,
            CancelError::Unknown => CancelRefusal::Unknown,
        };
        self.tell(py, now_ms, |e, out| e.on_cancel_error(target, why, sequence, out))
    }

    /// Tells that a modify is about to be sent: `order_qty` is the wanted total over the order's life, `cloid` a fresh
    /// name for the new leg. Raises `UnknownOrder`, `DuplicateCloid`, `TransitionRefused` or `BadInput`.
    #[pyo3(signature = (order, cloid, px, order_qty, now_ms=None))]
    fn initiate_modify(
        &self,
        order: Arg<'_, '_>,
        cloid: Arg<'_, '_>,
        px: Arg<'_, '_>,
        order_qty: Arg<'_, '_>,
        now_ms: OptArg<'_, '_>,
    ) -> PyResult<PyModifyRequest> {
        let (target, cloid) = (target(order)?, convert::cloid(cloid)?);
        let (px, order_qty) =
            (number("px", px, Px::parse)?, number("order_qty", order_qty, Sz::parse)?);
        self.ask(now_ms, |engine, out| {
            let request = engine.initiate_modify(target, cloid, px, order_qty, out)?;
            Ok(PyModifyRequest { coin: engine.coin_name(request.coin).to_owned(), request })
        })
    }

    /// The modify was executed: the new leg `cloid` has this oid, and `filled` of it was executed at once.
    #[pyo3(signature = (cloid, oid, filled=None, avg_px=None, now_ms=None))]
    fn on_modify_success<'py>(
        &self,
        py: Python<'py>,
        cloid: Arg<'_, 'py>,
        oid: Arg<'_, 'py>,
        filled: OptArg<'_, 'py>,
        avg_px: OptArg<'_, 'py>,
        now_ms: OptArg<'_, 'py>,
    ) -> PyResult<Bound<'py, PyTuple>> {
        self.finalize_pending_by_cloid(py, cloid, oid, filled, avg_px, now_ms)
    }

    /// The modify that was to place the leg `cloid` was refused with these words; what they mean for the old leg is in
    /// the table of words, and words that are not in it leave the order `Unknown`.
    #[pyo3(signature = (cloid, why, now_ms=None))]
    fn on_modify_error<'py>(
        &self,
        py: Python<'py>,
        cloid: Arg<'_, 'py>,
        why: &str,
        now_ms: OptArg<'_, 'py>,
    ) -> PyResult<Bound<'py, PyTuple>> {
        let cloid = convert::cloid(cloid)?;
        let why = match words::modify_error(why) {
            ModifyError::OldGone | ModifyError::OldGoneNewRefused => ModifyRefusal::OldGone,
            ModifyError::OldUntouched => ModifyRefusal::OldUntouched,
            ModifyError::Unknown => ModifyRefusal::Unknown,
        };
        self.tell(py, now_ms, |e, out| e.on_modify_error(cloid, why, out))
    }

    /// No answer came to the modify that was to place the leg `cloid`: `Unknown` until evidence.
    #[pyo3(signature = (cloid, now_ms=None))]
    fn on_modify_no_answer<'py>(
        &self,
        py: Python<'py>,
        cloid: Arg<'_, 'py>,
        now_ms: OptArg<'_, 'py>,
    ) -> PyResult<Bound<'py, PyTuple>> {
        self.on_no_answer(py, cloid, now_ms)
    }

    /// The order that has the leg with this oid, or None.
    fn get_order(&self, oid: Arg<'_, '_>) -> PyResult<Option<PyOrder>> {
        let oid = convert::oid(oid)?;
        self.read(|e| e.order(Target::Oid(oid)).map(|view| PyOrder::new(e, view)))
    }

    /// The order that has a leg with this cloid, or None.
    fn get_by_cloid(&self, cloid: Arg<'_, '_>) -> PyResult<Option<PyOrder>> {
        let cloid = convert::cloid(cloid)?;
        self.read(|e| e.order(Target::Cloid(cloid)).map(|view| PyOrder::new(e, view)))
    }

    /// Our live orders (`Resting`, `PartialFilled`) on one side of a coin, oldest first.
    fn get_all_by_side(&self, coin: Arg<'_, '_>, side: Arg<'_, '_>) -> PyResult<Vec<PyOrder>> {
        let (coin, side) = (text("coin", coin)?, convert::side(side)?);
        self.read(|e| e.active(coin, side).into_iter().map(|view| PyOrder::new(e, view)).collect())
    }

    /// All orders in memory, oldest first; foreign and closed ones on demand.
    #[pyo3(signature = (*, foreign=false, closed=false))]
    fn orders(&self, foreign: bool, closed: bool) -> PyResult<Vec<PyOrder>> {
        self.read(|e| {
            e.all_orders(foreign, closed).into_iter().map(|view| PyOrder::new(e, view)).collect()
        })
    }

    /// A coin's position and money.
    fn position(&self, coin: Arg<'_, '_>) -> PyResult<PyPosition> {
        let coin = text("coin", coin)?;
        self.read(|e| PyPosition::new(e, coin))
    }

    /// Every coin that was ever named.
    fn coins(&self) -> PyResult<Vec<String>> {
        self.read(|e| e.coins().map(str::to_owned).collect())
    }

    /// The most the position can become if all that may still be bought is, and nothing is sold.
    fn worst_long(&self, coin: Arg<'_, '_>) -> PyResult<DecSz> {
        let coin = text("coin", coin)?;
        self.read(|e| DecSz(e.worst_long(coin)))
    }

    /// The least the position can become.
    fn worst_short(&self, coin: Arg<'_, '_>) -> PyResult<DecSz> {
        let coin = text("coin", coin)?;
        self.read(|e| DecSz(e.worst_short(coin)))
    }

    /// Up to when no fill of the coin is missing, in ms; None before the first.
    fn proven_until(&self, coin: Arg<'_, '_>) -> PyResult<Option<u64>> {
        let coin = text("coin", coin)?;
        self.read(|e| e.proven_until(coin))
    }

    /// The breaks in the coin's chain, oldest first.
    fn gaps(&self, coin: Arg<'_, '_>) -> PyResult<Vec<PyGap>> {
        let coin = text("coin", coin)?;
        self.read(|e| e.position(coin).gaps.into_iter().map(|gap| PyGap::new(coin, gap)).collect())
    }

    /// Lets go of fills older than `before_ms`, which must be proven; later copies of them are `Effect.Ancient`.
    /// Returns how many fills are still remembered.
    fn forget(&self, coin: Arg<'_, '_>, before_ms: Arg<'_, '_>) -> PyResult<usize> {
        let (coin, before) = (text("coin", coin)?, whole("before_ms", before_ms)?);
        self.read(|e| e.forget(coin, before))?.map_err(raise)
    }

    /// Time passes: settles what is over, and asks for the evidence that is still missing.
    fn tick<'py>(&self, py: Python<'py>, now_ms: Arg<'_, 'py>) -> PyResult<Bound<'py, PyTuple>> {
        let now = clock(now_ms)?;
        self.tell(py, None, |e, out| {
            e.tick(now, out);
            Ok(())
        })
    }

    /// When `tick` has something to do, in ms; None: only when something happens.
    fn next_deadline(&self) -> PyResult<Option<u64>> {
        self.read(Engine::next_deadline)
    }

    /// 128 bits over everything that facts and asks determine, as 32 hexadecimal digits: equal states, equal digests.
    fn digest(&self) -> PyResult<String> {
        self.read(|e| format!("{:032x}", e.digest()))
    }

    /// Recomputes every invariant from scratch. Raises `EngineFault` naming the first that does not hold.
    fn check(&self) -> PyResult<()> {
        self.read(|e| e.check())?.map_err(|why| fault(&why))
    }

    /// What is held in memory: counts and heap bytes.
    fn stats<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let s = self.read(|e| e.stats())?;
        let dict = PyDict::new(py);
        for (name, value) in [
            ("legs", s.legs),
            ("fills", s.fills),
            ("order_bytes", s.order_bytes),
            ("fill_bytes", s.fill_bytes),
            ("chain_bytes", s.chain_bytes),
            ("timers", s.timers),
        ] {
            dict.set_item(name, value)?;
        }
        Ok(dict)
    }

    fn __repr__(&self) -> PyResult<String> {
        self.read(|e| {
            let account = e.account().map_or_else(|| "None".to_owned(), |a| format!("'{a}'"));
            let stats = e.stats();
            format!(
                "<Engine account={account} legs={} fills={} coins={}>",
                stats.legs,
                stats.fills,
                e.coins().count()
            )
        })
    }
}

impl PyEngine {
    #[inline]
    fn book(&self, py: Python<'_>, fill: &Fill<'_>) -> PyResult<Py<Applied>> {
        let done = self.locked(|engine, out| {
            let outcome = engine.fill(fill, false, out)?;
            Ok((outcome, Told::default().take(engine, out)))
        })?;
        let done = done.map(|(outcome, told)| Done::new(outcome, told)).map_err(raise)?;
        let spare = self.spare.lock().ok().and_then(|mut spare| spare.take());
        #[expect(deprecated, reason = "what replaces it is an unsafe call")]
        let told = match spare {
            // Nobody else has it, and under the GIL nobody can come to have it meanwhile.
            Some(spare) if spare.get_refcnt(py) == 1 => {
                spare.get().renew(done);
                spare
            }
            _ => Py::new(py, Applied::new(done))?,
        };
        if let Ok(mut spare) = self.spare.lock() {
            *spare = Some(told.clone_ref(py));
        }
        Ok(told)
    }

    fn decode(
        &self,
        py: Python<'_>,
        field: &'static str,
        frame: Arg<'_, '_>,
        now: OptArg<'_, '_>,
        decode: impl for<'a> FnOnce(&'a [u8], &mut Apply<'_>) -> Result<(), mm_wire::FrameError> + Send,
    ) -> PyResult<Report> {
        let bytes = frame.cast::<PyBytes>().map_err(|_| bad(field, "is not bytes"))?.as_bytes();
        let now = maybe_clock(now)?;
        let run = || {
            self.locked(|engine, out| {
                if let Some(now) = now {
                    engine.set_now(now);
                }
                let mut apply = Apply::new(engine, out, bytes);
                decode(bytes, &mut apply)?;
                Ok(apply.finish())
            })
        };
        let done = if bytes.len() > DETACH_ABOVE { py.detach(run) } else { run() };
        let (counts, channel, snapshot, told) =
            done?.map_err(|why: mm_wire::FrameError| bad(field, &why.to_string()))?;
        Ok(Report::new(counts, channel, snapshot, told))
    }
}
