//! How long the linker takes, which rustc starts and doesn't tell about: a script in its place notes
//! when it is called, and rustc ends when it has.

use std::fs;
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

/// The script. It bears the name of rustc's default linker, by which rustc knows how to call it.
#[derive(Debug, Clone)]
pub struct Stopwatch {
    script: PathBuf,
}

impl Stopwatch {
    /// Writes the script into a folder.
    ///
    /// # Errors
    /// When it can't be written.
    pub fn new(folder: &Path) -> io::Result<Stopwatch> {
        let script = folder.join("cc");
        if !script.exists() {
            fs::write(&script, "#!/bin/sh\n: >\"$0.called\"\nexec cc \"$@\"\n")?;
            fs::set_permissions(&script, fs::Permissions::from_mode(0o700))?;
        }
        Ok(Stopwatch { script })
    }

    /// rustc's argument. It changes nothing about what is made.
    pub fn argument(&self) -> String {
        format!("-Clinker={}", self.script.display())
    }

    /// The time since the linker was called, if it was.
    pub fn since_call(&self) -> Duration {
        let called = self.script.with_extension("called");
        let at = fs::metadata(&called).and_then(|file| file.modified());
        // Gone, so that the next call is not taken for this one.
        let _ = fs::remove_file(&called);
        let since = at
            .ok()
            .and_then(|at| SystemTime::now().duration_since(at).ok());
        since.unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::process::Command;

    #[test]
    fn a_call_of_the_linker_is_noticed_once() {
        let folder = tempfile::tempdir().unwrap();
        let stopwatch = Stopwatch::new(folder.path()).unwrap();
        assert_eq!(stopwatch.since_call(), Duration::ZERO);
        let status = Command::new(&stopwatch.script).arg("--version").output();
        assert!(status.unwrap().status.success());
        std::thread::sleep(Duration::from_millis(50));
        let since = stopwatch.since_call();
        assert!(since > Duration::from_millis(40) && since < Duration::from_secs(30));
        assert_eq!(stopwatch.since_call(), Duration::ZERO);
    }
}
