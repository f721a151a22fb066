//! Cycles, and the links that are turned round to break them.

/// The links, as pairs of what they lead from and to, that close a cycle with the others, found by
/// walking the links depth first.
pub(in crate::figure::diagram) fn against_the_flow(
    count: usize,
    links: &[(usize, usize)],
) -> Vec<bool> {
    #[derive(Clone, Copy, PartialEq)]
    enum State {
        New,
        Open,
        Done,
    }
    let mut leaving: Vec<Vec<usize>> = vec![Vec::new(); count];
    for (index, (from, _)) in links.iter().enumerate() {
        leaving[*from].push(index);
    }
    let mut turned = vec![false; links.len()];
    let mut state = vec![State::New; count];
    for start in 0..count {
        if state[start] != State::New {
            continue;
        }
        state[start] = State::Open;
        let mut walk = vec![(start, 0)];
        while let Some((at, next)) = walk.last_mut() {
            let Some(&link) = leaving[*at].get(*next) else {
                state[*at] = State::Done;
                walk.pop();
                continue;
            };
            *next += 1;
            let (_, to) = links[link];
            match state[to] {
                State::New => {
                    state[to] = State::Open;
                    walk.push((to, 0));
                }
                State::Open => turned[link] = true,
                State::Done => {}
            }
        }
    }
    turned
}

/// The same where some links matter less: of a cycle with such links, one of them is turned.
pub(in crate::figure::diagram) fn against_the_flow_of(
    count: usize,
    links: &[(usize, usize)],
    is_minor: &[bool],
) -> Vec<bool> {
    let all = against_the_flow(count, links);
    if !all.contains(&true) || !is_minor.contains(&true) {
        return all;
    }
    let of = |minor: bool| (0..links.len()).filter(move |link| is_minor[*link] == minor);
    let major: Vec<(usize, usize)> = of(false).map(|link| links[link]).collect();
    let mut turned = vec![false; links.len()];
    let mut leaving: Vec<Vec<usize>> = vec![Vec::new(); count];
    for (link, against) in of(false).zip(against_the_flow(count, &major)) {
        turned[link] = against;
        let (from, to) = links[link];
        match against {
            true => leaving[to].push(from),
            false => leaving[from].push(to),
        }
    }
    for link in of(true) {
        let (from, to) = links[link];
        turned[link] = leads(&leaving, to, from);
        match turned[link] {
            true => leaving[to].push(from),
            false => leaving[from].push(to),
        }
    }
    turned
}

/// Whether links lead from one box to another.
fn leads(leaving: &[Vec<usize>], from: usize, to: usize) -> bool {
    let mut seen = vec![false; leaving.len()];
    let mut walk = vec![from];
    while let Some(at) = walk.pop() {
        if at == to {
            return true;
        }
        if !std::mem::replace(&mut seen[at], true) {
            walk.extend(&leaving[at]);
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        /// With the turned links round there is no cycle, and none is turned where there was none.
        #[test]
        fn turning_breaks_every_cycle(
            links in prop::collection::vec((0usize..12, 1usize..12, any::<bool>()), 0..40)
        ) {
            let ends: Vec<(usize, usize)> =
                links.iter().map(|(from, off, _)| (*from, (from + off) % 12)).collect();
            let minor: Vec<bool> = links.iter().map(|link| link.2).collect();
            for turned in [against_the_flow(12, &ends), against_the_flow_of(12, &ends, &minor)] {
                let after: Vec<(usize, usize)> = ends
                    .iter()
                    .zip(&turned)
                    .map(|((from, to), turned)| if *turned { (*to, *from) } else { (*from, *to) })
                    .collect();
                prop_assert!(!against_the_flow(12, &after).contains(&true));
                if !against_the_flow(12, &ends).contains(&true) {
                    prop_assert!(!turned.contains(&true));
                }
            }
        }
    }

    #[test]
    fn what_matters_less_is_turned() {
        let ring = [(0, 1), (1, 2), (2, 0)];
        for minor in 0..3 {
            let is_minor = [0, 1, 2].map(|link| link == minor);
            assert_eq!(against_the_flow_of(3, &ring, &is_minor), is_minor);
        }
    }
}
