//! Diagrams as text for other tools: DOT for Graphviz, and Mermaid.

use std::collections::BTreeMap;
use std::fmt::Write;

use super::caption::{count, title};
use super::kind::Kind;
use super::scene::{Holds, ROOT, Scene};
use super::units::Change;
use super::{Diagram, Direction};
use crate::figure::typography::visible;

impl Diagram {
    /// The diagram in the DOT language of Graphviz: boxes, types on the edges, scopes and fused ops
    /// as clusters. What is folded in the picture is folded here.
    ///
    /// ```
    /// use lessons::prelude::*;
    ///
    /// let graph = Graph::build("double", |g| {
    ///     let x = g.input("x", f32s(("n",)));
    ///     g.output("y", 2 * x);
    /// })?;
    /// assert!(Diagram::of(&graph).to_dot().contains("n1 -> n2 [label=\"f32[n]\"]"));
    /// # Ok::<(), lessons::Error>(())
    /// ```
    pub fn to_dot(&self) -> String {
        let scene = self.scene();
        let direction = match self.flow() {
            Direction::LeftToRight => "LR",
            Direction::TopToBottom => "TB",
        };
        let mut dot = format!(
            "digraph \"{}\" {{\n  rankdir={direction}\n  node [shape=box, style=\"rounded,filled\", \
             fontname=\"monospace\"]\n",
            dot_text(self.graph.name())
        );
        self.walk(
            &scene,
            &mut dot,
            ROOT,
            1,
            &mut |dot, scene, step| match step {
                Step::Open(part, indent) => {
                    let label = dot_text(&title(&scene.parts[part]));
                    let _ = writeln!(dot, "{indent}subgraph cluster_{part} {{ label=\"{label}\"");
                }
                Step::Close(indent) => {
                    let _ = writeln!(dot, "{indent}}}");
                }
                Step::Box(part, indent) => {
                    let (lines, kind, change) = words_of(scene, part);
                    let lines: Vec<String> = lines.iter().map(|line| dot_text(line)).collect();
                    let style = match change {
                        Change::Removed => ", style=\"rounded,dashed\"",
                        _ => "",
                    };
                    let _ = writeln!(
                        dot,
                        "{indent}n{part} [label=\"{}\", fillcolor=\"{}\"{style}]",
                        lines.join("\\n"),
                        kind.fill()
                    );
                }
            },
        );
        for edge in scene.edges() {
            let ty = dot_text(&type_of(&scene, edge.from));
            let _ = writeln!(dot, "  n{} -> n{} [label=\"{ty}\"]", edge.from, edge.to);
        }
        dot.push_str("}\n");
        dot
    }

    /// The diagram as a flowchart of Mermaid, which JupyterLab and many Markdown viewers draw in a
    /// fence named `mermaid`.
    pub fn to_mermaid(&self) -> String {
        let scene = self.scene();
        let direction = match self.flow() {
            Direction::LeftToRight => "LR",
            Direction::TopToBottom => "TB",
        };
        let mut mermaid = format!("flowchart {direction}\n");
        let mut classes: BTreeMap<Kind, Vec<String>> = BTreeMap::new();
        self.walk(
            &scene,
            &mut mermaid,
            ROOT,
            1,
            &mut |out, scene, step| match step {
                Step::Open(part, indent) => {
                    let label = mermaid_text(&title(&scene.parts[part]));
                    let _ = writeln!(out, "{indent}subgraph s{part}[\"{label}\"]");
                }
                Step::Close(indent) => {
                    let _ = writeln!(out, "{indent}end");
                }
                Step::Box(part, indent) => {
                    let (lines, kind, _) = words_of(scene, part);
                    let lines: Vec<String> = lines.iter().map(|line| mermaid_text(line)).collect();
                    let (open, close) = match kind {
                        Kind::Input | Kind::Output => ("([", "])"),
                        _ => ("[", "]"),
                    };
                    let label = lines.join("<br>");
                    let _ = writeln!(out, "{indent}n{part}{open}\"{label}\"{close}");
                    classes.entry(kind).or_default().push(format!("n{part}"));
                }
            },
        );
        for edge in scene.edges() {
            let ty = mermaid_text(&type_of(&scene, edge.from));
            let _ = writeln!(mermaid, "  n{} -- \"{ty}\" --> n{}", edge.from, edge.to);
        }
        for (index, (kind, boxes)) in classes.iter().enumerate() {
            let (fill, edge) = (kind.fill(), kind.edge());
            let _ = writeln!(
                mermaid,
                "  classDef k{index} fill:{fill},stroke:{edge},color:#1f2428\n  class {} k{index}",
                boxes.join(",")
            );
        }
        mermaid
    }

    /// The diagram as an aligned table: one line a box, with what it reads and its type.
    pub fn to_table(&self) -> String {
        super::words::table(&self.scene(), self.before.is_some())
    }

    fn flow(&self) -> Direction {
        self.direction.unwrap_or(Direction::TopToBottom)
    }

    /// Goes through the open parts and the boxes in them, in order.
    fn walk(
        &self,
        scene: &Scene,
        out: &mut String,
        part: usize,
        depth: usize,
        write: &mut dyn FnMut(&mut String, &Scene, Step),
    ) {
        for child in &scene.parts[part].children {
            let indent = "  ".repeat(depth);
            if scene.parts[*child].open {
                write(out, scene, Step::Open(*child, indent.clone()));
                self.walk(scene, out, *child, depth + 1, write);
                write(out, scene, Step::Close(indent));
            } else {
                write(out, scene, Step::Box(*child, indent));
            }
        }
    }
}

enum Step {
    Open(usize, String),
    Box(usize, String),
    Close(String),
}

/// What stands in a box.
fn words_of(scene: &Scene, part: usize) -> (Vec<String>, Kind, Change) {
    match scene.parts[part].holds {
        Holds::Unit(unit) => {
            let unit = &scene.units[unit];
            let name = format!("{} {}", unit.name, unit.detail)
                .trim_end()
                .to_owned();
            let lines = std::iter::once(name).chain(unit.weights.iter().cloned());
            (lines.collect(), unit.kind, unit.change)
        }
        _ => {
            let units = scene.units_of(part).into_iter();
            let ops = units.map(|unit| scene.units[unit].ops).sum();
            let lines = vec![title(&scene.parts[part]), count(ops, "op")];
            (lines, Kind::Scope, Change::None)
        }
    }
}

fn type_of(scene: &Scene, part: usize) -> String {
    let last = scene.units_of(part).last().copied();
    last.map_or(String::new(), |unit| scene.units[unit].ty.to_string())
}

/// Text in a quoted string of DOT.
fn dot_text(text: &str) -> String {
    visible(text).replace('\\', "\\\\").replace('"', "\\\"")
}

/// Text in a quoted string of Mermaid, which reads HTML and its own codes in it.
fn mermaid_text(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in visible(text).chars() {
        match character {
            '#' | '"' | '<' | '>' | '&' | '`' => {
                let _ = write!(escaped, "#{};", u32::from(character));
            }
            character => escaped.push(character),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::super::tests::encoder;
    use super::*;
    use crate::graph::{Graph, f32s};

    #[test]
    fn dot_and_mermaid_reproduce() {
        let graph = Graph::build("a \"b\" \\ <script>", |g| {
            let x = g.input("<x> \"#\"", f32s(("batch", 4)));
            let y = g.scope("part", || (2 * x + 1.0).relu());
            g.output("y", y + x);
        })
        .unwrap();
        let diagram = Diagram::of(&graph);
        insta::assert_snapshot!(diagram.to_dot());
        insta::assert_snapshot!(diagram.to_mermaid());
        insta::assert_snapshot!(diagram.to_table());
    }

    #[test]
    fn large_graphs_stay_within_the_limits_of_mermaid() {
        let mermaid = Diagram::of(&encoder(24)).to_mermaid();
        // The greatest text and number of edges that it draws.
        assert!(mermaid.len() < 50_000, "{}", mermaid.len());
        assert!(mermaid.matches("-->").count() < 500);
        assert!(mermaid.contains("× 24"), "{mermaid}");
    }
}
