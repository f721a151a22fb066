//! Compares weights with what a graph declares.

use super::dtypes::to_candle;
use super::weight::Weight;
use super::{Weights, WeightsError};
use crate::graph::{Graph, Node};

/// How many names a list shows before it is cut.
const SHOWN: usize = 8;

/// The differences between weights and a graph, each as a line.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Check {
    pub missing: Vec<String>,
    pub unexpected: Vec<String>,
    /// Wrong shapes and dtypes.
    pub wrong: Vec<String>,
    graph: String,
}

impl Check {
    pub fn of(weights: &Weights, graph: &Graph) -> Check {
        let mut check = Check {
            graph: graph.name().to_owned(),
            ..Check::default()
        };
        for (name, node) in graph.weights() {
            match weights.tensors.get(name) {
                None => check.missing.push(format!("{name}: {}", node.ty)),
                Some(weight) => check.wrong.extend(misfit(name, node, weight)),
            }
        }
        let declared: std::collections::HashSet<&str> =
            graph.weights().map(|(name, _)| name).collect();
        let extra = weights.iter().filter(|(name, _)| !declared.contains(name));
        check.unexpected.extend(extra.map(|(name, weight)| {
            format!("{name}: {}{:?}", weight.dtype().as_str(), weight.dims())
        }));
        check
    }

    /// # Errors
    /// On any difference.
    pub fn strict(&self) -> Result<(), WeightsError> {
        self.verdict(true)
    }

    /// # Errors
    /// On any difference but weights that the graph does not ask for.
    pub fn lenient(&self) -> Result<(), WeightsError> {
        self.verdict(false)
    }

    fn verdict(&self, strict: bool) -> Result<(), WeightsError> {
        let unexpected: &[String] = if strict { &self.unexpected } else { &[] };
        let lists = [
            ("missing", self.missing.as_slice()),
            ("wrong", &self.wrong),
            ("unexpected", unexpected),
        ];
        if lists.iter().all(|(_, list)| list.is_empty()) {
            return Ok(());
        }
        let mut text = format!("the weights do not fit the graph {}", self.graph);
        for (title, list) in lists {
            for line in list.iter().take(SHOWN) {
                text += &format!("\n  {title}: {line}");
            }
            if list.len() > SHOWN {
                text += &format!("\n  {title}: … and {} more", list.len() - SHOWN);
            }
        }
        let help = if !self.missing.is_empty() && !self.unexpected.is_empty() && strict {
            "compare the names: a prefix may differ, or it is another model's file"
        } else if !self.missing.is_empty() {
            "give each weight the name that it has in the file; `lessons inspect FILE` lists them"
        } else if !self.wrong.is_empty() {
            "declare the shape that the file has, or take the file that belongs to this model"
        } else {
            "remove what the graph does not declare, or declare it"
        };
        Err(WeightsError::new(text).help(help))
    }
}

fn misfit(name: &str, node: &Node, weight: &Weight) -> Option<String> {
    let shape = node.ty.shape.known().unwrap_or_default();
    let given = format!("{}{:?}", weight.dtype().as_str(), weight.dims());
    if weight.dims() != shape {
        return Some(format!(
            "{name}: the graph says {}, the weights have {given}",
            node.ty
        ));
    }
    let convertible = node.ty.dtype.is_float() && weight.dtype().is_float();
    (weight.dtype() != to_candle(node.ty.dtype) && !convertible).then(|| {
        format!(
            "{name}: the graph says {}, the weights have {given}",
            node.ty
        )
    })
}
