//! A client that calls on the harness where it listens as a peer, and says what a script says.
//!
//! The script has one line for each reply of the harness: what is said to it, with escapes `\r \n \0 \xHH`; `-` is nothing, and
//! `<close>` at the end hangs up. Each connection begins the script anew; while nobody listens the client tries again.

use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// The client; gone when dropped.
pub struct Caller {
    address: SocketAddr,
    gone: Arc<AtomicBool>,
}

impl Caller {
    /// Calls on a free port until it is dropped.
    pub fn new(script: &str) -> Caller {
        let address = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let gone = Arc::new(AtomicBool::new(false));
        let script: Vec<String> = script.lines().map(str::to_owned).collect();
        let caller = Caller { address, gone: gone.clone() };
        if !script.is_empty() {
            std::thread::spawn(move || {
                while !gone.load(Ordering::SeqCst) {
                    match TcpStream::connect(address) {
                        Ok(stream) => drop(converse(stream, &script)),
                        Err(_) => std::thread::sleep(Duration::from_millis(5)),
                    }
                }
            });
        }
        caller
    }

    /// The line of a target file with the peer it calls on.
    pub fn peers(&self) -> String {
        format!("peers: [{{domain: peer.example, port: {}}}]\n", self.address.port())
    }
}

impl Drop for Caller {
    fn drop(&mut self) {
        self.gone.store(true, Ordering::SeqCst);
    }
}

fn converse(stream: TcpStream, script: &[String]) -> std::io::Result<()> {
    stream.set_nodelay(true)?;
    let mut reader = BufReader::new(stream.try_clone()?);
    let mut writer = stream;
    for line in script {
        if !reply(&mut reader)? {
            return Ok(());
        }
        let said = line.strip_suffix("<close>");
        let bytes = mailspec::suite::unescape(said.unwrap_or(line)).unwrap();
        if bytes != b"-" {
            writer.write_all(&bytes)?;
        }
        if said.is_some() {
            return Ok(());
        }
    }
    while reply(&mut reader)? {}
    Ok(())
}

/// Reads a whole reply; false at the end of the connection.
fn reply(reader: &mut impl BufRead) -> std::io::Result<bool> {
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line)? == 0 {
            return Ok(false);
        }
        if line.as_bytes().get(3) != Some(&b'-') {
            return Ok(true);
        }
    }
}
