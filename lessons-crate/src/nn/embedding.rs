//! Embedding tables.

use crate::graph::{Builder, Value, f32s};

/// The rows of a table at integer `ids` of any shape `[..]`; the result has the shape
/// `[.., width]`. Declares `{prefix}.weight` of shape `[count, width]`.
#[track_caller]
pub fn embedding(g: &Builder, prefix: &str, ids: Value, count: usize, width: usize) -> Value {
    g.weight(&format!("{prefix}.weight"), f32s((count, width)))
        .gather(ids)
}
