//! Reductions of a row, as many at a time as the widest vectors need: plain loops that become vector code where they are
//! compiled for an instruction set, so all are `#[inline(always)]`.

/// Partial results that are kept side by side: four of the widest vectors, which hides the latency of an addition.
pub(crate) const LANES: usize = 64;

/// The sum of partial sums, pairwise.
#[inline(always)]
pub(crate) fn total(mut lanes: [f32; LANES]) -> f32 {
    let mut width = LANES / 2;
    while width > 0 {
        for i in 0..width {
            lanes[i] += lanes[i + width];
        }
        width /= 2;
    }
    lanes[0]
}

/// The sum of a row. Each of the 64 partial sums has a 64th of the rounding errors of one after the other.
#[inline(always)]
pub(crate) fn sum(row: &[f32]) -> f32 {
    let mut lanes = [0.0; LANES];
    let (blocks, rest) = row.as_chunks::<LANES>();
    for block in blocks {
        for (lane, x) in lanes.iter_mut().zip(block) {
            *lane += x;
        }
    }
    for (lane, x) in lanes.iter_mut().zip(rest) {
        *lane += x;
    }
    total(lanes)
}

/// The sum of the squares of the distances from `center`.
#[inline(always)]
pub(crate) fn square_sum(row: &[f32], center: f32) -> f32 {
    let mut lanes = [0.0; LANES];
    let (blocks, rest) = row.as_chunks::<LANES>();
    for block in blocks {
        for (lane, x) in lanes.iter_mut().zip(block) {
            let distance = x - center;
            *lane += distance * distance;
        }
    }
    for (lane, x) in lanes.iter_mut().zip(rest) {
        let distance = x - center;
        *lane += distance * distance;
    }
    total(lanes)
}

/// The largest number of a row, −∞ if it has none. What it is with a NaN in the row is not said.
#[inline(always)]
pub(crate) fn max(row: &[f32]) -> f32 {
    let mut lanes = [f32::NEG_INFINITY; LANES];
    let (blocks, rest) = row.as_chunks::<LANES>();
    for block in blocks {
        for (lane, &x) in lanes.iter_mut().zip(block) {
            *lane = if x > *lane { x } else { *lane };
        }
    }
    for (lane, &x) in lanes.iter_mut().zip(rest) {
        *lane = if x > *lane { x } else { *lane };
    }
    let mut width = LANES / 2;
    while width > 0 {
        for i in 0..width {
            let x = lanes[i + width];
            lanes[i] = if x > lanes[i] { x } else { lanes[i] };
        }
        width /= 2;
    }
    lanes[0]
}
