//! One verb, one file. A verb answers with its events, or why not; then it has changed nothing.

mod found;

mod add_member;
mod drain;
mod mark_member;
mod pin;
mod place;
mod rank;
mod remove_member;
mod replace;
mod set_view;
mod settle;

mod alter;
mod attach;
mod claim;
mod register;
mod rename;
mod restate;
mod set_key;

mod end;
mod end_all;
mod end_keyless;

mod alter_account;
mod drop_account;
mod register_account;

pub(super) use add_member::add_member;
pub(super) use alter::alter;
pub(super) use alter_account::alter_account;
pub(super) use attach::attach;
pub(super) use claim::claim;
pub(super) use drain::drain;
pub(super) use drop_account::drop_account;
pub(super) use end::end;
pub(super) use end_all::end_all;
pub(super) use end_keyless::end_keyless;
pub(super) use found::found;
pub(super) use mark_member::mark_member;
pub(super) use pin::pin;
pub(super) use place::place;
pub(super) use rank::rank;
pub(super) use register::register;
pub(super) use register_account::register_account;
pub(super) use remove_member::remove_member;
pub(super) use rename::rename;
pub(super) use replace::replace;
pub(super) use restate::restate;
pub(super) use set_key::set_key;
pub(super) use set_view::set_view;
pub(super) use settle::settle;
