//! Where the cells that a notebook needs are kept, so that a restarted kernel finds them.
//!
//! Each session writes a file of its own and holds a lock on it: files without a lock are of sessions
//! that have ended, however that came about. A notebook's files begin with a hash of its name.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use sha2::{Digest, Sha256};

use super::history::Entry;

/// A session that nobody asked for in this time is forgotten.
const KEPT: Duration = Duration::from_secs(30 * 24 * 3600);

pub struct Store {
    folder: PathBuf,
    key: String,
    /// This session's file, locked.
    own: Option<(PathBuf, File)>,
    /// The file of the session before; it goes when this one has a file.
    before: Option<PathBuf>,
}

/// The name by which a notebook is known: its path if the server says it, else the folder in which
/// the kernel was started.
pub fn notebook() -> String {
    let named = std::env::var("JPY_SESSION_NAME").ok();
    named.filter(|name| !name.is_empty()).unwrap_or_else(|| {
        let here = std::env::current_dir().unwrap_or_default();
        here.to_string_lossy().into_owned()
    })
}

impl Store {
    /// Opens the folder for a notebook, and reads what its last session left.
    pub fn open(folder: &Path, notebook: &str) -> (Store, Vec<Entry>) {
        let digest = Sha256::digest(notebook.as_bytes());
        let mut store = Store {
            folder: folder.to_owned(),
            key: hex::encode(&digest[..12]),
            own: None,
            before: None,
        };
        let mut ended = Vec::new();
        for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
            let path = entry.path();
            let Ok(file) = File::open(&path) else {
                continue;
            };
            let used = file.metadata().and_then(|file| file.modified());
            let (Ok(()), Ok(used)) = (file.try_lock(), used) else {
                continue;
            };
            let ours = entry.file_name().to_string_lossy().starts_with(&store.key);
            if ours {
                ended.push((used, path));
            } else if SystemTime::now()
                .duration_since(used)
                .is_ok_and(|age| age > KEPT)
            {
                remove(&path);
            }
        }
        ended.sort();
        let newest = ended.pop();
        for (_, path) in ended {
            remove(&path);
        }
        let entries = newest.map(|(_, path)| {
            let text = fs::read(&path).unwrap_or_default();
            store.before = Some(path);
            // A file of another version says nothing to this one.
            serde_json::from_slice(&text).unwrap_or_default()
        });
        (store, entries.unwrap_or_default())
    }

    /// Replaces what is kept for the notebook.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn save(&mut self, entries: &[Entry]) -> io::Result<()> {
        if entries.is_empty() {
            self.clear();
            return Ok(());
        }
        fs::create_dir_all(&self.folder)?;
        let mut file = tempfile::Builder::new()
            .prefix("new-")
            .tempfile_in(&self.folder)?;
        file.as_file().try_lock()?;
        file.write_all(&serde_json::to_vec(entries)?)?;
        let path = match &self.own {
            Some((path, _)) => path.clone(),
            None => {
                let session = uuid::Uuid::new_v4().simple();
                self.folder.join(format!("{}-{session}.json", self.key))
            }
        };
        let file = file.persist(&path)?;
        self.own = Some((path, file));
        if let Some(before) = self.before.take() {
            remove(&before);
        }
        Ok(())
    }

    /// Forgets everything that is kept for the notebook.
    pub fn clear(&mut self) {
        let own = self.own.take().map(|(path, _)| path);
        for path in own.into_iter().chain(self.before.take()) {
            remove(&path);
        }
    }
}

fn remove(path: &Path) {
    // Another kernel may have been quicker.
    let _ = fs::remove_file(path);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(code: &str) -> Entry {
        Entry {
            code: code.into(),
            ..Entry::default()
        }
    }

    #[test]
    fn a_session_finds_what_the_one_before_left() {
        let folder = tempfile::tempdir().unwrap();
        let (mut first, before) = Store::open(folder.path(), "a.ipynb");
        assert!(before.is_empty());
        first.save(&[entry("1")]).unwrap();
        first.save(&[entry("1"), entry("2")]).unwrap();
        // One that still runs is left alone.
        let (_, before) = Store::open(folder.path(), "a.ipynb");
        assert!(before.is_empty());
        drop(first);
        let (_, before) = Store::open(folder.path(), "b.ipynb");
        assert!(before.is_empty());
        let (mut second, before) = Store::open(folder.path(), "a.ipynb");
        assert_eq!(before, [entry("1"), entry("2")]);
        // Until it has something of its own, the earlier one stays.
        drop(Store::open(folder.path(), "a.ipynb"));
        second.save(&[entry("3")]).unwrap();
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
        drop(second);
        let (mut third, before) = Store::open(folder.path(), "a.ipynb");
        assert_eq!(before, [entry("3")]);
        third.clear();
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
    }

    #[test]
    fn a_file_that_cannot_be_read_is_no_session() {
        let folder = tempfile::tempdir().unwrap();
        let (mut store, _) = Store::open(folder.path(), "a");
        store.save(&[entry("1")]).unwrap();
        let path = store.own.take().unwrap().0;
        fs::write(path, "{").unwrap();
        assert!(Store::open(folder.path(), "a").1.is_empty());
    }
}
