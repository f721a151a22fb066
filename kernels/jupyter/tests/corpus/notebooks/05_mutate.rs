// Variables that change.

// %%
let mut count = 0;
let mut words = vec!["one".to_string()];
let fixed = 5;
//.

// %%
count += 1;
words.push("two".into());
words[0].make_ascii_uppercase();
//.

// %%
for word in &mut words {
    word.push('!');
    count += 1;
}
(count, &words)
//= (3, ["ONE!", "two!"])

// %%
fixed += 1;
//! E0594: not declared as mutable
//+ let mut fixed = fixed;

// %%
fixed
//= 5

// %%
let mut fixed = fixed;
fixed *= 2;
fixed
//= 10

// %%
let mut fixed = fixed;
let borrowed = &mut fixed;
*borrowed += 1;
fixed
//= 11

// %%
std::mem::swap(&mut count, &mut fixed);
(count, fixed)
//= (11, 3)

// %%
let mut grid = [[0u8; 3]; 2];
grid[1][2] = 9;
//.

// %%
grid[0] = grid[1];
grid
//= [[0, 0, 9], [0, 0, 9]]

// %%
let taken = std::mem::take(&mut words);
(words.len(), taken.len())
//= (0, 2)

// %%
count = "text";
//! E0308: mismatched types
