//! The review: pending snapshots one by one, each with its difference and one letter for an answer.

use std::io::{self, BufRead, Write};

use super::Pending;
use super::store::SnapshotError;
use crate::report::diff::diff;

/// What a review came to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Reviewed {
    pub accepted: usize,
    pub rejected: usize,
    /// Left as they are: skipped, or not reached.
    pub skipped: usize,
}

/// Why a review could not go on.
#[derive(Debug, thiserror::Error)]
pub enum ReviewError {
    #[error("the terminal went away: {0}")]
    Terminal(#[from] io::Error),
    #[error(transparent)]
    Snapshot(#[from] SnapshotError),
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Answer {
    Accept,
    Reject,
    Skip,
    Quit,
}

const HELP: &str = "a accept   r reject   s skip   q quit   capitals: all the rest";

/// Shows each pending snapshot on `output` and does what `input` answers, a letter a line: `a`, `r`, `s`, the same in capitals
/// for all the rest, `q`. The end of the input quits. A quit review keeps what was decided before.
pub fn review(
    pending: &[Pending],
    mut input: impl BufRead,
    mut output: impl Write,
    colour: bool,
) -> Result<Reviewed, ReviewError> {
    let mut reviewed = Reviewed::default();
    let mut for_all = None;
    for (index, snapshot) in pending.iter().enumerate() {
        let answer = match for_all {
            Some(answer) => answer,
            None => {
                let place = format!("[{}/{}]", index + 1, pending.len());
                output.write_all(screen(snapshot, &place, colour).as_bytes())?;
                let (answer, all) = ask(&mut input, &mut output)?;
                for_all = (all || answer == Answer::Quit).then_some(answer);
                answer
            }
        };
        match answer {
            Answer::Accept => {
                snapshot.accept()?;
                reviewed.accepted += 1;
            }
            Answer::Reject => {
                snapshot.reject()?;
                reviewed.rejected += 1;
            }
            Answer::Skip | Answer::Quit => reviewed.skipped += 1,
        }
    }
    let Reviewed { accepted, rejected, skipped } = reviewed;
    writeln!(output, "{accepted} accepted, {rejected} rejected, {skipped} left")?;
    Ok(reviewed)
}

fn screen(snapshot: &Pending, place: &str, colour: bool) -> String {
    let state = if snapshot.accepted.is_some() { "changed" } else { "new" };
    let shown = diff(snapshot.accepted.as_deref().unwrap_or(""), &snapshot.present, colour);
    let mut page = format!(
        "\nReviewing {place}  {}  ({state}, {})\n  {}\n  {}\n\n",
        snapshot.case, snapshot.target, snapshot.description, snapshot.source
    );
    shown.lines().for_each(|line| page.push_str(&format!("  {line}\n")));
    page + "\n"
}

/// The answer, and whether it is for all the rest. Asks again until it is one.
fn ask(input: &mut impl BufRead, output: &mut impl Write) -> io::Result<(Answer, bool)> {
    loop {
        write!(output, "  {HELP}\n> ")?;
        output.flush()?;
        let mut line = String::new();
        if input.read_line(&mut line)? == 0 {
            writeln!(output)?;
            return Ok((Answer::Quit, true));
        }
        let letter = line.trim();
        let answer = match letter.to_ascii_lowercase().as_str() {
            "a" | "accept" => Answer::Accept,
            "r" | "reject" => Answer::Reject,
            "s" | "skip" => Answer::Skip,
            "q" | "quit" => Answer::Quit,
            _ => continue,
        };
        return Ok((answer, letter.starts_with(|c: char| c.is_ascii_uppercase())));
    }
}

#[cfg(test)]
mod tests {
    use super::super::pending;
    use super::*;
    use std::fs;
    use std::path::Path;

    fn waiting(root: &Path, name: &str, accepted: Option<&str>) {
        let file =
            |body: &str| format!("---\nsource: s.yaml\ndescription: {name}\ninfo:\n  case: {name}\n  target: t\n---\n{body}");
        fs::create_dir_all(root.join("t")).unwrap();
        fs::write(root.join(format!("t/{name}.snap.new")), file("C: NOOP\nS: +OK new\n")).unwrap();
        if let Some(body) = accepted {
            fs::write(root.join(format!("t/{name}.snap")), file(body)).unwrap();
        }
    }

    fn reviewed(answers: &str) -> (Reviewed, Vec<String>, String) {
        let root = tempfile::tempdir().unwrap();
        for (name, accepted) in [("1", Some("C: NOOP\nS: +OK old\n")), ("2", None), ("3", None), ("4", None)] {
            waiting(root.path(), name, accepted);
        }
        let mut out = Vec::new();
        let reviewed = review(&pending(root.path(), None).unwrap(), answers.as_bytes(), &mut out, false).unwrap();
        let mut files: Vec<String> =
            fs::read_dir(root.path().join("t")).unwrap().map(|e| e.unwrap().file_name().to_string_lossy().into()).collect();
        files.sort();
        let accepted = fs::read_to_string(root.path().join("t/1.snap")).unwrap();
        (reviewed, files, String::from_utf8(out).unwrap() + if accepted.contains("new") { "[new]" } else { "[old]" })
    }

    #[test]
    fn each_letter_does_what_it_says() {
        let (reviewed, files, _) = reviewed("a\nr\n\nwhat?\ns\nq\n");
        assert_eq!(reviewed, Reviewed { accepted: 1, rejected: 1, skipped: 2 });
        assert_eq!(files, ["1.snap", "3.snap.new", "4.snap.new"]);
    }

    #[test]
    fn capitals_answer_for_all_the_rest() {
        assert_eq!(reviewed("s\nA\n").1, ["1.snap", "1.snap.new", "2.snap", "3.snap", "4.snap"]);
        assert_eq!(reviewed("a\nR\n").1, ["1.snap"]);
        assert_eq!(reviewed("S\n").0.skipped, 4);
    }

    #[test]
    fn the_end_of_the_input_changes_nothing_more() {
        let (reviewed, files, said) = reviewed("r\n");
        assert_eq!(reviewed, Reviewed { accepted: 0, rejected: 1, skipped: 3 });
        assert_eq!(files.len(), 4);
        assert!(said.ends_with("[old]"));
    }

    #[test]
    fn the_screen() {
        let said = reviewed("q\n").2;
        insta::assert_snapshot!(said);
    }
}
