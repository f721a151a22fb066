//! Where one line goes below another.

use super::{LineChart, Series, Style};

/// How two lines lie to one another.
pub(super) enum Relation<'a> {
    /// One is below the other everywhere.
    Below {
        lower: &'a Series,
        upper: &'a Series,
    },
    Crossing(Crossing<'a>),
}

/// Two lines that change places once.
pub(super) struct Crossing<'a> {
    /// The one that is below in the end.
    pub lower: &'a Series,
    pub upper: &'a Series,
    /// The first x at which it is, of those that both have.
    pub from: f64,
    /// Where the lines cross, as they are drawn.
    pub at: [f64; 2],
}

impl LineChart {
    /// The pairs of lines that were asked for, or the only two if both are measured, as far as
    /// something is to be said of them.
    pub(super) fn compared(&self) -> Vec<Relation<'_>> {
        if let [a, b] = self.series.as_slice()
            && self.crossings.is_empty()
        {
            return self.relation(a, b).into_iter().collect();
        }
        let find = |name: &str| self.series.iter().find(|series| series.name == name);
        let pairs = self.crossings.iter();
        pairs
            .filter_map(|[a, b]| self.relation(find(a)?, find(b)?))
            .collect()
    }

    /// `None` where two lines change places more than once, or have fewer than two x in common.
    fn relation<'a>(&self, a: &'a Series, b: &'a Series) -> Option<Relation<'a>> {
        if a.style != Style::Measured || b.style != Style::Measured {
            return None;
        }
        let placed = a.points.iter().filter(|point| self.has_place(point));
        let common: Vec<(f64, f64, f64)> = placed
            .filter_map(|at| {
                let mut others = b.points.iter().filter(|point| self.has_place(point));
                Some((at.x, at.y, others.find(|point| point.x == at.x)?.y))
            })
            .collect();
        if common.len() < 2 {
            return None;
        }
        let below: Vec<bool> = common.iter().map(|(_, a, b)| b < a).collect();
        let (first, last) = (below[0], below[below.len() - 1]);
        let (lower, upper) = if last { (b, a) } else { (a, b) };
        match below.windows(2).filter(|pair| pair[0] != pair[1]).count() {
            0 => Some(Relation::Below { lower, upper }),
            1 => {
                let after = below.iter().position(|is| *is != first)?;
                Some(Relation::Crossing(Crossing {
                    lower,
                    upper,
                    from: common[after].0,
                    at: self.meeting(common[after - 1], common[after]),
                }))
            }
            _ => None,
        }
    }

    /// Where two straight lines meet on these axes, each from a point at one x to one at another.
    fn meeting(&self, from: (f64, f64, f64), to: (f64, f64, f64)) -> [f64; 2] {
        let along = |value: f64, axis: usize| if self.log[axis] { value.ln() } else { value };
        let back = |value: f64, axis: usize| if self.log[axis] { value.exp() } else { value };
        let [before, after] = [from, to].map(|(_, a, b)| along(a, 1) - along(b, 1));
        let part = before / (before - after);
        let between = |from: f64, to: f64, axis: usize| {
            let (from, to) = (along(from, axis), along(to, axis));
            back(from + (to - from) * part, axis)
        };
        [between(from.0, to.0, 0), between(from.1, to.1, 1)]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::figure::Show;

    fn crossings(chart: &LineChart) -> Vec<(String, f64, [f64; 2])> {
        let crossing = |relation| match relation {
            Relation::Crossing(crossing) => {
                Some((crossing.lower.name.clone(), crossing.from, crossing.at))
            }
            Relation::Below { .. } => None,
        };
        chart.compared().into_iter().filter_map(crossing).collect()
    }

    #[test]
    fn lines_cross_where_they_are_drawn_to() {
        let chart = LineChart::new("straight")
            .series("a", [(0.0, 0.0), (10.0, 10.0)])
            .series("b", [(0.0, 4.0), (10.0, 4.0)]);
        assert_eq!(crossings(&chart), [("b".to_owned(), 10.0, [4.0, 4.0])]);
        let chart = LineChart::new("powers")
            .log_x()
            .log_y()
            .series("a", [(1.0, 1.0), (100.0, 100.0)])
            .series("b", [(1.0, 10.0), (100.0, 10.0)]);
        let (name, from, [x, y]) = crossings(&chart).remove(0);
        assert_eq!((name.as_str(), from), ("b", 100.0));
        assert!((x - 10.0).abs() < 1e-9 && (y - 10.0).abs() < 1e-9);
        let alt = chart.figure().alt().to_owned();
        assert!(
            alt.contains("b is below a from 100 on (the lines cross near 10)"),
            "{alt}"
        );
    }

    #[test]
    fn of_several_lines_those_that_are_named_are_marked() {
        let chart = LineChart::new("three")
            .series("a", [(0.0, 0.0), (10.0, 10.0)])
            .series("b", [(0.0, 4.0), (10.0, 4.0)])
            .series("c", [(0.0, 8.0), (10.0, 8.0)]);
        let circles = |chart: &LineChart| chart.figure().to_svg().matches("<circle").count();
        assert!(crossings(&chart).is_empty());
        let marked = chart
            .clone()
            .crossing("b", "a")
            .crossing("c", "a")
            .crossing("c", "b")
            .crossing("d", "a");
        assert_eq!(crossings(&marked).len(), 2);
        assert_eq!(circles(&marked), circles(&chart) + 2);
        let alt = marked.figure().alt().to_owned();
        assert!(alt.contains("b is below c everywhere"), "{alt}");
    }

    #[test]
    fn lines_that_cross_twice_or_share_no_points_are_not_marked() {
        let twice = LineChart::new("twice")
            .series("a", [(0.0, 0.0), (1.0, 2.0), (2.0, 0.0)])
            .series("b", [(0.0, 1.0), (1.0, 1.0), (2.0, 1.0)]);
        let apart = LineChart::new("apart")
            .series("a", [(0.0, 0.0), (1.0, 2.0)])
            .series("b", [(0.5, 1.0), (1.5, 1.0)]);
        let odd = LineChart::new("odd")
            .series("a", [(0.0, f64::NAN), (1.0, 2.0)])
            .series("b", [(0.0, 1.0), (1.0, 1.0)]);
        for chart in [twice, apart, odd] {
            assert!(chart.compared().is_empty());
        }
    }
}
