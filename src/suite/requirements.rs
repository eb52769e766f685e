//! The catalogue: what the RFCs say, sentence by sentence, and whether they truly say so.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use super::form::RequirementsYaml;
use super::model::{Level, Requirement, Span};
use super::problem::Problem;
use super::yaml::At;

/// Adds the requirements of one catalogue file.
pub fn add(file: &str, catalogue: RequirementsYaml, known: &mut BTreeMap<String, Arc<Requirement>>, problems: &mut Vec<Problem>) {
    for At { value, .. } in catalogue.requirements {
        let span = Span { line: value.id.line, column: value.id.column, length: value.id.value.chars().count() };
        let Some((section, name)) = value.id.value.rsplit_once('/') else {
            let message = format!("`{}` is no requirement id", value.id.value);
            problems.push(Problem::error(file, span, message).with_hint("a section and a name: `4.5.2/dot-stuffing`"));
            continue;
        };
        if name.is_empty()
            || section.is_empty()
            || !name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-')
        {
            problems.push(Problem::error(
                file,
                span,
                format!("`{name}` is no name: lower-case letters, digits and hyphens make one"),
            ));
        }
        let id = format!("rfc{}/{}", catalogue.rfc, value.id.value);
        let requirement = Requirement {
            id: id.clone(),
            rfc: catalogue.rfc,
            section: section.to_owned(),
            level: Level::from(value.level),
            quote: fold(&value.quote.value),
            untested: value.untested.as_deref().map(fold),
        };
        if known.insert(id.clone(), Arc::new(requirement)).is_some() {
            problems.push(Problem::error(file, span, format!("the requirement `{id}` stands twice in the catalogue")));
        }
    }
}

/// White space as single blanks.
pub fn fold(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Compares every quote with the text of its RFC, `rfcNNNN.txt` in `folder`. Returns the ids of quotes that are not there word by
/// word, with the reason, and how many were compared; an RFC whose text is missing is left out.
pub fn verify(known: &BTreeMap<String, Arc<Requirement>>, folder: &Path) -> (Vec<(String, String)>, usize) {
    let mut texts: BTreeMap<u32, Option<String>> = BTreeMap::new();
    let mut wrong = Vec::new();
    let mut compared = 0;
    for (id, requirement) in known {
        let text = texts.entry(requirement.rfc).or_insert_with(|| {
            let bytes = std::fs::read(folder.join(format!("rfc{}.txt", requirement.rfc))).ok()?;
            Some(squeeze(&without_page_breaks(&String::from_utf8_lossy(&bytes))))
        });
        let Some(text) = text else { continue };
        compared += 1;
        if !text.contains(&squeeze(&requirement.quote)) {
            wrong.push((id.clone(), format!("RFC {} does not say: {}", requirement.rfc, requirement.quote)));
        }
    }
    (wrong, compared)
}

/// Drops all white space: the text breaks lines inside words with hyphens, where folding to a blank would not match.
fn squeeze(text: &str) -> String {
    text.chars().filter(|c| !c.is_whitespace()).collect()
}

/// Drops the footer before and the header after each form feed: the last line of a page and the first of the next.
fn without_page_breaks(text: &str) -> String {
    let mut pages = text.split('\u{c}').peekable();
    let mut first = true;
    let mut whole = String::with_capacity(text.len());
    while let Some(page) = pages.next() {
        let mut lines: Vec<&str> = page.lines().collect();
        if !first && let Some(header) = lines.iter().position(|line| line.starts_with("RFC ")) {
            lines.drain(..=header);
        }
        if pages.peek().is_some()
            && let Some(footer) = lines.iter().rposition(|line| line.contains("[Page "))
        {
            lines.truncate(footer);
        }
        whole.push_str(&lines.join("\n"));
        whole.push('\n');
        first = false;
    }
    whole
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sentence_across_a_page_break_is_one() {
        let text =
            "one two\nthree\n\nKlensin     Standards Track    [Page 6]\n\u{c}\nRFC 5321     SMTP     October 2008\n\n\n   four\n";
        assert_eq!(squeeze(&without_page_breaks(text)), "onetwothreefour");
    }
}
