//! Files of texts: one text a line.

use std::io::Read;
use std::path::Path;

use anyhow::{Context, bail};

/// Reads a file of texts, or stdin where the path is `-`. A line ends at `\n` or `\r\n`, an empty
/// line is an empty text, and every other byte belongs to a text.
///
/// # Errors
/// When the file cannot be read, or a line is not UTF-8; the line is named.
pub fn read(path: &Path) -> anyhow::Result<Vec<String>> {
    let stdin = path == Path::new("-");
    let name = if stdin {
        "stdin".into()
    } else {
        path.display().to_string()
    };
    let bytes = if stdin {
        let mut bytes = Vec::new();
        std::io::stdin()
            .lock()
            .read_to_end(&mut bytes)
            .map(|_| bytes)
    } else {
        std::fs::read(path)
    };
    split(
        &bytes.with_context(|| format!("{name} cannot be read"))?,
        &name,
    )
}

fn split(bytes: &[u8], name: &str) -> anyhow::Result<Vec<String>> {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let mut texts = Vec::new();
    for (index, line) in bytes.split_inclusive(|byte| *byte == b'\n').enumerate() {
        let line = line.strip_suffix(b"\n").unwrap_or(line);
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        match std::str::from_utf8(line) {
            Ok(text) => texts.push(text.to_owned()),
            Err(error) => bail!(
                "{name}, line {}: byte {} is not UTF-8\n\n  try: convert the file, for example with \
                 iconv -f latin1 -t utf-8",
                index + 1,
                error.valid_up_to() + 1
            ),
        }
    }
    Ok(texts)
}

#[cfg(test)]
mod tests {
    use super::split;

    #[test]
    fn lines_end_as_they_do_on_any_system() {
        let texts = |bytes: &[u8]| split(bytes, "f").unwrap();
        assert_eq!(texts(b"a\nb\n"), ["a", "b"]);
        assert_eq!(texts(b"a\r\n\r\nb"), ["a", "", "b"]);
        assert_eq!(texts(b"\n\n"), ["", ""]);
        assert_eq!(texts(b"a\0b\rc\n"), ["a\0b\rc"]);
        assert_eq!(texts(b"\xef\xbb\xbfa"), ["a"]);
        assert!(texts(b"").is_empty());
    }

    #[test]
    fn bytes_that_are_not_utf8_are_named() {
        let error = split(b"fine\nna\xefve\n", "f").unwrap_err().to_string();
        assert!(
            error.starts_with("f, line 2: byte 3 is not UTF-8"),
            "{error}"
        );
    }
}
