//! From which shape on which implementation is the faster one.

use std::fmt;

use super::report::BenchReport;
use crate::bench::compare::Row;
use crate::bench::statistics::ratio_interval;

/// `faster` takes less time than `slower` at this shape, and `slower` at none after it. Where the 95 %
/// interval of the quotient holds 1 neither is the faster.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Crossover {
    pub faster: String,
    pub slower: String,
    /// The place of the shape in the report; 0 where the lead is held from the first shape to the last.
    pub case: usize,
    pub shape: String,
    /// The shapes after it at which neither is.
    pub ties: Vec<String>,
}

impl fmt::Display for Crossover {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} is faster than {} ", self.faster, self.slower)?;
        match self.case {
            0 => f.write_str("at every shape")?,
            _ => write!(f, "from {} on", self.shape)?,
        }
        match self.ties.is_empty() {
            true => Ok(()),
            false => write!(f, " but {}", self.ties.join(", ")),
        }
    }
}

impl BenchReport {
    /// From which shape on ours is faster than another implementation, or that than ours, in the order of
    /// the shapes; of each that gives the same result. Nothing where there is one shape alone.
    pub fn crossovers(&self) -> Vec<Crossover> {
        if self.cases.len() < 2 {
            return Vec::new();
        }
        let others = 1..self.engines.len();
        others.filter_map(|other| self.crossover(other)).collect()
    }

    fn crossover(&self, other: usize) -> Option<Crossover> {
        let leads: Vec<Option<bool>> = self
            .cases
            .iter()
            .map(|case| {
                leads(
                    case.comparison.rows.first()?,
                    case.comparison.rows.get(other)?,
                )
            })
            .collect();
        let last = (*leads.last()?)?;
        let lost = leads.iter().rposition(|lead| *lead == Some(!last));
        let rest = lost.map_or(0, |lost| lost + 1);
        let case = rest + leads[rest..].iter().position(|lead| *lead == Some(last))?;
        let ties = leads.iter().zip(&self.cases).skip(case);
        let ties = ties.filter(|(lead, _)| lead.is_none());
        let (faster, slower) = if last { (0, other) } else { (other, 0) };
        Some(Crossover {
            faster: self.engines[faster].0.clone(),
            slower: self.engines[slower].0.clone(),
            case,
            shape: self.cases[case].shape.clone(),
            ties: ties.map(|(_, case)| case.shape.clone()).collect(),
        })
    }
}

/// Whether the first of two is the faster one, if either is, and both give a result that agrees.
fn leads(a: &Row, b: &Row) -> Option<bool> {
    let right = |row: &Row| row.difference.is_none_or(|difference| difference.agrees);
    if !right(a) || !right(b) {
        return None;
    }
    let (a, b) = (a.time.as_ref().ok()?, b.time.as_ref().ok()?);
    let interval = ratio_interval(a.samples(), b.samples());
    match (interval.high < 1.0, interval.low > 1.0) {
        (true, _) => Some(true),
        (_, true) => Some(false),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bench::benchmark::made_up::report;

    /// What is found of two engines, of which the second takes these times and the first one second.
    fn found(times: &[(f64, bool)]) -> Vec<String> {
        let shapes = &["1", "2", "3", "4"][..times.len()];
        let report = report(shapes, &[("one", &[(1.0, true); 4]), ("two", times)]);
        report
            .crossovers()
            .iter()
            .map(Crossover::to_string)
            .collect()
    }

    #[test]
    fn a_crossover_is_where_one_takes_the_lead_for_good() {
        let right =
            |times: &[f64]| -> Vec<(f64, bool)> { times.iter().map(|it| (*it, true)).collect() };
        let from = |faster: &str, slower: &str, shape| {
            vec![format!("{faster} is faster than {slower} from {shape} on")]
        };
        assert_eq!(found(&right(&[2.0, 1.5, 0.5])), from("two", "one", 3));
        assert_eq!(found(&right(&[0.5, 1.5, 2.0])), from("one", "two", 2));
        // A lead that is lost again counts for nothing.
        assert_eq!(found(&right(&[2.0, 0.5, 2.0, 0.5])), from("two", "one", 4));
        assert_eq!(
            found(&right(&[2.0, 2.0])),
            ["one is faster than two at every shape"]
        );
        // Equal before the lead, and within it.
        assert_eq!(found(&right(&[1.0, 1.0, 2.0])), from("one", "two", 3));
        assert_eq!(
            found(&right(&[2.0, 1.0, 2.0])),
            ["one is faster than two at every shape but 2"]
        );
        assert_eq!(
            found(&right(&[0.5, 2.0, 1.0, 2.0])),
            ["one is faster than two from 2 on but 3"]
        );
        // Equal at the end: nobody leads.
        assert!(found(&right(&[2.0, 1.0])).is_empty());
        assert!(found(&right(&[2.0])).is_empty() && found(&[]).is_empty());
    }

    #[test]
    fn what_differs_is_never_the_faster() {
        assert!(found(&[(2.0, true), (0.5, false)]).is_empty());
        assert_eq!(
            found(&[(2.0, true), (0.5, false), (0.5, true)])[0],
            "two is faster than one from 3 on"
        );
    }
}
