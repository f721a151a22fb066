//! Graphs made by hand: what is refused, and files.

use super::ops::{Op, OpDef, Unary};
use super::*;

fn node(id: u32, op: impl Into<Op>, inputs: &[u32]) -> Node {
    let inputs = inputs.iter().map(|id| NodeId(*id)).collect();
    Node {
        id: NodeId(id),
        op: op.into(),
        inputs,
        ty: f32s((2,)),
        scope: None,
        site: None,
    }
}

fn input(id: u32) -> Node {
    node(
        id,
        ops::Input {
            name: format!("x{id}"),
            ty: f32s((2,)),
        },
        &[],
    )
}

fn refuse(nodes: Vec<Node>, output: u32) -> String {
    let outputs = vec![Output {
        name: "y".into(),
        node: NodeId(output),
    }];
    Graph::from_parts(Parts {
        name: "hand".into(),
        nodes,
        outputs,
        scopes: vec![],
    })
    .unwrap_err()
    .to_string()
}

#[test]
fn damaged_graphs_are_refused_with_the_reason() {
    let wrong = Node {
        ty: f32s((3,)),
        ..node(1, Unary::Relu, &[0])
    };
    let texts = [
        refuse(
            vec![
                node(0, Unary::Relu, &[2]),
                node(1, Unary::Exp, &[0]),
                node(2, Unary::Neg, &[1]),
            ],
            2,
        ),
        refuse(vec![node(0, Unary::Relu, &[0])], 0),
        refuse(vec![node(0, Unary::Relu, &[7])], 0),
        refuse(vec![input(0), input(0)], 0),
        refuse(vec![input(0)], 5),
        refuse(vec![input(0), node(1, Unary::Relu, &[0, 0])], 1),
        refuse(vec![input(0), wrong], 1),
        refuse(vec![input(0), node(1, Unary::Relu, &[])], 1),
    ];
    insta::assert_snapshot!(texts.join("\n---\n"));
}

#[test]
fn nodes_may_stand_in_any_order() {
    let nodes = vec![
        node(2, Unary::Exp, &[1]),
        node(1, Unary::Relu, &[0]),
        input(0),
    ];
    let outputs = vec![Output {
        name: "y".into(),
        node: NodeId(2),
    }];
    let graph = Graph::from_parts(Parts {
        name: "any".into(),
        nodes,
        outputs,
        scopes: vec![],
    })
    .unwrap();
    let names: Vec<_> = graph.nodes().iter().map(|node| node.op.name()).collect();
    assert_eq!(names, ["input", "relu", "exp"]);
}

#[test]
fn files_keep_graphs() {
    let graph = Graph::build("file", |g| {
        let x = g.input("x", f32s(("n", 3)));
        let b = g.constant([1.0, f64::INFINITY, -0.5], (3,));
        g.output(
            "y",
            g.scope("part", || (x + b).relu().slice(0, 0, Dim::from("n"))),
        );
    })
    .unwrap();
    let read = Graph::from_json(&graph.to_json().unwrap()).unwrap();
    assert_eq!(read.to_string(), graph.to_string());
    assert_eq!(read.scopes(), graph.scopes());
    assert!(
        Graph::from_json("{")
            .unwrap_err()
            .to_string()
            .starts_with("graph file:")
    );
}

#[test]
fn a_long_chain_does_not_overflow_the_stack() {
    let mut nodes = vec![input(0)];
    nodes.extend((1..200_000).map(|id| node(id, Unary::Relu, &[id - 1])));
    nodes.reverse();
    let outputs = vec![Output {
        name: "y".into(),
        node: NodeId(199_999),
    }];
    let graph = Graph::from_parts(Parts {
        name: "long".into(),
        nodes,
        outputs,
        scopes: vec![],
    })
    .unwrap();
    assert_eq!(graph.nodes().len(), 200_000);
}
