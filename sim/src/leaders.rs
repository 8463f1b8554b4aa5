//! Who begins to lead which group, as nodes log it.

use crate::hosts;
use replica::strategy::LEADERSHIP;
use std::cell::RefCell;
use std::fmt::Debug;
use tracing::field::{Field, Visit};
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::Context;
use tracing_subscriber::registry::LookupSpan;

/// A replica says that it leads.
#[derive(Default)]
pub(crate) struct Led {
    pub(crate) node: usize,
    pub(crate) group: String,
    pub(crate) term: u64,
}

thread_local! {
    static LED: RefCell<Vec<Led>> = const { RefCell::new(Vec::new()) };
}

/// Those who said so since the last call.
pub(crate) fn take() -> Vec<Led> {
    LED.take()
}

/// Hears them.
pub(crate) fn layer<S: Subscriber + for<'a> LookupSpan<'a>>() -> impl Layer<S> {
    Listener.with_filter(Targets::new().with_target(LEADERSHIP, Level::INFO))
}

struct Listener;

impl<S: Subscriber> Layer<S> for Listener {
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        let Some(node) = hosts::current() else { return };
        let mut led = Led { node, ..Led::default() };
        event.record(&mut led);
        LED.with_borrow_mut(|it| it.push(led));
    }
}

impl Visit for Led {
    fn record_u64(&mut self, field: &Field, value: u64) {
        if field.name() == "term" {
            self.term = value;
        }
    }

    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        if field.name() == "group" {
            self.group = format!("{value:?}");
        }
    }
}
