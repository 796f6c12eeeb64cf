//! Bugs that can be planted, each where a naive program has it: what the model must find, or it is no model.
//!
//! Without the feature `planted`, which nothing that is shipped enables, `planted` is `false` to the compiler and
//! the hooks are gone. With it, `plant` chooses one bug for the whole process.

/// One way in which programs lose track of orders.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u8)]
pub enum Bug {
    /// An answered amount is a counter that fills consume: what filled before the answer is counted twice.
    ConsumableCounter = 1,
    /// The answer's amount and the trades that it is made of are added up.
    CountsBoth,
    /// A fill is known by its tid alone.
    BareTid,
    /// The memory of fills drops the oldest when it is full, proven or not.
    FifoEviction,
    /// Fills of an oid that is not known yet are dropped.
    UnknownOidDropped,
    /// "Canceled" closes the order at once, whatever fills are on their way.
    EarlyCancelled,
    /// A canceled leg can execute no more, hence counts no more, before its final size is known.
    EarlyResolved,
    /// A chain without a break is taken as proof that no fill of a canceled leg is missing.
    UnbrokenIsComplete,
    /// No answer is taken as "it never happened".
    UnfencedUnknown,
    /// Any cancel that is answered with an error proves death.
    CancelErrorIsDeath,
    /// Any modify that is answered with an error proves death of the old leg.
    ModifyErrorIsDeath,
    /// A leg that is absent from the open orders is dead.
    AbsenceIsDeath,
    /// The leg of a modify starts with what the old leg executed.
    ModifyKeepsExecuted,
    /// A replacement on its way counts only once it is answered.
    ModifyUncounted,
    /// A cancel on its way frees what the order could still execute.
    CancelFreesExposure,
    /// What fills in part at placement is done.
    PartFillIsTerminal,
    /// The latest status wins over an earlier one that said more.
    LastStatusWins,
    /// "Open" is believed of an order that is known to be dead.
    DeadReopens,
    /// What was written off counts no more, though it is seen to live.
    WrittenOffForgotten,
}

impl Bug {
    /// All of them.
    pub const ALL: [Self; 19] = [
        Self::ConsumableCounter,
        Self::CountsBoth,
        Self::BareTid,
        Self::FifoEviction,
        Self::UnknownOidDropped,
        Self::EarlyCancelled,
        Self::EarlyResolved,
        Self::UnbrokenIsComplete,
        Self::UnfencedUnknown,
        Self::CancelErrorIsDeath,
        Self::ModifyErrorIsDeath,
        Self::AbsenceIsDeath,
        Self::ModifyKeepsExecuted,
        Self::ModifyUncounted,
        Self::CancelFreesExposure,
        Self::PartFillIsTerminal,
        Self::LastStatusWins,
        Self::DeadReopens,
        Self::WrittenOffForgotten,
    ];
}

#[cfg(feature = "planted")]
static CHOICE: core::sync::atomic::AtomicU8 = core::sync::atomic::AtomicU8::new(0);

/// Chooses the bug that this process has from now on.
#[cfg(feature = "planted")]
pub fn plant(bug: Option<Bug>) {
    CHOICE.store(bug.map_or(0, |bug| bug as u8), core::sync::atomic::Ordering::SeqCst);
}

/// Whether this process has that bug.
#[cfg(feature = "planted")]
pub(crate) fn planted(bug: Bug) -> bool {
    CHOICE.load(core::sync::atomic::Ordering::Relaxed) == bug as u8
}

/// Whether this process has that bug: it has none.
#[cfg(not(feature = "planted"))]
#[inline]
pub(crate) const fn planted(_: Bug) -> bool {
    false
}
