//! Memory that steps use while they run, kept from run to run.

use std::collections::HashMap;

use candle_core::Tensor;
use lessons_compute::cpu::Cpu;
use lessons_compute::error::KernelError;
use lessons_compute::gemm::PackedMatrix;

use crate::graph::NodeId;

/// Scratch memory that all steps share, and a packed matrix for each product whose right side is
/// computed in the run. Both grow when they are first used, and never again.
#[derive(Debug, Default)]
pub struct Workspace {
    floats: Vec<f32>,
    packed: Vec<Option<PackedMatrix>>,
    /// The last states of loops of which several nodes read one element each, by the first of these
    /// nodes; of this run alone.
    pub loops: HashMap<NodeId, Vec<Tensor>>,
}

impl Workspace {
    /// At least `len` numbers, of any value.
    pub fn floats(&mut self, len: usize) -> &mut [f32] {
        if self.floats.len() < len {
            self.floats.resize(len, 0.0);
        }
        &mut self.floats[..len]
    }

    /// The matrix of the given slot, to be written.
    ///
    /// # Errors
    /// When there is no memory of that size.
    pub fn packed(
        &mut self,
        cpu: Cpu<'_>,
        slot: usize,
        [rows, columns]: [usize; 2],
    ) -> Result<&mut PackedMatrix, KernelError> {
        if self.packed.len() <= slot {
            self.packed.resize_with(slot + 1, || None);
        }
        let place = &mut self.packed[slot];
        let matrix = match place.take() {
            Some(matrix) if (matrix.rows(), matrix.columns()) == (rows, columns) => matrix,
            _ => PackedMatrix::zeros(cpu.isa(), rows, columns)?,
        };
        Ok(place.insert(matrix))
    }

    /// In bytes.
    pub fn bytes(&self) -> usize {
        let packed = self.packed.iter().flatten().map(PackedMatrix::bytes);
        size_of_val(self.floats.as_slice()) + packed.sum::<usize>()
    }
}
