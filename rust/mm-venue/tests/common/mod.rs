//! A small world for tests of the chain: three funded makers and takers, orders in words.
#![allow(dead_code, unreachable_pub, reason = "each test binary uses its part")]

use mm_core::ids::{Cloid, Ms, Oid, Side};
use mm_core::num::{Px, Sz};
use mm_venue::chain::{
    AccountId, Action, Address, Amount, By, Chain, Event, Fill, Grouping, Metas, NewOrder,
    OrderReply, Record, Reply, Role, Settings, Status, Submission, Target, Ticket, Tif, TokenIx,
    Type,
};

pub const START: Ms = 1_790_000_000_000;
pub const BTC: u32 = 0;
pub const ETH: u32 = 1;
pub const PURR: u32 = 10_000;

pub struct World {
    pub chain: Chain,
    pub users: Vec<AccountId>,
    pub events: Vec<Event>,
    tickets: u64,
    nonce: u64,
}

pub fn address(number: u8) -> Address {
    Address([number; 20])
}

pub fn px(text: &str) -> Px {
    Px::parse(text.as_bytes()).unwrap()
}

pub fn order(asset: u32, side: Side, px: &str, sz: &str, tif: Tif) -> NewOrder {
    NewOrder {
        asset,
        side,
        px: Px::parse(px.as_bytes()).ok(),
        sz: Sz::parse_amount(sz.as_bytes()).ok(),
        reduce_only: false,
        kind: Type::Limit(tif),
        cloid: None,
    }
}

pub fn buy(px: &str, sz: &str, tif: Tif) -> NewOrder {
    order(BTC, Side::Buy, px, sz, tif)
}

pub fn sell(px: &str, sz: &str, tif: Tif) -> NewOrder {
    order(BTC, Side::Sell, px, sz, tif)
}

pub fn named(order: NewOrder, cloid: u128) -> NewOrder {
    NewOrder { cloid: Some(Cloid(cloid)), ..order }
}

pub fn reducing(order: NewOrder) -> NewOrder {
    NewOrder { reduce_only: true, ..order }
}

pub fn place(orders: &[NewOrder]) -> Action {
    Action::Order { orders: orders.to_vec(), grouping: Grouping::Na, builder: None }
}

pub fn modify(oid: Oid, new: NewOrder) -> Action {
    Action::Modify { single: false, changes: vec![(Target::Oid(oid), new)], always_place: false }
}

impl World {
    pub fn new() -> Self {
        Self::with(Settings::default())
    }

    pub fn with(settings: Settings) -> Self {
        let mut chain = Chain::new(settings, Metas::generated(), START);
        let users = (1..=3).map(|n| chain.open_account(address(n), Role::User)).collect::<Vec<_>>();
        for user in &users {
            chain.deposit(*user, 0, Amount::whole(1_000_000));
            chain.deposit(*user, 1, Amount::whole(1_000_000));
            for token in 0..3 {
                chain.deposit_spot(*user, TokenIx(token), Amount::whole(100_000));
            }
        }
        Self { chain, users, events: Vec::new(), tickets: 0, nonce: START }
    }

    /// Puts an action of a user into the next block.
    pub fn send(&mut self, user: usize, action: Action) -> Ticket {
        self.nonce = self.chain.now().max(self.nonce + 1);
        self.send_as(
            By::Signer { signer: self.chain.account(self.users[user]).address, vault: None },
            self.nonce,
            action,
        )
    }

    pub fn send_as(&mut self, by: By, nonce: u64, action: Action) -> Ticket {
        self.tickets += 1;
        let ticket = Ticket(self.tickets);
        self.chain.submit(Submission { ticket, by, nonce, expires_after: None, action });
        ticket
    }

    pub fn block(&mut self) -> Vec<Event> {
        self.wait(83)
    }

    pub fn wait(&mut self, ms: Ms) -> Vec<Event> {
        let events = self.chain.block(self.chain.now() + ms);
        if let Err(broken) = self.chain.check() {
            panic!("{broken:?} after {events:#?}");
        }
        self.events.extend(events.iter().cloned());
        events
    }

    /// One action in a block of its own.
    pub fn act(&mut self, user: usize, action: Action) -> Reply {
        let ticket = self.send(user, action);
        self.block();
        self.reply(ticket)
    }

    pub fn reply(&self, ticket: Ticket) -> Reply {
        let found = self.events.iter().rev().find_map(|event| match event {
            Event::Replied(told, reply) if *told == ticket => Some(reply.clone()),
            _ => None,
        });
        found.expect("every action is replied to")
    }

    /// Places one order; its oid.
    pub fn rest(&mut self, user: usize, new: NewOrder) -> Oid {
        match self.one(user, place(&[new])) {
            OrderReply::Resting(oid, _) => oid,
            other => panic!("it should rest, and is {other:?}"),
        }
    }

    pub fn one(&mut self, user: usize, action: Action) -> OrderReply {
        match self.act(user, action) {
            Reply::Orders(replies) if replies.len() == 1 => replies[0].clone(),
            other => panic!("one outcome is wanted, and it is {other:?}"),
        }
    }

    pub fn error(&mut self, user: usize, action: Action) -> String {
        match self.act(user, action) {
            Reply::Orders(replies) => match &replies[0] {
                OrderReply::Error(text) => text.clone(),
                other => panic!("an error is wanted, and it is {other:?}"),
            },
            Reply::Cancels(outcomes) => outcomes[0].clone().expect("an error"),
            Reply::Err(text) => text,
            other => panic!("an error is wanted, and it is {other:?}"),
        }
    }

    pub fn records(&self, user: usize) -> Vec<Record> {
        self.chain.account(self.users[user]).history.records.iter().copied().collect()
    }

    pub fn statuses(&self, user: usize) -> Vec<(Oid, Status, i64)> {
        self.records(user)
            .iter()
            .map(|record| (record.order.oid, record.status, record.order.sz.0))
            .collect()
    }

    pub fn fills(&self, user: usize) -> Vec<Fill> {
        self.chain.account(self.users[user]).history.fills.iter().copied().collect()
    }

    pub fn szi(&self, user: usize, asset: u32) -> i64 {
        let ix = self.chain.metas().by_id(asset).unwrap();
        self.chain.account(self.users[user]).szi(0, ix).0
    }
}
