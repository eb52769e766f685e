//! Several servers side by side, from their JSON reports: which sections each keeps, where each deviates and from which
//! sentence, and what each does where the RFC leaves it free. Markdown.

use std::collections::BTreeMap;

use super::github::{cell, code, inline};
use super::json::{Case, Report};
use crate::outcome::Verdict;

/// A cell of the table: how the cases of one section went on one server.
#[derive(Clone, Copy, Default)]
struct Tally {
    kept: usize,
    warned: usize,
    deviates: usize,
    untested: usize,
    skipped: usize,
}

impl Tally {
    fn add(&mut self, verdict: Verdict) {
        match verdict {
            Verdict::Passed | Verdict::Observed | Verdict::UnexpectedPass => self.kept += 1,
            Verdict::Warned => self.warned += 1,
            Verdict::Failed | Verdict::ExpectedFailure => self.deviates += 1,
            Verdict::Blocked | Verdict::Errored => self.untested += 1,
            Verdict::Skipped => self.skipped += 1,
        }
    }

    /// `12 ✓ 1 △ 2 ✗ 3 –`; empty counts are left out.
    fn cell(self) -> String {
        let counts = [(self.kept, "✓"), (self.warned, "△"), (self.deviates, "✗"), (self.untested, "?"), (self.skipped, "–")];
        let told: Vec<String> = counts.iter().filter(|(n, _)| *n > 0).map(|(n, sign)| format!("{n} {sign}")).collect();
        told.join(" ")
    }
}

/// The matrix of these reports, in their order: one column per server.
pub fn matrix(reports: &[Report]) -> String {
    let mut page = String::from("# Servers side by side\n\n");
    page.push_str(
        "✓ kept · △ a SHOULD is broken · ✗ a MUST is broken, whether the baseline knows it or not · ? could not be tested · \
         – skipped: the server does not announce what the case needs\n\n",
    );
    page.push_str(&servers(reports));
    page.push_str(&sections(reports));
    page.push_str(&deviations(reports));
    page.push_str(&observed(reports));
    page
}

fn servers(reports: &[Report]) -> String {
    let mut page =
        String::from("| server | cases | ✓ | △ | ✗ | ? | – | run |\n| --- | ---: | ---: | ---: | ---: | ---: | ---: | --- |\n");
    for report in reports {
        let mut tally = Tally::default();
        report.cases.iter().for_each(|case| tally.add(case.verdict));
        let described = report.target.description.as_ref().map(|d| format!(" ({})", cell(d))).unwrap_or_default();
        page.push_str(&format!(
            "| **{}**{described} | {} | {} | {} | {} | {} | {} | {} |\n",
            cell(&report.target.name),
            report.cases.len(),
            tally.kept,
            tally.warned,
            tally.deviates,
            tally.untested,
            tally.skipped,
            cell(&report.started_at),
        ));
    }
    page + "\n"
}

/// Protocol, then RFC and section, in the order numbers have.
type SectionKey = (String, u32, Vec<u32>, String);

fn keys(case: &Case) -> Vec<SectionKey> {
    let protocol = case.id.split('/').next().unwrap_or("").to_owned();
    let mut keys: Vec<SectionKey> = case
        .requirements
        .iter()
        .map(|r| (protocol.clone(), r.rfc, numbers(&r.section), format!("RFC {} §{}", r.rfc, r.section)))
        .collect();
    if keys.is_empty() {
        keys.push((protocol, 0, vec![], case.spec.clone()));
    }
    keys.sort();
    keys.dedup();
    keys
}

/// `4.10.2` as numbers, so that 4.10 stands behind 4.9.
fn numbers(section: &str) -> Vec<u32> {
    section.split('.').map(|part| part.parse().unwrap_or(u32::MAX)).collect()
}

fn sections(reports: &[Report]) -> String {
    let mut rows: BTreeMap<SectionKey, Vec<Tally>> = BTreeMap::new();
    for (column, report) in reports.iter().enumerate() {
        for case in &report.cases {
            for key in keys(case) {
                let row = rows.entry(key).or_insert_with(|| vec![Tally::default(); reports.len()]);
                if let Some(tally) = row.get_mut(column) {
                    tally.add(case.verdict);
                }
            }
        }
    }
    let mut page = String::from("## Sections\n\nA case that rests on several sections counts in each.\n");
    let mut protocol = None;
    for ((of, _, _, section), tallies) in &rows {
        if protocol != Some(of) {
            protocol = Some(of);
            let names: Vec<String> = reports.iter().map(|r| cell(&r.target.name)).collect();
            page.push_str(&format!("\n| {} | {} |\n| --- |{}\n", cell(of), names.join(" | "), " --- |".repeat(reports.len())));
        }
        let cells: Vec<String> = tallies.iter().map(|tally| tally.cell()).collect();
        page.push_str(&format!("| {} | {} |\n", cell(section), cells.join(" | ")));
    }
    page + "\n"
}

/// Cases by id with the servers on which `wanted` holds, and what each case looks like there; the variants of a case together.
fn where_found<'a>(reports: &'a [Report], wanted: &[Verdict]) -> BTreeMap<String, Vec<(&'a Report, &'a Case)>> {
    let mut found: BTreeMap<String, Vec<(&Report, &Case)>> = BTreeMap::new();
    for report in reports {
        for case in report.cases.iter().filter(|case| wanted.contains(&case.verdict)) {
            found.entry(case.id.clone()).or_default().push((report, case));
        }
    }
    found
}

fn deviations(reports: &[Report]) -> String {
    let found = where_found(reports, &[Verdict::Failed, Verdict::ExpectedFailure, Verdict::Warned]);
    if found.is_empty() {
        return "## Deviations\n\nNone.\n".to_owned();
    }
    let mut page = String::from("## Deviations\n");
    for (name, places) in &found {
        let Some((_, first)) = places.first() else { continue };
        page.push_str(&format!(
            "\n### {}\n\n{} — {} {}\n",
            code(name),
            inline(&first.title),
            first.level.keyword(),
            inline(&first.spec)
        ));
        for requirement in &first.requirements {
            page.push_str(&format!("\n> {}  \n> {}\n", inline(&requirement.quote), code(&requirement.id)));
        }
        page.push('\n');
        for (report, case) in places {
            let variant = if case.variant.is_empty() { String::new() } else { format!(" {}", code(&case.variant)) };
            page.push_str(&format!("- **{}**{variant}: {}\n", inline(&report.target.name), told(case)));
        }
    }
    page
}

/// What a server did, and what its baseline says about it.
fn told(case: &Case) -> String {
    let finding = case.findings.first();
    let mut told = finding.map(|finding| inline(&finding.message)).unwrap_or_default();
    // What did not come is told by what was expected.
    if let Some(side) = finding.and_then(|finding| finding.received.as_ref().or(finding.expected.as_ref())) {
        told.push_str(&format!(": {}", code(side)));
    }
    if let Some(reason) = case.reason.as_ref().filter(|_| case.verdict == Verdict::ExpectedFailure) {
        let link = case.link.as_ref().map(|link| format!(" ({link})")).unwrap_or_default();
        told.push_str(&format!(" — {}{link}", inline(reason)));
    }
    told
}

fn observed(reports: &[Report]) -> String {
    let found = where_found(reports, &[Verdict::Observed]);
    if found.is_empty() {
        return String::new();
    }
    let mut page = String::from("\n## Where the RFC leaves it free\n");
    for (name, places) in &found {
        let Some((_, first)) = places.first() else { continue };
        page.push_str(&format!("\n- {}: {}\n", code(name), inline(&first.title)));
        for report in reports {
            let Some(case) = report.cases.iter().find(|case| case.id == *name) else { continue };
            let did = match case.verdict {
                Verdict::Observed => format!("otherwise: {}", told(case)),
                verdict => verdict.word().to_owned(),
            };
            page.push_str(&format!("  - **{}**: {did}\n", inline(&report.target.name)));
        }
    }
    page
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::{json, sample};

    fn reports() -> Vec<Report> {
        let dovecot = json::read(&json::json(&sample::run())).unwrap();
        let mut reference = dovecot.clone();
        reference.target.name = "reference".into();
        reference.target.description = None;
        for case in &mut reference.cases {
            case.verdict = Verdict::Passed;
            case.findings.clear();
        }
        vec![reference, dovecot]
    }

    #[test]
    fn the_matrix() {
        insta::assert_snapshot!(matrix(&reports()));
    }

    #[test]
    fn sections_stand_in_the_order_of_their_numbers() {
        assert!(numbers("4.9") < numbers("4.10") && numbers("4.10") < numbers("4.10.1"));
    }
}
