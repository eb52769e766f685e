//! Running a client to its end.

use std::ffi::OsStr;
use std::process::{Command, Output, Stdio};

/// For a client to do what it is asked, with unoptimised code on a busy machine.
const SECONDS: &str = "60";

/// What a client printed, and how it ended.
pub struct Said {
    pub code: Option<i32>,
    pub out: Vec<u8>,
    pub errors: String,
}

impl Said {
    /// Its output; it must have succeeded.
    #[track_caller]
    pub fn ok(self) -> Vec<u8> {
        assert_eq!(self.code, Some(0), "{}{}", String::from_utf8_lossy(&self.out), self.errors);
        self.out
    }

    /// The same as text.
    #[track_caller]
    pub fn text(self) -> String {
        String::from_utf8(self.ok()).unwrap()
    }
}

/// Runs a program of a Debian package; one that hangs is ended.
pub fn run<S: AsRef<OsStr>>(program: &str, package: &str, arguments: impl IntoIterator<Item = S>, home: &OsStr) -> Said {
    let mut command = Command::new("timeout");
    command.args([SECONDS, program]).args(arguments).stdin(Stdio::null());
    command.env("HOME", home).env("LC_ALL", "C.UTF-8").env_remove("FETCHMAILHOME");
    installed(program, package);
    let Output { status, stdout, stderr } = command.output().unwrap();
    let errors = String::from_utf8_lossy(&stderr).into_owned();
    assert!(status.code() != Some(124), "{program} did not end: {}{errors}", String::from_utf8_lossy(&stdout));
    Said { code: status.code(), out: stdout, errors }
}

/// Wants a program to be there.
pub fn installed(program: &str, package: &str) {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let found = std::env::split_paths(&path).any(|folder| folder.join(program).is_file());
    assert!(found, "{program} is not installed: apt-get install {package}");
}
