//! Messages of 50 MB come in and go out by IMAP in bounded memory: their octets pass through, from and to the store.

use tokio::io::AsyncReadExt;
use tokio::net::TcpStream;

use crate::program::Program;
use crate::wire::Client;

/// A mebioctet, in KiB.
const MIB: u64 = 1024;

/// How much memory the server may need for one such message, whatever is done with it.
const GROWTH: u64 = 24 * MIB;

/// Octets of the message, about.
const SIZE: usize = 50_000_000;

/// One line of base64: 57 octets.
const LINE: &str = "QUJDREVGR0hJSktMTU5PUFFSU1RVVldYWVphYmNkZWZnaGlqa2xtbm9wcXJzdHV2d3h5ejAxMjM0\r\n";

/// What comes before the lines, and behind them.
const HEAD: &str = "Subject: large\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=x\r\n\r\n--x\r\n\
    Content-Type: image/png\r\nContent-Transfer-Encoding: base64\r\n\r\n";
const TAIL: &str = "--x\r\n\r\nthe second part\r\n--x--\r\n";

/// Reads the literal that a line announces and throws it away, but for its beginning; gives its size.
async fn literal(client: &mut Client<TcpStream>, line: &str) -> (usize, String) {
    let size: usize = line.rsplit_once('{').unwrap().1.trim_end_matches('}').parse().unwrap();
    let mut begun = Vec::new();
    let mut left = size - client.take(&mut begun, size);
    let mut piece = vec![0; 64 * 1024];
    while left > 0 {
        let room = left.min(piece.len());
        let count = client.stream.read(&mut piece[..room]).await.unwrap();
        assert!(count > 0, "closed with {left} octets of a literal to come");
        begun.extend_from_slice(&piece[..count.min(100_usize.saturating_sub(begun.len()))]);
        left -= count;
    }
    begun.truncate(100);
    (size, String::from_utf8_lossy(&begun).into_owned())
}

#[tokio::test]
async fn a_message_of_fifty_megabytes_comes_and_goes_in_bounded_memory() {
    let directory = tempfile::tempdir().unwrap();
    let program = Program::start(["--data", directory.path().to_str().unwrap(), "--limit", "message=60M"]);
    let mut client = Client::connect_to(program.addresses["imap"]).await;
    client.until("* OK").await;
    client.ask("a1 LOGIN alice secret", "a1 OK").await;
    client.ask("a2 SELECT INBOX", "*").await;
    client.until("a2 OK").await;
    let before = program.memory();
    let bounded = |what: &str| {
        let after = program.memory();
        assert!(after <= before + GROWTH, "{what}: the memory grew from {before} to {after} KiB, more than {GROWTH}");
        println!("{what}: {} KiB more than before", after.saturating_sub(before));
    };

    let lines = SIZE / LINE.len();
    let size = HEAD.len() + lines * LINE.len() + TAIL.len();
    client.ask(&format!("a3 APPEND INBOX (\\Seen) {{{size}}}"), "+ ").await;
    client.send(HEAD).await;
    let many = LINE.repeat(1000);
    for _ in 0..lines / 1000 {
        client.send(&many).await;
    }
    client.send(&LINE.repeat(lines % 1000)).await;
    client.send(TAIL).await;
    client.send("\r\n").await;
    client.until("a3 OK").await;
    bounded("APPEND");

    client.send("a4 FETCH 1 (RFC822.SIZE BODY.PEEK[])\r\n").await;
    let line = client.line().await.unwrap();
    assert!(line.starts_with(&format!("* 1 FETCH (RFC822.SIZE {size} BODY[] {{{size}}}")), "{line}");
    let (octets, begun) = literal(&mut client, &line).await;
    assert_eq!((octets, begun.starts_with("Subject: large\r\n")), (size, true));
    client.until("a4 OK").await;
    bounded("FETCH BODY[]");

    client.send("a5 FETCH 1 (BODYSTRUCTURE)\r\n").await;
    let structure = client.line().await.unwrap();
    let octets = lines * LINE.len() - 2;
    assert!(structure.contains(&format!("(\"image\" \"png\" NIL NIL NIL \"base64\" {octets} NIL NIL NIL NIL)")), "{structure}");
    client.until("a5 OK").await;
    bounded("FETCH BODYSTRUCTURE");

    client.send("a6 FETCH 1 (BODY.PEEK[2] BINARY.SIZE[1] BINARY.PEEK[1])\r\n").await;
    assert_eq!(client.line().await.unwrap(), "* 1 FETCH (BODY[2] {15}");
    let line = client.line().await.unwrap();
    let decoded = lines * 57;
    assert!(line.starts_with(&format!("the second part BINARY.SIZE[1] {decoded} BINARY[1] {{{decoded}}}")), "{line}");
    let (octets, begun) = literal(&mut client, &line).await;
    assert_eq!((octets, begun.starts_with("ABCDEFGHIJKLMNOPQRSTUVWXYZabc")), (decoded, true));
    client.until("a6 OK").await;
    bounded("FETCH BINARY");

    client.ask("a7 APPEND INBOX CATENATE (TEXT {5+}\r\nX: y\n URL /INBOX/;UID=1)", "*").await;
    client.until("a7 OK").await;
    client.ask("a8 UID COPY 2 INBOX", "*").await;
    client.until("a8 OK").await;
    bounded("CATENATE and COPY");
}
