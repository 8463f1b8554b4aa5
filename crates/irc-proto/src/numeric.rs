//! The numeric replies, with the parameters that follow the client's nick.
//!
//! Names and parameters as [Modern IRC](https://modern.ircdocs.horse/#numerics) gives them; those it
//! does not know as RFC 2812 or the extension named above them does. They are plain numbers, so that
//! a client can `match` on [`crate::Line::numeric`].

// Registration
/// `:Welcome to the <network> Network, <nick>[!<user>@<host>]`
pub const RPL_WELCOME: u16 = 1;
/// `:Your host is <server>, running version <version>`
pub const RPL_YOURHOST: u16 = 2;
/// `:This server was created <datetime>`
pub const RPL_CREATED: u16 = 3;
/// `<server> <version> <user modes> <channel modes> [<modes with a parameter>]`
pub const RPL_MYINFO: u16 = 4;
/// `<1-13 tokens> :are supported by this server`
pub const RPL_ISUPPORT: u16 = 5;
/// `<host> <port> :<info>`
pub const RPL_BOUNCE: u16 = 10;

// Statistics, modes of users, network sizes, administrators
/// `<link> <sendq> <sent messages> <sent KiB> <received messages> <received KiB> <seconds open>`
pub const RPL_STATSLINKINFO: u16 = 211;
/// `<command> <count> [<byte count> <remote count>]`
pub const RPL_STATSCOMMANDS: u16 = 212;
/// `<letter> :End of /STATS report`
pub const RPL_ENDOFSTATS: u16 = 219;
/// `<user modes>`
pub const RPL_UMODEIS: u16 = 221;
/// `:Server Up <days> days <h>:<mm>:<ss>`
pub const RPL_STATSUPTIME: u16 = 242;
/// `O <host mask> * <name>`
pub const RPL_STATSOLINE: u16 = 243;
/// `:<text>`
pub const RPL_STATSDEBUG: u16 = 249;
/// `:There are <u> users and <i> invisible on <s> servers`
pub const RPL_LUSERCLIENT: u16 = 251;
/// `<ops> :operator(s) online`
pub const RPL_LUSEROP: u16 = 252;
/// `<connections> :unknown connection(s)`
pub const RPL_LUSERUNKNOWN: u16 = 253;
/// `<channels> :channels formed`
pub const RPL_LUSERCHANNELS: u16 = 254;
/// `:I have <c> clients and <s> servers`
pub const RPL_LUSERME: u16 = 255;
/// `[<server>] :Administrative info`
pub const RPL_ADMINME: u16 = 256;
/// `:<location>`
pub const RPL_ADMINLOC1: u16 = 257;
/// `:<institution>`
pub const RPL_ADMINLOC2: u16 = 258;
/// `:<email address>`
pub const RPL_ADMINEMAIL: u16 = 259;
/// `<command> :Please wait a while and try again.`
pub const RPL_TRYAGAIN: u16 = 263;
/// `[<u> <m>] :Current local users <u>, max <m>`
pub const RPL_LOCALUSERS: u16 = 265;
/// `[<u> <m>] :Current global users <u>, max <m>`
pub const RPL_GLOBALUSERS: u16 = 266;

// People
/// `<nick> :<message>`
pub const RPL_AWAY: u16 = 301;
/// `:[<nick>[*]=<+|-><host> ...]`
pub const RPL_USERHOST: u16 = 302;
/// `:[<nick> ...]`
pub const RPL_ISON: u16 = 303;
/// `:You are no longer marked as being away`
pub const RPL_UNAWAY: u16 = 305;
/// `:You have been marked as being away`
pub const RPL_NOWAWAY: u16 = 306;
/// `<nick> :has identified for this nick`
pub const RPL_WHOISREGNICK: u16 = 307;
/// `<nick> <user> <host> * :<real name>`
pub const RPL_WHOISUSER: u16 = 311;
/// `<nick> <server> :<server info>`
pub const RPL_WHOISSERVER: u16 = 312;
/// `<nick> :is an IRC operator`
pub const RPL_WHOISOPERATOR: u16 = 313;
/// `<nick> <user> <host> * :<real name>`
pub const RPL_WHOWASUSER: u16 = 314;
/// `<mask> :End of WHO list`
pub const RPL_ENDOFWHO: u16 = 315;
/// `<nick> <idle seconds> [<signon>] :seconds idle, signon time`
pub const RPL_WHOISIDLE: u16 = 317;
/// `<nick> :End of /WHOIS list`
pub const RPL_ENDOFWHOIS: u16 = 318;
/// `<nick> :[<prefix>]<channel> ...`
pub const RPL_WHOISCHANNELS: u16 = 319;
/// `<nick> :<text>`
pub const RPL_WHOISSPECIAL: u16 = 320;
/// `<nick> <account> :is logged in as`
pub const RPL_WHOISACCOUNT: u16 = 330;
/// `<nick> [<network>] :is a bot`
pub const RPL_WHOISBOT: u16 = 335;
/// `<nick> [<user>@<host>] [<ip>] :is actually using host`
pub const RPL_WHOISACTUALLY: u16 = 338;
/// `<version> <server> :<comments>`
pub const RPL_VERSION: u16 = 351;
/// `<channel> <user> <host> <server> <nick> <flags> :<hops> <real name>`
pub const RPL_WHOREPLY: u16 = 352;
/// `[<token>] <fields asked for>`
pub const RPL_WHOSPCRPL: u16 = 354;
/// `<nick> :End of WHOWAS`
pub const RPL_ENDOFWHOWAS: u16 = 369;
/// `<nick> :is connecting from *@<host> <ip>`
pub const RPL_WHOISHOST: u16 = 378;
/// `<nick> :is using modes <modes>`
pub const RPL_WHOISMODES: u16 = 379;
/// `<nick> :is using a secure connection`
pub const RPL_WHOISSECURE: u16 = 671;

// Channels
/// `Channel :Users  Name`
pub const RPL_LISTSTART: u16 = 321;
/// `<channel> <occupants> :<topic>`
pub const RPL_LIST: u16 = 322;
/// `:End of /LIST`
pub const RPL_LISTEND: u16 = 323;
/// `<channel> <modes> [<parameters>]`
pub const RPL_CHANNELMODEIS: u16 = 324;
/// `<channel> :<url>`
pub const RPL_CHANNEL_URL: u16 = 328;
/// `<channel> <unix seconds>`
pub const RPL_CREATIONTIME: u16 = 329;
/// `<channel> :No topic is set`
pub const RPL_NOTOPIC: u16 = 331;
/// `<channel> :<topic>`
pub const RPL_TOPIC: u16 = 332;
/// `<channel> <who> <unix seconds>`
pub const RPL_TOPICWHOTIME: u16 = 333;
/// `<channel>`
pub const RPL_INVITELIST: u16 = 336;
/// `:End of /INVITE list`
pub const RPL_ENDOFINVITELIST: u16 = 337;
/// `<nick> <channel>`
pub const RPL_INVITING: u16 = 341;
/// `<channel> <mask> [<who> <unix seconds>]`
pub const RPL_INVEXLIST: u16 = 346;
/// `<channel> :End of channel invite exception list`
pub const RPL_ENDOFINVEXLIST: u16 = 347;
/// `<channel> <mask> [<who> <unix seconds>]`
pub const RPL_EXCEPTLIST: u16 = 348;
/// `<channel> :End of channel exception list`
pub const RPL_ENDOFEXCEPTLIST: u16 = 349;
/// `<=|*|@> <channel> :[<prefix>]<nick> ...`
pub const RPL_NAMREPLY: u16 = 353;
/// `<channel> :End of /NAMES list`
pub const RPL_ENDOFNAMES: u16 = 366;
/// `<channel> <mask> [<who> <unix seconds>]`
pub const RPL_BANLIST: u16 = 367;
/// `<channel> :End of channel ban list`
pub const RPL_ENDOFBANLIST: u16 = 368;

// The server
/// `<server> <uplink> :<hops> <info>`
pub const RPL_LINKS: u16 = 364;
/// `<mask> :End of /LINKS list`
pub const RPL_ENDOFLINKS: u16 = 365;
/// `:<text>`
pub const RPL_INFO: u16 = 371;
/// `:- <text>`
pub const RPL_MOTD: u16 = 372;
/// `:End of INFO list`
pub const RPL_ENDOFINFO: u16 = 374;
/// `:- <server> Message of the day -`
pub const RPL_MOTDSTART: u16 = 375;
/// `:End of /MOTD command`
pub const RPL_ENDOFMOTD: u16 = 376;
/// `:You are now an IRC operator`
pub const RPL_YOUREOPER: u16 = 381;
/// `<file> :Rehashing`
pub const RPL_REHASHING: u16 = 382;
/// `<server> [<unix seconds> [<offset>]] :<time>`
pub const RPL_TIME: u16 = 391;
/// `<host> :is now your displayed host`
pub const RPL_VISIBLEHOST: u16 = 396;

// Errors
/// `<command> :<info>`
pub const ERR_UNKNOWNERROR: u16 = 400;
/// `<nick> :No such nick/channel`
pub const ERR_NOSUCHNICK: u16 = 401;
/// `<server> :No such server`
pub const ERR_NOSUCHSERVER: u16 = 402;
/// `<channel> :No such channel`
pub const ERR_NOSUCHCHANNEL: u16 = 403;
/// `<channel> :Cannot send to channel`
pub const ERR_CANNOTSENDTOCHAN: u16 = 404;
/// `<channel> :You have joined too many channels`
pub const ERR_TOOMANYCHANNELS: u16 = 405;
/// `<nick> :There was no such nickname`
pub const ERR_WASNOSUCHNICK: u16 = 406;
/// `<target> :Too many targets`
pub const ERR_TOOMANYTARGETS: u16 = 407;
/// `:No origin specified`
pub const ERR_NOORIGIN: u16 = 409;
/// `<subcommand> :Invalid CAP command`
pub const ERR_INVALIDCAPCMD: u16 = 410;
/// `:No recipient given (<command>)`
pub const ERR_NORECIPIENT: u16 = 411;
/// `:No text to send`
pub const ERR_NOTEXTTOSEND: u16 = 412;
/// `<mask> :Bad server/host mask`
pub const ERR_BADMASK: u16 = 415;
/// `<command> :Output too long, try a narrower mask`
pub const ERR_TOOMANYMATCHES: u16 = 416;
/// `:Input line was too long`
pub const ERR_INPUTTOOLONG: u16 = 417;
/// `<command> :Unknown command`
pub const ERR_UNKNOWNCOMMAND: u16 = 421;
/// `:MOTD File is missing`
pub const ERR_NOMOTD: u16 = 422;
/// `<server> :No administrative info available`
pub const ERR_NOADMININFO: u16 = 423;
/// `:No nickname given`
pub const ERR_NONICKNAMEGIVEN: u16 = 431;
/// `<nick> :Erroneous nickname`
pub const ERR_ERRONEUSNICKNAME: u16 = 432;
/// `<nick> :Nickname is already in use`
pub const ERR_NICKNAMEINUSE: u16 = 433;
/// `<nick> :Nickname collision KILL`
pub const ERR_NICKCOLLISION: u16 = 436;
/// `<nick or channel> :is temporarily unavailable`
pub const ERR_UNAVAILRESOURCE: u16 = 437;
/// `<nick> <channel> :They aren't on that channel`
pub const ERR_USERNOTINCHANNEL: u16 = 441;
/// `<channel> :You're not on that channel`
pub const ERR_NOTONCHANNEL: u16 = 442;
/// `<nick> <channel> :is already on channel`
pub const ERR_USERONCHANNEL: u16 = 443;
/// `:You have not registered`
pub const ERR_NOTREGISTERED: u16 = 451;
/// `<command> :Not enough parameters`
pub const ERR_NEEDMOREPARAMS: u16 = 461;
/// `:You may not reregister`
pub const ERR_ALREADYREGISTERED: u16 = 462;
/// `:Password incorrect`
pub const ERR_PASSWDMISMATCH: u16 = 464;
/// `:You are banned from this server.`
pub const ERR_YOUREBANNEDCREEP: u16 = 465;
/// `<channel> :Channel key already set`
pub const ERR_KEYSET: u16 = 467;
/// `<channel> :Cannot join channel (+l)`
pub const ERR_CHANNELISFULL: u16 = 471;
/// `<letter> :is unknown mode char to me`
pub const ERR_UNKNOWNMODE: u16 = 472;
/// `<channel> :Cannot join channel (+i)`
pub const ERR_INVITEONLYCHAN: u16 = 473;
/// `<channel> :Cannot join channel (+b)`
pub const ERR_BANNEDFROMCHAN: u16 = 474;
/// `<channel> :Cannot join channel (+k)`
pub const ERR_BADCHANNELKEY: u16 = 475;
/// `<channel> :Bad Channel Mask`
pub const ERR_BADCHANMASK: u16 = 476;
/// `<channel> :You need to be logged in to an account`
pub const ERR_NEEDREGGEDNICK: u16 = 477;
/// `<channel> <letter> :Channel list is full`
pub const ERR_BANLISTFULL: u16 = 478;
/// `<channel> :Illegal channel name`
pub const ERR_BADCHANNAME: u16 = 479;
/// `<channel> :<reason>`
pub const ERR_CANNOTKNOCK: u16 = 480;
/// `:Permission Denied- You're not an IRC operator`
pub const ERR_NOPRIVILEGES: u16 = 481;
/// `<channel> :You're not channel operator`
pub const ERR_CHANOPRIVSNEEDED: u16 = 482;
/// `:You can't kill a server!`
pub const ERR_CANTKILLSERVER: u16 = 483;
/// `<channel> :Cannot join channel; it needs a secure connection`
pub const ERR_SECUREONLYCHAN: u16 = 489;
/// `:No O-lines for your host`
pub const ERR_NOOPERHOST: u16 = 491;
/// `:Unknown MODE flag`
pub const ERR_UMODEUNKNOWNFLAG: u16 = 501;
/// `:Can't change mode for other users`
pub const ERR_USERSDONTMATCH: u16 = 502;
/// `<subject> :No help available on this topic`
pub const ERR_HELPNOTFOUND: u16 = 524;
/// `<channel> :Key is not well-formed`
pub const ERR_INVALIDKEY: u16 = 525;
/// `<channel or nick> <letter> <parameter> :<description>`
pub const ERR_INVALIDMODEPARAM: u16 = 696;
/// `<privilege> :Insufficient oper privileges.`
pub const ERR_NOPRIVS: u16 = 723;

// Help
/// `<subject> :<first line>`
pub const RPL_HELPSTART: u16 = 704;
/// `<subject> :<line>`
pub const RPL_HELPTXT: u16 = 705;
/// `<subject> :<last line>`
pub const RPL_ENDOFHELP: u16 = 706;

// MONITOR (https://ircv3.net/specs/extensions/monitor)
/// `:<nick>[!<user>@<host>][,...]`
pub const RPL_MONONLINE: u16 = 730;
/// `:<nick>[,...]`
pub const RPL_MONOFFLINE: u16 = 731;
/// `:<nick>[,...]`
pub const RPL_MONLIST: u16 = 732;
/// `:End of MONITOR list`
pub const RPL_ENDOFMONLIST: u16 = 733;
/// `<limit> <nicks> :Monitor list is full.`
pub const ERR_MONLISTFULL: u16 = 734;

// Accounts (https://ircv3.net/specs/extensions/sasl-3.1)
/// `<nick>!<user>@<host> <account> :You are now logged in as <account>`
pub const RPL_LOGGEDIN: u16 = 900;
/// `<nick>!<user>@<host> :You are now logged out`
pub const RPL_LOGGEDOUT: u16 = 901;
/// `:You must use a nick assigned to you`
pub const ERR_NICKLOCKED: u16 = 902;
/// `:SASL authentication successful`
pub const RPL_SASLSUCCESS: u16 = 903;
/// `:SASL authentication failed`
pub const ERR_SASLFAIL: u16 = 904;
/// `:SASL message too long`
pub const ERR_SASLTOOLONG: u16 = 905;
/// `:SASL authentication aborted`
pub const ERR_SASLABORTED: u16 = 906;
/// `:You have already authenticated using SASL`
pub const ERR_SASLALREADY: u16 = 907;
/// `<mechanisms> :are available SASL mechanisms`
pub const RPL_SASLMECHS: u16 = 908;
