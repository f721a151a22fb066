//! An open weights file, read piece by piece.

use std::fs::{File, Metadata};
use std::io::{self, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::SystemTime;

use super::WeightsError;
use super::safetensors::{self, Header};

/// What is read at once, in bytes: it stays in the first-level cache until it is in its place.
const PIECE: usize = 16 << 10;

/// A file that is expected to stay as it is while it is open. It is read, not mapped: so one that is cut
/// short meanwhile is an error, and no crash.
#[derive(Debug)]
pub struct WeightsFile {
    path: PathBuf,
    file: Mutex<File>,
    opened: Version,
}

/// What tells whether a file has been written to.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Version {
    length: u64,
    modified: Option<SystemTime>,
}

impl Version {
    fn of(metadata: &Metadata) -> Version {
        Version {
            length: metadata.len(),
            // Not every system keeps the time.
            modified: metadata.modified().ok(),
        }
    }
}

impl WeightsFile {
    /// # Errors
    /// When the file is not there or may not be read.
    pub fn open(path: &Path) -> io::Result<WeightsFile> {
        let file = File::open(path)?;
        Ok(WeightsFile {
            path: path.to_owned(),
            opened: Version::of(&file.metadata()?),
            file: Mutex::new(file),
        })
    }

    /// In bytes, when it was opened.
    fn length(&self) -> u64 {
        self.opened.length
    }

    /// Its safetensors header.
    ///
    /// # Errors
    /// When the file cannot be read, or is damaged.
    pub fn header(&self) -> Result<Header, WeightsError> {
        let mut file = self.file.lock().unwrap_or_else(PoisonError::into_inner);
        let header = safetensors::header(&mut *file, self.length());
        header.map_err(|error| error.of(self.path.display()))
    }

    /// So many bytes from an offset on.
    ///
    /// # Errors
    /// When they are not there, or the file has changed.
    pub fn bytes(&self, offset: u64, length: usize) -> Result<Vec<u8>, WeightsError> {
        self.read(offset, |file| {
            let mut bytes = Vec::new();
            file.take(length as u64).read_to_end(&mut bytes)?;
            match bytes.len() == length {
                true => Ok(bytes),
                false => Err(io::ErrorKind::UnexpectedEof.into()),
            }
        })
    }

    /// So many little-endian `f32` from an offset on.
    ///
    /// # Errors
    /// As [`WeightsFile::bytes`].
    pub fn numbers(&self, offset: u64, count: usize) -> Result<Vec<f32>, WeightsError> {
        self.read(offset, |file| {
            let mut numbers = Vec::with_capacity(count);
            let mut piece = [0; PIECE];
            while numbers.len() < count {
                let left = (count - numbers.len()) * size_of::<f32>();
                let piece = &mut piece[..left.min(PIECE)];
                file.read_exact(piece)?;
                let (words, _) = piece.as_chunks();
                numbers.extend(words.iter().map(|word| f32::from_le_bytes(*word)));
            }
            Ok(numbers)
        })
    }

    fn read<T>(
        &self,
        offset: u64,
        read: impl FnOnce(&mut File) -> io::Result<T>,
    ) -> Result<T, WeightsError> {
        let mut file = self.file.lock().unwrap_or_else(PoisonError::into_inner);
        let found = file
            .seek(SeekFrom::Start(offset))
            .and_then(|_| read(&mut file));
        // Also what changed while it was read.
        if Version::of(&file.metadata().map_err(|error| self.unreadable(&error))?) != self.opened {
            let what = "it has changed since it was opened";
            return Err(
                WeightsError::new(format!("{}: {what}", self.path.display()))
                    .help("open it again, once whatever writes it has ended"),
            );
        }
        found.map_err(|error| self.unreadable(&error))
    }

    fn unreadable(&self, error: &io::Error) -> WeightsError {
        WeightsError::unreadable(&self.path, error)
    }
}
