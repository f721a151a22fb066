//! What repeats and what is long: sibling scopes with numbered names and equal contents fold to one,
//! `layer 0 … 5 × 6`, and a long list of ops is cut into runs.

use std::collections::{BTreeSet, HashMap};

use super::scene::{Alias, Holds, Part, Scene};

/// As many boxes as may stand in one part.
const MOST_CHILDREN: usize = 80;
/// As many runs as a long part is cut into.
const MOST_RUNS: usize = 10;

impl Scene {
    /// Folds numbered siblings with equal contents to the first of them, in this part and those in it.
    pub(super) fn fold_repeats(&mut self, part: usize) {
        let children = std::mem::take(&mut self.parts[part].children);
        let mut kept: Vec<usize> = Vec::with_capacity(children.len());
        let mut groups: Vec<(String, Vec<String>, Vec<usize>)> = Vec::new();
        for child in &children {
            let numbered = match self.parts[*child].holds {
                Holds::Scope => stem(&self.parts[*child].label),
                _ => None,
            };
            let Some(stem) = numbered else {
                continue;
            };
            let contents = self.contents(*child);
            match groups.last_mut() {
                Some((other, same, members)) if *other == stem && *same == contents => {
                    members.push(*child);
                }
                _ => groups.push((stem.to_owned(), contents, vec![*child])),
            }
        }
        let mut gone = BTreeSet::new();
        for (_, _, members) in groups {
            if members.len() > 1 && !self.would_circle(&members) {
                gone.extend(members[1..].iter().copied());
                self.fold(&members);
            }
        }
        kept.extend(children.iter().filter(|child| !gone.contains(child)));
        self.parts[part].children.clone_from(&kept);
        for child in kept {
            self.fold_repeats(child);
        }
    }

    /// What a part computes, up to names of weights: equal for layers of equal structure.
    fn contents(&self, part: usize) -> Vec<String> {
        let units = self.units_of(part);
        let place: HashMap<usize, usize> = units
            .iter()
            .enumerate()
            .map(|(at, unit)| (*unit, at))
            .collect();
        let describe = |unit: &usize| {
            let unit_at = &self.units[*unit];
            let reads: Vec<String> = unit_at
                .inputs
                .iter()
                .map(|input| place.get(input).map_or("^".to_owned(), |at| at.to_string()))
                .collect();
            let mut path = Vec::new();
            let mut at = self.parts[self.of_unit[*unit]].parent;
            while let Some(inner) = at.filter(|inner| *inner != part) {
                path.push(match self.parts[inner].holds {
                    Holds::Fused(_) => "fused",
                    _ => self.parts[inner].label.as_str(),
                });
                at = self.parts[inner].parent;
            }
            format!(
                "{}({}) in {} {:?}",
                unit_at.shape_key,
                reads.join(","),
                path.join("/"),
                unit_at.change
            )
        };
        units.iter().map(describe).collect()
    }

    /// Whether something outside the parts reads one of them and is read by another: folding them
    /// would draw it both above and below.
    fn would_circle(&self, members: &[usize]) -> bool {
        let inside: BTreeSet<usize> = members
            .iter()
            .flat_map(|part| self.units_of(*part))
            .collect();
        let mut after = vec![false; self.units.len()];
        for (index, unit) in self.units.iter().enumerate() {
            let is_inside = inside.contains(&index);
            let outside_after = |input: &usize| after[*input] && !inside.contains(input);
            if is_inside && unit.inputs.iter().any(outside_after) {
                return true;
            }
            after[index] = is_inside || unit.inputs.iter().any(|input| after[*input]);
        }
        false
    }

    fn fold(&mut self, members: &[usize]) {
        let stand_in = members[0];
        let shown = self.units_of(stand_in);
        for (repeat, member) in members.iter().enumerate().skip(1) {
            for (unit, stands_for) in self.units_of(*member).into_iter().zip(&shown) {
                self.parts[self.of_unit[unit]].alias = Some(Alias {
                    part: self.of_unit[*stands_for],
                    stand_in,
                    repeat,
                });
            }
        }
        let names = members.iter().map(|part| self.parts[*part].label.clone());
        self.parts[stand_in].repeats = names.collect();
    }

    /// Cuts long lists of children into runs, which are cut again where they are long.
    pub(super) fn cut_runs(&mut self, part: usize) {
        let children = self.parts[part].children.clone();
        if children.len() > MOST_CHILDREN {
            let runs = (children.len() as f64).sqrt().ceil() as usize;
            let length = children.len().div_ceil(runs.min(MOST_RUNS));
            let mut kept = Vec::new();
            for run in children.chunks(length) {
                let index = self.parts.len();
                let value = |part: Option<&usize>| match part.map(|part| self.units_of(*part)) {
                    Some(units) => units.first().map(|unit| self.units[*unit].value.clone()),
                    None => None,
                };
                let first = value(run.first()).unwrap_or_default();
                let last = value(run.last()).unwrap_or_default();
                let mut part_of_run =
                    Part::new(Holds::Run, format!("{first} … {last}"), Some(part));
                part_of_run.children = run.to_vec();
                self.parts.push(part_of_run);
                for child in run {
                    self.parts[*child].parent = Some(index);
                }
                kept.push(index);
            }
            self.parts[part].children = kept;
        }
        for child in self.parts[part].children.clone() {
            self.cut_runs(child);
        }
    }
}

/// `layer` of `layer 3`; `None` for names that end with no number.
fn stem(name: &str) -> Option<&str> {
    let stem = name.trim_end_matches(|c: char| c.is_ascii_digit());
    (stem.len() < name.len()).then_some(stem)
}
