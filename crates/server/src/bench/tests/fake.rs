//! An IRC server just good enough to be loaded, and as bad as a test wants it.

use std::collections::{BTreeMap, HashSet};
use std::io::{BufRead, BufReader, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;

/// What it does wrong, once in a hundred deliveries to its last client where it says nothing else.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(in crate::bench) enum Flaw {
    None,
    Loses,
    Repeats,
    Swaps,
    /// Says that the first nick of every client is in use.
    HoldsNicks,
    /// Sends everyone away.
    Bans,
    /// Refuses every tenth message with a FAIL.
    Fails,
    /// Delivers nothing any more after a while.
    GoesSilent,
}

struct Occupant {
    stream: TcpStream,
    caps: HashSet<String>,
    rooms: HashSet<String>,
    heard: u64,
    kept_back: Option<String>,
}

#[derive(Default)]
struct State {
    occupants: BTreeMap<usize, Occupant>,
    history: BTreeMap<String, Vec<String>>,
    messages: u64,
}

#[derive(Clone)]
struct Server {
    flaw: Flaw,
    state: Arc<Mutex<State>>,
}

/// Starts one server with `doors` addresses, as a cluster looks from outside.
pub(in crate::bench) fn start(flaw: Flaw, doors: usize) -> Vec<SocketAddr> {
    let server = Server { flaw, state: Arc::default() };
    let open = |door: usize| {
        let listener = TcpListener::bind("127.0.0.1:0").expect("loopback has a free port");
        let address = listener.local_addr().expect("it is bound");
        let server = server.clone();
        thread::spawn(move || {
            for (count, stream) in listener.incoming().flatten().enumerate() {
                let server = server.clone();
                thread::spawn(move || server.serve(count * 10 + door, &stream));
            }
        });
        address
    };
    (0..doors).map(open).collect()
}

impl Server {
    fn serve(&self, id: usize, stream: &TcpStream) {
        let writer = stream.try_clone().expect("a socket can be shared");
        let occupant = Occupant {
            stream: writer,
            caps: HashSet::new(),
            rooms: HashSet::new(),
            heard: 0,
            kept_back: None,
        };
        self.state.lock().expect("no test thread panics with it").occupants.insert(id, occupant);
        let mut nicks = 0;
        for line in BufReader::new(stream).lines().map_while(Result::ok) {
            let (label, line) =
                match line.strip_prefix("@label=").and_then(|rest| rest.split_once(' ')) {
                    Some((label, rest)) => (format!("@label={label} "), rest),
                    None => (String::new(), line.as_str()),
                };
            let (verb, rest) = line.split_once(' ').unwrap_or((line, ""));
            let mut state = self.state.lock().expect("no test thread panics with it");
            match verb {
                "CAP" => state.cap(id, rest),
                "NICK" => {
                    nicks += 1;
                    if self.flaw == Flaw::HoldsNicks && nicks == 1 {
                        state.say(id, ":fake 433 * x :Nickname is in use");
                    } else if self.flaw == Flaw::HoldsNicks {
                        state.welcome(id);
                    } else if self.flaw == Flaw::Fails && nicks == 2 {
                        state.say(id, ":fake 433 x y :Nickname is in use");
                    } else if nicks > 1 {
                        state.say(id, &format!(":n{id}!u@h NICK :{rest}"));
                    }
                }
                "USER" if self.flaw == Flaw::Bans => {
                    state.say(id, "ERROR :Closing link: too many connections from your host");
                    break;
                }
                "USER" if self.flaw != Flaw::HoldsNicks => state.welcome(id),
                "JOIN" => state.join(id, rest),
                "MODE" if self.flaw == Flaw::Fails => {
                    state.say(id, ":fake 472 x R :is unknown mode char to me");
                }
                "MODE" => state.say(id, &format!(":n{id}!u@h MODE {rest}")),
                "PRIVMSG" => state.message(id, rest, &label, self.flaw),
                "CHATHISTORY" => state.page(id, rest),
                "QUIT" => {
                    state.say(id, "ERROR :Closing link: done");
                    break;
                }
                _ => {}
            }
        }
        self.state.lock().expect("no test thread panics with it").occupants.remove(&id);
        let _ = stream.shutdown(Shutdown::Both);
    }
}

impl State {
    fn say(&mut self, id: usize, line: &str) {
        let Some(occupant) = self.occupants.get_mut(&id) else {
            return;
        };
        let _ = occupant.stream.write_all(format!("{line}\r\n").as_bytes());
    }

    fn welcome(&mut self, id: usize) {
        for line in ["PING :cookie", ":fake 001 x :Welcome", ":fake 376 x :End of MOTD"] {
            self.say(id, line);
        }
    }

    fn cap(&mut self, id: usize, rest: &str) {
        let Some(cap) = rest.strip_prefix("REQ :") else {
            return;
        };
        self.occupants.get_mut(&id).expect("it is here").caps.insert(cap.to_string());
        self.say(id, &format!(":fake CAP * ACK :{cap}"));
    }

    fn join(&mut self, id: usize, rooms: &str) {
        for room in rooms.split(',') {
            self.occupants.get_mut(&id).expect("it is here").rooms.insert(room.to_string());
            self.say(id, &format!(":n{id}!u@h JOIN {room}"));
            self.say(id, &format!(":fake 366 x {room} :End of NAMES"));
        }
    }

    fn message(&mut self, from: usize, rest: &str, label: &str, flaw: Flaw) {
        self.messages += 1;
        let room = rest.split(' ').next().unwrap_or("");
        if flaw == Flaw::Fails && self.messages.is_multiple_of(10) {
            let code =
                if self.messages.is_multiple_of(20) { "OUTCOME_UNKNOWN" } else { "NO_MAJORITY" };
            return self.say(from, &format!("{label}:fake FAIL PRIVMSG {code} {room} :Try later"));
        }
        if flaw == Flaw::GoesSilent && self.messages > 200 {
            return;
        }
        let line = format!(":n{from}!u@h PRIVMSG {rest}\r\n");
        self.history.entry(room.to_string()).or_default().push(line.clone());
        let last = self.occupants.keys().next_back().copied();
        for (id, occupant) in self.occupants.iter_mut().filter(|(_, it)| it.rooms.contains(room)) {
            if *id == from {
                if occupant.caps.contains("echo-message") {
                    let _ = occupant.stream.write_all(format!("{label}{line}").as_bytes());
                }
                continue;
            }
            occupant.heard += 1;
            let is_spoiled = Some(*id) == last && occupant.heard.is_multiple_of(100);
            let mut text = match flaw {
                Flaw::Loses if is_spoiled => continue,
                Flaw::Repeats if is_spoiled => format!("{line}{line}"),
                Flaw::Swaps if is_spoiled => {
                    occupant.kept_back = Some(line.clone());
                    continue;
                }
                _ => line.clone(),
            };
            text.extend(occupant.kept_back.take());
            let _ = occupant.stream.write_all(text.as_bytes());
        }
    }

    fn page(&mut self, id: usize, rest: &str) {
        let words: Vec<&str> = rest.split(' ').collect();
        let [_, room, _, limit] = words[..] else {
            return;
        };
        let limit: usize = limit.parse().unwrap_or(0);
        let lines = self.history.get(room).cloned().unwrap_or_default();
        self.say(id, &format!(":fake BATCH +1 chathistory {room}"));
        for line in &lines[lines.len().saturating_sub(limit)..] {
            self.say(id, &format!("@batch=1 {}", line.trim_end()));
        }
        self.say(id, ":fake BATCH -1");
    }
}
