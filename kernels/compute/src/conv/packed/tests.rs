//! The fast path against the reference, on every instruction set of the machine and several numbers of threads.

use proptest::prelude::*;

use super::*;
use crate::conv::conv2d_reference;
use crate::conv::tests::CONV;
use crate::elementwise::BinaryOp;
use crate::gemm::Operand;
use crate::isa::Isa;
use crate::pool::Pool;
use crate::pooling::pool2d_reference;
use crate::test::{assert_close, numbers, on_every_cpu};

const HALVES: Pooled = Pooled {
    kind: Pooling::Max,
    kernel: [2, 2],
    stride: [2, 2],
};

/// What a convolution is given.
struct Case {
    conv: Conv2d,
    input: Vec<f32>,
    weight: Vec<f32>,
    bias: Option<Vec<f32>>,
}

impl Case {
    fn new(conv: Conv2d, seed: u64, biased: bool) -> Case {
        let [height, width] = conv.input;
        Case {
            conv,
            input: numbers(seed, conv.batch * conv.channels[0] * height * width),
            weight: numbers(seed ^ 1, conv.channels[1] * conv.depth()),
            bias: biased.then(|| numbers(seed ^ 2, conv.channels[1])),
        }
    }

    /// Sums of `depth` products below 1 and a bias.
    fn reference(&self) -> Vec<f32> {
        let [rows, columns] = self.conv.output().unwrap();
        let mut out = vec![7.0; self.conv.batch * self.conv.channels[1] * rows * columns];
        let bias = self.bias.as_deref();
        conv2d_reference(&self.conv, &self.input, &self.weight, bias, &mut out).unwrap();
        out
    }

    fn run(&self, cpu: Cpu<'_>, pool: Option<&Pooled>, then: &[Then<'_>], len: usize) -> Vec<f32> {
        let conv = &self.conv;
        let [from, to] = conv.channels;
        let [height, width] = conv.kernel;
        let shape = [to, from / conv.groups, height, width];
        let filter = PackedFilter::new(cpu, &self.weight, shape, conv.groups).unwrap();
        let mut out = vec![7.0; len];
        let mut scratch = vec![f32::NAN; packed_workspace(cpu, conv, pool)];
        let bias = self.bias.as_deref();
        conv2d_packed(
            cpu,
            conv,
            pool,
            &self.input,
            &filter,
            bias,
            then,
            &mut out,
            &mut scratch,
        )
        .unwrap();
        out
    }

    fn allowed(&self) -> f32 {
        1.6e-6 * (self.conv.depth() as f32).sqrt() + 1e-6
    }

    fn compare(&self) {
        let expected = self.reference();
        let conv = &self.conv;
        let pixels: usize = conv.output().unwrap().iter().product();
        let residual = numbers(3, expected.len());
        let factors = numbers(4, conv.batch * conv.channels[1]);
        let rectified: Vec<f32> = expected.iter().map(|x| x.max(0.0) * 0.5).collect();
        let ended: Vec<f32> = (rectified.iter().zip(&residual).enumerate())
            .map(|(i, (x, residual))| x * factors[i / pixels] + residual)
            .collect();
        let data = &residual[..];
        let stride = pixels;
        let then = [
            Then::Unary(UnaryOp::Relu),
            Then::Binary(BinaryOp::Mul, Operand::Scalar(0.5)),
            Then::Binary(BinaryOp::Mul, Operand::Rows(&factors)),
            Then::Binary(BinaryOp::Add, Operand::Matrix { data, stride }),
        ];
        on_every_cpu(|cpu| {
            for (then, expected) in [
                (&[][..], &expected),
                (&then[..2], &rectified),
                (&then[..], &ended),
            ] {
                let got = self.run(cpu, None, then, expected.len());
                assert_close(
                    &got,
                    expected,
                    self.allowed(),
                    self.allowed(),
                    cpu.isa().name(),
                );
            }
        });
    }

    /// With a pool behind it, after steps that may come behind it and after one that may not.
    fn compare_pooled(&self, pool: &Pooled) {
        let conv = &self.conv;
        let size = conv.output().unwrap();
        let window = Conv2d {
            channels: [conv.channels[1]; 2],
            groups: conv.channels[1].max(1),
            input: size,
            kernel: pool.kernel,
            stride: pool.stride,
            dilation: [1, 1],
            padding: [[0, 0], [0, 0]],
            ..*conv
        };
        let raw = self.reference();
        let relu = [Then::Unary(UnaryOp::Relu)];
        let half = [Then::Binary(BinaryOp::Mul, Operand::Scalar(-0.5))];
        for (then, function) in [
            (&[][..], (|x| x) as fn(f32) -> f32),
            (&relu[..], |x| x.max(0.0)),
            (&half[..], |x| x * -0.5),
        ] {
            let before: Vec<f32> = raw.iter().map(|x| function(*x)).collect();
            let expected = pool2d_reference(pool.kind, &window, &before).unwrap();
            assert_eq!(
                expected.len(),
                conv.batch * conv.channels[1] * pool.output(size).iter().product::<usize>()
            );
            on_every_cpu(|cpu| {
                let got = self.run(cpu, Some(pool), then, expected.len());
                assert_close(
                    &got,
                    &expected,
                    self.allowed(),
                    self.allowed(),
                    cpu.isa().name(),
                );
            });
        }
    }
}

fn pools() -> impl Strategy<Value = Pooled> {
    let kind = prop::sample::select(vec![Pooling::Max, Pooling::Mean, Pooling::MeanInside]);
    let along = || (1..=MAX_POOL).prop_flat_map(|stride| (1..=stride, Just(stride)));
    (kind, along(), along()).prop_map(|(kind, height, width)| Pooled {
        kind,
        kernel: [height.0, width.0],
        stride: [height.1, width.1],
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn convolutions_agree_with_the_reference(
        batch in 0..3usize, (groups, from, to) in (1..4usize, 0..4usize, 0..40usize), input in [0..12usize, 0..40usize],
        kernel in [1..4usize, 1..4usize], stride in [1..4usize, 1..4usize], dilation in [1..3usize, 1..3usize],
        padding in [[0..4usize, 0..4usize], [0..4usize, 0..4usize]], biased in any::<bool>(), seed in any::<u64>(),
        pool in pools(),
    ) {
        let conv = Conv2d { batch, channels: [from * groups, to * groups], groups, input, kernel, stride, dilation, padding };
        let case = Case::new(conv, seed, biased);
        case.compare();
        case.compare_pooled(&pool);
    }
}

#[test]
fn many_channels_agree_with_the_reference() {
    let case = Case::new(CONV, 3, true);
    case.compare();
    case.compare_pooled(&HALVES);
}

#[test]
fn a_large_image_is_cut_into_blocks() {
    for (channels, input, stride) in [
        ([24, 32], [37, 120], [1, 1]),
        ([300, 16], [9, 40], [1, 1]),
        ([64, 48], [41, 83], [2, 2]),
    ] {
        let conv = Conv2d {
            batch: 1,
            channels,
            input,
            stride,
            ..CONV
        };
        let blocks = Blocks::new(Cpu::best(), &conv, &Pooled::NONE, conv.output().unwrap());
        assert!(blocks.count() > 1);
        Case::new(conv, 5, true).compare();
        Case::new(conv, 6, false).compare_pooled(&HALVES);
    }
}

#[test]
fn the_number_of_threads_changes_no_bit() {
    let case = Case::new(CONV, 7, true);
    for isa in Isa::available() {
        let results = [1, 2, 5].map(|threads| {
            let pool = Pool::new(threads);
            case.run(
                Cpu::new(isa, &pool).unwrap(),
                Some(&HALVES),
                &[],
                2 * 64 * 49,
            )
        });
        assert!(results[0] == results[1] && results[0] == results[2]);
    }
}

#[test]
fn not_a_number_reaches_the_windows_around_it_only() {
    let conv = Conv2d {
        batch: 1,
        channels: [1, 16],
        input: [6, 40],
        ..CONV
    };
    let mut case = Case::new(conv, 8, false);
    case.input = vec![1.0; 240];
    case.input[2 * 40 + 20] = f32::NAN;
    on_every_cpu(|cpu| {
        let got = case.run(cpu, None, &[], 16 * 240);
        for (i, x) in got.iter().enumerate() {
            let (y, x_of) = (i % 240 / 40, i % 40);
            let near = (1..=3).contains(&y) && (19..=21).contains(&x_of);
            assert_eq!(x.is_nan(), near, "{i}");
        }
        let pooled = case.run(cpu, Some(&HALVES), &[Then::Unary(UnaryOp::Relu)], 16 * 60);
        for (i, x) in pooled.iter().enumerate() {
            let (y, x_of) = (i % 60 / 20, i % 20);
            assert_eq!(x.is_nan(), y <= 1 && (9..=10).contains(&x_of), "{i}");
        }
    });
}

#[test]
fn what_does_not_fit_is_an_error() {
    let cpu = Cpu::best();
    let conv = Conv2d {
        batch: 1,
        channels: [2, 4],
        input: [4, 4],
        ..CONV
    };
    let filter = PackedFilter::new(cpu, &[1.0; 72], [4, 2, 3, 3], 1).unwrap();
    let enough = packed_workspace(cpu, &conv, None);
    let run = |conv: &Conv2d, pool: Option<&Pooled>, then: &[Then<'_>], sizes: [usize; 3]| {
        let [input, len, scratch] = sizes;
        let (input, mut scratch) = (vec![0.0; input], vec![0.0; scratch]);
        let mut out = vec![7.0; len];
        let result = conv2d_packed(
            cpu,
            conv,
            pool,
            &input,
            &filter,
            None,
            then,
            &mut out,
            &mut scratch,
        );
        assert!(result.is_ok() || out.iter().all(|x| *x == 7.0));
        result.map_err(|error| error.to_string())
    };
    assert_eq!(run(&conv, None, &[], [32, 64, enough]), Ok(()));
    let fails = |conv: &Conv2d, pool: Option<&Pooled>, then: &[Then<'_>], sizes, what: &str| {
        let error = run(conv, pool, then, sizes).unwrap_err();
        assert!(error.contains(what), "{error}");
    };
    fails(&conv, None, &[], [31, 64, enough], "the input: 32");
    fails(&conv, None, &[], [32, 63, enough], "the output: 64");
    fails(&conv, None, &[], [32, 64, enough - 1], "scratch");
    let sizes = [64, 64, 1 << 16];
    let more = Conv2d {
        channels: [4, 4],
        ..conv
    };
    fails(&more, None, &[], sizes, "input channels of the weights");
    let groups = Conv2d { groups: 2, ..conv };
    fails(&groups, None, &[], sizes, "groups of the weights");
    let none = Conv2d { groups: 0, ..conv };
    fails(&none, None, &[], sizes, "groups");
    let wide = Pooled {
        kernel: [3, 3],
        ..HALVES
    };
    fails(&conv, Some(&wide), &[], sizes, "the pool fits");
    let factors = [1.0; 4];
    let rows = [Then::Binary(BinaryOp::Mul, Operand::Rows(&factors))];
    fails(&conv, Some(&HALVES), &rows, sizes, "before the pool");
    assert!(PackedFilter::new(cpu, &[1.0; 71], [4, 2, 3, 3], 1).is_err());
    assert!(PackedFilter::new(cpu, &[1.0; 72], [4, 2, 3, 3], 3).is_err());
    assert!(PackedFilter::new(cpu, &[1.0; 72], [4, 2, 3, 3], 0).is_err());
    assert!(PackedFilter::new(cpu, &[1.0; 66], [1, 1, 1, 66], 1).is_err());
}
