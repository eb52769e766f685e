//! Questions to the servers of a case: asked again until the answer is the one that is wanted, or the time is up.

use std::time::Duration;

use super::{Demand, Doing, Engine};
use crate::outcome::{FindingKind, Verdict};
use crate::suite::Span;
use crate::suite::topology::{Answer, Counted, Inquiry, Question, Waiting};

/// A question that is asked.
#[derive(Debug)]
pub struct Inquiring {
    question: Question,
    until: Duration,
    span: Span,
    /// When it is asked again.
    pub again: Duration,
}

/// Between two times a question is asked.
const PAUSE: Duration = Duration::from_millis(10);

impl Engine {
    pub(super) fn inquire(&mut self, inquiry: &Inquiry, span: Span) {
        let (question, until) = (inquiry.question.clone(), self.now + inquiry.within);
        self.doing = Doing::Inquiring(Inquiring { question, until, span, again: self.now });
        self.ask();
    }

    /// Asks, for the first time or again.
    pub(super) fn ask(&mut self) {
        if let Doing::Inquiring(inquiring) = &self.doing {
            self.demands.push_back(Demand::Ask(inquiring.question.clone()));
        }
    }

    /// What came of a question. The error is about the asking, not about the answer.
    pub fn answered(&mut self, answer: Result<Answer, String>, now: Duration) {
        self.now = self.now.max(now);
        let Doing::Inquiring(mut inquiring) = std::mem::replace(&mut self.doing, Doing::Stepping) else { return };
        let answer = match answer {
            Ok(answer) => answer,
            Err(why) => return self.end(Verdict::Errored, format!("the servers could not be asked: {why}")),
        };
        let Some(difference) = difference(&inquiring.question, &answer) else { return };
        if self.now < inquiring.until.min(self.deadline) {
            inquiring.again = self.now + PAUSE;
            self.doing = Doing::Inquiring(inquiring);
            return;
        }
        let mut finding = self.finding(FindingKind::Mismatch, Some(inquiring.span), "", difference.message);
        (finding.expected, finding.received) = (Some(difference.expected), Some(difference.received));
        finding.hints.push("report files have the whole transcript, with what the servers said to each other".to_owned());
        self.fail(vec![finding]);
    }
}

/// How an answer differs from what is wanted.
struct Difference {
    message: String,
    expected: String,
    received: String,
}

fn difference(question: &Question, answer: &Answer) -> Option<Difference> {
    let (from, to, wanted, expected, connections, lines) = match (question, answer) {
        (Question::Overheard { from, to, connections: wanted, lines: expected }, Answer::Overheard { connections, lines }) => {
            (from, to, wanted, expected, connections, lines)
        }
        (Question::Queue { recipients, attempts, .. }, Answer::Queue { waiting }) => {
            return waits_otherwise(*recipients, *attempts, waiting);
        }
        // An answer to something else says nothing.
        _ => {
            let message = "the servers gave no answer to what was asked".to_owned();
            return Some(Difference { message, expected: question.name().to_owned(), received: String::new() });
        }
    };
    let between = format!("between {from} and {to}");
    if let Some(wanted) = wanted.filter(|wanted| wanted != connections) {
        let counted = |count: usize| format!("{count} connection{}", if count == 1 { "" } else { "s" });
        let (expected, received) = (counted(wanted), counted(*connections));
        return Some(Difference { message: format!("{between} there were {received}"), expected, received });
    }
    expected.iter().find_map(|Counted { line: regex, times }| {
        let matching: Vec<&str> = lines.iter().map(String::as_str).filter(|line| regex.is_match(line)).collect();
        let wrong = times.map_or(matching.is_empty(), |times| matching.len() != times);
        wrong.then(|| Difference {
            message: match times {
                Some(times) => format!("{between} `{regex}` was said {} times, not {times}", matching.len()),
                None => format!("{between} `{regex}` was not said"),
            },
            expected: times.map_or(format!("a line with {regex}"), |times| format!("{times} lines with {regex}")),
            received: matching.join("\n"),
        })
    })
}

/// How what waits differs from what is wanted. What is being sent may be settled the next moment, so it is waited for.
fn waits_otherwise(recipients: Option<usize>, attempts: Option<u32>, waiting: &[Waiting]) -> Option<Difference> {
    let count = recipients.is_none_or(|wanted| waiting.len() == wanted);
    let tried = attempts.is_none_or(|wanted| waiting.iter().all(|waiting| waiting.attempts == wanted));
    if count && tried && !waiting.iter().any(|waiting| waiting.sending) {
        return None;
    }
    let plural = |count: usize| if count == 1 { "" } else { "s" };
    let wanted = [
        recipients.map(|count| format!("{count} recipient{}", plural(count))),
        attempts.map(|times| format!("each tried {times} time{}", plural(times as usize))),
    ];
    let shown = waiting.iter().map(|waiting| {
        let sending = if waiting.sending { ", being sent" } else { "" };
        format!("{}, tried {} time{}{sending}", waiting.address, waiting.attempts, plural(waiting.attempts as usize))
    });
    let shown: Vec<String> = shown.collect();
    Some(Difference {
        message: format!(
            "{} recipient{} wait{} in the queue",
            waiting.len(),
            plural(waiting.len()),
            if waiting.len() == 1 { "s" } else { "" }
        ),
        expected: wanted.into_iter().flatten().collect::<Vec<_>>().join(", "),
        received: if shown.is_empty() { "nothing".to_owned() } else { shown.join("\n") },
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_compared_with_everything_that_is_asked() {
        let counted = |line: &str, times| Counted { line: regex::Regex::new(line).unwrap(), times: Some(times) };
        let question = Question::Overheard {
            from: "a".into(),
            to: "b".into(),
            connections: Some(1),
            lines: vec![counted("^MAIL", 2), counted("8BITMIME", 0), Counted { times: None, ..counted("MAIL$|QUIT", 0) }],
        };
        let told = |connections, lines: &[&str]| {
            let lines = lines.iter().map(|line| (*line).to_owned()).collect();
            difference(&question, &Answer::Overheard { connections, lines }).map(|difference| difference.message)
        };
        assert_eq!(told(1, &["MAIL FROM:<>", "MAIL FROM:<x>", "QUIT"]), None);
        assert_eq!(told(2, &[]).as_deref(), Some("between a and b there were 2 connections"));
        assert_eq!(told(1, &["EHLO MAIL", "MAIL"]).as_deref(), Some("between a and b `^MAIL` was said 1 times, not 2"));
        assert_eq!(told(1, &["MAIL FROM:<>", "MAIL FROM:<x>"]).as_deref(), Some("between a and b `MAIL$|QUIT` was not said"));
        assert_eq!(
            told(1, &["MAIL", "MAIL BODY=8BITMIME"]).as_deref(),
            Some("between a and b `8BITMIME` was said 1 times, not 0")
        );
    }

    #[test]
    fn what_is_being_sent_is_waited_for() {
        let waits = |recipients, attempts, waiting: &[(u32, bool)]| {
            let waiting: Vec<Waiting> = waiting
                .iter()
                .map(|(attempts, sending)| Waiting { address: "a@b".into(), attempts: *attempts, sending: *sending })
                .collect();
            waits_otherwise(recipients, attempts, &waiting).map(|difference| (difference.message, difference.received))
        };
        assert_eq!(waits(Some(0), None, &[]), None);
        assert_eq!(waits(Some(2), Some(1), &[(1, false), (1, false)]), None);
        assert_eq!(waits(Some(1), None, &[(1, true)]).unwrap().1, "a@b, tried 1 time, being sent");
        assert_eq!(waits(Some(1), Some(2), &[(1, false)]).unwrap().0, "1 recipient waits in the queue");
        assert_eq!(waits(Some(1), None, &[]).unwrap(), ("0 recipients wait in the queue".to_owned(), "nothing".to_owned()));
    }
}
