//! Rows of a table.

use candle_core::{DType, Tensor};

use crate::engine::error::RunError;

pub fn gather(table: &Tensor, indices: &Tensor, shape: &[usize]) -> Result<Tensor, RunError> {
    let rows = table.dims().first().copied().unwrap_or(0);
    let flat = indices.flatten_all()?.to_dtype(DType::I64)?;
    // Checked here, since a GPU would read past the table without a word.
    let bad = |index: &&i64| usize::try_from(**index).map_or(true, |index| index >= rows);
    if let Some(index) = flat.to_vec1::<i64>()?.iter().find(bad) {
        return Err(RunError::new(format!(
            "the index {index} is not in the table, which has {rows} rows"
        ))
        .help(format!("indices from 0 to {}", rows.saturating_sub(1))));
    }
    if shape.contains(&0) {
        return Ok(Tensor::zeros(shape, table.dtype(), table.device())?);
    }
    Ok(table.contiguous()?.index_select(&flat, 0)?.reshape(shape)?)
}
