//! Rows of a table.

use candle_core::{DType, Tensor};

use crate::engine::error::RunError;

pub fn gather(table: &Tensor, indices: &Tensor, shape: &[usize]) -> Result<Tensor, RunError> {
    let rows = table.dims().first().copied().unwrap_or(0);
    let flat = indices.flatten_all()?.to_dtype(DType::I64)?;
    // Checked here, since a GPU would read past the table without a word.
    for index in flat.to_vec1::<i64>()? {
        row_in_table(index, rows)?;
    }
    if shape.contains(&0) {
        return Ok(Tensor::zeros(shape, table.dtype(), table.device())?);
    }
    Ok(table.contiguous()?.index_select(&flat, 0)?.reshape(shape)?)
}

fn row_in_table(index: i64, rows: usize) -> Result<usize, RunError> {
    let row = usize::try_from(index).ok().filter(|row| *row < rows);
    row.ok_or_else(|| not_in_table(index, rows))
}

/// What is wrong with an index of which a table has no row.
pub fn not_in_table(index: i64, rows: usize) -> RunError {
    RunError::new(format!(
        "the index {index} is not in the table, which has {rows} rows"
    ))
    .help(format!("indices from 0 to {}", rows.saturating_sub(1)))
}
