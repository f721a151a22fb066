//! The machine that a measurement was made on: what its numbers are worth nothing without.

mod cpu;
mod gpu;
mod tool;

use std::fmt;
use std::fs;
use std::path::Path;
use std::sync::OnceLock;

use lessons_compute::isa::Isa;
use serde::{Deserialize, Serialize};

pub use self::cpu::Cache;
#[cfg(target_os = "linux")]
pub(super) use self::cpu::physical_cores;
use self::cpu::{CpuFacts, clock_mhz};
pub use self::gpu::Gpu;
use self::tool::{field, output};

/// Processors, memory, system and compiler. What the system does not tell is `None` or empty.
///
/// ```
/// let machine = lessons::bench::Machine::here();
/// assert!(machine.threads >= 1);
/// println!("{machine}");
/// for line in machine.details() {
///     println!("{line}");
/// }
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Machine {
    /// The CPU's model, as it names itself.
    pub cpu: String,
    /// Threads that run at once in this process.
    pub threads: usize,
    /// Operating system and architecture.
    pub os: String,
    /// The compiler that built this library.
    pub rustc: String,
    /// Whether this library was built with optimizations left out.
    pub debug_build: bool,
    /// The version of this library.
    #[serde(default)]
    pub lessons: String,
    #[serde(default)]
    pub physical_cores: Option<usize>,
    #[serde(default)]
    pub logical_cores: Option<usize>,
    /// The instruction set that our kernels use.
    #[serde(default)]
    pub isa: String,
    /// Extensions of the instruction set that matter for arithmetic, as Linux calls them.
    #[serde(default)]
    pub extensions: Vec<String>,
    /// The caches that the first processor has.
    #[serde(default)]
    pub caches: Vec<Cache>,
    /// The clock of the first processor when this was asked.
    #[serde(default)]
    pub clock_mhz: Option<u32>,
    #[serde(default)]
    pub max_clock_mhz: Option<u32>,
    #[serde(default)]
    pub memory_bytes: Option<u64>,
    #[serde(default)]
    pub gpus: Vec<Gpu>,
    /// The version of the system's kernel.
    #[serde(default)]
    pub kernel: Option<String>,
    /// The commit of the git checkout in which this was asked, with `-dirty` where files differ from it.
    #[serde(default)]
    pub commit: Option<String>,
}

impl Machine {
    /// This machine. Tools are asked once in a process, the clock each time.
    pub fn here() -> Machine {
        static HERE: OnceLock<Machine> = OnceLock::new();
        Machine {
            threads: std::thread::available_parallelism().map_or(1, usize::from),
            clock_mhz: clock_mhz(),
            ..HERE.get_or_init(Machine::ask).clone()
        }
    }

    fn ask() -> Machine {
        let cpu = CpuFacts::here();
        Machine {
            cpu: cpu.model.unwrap_or_else(|| "unknown CPU".to_owned()),
            threads: 1,
            os: format!("{} {}", os_name(), std::env::consts::ARCH),
            rustc: env!("LESSONS_RUSTC").to_owned(),
            debug_build: cfg!(debug_assertions),
            lessons: env!("CARGO_PKG_VERSION").to_owned(),
            physical_cores: cpu.physical_cores,
            logical_cores: cpu.logical_cores,
            isa: Isa::best().name().to_owned(),
            extensions: cpu.extensions,
            caches: cpu.caches,
            clock_mhz: None,
            max_clock_mhz: cpu.max_clock_mhz,
            memory_bytes: memory_bytes(),
            gpus: Gpu::all(),
            kernel: output("uname", &["-sr"]),
            commit: commit(Path::new(".")),
        }
    }

    /// All that is known, in lines for the head of a report: processor, GPUs, versions.
    pub fn details(&self) -> Vec<String> {
        vec![self.processor(), self.graphics(), self.versions()]
    }

    fn processor(&self) -> String {
        let count = |count: Option<usize>, what: &str| match count {
            None => format!("unknown number of {what}s"),
            Some(1) => format!("1 {what}"),
            Some(count) => format!("{count} {what}s"),
        };
        let mut parts = vec![format!(
            "{}: {}, {}",
            self.cpu,
            count(self.physical_cores, "core"),
            count(self.logical_cores, "logical processor")
        )];
        let isa = match self.extensions.is_empty() {
            true => self.isa.clone(),
            false => format!("{} ({})", self.isa, self.extensions.join(" ")),
        };
        parts.push(format!("kernels use {isa}"));
        let caches: Vec<String> = self.caches.iter().map(Cache::to_string).collect();
        parts.push(match caches.is_empty() {
            true => "caches not told".to_owned(),
            false => caches.join(", "),
        });
        parts.push(match (self.clock_mhz, self.max_clock_mhz) {
            (Some(now), Some(most)) => format!("{now} MHz now, {most} MHz at most"),
            (Some(now), None) => format!("{now} MHz, the most not told"),
            (None, Some(most)) => format!("{most} MHz at most"),
            (None, None) => "clock not told".to_owned(),
        });
        parts.push(match self.memory_bytes {
            Some(bytes) => format!("{} of memory", binary(bytes)),
            None => "memory not told".to_owned(),
        });
        parts.join("; ")
    }

    fn graphics(&self) -> String {
        if self.gpus.is_empty() {
            return "no GPU found".to_owned();
        }
        let gpu = |gpu: &Gpu| {
            let driver = gpu.driver.as_deref().unwrap_or("driver not told");
            let memory = gpu.memory_bytes.map(|bytes| format!(", {}", binary(bytes)));
            format!("GPU {}, {driver}{}", gpu.name, memory.unwrap_or_default())
        };
        let gpus: Vec<String> = self.gpus.iter().map(gpu).collect();
        gpus.join("; ")
    }

    fn versions(&self) -> String {
        let mut parts = vec![self.os.clone()];
        parts.extend(self.kernel.clone());
        parts.push(format!("lessons {}", self.lessons));
        parts.push(self.rustc.clone());
        parts.push(match &self.commit {
            Some(commit) => format!("commit {commit}"),
            None => "not run in a git checkout".to_owned(),
        });
        if self.debug_build {
            parts.push("debug build".to_owned());
        }
        parts.join(", ")
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

/// `L1 data 48 KiB`, `L3 48 MiB for 2`.
impl fmt::Display for Cache {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "L{}", self.level)?;
        if self.kind != "unified" {
            write!(f, " {}", self.kind)?;
        }
        write!(f, " {}", binary(self.bytes))?;
        match self.shared_by {
            Some(count) if count > 1 => write!(f, " for {count}"),
            _ => Ok(()),
        }
    }
}

/// A number of bytes in its largest unit, with a digit after the point where it is not whole.
fn binary(bytes: u64) -> String {
    let units = ["B", "KiB", "MiB", "GiB", "TiB"];
    let mut unit = 0;
    let mut count = bytes as f64;
    while count >= 1024.0 && unit + 1 < units.len() {
        count /= 1024.0;
        unit += 1;
    }
    let digits = usize::from(count.fract() >= 0.05 && count.fract() < 0.95);
    format!("{count:.digits$} {}", units[unit])
}

fn os_name() -> String {
    let name = if cfg!(target_os = "macos") {
        output("sw_vers", &["-productVersion"]).map(|version| format!("macOS {version}"))
    } else {
        fs::read_to_string("/etc/os-release")
            .ok()
            .and_then(|release| field(&release, &["PRETTY_NAME"], '=').map(str::to_owned))
    };
    name.unwrap_or_else(|| std::env::consts::OS.to_owned())
}

fn memory_bytes() -> Option<u64> {
    if cfg!(target_os = "macos") {
        return output("sysctl", &["-n", "hw.memsize"])?.parse().ok();
    }
    memory_of_linux(&fs::read_to_string("/proc/meminfo").ok()?)
}

fn memory_of_linux(meminfo: &str) -> Option<u64> {
    let kibibytes = field(meminfo, &["MemTotal"], ':')?.strip_suffix("kB")?;
    Some(kibibytes.trim().parse::<u64>().ok()? << 10)
}

/// The commit of the checkout that a folder lies in.
fn commit(folder: &Path) -> Option<String> {
    let folder = folder.to_str()?;
    let options = [
        "describe",
        "--always",
        "--dirty",
        "--abbrev=12",
        "--exclude=*",
    ];
    output(
        "git",
        &[["-C", folder].as_slice(), options.as_slice()].concat(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A machine of which all is known.
    fn example() -> Machine {
        let cache = |level, kind: &str, bytes, shared_by| Cache {
            level,
            kind: kind.to_owned(),
            bytes,
            shared_by: Some(shared_by),
        };
        Machine {
            cpu: "Example CPU 3000".to_owned(),
            threads: 4,
            os: "Example OS 1 x86_64".to_owned(),
            rustc: "rustc 1.99.0".to_owned(),
            debug_build: false,
            lessons: "0.1.0".to_owned(),
            physical_cores: Some(2),
            logical_cores: Some(4),
            isa: "avx2".to_owned(),
            extensions: vec!["avx2".to_owned(), "fma".to_owned()],
            caches: vec![
                cache(1, "data", 48 << 10, 1),
                cache(2, "unified", 5 << 18, 2),
            ],
            clock_mhz: Some(2800),
            max_clock_mhz: Some(3500),
            memory_bytes: Some(16 << 30),
            gpus: vec![Gpu {
                name: "Example T1".to_owned(),
                driver: Some("NVIDIA 550.1".to_owned()),
                memory_bytes: Some(8 << 30),
            }],
            kernel: Some("Linux 6.1".to_owned()),
            commit: Some("0123456789ab-dirty".to_owned()),
        }
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

    #[cfg(target_os = "linux")]
    #[test]
    fn linux_tells_of_cores_and_memory() {
        let machine = Machine::here();
        assert!(machine.logical_cores >= Some(1), "{machine:?}");
        assert!(machine.memory_bytes > Some(1 << 20), "{machine:?}");
        assert!(machine.kernel.unwrap().starts_with("Linux "));
    }

    #[test]
    fn details_say_what_is_known() {
        assert_eq!(
            example().details(),
            [
                "Example CPU 3000: 2 cores, 4 logical processors; kernels use avx2 (avx2 fma); \
                 L1 data 48 KiB, L2 1.2 MiB for 2; 2800 MHz now, 3500 MHz at most; 16 GiB of memory",
                "GPU Example T1, NVIDIA 550.1, 8 GiB",
                "Example OS 1 x86_64, Linux 6.1, lessons 0.1.0, rustc 1.99.0, commit 0123456789ab-dirty",
            ]
        );
    }

    #[test]
    fn details_say_what_is_not_known() {
        let little = r#"{"cpu":"c","threads":1,"os":"o","rustc":"r","debug_build":true}"#;
        let machine: Machine = serde_json::from_str(little).unwrap();
        let text = machine.details().join("\n");
        for says in [
            "unknown number of cores",
            "caches not told",
            "clock not told",
            "memory not told",
            "no GPU found",
            "not run in a git checkout, debug build",
        ] {
            assert!(text.contains(says), "{text}");
        }
    }

    #[test]
    fn memory_is_read() {
        assert_eq!(
            memory_of_linux("MemTotal:       24684092 kB\n"),
            Some(24_684_092 << 10)
        );
        assert_eq!(memory_of_linux("MemFree: 1 kB\n"), None);
        assert_eq!([binary(512), binary(5 << 18)], ["512 B", "1.2 MiB"]);
    }

    /// Where git is.
    #[test]
    fn the_commit_is_that_of_the_checkout() {
        let folder = tempfile::tempdir().unwrap();
        let here = folder.path();
        assert_eq!(commit(here), None);
        let path = here.to_str().unwrap();
        let git = |arguments: &[&str]| {
            let author = ["-c", "user.name=a", "-c", "user.email=a@b"];
            output(
                "git",
                &[["-C", path].as_slice(), &author, arguments].concat(),
            )
        };
        if git(&["init", "."]).is_none() {
            eprintln!("skipped: there is no git");
            return;
        }
        fs::write(here.join("file"), "1").unwrap();
        git(&["add", "file"]);
        assert!(git(&["commit", "-m", "one"]).is_some());
        let clean = commit(here).unwrap();
        assert_eq!(clean.len(), 12);
        fs::write(here.join("file"), "2").unwrap();
        assert_eq!(commit(here).unwrap(), format!("{clean}-dirty"));
    }
}
