//! The few colours of the terminal pages. Pages are always written with them; [`finish`] takes them out again where colour is
//! not wanted, so that plain and coloured pages cannot drift apart.

use anstyle::{AnsiColor, Style};

use crate::outcome::Verdict;

pub(super) const GOOD: Style = AnsiColor::Green.on_default().bold();
pub(super) const BAD: Style = AnsiColor::Red.on_default().bold();
pub(super) const CAREFUL: Style = AnsiColor::Yellow.on_default().bold();
pub(super) const QUIET: Style = Style::new().dimmed();
pub(super) const STRONG: Style = Style::new().bold();
pub(super) const NAME: Style = AnsiColor::Cyan.on_default();
pub(super) const REMOVED: Style = AnsiColor::Red.on_default();
pub(super) const ADDED: Style = AnsiColor::Green.on_default();

/// `text` in `style`. An empty text stays empty.
pub(super) fn paint(style: Style, text: impl AsRef<str>) -> String {
    match text.as_ref() {
        "" => String::new(),
        text => format!("{style}{text}{style:#}"),
    }
}

/// The page as it is, or without its colours.
pub(super) fn finish(page: String, colour: bool) -> String {
    if colour { page } else { anstream::adapter::strip_str(&page).to_string() }
}

/// The word in the status column, at most 12 characters.
pub(super) fn status(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Passed => "PASS",
        Verdict::Failed => "FAIL",
        Verdict::Warned => "WARN",
        Verdict::Observed => "NOTE",
        Verdict::Skipped => "SKIP",
        Verdict::Blocked => "BLOCKED",
        Verdict::Errored => "ERROR",
        Verdict::ExpectedFailure => "XFAIL",
        Verdict::UnexpectedPass => "XPASS",
    }
}

/// The colour of a verdict.
pub(super) fn of(verdict: Verdict) -> Style {
    match verdict {
        Verdict::Passed | Verdict::Observed => GOOD,
        Verdict::Failed | Verdict::UnexpectedPass | Verdict::Blocked | Verdict::Errored => BAD,
        Verdict::Warned | Verdict::ExpectedFailure | Verdict::Skipped => CAREFUL,
    }
}
