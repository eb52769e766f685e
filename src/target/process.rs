//! Starting and stopping a target by the commands of its file.

use std::path::{Path, PathBuf};
use std::process::Stdio;

use super::{Command, Target};

/// Runs a target's commands in its folder, with `{dir}` as a working directory that is made if needed.
#[derive(Clone, Debug)]
pub struct Processes {
    folder: PathBuf,
    dir: PathBuf,
}

impl Processes {
    /// `dir`: where the server keeps its files; `None`: a short path under the system's temporary folder, since unix sockets limit its length.
    pub fn new(target: &Target, dir: Option<&Path>) -> Processes {
        let dir = dir.map_or_else(|| std::env::temp_dir().join(format!("mailspec-{}", target.name)), Path::to_path_buf);
        Processes { folder: target.folder.clone(), dir }
    }

    /// Runs one command to its end. The error holds what it said.
    pub async fn run(&self, command: &Command) -> Result<(), String> {
        self.run_with(command, &[]).await
    }

    /// Writes the bytes of a fixture where commands can read them; the same fixture is written once.
    pub fn keep(&self, fixture: &str, bytes: &[u8]) -> Result<PathBuf, String> {
        let path = self.dir.join("fixtures").join(format!("{fixture}.eml"));
        let wrong = |error: std::io::Error| format!("cannot write {}: {error}", path.display());
        if std::fs::metadata(&path).is_ok_and(|known| known.len() == bytes.len() as u64) {
            return Ok(path);
        }
        std::fs::create_dir_all(self.dir.join("fixtures")).map_err(wrong)?;
        std::fs::write(&path, bytes).map_err(wrong)?;
        Ok(path)
    }

    /// The same with additional environment variables.
    pub async fn run_with(&self, command: &Command, environment: &[(&str, &std::ffi::OsStr)]) -> Result<(), String> {
        std::fs::create_dir_all(&self.dir).map_err(|error| format!("cannot make {}: {error}", self.dir.display()))?;
        let line = command.line.replace("{dir}", &self.dir.display().to_string());
        let mut child = tokio::process::Command::new("/bin/sh");
        child.envs(environment.iter().copied());
        child
            .arg("-c")
            .arg(&line)
            .current_dir(&self.folder)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true);
        let child = child.spawn().map_err(|error| format!("cannot run `{line}`: {error}"))?;
        match tokio::time::timeout(command.timeout, child.wait_with_output()).await {
            Err(_) => Err(format!("`{line}` did not finish within {:?}", command.timeout)),
            Ok(Err(error)) => Err(format!("cannot run `{line}`: {error}")),
            Ok(Ok(output)) if output.status.success() => Ok(()),
            Ok(Ok(output)) => {
                let said = [output.stdout, output.stderr].concat();
                let said = String::from_utf8_lossy(&said);
                let tail: Vec<&str> = said.lines().rev().take(10).collect();
                let tail: Vec<&str> = tail.into_iter().rev().collect();
                Err(format!("`{line}` ended with {}:\n{}", output.status, tail.join("\n")))
            }
        }
    }
}
