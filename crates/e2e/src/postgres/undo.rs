//! What is put right when a test is over, however it ends.

use super::programs::bare_command;
use std::path::Path;
use std::process::{Child, ChildStdin, Stdio};

/// A shell script that runs when this is dropped, or when this process is dead: a shell of its own waits for that.
#[derive(Debug)]
pub(super) struct Undo {
    shell: Child,
    /// The shell's wait ends when this does.
    stdin: Option<ChildStdin>,
}

impl Undo {
    /// `held`, such as a locked file, stays open until the script is done.
    pub(super) fn later(script: &str, arguments: &[&str], held: impl Into<Stdio>) -> Self {
        // Who ends a test ends its process group, so this has one of its own.
        let mut command = bare_command(Path::new("sh"));
        command.arg("-c").arg(format!("cat >/dev/null\n{script}")).arg("sh").args(arguments);
        command.current_dir("/");
        let mut shell =
            command.stdin(Stdio::piped()).stdout(held).stderr(Stdio::null()).spawn().expect("sh runs");
        let stdin = shell.stdin.take();
        Self { shell, stdin }
    }
}

impl Drop for Undo {
    fn drop(&mut self) {
        self.stdin = None;
        let _ = self.shell.wait();
    }
}
