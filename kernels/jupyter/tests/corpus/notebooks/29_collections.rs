// Collections and iterators.

// %%
use std::collections::*;
let mut queue: VecDeque<i32> = (1..=3).collect();
queue.push_front(0);
queue.rotate_left(1);
queue
//= [1, 2, 3, 0]

// %%
let mut heap = BinaryHeap::from([3, 1, 4]);
heap.push(9);
heap.into_sorted_vec()
//= [1, 3, 4, 9]

// %%
let text = "the cat the dog the end";
let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
for word in text.split(' ') { *counts.entry(word).or_default() += 1; }
counts
//= {"cat": 1, "dog": 1, "end": 1, "the": 3}

// %%
counts["the"]
//= 3

// %%
counts["missing"]
//! Panic

// %%
let (even, odd): (Vec<i32>, Vec<i32>) = (1..10).partition(|n| n % 2 == 0);
(&even, &odd)
//= ([2, 4, 6, 8], [1, 3, 5, 7, 9])

// %%
even.iter().zip(&odd).map(|(a, b)| a * b).rev().take(2).collect::<Vec<_>>()
//= [56, 30]

// %%
let mut v = vec![5, 3, 8];
v.sort_by(|a, b| b.cmp(a));
v.dedup();
v.windows(2).map(|w| w[0] - w[1]).collect::<Vec<_>>()
//= [3, 2]

// %%
v.iter().max().copied().unwrap_or_default()
//= 8

// %%
let nested = vec![vec![1], vec![2, 3], vec![]];
nested.concat().iter().fold(String::new(), |acc, n| acc + &n.to_string())
//= "123"

// %%
let grouped: HashMap<bool, Vec<i32>> = (0..4).fold(HashMap::new(), |mut m, n| { m.entry(n > 1).or_insert_with(Vec::new).push(n); m });
grouped[&true]
//= [2, 3]

// %%
v.iter().map(|x| x + "1").count()
//! E0277: cannot add

// %%
let slice = &mut v[..];
slice.reverse();
v
//= [3, 5, 8]

// %%
let set: BTreeSet<char> = "hello".chars().collect();
set.range('f'..).collect::<String>()
//= "hlo"

// %%
let chunks: Vec<Vec<i32>> = (0..5).collect::<Vec<_>>().chunks(2).map(<[i32]>::to_vec).collect();
chunks
//= [[0, 1], [2, 3], [4]]
