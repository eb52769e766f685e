//! What the targets share: a server's sessions without sockets, and bytes cut into the pieces in which they arrive.

use std::cell::RefCell;
use std::sync::Arc;

use reference_server::config::{Config, Limits};
use reference_server::queue::Queue;
use reference_server::session::{After, Channel, Session};
use reference_server::site::Site;
use reference_server::store::Store;

/// After so many inputs the store is made anew, so that what they left in it does not slow down the next ones.
const INPUTS: usize = 2000;

/// The octets of an input are cut at most so often.
const PIECES: usize = 16;

/// The password of alice and bob.
pub const PASSWORD: &str = "secret";

/// What sessions are made of.
#[derive(Clone)]
pub struct Rooms {
    pub site: Arc<Site>,
    pub store: Store,
    pub queue: Queue,
}

impl Rooms {
    fn new() -> Rooms {
        let account = |address: &str| format!("{address}:{PASSWORD}").parse().expect("an account");
        let config = Config {
            accounts: vec![account("alice@example.org"), account("bob@example.org")],
            limits: Limits { message: 64 * 1024, recipients: 8, ..Limits::default() },
            ..Config::default()
        };
        let site = Site::new(&config).expect("a site");
        let store = Store::memory().expect("a store");
        let queue = Queue::new(store.clone(), site.clock.clone());
        Rooms { site, store, queue }
    }
}

/// Runs `test` with a store that several inputs share.
pub fn with_rooms(test: impl FnOnce(&Rooms)) {
    thread_local!(static ROOMS: RefCell<Option<(Rooms, usize)>> = const { RefCell::new(None) });
    ROOMS.with_borrow_mut(|kept| {
        if kept.as_ref().is_some_and(|(_, used)| *used >= INPUTS) {
            *kept = None;
        }
        let (rooms, used) = kept.get_or_insert_with(|| (Rooms::new(), 0));
        *used += 1;
        test(rooms);
    });
}

/// Cuts an input into pieces: its first octets say how long they are.
pub fn pieces(input: &[u8]) -> impl Iterator<Item = &[u8]> {
    let (lengths, mut rest) = input.split_at(input.len().min(PIECES));
    let lengths = lengths.iter().map(|length| usize::from(*length)).chain(std::iter::once(usize::MAX));
    lengths.filter(|length| *length > 0).map_while(move |length| {
        let (piece, others) = rest.split_at(length.min(rest.len()));
        rest = others;
        (!piece.is_empty()).then_some(piece)
    })
}

/// Plays an input to a session behind a prologue, and gives everything it wrote.
///
/// A handshake that is asked for succeeds. The session may not write without end.
pub fn play(session: &mut dyn Session, prologue: &[u8], input: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    let mut after = session.greet(&mut out);
    for piece in std::iter::once(prologue).chain(pieces(input)) {
        after = match after {
            After::Continue => session.receive(piece, &mut out),
            After::StartTls => session.secured(Channel::default(), &mut out),
            _ => break,
        };
        let mut flushes = 0;
        while after == After::Flush {
            after = session.receive(&[], &mut out);
            flushes += 1;
            assert!(flushes < 100_000, "the session never comes to an end");
        }
    }
    let mut last = Vec::new();
    session.expired(&mut last);
    session.closed();
    out
}
