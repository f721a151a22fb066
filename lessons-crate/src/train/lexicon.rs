//! Learning the lexicon's word scores by counting.

use std::collections::{BTreeMap, BTreeSet};

use super::Example;
use crate::interrupt::check_point;
use crate::models::lexicon::{LABELS, Lexicon, Rules, words};

/// Learns word scores from labelled texts: the smoothed logarithm of how much likelier a word is in
/// positive texts than in negative ones, each text counted once for each of its words.
///
/// ```
/// use lessons::models::lexicon::Rules;
/// use lessons::train::{Example, lexicon::learn};
///
/// let texts = |label, text: &str| (0..30).map(move |_| Example { label, text: text.to_owned() }).collect::<Vec<_>>();
/// let examples = [texts(1, "a joy"), texts(0, "a bore")].concat();
/// let lexicon = learn(&examples, Rules::embedded()?);
/// assert!(lexicon.scores()["joy"] > 0.5 && lexicon.scores()["bore"] < -0.5);
/// assert!(!lexicon.scores().contains_key("a"), "it says nothing");
/// # Ok::<(), lessons::models::lexicon::LexiconError>(())
/// ```
pub fn learn(examples: &[Example], rules: Rules) -> Lexicon {
    let mut counts: BTreeMap<String, [u64; 2]> = BTreeMap::new();
    let mut texts = [0u64; 2];
    for example in examples {
        check_point();
        let class = usize::from(example.label == 1);
        texts[class] += 1;
        for word in words(&example.text).into_iter().collect::<BTreeSet<_>>() {
            counts.entry(word).or_default()[class] += 1;
        }
    }
    let all = texts.iter().sum::<u64>().max(1) as f64;
    let share = texts.map(|count| count as f64 / all);
    let options = &rules.scores;
    let mut scores = BTreeMap::new();
    for (word, count) in counts {
        if count.iter().sum::<u64>() < options.min_count {
            continue;
        }
        let smooth = |class: usize| count[class] as f64 + options.smoothing * share[class];
        let odds = (smooth(1) / smooth(0)).ln() - (share[1] / share[0]).ln();
        let score = odds.clamp(-options.bound, options.bound);
        if score.abs() >= options.min_score {
            scores.insert(word, (score * 1_000.0).round() / 1_000.0);
        }
    }
    Lexicon::new(scores, rules)
}

/// Share of examples that the lexicon labels right, from 0 to 1; 0 of none.
pub fn accuracy(lexicon: &Lexicon, examples: &[Example]) -> f64 {
    let right = |example: &&Example| {
        lexicon.classify(&example.text).label == LABELS[example.label as usize]
    };
    examples.iter().filter(right).count() as f64 / examples.len().max(1) as f64
}
