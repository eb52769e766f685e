//! The DNS of a topology: a name server on loopback that knows a few names and can be made to fail. It is written out rather than taken
//! from hickory-server: that would cost the build little (three crates more), but the reference server resolves with the same family, and
//! one codec on both sides hides its own bugs; a question and a handful of records are a page, and failing on demand is one line of it.

use std::collections::BTreeMap;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tokio::net::UdpSocket;
use tokio::task::JoinHandle;

/// What is known of a name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Record {
    /// A host that takes the mail of this domain; the root, which takes none, is empty (RFC 7505 §3).
    Mx {
        preference: u16,
        exchanger: String,
    },
    Address(Ipv4Addr),
}

/// Names in lower case without the final dot, and their records.
pub type Names = BTreeMap<String, Vec<Record>>;

/// A running name server; it stops when it is dropped.
#[derive(Debug)]
pub struct NameServer {
    pub address: SocketAddr,
    failing: Arc<AtomicBool>,
    task: JoinHandle<()>,
}

impl NameServer {
    /// Answers on a free loopback port.
    pub async fn start(names: Names) -> io::Result<NameServer> {
        let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let address = socket.local_addr()?;
        let failing = Arc::new(AtomicBool::new(false));
        let task = tokio::spawn(serve(socket, names, failing.clone()));
        Ok(NameServer { address, failing, task })
    }

    /// Whether every question is answered with SERVFAIL, as a resolver does that reaches nobody.
    pub fn fail(&self, failing: bool) {
        self.failing.store(failing, Ordering::Relaxed);
    }
}

impl Drop for NameServer {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn serve(socket: UdpSocket, names: Names, failing: Arc<AtomicBool>) {
    let mut buffer = [0; 1500];
    loop {
        // An error here is about a datagram that could not be delivered before (RFC 1122 §4.1.3.3).
        let Ok((count, from)) = socket.recv_from(&mut buffer).await else { continue };
        let asked = buffer.get(..count).unwrap_or_default();
        if let Some(answer) = answer(asked, &names, failing.load(Ordering::Relaxed)) {
            let _ = socket.send_to(&answer, from).await;
        }
    }
}

const NO_ERROR: u8 = 0;
const SERVER_FAILURE: u8 = 2;
const NAME_ERROR: u8 = 3;

const TYPE_A: u16 = 1;
const TYPE_SOA: u16 = 6;
const TYPE_MX: u16 = 15;
const CLASS_IN: u16 = 1;

/// How long an answer may be kept, in seconds.
const KEPT: u32 = 60;

/// The answer to a query with one question (RFC 1035 §4.1); `None`: it is no such query.
fn answer(query: &[u8], names: &Names, failing: bool) -> Option<Vec<u8>> {
    let header = query.get(..12)?;
    let (id, flags, counts) = (header.get(..2)?, header.get(2)?, header.get(4..6)?);
    // QR is 0 and OPCODE too: a standard query.
    if flags & 0b1111_1000 != 0 || counts != [0, 1] {
        return None;
    }
    let (name, kind, question) = question(query.get(12..)?)?;
    let below = format!(".{name}");
    let (code, records) = match names.get(&name) {
        _ if failing => (SERVER_FAILURE, Vec::new()),
        Some(records) => (NO_ERROR, records.iter().filter_map(|record| written(record, kind)).collect()),
        // RFC 8020 §2: a name with names below it exists.
        None if names.keys().any(|known| known.ends_with(&below)) => (NO_ERROR, Vec::new()),
        None => (NAME_ERROR, Vec::new()),
    };
    let nothing = records.is_empty() && code != SERVER_FAILURE;
    let mut message = id.to_vec();
    // QR, AA and RD as it was asked; RA.
    message.push(0b1000_0100 | (flags & 1));
    message.push(0b1000_0000 | code);
    for count in [1, records.len() as u16, u16::from(nothing), 0] {
        message.extend_from_slice(&count.to_be_bytes());
    }
    message.extend_from_slice(question);
    for data in records {
        // The name of the question, by its offset (RFC 1035 §4.1.4).
        message.extend_from_slice(&[0xC0, 12]);
        resource(&mut message, kind, &data);
    }
    if nothing {
        // RFC 2308 §3: that there is nothing is said with the SOA of the zone, here of the root.
        message.push(0);
        let mut data = vec![0, 0];
        [1, KEPT, KEPT, KEPT, KEPT].iter().for_each(|number: &u32| data.extend_from_slice(&number.to_be_bytes()));
        resource(&mut message, TYPE_SOA, &data);
    }
    Some(message)
}

/// `QNAME QTYPE QCLASS` (RFC 1035 §4.1.2): the name in lower case, the type, and the octets of the whole.
fn question(octets: &[u8]) -> Option<(String, u16, &[u8])> {
    let mut labels: Vec<String> = Vec::new();
    let mut at = 0;
    loop {
        let length = usize::from(*octets.get(at)?);
        at += 1;
        match length {
            0 => break,
            // Nothing stands before a question that it could point to.
            64.. => return None,
            _ => labels.push(std::str::from_utf8(octets.get(at..at + length)?).ok()?.to_ascii_lowercase()),
        }
        at += length;
    }
    let kind = u16::from_be_bytes(octets.get(at..at + 2)?.try_into().ok()?);
    let class = u16::from_be_bytes(octets.get(at + 2..at + 4)?.try_into().ok()?);
    (class == CLASS_IN).then_some((labels.join("."), kind, octets.get(..at + 4)?))
}

/// The data of a record, if it is of this type.
fn written(record: &Record, kind: u16) -> Option<Vec<u8>> {
    match (record, kind) {
        (Record::Address(address), TYPE_A) => Some(address.octets().to_vec()),
        (Record::Mx { preference, exchanger }, TYPE_MX) => {
            let mut data = preference.to_be_bytes().to_vec();
            for label in exchanger.split('.').filter(|label| !label.is_empty()) {
                data.push(label.len() as u8 & 0x3F);
                data.extend_from_slice(label.as_bytes());
            }
            data.push(0);
            Some(data)
        }
        _ => None,
    }
}

/// `TYPE CLASS TTL RDLENGTH RDATA` (RFC 1035 §4.1.3).
fn resource(message: &mut Vec<u8>, kind: u16, data: &[u8]) {
    message.extend_from_slice(&kind.to_be_bytes());
    message.extend_from_slice(&CLASS_IN.to_be_bytes());
    message.extend_from_slice(&KEPT.to_be_bytes());
    message.extend_from_slice(&(data.len() as u16).to_be_bytes());
    message.extend_from_slice(data);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names() -> Names {
        let mx = |preference, exchanger: &str| Record::Mx { preference, exchanger: exchanger.to_owned() };
        BTreeMap::from([
            ("hamburger.edu".to_owned(), vec![mx(10, "mail.hamburger.edu"), mx(20, "b.example")]),
            ("mail.hamburger.edu".to_owned(), vec![Record::Address(Ipv4Addr::new(127, 0, 53, 1))]),
            ("silent.edu".to_owned(), vec![mx(0, "")]),
        ])
    }

    fn query(name: &str, kind: u16) -> Vec<u8> {
        let mut query = vec![0xAB, 0xCD, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0];
        for label in name.split('.') {
            query.push(label.len() as u8);
            query.extend_from_slice(label.as_bytes());
        }
        query.extend_from_slice(&[0]);
        query.extend_from_slice(&kind.to_be_bytes());
        query.extend_from_slice(&CLASS_IN.to_be_bytes());
        query
    }

    #[test]
    fn an_answer_is_what_rfc_1035_draws() {
        let asked = query("HAMburger.edu", TYPE_MX);
        let answered = answer(&asked, &names(), false).unwrap();
        let mut expected = vec![0xAB, 0xCD, 0x85, 0x80, 0, 1, 0, 2, 0, 0, 0, 0];
        expected.extend_from_slice(&asked[12..]);
        expected.extend_from_slice(b"\xC0\x0C\0\x0F\0\x01\0\0\0\x3C\0\x16\0\x0A\x04mail\x09hamburger\x03edu\0");
        expected.extend_from_slice(b"\xC0\x0C\0\x0F\0\x01\0\0\0\x3C\0\x0D\0\x14\x01b\x07example\0");
        assert_eq!(answered, expected);
    }

    #[test]
    fn each_name_has_its_answer() {
        let told = |name: &str, kind, failing| {
            let answer = answer(&query(name, kind), &names(), failing).unwrap();
            (answer[3] & 0x0F, answer[7], answer[9])
        };
        assert_eq!(told("mail.hamburger.edu", TYPE_A, false), (NO_ERROR, 1, 0));
        assert_eq!(told("silent.edu", TYPE_MX, false), (NO_ERROR, 1, 0));
        // There, without such a record; there, because of a name below it; not there.
        assert_eq!(told("hamburger.edu", TYPE_A, false), (NO_ERROR, 0, 1));
        assert_eq!(told("edu", TYPE_MX, false), (NO_ERROR, 0, 1));
        assert_eq!(told("burger.edu", TYPE_MX, false), (NAME_ERROR, 0, 1));
        assert_eq!(told("hamburger.edu", TYPE_MX, true), (SERVER_FAILURE, 0, 0));
    }

    #[test]
    fn what_is_no_query_has_no_answer() {
        let whole = query("hamburger.edu", TYPE_MX);
        for cut in 0..whole.len() {
            assert_eq!(answer(&whole[..cut], &names(), false), None, "{cut}");
        }
        let mut reply = whole.clone();
        reply[2] |= 0x80;
        assert_eq!(answer(&reply, &names(), false), None);
        let mut pointer = whole;
        pointer[12] = 0xC0;
        assert_eq!(answer(&pointer, &names(), false), None);
    }
}
