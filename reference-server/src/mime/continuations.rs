//! Parameter values that go on in several parameters (RFC 2231 §3, §4.1): "IMAP4 servers SHOULD decode parameter value
//! continuations when generating the BODY and BODYSTRUCTURE fetch attributes" (§6).

use super::part::Parameter;

/// A parameter that may be a section of another.
struct Section {
    /// The attribute without its asterisks.
    name: Vec<u8>,
    number: u32,
    /// Whether the value is percent-encoded.
    encoded: bool,
}

/// ```abnf
/// initial-section    = "*0"
/// other-sections     = "*" ("1" / … / "9") *DIGIT
/// extended-parameter = (extended-initial-name "=" extended-initial-value) / (extended-other-names "=" extended-other-values)
/// extended-initial-name = attribute [initial-section] "*"
/// extended-other-names  = attribute other-sections "*"
/// ```
fn section(attribute: &[u8]) -> Option<Section> {
    let (rest, encoded) = attribute.strip_suffix(b"*").map_or((attribute, false), |rest| (rest, true));
    let asterisk = memchr::memrchr(b'*', rest)?;
    let (name, digits) = (rest.get(..asterisk)?, rest.get(asterisk + 1..)?);
    let number = std::str::from_utf8(digits).ok().filter(|digits| digits.bytes().all(|octet| octet.is_ascii_digit()))?;
    (!name.is_empty()).then_some(Section { name: name.to_vec(), number: number.parse().ok()?, encoded })
}

/// The most parameters of a field that are looked through for what belongs together.
const MOST: usize = 200;

/// Joins the sections of a value, in the order of their numbers and up to the first that is missing. If any of them is encoded
/// the value is, as one: its charset and language stay in front, and what stood unencoded is encoded.
pub(super) fn joined(parameters: Vec<Parameter>) -> Vec<Parameter> {
    let any = parameters.iter().any(|parameter| section(&parameter.name).is_some());
    if !any || parameters.len() > MOST {
        return parameters;
    }
    let mut joined: Vec<Parameter> = Vec::new();
    for parameter in &parameters {
        let Some(first) = section(&parameter.name) else {
            joined.push(parameter.clone());
            continue;
        };
        let same = |other: &Section| other.name.eq_ignore_ascii_case(&first.name);
        let all = parameters.iter().filter_map(|other| Some((section(&other.name).filter(same)?, other)));
        // What belongs together stands where its first section does; a section without a beginning stays as it is.
        let all: Vec<(Section, &Parameter)> = all.collect();
        let begins = |one: &&(Section, &Parameter)| one.0.number == 0;
        let Some(initial) = all.iter().find(begins) else {
            joined.push(parameter.clone());
            continue;
        };
        if !std::ptr::eq(initial.1, parameter) {
            if contiguous(&all) <= first.number {
                joined.push(parameter.clone());
            }
            continue;
        }
        joined.push(whole(&all, &first.name));
    }
    joined
}

/// How many sections there are from 0 on without a gap.
fn contiguous(all: &[(Section, &Parameter)]) -> u32 {
    (0..).take_while(|number| all.iter().any(|(section, _)| section.number == *number)).count() as u32
}

fn whole(all: &[(Section, &Parameter)], name: &[u8]) -> Parameter {
    let numbers = 0..contiguous(all);
    let sections = numbers.filter_map(|number| all.iter().find(|(section, _)| section.number == number));
    let sections: Vec<&(Section, &Parameter)> = sections.collect();
    let encoded = sections.iter().any(|(section, _)| section.encoded);
    let mut value = Vec::new();
    if encoded && !sections.first().is_some_and(|(section, _)| section.encoded) {
        // Neither charset nor language are told.
        value.extend_from_slice(b"''");
    }
    for (section, parameter) in sections {
        if section.encoded || !encoded {
            value.extend_from_slice(&parameter.value);
        } else {
            encode(&parameter.value, &mut value);
        }
    }
    let mut name = name.to_vec();
    if encoded {
        name.push(b'*');
    }
    Parameter { name, value }
}

/// `attribute-char` as it is, everything else as `"%" 2HEXDIG` (RFC 2231 §7).
fn encode(text: &[u8], value: &mut Vec<u8>) {
    for octet in text {
        match octet.is_ascii_graphic() && !b"*'%()<>@,;:\\\"/[]?=".contains(octet) {
            true => value.push(*octet),
            false => value.extend_from_slice(format!("%{octet:02X}").as_bytes()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(given: &[(&str, &str)], expected: &[(&str, &str)]) {
        let parameter = |(name, value): &(&str, &str)| Parameter { name: (*name).into(), value: (*value).into() };
        let given: Vec<Parameter> = given.iter().map(parameter).collect();
        assert_eq!(joined(given), expected.iter().map(parameter).collect::<Vec<_>>());
    }

    #[test]
    fn sections_are_joined_in_the_order_of_their_numbers() {
        check(&[("access-type", "URL"), ("URL*0", "ftp://"), ("URL*1", "a/b")], &[("access-type", "URL"), ("URL", "ftp://a/b")]);
        check(&[("a*1", "2"), ("x", "y"), ("A*0", "1")], &[("x", "y"), ("A", "12")]);
        check(&[("a*0", "1"), ("x", "y"), ("a*1", "2")], &[("a", "12"), ("x", "y")]);
    }

    #[test]
    fn encoded_values_stay_encoded() {
        check(
            &[("title*0*", "us-ascii'en'This%20is"), ("title*1*", "%2A"), ("title*2", "isn't it!")],
            &[("title*", "us-ascii'en'This%20is%2Aisn%27t%20it!")],
        );
        check(&[("t*0", "a b"), ("t*1*", "%2A")], &[("t*", "''a%20b%2A")]);
        check(&[("t*", "utf-8''%C3%A9")], &[("t*", "utf-8''%C3%A9")]);
    }

    #[test]
    fn what_is_no_section_stays_as_it_is() {
        check(&[("a*x", "1"), ("*0", "2"), ("b*1", "3")], &[("a*x", "1"), ("*0", "2"), ("b*1", "3")]);
        check(&[("a*0", "1"), ("a*2", "3")], &[("a", "1"), ("a*2", "3")]);
    }
}
