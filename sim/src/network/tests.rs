//! What the simulated network promises, tried with two or three hosts and no node.

use super::{Net, Weather};
use crate::hosts::Hosts;
use replica::net::Network;
use std::cell::{Cell, RefCell};
use std::io;
use std::rc::Rc;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

type Log = Rc<RefCell<Vec<String>>>;

struct Bench {
    hosts: Hosts,
    net: Net,
    log: Log,
}

impl Bench {
    /// Host 0 listens and notes what it reads.
    fn new() -> Bench {
        let (mut hosts, net, log) = (Hosts::new(1), Net::new(1), Log::default());
        hosts.add();
        hosts.add();
        let (network, heard) = (net.host(0), log.clone());
        hosts.start(0, async move {
            let listener = network.listen("n1:1").await.expect("nobody else listens");
            loop {
                let (mut stream, _) =
                    super::SimNetwork::accept(&listener).await.expect("it listens");
                let heard = heard.clone();
                tokio::task::spawn_local(async move {
                    let why = loop {
                        match stream.read_u8().await {
                            Ok(byte) => heard.borrow_mut().push(byte.to_string()),
                            Err(why) => break why.kind(),
                        }
                    };
                    heard.borrow_mut().push(format!("{why:?}"));
                });
            }
        });
        Bench { hosts, net, log }
    }

    /// Host 1 connects and writes a number every 10 ms.
    fn count(&mut self, to: u8) {
        let (network, log) = (self.net.host(1), self.log.clone());
        self.hosts.start(1, async move {
            let counted: io::Result<()> = async {
                let mut stream = network.connect("n1:1").await?;
                for number in 0..to {
                    stream.write_u8(number).await?;
                    tokio::time::sleep(std::time::Duration::from_millis(10)).await;
                }
                Ok(())
            }
            .await;
            if let Err(why) = counted {
                log.borrow_mut().push(format!("writer: {:?}", why.kind()));
            }
        });
    }

    fn run(&mut self, for_ms: u64) {
        for _ in 0..for_ms {
            self.net.advance(self.hosts.now_ms());
            assert_eq!(self.hosts.step(), None);
        }
    }

    fn heard(&self) -> Vec<String> {
        self.log.borrow().clone()
    }
}

fn numbers(to: u8, end: &[&str]) -> Vec<String> {
    (0..to).map(|it| it.to_string()).chain(end.iter().map(|it| (*it).to_owned())).collect()
}

#[test]
fn bytes_arrive_in_order_and_once_over_a_bad_wire() {
    let mut it = Bench::new();
    let weather =
        Weather { loss: 0.3, duplicates: 0.5, spikes: 0.1, spike_ms: (1, 300), ..Weather::CALM };
    it.net.set_weather(1, 0, weather);
    it.count(100);
    it.run(20_000);
    assert_eq!(it.heard(), numbers(100, &["UnexpectedEof"]));
}

#[test]
fn a_cut_holds_bytes_back_until_it_is_healed() {
    for (from, to) in [(1, 0), (0, 1)] {
        let mut it = Bench::new();
        it.count(100);
        it.run(200);
        it.net.cut(from, to);
        it.run(20); // What was on its way may arrive.
        let before = it.heard().len();
        it.run(3_000);
        let is_still_heard = (from, to) == (0, 1); // Bytes go the other way.
        assert_eq!(it.heard().len() > before, is_still_heard);
        it.net.heal(from, to);
        it.run(10_000);
        assert_eq!(it.heard(), numbers(100, &["UnexpectedEof"]));
    }
}

#[test]
fn who_cannot_be_reached_cannot_be_connected_with_until_they_can() {
    let mut it = Bench::new();
    it.net.cut(0, 1);
    it.count(3);
    it.run(5_000);
    assert!(it.heard().is_empty());
    it.net.heal(0, 1);
    it.run(10_000);
    assert_eq!(it.heard(), numbers(3, &["UnexpectedEof"]));
}

#[test]
fn a_killed_process_resets_and_a_machine_without_power_is_silent() {
    let mut it = Bench::new();
    it.count(100);
    it.run(300);
    it.net.kill(1);
    it.hosts.stop(1);
    it.run(50);
    assert_eq!(it.heard().last().map(String::as_str), Some("ConnectionReset"));

    let mut it = Bench::new();
    it.count(200);
    it.run(300);
    it.net.darken(0);
    it.hosts.stop(0);
    it.run(500);
    assert!(!it.heard().iter().any(|it| it.starts_with("writer")));
    it.net.light(0);
    it.run(100);
    assert_eq!(it.heard().last().map(String::as_str), Some("writer: ConnectionReset"));
    it.count(1);
    it.run(100);
    assert_eq!(it.heard().last().map(String::as_str), Some("writer: ConnectionRefused"));
}

#[test]
fn a_paused_reader_stops_the_writer_and_goes_on() {
    let mut it = Bench::new();
    it.run(5);
    let (network, written) = (it.net.host(1), Rc::new(Cell::new(0)));
    let count = written.clone();
    it.hosts.start(1, async move {
        let mut stream = network.connect("n1:1").await.expect("it listens");
        while stream.write_all(&[7; 1 << 10]).await.is_ok() {
            count.set(count.get() + 1);
        }
    });
    it.hosts.pause(0, 2_000);
    it.run(1_000);
    assert_eq!(written.get(), 256); // The machines' buffers.
    it.run(500);
    assert_eq!(written.get(), 256);
    it.hosts.pause(0, 0);
    it.run(100);
    assert!(written.get() > 256);
}

#[test]
fn a_host_that_was_paused_finds_its_clock_ahead() {
    let mut it = Bench::new();
    let log = it.log.clone();
    it.hosts.start(1, async move {
        let start = tokio::time::Instant::now();
        loop {
            tokio::time::sleep(std::time::Duration::from_millis(10)).await;
            log.borrow_mut().push(start.elapsed().as_millis().to_string());
        }
    });
    it.run(15);
    it.hosts.pause(1, 1_000);
    it.run(1_000);
    assert_eq!(it.heard()[..2], ["10", "1000"]);
}
