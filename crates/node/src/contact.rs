//! Where a node is asked from outside, and how it is spoken to.

use replica::net::Tls;

/// A node's cluster port.
#[derive(Clone, Debug)]
pub struct Contact {
    /// `host:port`
    pub address: String,
    /// Where the cluster's links are secured: a certificate of its authority.
    pub tls: Option<Tls>,
}

/// In the clear.
impl From<&str> for Contact {
    fn from(address: &str) -> Contact {
        Contact { address: address.to_owned(), tls: None }
    }
}

/// In the clear.
impl From<&String> for Contact {
    fn from(address: &String) -> Contact {
        address.as_str().into()
    }
}

impl From<&Contact> for Contact {
    fn from(contact: &Contact) -> Contact {
        contact.clone()
    }
}
