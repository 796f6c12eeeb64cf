//! A modify is a cancel and a new order, with a new oid (protocol 3.5).
//!
//! | refused | old order | new order |
//! |---|---|---|
//! | `Cannot modify canceled or filled order` | was gone | not placed |
//! | `Attempted to modify to invalid new order` | unchanged | not placed |
//! | a check before matching: band, size, tick | unchanged | not placed |
//! | `Error placing new order during modify: …` | gone | not placed |

use super::Chain;
use super::action::{NewOrder, Target, Type};
use super::event::{OrderReply, Reply};
use super::order::{Order, Tif};
use super::place::Manner;
use super::units::AccountId;
use super::words::{Refusal, Status};

/// How a modify was refused: with which text, and whether it stands for the whole batch.
struct Refused {
    text: String,
    whole: bool,
}

impl Chain {
    pub(super) fn modify_each(
        &mut self,
        id: AccountId,
        single: bool,
        changes: &[(Target, NewOrder)],
        always_place: bool,
    ) -> Reply {
        if changes.is_empty() {
            return Reply::Err("Modify list is empty.".into());
        }
        if !single && self.settings.batch_refused_whole {
            let refused =
                changes.iter().find_map(|(_, new)| self.check_new(id, new, always_place).err());
            if let Some(refused) = refused.filter(|refused| refused.whole) {
                return Reply::Orders(vec![OrderReply::Error(refused.text)]);
            }
        }
        let mut replies = Vec::with_capacity(changes.len());
        for (target, new) in changes {
            match self.modify(id, *target, new, always_place) {
                Ok(reply) => replies.push(reply),
                Err(text) if single => return Reply::Err(text),
                Err(text) => replies.push(OrderReply::Error(text)),
            }
        }
        if single { Reply::Default } else { Reply::Orders(replies) }
    }

    /// What is wrong with the new order, before the old one is touched.
    fn check_new(
        &self,
        id: AccountId,
        new: &NewOrder,
        always_place: bool,
    ) -> Result<Order, Refused> {
        let allowed = matches!(new.kind, Type::Limit(Tif::Alo | Tif::Gtc));
        if !always_place && !allowed {
            return Err(Refused { text: Refusal::ModifyInvalid.text(), whole: false });
        }
        let manner = Manner { alo: !always_place, ..Manner::default() };
        let draft = self.draft(id, new, manner);
        let draft =
            draft.map_err(|refusal| Refused { text: refusal.answer(new.asset), whole: true })?;
        if self.metas.asset(draft.asset).on_tick(draft.px) {
            Ok(draft)
        } else {
            Err(Refused { text: Refusal::Tick.answer(new.asset), whole: false })
        }
    }

    fn modify(
        &mut self,
        id: AccountId,
        target: Target,
        new: &NewOrder,
        always_place: bool,
    ) -> Result<OrderReply, String> {
        let draft = self.check_new(id, new, always_place).map_err(|refused| refused.text)?;
        let Some(old) = self.find_live(id, target) else {
            if always_place {
                return self.place(draft).map_err(|refusal| refusal.answer(new.asset));
            }
            return Err(Refusal::ModifyGone.text());
        };
        // The old order leaves the book first: it neither stands in the new one's way nor holds its margin.
        // What is told of both is told in the venue's order, whichever that is today.
        self.take_out(&old);
        if self.settings.modify_cancel_first {
            self.ended(&old, Status::Canceled);
        }
        let draft = Order { builder: draft.builder.or(old.builder), ..draft };
        let placed = if self.settings.modify_refused_pushes {
            self.place(draft)
        } else {
            self.place_quietly(draft)
        };
        if !self.settings.modify_cancel_first {
            self.ended(&old, Status::Canceled);
        }
        placed
            .map_err(|refusal| format!("Error placing new order during modify: {}", refusal.text()))
    }

    /// Out of the book and out of every index, with nothing told yet.
    fn take_out(&mut self, order: &Order) {
        if order.in_book() {
            self.book_mut(order.asset).remove(order.side, order.px, order.oid, order.sz);
            self.hold(order, order.sz, -1);
        }
        self.forget(order);
    }

    /// Places an order that uses no oid if the rules of the book refuse it.
    fn place_quietly(&mut self, draft: Order) -> Result<OrderReply, Refusal> {
        self.admit(draft)?;
        self.place(draft)
    }
}
