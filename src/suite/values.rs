//! The names that have a value in every case. What the value is, the engine knows when it plays one.

/// Names besides captures, mailboxes and roles.
pub const VALUE_NAMES: [&str; 14] = [
    "domain",
    "shared-mailbox",
    "unique",
    "nobody.address",
    "foreign.address",
    "foreign.domain",
    "upper",
    "literal",
    "message",
    "size",
    "base64",
    "md5",
    "sasl-plain",
    "repeat",
];
