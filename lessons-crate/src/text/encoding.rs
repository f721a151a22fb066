//! One encoded text, and a padded batch of them.

use super::TextError;

/// The tokens of one text, special tokens included.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Encoding {
    /// Token ids, `[len]`.
    pub ids: Vec<u32>,
    /// The tokens as text, `[len]`; a piece that continues a word begins with `##`.
    pub tokens: Vec<String>,
    /// For each token the bytes of the text that it covers; `(0, 0)` for special tokens.
    pub offsets: Vec<(usize, usize)>,
    /// Whether each token was added by the template (`[CLS]`, `[SEP]`).
    pub special: Vec<bool>,
    /// Whether tokens were cut off to keep to the limit.
    pub truncated: bool,
    /// How many tokens the whole text has, special tokens included.
    pub full_len: usize,
}

impl Encoding {
    /// Number of tokens, special tokens included.
    pub fn len(&self) -> usize {
        self.ids.len()
    }

    /// Whether there is no token at all (only a template without special tokens can give that).
    pub fn is_empty(&self) -> bool {
        self.ids.is_empty()
    }
}

/// Lists of ids brought to one length: row-major `[batch, len]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TokenBatch {
    /// Number of rows.
    pub batch: usize,
    /// Length of each row: that of the longest list.
    pub len: usize,
    /// Token ids, `[batch, len]`, filled up on the right with the padding id.
    pub ids: Vec<u32>,
    /// 1 for a token, 0 for padding, `[batch, len]`.
    pub attention_mask: Vec<u32>,
}

impl TokenBatch {
    /// Pads lists of ids on the right with `pad_id`.
    ///
    /// # Errors
    /// No list at all, or a list without ids.
    ///
    /// ```
    /// let batch = lessons::text::TokenBatch::pad(&[vec![2, 7, 3], vec![2, 3]], 0)?;
    /// assert_eq!((batch.batch, batch.len), (2, 3));
    /// assert_eq!(batch.ids, [2, 7, 3, 2, 3, 0]);
    /// assert_eq!(batch.attention_mask, [1, 1, 1, 1, 1, 0]);
    /// # Ok::<(), lessons::text::TextError>(())
    /// ```
    pub fn pad<R: AsRef<[u32]>>(rows: &[R], pad_id: u32) -> Result<Self, TextError> {
        let len = rows
            .iter()
            .map(|row| row.as_ref().len())
            .max()
            .ok_or_else(|| TextError::Batch("no texts: give at least one".to_owned()))?;
        let mut ids = Vec::with_capacity(rows.len() * len);
        let mut attention_mask = Vec::with_capacity(rows.len() * len);
        for (index, row) in rows.iter().enumerate() {
            let row = row.as_ref();
            if row.is_empty() {
                return Err(TextError::Batch(format!(
                    "{} lists: list {index} (from 0) is empty; a sequence needs at least one id",
                    rows.len()
                )));
            }
            let padding = len - row.len();
            ids.extend_from_slice(row);
            ids.extend(std::iter::repeat_n(pad_id, padding));
            attention_mask.extend(std::iter::repeat_n(1, row.len()));
            attention_mask.extend(std::iter::repeat_n(0, padding));
        }
        Ok(Self {
            batch: rows.len(),
            len,
            ids,
            attention_mask,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_and_empty_lists_are_refused() {
        let none: [Vec<u32>; 0] = [];
        assert!(
            TokenBatch::pad(&none, 0)
                .unwrap_err()
                .to_string()
                .contains("at least one")
        );
        let error = TokenBatch::pad(&[vec![1], vec![]], 0)
            .unwrap_err()
            .to_string();
        assert!(error.contains("list 1"), "{error}");
    }
}
