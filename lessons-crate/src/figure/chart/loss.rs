//! Loss curves: how training went, and whether the model has begun to learn by heart.

use super::line::LineChart;
use crate::figure::number::short;
use crate::figure::picture::Figure;
use crate::figure::show::Show;

/// Longer runs are drawn by the means of as many stretches.
const MOST_STEPS: usize = 60;

/// The loss of each training step, and that on held-out examples where it was measured.
///
/// A long run is drawn by the means of stretches of steps, with a band from the least to the
/// greatest loss of each.
///
/// ```
/// use lessons::figure::LossCurve;
/// use lessons::prelude::*;
///
/// let curve = LossCurve::new("tiny").train([0.9, 0.5, 0.3, 0.2]).validation([(2, 0.6), (4, 0.4)]);
/// assert_eq!(
///     curve.figure().alt(),
///     "Loss curve tiny: training loss falls from 0.9 to 0.2 over 4 steps; validation loss is \
///      lowest at the end, 0.4."
/// );
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct LossCurve {
    title: String,
    train: Vec<f64>,
    validation: Vec<(usize, f64)>,
    log: bool,
}

/// The mean loss of some steps.
struct Stretch {
    /// The step in its middle; steps count from 1.
    step: f64,
    mean: f64,
    range: [f64; 2],
}

impl LossCurve {
    pub fn new(title: &str) -> LossCurve {
        LossCurve {
            title: title.to_owned(),
            train: Vec::new(),
            validation: Vec::new(),
            log: false,
        }
    }

    /// The loss of each step, from the first on.
    pub fn train<L: Into<f64>>(mut self, losses: impl IntoIterator<Item = L>) -> LossCurve {
        self.train = losses.into_iter().map(Into::into).collect();
        self
    }

    /// Losses on examples that are not trained on, each after so many steps.
    pub fn validation<L: Into<f64>>(
        mut self,
        losses: impl IntoIterator<Item = (usize, L)>,
    ) -> LossCurve {
        let losses = losses.into_iter().map(|(step, loss)| (step, loss.into()));
        self.validation = losses.collect();
        self.validation.sort_by_key(|(step, _)| *step);
        self
    }

    /// Makes the axis of the loss logarithmic.
    pub fn log_y(mut self) -> LossCurve {
        self.log = true;
        self
    }

    fn stretches(&self) -> Vec<Stretch> {
        let length = self.train.len().div_ceil(MOST_STEPS).max(1);
        let stretch = |(index, losses): (usize, &[f64])| Stretch {
            step: (index * length) as f64 + (losses.len() + 1) as f64 / 2.0,
            mean: losses.iter().sum::<f64>() / losses.len() as f64,
            range: [
                losses.iter().copied().fold(f64::INFINITY, f64::min),
                losses.iter().copied().fold(f64::NEG_INFINITY, f64::max),
            ],
        };
        self.train.chunks(length).enumerate().map(stretch).collect()
    }

    fn words(&self, stretches: &[Stretch]) -> String {
        let mut words = Vec::new();
        let means: Vec<f64> = stretches
            .iter()
            .map(|stretch| stretch.mean)
            .filter(|mean| mean.is_finite())
            .collect();
        if let [first, .., last] | [first @ last] = means.as_slice() {
            let verb = match last.total_cmp(first) {
                std::cmp::Ordering::Less => "falls",
                std::cmp::Ordering::Equal => "stays",
                std::cmp::Ordering::Greater => "rises",
            };
            let steps = crate::figure::diagram::count(self.train.len(), "step");
            words.push(format!(
                "training loss {verb} from {} to {} over {steps}",
                short(*first, 3),
                short(*last, 3)
            ));
        }
        if let Some(at) = self.train.iter().position(|loss| !loss.is_finite()) {
            let never_again = self.train[at..].iter().all(|loss| !loss.is_finite());
            words.push(match never_again {
                true => format!("it is not finite from step {} on", at + 1),
                false => format!("it is not finite at step {}", at + 1),
            });
        }
        let finite = || self.validation.iter().filter(|(_, loss)| loss.is_finite());
        let best = finite().min_by(|a, b| a.1.total_cmp(&b.1));
        if let (Some((step, best)), Some((end, last))) = (best, finite().next_back()) {
            words.push(match step == end {
                true => format!(
                    "validation loss is lowest at the end, {}",
                    short(*best, 3)
                ),
                false => format!(
                    "validation loss is lowest at step {step}, {}, and {} at the end: from there on \
                     the model learned by heart",
                    short(*best, 3),
                    short(*last, 3)
                ),
            });
        }
        match words.is_empty() {
            true => "no losses.".to_owned(),
            false => format!("{}.", words.join("; ")),
        }
    }
}

impl Show for LossCurve {
    fn figure(&self) -> Figure {
        let stretches = self.stretches();
        let mut chart = LineChart::new(&self.title)
            .x("step")
            .y("loss")
            .finding(&self.words(&stretches))
            .kind("Loss curve");
        if self.log {
            chart = chart.log_y();
        }
        let whole = stretches.len() == self.train.len();
        if whole {
            let points = stretches.iter().map(|stretch| (stretch.step, stretch.mean));
            chart = chart.line("training", points);
        } else {
            let points = stretches.iter();
            let points = points.map(|stretch| (stretch.step, stretch.mean, stretch.range));
            chart = chart.intervals("training", points);
        }
        if !self.validation.is_empty() {
            let points = self.validation.iter();
            chart = chart.series(
                "validation",
                points.map(|(step, loss)| (*step as f64, *loss)),
            );
        }
        chart.figure()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runs_are_told_in_words() {
        let falling = (0..10_000).map(|step| 1.0 / (1.0 + f64::from(step) / 100.0));
        let curve = LossCurve::new("long").train(falling).validation([
            (1000, 0.5),
            (5000, 0.3),
            (10_000, 0.4),
        ]);
        let figure = curve.figure();
        assert!(
            figure.alt().ends_with(
                "validation loss is lowest at step 5000, 0.3, and 0.4 at the end: from there on \
                 the model learned by heart."
            ),
            "{}",
            figure.alt()
        );
        assert!(figure.to_svg().len() < 30_000, "{}", figure.to_svg().len());

        let diverged = LossCurve::new("bad").train([1f32, 2.0, f32::NAN, f32::NAN]);
        let alt = diverged.figure().alt().to_owned();
        assert!(
            alt.ends_with("rises from 1 to 2 over 4 steps; it is not finite from step 3 on."),
            "{alt}"
        );
        assert!(LossCurve::new("none").figure().alt().contains("no losses"));
    }
}
