//! Names and numbers: coins and tokens by name, legs by oid and by cloid; and how closed legs leave memory.

use std::collections::BTreeMap;

use super::Engine;
use crate::digits::narrow_word;
use crate::effect::Effect;
use crate::error::Error;
use crate::ids::Cloid;
use crate::num::Sz;
use crate::order::{Leg, NONE, Order, OrderState};
use crate::paged::{Slot, mix};

/// The most names of one kind, and the longest: what the venue could ever need, and a bound on nonsense.
const NAMES_MAX: usize = 65_000;
const NAME_LONGEST: usize = 64;

/// Values by name, numbered in the order of arrival.
#[derive(Clone, Debug)]
pub(crate) struct Names<T> {
    values: Vec<T>,
    index: BTreeMap<Box<str>, u32>,
    /// Where a name was found last, under a few bits of its first bytes.
    recent: [(u64, u32); 32],
}

impl<T> Names<T> {
    pub(crate) fn new() -> Self {
        Self { values: Vec::new(), index: BTreeMap::new(), recent: [(u64::MAX, 0); 32] }
    }

    /// The number of a name, given a new one if need be. `field` names it in an error.
    pub(crate) fn intern(
        &mut self,
        field: &'static str,
        name: &str,
        new: impl FnOnce() -> T,
    ) -> Result<u32, Error> {
        let id = match self.index.get(name) {
            Some(&id) => id,
            None => self.add(field, name, new)?,
        };
        if let Some(key) = short_key(name) {
            self.recent[place(key)] = (key, id);
        }
        Ok(id)
    }

    /// The number of a short name that was interned lately.
    #[inline]
    pub(crate) fn find_recent(&self, name: &str) -> Option<u32> {
        let key = short_key(name)?;
        let (known, id) = self.recent[place(key)];
        (known == key).then_some(id)
    }

    #[allow(clippy::cast_possible_truncation)] // bounded by NAMES_MAX
    fn add(
        &mut self,
        field: &'static str,
        name: &str,
        new: impl FnOnce() -> T,
    ) -> Result<u32, Error> {
        check_name(field, name)?;
        if self.values.len() >= NAMES_MAX {
            return Err(Error::Bad(field, "is one name too many"));
        }
        let id = self.values.len() as u32;
        self.values.push(new());
        self.index.insert(name.into(), id);
        Ok(id)
    }

    pub(crate) fn find(&self, name: &str) -> Option<u32> {
        self.index.get(name).copied()
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &T> {
        self.values.iter()
    }
}

/// A name of at most seven bytes, whole, in one word together with its length; longer ones have none.
#[inline]
fn short_key(name: &str) -> Option<u64> {
    let word = narrow_word(name.as_bytes())?;
    (word >> 56 == 0).then_some(word | (name.len() as u64) << 56)
}

#[inline]
#[allow(clippy::cast_possible_truncation)] // five bits
fn place(key: u64) -> usize {
    (key.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 59) as usize
}

/// Refuses what cannot be a name of the venue's, before anything is changed.
pub(crate) fn check_name(field: &'static str, name: &str) -> Result<(), Error> {
    if name.is_empty() {
        return Err(Error::Bad(field, "is empty"));
    }
    if name.len() > NAME_LONGEST {
        return Err(Error::Bad(field, "is too long"));
    }
    if !name.bytes().all(|c| c.is_ascii_graphic()) {
        return Err(Error::Bad(field, "has characters that no name of the venue has"));
    }
    Ok(())
}

impl<T> core::ops::Index<u32> for Names<T> {
    type Output = T;
    #[inline]
    fn index(&self, id: u32) -> &T {
        &self.values[id as usize]
    }
}

impl<T> core::ops::IndexMut<u32> for Names<T> {
    #[inline]
    fn index_mut(&mut self, id: u32) -> &mut T {
        &mut self.values[id as usize]
    }
}

macro_rules! slot {
    ($name:ident $key:ident: $type:ty, $hash:expr) => {
        #[derive(Clone, Copy, Debug)]
        #[repr(C, packed(4))] // half a million of them; fields are read as copies
        pub(crate) struct $name {
            pub(crate) $key: $type,
            pub(crate) leg: u32,
        }
        impl Slot for $name {
            const EMPTY: Self = Self { $key: 0, leg: 0 };
            #[inline]
            fn hash(&self) -> u64 {
                let hash: fn($type) -> u64 = $hash;
                hash(self.$key)
            }
            #[inline]
            fn same_key(&self, other: &Self) -> bool {
                self.$key == other.$key
            }
            fn is_stale(&self, _: u64) -> bool {
                false
            }
        }
    };
}
slot!(OidSlot oid: u64, |oid| mix(oid, 0x006f_6964));
#[allow(clippy::cast_possible_truncation)] // both halves are mixed
mod cloid {
    use super::{Slot, mix};
    slot!(CloidSlot cloid: u128, |cloid| mix(cloid as u64, (cloid >> 64) as u64));
}
pub(crate) use cloid::CloidSlot;

impl Engine {
    /// Makes an order of one leg and lists it. The leg must not be in an order yet.
    pub(super) fn add_order(
        &mut self,
        leg: u32,
        name: Option<Cloid>,
        foreign: bool,
        told: OrderState,
    ) -> u32 {
        let number = self.next_number;
        self.next_number += 1;
        let order = self.orders.add(Order {
            name: name.into(),
            first: leg,
            last: leg,
            held: 1,
            tif: None,
            foreign,
            told,
            slot: NONE,
            number,
            folded: None,
        });
        self.legs[leg].order = order;
        if !foreign {
            self.list(order);
        }
        order
    }

    #[allow(clippy::cast_possible_truncation)] // as many as orders
    fn list(&mut self, order: u32) {
        let leg = &self.legs[self.orders[order].first];
        let list = &mut self.coins[leg.coin].orders[leg.side as usize];
        self.orders[order].slot = list.len() as u32;
        list.push(order);
    }

    pub(super) fn unlist(&mut self, order: u32) {
        let slot = self.orders[order].slot;
        if slot == NONE {
            return;
        }
        let leg = &self.legs[self.orders[order].first];
        let list = &mut self.coins[leg.coin].orders[leg.side as usize];
        list.swap_remove(slot as usize);
        if let Some(&moved) = list.get(slot as usize) {
            self.orders[moved].slot = slot;
        }
        self.orders[order].slot = NONE;
    }

    /// Puts a leg in the queue of those that may leave memory, once.
    pub(super) fn queue(&mut self, id: u32) {
        if !self.legs[id].queued {
            self.legs[id].queued = true;
            self.closed.push_back(id);
        }
    }

    /// Empties a leg whose facts moved elsewhere. Its number is free at once, or when the queue comes to it.
    pub(super) fn void(&mut self, id: u32, leg: &Leg) {
        if leg.queued {
            self.unname(id, leg);
            let slot = &mut self.legs[id];
            *slot = Leg::new(NONE, leg.side, leg.px, None);
            (slot.queued, slot.void, slot.released) = (true, true, true);
        } else {
            self.forget_leg(id, leg);
        }
    }

    /// Lets the oldest closed legs go once more than `retain_closed` are held; a bounded step, so that it never stalls.
    pub(super) fn shrink(&mut self) {
        for _ in 0..4 {
            if self.closed.len() <= self.config.retain_closed {
                return;
            }
            let Some(id) = self.closed.pop_front() else { return };
            if self.may_retire(id) {
                self.retire(id);
            } else {
                self.closed.push_back(id);
            }
        }
    }

    fn may_retire(&self, id: u32) -> bool {
        let leg = &self.legs[id];
        if leg.order == NONE {
            // Fills of an oid that nobody claimed: keep them while a leg of ours still waits for its oid.
            return leg.coin == NONE || self.coins[leg.coin].unbound == 0;
        }
        let order = &self.orders[leg.order];
        // What is folded may go; the rest of a line goes last of all, when nothing else of its order is held.
        let last = order.told.is_terminal() && order.held == 1;
        let is_over = leg.phase.is_closed() && leg.is_resolved();
        is_over && leg.provisional() == Sz::ZERO && (leg.folded || last)
    }

    fn retire(&mut self, id: u32) {
        if self.legs[id].void {
            self.legs.free(id);
            return;
        }
        let leg = self.legs[id].clone();
        if leg.oid.is_some() || leg.cloid.is_some() {
            let hash = self.leg_hash(id);
            self.retired =
                (self.retired.0.wrapping_add(hash.0), self.retired.1.wrapping_add(hash.1));
        }
        if let Some((instance, sequence)) = leg.cloid.and_then(Cloid::parts)
            && instance == self.config.instance
        {
            self.retired_sequence = self.retired_sequence.max(Some(sequence));
        }
        if leg.order != NONE {
            self.leave_order(id, &leg);
        }
        self.forget_leg(id, &leg);
    }

    /// A leg names its order no more; an order that no leg names is gone.
    pub(super) fn leave_order(&mut self, id: u32, leg: &Leg) {
        let order = leg.order;
        if !leg.folded {
            self.unlink(id);
        }
        self.orders[order].held -= 1;
        if self.orders[order].held == 0 {
            self.unlist(order);
            self.extra_fees.retain(|key, _| !(key.0 && key.1 == order));
            self.orders.free(order);
        }
    }

    /// Takes a leg out of its order's line; what it executed stays with the order.
    pub(super) fn fold(&mut self, id: u32) {
        let leg = self.legs[id].clone();
        let order = &mut self.orders[leg.order];
        let past = order.past_mut();
        past.executed.0 += leg.executed().0;
        past.traded_usd += leg.traded_usd;
        past.traded.0 += leg.traded.0;
        let extras: Vec<(u16, i128)> = self
            .extra_fees
            .range((false, id, 0)..=(false, id, u16::MAX))
            .map(|(k, v)| (k.2, *v))
            .chain((leg.fee_token != u16::MAX || leg.fee != 0).then_some((leg.fee_token, leg.fee)))
            .collect();
        for (token, fee) in extras {
            if past.fee.1 == 0 || past.fee.0 == token {
                past.fee = (token, past.fee.1 + fee);
            } else {
                *self.extra_fees.entry((true, leg.order, token)).or_default() += fee;
            }
            self.extra_fees.remove(&(false, id, token));
        }
        self.unlink(id);
        self.legs[id].folded = true;
    }

    fn unlink(&mut self, id: u32) {
        let Leg { order, previous, next, .. } = self.legs[id];
        if previous == NONE {
            self.orders[order].first = next;
        } else {
            self.legs[previous].next = next;
        }
        if next == NONE {
            self.orders[order].last = previous;
        } else {
            self.legs[next].previous = previous;
        }
        (self.legs[id].previous, self.legs[id].next, self.legs[id].alone) = (NONE, NONE, false);
    }

    /// Takes its names from a record that belongs to no order.
    pub(super) fn disown(&mut self, id: u32) {
        let leg = self.legs[id].clone();
        self.unname(id, &leg);
        (self.legs[id].oid, self.legs[id].cloid) = (None, None);
    }

    /// Drops a leg from the maps and frees its number.
    pub(super) fn forget_leg(&mut self, id: u32, leg: &Leg) {
        self.unname(id, leg);
        // A timer of this number may still be in the heap; `due` tells that it is not this leg's any more.
        self.legs[id].due = u64::MAX;
        (self.legs[id].order, self.legs[id].alone) = (NONE, false);
        self.legs.free(id);
    }

    fn unname(&mut self, id: u32, leg: &Leg) {
        // A name may have gone over to another leg.
        if let Some(oid) = leg.oid {
            self.by_oid.remove_if(&OidSlot { oid: oid.0, leg: 0 }, |slot| slot.leg == id);
        }
        if let Some(cloid) = leg.cloid {
            self.by_cloid.remove_if(&CloidSlot { cloid: cloid.0, leg: 0 }, |slot| slot.leg == id);
        }
    }

    pub(super) fn contradiction(&self, id: u32, what: &'static str) -> Effect {
        let leg = &self.legs[id];
        Effect::Contradiction {
            coin: crate::effect::CoinId(leg.coin),
            oid: leg.oid,
            cloid: leg.cloid,
            what,
        }
    }
}
