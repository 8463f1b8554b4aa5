//! A text that few sessions have, and that costs all others one word.

use serde::{Deserialize, Serialize};
use std::fmt;
use std::ops::Deref;
use std::sync::Arc;

/// Such a text: as an `Option` it is one word. In bytes it is like any text.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Aside(Box<Text>);

/// Two words: who owns the text, and how long it is.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Text(Arc<str>);

impl From<Arc<str>> for Aside {
    fn from(text: Arc<str>) -> Aside {
        Aside(Box::new(Text(text)))
    }
}

impl Deref for Aside {
    type Target = Arc<str>;

    fn deref(&self) -> &Arc<str> {
        &self.0.0
    }
}

impl fmt::Debug for Aside {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&**self, f)
    }
}
