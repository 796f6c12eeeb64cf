//! The names of faults and channels. The table says which lines of `reliability.md` 2 a fault belongs to.

macro_rules! named {
    ($(#[$doc:meta])* $type:ident { $($(#[$row:meta])* $variant:ident $name:literal $lines:literal),* $(,)? }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
        pub enum $type { $($(#[$row])* $variant),* }
        impl $type {
            /// All of them.
            pub const ALL: &[Self] = &[$(Self::$variant),*];
            /// Its name.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $name),* }
            }
            /// The lines of `reliability.md` 2 that it plays.
            pub const fn lines(self) -> &'static str {
                match self { $(Self::$variant => $lines),* }
            }
            /// By its name.
            pub fn parse(name: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|one| one.name() == name)
            }
        }
    };
}

named! {
    /// A way by which something comes back; each has its own latency and its own faults.
    Channel {
        /// Answers to actions.
        Reply "reply" "",
        /// Answers to requests for information.
        Info "info" "",
        /// `orderUpdates`, `openOrders`, `userHistoricalOrders`.
        Orders "orders" "",
        /// `userFills`, `userEvents`, `userFundings`, `userNonFundingLedgerUpdates`.
        Fills "fills" "",
        /// `clearinghouseState`, `spotState`, `activeAssetData`, `webData2`.
        State "state" "",
        /// Books, trades, prices.
        Market "market" "",
        /// Acknowledgements, pongs, errors.
        Control "control" "",
    }
}

named! {
    /// A fault.
    Fault {
        /// An action never reaches the venue.
        RequestLost "request_lost" "N1",
        /// An action reaches it late, by `amount` ms.
        RequestLate "request_late" "N2",
        /// An action reaches it twice, the second time `amount` ms later.
        RequestDuplicated "request_duplicated" "N3",
        /// The front refuses with 429: nothing is carried out.
        RefusedTooMany "refused_429" "N5 X19",
        /// The front breaks with 502 before the exchange: nothing is carried out.
        BrokenBefore "broken_502_before" "N5",
        /// The front breaks with 502 after the exchange carried it out.
        BrokenAfter "broken_502_after" "N5",
        /// An answer never comes.
        ReplyLost "reply_lost" "N4",
        /// An answer comes late, by `amount` ms.
        ReplyLate "reply_late" "N4 N6",
        /// An answer to a post comes twice.
        ReplyDuplicated "reply_duplicated" "N4",
        /// An answer is cut off in the middle.
        ReplyTruncated "reply_truncated" "N5",
        /// An answer is a page of HTML with status 200.
        ReplyHtml "reply_html" "N5",
        /// A frame never comes, and nothing shows it.
        FrameLost "frame_lost" "N7",
        /// A frame comes late, by `amount` ms, and holds up its channel.
        FrameLate "frame_late" "N6",
        /// A frame comes twice.
        FrameDuplicated "frame_duplicated" "N6",
        /// A frame comes late, by `amount` ms, and others overtake it.
        FrameReordered "frame_reordered" "N6",
        /// A frame is cut off in the middle.
        FrameTruncated "frame_truncated" "N5 X22",
        /// The connection is closed.
        SocketDropped "socket_dropped" "N9 N11",
        /// The connection says nothing any more, and looks open.
        SocketHalfOpen "socket_half_open" "N8",
        /// New connections are closed at once.
        SocketRefused "socket_refused" "N9",
        /// Actions arrive, and nothing at all comes back.
        Deaf "deaf" "N14",
        /// `filled` says `amount` lots less, or `resting` though a part is filled.
        CountLow "count_low" "X1",
        /// `filled` says `amount` lots more.
        CountHigh "count_high" "X2",
        /// `batchModify` is answered without oids.
        ModifyDefault "modify_default" "X3",
        /// A modify tells `canceled` of the old order before `open` of the new one.
        ModifyCancelFirst "modify_cancel_first" "X4",
        /// `orderStatus` and `historicalOrders` have forgotten an order.
        OrderForgotten "order_forgotten" "X8",
        /// Information is as of `amount` ms ago.
        InfoStale "info_stale" "X9",
        /// `meta` says another `szDecimals` of its first asset.
        MetaChanged "meta_changed" "X17",
        /// The venue cancels an order of its own accord: the oldest that is live.
        VenueCancel "venue_cancel" "X12",
        /// A status is a word that nobody knows.
        StatusUnknown "status_unknown" "X12",
        /// The next trade has the tid of the one before it, on every way.
        TidRepeated "tid_repeated" "X15",
        /// The next trade has the tid 0, on every way.
        TidZero "tid_zero" "X13 X15",
        /// Ids of fills are texts.
        IdsAsText "ids_as_text" "X16",
        /// A fill has a member that nobody knows.
        FieldAdded "field_added" "X22",
        /// A fill lacks its oid.
        FieldRemoved "field_removed" "X22",
        /// A fill's size is null.
        FieldNull "field_null" "X22",
        /// No block is committed.
        Halt "halt" "X20",
        /// Only post-only orders are taken.
        PostOnly "post_only" "X20",
        /// The venue's clock is `amount` ms ahead.
        ClockAhead "clock_ahead" "C1",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_of_one_fault() {
        for fault in Fault::ALL {
            assert_eq!(Fault::parse(fault.name()), Some(*fault));
            assert!(!fault.lines().is_empty());
        }
        assert!(
            Channel::ALL.iter().all(|channel| Channel::parse(channel.name()) == Some(*channel))
        );
        assert_eq!(Fault::parse("nothing"), None);
    }
}
