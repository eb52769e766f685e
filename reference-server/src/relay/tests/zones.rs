//! A DNS server in the same process: a few zones on a free port.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use hickory_server::Server;
use hickory_server::net::runtime::TokioRuntimeProvider;
use hickory_server::proto::rr::rdata::{CNAME, MX, SOA};
use hickory_server::proto::rr::{LowerName, Name, RData, Record};
use hickory_server::store::in_memory::InMemoryZoneHandler;
use hickory_server::zone_handler::{AxfrPolicy, Catalog, ZoneType};
use tokio::net::UdpSocket;

pub struct Zones {
    pub address: SocketAddr,
    _server: Server<Catalog>,
}

fn name(text: &str) -> Name {
    Name::from_utf8(format!("{}.", text.trim_end_matches('.'))).unwrap()
}

impl Zones {
    /// Serves these records: `hamburger.edu MX 10 mx.hamburger.edu`, one in each line. Each top-level domain among them is a
    /// zone; about any other the server refuses to speak.
    pub async fn start(records: &str) -> Self {
        let mut zones = std::collections::BTreeMap::<String, InMemoryZoneHandler<TokioRuntimeProvider>>::new();
        for line in records.lines().map(str::trim).filter(|line| !line.is_empty()) {
            let words: Vec<&str> = line.split(' ').collect();
            let data = match words[1] {
                "MX" => RData::MX(MX::new(words[2].parse().unwrap(), name(words[3]))),
                "A" | "AAAA" => words[2].parse::<IpAddr>().unwrap().into(),
                "CNAME" => RData::CNAME(CNAME(name(words[2]))),
                other => panic!("{other}"),
            };
            let top = words[0].rsplit('.').next().unwrap();
            let zone = zones.entry(top.to_owned()).or_insert_with(|| {
                let mut zone = InMemoryZoneHandler::empty(name(top), ZoneType::Primary, AxfrPolicy::Deny);
                let soa = SOA::new(name("ns.test"), name("root.test"), 1, 60, 60, 60, 60);
                zone.upsert_mut(Record::from_rdata(name(top), 60, RData::SOA(soa)), 0);
                zone
            });
            assert!(zone.upsert_mut(Record::from_rdata(name(words[0]), 60, data), 0), "{line}");
        }
        let mut catalog = Catalog::new();
        for (top, zone) in zones {
            catalog.upsert(LowerName::from(name(&top)), vec![Arc::new(zone)]);
        }
        let mut server = Server::new(catalog);
        let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
        let address = socket.local_addr().unwrap();
        server.register_socket(socket);
        Self { address, _server: server }
    }
}
