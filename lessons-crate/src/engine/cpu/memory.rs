//! The memory plan: values that do not live at the same time share a place in one arena, and an
//! elementwise step writes over an operand that nothing reads any more.

/// When a value is alive, and its size.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Life {
    /// The step that writes it.
    pub first: usize,
    /// The last step that reads it; from the next step on its place is free.
    pub last: usize,
    /// In words of 32 bits.
    pub len: usize,
}

/// Where each value lies.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Places {
    pub offsets: Vec<usize>,
    /// The size of the arena, in words.
    pub len: usize,
}

/// Offsets are multiples of a cache line of words.
pub const ALIGNMENT: usize = 16;

/// Places values so that those that are alive at the same time do not overlap: the largest first,
/// each at the lowest offset that is free for as long as it lives (Pisarchyk and Lee, 2020).
pub fn place(lives: &[Life]) -> Places {
    let size = |life: &Life| life.len.next_multiple_of(ALIGNMENT);
    let mut order: Vec<usize> = (0..lives.len()).collect();
    order.sort_by_key(|index| (std::cmp::Reverse(lives[*index].len), *index));
    let mut places = Places {
        offsets: vec![0; lives.len()],
        len: 0,
    };
    // Placed ones, by offset.
    let mut placed: Vec<usize> = Vec::with_capacity(lives.len());
    for index in order {
        let life = &lives[index];
        let mut offset = 0;
        for other in &placed {
            let taken = &lives[*other];
            let together = taken.first <= life.last && life.first <= taken.last;
            if together {
                if places.offsets[*other] >= offset + size(life) {
                    break;
                }
                offset = offset.max(places.offsets[*other] + size(taken));
            }
        }
        places.offsets[index] = offset;
        places.len = places.len.max(offset + size(life));
        let at = placed.partition_point(|other| places.offsets[*other] <= offset);
        placed.insert(at, index);
    }
    places
}

/// The size if each value had a place of its own, in words.
pub fn naive(lives: &[Life]) -> usize {
    lives
        .iter()
        .map(|life| life.len.next_multiple_of(ALIGNMENT))
        .sum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_chain_takes_two_places() {
        let lives: Vec<Life> = (0..6)
            .map(|step| Life {
                first: step,
                last: step + 1,
                len: 100,
            })
            .collect();
        let places = place(&lives);
        assert_eq!(places.len, 2 * 112);
        assert_eq!(naive(&lives), 6 * 112);
    }

    proptest! {
        #[test]
        fn values_that_live_together_do_not_overlap(
            lives in prop::collection::vec((0usize..20, 0usize..6, 0usize..200), 0..30)
        ) {
            let lives: Vec<Life> = lives
                .into_iter()
                .map(|(first, more, len)| Life { first, last: first + more, len })
                .collect();
            let Places { offsets, len } = place(&lives);
            for (a, (x, at)) in lives.iter().zip(&offsets).enumerate() {
                prop_assert!(at + x.len <= len && at % ALIGNMENT == 0);
                for (y, other) in lives.iter().zip(&offsets).skip(a + 1) {
                    let together = x.first <= y.last && y.first <= x.last;
                    let apart = at + x.len <= *other || other + y.len <= *at;
                    prop_assert!(!together || apart || x.len == 0 || y.len == 0);
                }
            }
            // Never more than all of them, never less than what lives at one time.
            prop_assert!(len <= naive(&lives));
            for step in 0..26 {
                let alive = lives.iter().filter(|life| (life.first..=life.last).contains(&step));
                prop_assert!(alive.map(|life| life.len).sum::<usize>() <= len);
            }
        }
    }
}
