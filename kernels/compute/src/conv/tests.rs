use proptest::prelude::*;

use super::*;
use crate::elementwise::{BinaryOp, UnaryOp};
use crate::gemm::Operand;
use crate::test::{assert_close, numbers, on_every_cpu};

/// Sums of `depth` products below 1 and a bias.
fn compare(conv: &Conv2d, seed: u64, biased: bool) {
    let size = conv.output().unwrap();
    let input = numbers(
        seed,
        conv.batch * conv.channels[0] * conv.input[0] * conv.input[1],
    );
    let weight = numbers(seed ^ 1, conv.channels[1] * conv.depth());
    let bias = numbers(seed ^ 2, conv.channels[1]);
    let bias = biased.then_some(&bias[..]);
    let len = conv.batch * conv.channels[1] * size[0] * size[1];
    let mut expected = vec![7.0; len];
    conv2d_reference(conv, &input, &weight, bias, &mut expected).unwrap();
    let (pixels, residual) = (size[0] * size[1], numbers(seed ^ 3, len));
    let factors = numbers(seed ^ 4, conv.batch * conv.channels[1]);
    let rectified: Vec<f32> = expected.iter().map(|x| x.max(0.0) * 0.5).collect();
    let ended: Vec<f32> = (rectified.iter().zip(&residual).enumerate())
        .map(|(i, (x, residual))| x * factors[i / pixels] + residual)
        .collect();
    let matrix = Operand::Matrix {
        data: &residual,
        stride: pixels,
    };
    let then = [
        Then::Unary(UnaryOp::Relu),
        Then::Binary(BinaryOp::Mul, Operand::Scalar(0.5)),
        Then::Binary(BinaryOp::Mul, Operand::Rows(&factors)),
        Then::Binary(BinaryOp::Add, matrix),
    ];
    let allowed = 1.6e-6 * (conv.depth() as f32).sqrt() + 1e-6;
    on_every_cpu(|cpu| {
        for (then, expected) in [
            (&[][..], &expected),
            (&then[..2], &rectified),
            (&then[..], &ended),
        ] {
            let mut got = vec![7.0; len];
            let mut scratch = vec![f32::NAN; workspace(cpu, conv)];
            conv2d(
                cpu,
                conv,
                &input,
                &weight,
                bias,
                then,
                &mut got,
                &mut scratch,
            )
            .unwrap();
            assert_close(&got, expected, allowed, allowed, cpu.isa().name());
        }
    });
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn convolutions_agree_with_the_reference(
        batch in 0..3usize, (groups, from, to) in (1..4usize, 0..4usize, 0..15usize), input in [0..12usize, 0..20usize],
        kernel in [1..4usize, 1..4usize], stride in [1..4usize, 1..4usize], dilation in [1..3usize, 1..3usize],
        padding in [[0..4usize, 0..4usize], [0..4usize, 0..4usize]], biased in any::<bool>(), seed in any::<u64>(),
    ) {
        let conv = Conv2d { batch, channels: [from * groups, to * groups], groups, input, kernel, stride, dilation, padding };
        compare(&conv, seed, biased);
    }
}

pub(super) const CONV: Conv2d = Conv2d {
    batch: 2,
    channels: [32, 64],
    groups: 1,
    input: [14, 14],
    kernel: [3, 3],
    stride: [1, 1],
    dilation: [1, 1],
    padding: [[1, 1], [1, 1]],
};

#[test]
fn many_channels_agree_with_the_reference() {
    compare(&CONV, 3, true);
}

#[test]
fn each_channel_may_be_its_own_group() {
    let channels = [32, 32];
    compare(
        &Conv2d {
            channels,
            groups: 32,
            ..CONV
        },
        4,
        true,
    );
}

#[test]
fn not_a_number_reaches_the_pixels_around_it_only() {
    let conv = Conv2d {
        batch: 1,
        channels: [1, 1],
        input: [5, 40],
        ..CONV
    };
    let mut input = vec![1.0; 200];
    input[2 * 40 + 20] = f32::NAN;
    on_every_cpu(|cpu| {
        let mut out = vec![0.0; 200];
        let mut scratch = vec![0.0; workspace(cpu, &conv)];
        conv2d(
            cpu,
            &conv,
            &input,
            &[1.0; 9],
            None,
            &[],
            &mut out,
            &mut scratch,
        )
        .unwrap();
        for (i, x) in out.iter().enumerate() {
            let near = (1..=3).contains(&(i / 40)) && (19..=21).contains(&(i % 40));
            assert_eq!(x.is_nan(), near, "{i}");
        }
    });
}

#[test]
fn what_does_not_fit_is_an_error() {
    let cpu = Cpu::best();
    let conv = Conv2d {
        batch: 1,
        channels: [2, 2],
        input: [3, 3],
        ..CONV
    };
    let run = |conv: &Conv2d, input: usize, scratch: usize, then: &[Then<'_>]| {
        let mut out = [7.0; 18];
        let (input, mut scratch) = (vec![0.0; input], vec![0.0; scratch]);
        let error = conv2d(
            cpu,
            conv,
            &input,
            &[1.0; 36],
            None,
            then,
            &mut out,
            &mut scratch,
        );
        assert_eq!(out, [7.0; 18]);
        error.unwrap_err().to_string()
    };
    let enough = workspace(cpu, &conv);
    assert_eq!(
        run(&conv, 17, enough, &[]),
        "the input: 18 element(s) needed, 17 given"
    );
    assert!(run(&conv, 18, enough - 1, &[]).contains("scratch"));
    assert_eq!(
        run(
            &Conv2d {
                stride: [0, 1],
                ..conv
            },
            18,
            enough,
            &[]
        ),
        "the smallest of the strides is 0, but must be 1"
    );
    assert!(run(&Conv2d { groups: 0, ..conv }, 18, enough, &[]).contains("groups"));
    assert!(
        run(
            &Conv2d {
                channels: [3, 2],
                groups: 2,
                ..conv
            },
            27,
            enough,
            &[]
        )
        .contains("whole groups")
    );
    let rows = [Then::Binary(BinaryOp::Add, Operand::Rows(&[0.0; 1]))];
    assert!(run(&conv, 18, enough, &rows).contains("an operand of rows"));
    assert!(
        Conv2d {
            padding: [[usize::MAX, 0], [0, 0]],
            ..conv
        }
        .output()
        .is_err()
    );
}
