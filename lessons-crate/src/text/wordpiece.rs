//! Learning a WordPiece vocabulary from word counts: the most frequent pair of pieces becomes a
//! piece, again and again, until the vocabulary is full.
//!
//! Ties are broken by the pieces' text, so the same counts give the same vocabulary everywhere.
//! (The trainer of the `tokenizers` crate walks hash maps and gives another order in each process.)

use std::collections::{BTreeMap, BTreeSet, BinaryHeap, HashMap};

use super::vocab::SPECIAL_TOKENS;

/// What a vocabulary is to hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct VocabOptions {
    /// Number of tokens, special tokens and alphabet included; fewer if the text has no more pairs.
    pub size: usize,
    /// A pair seen less often is not joined.
    pub min_count: u64,
}

/// A pair of neighbouring pieces that may be joined; the heap's largest is joined next.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Candidate {
    count: u64,
    // `Reverse`: among equal counts the alphabetically first wins.
    pieces: std::cmp::Reverse<(String, String)>,
    pair: (u32, u32),
}

/// Learns a vocabulary: special tokens, the alphabet (every character of the words, and printable
/// ASCII, at the beginning and inside of words), then the pieces in the order in which they were
/// joined. A piece that does not begin a word starts with `##`.
///
/// ```
/// use lessons::text::wordpiece::{VocabOptions, learn_vocab};
///
/// let words = [("film".to_owned(), 9), ("films".to_owned(), 4)].into();
/// let vocab = learn_vocab(&words, VocabOptions { size: 1_000, min_count: 2 });
/// assert!(vocab.contains(&"film".to_owned()) && vocab.contains(&"##s".to_owned()));
/// ```
pub fn learn_vocab(words: &BTreeMap<String, u64>, options: VocabOptions) -> Vec<String> {
    let mut vocab: Vec<String> = SPECIAL_TOKENS.map(str::to_owned).to_vec();
    let alphabet: BTreeSet<char> = words
        .keys()
        .flat_map(|word| word.chars())
        .chain('!'..='~')
        .collect();
    let alphabet: Vec<char> = alphabet
        .into_iter()
        .filter(|c| !c.is_ascii_uppercase())
        .collect();
    vocab.extend(alphabet.iter().map(char::to_string));
    vocab.extend(
        alphabet
            .iter()
            .filter(|c| c.is_alphanumeric())
            .map(|c| format!("##{c}")),
    );
    let mut id_of: HashMap<String, u32> = vocab.iter().cloned().zip(0..).collect();

    let mut spellings: Vec<(Vec<u32>, u64)> = Vec::with_capacity(words.len());
    for (word, &count) in words {
        let mut pieces = Vec::new();
        for (index, c) in word.chars().enumerate() {
            let piece = if index == 0 {
                c.to_string()
            } else {
                format!("##{c}")
            };
            let next = id_of.len() as u32;
            pieces.push(*id_of.entry(piece.clone()).or_insert_with(|| {
                vocab.push(piece);
                next
            }));
        }
        spellings.push((pieces, count));
    }

    let mut counts: HashMap<(u32, u32), u64> = HashMap::new();
    let mut places: HashMap<(u32, u32), BTreeSet<usize>> = HashMap::new();
    for (index, (pieces, count)) in spellings.iter().enumerate() {
        for pair in pairs(pieces) {
            *counts.entry(pair).or_default() += count;
            places.entry(pair).or_default().insert(index);
        }
    }
    let candidate = |vocab: &[String], pair: (u32, u32), count: u64| Candidate {
        count,
        pieces: std::cmp::Reverse((
            vocab[pair.0 as usize].clone(),
            vocab[pair.1 as usize].clone(),
        )),
        pair,
    };
    let mut heap: BinaryHeap<Candidate> = counts
        .iter()
        .map(|(&pair, &count)| candidate(&vocab, pair, count))
        .collect();

    while vocab.len() < options.size {
        let Some(best) = heap.pop() else { break };
        let count = counts.get(&best.pair).copied().unwrap_or(0);
        if count != best.count {
            if count > 0 {
                heap.push(candidate(&vocab, best.pair, count));
            }
            continue;
        }
        if count < options.min_count {
            break;
        }
        let joined = format!(
            "{}{}",
            vocab[best.pair.0 as usize],
            vocab[best.pair.1 as usize].trim_start_matches("##")
        );
        // Two ways of joining can spell the same piece: the second reuses its id.
        let new = *id_of.entry(joined.clone()).or_insert_with(|| {
            vocab.push(joined);
            vocab.len() as u32 - 1
        });
        let mut changed = BTreeSet::new();
        for index in places.remove(&best.pair).unwrap_or_default() {
            let (pieces, count) = &mut spellings[index];
            for pair in pairs(pieces) {
                if let Some(total) = counts.get_mut(&pair) {
                    *total -= *count;
                }
            }
            *pieces = join(pieces, best.pair, new);
            for pair in pairs(pieces) {
                *counts.entry(pair).or_default() += *count;
                places.entry(pair).or_default().insert(index);
                changed.insert(pair);
            }
        }
        counts.remove(&best.pair);
        for pair in changed {
            if let Some(&count) = counts.get(&pair) {
                heap.push(candidate(&vocab, pair, count));
            }
        }
    }
    vocab
}

fn pairs(pieces: &[u32]) -> impl Iterator<Item = (u32, u32)> + '_ {
    pieces.windows(2).map(|pair| (pair[0], pair[1]))
}

fn join(pieces: &[u32], pair: (u32, u32), new: u32) -> Vec<u32> {
    let mut joined = Vec::with_capacity(pieces.len());
    let mut index = 0;
    while index < pieces.len() {
        if pieces[index..].starts_with(&[pair.0, pair.1]) {
            joined.push(new);
            index += 2;
        } else {
            joined.push(pieces[index]);
            index += 1;
        }
    }
    joined
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words() -> BTreeMap<String, u64> {
        [
            ("low", 5),
            ("lower", 2),
            ("newest", 6),
            ("widest", 3),
            ("élan", 1),
            ("aaaa", 7),
        ]
        .map(|(word, count)| (word.to_owned(), count))
        .into()
    }

    /// The same rule without any bookkeeping: count all pairs anew before each join.
    fn learn_slowly(words: &BTreeMap<String, u64>, options: VocabOptions) -> Vec<String> {
        let start = learn_vocab(words, VocabOptions { size: 0, ..options });
        let mut vocab = start.clone();
        let mut spellings: Vec<(Vec<String>, u64)> = words
            .iter()
            .map(|(word, &count)| {
                let spell =
                    |(i, c): (usize, char)| if i == 0 { c.into() } else { format!("##{c}") };
                (word.chars().enumerate().map(spell).collect(), count)
            })
            .collect();
        while vocab.len() < options.size {
            let mut counts: BTreeMap<(String, String), u64> = BTreeMap::new();
            for (pieces, count) in &spellings {
                for pair in pieces.windows(2) {
                    *counts
                        .entry((pair[0].clone(), pair[1].clone()))
                        .or_default() += count;
                }
            }
            let Some((pair, count)) = counts
                .into_iter()
                .max_by(|a, b| a.1.cmp(&b.1).then(b.0.cmp(&a.0)))
            else {
                break;
            };
            if count < options.min_count {
                break;
            }
            let joined = format!("{}{}", pair.0, pair.1.trim_start_matches("##"));
            for (pieces, _) in &mut spellings {
                let mut index = 0;
                while index + 1 < pieces.len() {
                    if pieces[index] == pair.0 && pieces[index + 1] == pair.1 {
                        pieces[index] = joined.clone();
                        pieces.remove(index + 1);
                    }
                    index += 1;
                }
            }
            if !vocab.contains(&joined) {
                vocab.push(joined);
            }
        }
        vocab
    }

    #[test]
    fn bookkeeping_changes_nothing() {
        for size in [0, 180, 190, 400] {
            for min_count in [1, 3] {
                let options = VocabOptions { size, min_count };
                assert_eq!(
                    learn_vocab(&words(), options),
                    learn_slowly(&words(), options)
                );
            }
        }
    }

    #[test]
    fn ids_are_unique_and_frequent_words_whole() {
        let vocab = learn_vocab(
            &words(),
            VocabOptions {
                size: 1_000,
                min_count: 2,
            },
        );
        let unique: BTreeSet<&String> = vocab.iter().collect();
        assert_eq!(unique.len(), vocab.len());
        assert!(
            ["newest", "widest", "lower", "aaaa", "é"]
                .iter()
                .all(|w| vocab.contains(&(*w).to_owned()))
        );
        assert!(!vocab.contains(&"élan".to_owned()), "seen once only");
    }
}
