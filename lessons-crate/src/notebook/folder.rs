//! Where a plain program puts its pictures.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::Bundle;

/// The folder, and how many bundles it has been given.
static FOLDER: Mutex<Option<(PathBuf, usize)>> = Mutex::new(None);

/// From now on, a plain program that shows something also saves its HTML, SVG and PNG forms into
/// `folder`, numbered in the order in which they are shown. Text goes to standard output as before.
/// Under a notebook kernel nothing is saved. The folder is made with the first file.
pub fn save_into(folder: impl Into<PathBuf>) {
    let mut now = FOLDER.lock().unwrap_or_else(PoisonError::into_inner);
    *now = Some((folder.into(), 0));
}

/// Saves a bundle, where [`save_into`] named a folder; gives the files that were written.
pub(super) fn save(bundle: &Bundle) -> io::Result<Vec<PathBuf>> {
    let mut now = FOLDER.lock().unwrap_or_else(PoisonError::into_inner);
    let Some((folder, count)) = now.as_mut() else {
        return Ok(Vec::new());
    };
    let files = write(folder, *count + 1, bundle)?;
    if !files.is_empty() {
        *count += 1;
    }
    Ok(files)
}

fn write(folder: &Path, number: usize, bundle: &Bundle) -> io::Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for (mime, content) in bundle.forms() {
        let (extension, bytes) = match mime {
            "text/html" => {
                let page = format!("<!DOCTYPE html>\n<meta charset=\"utf-8\">\n{content}\n");
                ("html", page.into_bytes())
            }
            "image/svg+xml" => ("svg", content.as_bytes().to_vec()),
            "image/png" => ("png", STANDARD.decode(content).map_err(io::Error::other)?),
            _ => continue,
        };
        fs::create_dir_all(folder)?;
        let file = folder.join(format!("{number:02}.{extension}"));
        fs::write(&file, bytes)?;
        files.push(file);
    }
    Ok(files)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_but_text_becomes_a_file() {
        let folder = tempfile::tempdir().unwrap();
        let out = folder.path().join("out");
        assert!(write(&out, 1, &Bundle::text("twin")).unwrap().is_empty());
        assert!(!out.exists());
        let bundle = Bundle::text("twin")
            .with("text/html", "<b>x</b>")
            .with("image/png", "AAEC");
        let files = write(&out, 3, &bundle).unwrap();
        assert_eq!(files, [out.join("03.png"), out.join("03.html")]);
        assert_eq!(fs::read(&files[0]).unwrap(), [0, 1, 2]);
        assert!(
            fs::read_to_string(&files[1])
                .unwrap()
                .ends_with("<b>x</b>\n")
        );
        assert!(write(&out, 4, &Bundle::text("").with("image/png", "no base64")).is_err());
    }
}
