//! GPUs with their drivers, as the tools of their makers tell them.

use std::fs;
use std::path::Path;

use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

use super::tool::output;

/// A GPU. What nobody tells is `None`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Gpu {
    pub name: String,
    /// The driver and its version.
    pub driver: Option<String>,
    pub memory_bytes: Option<u64>,
}

impl Gpu {
    /// All that are found: by `nvidia-smi`, by `rocm-smi` or, for lack of it, in `/sys`, and by macOS.
    pub fn all() -> Vec<Gpu> {
        if cfg!(target_os = "macos") {
            let text = output("system_profiler", &["SPDisplaysDataType", "-json"]);
            let system = output("sw_vers", &["-productVersion"]);
            return text.map_or_else(Vec::new, |text| of_macos(&text, system.as_deref()));
        }
        let query = "--query-gpu=name,driver_version,memory.total";
        let nvidia = output("nvidia-smi", &[query, "--format=csv,noheader,nounits"]);
        let mut gpus = nvidia.map_or_else(Vec::new, |text| of_nvidia(&text));
        let options = [
            "--showproductname",
            "--showdriverversion",
            "--showmeminfo",
            "vram",
            "--json",
        ];
        let amd = output("rocm-smi", &options).map_or_else(Vec::new, |text| of_rocm(&text));
        gpus.extend(match amd.is_empty() {
            true => of_sysfs(Path::new("/sys")),
            false => amd,
        });
        gpus
    }
}

/// `NVIDIA H100 80GB HBM3, 550.54.15, 81559`, the memory in MiB.
fn of_nvidia(csv: &str) -> Vec<Gpu> {
    let gpu = |line: &str| {
        let mut cells = line.split(',').map(str::trim);
        let (name, driver, memory) = (cells.next()?, cells.next()?, cells.next()?);
        Some(Gpu {
            name: name.to_owned(),
            driver: driver
                .starts_with(|it: char| it.is_ascii_digit())
                .then(|| format!("NVIDIA {driver}")),
            memory_bytes: memory.parse::<u64>().ok().map(|count| count << 20),
        })
    };
    csv.lines().filter_map(gpu).collect()
}

/// An object with a key for each card, and one for the driver. The keys of a card differ in their
/// capitals from version to version.
fn of_rocm(json: &str) -> Vec<Gpu> {
    let Ok(Json::Object(all)) = serde_json::from_str(json) else {
        return Vec::new();
    };
    let text = |object: &Json, keys: &[&str]| {
        let object = object.as_object()?;
        keys.iter().find_map(|key| {
            let (_, value) = object
                .iter()
                .find(|(name, _)| name.eq_ignore_ascii_case(key))?;
            let value = value.as_str()?.trim();
            (!value.is_empty() && value != "N/A").then(|| value.to_owned())
        })
    };
    let driver = all
        .get("system")
        .and_then(|system| text(system, &["driver version"]));
    all.iter()
        .filter(|(key, _)| key.starts_with("card"))
        .map(|(key, card)| Gpu {
            name: text(card, &["card series", "card model", "device name"])
                .unwrap_or_else(|| key.clone()),
            driver: driver.as_ref().map(|version| format!("amdgpu {version}")),
            memory_bytes: text(card, &["vram total memory (b)"])
                .and_then(|count| count.parse().ok()),
        })
        .collect()
}

/// AMD's cards as the kernel lists them.
fn of_sysfs(system: &Path) -> Vec<Gpu> {
    const AMD: &str = "0x1002";
    let read = |path: &Path| {
        let text = fs::read_to_string(path).ok()?;
        let text = text.trim();
        (!text.is_empty()).then(|| text.to_owned())
    };
    let version = read(&system.join("module/amdgpu/version"));
    let Ok(entries) = fs::read_dir(system.join("class/drm")) else {
        return Vec::new();
    };
    // `card0`; `card0-DP-1` is a plug of it.
    let mut cards: Vec<(usize, std::path::PathBuf)> = entries
        .flatten()
        .filter_map(|entry| {
            let number = entry.file_name().to_str()?.strip_prefix("card")?.parse();
            Some((number.ok()?, entry.path().join("device")))
        })
        .collect();
    cards.sort();
    let gpu = |(_, device): (usize, std::path::PathBuf)| {
        if read(&device.join("vendor"))? != AMD {
            return None;
        }
        let number = read(&device.join("device")).unwrap_or_default();
        Some(Gpu {
            name: read(&device.join("product_name"))
                .unwrap_or_else(|| format!("AMD GPU {number}").trim_end().to_owned()),
            driver: Some(match &version {
                Some(version) => format!("amdgpu {version}"),
                None => "amdgpu of the Linux kernel".to_owned(),
            }),
            memory_bytes: read(&device.join("mem_info_vram_total"))
                .and_then(|count| count.parse().ok()),
        })
    };
    cards.into_iter().filter_map(gpu).collect()
}

/// What `system_profiler SPDisplaysDataType -json` says. The driver is Metal, a part of macOS; memory is
/// the machine's where no other is told.
fn of_macos(json: &str, system: Option<&str>) -> Vec<Gpu> {
    let Ok(all) = serde_json::from_str::<Json>(json) else {
        return Vec::new();
    };
    let gpus = all["SPDisplaysDataType"].as_array();
    let gpu = |gpu: &Json| {
        let text = |key: &str| gpu[key].as_str();
        let name = text("sppci_model").or_else(|| text("_name"))?;
        let metal = text("spdisplays_mtlgpufamilysupport")
            .and_then(|family| family.strip_prefix("spdisplays_metal"))
            .map_or_else(|| "Metal".to_owned(), |number| format!("Metal {number}"));
        Some(Gpu {
            name: match text("sppci_cores") {
                Some(cores) => format!("{name} ({cores} cores)"),
                None => name.to_owned(),
            },
            driver: Some(match system {
                Some(version) => format!("{} of macOS {version}", metal.trim_end()),
                None => metal.trim_end().to_owned(),
            }),
            memory_bytes: text("spdisplays_vram").and_then(megabytes),
        })
    };
    gpus.into_iter().flatten().filter_map(gpu).collect()
}

/// `1536 MB` or `16 GB` in bytes.
fn megabytes(text: &str) -> Option<u64> {
    let (count, unit) = text.split_once(' ')?;
    let scale = match unit {
        "MB" => 1 << 20,
        "GB" => 1 << 30,
        _ => return None,
    };
    Some(count.parse::<u64>().ok()? * scale)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn gpu(name: &str, driver: Option<&str>, memory_bytes: Option<u64>) -> Gpu {
        Gpu {
            name: name.to_owned(),
            driver: driver.map(str::to_owned),
            memory_bytes,
        }
    }

    #[test]
    fn nvidia_is_read() {
        let text = "Example H9 80GB, 550.54.15, 81559\nExample T1, [N/A], [N/A]\n";
        assert_eq!(
            of_nvidia(text),
            [
                gpu(
                    "Example H9 80GB",
                    Some("NVIDIA 550.54.15"),
                    Some(81559 << 20)
                ),
                gpu("Example T1", None, None),
            ]
        );
        assert!(of_nvidia("No devices were found\n").is_empty());
    }

    #[test]
    fn amd_is_read_from_its_tool() {
        let text = r#"{"card0": {"Card series": "Example Instinct", "VRAM Total Memory (B)": "68702699520"},
            "card1": {"Card Series": "N/A", "Card Model": "0x74a1"},
            "system": {"Driver version": "6.3.6"}}"#;
        assert_eq!(
            of_rocm(text),
            [
                gpu(
                    "Example Instinct",
                    Some("amdgpu 6.3.6"),
                    Some(68_702_699_520)
                ),
                gpu("0x74a1", Some("amdgpu 6.3.6"), None),
            ]
        );
        assert!(of_rocm("WARNING: no AMD GPUs\n{}").is_empty());
        assert!(of_rocm("{}").is_empty());
    }

    #[test]
    fn amd_is_read_from_the_kernel() {
        let folder = tempfile::tempdir().unwrap();
        let drm = folder.path().join("class/drm");
        let write = |name: &str, text: &str| {
            let path = drm.join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        };
        write("card1/device/vendor", "0x1002\n");
        write("card1/device/device", "0x74a1\n");
        write("card1/device/mem_info_vram_total", "1024\n");
        write("card1-DP-1/device/vendor", "0x1002\n");
        write("card0/device/vendor", "0x8086\n");
        assert_eq!(
            of_sysfs(folder.path()),
            [gpu(
                "AMD GPU 0x74a1",
                Some("amdgpu of the Linux kernel"),
                Some(1024)
            )]
        );
        assert!(of_sysfs(&folder.path().join("nowhere")).is_empty());
    }

    #[test]
    fn macos_is_read() {
        let apple = r#"{"SPDisplaysDataType": [{"_name": "Apple M3 Pro", "sppci_model": "Apple M3 Pro",
            "sppci_cores": "18", "spdisplays_mtlgpufamilysupport": "spdisplays_metal3"}]}"#;
        assert_eq!(
            of_macos(apple, Some("15.1")),
            [gpu(
                "Apple M3 Pro (18 cores)",
                Some("Metal 3 of macOS 15.1"),
                None
            )]
        );
        let other =
            r#"{"SPDisplaysDataType": [{"_name": "Example Vega", "spdisplays_vram": "16 GB"}]}"#;
        assert_eq!(
            of_macos(other, None),
            [gpu("Example Vega", Some("Metal"), Some(16 << 30))]
        );
        assert!(of_macos("{}", None).is_empty() && of_macos("", None).is_empty());
    }
}
