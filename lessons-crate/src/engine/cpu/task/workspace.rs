//! Memory that steps use while they run, kept from run to run.

use std::collections::HashMap;

use candle_core::Tensor;
use lessons_compute::cpu::Cpu;
use lessons_compute::error::KernelError;
use lessons_compute::gemm::PackedMatrix;

use crate::graph::NodeId;

/// Scratch memory that all steps share, and a packed matrix for each product whose right side is
/// computed in the run. All grow when they are first used, and never again.
#[derive(Debug, Default)]
pub struct Workspace {
    floats: Vec<f32>,
    doubles: Vec<f64>,
    keys: Vec<u64>,
    wide_keys: Vec<u128>,
    packed: Vec<Option<PackedMatrix>>,
    /// The last states of loops of which several nodes read one element each, by the first of these
    /// nodes; of this run alone.
    pub loops: HashMap<NodeId, Vec<Tensor>>,
}

impl Workspace {
    /// `len` numbers, of any value.
    pub fn floats(&mut self, len: usize) -> &mut [f32] {
        grown(&mut self.floats, len)
    }

    /// As [`Workspace::floats`].
    pub fn doubles(&mut self, len: usize) -> &mut [f64] {
        grown(&mut self.doubles, len)
    }

    /// Elements that are sorted, of 32 bits with their indices; `len` of any value.
    pub fn keys(&mut self, len: usize) -> &mut [u64] {
        grown(&mut self.keys, len)
    }

    /// As [`Workspace::keys`], for elements of 64 bits.
    pub fn wide_keys(&mut self, len: usize) -> &mut [u128] {
        grown(&mut self.wide_keys, len)
    }

    /// As [`floats`](Workspace::floats), in two pieces.
    pub fn two(&mut self, first: usize, second: usize) -> (&mut [f32], &mut [f32]) {
        self.floats(first + second).split_at_mut(first)
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
        size_of_val(self.floats.as_slice())
            + size_of_val(self.doubles.as_slice())
            + size_of_val(self.keys.as_slice())
            + size_of_val(self.wide_keys.as_slice())
            + packed.sum::<usize>()
    }
}

fn grown<T: Copy + Default>(memory: &mut Vec<T>, len: usize) -> &mut [T] {
    if memory.len() < len {
        memory.resize(len, T::default());
    }
    &mut memory[..len]
}
