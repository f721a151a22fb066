//! Applying ops of one's own.

use std::panic::Location;

use super::Value;
use crate::graph::builder::apply;
use crate::graph::ops::Custom;

impl Custom {
    /// The value of the op for these operands. Of none at all there is no graph to put it in: the result
    /// is poisoned, and using it is what gets reported.
    #[track_caller]
    pub fn apply(&self, values: &[Value]) -> Value {
        match values {
            [] => Value::poisoned(u32::MAX),
            _ => apply(self.clone().into(), values, Location::caller()),
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::compile::{Options, compile};
    use crate::engine::{Folder, Precision, Reference};
    use crate::graph::{Broken, GraphError};
    use crate::prelude::*;

    /// The outer product of two vectors.
    fn outer() -> Custom {
        Custom::new(
            "outer",
            |inputs| match inputs {
                [a, b] if a.rank() == 1 && b.rank() == 1 => {
                    Ok(f32s((a.shape[0].clone(), b.shape[0].clone())))
                }
                [a, _] => Err(
                    Broken::new(format!("{{0}} is {a}, and outer takes two vectors"))
                        .help("{0}.flatten(0, -1)"),
                ),
                _ => Err(Broken::new("outer takes two vectors")),
            },
            |inputs, _| {
                let [a, b] = inputs else {
                    return Err("two vectors".to_owned());
                };
                let row = |a: &f64| b.values.iter().map(|b| a * b).collect::<Vec<_>>();
                Ok(a.values.iter().flat_map(row).collect())
            },
        )
    }

    #[test]
    fn a_custom_op_is_an_op_like_others() {
        let outer = outer();
        let graph = Graph::build("outer", |g| {
            let (a, b) = (g.input("a", f32s(("n",))), g.input("b", f32s(("m",))));
            let twice = outer.apply(&[a, b]) + outer.apply(&[a, b]);
            g.output("y", twice.relu());
        })
        .unwrap();
        assert!(graph.to_string().contains("outer(%0, %1) : f32[n, m]"));
        // The two are one, since they are the same op on the same values.
        let compiled = compile(&graph, &Folder, &Options::default()).unwrap();
        let names = compiled.kernels();
        assert_eq!(names.iter().filter(|name| **name == "outer").count(), 1);

        let a = Tensor::new(&[1f32, -2.0], &Cpu).unwrap();
        let b = Tensor::new(&[0.5f32, 3.0, -1.0], &Cpu).unwrap();
        let given = [("a", &a), ("b", &b)];
        let model = Session::cpu().load(&graph, &Weights::new()).unwrap();
        let expected = [[1f32, 6.0, 0.0], [0.0, 0.0, 4.0]];
        let y = model.run(given).unwrap().only().unwrap();
        assert_eq!(y.to_vec2::<f32>().unwrap(), expected);
        let reference = Reference::new(&graph, &Weights::new()).unwrap();
        let y = reference
            .run(given, Precision::F64)
            .unwrap()
            .only()
            .unwrap();
        assert_eq!(
            y.to_vec2::<f64>().unwrap(),
            expected.map(|row| row.map(f64::from))
        );
    }

    #[test]
    fn closures_of_one_name_are_not_one_op() {
        let constant = |value: f64| {
            Custom::new(
                "value",
                |inputs| Ok(inputs[0].clone()),
                move |_, shape| Ok(vec![value; shape.iter().product()]),
            )
        };
        let (one, two) = (constant(1.0), constant(2.0));
        assert!(one == one.clone() && one != two);
        let graph = Graph::build("values", |g| {
            let x = g.input("x", f32s(("n",)));
            g.output("y", one.apply(&[x]) - two.apply(&[x]));
        })
        .unwrap();
        let x = Tensor::new(&[0f32; 2], &Cpu).unwrap();
        let y = Session::cpu()
            .load(&graph, &Weights::new())
            .unwrap()
            .call(&x);
        assert_eq!(y.unwrap().to_vec1::<f32>().unwrap(), [-1.0, -1.0]);
    }

    #[test]
    fn what_a_closure_says_is_told_like_any_mistake() {
        let error: GraphError = Graph::build("wrong", |g| {
            let x = g.input("x", f32s(("n", 2)));
            g.output("y", outer().apply(&[x, x]));
        })
        .unwrap_err();
        assert_eq!(error.what(), "x is f32[n, 2], and outer takes two vectors");
        assert_eq!(error.suggestion(), Some("x.flatten(0, -1)"));

        let short = Custom::new(
            "short",
            |inputs| Ok(inputs[0].clone()),
            |_, _| Ok(vec![1.0]),
        );
        let graph = Graph::build("short", |g| {
            g.output("y", short.apply(&[g.input("x", f32s(("n",)))]));
        })
        .unwrap();
        let x = Tensor::new(&[0f32; 3], &Cpu).unwrap();
        let model = Session::cpu().load(&graph, &Weights::new()).unwrap();
        let text = model.call(&x).unwrap_err().to_string();
        assert!(
            text.contains("its closure gave 1 elements, and the shape [3] has 3"),
            "{text}"
        );
        let text = graph.to_json().unwrap_err().to_string();
        assert!(text.contains("`short` is a custom op"), "{text}");
    }
}
