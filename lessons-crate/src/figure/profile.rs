//! A profile as a table: one row a kernel.

use std::time::Duration;

use super::diagram::count;
use super::number::{grouped, short};
use super::picture::Figure;
use super::show::Show;
use super::table::Table;
use crate::engine::Profile;

/// One row a kernel, in the order in which they ran.
impl Show for Profile {
    fn figure(&self) -> Figure {
        table(self).figure()
    }

    fn evcxr_display(&self) {
        table(self).evcxr_display();
    }
}

fn table(profile: &Profile) -> Table {
    let mut table = Table::new(
        &format!("{}, kernel by kernel", profile.graph),
        [
            "value", "kernel", "FLOPs", "bytes", "µs", "at least", "roofline",
        ],
    );
    for kernel in &profile.kernels {
        table = table.row([
            kernel.label.clone(),
            kernel.kernel.to_owned(),
            grouped(kernel.flops),
            grouped(kernel.bytes),
            us(kernel.time),
            kernel.predicted.map_or(String::new(), us),
            kernel.share().map_or(String::new(), percent),
        ]);
    }
    table.finding(&finding(profile))
}

fn finding(profile: &Profile) -> String {
    let mut words = vec![format!(
        "{} took {} µs.",
        count(profile.kernels.len(), "kernel"),
        us(profile.time())
    )];
    if let Some((kernel, _, _, share)) = profile.by_kernel().first() {
        words.push(format!("{} of it went into: {kernel}.", percent(*share)));
    }
    if let Some(predicted) = profile.predicted() {
        words.push(format!("The machine needs {} µs at least.", us(predicted)));
    }
    if let Some(arena) = profile.arena {
        words.push(format!(
            "Values share {} bytes; each in a place of its own, they would take {}.",
            grouped(arena.bytes),
            grouped(arena.separate)
        ));
    }
    words.join(" ")
}

fn us(time: Duration) -> String {
    short(1e6 * time.as_secs_f64(), 4)
}

fn percent(share: f64) -> String {
    format!("{} %", short(100.0 * share, 2))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::{KernelTime, Limits};
    use crate::graph::{Bindings, NodeId};

    fn profile() -> Profile {
        let kernel = |node: u32, kernel, us: u64, flops| KernelTime {
            node: NodeId(node),
            label: format!("op %{node}"),
            kernel,
            time: Duration::from_micros(us),
            flops,
            bytes: 4_000,
            predicted: Some(Duration::from_micros(us / 2)),
        };
        Profile {
            graph: "pair".to_owned(),
            sizes: Bindings::from([("n".to_owned(), 5)]),
            threads: 2,
            kernels: vec![
                kernel(3, "copy", 10, 0),
                kernel(4, "softmax of rows", 30, 8_000),
            ],
            arena: None,
            limits: Some(Limits {
                flops: 1e9,
                cache: 1e9,
                memory: 1e9,
            }),
        }
    }

    #[test]
    fn a_profile_says_where_the_time_went() {
        let figure = profile().figure();
        let said = "2 kernels took 40 µs. 75 % of it went into: softmax of rows. \
                    The machine needs 20 µs at least.";
        assert!(figure.alt().contains(said), "{}", figure.alt());
        insta::assert_snapshot!(table(&profile()));
    }
}
