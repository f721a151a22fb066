//! Where the runtime hands over what the frontend sends.

use lessons_channel::{Delivery, read_frame_with};

use super::registry::{caught, deliver};

/// Calls what listens to the comm of a [`Delivery`]. The runtime calls it by name on the thread
/// that runs cells, between them ([`lessons_channel::COMM_ENTRY`]).
///
/// # Safety
/// `frame` points at `length` bytes.
#[unsafe(no_mangle)]
unsafe extern "C" fn lessons_comm_entry(frame: *const u8, length: usize) {
    // SAFETY: the caller's promise.
    let mut frame = unsafe { std::slice::from_raw_parts(frame, length) };
    if let Ok(Some((mut delivery, buffers))) = read_frame_with::<Delivery>(&mut frame) {
        delivery.comm.buffers = buffers;
        // No panic may reach the caller, which is C as far as it knows.
        let _ = caught(|| deliver(delivery));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_runtime_finds_the_entry_by_its_name() {
        assert_eq!(lessons_channel::COMM_ENTRY, "lessons_comm_entry");
        let noise = b"\x05\0\0\0noise";
        // SAFETY: the slice lives during the call.
        unsafe { lessons_comm_entry(noise.as_ptr(), noise.len()) };
    }
}
