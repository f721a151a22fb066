//! Showing things while a cell runs, and replacing what was shown.

use std::env;
use std::fmt::Write;
use std::sync::atomic::{AtomicU64, Ordering};

use lessons_channel::FromCell;

use super::bundle::Bundle;
use super::connection::send;
use super::folder;

/// evcxr sets this in the process that runs cells.
pub(super) const EVCXR: &str = "EVCXR_IS_RUNTIME";

/// Shows a bundle below the cell, at once.
///
/// Under the lessons kernel it is an output of its own. Stock evcxr shows the last bundle of a cell.
/// A plain program prints the text form, and saves the others where [`save_into`](super::save_into)
/// says.
pub fn display(bundle: &Bundle) {
    if !send(&message(bundle, None, false)) {
        print_unconnected(bundle);
    }
}

/// Replaces what was shown under `id`, wherever it stands; shows it where nothing was.
///
/// Without a kernel that can replace outputs nothing is shown, and false comes back.
pub fn update(id: &str, bundle: &Bundle) -> bool {
    send(&message(bundle, Some(id), true))
}

/// Takes away the outputs of the running cell: now, or, with `wait`, when the next one comes, which
/// does not flicker. Does nothing without a kernel that can.
pub fn clear_output(wait: bool) {
    send(&FromCell::ClearOutput { wait });
}

/// Something that is shown and can be replaced.
///
/// ```
/// use lessons::notebook::{Bundle, Display};
/// let shown = Display::new(&Bundle::text("epoch 1"));
/// shown.update(&Bundle::text("epoch 2"));
/// ```
#[derive(Debug)]
pub struct Display {
    id: String,
}

impl Display {
    /// Shows a bundle.
    pub fn new(bundle: &Bundle) -> Display {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        let count = NEXT.fetch_add(1, Ordering::Relaxed);
        // Ids live as long as the notebook, and several processes may run its cells.
        let id = format!("lessons-{}-{count}", std::process::id());
        if !send(&message(bundle, Some(&id), false)) {
            print_unconnected(bundle);
        }
        Display { id }
    }

    /// Replaces it; false where that cannot be done.
    pub fn update(&self, bundle: &Bundle) -> bool {
        update(&self.id, bundle)
    }
}

fn message(bundle: &Bundle, id: Option<&str>, update: bool) -> FromCell {
    FromCell::Display {
        data: bundle.data.clone(),
        metadata: bundle.metadata.clone(),
        display_id: id.map(str::to_owned),
        update,
    }
}

/// Shows a bundle where no kernel listens.
fn print_unconnected(bundle: &Bundle) {
    let evcxr = env::var_os(EVCXR).is_some();
    print!("{}", unconnected(bundle, evcxr));
    if evcxr {
        return;
    }
    match folder::save(bundle) {
        Ok(files) => {
            for file in files {
                eprintln!("saved {}", file.display());
            }
        }
        Err(error) => eprintln!("a picture was not saved: {error}"),
    }
}

/// What goes to standard output where no kernel listens.
fn unconnected(bundle: &Bundle, evcxr: bool) -> String {
    if !evcxr {
        return format!("{}\n", bundle.get("text/plain").unwrap_or_default());
    }
    let mut printed = String::new();
    for (mime, content) in bundle.forms() {
        let _ = writeln!(
            printed,
            "EVCXR_BEGIN_CONTENT {mime}\n{content}\nEVCXR_END_CONTENT"
        );
    }
    printed
}

#[cfg(test)]
mod tests {
    use super::super::connection::testing::Kernel;
    use super::*;

    #[test]
    fn a_kernel_gets_messages_and_a_lost_one_is_done_without() {
        let kernel = Kernel::start();
        let shown = Display::new(&Bundle::text("first"));
        assert!(shown.update(&Bundle::text("second")));
        clear_output(true);
        let [first, second, third] = <[FromCell; 3]>::try_from(kernel.received()).unwrap();

        let FromCell::Display {
            display_id: Some(id),
            update: false,
            ..
        } = first
        else {
            panic!("the first message shows");
        };
        let FromCell::Display {
            data,
            display_id,
            update: true,
            ..
        } = second
        else {
            panic!("the second message updates");
        };
        assert_eq!(
            (display_id, data["text/plain"].as_str()),
            (Some(id), Some("second"))
        );
        assert_eq!(third, FromCell::ClearOutput { wait: true });

        kernel.stop();
        assert!(!shown.update(&Bundle::text("nobody listens any more")));
    }

    #[test]
    fn evcxr_gets_its_markers_and_a_terminal_gets_text() {
        let bundle = Bundle::text("twin").with("text/html", "<b>x</b>");
        assert_eq!(unconnected(&bundle, false), "twin\n");
        assert_eq!(
            unconnected(&bundle, true),
            "EVCXR_BEGIN_CONTENT text/html\n<b>x</b>\nEVCXR_END_CONTENT\n\
             EVCXR_BEGIN_CONTENT text/plain\ntwin\nEVCXR_END_CONTENT\n"
        );
    }
}
