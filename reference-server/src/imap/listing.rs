//! Which names LIST tells of, and what it says of their inferiors (RFC 5258 §3.3, §3.5).

use super::folder::Folder;
use super::grammar::list_options::Selection;
use super::list_pattern::{EncodedName, Pattern};
use crate::store::DELIMITER;
use std::collections::{BTreeMap, HashMap};

/// A name LIST tells of.
pub struct Entry {
    pub folder: Folder,
    /// It is what was asked for itself; if not, only something below it is.
    pub selected: bool,
    /// Something below it is what was asked for: CHILDINFO.
    pub child_info: bool,
}

/// What is below a name and meets the criteria.
#[derive(Default)]
struct Below {
    /// Some of it matches no pattern, so that nothing tells of it but CHILDINFO.
    unlisted: bool,
}

/// The folders that match a pattern and meet the criteria; with RECURSIVEMATCH also those above such folders that match a
/// pattern. `folders` holds the names that are subscribed to without a mailbox, if those are asked for.
pub fn choose(folders: Vec<Folder>, selection: Selection, patterns: &[Pattern]) -> Vec<Entry> {
    let matches = |name: &str| {
        let name = EncodedName::new(name);
        patterns.iter().any(|pattern| pattern.matches(&name))
    };
    let meets = |folder: &Folder| {
        (!selection.subscribed || folder.subscribed) && (!selection.special_use || !folder.special_use.is_empty())
    };
    let mut folders: BTreeMap<String, Folder> = folders.into_iter().map(|folder| (folder.name.clone(), folder)).collect();
    let mut below: HashMap<String, Below> = HashMap::new();
    if selection.recursive {
        for folder in folders.values().filter(|folder| meets(folder)) {
            let listed = matches(&folder.name);
            for superior in superiors(&folder.name) {
                below.entry(superior.to_owned()).or_default().unlisted |= !listed;
            }
        }
        for superior in below.keys() {
            folders.entry(superior.clone()).or_insert_with(|| Folder::missing(superior.clone()));
        }
    }
    let entries = folders.into_values().filter_map(|folder| {
        let below = below.get(&folder.name);
        let selected = meets(&folder);
        // "servers SHOULD suppress redundant CHILDINFO responses" (RFC 5258 §3.5).
        let wanted = selected || below.is_some_and(|below| below.unlisted);
        (wanted && matches(&folder.name)).then_some(Entry { folder, selected, child_info: below.is_some() })
    });
    entries.collect()
}

/// The names above, outermost first.
pub fn superiors(name: &str) -> impl Iterator<Item = &str> {
    name.match_indices(DELIMITER).filter_map(|(at, _)| name.get(..at))
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    /// The folders of RFC 5258 §5, example 9: existing ones, those subscribed to with `!`, and `qux2`, which does not exist.
    fn example() -> Vec<Folder> {
        let names = [
            "foo2",
            "foo2/bar1!",
            "foo2/bar2!",
            "baz2",
            "baz2/bar2!",
            "baz2/bar22!",
            "baz2/bar222!",
            "eps2!",
            "eps2/mamba!",
            "qux2/bar2!",
        ];
        let folder =
            |name: &str| Folder { subscribed: name.ends_with('!'), ..Folder::missing(name.trim_end_matches('!').to_owned()) };
        names.into_iter().map(folder).collect()
    }

    #[rstest]
    #[case("*2", "baz2/bar2 baz2/bar22 baz2/bar222 eps2+ foo2/bar2 (foo2+) qux2/bar2")]
    #[case("*", "baz2/bar2 baz2/bar22 baz2/bar222 eps2+ eps2/mamba foo2/bar1 foo2/bar2 qux2/bar2")]
    #[case("%", "(baz2+) eps2+ (foo2+) (qux2+)")]
    #[case("foo2/%", "foo2/bar1 foo2/bar2")]
    #[case("bar*", "")]
    fn recursive_match(#[case] pattern: &str, #[case] expected: &str) {
        let selection = Selection { subscribed: true, recursive: true, special_use: false };
        let entries = choose(example(), selection, &[Pattern::new(b"", pattern.as_bytes(), false)]);
        let shown = entries.iter().map(|entry| {
            let name = format!("{}{}", entry.folder.name, if entry.child_info { "+" } else { "" });
            if entry.selected { name } else { format!("({name})") }
        });
        let mut shown: Vec<String> = shown.collect();
        let mut expected: Vec<String> = expected.split_whitespace().map(str::to_owned).collect();
        shown.sort();
        expected.sort();
        assert_eq!(shown, expected);
    }

    #[test]
    fn a_name_that_matches_two_patterns_is_told_of_once() {
        let patterns = ["foo2", "foo*"].map(|pattern| Pattern::new(b"", pattern.as_bytes(), false));
        let names: Vec<String> =
            choose(example(), Selection::default(), &patterns).into_iter().map(|entry| entry.folder.name).collect();
        assert_eq!(names, ["foo2", "foo2/bar1", "foo2/bar2"]);
    }
}
