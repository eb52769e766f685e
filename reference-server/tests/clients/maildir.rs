//! Maildirs that clients keep.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use crate::letter::without_field;

/// The letters in it, without the fields that the client adds.
pub fn letters(path: &Path, added: &[&str]) -> BTreeSet<Vec<u8>> {
    let without = |message: &Vec<u8>| added.iter().fold(message.clone(), |message, field| without_field(&message, field));
    messages(path).values().map(without).collect()
}

/// Makes an empty one.
pub fn make(path: &Path) {
    for folder in ["cur", "new", "tmp"] {
        fs::create_dir_all(path.join(folder)).unwrap();
    }
}

/// The messages by the path of their file.
pub fn messages(path: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let folders = ["cur", "new"].map(|folder| path.join(folder));
    let files = folders.iter().filter(|folder| folder.exists()).flat_map(|folder| fs::read_dir(folder).unwrap());
    files.map(|file| file.unwrap().path()).map(|path| (path.clone(), fs::read(path).unwrap())).collect()
}

/// The file of the message with this subject.
pub fn file(path: &Path, subject: &str) -> PathBuf {
    let field = format!("Subject: {subject}\n");
    let found = messages(path).into_iter().find(|(_, message)| String::from_utf8_lossy(message).contains(&field));
    found.unwrap_or_else(|| panic!("no message is about {subject:?} in {}", path.display())).0
}

/// Gives a message other flags, as programs that read the maildir do: `RS`.
pub fn flag(file: &Path, flags: &str) {
    let name = file.file_name().unwrap().to_str().unwrap();
    let base = name.split(":2,").next().unwrap();
    let target = file.parent().unwrap().parent().unwrap().join("cur").join(format!("{base}:2,{flags}"));
    fs::rename(file, target).unwrap();
}
