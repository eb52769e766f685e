//! The parameters of MAIL and RCPT, RFC 5321 §4.1.2 `Mail-parameters`.

use super::reply::Reply;

/// One parameter; the keyword in upper case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Parameter<'l> {
    pub keyword: String,
    pub value: Option<&'l str>,
}

impl Parameter<'_> {
    /// The reply to a parameter with a keyword nobody knows (RFC 5321 §4.1.1.11).
    pub fn unknown(&self) -> Reply {
        Reply::new(555, "5.5.4", format!("Parameter {} is not recognized", self.keyword))
    }

    /// Whether it has no value, as it should.
    pub fn bare(&self) -> Result<(), Reply> {
        match self.value {
            None => Ok(()),
            Some(_) => Err(Reply::new(501, "5.5.4", format!("Parameter {} takes no value", self.keyword))),
        }
    }

    /// The reply to a parameter whose value is not one.
    pub fn invalid(&self, expected: &str) -> Reply {
        Reply::new(501, "5.5.4", format!("Parameter {} needs {expected}", self.keyword))
    }
}

/// Reads `*(SP esmtp-keyword ["=" esmtp-value])`, from octet `at` to the end of the line.
pub(super) fn parameters(text: &str, at: usize) -> Result<Vec<Parameter<'_>>, Reply> {
    let rest = text.get(at..).unwrap_or_default();
    if rest.is_empty() {
        return Ok(Vec::new());
    }
    let Some(rest) = rest.strip_prefix(' ') else {
        return Err(Reply::new(501, "5.5.4", format!("Expected a space and parameters at octet {at} of the argument")));
    };
    let mut parameters: Vec<Parameter<'_>> = Vec::new();
    for word in rest.split(' ') {
        let (keyword, value) = word.split_once('=').map_or((word, None), |(keyword, value)| (keyword, Some(value)));
        if !is_keyword(keyword) || value.is_some_and(|value| value.is_empty() || value.contains('=')) {
            return Err(Reply::new(501, "5.5.4", format!("\"{word}\" is not a parameter: write KEYWORD or KEYWORD=VALUE")));
        }
        let keyword = keyword.to_ascii_uppercase();
        if parameters.iter().any(|known| known.keyword == keyword) {
            return Err(Reply::new(501, "5.5.4", format!("Parameter {keyword} is given twice")));
        }
        parameters.push(Parameter { keyword, value });
    }
    Ok(parameters)
}

/// `esmtp-keyword = (ALPHA / DIGIT) *(ALPHA / DIGIT / "-")`
fn is_keyword(word: &str) -> bool {
    word.starts_with(|c: char| c.is_ascii_alphanumeric()) && word.bytes().all(|o| o.is_ascii_alphanumeric() || o == b'-')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_are_words_with_and_without_values() {
        let text = "<> size=10 BODY=8BITMIME X-Y";
        let found = parameters(text, 2).unwrap();
        let shown: Vec<_> = found.iter().map(|p| (p.keyword.as_str(), p.value)).collect();
        assert_eq!(shown, [("SIZE", Some("10")), ("BODY", Some("8BITMIME")), ("X-Y", None)]);
        for wrong in ["<>SIZE=1", "<>  SIZE=1", "<> SIZE=", "<> =1", "<> SIZE=1=2", "<> SIZE=1 size=2", "<> -X", "<> "] {
            assert!(parameters(wrong, 2).is_err(), "{wrong}");
        }
    }
}
