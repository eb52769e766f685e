//! What the client has asked for with ENABLE (RFC 5161), or by using it: extensions that change what responses look like.
//!
//! The table is closed: something that can be enabled is one line here, and one look at the set where responses differ.

use crate::extensions::Extension;

/// Something a client can enable: its name on the wire, and the extension it comes with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Enableable {
    pub name: &'static str,
    pub extension: Extension,
}

/// All that can be enabled.
pub const ENABLEABLE: &[Enableable] = &[];

/// The extensions that are enabled on a connection, by their names.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Enabled(Vec<&'static str>);

impl Enabled {
    /// Whether this extension is enabled.
    pub fn has(&self, name: &str) -> bool {
        self.0.contains(&name)
    }

    /// Enables an extension; gives whether it was not enabled yet.
    pub fn add(&mut self, name: &'static str) -> bool {
        let new = !self.has(name);
        if new {
            self.0.push(name);
        }
        new
    }

    /// As on a new connection.
    pub fn clear(&mut self) {
        self.0.clear();
    }
}
