//! The CPU: its model, cores, caches, instruction sets and clock, as Linux and macOS tell them.

use std::fs;
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::tool::{field, output};

/// Extensions of instruction sets that matter for how fast numbers are computed, as Linux calls them.
const EXTENSIONS: [&str; 24] = [
    "sse4_2",
    "avx",
    "avx2",
    "fma",
    "f16c",
    "avx_vnni",
    "avx512f",
    "avx512bw",
    "avx512vl",
    "avx512dq",
    "avx512_vnni",
    "avx512_bf16",
    "avx512_fp16",
    "amx_tile",
    "amx_bf16",
    "amx_int8",
    "asimd",
    "asimdhp",
    "asimddp",
    "bf16",
    "i8mm",
    "sve",
    "sve2",
    "sme",
];

/// A cache of the first processor.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cache {
    /// 1 is next to the core.
    pub level: u8,
    /// `data`, `instruction`, or `unified` for both.
    pub kind: String,
    pub bytes: u64,
    /// How many logical processors share it; `None` where the system does not tell.
    pub shared_by: Option<usize>,
}

/// What is known of the CPU. What the system does not tell is `None` or empty.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct CpuFacts {
    pub model: Option<String>,
    pub physical_cores: Option<usize>,
    pub logical_cores: Option<usize>,
    pub caches: Vec<Cache>,
    pub extensions: Vec<String>,
    pub max_clock_mhz: Option<u32>,
}

impl CpuFacts {
    pub fn here() -> CpuFacts {
        if cfg!(target_os = "macos") {
            let text = output("sysctl", &["hw", "machdep.cpu"]);
            return text.as_deref().map(of_sysctl).unwrap_or_default();
        }
        let cpuinfo = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
        let mut facts = of_linux(&cpuinfo, Path::new("/sys/devices/system/cpu"));
        if facts.model.is_none() {
            // Arm's /proc/cpuinfo has numbers of parts; lscpu knows their names.
            let text = output("lscpu", &[]).unwrap_or_default();
            facts.model = field(&text, &["Model name"], ':').map(str::to_owned);
        }
        facts
    }
}

/// The clock of the first processor at this moment, in MHz, where the system tells it.
pub fn clock_mhz() -> Option<u32> {
    if cfg!(target_os = "macos") {
        let hertz = output("sysctl", &["-n", "hw.cpufrequency"])?;
        return Some((hertz.parse::<u64>().ok()? / 1_000_000) as u32);
    }
    let told = kilohertz(Path::new(
        "/sys/devices/system/cpu/cpu0/cpufreq/scaling_cur_freq",
    ));
    told.or_else(|| clock_of_cpuinfo(&fs::read_to_string("/proc/cpuinfo").ok()?))
}

fn clock_of_cpuinfo(cpuinfo: &str) -> Option<u32> {
    let megahertz: f64 = field(cpuinfo, &["cpu MHz"], ':')?.parse().ok()?;
    (megahertz > 0.0).then(|| megahertz.round() as u32)
}

fn kilohertz(path: &Path) -> Option<u32> {
    let count: u32 = fs::read_to_string(path).ok()?.trim().parse().ok()?;
    (count > 0).then_some(count / 1000)
}

/// From `/proc/cpuinfo` and the folder in which Linux describes processors.
fn of_linux(cpuinfo: &str, processors: &Path) -> CpuFacts {
    let flags = field(cpuinfo, &["flags", "Features"], ':').unwrap_or_default();
    let flags: Vec<&str> = flags.split_whitespace().collect();
    let extensions = EXTENSIONS.iter().filter(|name| flags.contains(name));
    let cores = physical_cores(processors);
    let logical = cpuinfo
        .lines()
        .filter(|line| line.split(':').next().map(str::trim) == Some("processor"))
        .count();
    CpuFacts {
        model: field(cpuinfo, &["model name", "Model", "cpu model"], ':').map(str::to_owned),
        physical_cores: (!cores.is_empty()).then_some(cores.len()),
        logical_cores: (logical > 0).then_some(logical),
        caches: caches(&processors.join("cpu0/cache")),
        extensions: extensions.map(|name| (*name).to_owned()).collect(),
        max_clock_mhz: kilohertz(&processors.join("cpu0/cpufreq/cpuinfo_max_freq")),
    }
}

/// The logical processors of each physical core, in the order of their numbers.
pub fn physical_cores(processors: &Path) -> Vec<Vec<usize>> {
    let Ok(entries) = fs::read_dir(processors) else {
        return Vec::new();
    };
    let mut cores: Vec<Vec<usize>> = entries
        .flatten()
        .filter_map(|entry| {
            let name = entry.file_name();
            let number = name.to_str()?.strip_prefix("cpu")?;
            number.parse::<usize>().ok()?;
            let topology = entry.path().join("topology");
            let list = ["core_cpus_list", "thread_siblings_list"]
                .iter()
                .find_map(|name| fs::read_to_string(topology.join(name)).ok())?;
            Some(numbers(&list))
        })
        .collect();
    cores.sort();
    cores.dedup();
    cores
}

/// `0-2,5` as numbers.
fn numbers(list: &str) -> Vec<usize> {
    let ranges = list.trim().split(',').filter_map(|range| {
        let (first, last) = range.split_once('-').unwrap_or((range, range));
        Some(first.parse().ok()?..=last.parse().ok()?)
    });
    ranges.flatten().collect()
}

fn caches(folder: &Path) -> Vec<Cache> {
    let Ok(entries) = fs::read_dir(folder) else {
        return Vec::new();
    };
    let mut caches: Vec<Cache> = entries
        .flatten()
        .filter_map(|entry| {
            let read = |name: &str| {
                let text = fs::read_to_string(entry.path().join(name)).ok()?;
                Some(text.trim().to_owned())
            };
            Some(Cache {
                level: read("level")?.parse().ok()?,
                kind: read("type")?.to_ascii_lowercase(),
                bytes: size(&read("size")?)?,
                shared_by: read("shared_cpu_list").map(|list| numbers(&list).len()),
            })
        })
        .collect();
    caches.sort_by(|a, b| (a.level, &a.kind).cmp(&(b.level, &b.kind)));
    caches
}

/// `48K` in bytes.
fn size(text: &str) -> Option<u64> {
    let units = [('K', 1 << 10), ('M', 1 << 20), ('G', 1 << 30)];
    let unit = units.iter().find(|(unit, _)| text.ends_with(*unit));
    let (digits, scale) = match unit {
        Some((unit, scale)) => (text.trim_end_matches(*unit), *scale),
        None => (text, 1),
    };
    Some(digits.parse::<u64>().ok()? * scale)
}

/// From what `sysctl hw machdep.cpu` says. Apple's processors have kinds of cores; the caches are those of
/// the fast ones, and a clock is not told of them.
fn of_sysctl(text: &str) -> CpuFacts {
    let number = |keys: &[&str]| field(text, keys, ':')?.parse::<u64>().ok();
    let cache = |level, kind: &str, keys: &[&str]| {
        Some(Cache {
            level,
            kind: kind.to_owned(),
            bytes: number(keys).filter(|bytes| *bytes > 0)?,
            shared_by: None,
        })
    };
    let caches = [
        cache(
            1,
            "data",
            &["hw.perflevel0.l1dcachesize", "hw.l1dcachesize"],
        ),
        cache(
            1,
            "instruction",
            &["hw.perflevel0.l1icachesize", "hw.l1icachesize"],
        ),
        cache(
            2,
            "unified",
            &["hw.perflevel0.l2cachesize", "hw.l2cachesize"],
        ),
        cache(
            3,
            "unified",
            &["hw.perflevel0.l3cachesize", "hw.l3cachesize"],
        ),
    ];
    let intel = ["machdep.cpu.features", "machdep.cpu.leaf7_features"]
        .iter()
        .filter_map(|key| field(text, &[key], ':'));
    // `AVX1.0`, `AVX512F` and `SSE4.2` as Linux spells them.
    let intel: Vec<String> = intel
        .flat_map(str::split_whitespace)
        .map(|name| match name {
            "AVX1.0" => "avx".to_owned(),
            name => name.to_ascii_lowercase().replace('.', "_"),
        })
        .collect();
    let arm = [
        ("hw.optional.neon", "asimd"),
        ("hw.optional.AdvSIMD", "asimd"),
        ("hw.optional.arm.FEAT_FP16", "asimdhp"),
        ("hw.optional.arm.FEAT_DotProd", "asimddp"),
        ("hw.optional.arm.FEAT_BF16", "bf16"),
        ("hw.optional.arm.FEAT_I8MM", "i8mm"),
        ("hw.optional.arm.FEAT_SME", "sme"),
    ];
    let has = |name: &str| {
        let on_arm = |(key, it): &(&str, &str)| *it == name && number(&[key]) == Some(1);
        intel.iter().any(|it| it == name) || arm.iter().any(on_arm)
    };
    CpuFacts {
        model: field(text, &["machdep.cpu.brand_string"], ':').map(str::to_owned),
        physical_cores: number(&["hw.physicalcpu"]).map(|count| count as usize),
        logical_cores: number(&["hw.logicalcpu"]).map(|count| count as usize),
        caches: caches.into_iter().flatten().collect(),
        extensions: EXTENSIONS
            .iter()
            .filter(|name| has(name))
            .map(|name| (*name).to_owned())
            .collect(),
        max_clock_mhz: number(&["hw.cpufrequency_max"]).map(|hertz| (hertz / 1_000_000) as u32),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CPUINFO: &str = "processor\t: 0\nmodel name\t: Example(R) CPU 3000\ncpu MHz\t\t: 2793.438\n\
        flags\t\t: fpu sse4_2 avx avx2 fma avx512f amx_tile nonsense\n\nprocessor\t: 1\n\
        model name\t: Example(R) CPU 3000\nflags\t\t: fpu\n";

    fn write(folder: &Path, files: &[(&str, &str)]) {
        for (name, text) in files {
            let path = folder.join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
    }

    #[test]
    fn linux_tells_the_model_cores_caches_and_clocks() {
        let folder = tempfile::tempdir().unwrap();
        write(
            folder.path(),
            &[
                ("cpu0/topology/thread_siblings_list", "0-1\n"),
                ("cpu1/topology/thread_siblings_list", "0-1\n"),
                ("cpu10/topology/core_cpus_list", "10,12\n"),
                ("cpufreq/policy0/note", "no processor"),
                ("cpu0/cpufreq/cpuinfo_max_freq", "3500000\n"),
                ("cpu0/cache/index3/level", "3\n"),
                ("cpu0/cache/index3/type", "Unified\n"),
                ("cpu0/cache/index3/size", "49152K\n"),
                ("cpu0/cache/index3/shared_cpu_list", "0-1,10\n"),
                ("cpu0/cache/index0/level", "1\n"),
                ("cpu0/cache/index0/type", "Data\n"),
                ("cpu0/cache/index0/size", "48K\n"),
                ("cpu0/cache/uevent", ""),
            ],
        );
        let cache = |level, kind: &str, bytes, shared_by| Cache {
            level,
            kind: kind.to_owned(),
            bytes,
            shared_by,
        };
        let expected = CpuFacts {
            model: Some("Example(R) CPU 3000".to_owned()),
            physical_cores: Some(2),
            logical_cores: Some(2),
            caches: vec![
                cache(1, "data", 48 << 10, None),
                cache(3, "unified", 48 << 20, Some(3)),
            ],
            extensions: ["sse4_2", "avx", "avx2", "fma", "avx512f", "amx_tile"]
                .map(str::to_owned)
                .to_vec(),
            max_clock_mhz: Some(3500),
        };
        assert_eq!(of_linux(CPUINFO, folder.path()), expected);
        assert_eq!(clock_of_cpuinfo(CPUINFO), Some(2793));
        assert_eq!(physical_cores(folder.path()), [vec![0, 1], vec![10, 12]]);
    }

    #[test]
    fn what_linux_does_not_tell_is_left_out() {
        assert_eq!(of_linux("", Path::new("/nowhere")), CpuFacts::default());
        assert_eq!(clock_of_cpuinfo("cpu MHz : 0.0\n"), None);
    }

    #[test]
    fn macos_tells_of_both_families() {
        let apple = "hw.physicalcpu: 10\nhw.logicalcpu: 10\nhw.l1dcachesize: 65536\n\
            hw.perflevel0.l1dcachesize: 131072\nhw.perflevel0.l1icachesize: 196608\n\
            hw.perflevel0.l2cachesize: 16777216\nhw.optional.neon: 1\nhw.optional.arm.FEAT_BF16: 1\n\
            hw.optional.arm.FEAT_SME: 0\nmachdep.cpu.brand_string: Apple M2 Pro\n";
        let facts = of_sysctl(apple);
        assert_eq!(facts.model.as_deref(), Some("Apple M2 Pro"));
        assert_eq!(
            (facts.physical_cores, facts.logical_cores),
            (Some(10), Some(10))
        );
        let sizes: Vec<u64> = facts.caches.iter().map(|cache| cache.bytes).collect();
        assert_eq!(sizes, [128 << 10, 192 << 10, 16 << 20]);
        assert_eq!(facts.extensions, ["asimd", "bf16"]);
        assert_eq!(facts.max_clock_mhz, None);

        let intel = "hw.physicalcpu: 8\nhw.logicalcpu: 16\nhw.l1dcachesize: 32768\nhw.l3cachesize: 0\n\
            hw.cpufrequency_max: 2400000000\nmachdep.cpu.features: FPU SSE4.2 AVX1.0 FMA\n\
            machdep.cpu.leaf7_features: AVX2 BMI1\nmachdep.cpu.brand_string: Example i9\n";
        let facts = of_sysctl(intel);
        assert_eq!(facts.extensions, ["sse4_2", "avx", "avx2", "fma"]);
        assert_eq!(facts.max_clock_mhz, Some(2400));
        assert_eq!(facts.caches.len(), 1);
        assert_eq!(of_sysctl(""), CpuFacts::default());
    }

    #[test]
    fn lists_and_sizes_are_read() {
        assert_eq!(numbers("0-2,5\n"), [0, 1, 2, 5]);
        assert!(numbers("").is_empty());
        assert_eq!(
            [size("48K"), size("2M"), size("512")],
            [Some(49152), Some(2 << 20), Some(512)]
        );
        assert_eq!(size("manyK"), None);
    }
}
