//! Attention in f32, head by head: `softmax(Q · Kᵀ · scale + mask) · V`.
//!
//! For each head the keys and values are laid out as panels and the scores of some rows are computed, turned into
//! probabilities and multiplied by the values, all in the second-level cache; scores of a whole sequence are never in
//! memory. Q, K and V are read where they are, such as in the one product that computed all three.

mod head;
mod reference;
#[cfg(test)]
mod tests;

pub use reference::attention_reference;

use self::head::{Head, Plan};
use crate::cpu::Cpu;
use crate::error::{KernelError, equal, long_enough};
use crate::pool::SharedMut;

/// What is attended to: sizes, scale and mask.
#[derive(Clone, Copy, Debug)]
pub struct Attention<'a> {
    pub heads: usize,
    /// The length of a query, a key and a value.
    pub size: usize,
    pub sequences: Sequences<'a>,
    /// What scores are multiplied by, usually `1 / √size`.
    pub scale: f32,
    pub mask: Mask<'a>,
}

/// Which tokens belong together.
#[derive(Clone, Copy, Debug)]
pub enum Sequences<'a> {
    /// `batch` sequences of equal lengths, one after the other.
    Batch {
        batch: usize,
        queries: usize,
        keys: usize,
    },
    /// Sequences of any length, one after the other without padding: sequence `i` has the tokens from `offsets[i]` to
    /// `offsets[i + 1]`, both as queries and as keys.
    Packed(&'a [usize]),
}

/// What a query may not see.
#[derive(Clone, Copy, Debug)]
pub enum Mask<'a> {
    None,
    /// No key behind the query; the last query sees the last key.
    Causal,
    /// For each sequence, the number of keys that are there; behind them is padding. Without any, the output is 0.
    Lengths(&'a [usize]),
    /// Added to the scores: that of sequence `b`, head `h`, query `q`, key `k` is
    /// `data[b * strides[0] + h * strides[1] + q * strides[2] + k * strides[3]]`.
    Additive {
        data: &'a [f32],
        strides: [usize; 4],
    },
    /// As [`Additive`](Mask::Additive), with −∞ where it is `false`.
    Boolean {
        data: &'a [bool],
        strides: [usize; 4],
    },
}

/// Vectors of all tokens and heads to read: that of token `t` and head `h` begins at `data[t * token + h * head]`.
#[derive(Clone, Copy, Debug)]
pub struct Heads<'a> {
    pub data: &'a [f32],
    pub token: usize,
    pub head: usize,
}

/// Vectors of all tokens and heads to write, laid out as [`Heads`].
#[derive(Debug)]
pub struct HeadsMut<'a> {
    pub data: &'a mut [f32],
    pub token: usize,
    pub head: usize,
}

/// How many numbers of scratch memory [`attention`] needs, for all threads of `cpu` together.
pub fn workspace(cpu: Cpu<'_>, attention: &Attention<'_>) -> usize {
    cpu.pool().threads() * Plan::new(cpu, attention).scratch
}

/// Computes the attention of every sequence and head into `out`. Allocates nothing.
///
/// # Errors
/// If a slice is too short for the sizes, or `scratch` for [`workspace`]; if vectors of `out` overlap; if there are not as
/// many lengths as sequences, a length is more than the number of keys, or offsets go down.
///
/// ```
/// use lessons_compute::attention::{Attention, Heads, HeadsMut, Mask, Sequences, attention, workspace};
/// use lessons_compute::cpu::Cpu;
///
/// let cpu = Cpu::best();
/// let one_head = Attention {
///     heads: 1,
///     size: 2,
///     sequences: Sequences::Batch { batch: 1, queries: 1, keys: 2 },
///     scale: 1.0,
///     mask: Mask::None,
/// };
/// let (q, k, v) = ([0.0, 0.0], [1.0, 2.0, 3.0, 4.0], [1.0, 0.0, 0.0, 1.0]);
/// let heads = |data| Heads { data, token: 2, head: 2 };
/// let mut out = [0.0; 2];
/// let mut scratch = vec![0.0; workspace(cpu, &one_head)];
/// let to = HeadsMut { data: &mut out, token: 2, head: 2 };
/// attention(cpu, &one_head, [heads(&q), heads(&k), heads(&v)], to, &mut scratch)?;
/// assert_eq!(out, [0.5, 0.5]); // the mean of the values
/// # Ok::<(), lessons_compute::error::KernelError>(())
/// ```
pub fn attention(
    cpu: Cpu<'_>,
    attention: &Attention<'_>,
    [queries, keys, values]: [Heads<'_>; 3],
    out: HeadsMut<'_>,
    scratch: &mut [f32],
) -> Result<(), KernelError> {
    let sizes = attention.check()?;
    for (what, heads, tokens) in [
        ("the queries", queries, sizes.queries),
        ("the keys", keys, sizes.keys),
        ("the values", values, sizes.keys),
    ] {
        let needed = attention.extent(what, tokens, heads.token, heads.head)?;
        long_enough(what, needed, heads.data.len())?;
    }
    let needed = attention.extent("the output", sizes.queries, out.token, out.head)?;
    long_enough("the output", needed, out.data.len())?;
    attention.check_overlap(sizes.queries, out.token, out.head)?;
    let plan = Plan::new(cpu, attention);
    long_enough(
        "the scratch memory",
        workspace(cpu, attention),
        scratch.len(),
    )?;
    if sizes.queries == 0 || attention.size == 0 {
        return Ok(());
    }
    let (out_data, scratch) = (SharedMut::new(out.data), SharedMut::new(scratch));
    let tasks = sizes.sequences * attention.heads * plan.splits;
    cpu.pool().for_each(tasks, |task, worker| {
        // SAFETY: no two threads are the same worker at the same time, and `scratch` is borrowed until all have ended.
        let scratch = unsafe { scratch.part(worker * plan.scratch, plan.scratch) };
        let (rest, split) = (task / plan.splits, task % plan.splits);
        let (sequence, head) = (rest / attention.heads, rest % attention.heads);
        let (q, k) = attention.sequence(sequence);
        let count = q.len();
        let head = Head {
            attention,
            plan,
            sequence,
            head,
            keys: k.len(),
            q: &queries.data
                [(q.start * queries.token + head * queries.head).min(queries.data.len())..],
            q_row: queries.token,
            k: &keys.data[(k.start * keys.token + head * keys.head).min(keys.data.len())..],
            k_row: keys.token,
            v: &values.data[(k.start * values.token + head * values.head).min(values.data.len())..],
            v_row: values.token,
            out: out_data,
            out_start: q.start * out.token + head * out.head,
            out_row: out.token,
        };
        let rows = count * split / plan.splits..count * (split + 1) / plan.splits;
        if !rows.is_empty() {
            head::run(cpu.verified(), &head, rows, scratch);
        }
    });
    Ok(())
}

/// The numbers of sequences, queries and keys.
struct Sizes {
    sequences: usize,
    queries: usize,
    keys: usize,
}

impl Attention<'_> {
    fn check(&self) -> Result<Sizes, KernelError> {
        let sizes = match self.sequences {
            Sequences::Batch {
                batch,
                queries,
                keys,
            } => Sizes {
                sequences: batch,
                queries: crate::error::product("the queries", &[batch, queries])?,
                keys: crate::error::product("the keys", &[batch, keys])?,
            },
            Sequences::Packed(offsets) => {
                for pair in offsets.windows(2) {
                    long_enough(
                        "an offset, counted from the one before it,",
                        pair[0],
                        pair[1],
                    )?;
                }
                let tokens = offsets.last().copied().unwrap_or(0);
                Sizes {
                    sequences: offsets.len().saturating_sub(1),
                    queries: tokens,
                    keys: tokens,
                }
            }
        };
        crate::error::product("the heads", &[sizes.sequences, self.heads, 1 << 20])?;
        let (_, longest_queries, longest_keys) = self.longest();
        let reach = |what, strides: [usize; 4], given| {
            let counts = [sizes.sequences, self.heads, longest_queries, longest_keys];
            if counts.contains(&0) {
                return Ok(());
            }
            let last = counts
                .iter()
                .zip(strides)
                .try_fold(1usize, |reach, (count, stride)| {
                    (count - 1).checked_mul(stride)?.checked_add(reach)
                })
                .ok_or(KernelError::Overflow { what })?;
            long_enough(what, last, given)
        };
        match self.mask {
            Mask::None | Mask::Causal => {}
            Mask::Lengths(lengths) => {
                equal("the number of lengths", sizes.sequences, lengths.len())?;
                for (sequence, &length) in lengths.iter().enumerate() {
                    let keys = self.sequence(sequence).1.len();
                    long_enough("a sequence, counted in keys,", length, keys)?;
                }
            }
            Mask::Additive { data, strides } => reach("the mask", strides, data.len())?,
            Mask::Boolean { data, strides } => reach("the mask", strides, data.len())?,
        }
        Ok(sizes)
    }

    /// The tokens of a sequence, as queries and as keys.
    fn sequence(&self, number: usize) -> (std::ops::Range<usize>, std::ops::Range<usize>) {
        match self.sequences {
            Sequences::Batch { queries, keys, .. } => (
                number * queries..(number + 1) * queries,
                number * keys..(number + 1) * keys,
            ),
            Sequences::Packed(offsets) => {
                let tokens = offsets[number]..offsets[number + 1];
                (tokens.clone(), tokens)
            }
        }
    }

    /// The number of sequences and the largest numbers of queries and keys in one.
    fn longest(&self) -> (usize, usize, usize) {
        match self.sequences {
            Sequences::Batch {
                batch,
                queries,
                keys,
            } => (batch, queries, keys),
            Sequences::Packed(offsets) => {
                let longest = offsets
                    .windows(2)
                    .map(|pair| pair[1].saturating_sub(pair[0]))
                    .max()
                    .unwrap_or(0);
                (offsets.len().saturating_sub(1), longest, longest)
            }
        }
    }

    /// How many numbers vectors reach over.
    fn extent(
        &self,
        what: &'static str,
        tokens: usize,
        token: usize,
        head: usize,
    ) -> Result<usize, KernelError> {
        if tokens == 0 || self.heads == 0 || self.size == 0 {
            return Ok(0);
        }
        (tokens - 1)
            .checked_mul(token)
            .zip((self.heads - 1).checked_mul(head))
            .and_then(|(tokens, heads)| tokens.checked_add(heads)?.checked_add(self.size))
            .ok_or(KernelError::Overflow { what })
    }

    /// Fails if vectors of the output may lie upon each other: either tokens or heads are the outer order.
    fn check_overlap(&self, tokens: usize, token: usize, head: usize) -> Result<(), KernelError> {
        let apart = |inner: usize, inner_count: usize, outer: usize, outer_count: usize| {
            let inner_ends = inner_count.saturating_sub(1) * inner + self.size;
            (inner_count <= 1 || inner >= self.size) && (outer_count <= 1 || outer >= inner_ends)
        };
        if apart(head, self.heads, token, tokens) || apart(token, tokens, head, self.heads) {
            Ok(())
        } else {
            Err(KernelError::Overlap {
                what: "the output",
                columns: self.size,
                stride: head.min(token),
            })
        }
    }
}
