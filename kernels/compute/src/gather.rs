//! Rows of a table by their numbers: the lookup of an embedding.

use crate::cpu::Cpu;
use crate::error::{KernelError, equal};
use crate::matrix::{Matrix, MatrixMut};

/// Copies row `indices[i]` of `table` to row `i` of `out`. Negative indices count from the end. Allocates nothing.
///
/// # Errors
/// If an index is outside of the table, the sizes differ, or a slice is too short. Nothing is written then.
///
/// ```
/// use lessons_compute::cpu::Cpu;
/// use lessons_compute::gather::gather_rows;
/// use lessons_compute::matrix::{Matrix, MatrixMut};
///
/// let table = Matrix::dense(&[1.0, 2.0, 3.0, 4.0], 2, 2);
/// let mut out = [0.0; 4];
/// gather_rows(Cpu::best(), table, &[-1, 0], &mut MatrixMut::dense(&mut out, 2, 2))?;
/// assert_eq!(out, [3.0, 4.0, 1.0, 2.0]);
/// # Ok::<(), lessons_compute::error::KernelError>(())
/// ```
pub fn gather_rows(
    cpu: Cpu<'_>,
    table: Matrix<'_>,
    indices: &[i64],
    out: &mut MatrixMut<'_>,
) -> Result<(), KernelError> {
    table.check("the table")?;
    out.check("the output")?;
    equal("the number of rows of the output", indices.len(), out.rows)?;
    equal(
        "the number of columns of the output",
        table.columns,
        out.columns,
    )?;
    for &index in indices {
        if row_of(index, table.rows).is_none() {
            return Err(KernelError::Index {
                what: "the table",
                index,
                rows: table.rows,
            });
        }
    }
    out.for_each_row(cpu, 1, |i, to| {
        // All were checked.
        if let Some(row) = row_of(indices[i], table.rows) {
            to.copy_from_slice(table.row(row));
        }
    });
    Ok(())
}

/// The row that an index means.
fn row_of(index: i64, rows: usize) -> Option<usize> {
    let row = if index < 0 {
        rows.checked_sub(usize::try_from(index.unsigned_abs()).ok()?)?
    } else {
        usize::try_from(index).ok()?
    };
    (row < rows).then_some(row)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::test::{numbers, on_every_cpu};

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn each_row_is_the_one_asked_for(rows in 1..20usize, columns in 0..100usize, picks in prop::collection::vec(any::<i64>(), 0..40)) {
            let data = numbers(1, rows * (columns + 2));
            let table = Matrix { data: &data, rows, columns, stride: columns + 2 };
            let count = rows as i64;
            let indices: Vec<i64> = picks.iter().map(|pick| pick.rem_euclid(2 * count) - count).collect();
            on_every_cpu(|cpu| {
                let mut out = vec![7.0; indices.len() * columns];
                let to = &mut MatrixMut::dense(&mut out, indices.len(), columns);
                gather_rows(cpu, table, &indices, to).unwrap();
                for (i, &index) in indices.iter().enumerate() {
                    let row = if index < 0 { index + count } else { index } as usize;
                    assert_eq!(&out[i * columns..][..columns], &data[row * (columns + 2)..][..columns]);
                }
            });
        }
    }

    #[test]
    fn an_index_outside_of_the_table_is_an_error() {
        let table = Matrix::dense(&[1.0, 2.0, 3.0], 3, 1);
        for index in [3, -4, i64::MIN, i64::MAX] {
            let mut out = [7.0; 2];
            let to = &mut MatrixMut::dense(&mut out, 2, 1);
            let error = gather_rows(Cpu::best(), table, &[0, index], to).unwrap_err();
            assert_eq!(
                error.to_string(),
                format!("the index {index} is outside of the table, which has 3 row(s)")
            );
            assert_eq!(out, [7.0; 2]);
        }
    }
}
