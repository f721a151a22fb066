//! What a classifier says of a text: the probability of each label.

use super::chart::BarChart;
use super::picture::Figure;
use super::show::Show;
use crate::models::Classification;

impl Show for Classification {
    fn figure(&self) -> Figure {
        let title = self.text.as_deref().unwrap_or("token ids");
        let scores = self
            .scores
            .iter()
            .map(|(label, score)| (label.as_str(), f64::from(*score)));
        BarChart::probabilities(title, scores).figure()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_label_has_its_bar() {
        let answer = Classification {
            text: Some("a <b>fine</b> film".into()),
            label: "POSITIVE".into(),
            score: 0.75,
            scores: vec![("NEGATIVE".into(), 0.25), ("POSITIVE".into(), 0.75)],
            logits: vec![0.0, 1.1],
            truncated: None,
        };
        let figure = answer.figure();
        assert_eq!(
            figure.alt(),
            "Bar chart a <b>fine</b> film: POSITIVE is the most likely, at 75.0 %."
        );
        assert!(!figure.to_html().contains("<b>"));
    }
}
