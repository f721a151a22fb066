//! Devices, and what to say when one is not there.

use std::fmt;
use std::str::FromStr;

/// Where a model runs.
///
/// ```
/// use lessons::prelude::*;
/// let device: Device = "cuda:1".parse()?;
/// assert_eq!(device, Device::Cuda(1));
/// # Ok::<(), lessons::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Device {
    #[default]
    Cpu,
    /// The NVIDIA GPU with this number.
    Cuda(usize),
    /// The Apple GPU with this number.
    Metal(usize),
}

/// Why a device cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{what}\n\n  devices here: {}\n  try: {help}", names(.available))]
pub struct DeviceError {
    what: String,
    available: Vec<Device>,
    help: String,
}

fn names(devices: &[Device]) -> String {
    devices
        .iter()
        .map(Device::to_string)
        .collect::<Vec<_>>()
        .join(", ")
}

impl Device {
    /// The devices that this build finds on this machine; the CPU always comes first.
    pub fn available() -> Vec<Device> {
        let mut devices = vec![Device::Cpu];
        let gpus =
            |make: fn(usize) -> Device| (0..8).map(make).take_while(|gpu| gpu.connect().is_ok());
        devices.extend(gpus(Device::Cuda));
        devices.extend(gpus(Device::Metal));
        devices
    }

    /// The first GPU of the kind that this system usually has, whether it is there or not.
    pub(crate) fn usual_gpu() -> Device {
        match cfg!(target_os = "macos") {
            true => Device::Metal(0),
            false => Device::Cuda(0),
        }
    }

    /// Connects to the device.
    ///
    /// # Errors
    /// When this build does not support it or this machine does not have it; the error names the
    /// devices that there are.
    pub fn open(self) -> Result<candle_core::Device, DeviceError> {
        self.connect().map_err(|what| DeviceError {
            what: format!("the device {self} cannot be used: {what}"),
            available: Device::available(),
            help: match self {
                Device::Cpu => "report this as a bug: the CPU is always there".to_owned(),
                Device::Cuda(_) if cfg!(feature = "cuda") => {
                    "`nvidia-smi` shows the GPUs that the driver sees".to_owned()
                }
                Device::Cuda(_) => "build with `--features cuda` (in the notebook: scripts/lab --cuda); see docs/gpu.md".to_owned(),
                Device::Metal(_) => "on macOS, build with `--features metal` (in the notebook: scripts/lab --metal); see docs/gpu.md".to_owned(),
            },
        })
    }

    fn connect(self) -> Result<candle_core::Device, String> {
        match self {
            Device::Cpu => Ok(candle_core::Device::Cpu),
            Device::Cuda(_) if !cfg!(feature = "cuda") => Err("this build has no CUDA".to_owned()),
            Device::Metal(_) if !cfg!(feature = "metal") => {
                Err("this build has no Metal".to_owned())
            }
            Device::Cuda(number) => guarded(|| candle_core::Device::new_cuda(number)),
            Device::Metal(number) => guarded(|| candle_core::Device::new_metal(number)),
        }
    }
}

/// GPU drivers that are missing at run time make their bindings panic; here that is an error.
fn guarded(
    open: impl FnOnce() -> candle_core::Result<candle_core::Device> + std::panic::UnwindSafe,
) -> Result<candle_core::Device, String> {
    match std::panic::catch_unwind(open) {
        Ok(Ok(device)) => Ok(device),
        Ok(Err(error)) => Err(first_line(&error.to_string())),
        Err(_) => Err("its driver cannot be loaded".to_owned()),
    }
}

fn first_line(text: &str) -> String {
    text.lines().next().unwrap_or_default().to_owned()
}

impl fmt::Display for Device {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Device::Cpu => f.write_str("cpu"),
            Device::Cuda(number) => write!(f, "cuda:{number}"),
            Device::Metal(number) => write!(f, "metal:{number}"),
        }
    }
}

impl FromStr for Device {
    type Err = DeviceError;

    /// `cpu`, `cuda`, `cuda:N`, `metal` or `metal:N`.
    fn from_str(text: &str) -> Result<Device, DeviceError> {
        let (kind, number) = text.split_once(':').unwrap_or((text, "0"));
        match (kind, number.parse()) {
            ("cpu", Ok(0)) => Ok(Device::Cpu),
            ("cuda", Ok(number)) => Ok(Device::Cuda(number)),
            ("metal", Ok(number)) => Ok(Device::Metal(number)),
            _ => Err(DeviceError {
                what: format!("`{text}` is no device"),
                available: Device::available(),
                help: "write cpu, cuda:0 or metal".to_owned(),
            }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_back() {
        for device in [Device::Cpu, Device::Cuda(3), Device::Metal(0)] {
            assert_eq!(device.to_string().parse(), Ok(device));
        }
        assert!(
            "gpu"
                .parse::<Device>()
                .unwrap_err()
                .to_string()
                .contains("write cpu, cuda:0 or metal")
        );
    }

    #[cfg(not(feature = "cuda"))]
    #[test]
    fn a_missing_device_says_which_there_are_and_how_to_get_it() {
        let text = Device::Cuda(0).open().unwrap_err().to_string();
        assert!(
            text.contains("devices here: cpu") && text.contains("--features cuda"),
            "{text}"
        );
    }
}
