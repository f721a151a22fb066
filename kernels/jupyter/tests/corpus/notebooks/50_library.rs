// Cells that use the prebuilt library and the crates inside it.
//? library

// %%
use lessons::prelude::*;
let graph = Graph::build("linear", |g| {
    let x = g.input("x", f32s(("batch", 4)));
    let w = g.weight("w", f32s((2, 4)));
    g.output("y", x.matmul(w.t()).relu());
})?;
//.

// %%
graph.name()
//= "linear"

// %%
use candle_core::{Device, Tensor};
let t = Tensor::new(&[[1f32, 2.0], [3.0, 4.0]], &Device::Cpu)?;
t.sum_all()?.to_scalar::<f32>()?
//= 10.0

// %%
t.dims()
//= [2, 2]

// %%
fn double(t: &lessons::Tensor) -> candle_core::Result<lessons::Tensor> { t * 2.0 }
double(&t)?.flatten_all()?.to_vec1::<f32>()?
//= [2.0, 4.0, 6.0, 8.0]

// %%
#[derive(Debug, PartialEq, serde::Serialize, serde::Deserialize)]
struct Point { x: i32, label: Option<String> }
let json = serde_json::to_string(&Point { x: 1, label: None })?;
json
//= "{\"x\":1,\"label\":null}"

// %%
serde_json::from_str::<Point>(&json)?
//= Point { x: 1, label: None }

// %%
serde_json::from_str::<Point>("{\"x\": \"text\"}")?
//! Error: invalid type

// %%
let bad = Graph::build("bad", |g| {
    let x = g.input("x", f32s((2, 3)));
    g.output("y", x.matmul(x));
})?;
//! Error
//+ x.matmul(x)

// %%
t.matmul(&Tensor::new(&[1f32], &Device::Cpu)?)?
//! Error
