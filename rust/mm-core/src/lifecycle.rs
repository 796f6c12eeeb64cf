//! THE transition table: the whole life of one leg of an order, and the only place where a phase changes.
//!
//! A cell is `Go(phase)`; `Keep` (legal, the phase stays, quantities may move); `Refuse` (you may not ask this
//! now; only asks are refused); `Resync` (the venue contradicts itself: the phase stays, stop and query; a leg that was
//! written off, and is told to have lived, counts in the worst case again, `Leg::belied`).
//! Facts come in any order, hence they commute: for every phase and every two facts both orders end in one
//! phase, or both meet a `Resync` (`tests/table.rs` tries all). A missing cell does not compile.
//! `docs/order-lifecycle.md` is made from these rows.

use Cell::{Go, Keep, Refuse, Resync};

phases! {
    Pending:        "told to the engine, not yet answered";
    Unknown:        "sent, and what became of it is not known";
    Live:           "on the book, as far as evidence goes";
    Modifying:      "live, and a replacement is on its way";
    CancelingBlind: "a cancel is under way for a leg never seen live";
    Canceling:      "a cancel is under way for a leg that was seen live";
    Replaced:       "its replacement lives; its own end is not told yet";
    Gone:           "dead by the venue's words, which do not say how it ended";
    Draining:       "the venue said canceled; late fills may still come";
    Cancelled:      "closed: canceled, and every executed unit accounted for";
    Filled:         "closed: the whole size is executed";
    Rejected:       "closed: it never lived";
}

events! {
    AskModify:    "we want another price or size";
    AskCancel:    "we want it withdrawn";
    NoAnswer:     "a time-out, ambiguous words, a lost link";
    Accepted:     "resting, open, triggered: the venue has it";
    PartFill:     "executed rose, and is below the size";
    LastFill:     "executed reached the size";
    CancelDone:   "canceled, by whomever";
    CancelGone:   "a cancel sent after it was seen live is answered: nothing there";
    CancelFailed: "the cancel certainly did nothing, or proves nothing";
    Reject:       "the venue refused it";
    Fence:        "its request can never be executed any more";
    ModifyTook:   "the leg that replaces it was seen live";
    ModifyKilled: "the modify was refused by words that say: this leg is gone";
    ModifyFailed: "the modify was refused by words that leave this leg as it was";
    Settle:       "the fill window is over and its quantity is proven";
}

table! {
    AskModify    [Live]                                            => Go(Modifying),      "one request in flight for an order";
    AskModify    [Pending Unknown]                                 => Refuse,             "nothing is known to be on the book";
    AskModify    [Modifying CancelingBlind Canceling]              => Refuse,             "one request in flight for an order";
    AskModify    [Replaced Gone Draining Cancelled Filled Rejected] => Refuse,            "there is nothing left to change";
    AskCancel    [Pending Unknown]                                 => Go(CancelingBlind), "a cancel may always overtake; its refusal will prove nothing";
    AskCancel    [Live Modifying]                                  => Go(Canceling),      "a cancel may always overtake; its refusal will prove death";
    AskCancel    [CancelingBlind Canceling Replaced Gone]          => Keep,               "asking again is harmless, and never blocked";
    AskCancel    [Draining Cancelled Filled Rejected]              => Refuse,             "there is nothing left to cancel";

    NoAnswer     [Pending]                                         => Go(Unknown),        "it may have happened";
    NoAnswer     [Unknown Live Modifying CancelingBlind Canceling Replaced Gone Draining Cancelled Filled Rejected]
                                                                   => Keep,               "silence is not evidence";
    Accepted     [Pending Unknown]                                 => Go(Live),           "the venue has it, whoever said so first";
    Accepted     [CancelingBlind]                                  => Go(Canceling),      "it lives, and is being withdrawn";
    Accepted     [Live Modifying Canceling Replaced Gone Draining Cancelled Filled] => Keep, "late news of a leg that was seen already";
    Accepted     [Rejected]                                        => Resync,             "it cannot live and never have lived";
    PartFill     [Pending Unknown]                                 => Go(Live),           "what trades, lives: the rest is on the book";
    PartFill     [CancelingBlind]                                  => Go(Canceling),      "what trades, lives";
    PartFill     [Live Modifying Canceling Replaced Gone Draining Cancelled Filled] => Keep, "booked; a late fill reopens nothing";
    PartFill     [Rejected]                                        => Resync,             "it cannot trade and never have lived";
    LastFill     [Pending Unknown Live Modifying CancelingBlind Canceling Replaced Gone Draining Cancelled]
                                                                   => Go(Filled),         "the fill won every race";
    LastFill     [Filled]                                          => Keep,               "nothing new";
    LastFill     [Rejected]                                        => Resync,             "it cannot trade and never have lived";
    CancelDone   [Pending Unknown Live Modifying CancelingBlind Canceling Replaced Gone]
                                                                   => Go(Draining),       "withdrawn, by us or by the venue; fills may be on their way";
    CancelDone   [Draining Cancelled Filled]                       => Keep,               "nothing new";
    CancelDone   [Rejected]                                        => Resync,             "it cannot be withdrawn and never have lived";
    CancelGone   [Pending Unknown Live Modifying CancelingBlind Canceling]
                                                                   => Go(Gone),           "it was live before the question, so it is dead: by fill or by cancel";
    CancelGone   [Replaced Gone Draining Cancelled Filled]         => Keep,               "nothing new";
    CancelGone   [Rejected]                                        => Resync,             "it cannot be gone and never have lived";
    CancelFailed [Canceling]                                       => Go(Live),           "the leg was seen live, and stands";
    CancelFailed [CancelingBlind]                                  => Go(Unknown),        "the cancel may have come before the order did";
    CancelFailed [Pending Unknown Live Modifying Replaced Gone Draining Cancelled Filled Rejected] => Keep, "no evidence";
    Reject       [Pending Unknown CancelingBlind]                  => Go(Rejected),       "refused at the door";
    Reject       [Rejected]                                        => Keep,               "nothing new";
    Reject       [Live Modifying Canceling Replaced Gone Draining Cancelled Filled] => Resync, "it was seen live";
    Fence        [Pending Unknown CancelingBlind]                  => Go(Rejected),       "it never lived and never will";
    Fence        [Rejected]                                        => Keep,               "nothing new";
    Fence        [Live Modifying Canceling Replaced Gone Draining Cancelled Filled] => Resync, "it was seen live";
    ModifyTook   [Pending Unknown Live Modifying CancelingBlind Canceling Gone] => Go(Replaced), "the replacement lives under its own oid";
    ModifyTook   [Replaced Draining Cancelled Filled]              => Keep,               "nothing new";
    ModifyTook   [Rejected]                                        => Resync,             "what never lived cannot be replaced";
    ModifyKilled [Pending Unknown Live Modifying CancelingBlind Canceling] => Go(Gone),   "dead; the words do not say by fill or by cancel";
    ModifyKilled [Replaced Gone Draining Cancelled Filled]         => Keep,               "nothing new";
    ModifyKilled [Rejected]                                        => Resync,             "it cannot be gone and never have lived";
    ModifyFailed [Modifying]                                       => Go(Live),           "the old leg stands as it was";
    ModifyFailed [Pending Unknown Live CancelingBlind Canceling Replaced Gone Draining Cancelled Filled Rejected] => Keep, "no evidence";
    Settle       [Draining]                                        => Go(Cancelled),      "nothing more can come that is not known";
    Settle       [Pending Unknown Live Modifying CancelingBlind Canceling Replaced Gone Cancelled Filled Rejected] => Keep, "only a canceled leg is settled";
}

/// What an event does to a phase.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Hash)]
pub enum Cell {
    /// The phase becomes this one.
    Go(Phase),
    /// Legal; the phase stays.
    Keep,
    /// Not allowed now: a mistake of the caller's; nothing changes.
    Refuse,
    /// The venue contradicts itself: the phase stays, the caller must stop and query.
    Resync,
}

impl Phase {
    /// Closed for good: `Cancelled`, `Filled`, `Rejected`.
    pub const fn is_closed(self) -> bool {
        matches!(self, Self::Cancelled | Self::Filled | Self::Rejected)
    }

    /// The venue was never heard of to have it.
    pub const fn is_unseen(self) -> bool {
        matches!(self, Self::Pending | Self::Unknown | Self::CancelingBlind)
    }
}

impl Event {
    /// A wish of ours; everything else is a fact. Only asks are ever refused.
    pub const fn is_ask(self) -> bool {
        matches!(self, Self::AskModify | Self::AskCancel)
    }
}
