//! Limits by name, as the command line gives them: `message=20M`, `smtp-patience=30s`.

use std::str::FromStr;
use std::time::Duration;

use super::Limits;

/// One limit and its value.
#[derive(Clone, Copy, Debug)]
pub struct NamedLimit {
    row: &'static Row,
    value: Value,
}

/// What a limit counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Value {
    Count(usize),
    Time(Duration),
}

/// A limit of the table: its name, what it bounds, and its place.
#[derive(Debug)]
struct Row {
    name: &'static str,
    description: &'static str,
    field: Field,
}

#[derive(Clone, Copy, Debug)]
enum Field {
    Count(fn(&mut Limits) -> &mut usize),
    Time(fn(&mut Limits) -> &mut Duration),
}

macro_rules! rows {
    ($($kind:ident $name:literal, $($field:ident).+, $description:literal;)*) => {
        &[$(Row { name: $name, description: $description, field: Field::$kind(|limits| &mut limits.$($field).+) },)*]
    };
}

const ROWS: &[Row] = rows! {
    Count "message", message, "octets of one message";
    Count "recipients", recipients, "recipients of one transaction";
    Count "transactions", transactions, "MAIL commands of one session";
    Count "errors", errors, "wrong commands in a row before an SMTP session is ended";
    Time "deliver-by", deliver_by, "the shortest time for mail that is to be delivered or returned";
    Time "hold", hold, "how long a submission can be held";
    Count "quota-storage", quota_storage, "octets an account may hold";
    Count "quota-messages", quota_messages, "messages an account may hold";
    Count "message-limit", command_messages, "messages of one IMAP command, told as MESSAGELIMIT";
    Count "save-limit", saved_messages, "messages of one COPY or APPEND, told as SAVELIMIT where there is no message-limit";
    Count "line", line, "octets of one command line";
    Count "connections", connections, "connections at a time";
    Count "connections-per-address", connections_per_address, "connections at a time from one address";
    Time "smtp-patience", smtp_patience, "silence of an SMTP client";
    Time "pop3-patience", pop3_patience, "silence of a POP3 client";
    Time "imap-patience", imap_patience, "silence of an IMAP client";
    Time "progress-interval", progress_interval, "how often an IMAP client is told how far its command is";
    Count "notifications", notifications, "changes that are kept for an IMAP client until it is told of them by NOTIFY";
    Time "login-patience", login_patience, "silence before the login to POP3 or IMAP";
    Time "queue-lifetime", queue_lifetime, "how long a message is tried";
    Time "retry-after", retry_after, "how long to wait before a destination is tried again";
    Time "retry-max", retry_max, "the longest pause between two attempts, which double after the first hour";
    Time "delay-warning", delay_warning, "how long mail waits before senders who want it are warned";
    Count "sending-connections", sending.connections, "connections at a time to other servers";
    Count "sending-connections-per-destination", sending.connections_per_destination, "connections at a time to one destination";
    Time "sending-idle", sending.idle, "how long a connection to another server is kept for more mail";
    Time "sending-connect", sending.connect, "how long a connection to another server may take to come about";
    Time "sending-greeting", sending.greeting, "how long another server may take to greet";
    Time "sending-command", sending.command, "how long another server may take to answer a command";
    Time "sending-data", sending.data, "how long another server may take to answer DATA";
    Time "sending-block", sending.block, "how long another server may take to take a block of the message";
    Time "sending-end-of-data", sending.end_of_data, "how long another server may take to answer the end of the message";
};

impl NamedLimit {
    /// Sets this limit.
    pub fn apply(&self, limits: &mut Limits) {
        match (self.row.field, self.value) {
            (Field::Count(field), Value::Count(count)) => *field(limits) = count,
            (Field::Time(field), Value::Time(time)) => *field(limits) = time,
            // `from_str` reads what the row needs.
            (Field::Count(_) | Field::Time(_), _) => {}
        }
    }

    /// The names with what they bound and their defaults, one line each.
    pub fn list() -> String {
        let width = ROWS.iter().map(|row| row.name.len()).max().unwrap_or_default();
        let mut defaults = Limits::default();
        let mut line = |row: &Row| {
            let default = match row.field {
                Field::Count(field) => field(&mut defaults).to_string(),
                Field::Time(field) => format!("{}s", field(&mut defaults).as_secs()),
            };
            format!("{:<width$}  {} (default {default})\n", row.name, row.description)
        };
        ROWS.iter().map(&mut line).collect()
    }
}

impl FromStr for NamedLimit {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (name, value) = text.split_once('=').ok_or("write it as NAME=VALUE, e.g. message=20M or smtp-patience=30s")?;
        let row = ROWS.iter().find(|row| row.name == name).ok_or_else(|| {
            let known: Vec<_> = ROWS.iter().map(|row| row.name).collect();
            format!("there is no limit \"{name}\"; there are {}", known.join(", "))
        })?;
        let value = match row.field {
            Field::Count(_) => scaled(value, &[("", 1), ("K", 1 << 10), ("M", 1 << 20), ("G", 1 << 30)])
                .and_then(|count| usize::try_from(count).ok())
                .map(Value::Count)
                .ok_or_else(|| format!("{name} is a number, with K, M or G for more: \"{value}\" is not"))?,
            Field::Time(_) => scaled(value, &[("s", 1), ("m", 60), ("h", 3600), ("d", 86_400)])
                .map(|seconds| Value::Time(Duration::from_secs(seconds)))
                .ok_or_else(|| format!("{name} is a time such as 30s, 5m, 4h or 5d: \"{value}\" is not"))?,
        };
        Ok(Self { row, value })
    }
}

/// A number and one of the units; no limit is 0.
fn scaled(text: &str, units: &[(&str, u64)]) -> Option<u64> {
    let digits = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let (number, unit) = text.split_at_checked(digits)?;
    let (_, factor) = units.iter().find(|(name, _)| *name == unit)?;
    number.parse::<u64>().ok()?.checked_mul(*factor).filter(|value| *value > 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_are_set_by_name() {
        let mut limits = Limits::default();
        for text in ["message=20M", "connections=3000", "smtp-patience=30s", "queue-lifetime=2d"] {
            text.parse::<NamedLimit>().unwrap().apply(&mut limits);
        }
        let wanted = Limits {
            message: 20 << 20,
            connections: 3000,
            smtp_patience: Duration::from_secs(30),
            queue_lifetime: Duration::from_secs(172_800),
            ..Limits::default()
        };
        assert_eq!(limits, wanted);
    }

    #[test]
    fn mistakes_are_told() {
        let told = |text: &str| text.parse::<NamedLimit>().unwrap_err();
        assert!(told("message").contains("NAME=VALUE"));
        assert!(told("mesage=1").contains("connections-per-address"));
        for wrong in ["message=", "message=0", "message=1T", "message=-1", "message=99999999999G", "smtp-patience=30"] {
            assert!(told(wrong).contains("is not"), "{wrong}");
        }
        assert_eq!(NamedLimit::list().lines().count(), ROWS.len());
    }
}
