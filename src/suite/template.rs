//! Text with `${…}` holes, as it stands in `C:` lines and patterns. This file only finds the holes; what a name means is
//! decided where it is used.

use std::fmt;

/// A text cut into literal pieces and holes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Template {
    pub text: String,
    pub pieces: Vec<Piece>,
}

/// A piece of a [`Template`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Piece {
    /// Literal text; `$${` has become `${`.
    Text(String),
    Hole(Hole),
}

/// `${name}` or `${name:argument}`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Hole {
    /// Up to the first colon: `alice.login`, `literal`, `_`, `*`.
    pub name: String,
    /// Behind the first colon: `plain`, `number`, `/[0-9]+/`.
    pub argument: Option<String>,
    /// Where `${` starts in the text, in bytes.
    pub offset: usize,
    /// From `${` to `}`, in bytes.
    pub length: usize,
}

/// Why a text is not a template.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TemplateError {
    /// In bytes from the start of the text.
    pub offset: usize,
    pub message: String,
}

impl fmt::Display for TemplateError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for TemplateError {}

impl Template {
    /// Cuts `text` at its holes. A hole ends at the brace that closes it (braces nest, and inside `/…/` of a regular
    /// expression they do not count).
    pub fn parse(text: &str) -> Result<Template, TemplateError> {
        let mut pieces = Vec::new();
        let mut literal = String::new();
        let mut rest = text;
        while let Some(dollar) = rest.find('$') {
            let (before, at) = rest.split_at(dollar);
            literal.push_str(before);
            let offset = text.len() - at.len();
            if let Some(after) = at.strip_prefix("$${") {
                literal.push_str("${");
                rest = after;
            } else if let Some(inside) = at.strip_prefix("${") {
                let end = hole_end(inside).ok_or_else(|| TemplateError {
                    offset,
                    message: "`${` without its `}`; write `$${` for a literal `${`".into(),
                })?;
                let (content, after) = inside.split_at(end);
                if !literal.is_empty() {
                    pieces.push(Piece::Text(std::mem::take(&mut literal)));
                }
                pieces.push(Piece::Hole(hole(content, offset)?));
                rest = after.get(1..).unwrap_or("");
            } else {
                literal.push('$');
                rest = at.get(1..).unwrap_or("");
            }
        }
        literal.push_str(rest);
        if !literal.is_empty() {
            pieces.push(Piece::Text(literal));
        }
        Ok(Template { text: text.to_owned(), pieces })
    }

    /// The holes, in order.
    pub fn holes(&self) -> impl Iterator<Item = &Hole> {
        self.pieces.iter().filter_map(|piece| match piece {
            Piece::Hole(hole) => Some(hole),
            Piece::Text(_) => None,
        })
    }
}

/// The offset of the brace that closes a hole whose content starts at the start of `inside`.
fn hole_end(inside: &str) -> Option<usize> {
    let mut depth = 0usize;
    // `${name:/regex/}`, `${name:base64:/regex/}`: the expression ends at the first slash directly before a brace.
    let name = |head: &str| head.chars().all(|c| c.is_alphanumeric() || "._-".contains(c));
    if let Some(colon) = inside.find(":/")
        && name(inside[..colon].strip_suffix(":base64").unwrap_or(&inside[..colon]))
    {
        return inside[colon + 2..].find("/}").map(|end| colon + 2 + end + 1);
    }
    for (at, c) in inside.char_indices() {
        match c {
            '{' => depth += 1,
            '}' if depth == 0 => return Some(at),
            '}' => depth -= 1,
            _ => {}
        }
    }
    None
}

fn hole(content: &str, offset: usize) -> Result<Hole, TemplateError> {
    let (name, argument) = match content.split_once(':') {
        Some((name, argument)) => (name, Some(argument.to_owned())),
        None => (content, None),
    };
    let plain = |c: char| c.is_ascii_alphanumeric() || "._-".contains(c);
    if name.is_empty() || !(name == "*" || name.chars().all(plain)) {
        return Err(TemplateError {
            offset,
            message: format!("`{name}` is not a name: letters, digits, `.`, `_` and `-` make one"),
        });
    }
    Ok(Hole { name: name.to_owned(), argument, offset, length: content.len() + 3 })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn holes(text: &str) -> Vec<(String, Option<String>)> {
        Template::parse(text).unwrap().holes().map(|h| (h.name.clone(), h.argument.clone())).collect()
    }

    #[test]
    fn holes_are_found_with_their_arguments() {
        assert_eq!(holes("a1 SELECT ${box}"), [("box".into(), None)]);
        assert_eq!(holes("${x:/a{2}}/} ${*}"), [("x".into(), Some("/a{2}}/".into())), ("*".into(), None)]);
        assert_eq!(holes("${e:base64:/a{2}}/} x"), [("e".into(), Some("base64:/a{2}}/".into()))]);
        assert_eq!(holes("${base64:${alice.login}} $5 $${no}"), [("base64".into(), Some("${alice.login}".into()))]);
    }

    #[test]
    fn an_open_hole_is_refused_where_it_starts() {
        assert_eq!(Template::parse("ab ${x").unwrap_err().offset, 3);
        assert_eq!(Template::parse("${a b}").unwrap_err().offset, 0);
    }
}
