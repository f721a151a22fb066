//! Differentiable ops of training. On the CPU in f32 each runs as one loop with a backward pass
//! written by hand; elsewhere, and as the reference in tests, it is composed of candle's ops.
//!
//! candle records an op and its inputs for every elementwise step and walks each of them again
//! backwards; a fused op reads its input once each way.

mod attention;
mod dropout;
mod gelu;
mod layer_norm;
mod linear;

pub use attention::{Attention, attention};
pub use dropout::{Mask, dropout};
pub use gelu::gelu;
pub use layer_norm::layer_norm;
pub use linear::linear;

use candle_core::{CpuStorage, DType, Layout, Result, Tensor};

/// Whether the loops of this module apply.
fn fused(tensor: &Tensor) -> bool {
    tensor.device().is_cpu() && tensor.dtype() == DType::F32
}

/// The elements of a contiguous f32 tensor.
fn elements<'a>(storage: &'a CpuStorage, layout: &Layout) -> Result<&'a [f32]> {
    let Some((begin, end)) = layout.contiguous_offsets() else {
        candle_core::bail!(
            "training op: the input {:?} is not contiguous",
            layout.shape()
        )
    };
    Ok(&storage.as_slice::<f32>()?[begin..end])
}

/// A copy of a tensor's elements in row-major order.
fn values(tensor: &Tensor) -> Result<Vec<f32>> {
    tensor.flatten_all()?.to_vec1()
}

#[cfg(test)]
mod testing {
    use candle_core::{Device, Result, Tensor, Var};

    use crate::train::random::Random;

    /// A variable of normal numbers.
    pub fn normal(shape: &[usize], seed: u64) -> Var {
        let mut random = Random::new(seed);
        let data: Vec<f32> = (0..shape.iter().product())
            .map(|_| random.normal() as f32)
            .collect();
        Var::from_tensor(&Tensor::from_vec(data, shape, &Device::Cpu).unwrap()).unwrap()
    }

    /// Runs both forms on the same inputs and holds results and all gradients equal.
    #[track_caller]
    pub fn check_against_reference(
        inputs: &[Var],
        tolerance: f32,
        fused: impl Fn() -> Result<Tensor>,
        reference: impl Fn() -> Result<Tensor>,
    ) {
        let ours = fused().unwrap();
        let theirs = reference().unwrap();
        // A weighted sum, so that each output element has a gradient of its own.
        let weights = normal(ours.dims(), 99);
        let loss = |y: &Tensor| (y * weights.as_tensor()).unwrap().sum_all().unwrap();
        let (grads, expected) = (
            loss(&ours).backward().unwrap(),
            loss(&theirs).backward().unwrap(),
        );
        assert_close("result", &ours, &theirs, tolerance);
        for (index, input) in inputs.iter().enumerate() {
            let name = format!("gradient of input {index}");
            assert_close(
                &name,
                grads.get(input).unwrap(),
                expected.get(input).unwrap(),
                tolerance,
            );
        }
    }

    #[track_caller]
    fn assert_close(name: &str, ours: &Tensor, theirs: &Tensor, tolerance: f32) {
        assert_eq!(ours.dims(), theirs.dims(), "{name}");
        let difference = (ours - theirs).unwrap().abs().unwrap();
        let scale = theirs.abs().unwrap().flatten_all().unwrap().max(0).unwrap();
        let scale = scale.to_scalar::<f32>().unwrap().max(1.0);
        let worst = difference
            .flatten_all()
            .unwrap()
            .max(0)
            .unwrap()
            .to_scalar::<f32>()
            .unwrap();
        assert!(
            worst <= tolerance * scale,
            "{name}: differs by {worst}, largest value {scale}"
        );
    }
}
