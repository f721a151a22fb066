//! Boxes colored by what they cost: time, bytes or arithmetic.

use std::collections::BTreeMap;
use std::time::Duration;

use super::caption::{count, title};
use super::scene::{Holds, Scene};
use crate::bench::seconds;
use crate::compile::{Cost, load_time};
use crate::figure::number::{self, short};
use crate::figure::palette::{self, Color};
use crate::graph::{Bindings, Graph, NodeId};

/// What the colors of a diagram mean.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ColorBy {
    /// What family an op belongs to.
    #[default]
    Kind,
    /// How long each kernel took: [`Diagram::times`](super::Diagram::times).
    Time,
    /// The bytes that each kernel reads and writes.
    Bytes,
    /// The arithmetic operations of each kernel.
    Flops,
}

/// The costs of the boxes of a scene.
#[derive(Debug, Clone)]
pub(super) struct Heat {
    by: ColorBy,
    of_part: BTreeMap<usize, f64>,
    total: f64,
    most: f64,
    /// What the symbols stand for, as far as that matters.
    sizes: Bindings,
}

impl Heat {
    /// The costs of all boxes of a scene; `None` where the colors mean kinds.
    pub fn of(
        graph: &Graph,
        scene: &Scene,
        by: ColorBy,
        sizes: &Bindings,
        times: &BTreeMap<NodeId, Duration>,
    ) -> Option<Heat> {
        let known = match by {
            ColorBy::Kind => return None,
            ColorBy::Time => Bindings::new(),
            ColorBy::Bytes | ColorBy::Flops => bindings(graph, sizes),
        };
        let once = load_time(graph);
        let cost = |id: NodeId| {
            let runs = !once.contains(&id) && !graph.node(id)?.op.is_view();
            let node = graph.node(id).filter(|node| runs && !node.op.is_source())?;
            match by {
                ColorBy::Kind => None,
                ColorBy::Time => Some(times.get(&id)?.as_secs_f64()),
                ColorBy::Bytes => Some(Cost::of_node(graph, node).bytes.bind(&known)? as f64),
                ColorBy::Flops => Some(Cost::of_node(graph, node).flops.bind(&known)? as f64),
            }
        };
        let mut steps: BTreeMap<NodeId, usize> = BTreeMap::new();
        for node in scene.units.iter().filter_map(|unit| unit.node) {
            *steps.entry(node).or_insert(0) += 1;
        }
        let mut of_part: BTreeMap<usize, f64> = BTreeMap::new();
        for (index, unit) in scene.units.iter().enumerate() {
            // Steps of one kernel stand in one box unless they were asked for one by one.
            let cost = unit.node.and_then(|id| Some(cost(id)? / steps[&id] as f64));
            if let Some(cost) = cost {
                *of_part
                    .entry(scene.shown(scene.stand_in(index)))
                    .or_insert(0.0) += cost;
            }
        }
        Some(Heat {
            by,
            total: of_part.values().sum(),
            most: of_part.values().copied().fold(0.0, f64::max),
            of_part,
            sizes: known,
        })
    }

    /// The part of the whole that a box costs.
    fn share(&self, part: usize) -> Option<f64> {
        let cost = *self.of_part.get(&part)?;
        (self.total > 0.0).then(|| cost / self.total)
    }

    pub fn color(&self, part: usize) -> Color {
        match self.of_part.get(&part) {
            Some(cost) if self.most > 0.0 => ramp(cost / self.most),
            _ => palette::CARD,
        }
    }

    /// `34 %  12.3 kB`, for a box that costs something.
    pub fn line(&self, part: usize) -> Option<String> {
        let share = self.share(part)?;
        let cost = self.quantity(*self.of_part.get(&part)?);
        Some(format!("{}  {cost}", percent(share)))
    }

    /// The name of the text twin's column.
    pub fn name(&self) -> &'static str {
        match self.by {
            ColorBy::Kind => "kind",
            ColorBy::Time => "time",
            ColorBy::Bytes => "bytes",
            ColorBy::Flops => "operations",
        }
    }

    pub fn quantity(&self, cost: f64) -> String {
        match self.by {
            ColorBy::Time => seconds(cost),
            ColorBy::Bytes => number::bytes(cost),
            _ => number::scaled(cost, &["FLOP", "kFLOP", "MFLOP", "GFLOP", "TFLOP"]),
        }
    }

    /// Which boxes cost most, and how much it is in all.
    pub fn finding(&self, scene: &Scene) -> String {
        let mut parts: Vec<(usize, f64)> = self.of_part.iter().map(|(p, c)| (*p, *c)).collect();
        parts.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
        let name = |part: usize| match scene.parts[part].holds {
            Holds::Unit(unit) => {
                let unit = &scene.units[unit];
                format!("{} {}", unit.name, unit.value)
            }
            _ => title(&scene.parts[part]).replace("  ", " "),
        };
        let most: Vec<String> = parts
            .iter()
            .take(3)
            .filter_map(|(part, _)| {
                let share = self.share(*part)?;
                Some(format!("{} {}", name(*part), percent(share)))
            })
            .collect();
        let what = self.name();
        if most.is_empty() {
            return format!(
                "No {what} known for any of {}.",
                count(scene.boxes().len(), "box")
            );
        }
        let sizes: Vec<String> = self
            .sizes
            .iter()
            .map(|(name, size)| format!("{name} = {size}"))
            .collect();
        let with = match sizes.is_empty() {
            true => String::new(),
            false => format!(" with {}", sizes.join(", ")),
        };
        format!(
            "Most {what}: {}, of {}{with}.",
            most.join(", "),
            self.quantity(self.total)
        )
    }

    /// The ends of the scale.
    pub fn ends(&self) -> [String; 2] {
        [self.quantity(0.0), self.quantity(self.most)]
    }
}

fn percent(share: f64) -> String {
    match share * 100.0 {
        percent if percent > 0.0 && percent < 0.1 => "< 0.1 %".to_owned(),
        percent => format!("{} %", short(percent, 2)),
    }
}

/// White to a blue on which ink is still read.
pub(super) fn ramp(part: f64) -> Color {
    palette::sequential((part * 24.0).round() / 24.0 * 0.8)
}

/// What the symbols of a graph stand for: as given, else 1.
fn bindings(graph: &Graph, sizes: &Bindings) -> Bindings {
    let dims = graph.nodes().iter().flat_map(|node| node.ty.shape.iter());
    let symbols = dims.flat_map(|dim| dim.symbols());
    symbols
        .map(|name| (name.to_owned(), sizes.get(name).copied().unwrap_or(1)))
        .collect()
}
