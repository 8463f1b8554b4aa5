//! The doors of a configuration: what each one is told, and where clients elsewhere find them.

use super::{Config, DoorKind, Listen};
use node::lookup::{self, DoorAddress, Doors, Host};
use std::net::SocketAddr;
use std::path::PathBuf;

impl Config {
    /// What the DNS door is told; `None`: there is none.
    pub(crate) fn for_dns(&self) -> Option<front_dns::Config> {
        let listener = |it: &Listen| {
            let zone = it.zone.clone().filter(|_| it.door == DoorKind::Dns)?;
            Some(front_dns::Listener { address: it.address, zone })
        };
        let listeners: Vec<_> = self.listen.iter().filter_map(listener).collect();
        (!listeners.is_empty()).then(|| front_dns::Config {
            listeners,
            policy: self.lookup.policy,
            answers_per_prefix: u32::try_from(self.lookup.dns_answers_per_prefix)
                .expect("bounded when it was read"),
        })
    }

    /// What the web door is told; `None`: there is none.
    pub(crate) fn for_web(&self) -> Option<front_web::Config> {
        let listener = |(address, tls)| front_web::Listener { address, tls };
        let listeners = self.listeners(DoorKind::Web).map(listener).collect();
        let (policy, connections_per_ip) = (self.lookup.policy, self.limits.connections_per_ip);
        let config = front_web::Config { listeners, policy, connections_per_ip };
        (!config.listeners.is_empty()).then_some(config)
    }

    /// What the gRPC door is told; `None`: there is none.
    pub(crate) fn for_grpc(&self) -> Option<front_grpc::Config> {
        let listener = |(address, tls)| front_grpc::Listener { address, tls };
        let listeners = self.listeners(DoorKind::Grpc).map(listener).collect();
        let (policy, connections_per_ip) = (self.lookup.policy, self.limits.connections_per_ip);
        let config = front_grpc::Config { listeners, policy, connections_per_ip };
        (!config.listeners.is_empty()).then_some(config)
    }

    /// Where a door listens, with its certificate and key.
    fn listeners(
        &self,
        door: DoorKind,
    ) -> impl Iterator<Item = (SocketAddr, Option<(PathBuf, PathBuf)>)> {
        let those = self.listen.iter().filter(move |it| it.door == door);
        those.map(|it| (it.address, it.tls_cert.clone().zip(it.tls_key.clone())))
    }

    /// Where clients elsewhere find this node. `irc` are the addresses that the IRC door listens on, in
    /// the order of its listeners: who asked for port 0 got a free one. A door that asks for a
    /// password is not for everybody, and only told of if it says what to advertise.
    pub(crate) fn doors(&self, irc: &[SocketAddr]) -> Doors {
        let mut irc = irc.iter();
        let mut doors = Doors::default();
        for listen in &self.listen {
            let bound = match listen.door {
                DoorKind::Irc | DoorKind::WebSocket => irc.next().copied(),
                _ => None,
            };
            let Some(kind) = listen.kind() else { continue };
            let by_default = || match listen.password {
                None => self.reached_at(bound.unwrap_or(listen.address)),
                Some(_) => None,
            };
            if let Some(address) = listen.advertise.clone().or_else(by_default) {
                doors.add(kind, address);
            }
        }
        doors
    }

    /// A listener on all addresses is reached where peers reach the node.
    fn reached_at(&self, bound: SocketAddr) -> Option<DoorAddress> {
        let host = match bound.ip() {
            ip if ip.is_unspecified() => DoorAddress::parse(&self.cluster.address)?.host,
            ip => Host::Ip(ip),
        };
        (bound.port() != 0).then_some(DoorAddress { host, port: bound.port() })
    }
}

impl Listen {
    /// As clients ask for it; `None`: not for clients.
    fn kind(&self) -> Option<lookup::DoorKind> {
        use lookup::DoorKind::{Dns, Grpc, Irc, Ircs, Web, Ws, Wss};
        Some(match (self.door, self.tls_cert.is_some()) {
            (DoorKind::Irc, false) => Irc,
            (DoorKind::Irc, true) => Ircs,
            (DoorKind::WebSocket, false) => Ws,
            (DoorKind::WebSocket, true) => Wss,
            (DoorKind::Dns, _) => Dns,
            (DoorKind::Web, _) => Web,
            (DoorKind::Grpc, _) => Grpc,
            (DoorKind::Metrics, _) => return None,
        })
    }
}
