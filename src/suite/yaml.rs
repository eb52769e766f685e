//! Suite files as YAML: the only file that names the YAML crate. What comes out still says where each value stood.

use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::Deserialize;
use serde::de::{DeserializeOwned, Deserializer};
use serde_saphyr::Spanned;

/// A value and the line and column (from 1) where it stands.
#[derive(Clone, Debug)]
pub struct At<T> {
    pub value: T,
    pub line: usize,
    pub column: usize,
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for At<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let spanned = Spanned::<T>::deserialize(deserializer)?;
        let (line, column) = (spanned.referenced.line() as usize, spanned.referenced.column() as usize);
        Ok(At { value: spanned.value, line, column })
    }
}

impl<T: JsonSchema> JsonSchema for At<T> {
    fn inline_schema() -> bool {
        T::inline_schema()
    }
    fn schema_name() -> std::borrow::Cow<'static, str> {
        T::schema_name()
    }
    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        T::json_schema(generator)
    }
}

/// Why a file could not be read, and where. Line and column count from 1; 0 when the parser knows no place.
#[derive(Clone, Debug)]
pub struct YamlError {
    pub line: usize,
    pub column: usize,
    pub message: String,
}

/// Reads one document. Words are words: `no`, `017` and `1_000` stay text.
pub fn read<T: DeserializeOwned>(text: &str) -> Result<T, YamlError> {
    let options = serde_saphyr::options! {
        strict_booleans: true,
        leading_zero_numbers_as_strings: true,
        underscored_numbers_as_strings: true,
        with_snippet: false,
    };
    serde_saphyr::from_str_with_options::<T>(text, options).map_err(|error| {
        let place = error.location();
        let message = error.render();
        // The rendered text may start with the place, which the excerpt shows already.
        let message = in_our_words(message.split(" at line ").next().unwrap_or(&message).trim());
        let (line, column) = place.map_or((0, 0), |l| (l.line() as usize, l.column() as usize));
        YamlError { line, column, message }
    })
}

/// What the parser says, without its own jargon.
fn in_our_words(message: &str) -> String {
    const WORDS: [(&str, &str); 7] = [
        ("unknown field ", "unknown key "),
        ("unknown variant ", "unknown word "),
        ("missing field ", "missing key "),
        ("expected sequence start", "expected a list"),
        ("expected mapping start", "expected keys and values"),
        ("expected string scalar", "expected text"),
        (", set DuplicateKeyPolicy in Options if acceptable", ""),
    ];
    WORDS.iter().fold(message.to_owned(), |message, (theirs, ours)| message.replace(theirs, ours))
}

/// Writes a value as YAML, for files the program itself keeps (baselines).
pub fn write<T: serde::Serialize>(value: &T) -> Result<String, String> {
    serde_saphyr::to_string(value).map_err(|error| error.to_string())
}
