//! Wire bytes against framed replies.

mod client;
mod imap;
mod pop3;
mod smtp;
mod splits;

use super::*;

/// Frames `wire` in one piece and writes each reply down: as rendered, or `! offset expected` for a malformed one.
fn framed(protocol: Protocol, sent: &[&str], limits: Limits, wire: &[u8]) -> Vec<String> {
    let mut framer = framer(protocol, limits);
    if protocol == Protocol::Pop3 {
        framer.push(b"+OK\r\n");
        framer.next();
    }
    sent.iter().for_each(|line| framer.sent(line.as_bytes(), false));
    framer.push(wire);
    std::iter::from_fn(|| framer.next()).map(|reply| written(&reply)).collect()
}

fn written(reply: &Reply) -> String {
    match &reply.parsed {
        Parsed::Malformed(malformed) => {
            let fatal = if malformed.fatal { "!!" } else { "!" };
            format!("{fatal} {} {}", malformed.offset - reply.offset, malformed.expected)
        }
        _ => render(reply).join(" / "),
    }
}
