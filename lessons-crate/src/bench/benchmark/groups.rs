//! Rows of mixed length in groups of similar length, so that little is computed for padding.

/// What a run costs beside its tokens, as a number of tokens: reading the weights once. Where a run has
/// fewer tokens than this, memory decides and not arithmetic.
const RUN: usize = 16;

/// Splits rows into groups such that all runs together cost least, if a run costs [`RUN`] and the tokens
/// of its rows, padded to the longest. Gives the rows of each group; exact, by dynamic programming over
/// the rows in the order of their lengths.
pub fn by_length(lengths: &[usize]) -> Vec<Vec<usize>> {
    let mut rows: Vec<usize> = (0..lengths.len()).collect();
    rows.sort_by_key(|row| lengths[*row]);
    // For the first n rows: the least cost, and where their last group starts.
    let mut best = vec![(0, 0)];
    for end in 1..=rows.len() {
        let longest = lengths[rows[end - 1]];
        let cost = |start: usize| best[start].0 + RUN + (end - start) * longest;
        let choice = (0..end).map(|start| (cost(start), start)).min();
        best.extend(choice);
    }
    let mut groups = Vec::new();
    let mut end = rows.len();
    while end > 0 {
        let (_, start) = best[end];
        groups.push(rows[start..end].to_vec());
        end = start;
    }
    groups.reverse();
    groups
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cost(groups: &[Vec<usize>], lengths: &[usize]) -> usize {
        let group = |rows: &Vec<usize>| {
            RUN + rows.len() * rows.iter().map(|row| lengths[*row]).max().unwrap()
        };
        groups.iter().map(group).sum()
    }

    #[test]
    fn every_row_is_in_one_group() {
        let lengths = [9, 100, 8, 8, 57, 100, 3];
        let mut rows: Vec<usize> = by_length(&lengths).concat();
        rows.sort_unstable();
        assert_eq!(rows, [0, 1, 2, 3, 4, 5, 6]);
        assert!(by_length(&[]).is_empty());
        assert_eq!(by_length(&[5; 4]), [[0, 1, 2, 3]]);
    }

    /// Against all ways to cut the rows, sorted by length, into groups.
    #[test]
    fn no_other_way_costs_less() {
        for seed in 0..50usize {
            let lengths: Vec<usize> = (0..8).map(|n| 8 + (seed * 31 + n * n * 17) % 121).collect();
            let mut sorted: Vec<usize> = (0..8).collect();
            sorted.sort_by_key(|row| lengths[*row]);
            let least = (0..1 << 7u32)
                .map(|cuts: usize| {
                    let mut groups = vec![vec![sorted[0]]];
                    for (place, row) in sorted.iter().enumerate().skip(1) {
                        if cuts >> (place - 1) & 1 == 1 {
                            groups.push(Vec::new());
                        }
                        groups.last_mut().unwrap().push(*row);
                    }
                    cost(&groups, &lengths)
                })
                .min();
            assert_eq!(
                Some(cost(&by_length(&lengths), &lengths)),
                least,
                "{lengths:?}"
            );
        }
    }
}
