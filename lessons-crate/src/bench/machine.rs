//! The machine that a measurement was made on: what its numbers are worth nothing without.

use std::fmt;
use std::fs;
use std::process::Command;

use serde::{Deserialize, Serialize};

/// CPU, system and compiler.
///
/// ```
/// let machine = lessons::bench::Machine::here();
/// assert!(machine.threads >= 1);
/// println!("{machine}");
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Machine {
    /// The CPU's model, as it names itself.
    pub cpu: String,
    /// Threads that run at once.
    pub threads: usize,
    /// Operating system and architecture.
    pub os: String,
    /// The compiler that built this library.
    pub rustc: String,
    /// Whether this library was built with optimizations left out.
    pub debug_build: bool,
}

impl Machine {
    /// This machine.
    pub fn here() -> Machine {
        Machine {
            cpu: cpu_model().unwrap_or_else(|| "unknown CPU".to_owned()),
            threads: std::thread::available_parallelism().map_or(1, usize::from),
            os: format!("{} {}", os_name(), std::env::consts::ARCH),
            rustc: env!("LESSONS_RUSTC").to_owned(),
            debug_build: cfg!(debug_assertions),
        }
    }
}

impl fmt::Display for Machine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let threads = if self.threads == 1 {
            "thread"
        } else {
            "threads"
        };
        write!(
            f,
            "{}, {} {threads}, {}, {}",
            self.cpu, self.threads, self.os, self.rustc
        )?;
        if self.debug_build {
            f.write_str(", debug build")?;
        }
        Ok(())
    }
}

fn cpu_model() -> Option<String> {
    if cfg!(target_os = "macos") {
        return output("sysctl", &["-n", "machdep.cpu.brand_string"]);
    }
    let info = fs::read_to_string("/proc/cpuinfo").ok()?;
    field(&info, &["model name", "Model", "cpu model"], ':')
}

fn os_name() -> String {
    let name = if cfg!(target_os = "macos") {
        output("sw_vers", &["-productVersion"]).map(|version| format!("macOS {version}"))
    } else {
        fs::read_to_string("/etc/os-release")
            .ok()
            .and_then(|release| field(&release, &["PRETTY_NAME"], '='))
    };
    name.unwrap_or_else(|| std::env::consts::OS.to_owned())
}

/// The value of the first of these keys in lines of the form `key: value` or `KEY="value"`.
fn field(text: &str, keys: &[&str], separator: char) -> Option<String> {
    keys.iter().find_map(|key| {
        text.lines().find_map(|line| {
            let (name, value) = line.split_once(separator)?;
            let value = value.trim().trim_matches('"');
            (name.trim() == *key && !value.is_empty()).then(|| value.to_owned())
        })
    })
}

fn output(program: &str, arguments: &[&str]) -> Option<String> {
    let output = Command::new(program).args(arguments).output().ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    let text = text.trim();
    (output.status.success() && !text.is_empty()).then(|| text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_found_in_both_kinds_of_files() {
        let cpu = "processor\t: 0\nmodel name\t: Example CPU 3000\n";
        assert_eq!(
            field(cpu, &["nothing", "model name"], ':').unwrap(),
            "Example CPU 3000"
        );
        assert_eq!(
            field("PRETTY_NAME=\"Example 1\"\n", &["PRETTY_NAME"], '=').unwrap(),
            "Example 1"
        );
        assert_eq!(field("PRETTY_NAME=\n", &["PRETTY_NAME"], '='), None);
    }

    #[test]
    fn a_machine_names_itself() {
        let machine = Machine::here();
        let text = machine.to_string();
        assert!(
            text.contains("rustc 1.") && text.contains(std::env::consts::ARCH),
            "{text}"
        );
        let json = serde_json::to_string(&machine).unwrap();
        assert_eq!(serde_json::from_str::<Machine>(&json).unwrap(), machine);
    }
}
