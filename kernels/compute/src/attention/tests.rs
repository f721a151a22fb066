//! The fast path against the reference; Q, K and V as columns of one matrix, the output with gaps.

use proptest::prelude::*;

use super::*;
use crate::test::{assert_close, numbers, on_every_cpu};

/// Sums of `size` products below 1 and of probabilities; scores below `size`.
fn compare(attention_of: &Attention<'_>, seed: u64) {
    let sizes = attention_of.check().unwrap();
    let width = attention_of.heads * attention_of.size;
    let tokens = sizes.queries.max(sizes.keys);
    let qkv = numbers(seed, tokens * 3 * width + 3 * width);
    let heads = |part: usize| Heads {
        data: &qkv[part * width..],
        token: 3 * width,
        head: attention_of.size,
    };
    let all = [heads(0), heads(1), heads(2)];
    let len = sizes.queries * (width + 3);
    let mut expected = vec![7.0; len];
    let to = HeadsMut {
        data: &mut expected,
        token: width + 3,
        head: attention_of.size,
    };
    attention_reference(attention_of, all, to);
    on_every_cpu(|cpu| {
        let mut got = vec![7.0; len];
        let mut scratch = vec![f32::NAN; workspace(cpu, attention_of)];
        let to = HeadsMut {
            data: &mut got,
            token: width + 3,
            head: attention_of.size,
        };
        attention(cpu, attention_of, all, to, &mut scratch).unwrap();
        assert_close(&got, &expected, 1e-5, 1e-5, cpu.isa().name());
    });
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn attention_agrees_with_the_reference(
        (heads, size) in (1..4usize, 0..70usize), batch in 0..3usize, queries in 0..40usize, keys in 0..75usize,
        mask in 0..5usize, broadcast in any::<bool>(), seed in any::<u64>(),
    ) {
        // Without a visible key the reference has no probabilities; attention over no keys is 0.
        let additive: Vec<f32> = numbers(seed ^ 5, batch * heads * queries * keys).iter().map(|x| if *x > 0.8 { f32::NEG_INFINITY } else { *x }).collect();
        let boolean: Vec<bool> = additive.iter().enumerate().map(|(i, x)| *x > -0.5 || keys == 0 || i % keys == 0).collect();
        let lengths: Vec<usize> = (0..batch).map(|i| (i * 7 + seed as usize % 50) % (keys + 1)).collect();
        let strides = if broadcast { [0, 0, keys, 1] } else { [heads * queries * keys, queries * keys, keys, 1] };
        let mask = match mask {
            0 => Mask::None,
            1 => Mask::Causal,
            2 => Mask::Lengths(&lengths),
            3 => Mask::Additive { data: &additive, strides },
            _ => Mask::Boolean { data: &boolean, strides },
        };
        let sequences = Sequences::Batch { batch, queries, keys };
        compare(&Attention { heads, size, sequences, scale: 0.3, mask }, seed);
    }

    #[test]
    fn packed_sequences_agree_with_the_reference(lengths in prop::collection::vec(0..60usize, 0..5), causal in any::<bool>(), seed in any::<u64>()) {
        let offsets: Vec<usize> = std::iter::once(0).chain(lengths.iter().scan(0, |sum, length| { *sum += length; Some(*sum) })).collect();
        let mask = if causal { Mask::Causal } else { Mask::None };
        compare(&Attention { heads: 2, size: 32, sequences: Sequences::Packed(&offsets), scale: 0.2, mask }, seed);
    }
}

#[test]
fn long_sequences_are_cut_into_tiles() {
    for (queries, keys) in [(200, 200), (1, 3000), (100, 1500)] {
        let sequences = Sequences::Batch {
            batch: 1,
            queries,
            keys,
        };
        compare(
            &Attention {
                heads: 1,
                size: 40,
                sequences,
                scale: 0.15,
                mask: Mask::None,
            },
            9,
        );
    }
}

#[test]
fn heads_may_be_the_outer_order() {
    let cpu = Cpu::best();
    let (heads, size, tokens) = (2, 3, 5);
    let of = Attention {
        heads,
        size,
        sequences: Sequences::Batch {
            batch: 1,
            queries: tokens,
            keys: tokens,
        },
        scale: 1.0,
        mask: Mask::None,
    };
    let data = numbers(1, heads * size * tokens);
    let outer = Heads {
        data: &data,
        token: size,
        head: size * tokens,
    };
    let (mut got, mut expected) = (vec![0.0; data.len()], vec![0.0; data.len()]);
    let mut scratch = vec![0.0; workspace(cpu, &of)];
    let to = HeadsMut {
        data: &mut got,
        token: size,
        head: size * tokens,
    };
    attention(cpu, &of, [outer; 3], to, &mut scratch).unwrap();
    let to = HeadsMut {
        data: &mut expected,
        token: size,
        head: size * tokens,
    };
    attention_reference(&of, [outer; 3], to);
    assert_close(&got, &expected, 1e-6, 1e-6, "heads outside");
}

#[test]
fn not_a_number_reaches_what_sees_it() {
    on_every_cpu(|cpu| {
        let of = Attention {
            heads: 1,
            size: 2,
            sequences: Sequences::Batch {
                batch: 1,
                queries: 2,
                keys: 2,
            },
            scale: 1.0,
            mask: Mask::Causal,
        };
        let plain = [1.0, 1.0, 1.0, 1.0];
        let mut late = plain;
        late[2] = f32::NAN;
        let heads = |data| Heads {
            data,
            token: 2,
            head: 2,
        };
        let mut out = [7.0; 4];
        let mut scratch = vec![0.0; workspace(cpu, &of)];
        let to = HeadsMut {
            data: &mut out,
            token: 2,
            head: 2,
        };
        attention(
            cpu,
            &of,
            [heads(&plain), heads(&late), heads(&plain)],
            to,
            &mut scratch,
        )
        .unwrap();
        assert_eq!(out[..2], [1.0, 1.0]);
        assert!(out[2..].iter().all(|x| x.is_nan()));
    });
}

#[test]
fn what_does_not_fit_is_an_error() {
    let cpu = Cpu::best();
    let of = Attention {
        heads: 2,
        size: 2,
        sequences: Sequences::Batch {
            batch: 1,
            queries: 2,
            keys: 2,
        },
        scale: 1.0,
        mask: Mask::None,
    };
    let data = [1.0; 8];
    let heads = |len: usize| Heads {
        data: &data[..len],
        token: 4,
        head: 2,
    };
    let run = |of: &Attention<'_>, short: usize, token: usize, scratch: usize| {
        let mut out = [7.0; 8];
        let mut scratch = vec![0.0; scratch];
        let to = HeadsMut {
            data: &mut out,
            token,
            head: 2,
        };
        let error = attention(
            cpu,
            of,
            [heads(8), heads(short), heads(8)],
            to,
            &mut scratch,
        )
        .unwrap_err();
        assert_eq!(out, [7.0; 8]);
        error.to_string()
    };
    let enough = workspace(cpu, &of);
    assert_eq!(
        run(&of, 7, 4, enough),
        "the keys: 8 element(s) needed, 7 given"
    );
    assert!(run(&of, 8, 3, enough).contains("overlap"));
    assert!(run(&of, 8, 4, enough - 1).contains("scratch"));
    let lengths = Attention {
        mask: Mask::Lengths(&[3]),
        ..of
    };
    assert!(run(&lengths, 8, 4, enough).contains("counted in keys"));
    let mask = Attention {
        mask: Mask::Additive {
            data: &data,
            strides: [0, 4, 4, 1],
        },
        ..of
    };
    assert!(run(&mask, 8, 4, enough).contains("the mask"));
    let offsets = Attention {
        sequences: Sequences::Packed(&[2, 0]),
        ..of
    };
    assert!(run(&offsets, 8, 4, enough).contains("offset"));
}
