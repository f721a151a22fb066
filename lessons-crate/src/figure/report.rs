//! What compiling did: the passes as a table, and plans and models as the graph that runs.

use super::diagram::Diagram;
use super::picture::Figure;
use super::show::Show;
use super::table::Table;
use crate::compile::{PassReport, Report};
use crate::engine::{Model, Plan};

/// The graph as it runs, with what the compiler changed in it.
impl Show for Plan {
    fn figure(&self) -> Figure {
        Diagram::of(self.graph())
            .since(self.source())
            .title(&format!("{}, compiled", self.source().name()))
            .figure()
    }
}

/// The graph as it runs, with what the compiler changed in it.
impl Show for Model {
    fn figure(&self) -> Figure {
        self.plan().figure()
    }
}

/// One row a pass.
impl Show for Report {
    fn figure(&self) -> Figure {
        table(self).figure()
    }

    fn evcxr_display(&self) {
        table(self).evcxr_display();
    }
}

const LONGEST_FORMULA: usize = 48;

fn table(report: &Report) -> Table {
    let mut table = Table::new(
        &format!("{} compiled for {}", report.graph, report.target),
        ["pass", "nodes before", "nodes after", "what it did"],
    );
    let (busy, idle): (Vec<_>, Vec<_>) = report
        .passes
        .iter()
        .partition(|pass| !pass.patches.is_empty());
    for pass in busy {
        table = table.row([
            pass.name.to_owned(),
            pass.nodes_before.to_string(),
            pass.nodes_after.to_string(),
            did(pass),
        ]);
    }
    if let Some(last) = idle.last() {
        let names: Vec<&str> = idle.iter().map(|pass| pass.name).collect();
        let nodes = last.nodes_after.to_string();
        let others = format!("{} others", idle.len());
        let nothing = format!("nothing to do: {}", names.join(", "));
        table = table.row([others, nodes.clone(), nodes, nothing]);
    }
    table.finding(&finding(report))
}

fn did(pass: &PassReport) -> String {
    match pass.patches.as_slice() {
        [] => String::new(),
        [one] => one.clone(),
        [first, rest @ ..] => format!("{first}, and {} more", rest.len()),
    }
}

fn finding(report: &Report) -> String {
    let (before, after) = (&report.before, &report.after);
    let mut words = vec![match before.kernels == after.kernels {
        true => format!("{} kernels, as before.", after.kernels),
        false => format!("{} kernels become {}.", before.kernels, after.kernels),
    }];
    let (more, fewer) = (before.bytes.to_string(), after.bytes.to_string());
    // The formulas of large graphs make no sentence; printing the report shows them.
    if more.len().max(fewer.len()) <= LONGEST_FORMULA {
        words.push(match more == fewer {
            true => format!("A run moves {fewer} bytes."),
            false => format!("A run moves {fewer} bytes instead of {more}."),
        });
    }
    words.extend(
        report
            .warnings
            .iter()
            .map(|warning| format!("Warning: {warning}.")),
    );
    words.join(" ")
}

#[cfg(test)]
mod tests {
    use crate::prelude::*;

    fn plan() -> Plan {
        let graph = Graph::build("affine", |g| {
            let x = g.input("x", f32s(("n",)));
            g.output("y", (2 * x + 1.0).relu());
        })
        .unwrap();
        Session::cpu().compile(&graph).unwrap()
    }

    #[test]
    fn a_plan_shows_what_was_fused() {
        let figure = plan().figure();
        assert!(
            figure.alt().contains("Changed: 3 ops fused into 1"),
            "{}",
            figure.alt()
        );
        assert!(!figure.alt().contains("removed"), "{}", figure.alt());
    }

    #[test]
    fn a_report_counts_kernels_and_bytes() {
        let figure = plan().report().figure();
        assert!(
            figure.alt().contains("3 kernels become 1."),
            "{}",
            figure.alt()
        );
        assert!(figure.to_text().contains("fuse"), "{}", figure.to_text());
    }
}
