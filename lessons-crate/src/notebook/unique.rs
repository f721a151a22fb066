//! Ids that no other process uses.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};

/// 32 hexadecimal digits: half of them drawn at random for this process, half counted. Frontends
/// keep the ids of earlier kernels, whose process numbers may come again.
pub(super) fn id() -> String {
    static PROCESS: OnceLock<u64> = OnceLock::new();
    static NEXT: AtomicU64 = AtomicU64::new(0);
    let process = PROCESS.get_or_init(rand::random);
    format!(
        "{process:016x}{:016x}",
        NEXT.fetch_add(1, Ordering::Relaxed)
    )
}
