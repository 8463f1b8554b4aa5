//! A few listeners that speak just enough IRC to be taken for a cluster, with one memory behind them.
//!
//! It can be told to misbehave, so that clients and judge are seen to find out.

use super::client::Line;
use std::io::{BufRead, BufReader, Write};
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex, MutexGuard};
use std::thread;

/// What it does to one of so many messages, if anything.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Flaw {
    None,
    /// It is refused, and that is that: honest.
    Refuses,
    /// It is echoed and forgotten.
    Forgets,
    /// It is remembered twice.
    Doubles,
    /// It is refused and remembered.
    Resurrects,
    /// It is remembered before the one that came before it.
    Reorders,
    /// It does not reach those who listen.
    Mutes,
    /// The last node remembers it under another id.
    Disagrees,
}

const FLAWED_EVERY: usize = 50;

/// The listeners.
pub(crate) struct Fake {
    pub(crate) nodes: Vec<SocketAddr>,
    memory: Arc<Mutex<Memory>>,
}

struct Memory {
    flaw: Flaw,
    messages: usize,
    /// Source, id, text.
    history: Vec<(String, String, String)>,
    /// Node and socket.
    occupants: Vec<(usize, TcpStream)>,
}

impl Fake {
    pub(crate) fn start(nodes: usize, flaw: Flaw) -> Fake {
        let memory = Arc::new(Mutex::new(Memory {
            flaw,
            messages: 0,
            history: Vec::new(),
            occupants: Vec::new(),
        }));
        let start = |node| {
            let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
            let address = listener.local_addr().expect("it is bound");
            let memory = memory.clone();
            thread::spawn(move || {
                for stream in listener.incoming().map_while(Result::ok) {
                    let memory = memory.clone();
                    thread::spawn(move || converse(node, node + 1 == nodes, stream, &memory));
                }
            });
            address
        };
        Fake { nodes: (0..nodes).map(start).collect(), memory: memory.clone() }
    }

    /// Cuts everybody off who is on this node.
    pub(crate) fn cut(&self, node: usize) {
        lock(&self.memory).occupants.retain(|(of, stream)| {
            let is_cut = *of == node;
            if is_cut {
                let _ = stream.shutdown(Shutdown::Both); // It may be gone already.
            }
            !is_cut
        });
    }
}

fn lock(memory: &Mutex<Memory>) -> MutexGuard<'_, Memory> {
    memory.lock().expect("nobody panics with it")
}

/// Serves one connection until it ends.
fn converse(node: usize, is_last: bool, stream: TcpStream, memory: &Mutex<Memory>) -> Option<()> {
    let mut out = stream.try_clone().ok()?;
    let mut nick = String::new();
    for line in BufReader::new(stream).lines().map_while(Result::ok) {
        let line = Line::parse(&line);
        let answer = match (line.verb.as_str(), line.param(0)) {
            ("CAP", "REQ") => format!(":fake CAP * ACK :{}\r\n", line.param(1)),
            ("NICK", wanted) => {
                nick = wanted.to_owned();
                format!(":fake 001 {nick} :Welcome\r\nPING :fake\r\n")
            }
            ("JOIN", room) => {
                lock(memory).occupants.push((node, out.try_clone().ok()?));
                format!(":fake 353 {nick} = {room} :{nick}\r\n:fake 366 {nick} {room} :End\r\n")
            }
            ("PRIVMSG", room) => {
                let mut memory = lock(memory);
                memory.say(&nick, room, &line, &mut out)?;
                continue;
            }
            ("CHATHISTORY", "AFTER") => lock(memory).page(&line, is_last),
            ("QUIT", _) => return None,
            _ => continue,
        };
        out.write_all(answer.as_bytes()).ok()?;
    }
    None
}

impl Memory {
    fn say(&mut self, nick: &str, room: &str, line: &Line, out: &mut TcpStream) -> Option<()> {
        self.messages += 1;
        let label = line.tag("label").unwrap_or_default();
        let flaw = match self.messages.is_multiple_of(FLAWED_EVERY) {
            true => self.flaw,
            false => Flaw::None,
        };
        let id = format!("id{:06}", self.messages);
        let entry = (format!("{nick}!u@h"), id.clone(), line.param(1).to_owned());
        match flaw {
            Flaw::Refuses | Flaw::Forgets => {}
            Flaw::Reorders => self.reorder(nick, entry.clone()),
            Flaw::Doubles => self.history.extend([entry.clone(), entry.clone()]),
            _ => self.history.push(entry.clone()),
        }
        if matches!(flaw, Flaw::Refuses | Flaw::Resurrects) {
            let refusal =
                format!("@label={label} :fake FAIL PRIVMSG UNAVAILABLE {room} :Not now\r\n");
            return out.write_all(refusal.as_bytes()).ok();
        }
        let body = format!(":{nick}!u@h PRIVMSG {room} :{}\r\n", entry.2);
        let me = out.local_addr().and_then(|to| Ok((to, out.peer_addr()?))).ok()?;
        for (_, stream) in &mut self.occupants {
            let them = stream.local_addr().and_then(|to| Ok((to, stream.peer_addr()?)));
            let line = match them.is_ok_and(|it| it == me) {
                true => format!("@label={label};msgid={id} {body}"),
                false if flaw == Flaw::Mutes => continue,
                false => format!("@msgid={id} {body}"),
            };
            let _ = stream.write_all(line.as_bytes()); // It may be gone.
        }
        Some(())
    }

    /// Puts it before the latest message of the same nick.
    fn reorder(&mut self, nick: &str, entry: (String, String, String)) {
        let source = format!("{nick}!u@h");
        let before = self.history.iter().rposition(|(it, _, _)| *it == source);
        self.history.insert(before.unwrap_or(self.history.len()), entry);
    }

    fn page(&self, line: &Line, disagrees: bool) -> String {
        let id_of = |id: &str| match disagrees && self.flaw == Flaw::Disagrees {
            true => format!("{id}-or-so"),
            false => id.to_owned(),
        };
        let (room, from) = (line.param(1), line.param(2));
        let after = from.strip_prefix("msgid=").map_or(0, |last| {
            let place = self.history.iter().rposition(|(_, id, _)| id_of(id) == last);
            place.map_or(self.history.len(), |it| it + 1)
        });
        let limit = line.param(3).parse().unwrap_or(1);
        let lines = self.history[after..].iter().take(limit).map(|(source, id, text)| {
            format!("@batch=7;msgid={} :{source} PRIVMSG {room} :{text}\r\n", id_of(id))
        });
        let lines: String = lines.collect();
        format!(":fake BATCH +7 chathistory {room}\r\n{lines}:fake BATCH -7\r\n")
    }
}
