//! A folder of its own for each test, with suites, fixtures and targets in it, and the program run there.

use std::fs;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use tempfile::TempDir;

use crate::fake::Fake;

/// No command of these tests may take longer; one that does hangs.
const PATIENCE: Duration = Duration::from_secs(60);

/// The project's own folder.
pub fn project() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// A folder to run the program in.
pub struct Workplace {
    folder: TempDir,
}

/// How a command ended.
#[derive(Debug)]
pub struct Ended {
    /// The exit code; `None`: a signal ended it.
    pub code: Option<i32>,
    pub out: String,
    pub err: String,
    /// Most memory it ever held, in octets, as the kernel counts it (`VmHWM`).
    pub peak: u64,
}

impl Workplace {
    /// With the catalogue of these tests and one message, `plain`.
    pub fn new() -> Workplace {
        let folder = tempfile::Builder::new().prefix("mailspec-it").tempdir().unwrap();
        let workplace = Workplace { folder };
        let catalogue = fs::read_to_string(project().join("fixtures/dialogues/requirements.yaml")).unwrap();
        workplace.write("suites/requirements/rfc5321.yaml", &catalogue);
        let topology = fs::read_to_string(project().join("fixtures/topologies/internet.yaml")).unwrap();
        workplace.write("fixtures/topologies/internet.yaml", &topology);
        workplace.write("fixtures/messages/plain.eml", "From: a@example.org\r\n\r\nHello.\r\n");
        workplace
    }

    /// With one suite file, one target named `fake` and nothing else.
    pub fn with(fake: &Fake, suite: &str) -> Workplace {
        let workplace = Workplace::new();
        workplace.write(&format!("suites/{}.yaml", fake.protocol()), suite);
        workplace.target(&fake.target(""));
        workplace
    }

    pub fn path(&self, relative: &str) -> PathBuf {
        self.folder.path().join(relative)
    }

    /// Writes a file and the folders it needs.
    pub fn write(&self, relative: &str, content: impl AsRef<[u8]>) {
        let path = self.path(relative);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    }

    pub fn read(&self, relative: &str) -> String {
        fs::read_to_string(self.path(relative)).unwrap_or_else(|error| panic!("{relative}: {error}"))
    }

    pub fn exists(&self, relative: &str) -> bool {
        self.path(relative).exists()
    }

    /// The target file that `--target fake` finds.
    pub fn target(&self, text: &str) {
        self.write("fixtures/targets/fake/target.yaml", text);
    }

    /// Runs the program to its end.
    pub fn mailspec(&self, args: &[&str]) -> Ended {
        self.start(args, &[]).wait()
    }

    /// Runs the suites against the target `fake`.
    pub fn run(&self, args: &[&str]) -> Ended {
        self.mailspec(&[&["run", "--target", "fake"], args].concat())
    }

    /// Starts the program; nothing of this process's environment that steers it gets through.
    pub fn start(&self, args: &[&str], environment: &[(&str, &str)]) -> Running {
        let mut command = Command::new(env!("CARGO_BIN_EXE_mailspec"));
        for (name, _) in std::env::vars() {
            if name.starts_with("MAILSPEC_") || name.starts_with("GITHUB_") || name == "CI" || name == "COLUMNS" {
                command.env_remove(name);
            }
        }
        command.args(args).envs(environment.iter().copied()).current_dir(self.folder.path());
        let mut child =
            command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the program starts");
        let out = drain(child.stdout.take().unwrap());
        let err = drain(child.stderr.take().unwrap());
        Running { child, out, err, begun: Instant::now() }
    }
}

fn drain(mut from: impl Read + Send + 'static) -> JoinHandle<String> {
    std::thread::spawn(move || {
        let mut bytes = Vec::new();
        let _ = from.read_to_end(&mut bytes);
        String::from_utf8_lossy(&bytes).into_owned()
    })
}

/// The program while it runs.
pub struct Running {
    child: Child,
    out: JoinHandle<String>,
    err: JoinHandle<String>,
    begun: Instant,
}

impl Running {
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Writes to its standard input and closes it.
    pub fn type_in(mut self, text: &str) -> Running {
        self.child.stdin.take().unwrap().write_all(text.as_bytes()).unwrap();
        self
    }

    /// Waits for the end, watching the memory.
    pub fn wait(mut self) -> Ended {
        drop(self.child.stdin.take());
        let mut peak = 0;
        let status = loop {
            peak = peak.max(high_water(self.child.id()));
            if let Some(status) = self.child.try_wait().unwrap() {
                break status;
            }
            if self.begun.elapsed() > PATIENCE {
                self.child.kill().unwrap();
                let out = self.out.join().unwrap();
                panic!("the program still runs after {PATIENCE:?}; it said:\n{out}");
            }
            std::thread::sleep(Duration::from_millis(4));
        };
        Ended { code: status.code(), out: self.out.join().unwrap(), err: self.err.join().unwrap(), peak }
    }
}

/// `VmHWM` of a process in octets; 0 once it is gone.
fn high_water(pid: u32) -> u64 {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap_or_default();
    line.trim().trim_end_matches(" kB").parse::<u64>().unwrap_or(0) * 1024
}

impl Ended {
    /// Checks the exit code, showing everything that was said if it is another.
    #[track_caller]
    pub fn exits(&self, code: i32) -> &Ended {
        assert_eq!(self.code, Some(code), "stdout:\n{}\nstderr:\n{}", self.out, self.err);
        self
    }

    /// Checks that a text stands in what was said.
    #[track_caller]
    pub fn says(&self, text: &str) -> &Ended {
        assert!(self.all().contains(text), "`{text}` is not in:\n{}", self.all());
        self
    }

    /// Checks that a text does not stand in what was said.
    #[track_caller]
    pub fn does_not_say(&self, text: &str) -> &Ended {
        assert!(!self.all().contains(text), "`{text}` is in:\n{}", self.all());
        self
    }

    /// Standard output, then standard error.
    pub fn all(&self) -> String {
        format!("{}{}", self.out, self.err)
    }

    /// The last line of standard output: what CI tools read.
    pub fn last_line(&self) -> &str {
        self.out.lines().last().unwrap_or_default()
    }
}
