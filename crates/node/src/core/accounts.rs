//! Logging in and what an account's owner may do to it: looked up here, hashed elsewhere, decided by the
//! directory.

use super::Core;
use super::deliver::Told;
use crate::accounts::{
    AccountAsk, AccountRefused, Hashed, Hasher, Hello, Job, Key, Login, Submitted, Throttle,
    is_service,
};
use crate::door::{Answer, ConnId, Refused};
use chat::Nick;
use chat::codec::encode;
use chat::directory::{
    Account, AccountChange, AccountCommand, Credentials, DirectoryCommand, Fingerprint, Session,
};
use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::Arc;

/// Checks of one account's password at once: more devices do not come in at the same moment, and guessers
/// shall not be served in parallel.
const CHECKS_OF_ACCOUNT_MAX: usize = 8;

/// Everything a core knows of people who log in.
pub(super) struct Logins {
    hasher: Hasher,
    throttle: Throttle,
    /// Jobs on other threads.
    waiting: HashMap<u64, Waiting>,
    next: u64,
    /// An account was dropped: whoever is logged in to it here is to be logged out.
    pub(super) is_dropped_lately: bool,
}

/// What a job is computed for.
struct Waiting {
    conn: ConnId,
    tag: u64,
    then: Then,
}

enum Then {
    LogIn { account: Arc<str>, address: IpAddr },
    Register(Newcomer),
    Drop { account: Arc<str>, address: IpAddr },
    Replace { account: Arc<str>, new: Arc<str>, address: IpAddr },
    Store { account: Arc<str> },
}

struct Newcomer {
    name: Nick,
    certificate: Option<Fingerprint>,
    email: Option<Arc<str>>,
}

impl Then {
    /// Whose password is checked, and from where it came.
    fn tried(&self) -> Option<(&Arc<str>, IpAddr)> {
        match self {
            Then::LogIn { account, address }
            | Then::Drop { account, address }
            | Then::Replace { account, address, .. } => Some((account, *address)),
            Then::Register(_) | Then::Store { .. } => None,
        }
    }
}

impl Logins {
    pub(super) fn new(hasher: Hasher) -> Logins {
        Logins {
            hasher,
            throttle: Throttle::default(),
            waiting: HashMap::new(),
            next: 0,
            is_dropped_lately: false,
        }
    }
}

impl Core {
    pub(super) fn ask_account(
        &mut self,
        conn: ConnId,
        tag: u64,
        session: Option<&Session>,
        ask: AccountAsk,
    ) {
        let asked = (conn, tag);
        let refused = match ask {
            AccountAsk::Login { login, address } => return self.log_in(asked, login, address),
            AccountAsk::Register { name, password, certificate, email, address } => {
                let newcomer = Newcomer { name, certificate, email };
                return self.register_account(asked, session, newcomer, password, address);
            }
            ask => match session.and_then(|it| it.account.clone()) {
                Some(account) => return self.change_account(asked, account, ask),
                None => AccountRefused::NotLoggedIn,
            },
        };
        self.refuse(asked, refused);
    }

    fn log_in(&mut self, asked: (ConnId, u64), login: Login, address: IpAddr) {
        match login {
            Login::Certificate { account, fingerprint } => {
                let found = self.directory.account_by_certificate(&fingerprint);
                let is_meant = |it: &&Arc<Account>| {
                    account.as_ref().is_none_or(|name| it.name.key() == chat::fold(name))
                };
                match found.filter(is_meant).cloned() {
                    Some(account) => self.logged_in(asked, &account, None),
                    None => self.refuse(asked, AccountRefused::WrongPassword),
                }
            }
            Login::Password { account, password } => {
                if let Err(refused) = self.may_try(&account, address) {
                    return self.answer(asked.0, asked.1, Answer::Refused(vec![refused]));
                }
                let found = self.directory.account(&account);
                let credentials = found.and_then(|it| it.credentials.clone());
                self.hash(
                    asked,
                    Job::Check { credentials, password },
                    Then::LogIn { account, address },
                );
            }
            Login::ScramFirst(message) => {
                let Ok(hello) = Hello::parse(&message) else {
                    return self.refuse(asked, AccountRefused::Malformed);
                };
                let account = account_of(&hello.account).to_owned();
                if let Err(refused) = self.may_try(&account, address) {
                    return self.answer(asked.0, asked.1, Answer::Refused(vec![refused]));
                }
                let credentials =
                    self.directory.account(&account).and_then(|it| it.credentials.as_ref());
                let keys = credentials.map(|it| &it.scram);
                let answer = match hello.answer(&account, keys, self.identity.cluster) {
                    Some(exchange) => Answer::Challenge(Arc::new(exchange)),
                    None => Answer::Refused(vec![Refused::Busy]),
                };
                self.answer(asked.0, asked.1, answer);
            }
            // Many exchanges can be begun before one fails: each end counts as a try of its own.
            Login::ScramFinal { exchange, message } => {
                match self.may_try(&exchange.account, address).map(|()| exchange.finish(&message)) {
                    Err(refused) => self.answer(asked.0, asked.1, Answer::Refused(vec![refused])),
                    Ok(Err(_)) => self.refuse(asked, AccountRefused::Malformed),
                    Ok(Ok(proof)) => {
                        let name = exchange.account.clone();
                        // An account that was dropped, or has another password, since the exchange began.
                        let account = self.directory.account(&name).cloned();
                        let account = account.filter(|it| {
                            it.credentials.as_ref().is_some_and(|it| exchange.is_of(&it.scram))
                        });
                        match account.zip(proof) {
                            Some((account, proof)) => {
                                self.tried(&name, address, true);
                                self.logged_in(asked, &account, Some(proof.into()));
                            }
                            None => {
                                self.tried(&name, address, false);
                                self.refuse(asked, AccountRefused::WrongPassword);
                            }
                        }
                    }
                }
            }
        }
    }

    fn register_account(
        &mut self,
        asked: (ConnId, u64),
        session: Option<&Session>,
        newcomer: Newcomer,
        password: Option<Arc<str>>,
        address: IpAddr,
    ) {
        let rules = self.config.accounts;
        let name = newcomer.name.as_str();
        let holder = self.directory.by_nick(name);
        let is_others = holder.is_some_and(|it| session.is_none_or(|own| own.id != it.id));
        let because = AccountRefused::Because;
        let key = Key::newcomers(address, self.identity.cluster);
        let wait_ms = if rules.slows { self.logins.throttle.wait_ms(key, self.now_ms) } else { 0 };
        let refused = if !rules.registration {
            Some(AccountRefused::RegistrationClosed)
        } else if session.is_none() && !rules.before_connect {
            Some(AccountRefused::OnlyOnceConnected)
        } else if is_service(name) {
            Some(AccountRefused::BadName)
        } else if self.directory.is_account_taken(name) {
            Some(because(chat::directory::AccountRefusal::NameTaken))
        } else if is_others {
            Some(because(chat::directory::AccountRefusal::NickInUse))
        } else {
            (wait_ms > 0).then(|| AccountRefused::TooSoon { wait_s: wait_ms.div_ceil(1_000) })
        };
        if let Some(refused) = refused {
            return self.refuse(asked, refused);
        }
        self.logins.throttle.failed(key, self.now_ms); // Each new account counts.
        match password {
            Some(password) => self.hash(asked, Job::Make { password }, Then::Register(newcomer)),
            None => self.propose_account(asked, newcomer, None),
        }
    }

    fn change_account(&mut self, asked: (ConnId, u64), account: Arc<str>, ask: AccountAsk) {
        let credentials =
            |core: &Core| core.directory.account(&account).and_then(|it| it.credentials.clone());
        let (password, address, then) = match ask {
            AccountAsk::AddCertificate(it) => {
                return self.alter_account(asked, account, AccountChange::AddCertificate(it));
            }
            AccountAsk::RemoveCertificate(it) => {
                return self.alter_account(asked, account, AccountChange::RemoveCertificate(it));
            }
            AccountAsk::Drop { password, address } => {
                (password, address, Then::Drop { account: account.clone(), address })
            }
            AccountAsk::SetPassword { new, .. } if credentials(self).is_none() => {
                return self.hash(asked, Job::Make { password: new }, Then::Store { account });
            }
            AccountAsk::SetPassword { old, new, address } => {
                (old, address, Then::Replace { account: account.clone(), new, address })
            }
            AccountAsk::Login { .. } | AccountAsk::Register { .. } => return,
        };
        if let Err(refused) = self.may_try(&account, address) {
            return self.answer(asked.0, asked.1, Answer::Refused(vec![refused]));
        }
        let credentials = credentials(self);
        self.hash(asked, Job::Check { credentials, password }, then);
    }

    /// A password was hashed.
    pub(crate) fn hashed(&mut self, number: u64, hashed: Hashed) {
        let Some(Waiting { conn, tag, then }) = self.logins.waiting.remove(&number) else {
            return;
        };
        self.go_on((conn, tag), then, hashed);
    }

    fn go_on(&mut self, asked: (ConnId, u64), then: Then, hashed: Hashed) {
        if let (Hashed::Checked(is_right), Some((account, address))) = (&hashed, then.tried()) {
            let account = account.clone();
            self.tried(&account, address, *is_right);
            if !is_right {
                return self.finish_refused(asked, AccountRefused::WrongPassword);
            }
        }
        match (then, hashed) {
            (Then::LogIn { account, .. }, _) => match self.directory.account(&account).cloned() {
                Some(account) => {
                    let (account, proof) = (account.name.as_str().into(), None);
                    self.finish(asked.0, asked.1, Answer::LoggedIn { account, proof }, true);
                }
                None => self.finish_refused(asked, AccountRefused::WrongPassword), // Dropped meanwhile.
            },
            (Then::Drop { account, .. }, _) => {
                self.submit_account(asked, AccountCommand::Drop { account });
            }
            (Then::Replace { account, new, .. }, _) => {
                self.hash(asked, Job::Make { password: new }, Then::Store { account });
            }
            (Then::Store { account }, Hashed::Made(Some(credentials))) => {
                self.alter_account(asked, account, AccountChange::Password(credentials));
            }
            (Then::Register(newcomer), Hashed::Made(Some(credentials))) => {
                self.propose_account(asked, newcomer, Some(credentials));
            }
            (Then::Store { .. } | Then::Register(_), _) => {
                self.finish_refused(asked, AccountRefused::UnusablePassword);
            }
        }
    }

    fn propose_account(
        &mut self,
        asked: (ConnId, u64),
        newcomer: Newcomer,
        credentials: Option<Arc<Credentials>>,
    ) {
        let Newcomer { name, certificate, email } = newcomer;
        let by = self.conns.get(&asked.0).and_then(|it| it.session);
        let is_verified = false;
        let command =
            AccountCommand::Register { name, credentials, certificate, email, is_verified, by };
        self.submit_account(asked, command);
    }

    fn alter_account(&mut self, asked: (ConnId, u64), account: Arc<str>, change: AccountChange) {
        self.submit_account(asked, AccountCommand::Alter { account, change });
    }

    fn submit_account(&mut self, asked: (ConnId, u64), command: AccountCommand) {
        self.submit_directory(asked.0, asked.1, &DirectoryCommand::Account(command));
    }

    /// Hands a job to another thread; what the connection asks next waits for it.
    fn hash(&mut self, asked: (ConnId, u64), job: Job, then: Then) {
        let Some(conn) = self.conns.get_mut(&asked.0) else {
            return;
        };
        conn.is_directory_busy = true;
        self.logins.next += 1;
        let number = self.logins.next;
        match self.logins.hasher.submit(number, job) {
            Submitted::Waits => {
                let (conn, tag) = asked;
                self.logins.waiting.insert(number, Waiting { conn, tag, then });
            }
            Submitted::Done(hashed) => self.go_on(asked, then, hashed),
            Submitted::Full => {
                self.finish(asked.0, asked.1, Answer::Refused(vec![Refused::Busy]), true);
            }
        }
    }

    /// Neither the account nor the address has failed too often lately.
    fn may_try(&self, account: &str, address: IpAddr) -> Result<(), Refused> {
        if !self.config.accounts.slows {
            return Ok(());
        }
        let wait_ms =
            self.keys(account, address).map(|it| self.logins.throttle.wait_ms(it, self.now_ms));
        let wait_ms = wait_ms[0].max(wait_ms[1]);
        if wait_ms > 0 {
            let wait_s = wait_ms.div_ceil(1_000);
            return Err(Refused::Account(AccountRefused::TooSoon { wait_s }));
        }
        let tried = self.logins.waiting.values().filter_map(|it| it.then.tried());
        let checks = tried.filter(|it| it.0.eq_ignore_ascii_case(account)).count();
        if checks >= CHECKS_OF_ACCOUNT_MAX { Err(Refused::Busy) } else { Ok(()) }
    }

    fn tried(&mut self, account: &str, address: IpAddr, is_right: bool) {
        let [account, address] = self.keys(account, address);
        if is_right {
            self.logins.throttle.succeeded(account);
            return;
        }
        for key in [account, address] {
            self.logins.throttle.failed(key, self.now_ms);
        }
    }

    fn keys(&self, account: &str, address: IpAddr) -> [Key; 2] {
        let secret = self.identity.cluster;
        [Key::account(&chat::fold(account), secret), Key::address(address, secret)]
    }

    fn logged_in(&mut self, asked: (ConnId, u64), account: &Account, proof: Option<Arc<str>>) {
        let account = account.name.as_str().into();
        self.answer(asked.0, asked.1, Answer::LoggedIn { account, proof });
    }

    fn refuse(&mut self, asked: (ConnId, u64), why: AccountRefused) {
        self.answer(asked.0, asked.1, Answer::Refused(vec![Refused::Account(why)]));
    }

    fn finish_refused(&mut self, asked: (ConnId, u64), why: AccountRefused) {
        self.finish(asked.0, asked.1, Answer::Refused(vec![Refused::Account(why)]), true);
    }

    /// Once a second: tells the others who failed here, and logs out whoever's account is no more.
    pub(super) fn tend_logins(&mut self) {
        let report = self.logins.throttle.report();
        if !report.is_empty() {
            let report = report.into_iter().map(|(key, times)| (key.wire(), times)).collect();
            let told = encode(&Told::Guesses(report));
            for peer in self.up.clone() {
                self.engine.tell(peer, told.clone().into());
            }
        }
        if self.logins.is_dropped_lately {
            self.log_out_dropped();
        }
    }

    /// Somebody failed on another node.
    pub(super) fn hear_guesses(&mut self, report: Vec<((u8, u64), u32)>) {
        for (key, times) in report.into_iter().take(crate::accounts::REPORT_MAX) {
            if let Some(key) = Key::from_wire(key) {
                self.logins.throttle.heard(key, times, self.now_ms);
            }
        }
    }
}

/// `account@device`: which device it is matters to nobody yet.
fn account_of(user: &str) -> &str {
    user.split_once('@').map_or(user, |it| it.0)
}
