//! What all shards of a door share, and never changes but for counters.

use crate::checker::Checker;
use crate::config::{Config, Timings};
use irc_proto::isupport::Isupport;
use irc_proto::sasl::Mechanism;
use irc_proto::{Cap, CapSet, caps};
use node::PerAddress;
use node::door::Info;
use rustls::ServerConfig;
use std::sync::Arc;
use std::time::{Instant, SystemTime, UNIX_EPOCH};

/// Targets of one PRIVMSG, NOTICE or TAGMSG; also of KICK.
pub(crate) const TARGETS_MAX: usize = 4;
/// Names in one MONITOR list (advertised).
pub(crate) const MONITOR_MAX: usize = 100;
/// Mode changes with a parameter in one line (advertised).
pub(crate) const MODES_MAX: usize = 6;
/// Rooms one connection may be in (advertised): bounds what QUIT touches.
pub(crate) const ROOMS_MAX: usize = 250;
pub(crate) const USER_BYTES_MAX: usize = 18;
pub(crate) const REALNAME_BYTES_MAX: usize = 150;
pub(crate) const AWAY_BYTES_MAX: usize = 200;
pub(crate) const KICK_BYTES_MAX: usize = 250;

pub(crate) const VERSION: &str = concat!("starling-", env!("CARGO_PKG_VERSION"));

pub(crate) struct Context {
    pub(crate) config: Config,
    pub(crate) timings: Timings,
    pub(crate) info: Arc<Info>,
    pub(crate) per_address: PerAddress,
    /// For each listener that has it.
    pub(crate) tls: Vec<Option<Arc<ServerConfig>>>,
    pub(crate) checker: Checker,
    pub(crate) isupport: Isupport,
    /// Capabilities that clients may ask for.
    pub(crate) offered: CapSet,
    /// CAP LS, without and with 302.
    pub(crate) cap_list: [Vec<String>; 2],
    pub(crate) created: String,
    /// Ticks of the shards' clocks count from here.
    pub(crate) started: Instant,
}

impl Context {
    pub(crate) fn new(
        config: Config,
        timings: Timings,
        tls: Vec<Option<Arc<ServerConfig>>>,
        info: Arc<Info>,
    ) -> Context {
        let mut created = Vec::new();
        irc_proto::time::write(info.started_ms, &mut created);
        let limits = chat::Limits::default();
        let mut isupport = Isupport::new();
        isupport
            .value("NETWORK", &info.network)
            .value("CASEMAPPING", "ascii")
            .value("CHANTYPES", "#")
            .value("CHANMODES", "beI,k,lR,imnst")
            .value("PREFIX", "(ov)@+")
            .value("STATUSMSG", "@+")
            .value("MODES", MODES_MAX)
            .value("MAXLIST", format!("beI:{}", limits.list_entries_max))
            .value("CHANLIMIT", format!("#:{ROOMS_MAX}"))
            .value("NICKLEN", config.nick_length)
            .value("CHANNELLEN", chat::ROOM_NAME_BYTES_MAX)
            .value("TOPICLEN", limits.topic_bytes_max)
            .value("KEYLEN", limits.key_bytes_max)
            .value("KICKLEN", KICK_BYTES_MAX)
            .value("AWAYLEN", AWAY_BYTES_MAX)
            .value("NAMELEN", REALNAME_BYTES_MAX)
            .value("USERLEN", USER_BYTES_MAX)
            .value("HOSTLEN", 64)
            .value(
                "TARGMAX",
                format!(
                    "NAMES:1,LIST:,KICK:1,WHOIS:1,WHOWAS:1,PRIVMSG:{TARGETS_MAX},\
                     NOTICE:{TARGETS_MAX},TAGMSG:{TARGETS_MAX},MONITOR:,JOIN:,PART:"
                ),
            )
            .value("ELIST", "CMNTU")
            .value("EXCEPTS", "e")
            .value("INVEX", "I")
            .value("MONITOR", MONITOR_MAX)
            .flag("SAFELIST")
            .flag("WHOX")
            .value("BOT", "B")
            .value("CHATHISTORY", config.history_max)
            .value("MSGREFTYPES", "timestamp,msgid")
            .value("EXTBAN", "~,a")
            .value("ACCOUNTEXTBAN", "a")
            .flag("UTF8ONLY");
        let offered = match config.registration {
            true => CapSet::ALL,
            false => CapSet::ALL.without(Cap::AccountRegistration),
        };
        let registration_value = match config.before_connect {
            true => "before-connect,custom-account-name",
            false => "custom-account-name",
        };
        let value = |cap| cap_value(cap, registration_value);
        let list = |is_302| caps::list_texts(offered, is_302, value);
        Context {
            per_address: PerAddress::new(config.connections_per_ip),
            checker: Checker::start(),
            tls,
            isupport,
            cap_list: [list(false), list(true)],
            offered,
            created: String::from_utf8(created).expect("times are ASCII"),
            started: Instant::now(),
            config,
            timings,
            info,
        }
    }

    /// Milliseconds since the door opened.
    pub(crate) fn now_ms(&self) -> u64 {
        u64::try_from(self.started.elapsed().as_millis()).unwrap_or(u64::MAX)
    }
}

fn cap_value(cap: Cap, registration: &'static str) -> Option<&'static str> {
    match cap {
        Cap::Sasl => Some(Mechanism::NAMES),
        Cap::AccountRegistration => Some(registration),
        _ => None,
    }
}

/// Unix milliseconds, for what people read.
pub(crate) fn wall_ms() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}
