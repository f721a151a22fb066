//! Attention of all heads as one step.

use lessons_compute::attention::{
    Attention, Heads, HeadsMut, Mask, Sequences, attention, workspace,
};
use lessons_compute::cpu::Cpu;
use lessons_compute::error::KernelError;

use super::{Data, Workspace};

/// Operands: queries, keys and values, each in tokens of `heads` vectors side by side, and the mask,
/// if there is one.
#[derive(Debug, Clone, Copy)]
pub struct Attend {
    pub batch: usize,
    pub heads: usize,
    /// The length of a query, a key and a value.
    pub size: usize,
    /// Queries and keys of one sequence.
    pub queries: usize,
    pub keys: usize,
    pub scale: f32,
    /// From one token to the next, of queries, keys and values.
    pub tokens: [usize; 3],
    /// Strides of a mask that is added to the scores: by sequence, head, query and key.
    pub mask: Option<[usize; 4]>,
}

impl Attend {
    pub fn run(
        &self,
        cpu: Cpu<'_>,
        reads: &[Data<'_>],
        out: &mut [f32],
        memory: &mut Workspace,
    ) -> Result<(), KernelError> {
        let operand = |at: usize| reads.get(at).map_or(&[][..], |read| read.floats());
        let job = Attention {
            heads: self.heads,
            size: self.size,
            sequences: Sequences::Batch {
                batch: self.batch,
                queries: self.queries,
                keys: self.keys,
            },
            scale: self.scale,
            mask: match self.mask {
                None => Mask::None,
                Some(strides) => Mask::Additive {
                    data: operand(3),
                    strides,
                },
            },
        };
        let [q, k, v] = [0, 1, 2].map(|at| Heads {
            data: operand(at),
            token: self.tokens[at],
            head: self.size,
        });
        let out = HeadsMut {
            data: out,
            token: self.heads * self.size,
            head: self.size,
        };
        let scratch = memory.floats(workspace(cpu, &job));
        attention(cpu, &job, [q, k, v], out, scratch)
    }
}
