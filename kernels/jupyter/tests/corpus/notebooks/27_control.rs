// Loops, labels, blocks and early ends.

// %%
let found = 'outer: loop {
    for i in 1.. {
        for j in 1..i {
            if i * j > 20 { break 'outer (i, j); }
        }
    }
};
found
//= (6, 4)

// %%
let value = 'block: {
    if found.0 > 5 { break 'block "big"; }
    "small"
};
value
//= "big"

// %%
let mut n = 27u64;
let mut steps = 0;
while n != 1 {
    n = if n % 2 == 0 { n / 2 } else { 3 * n + 1 };
    steps += 1;
}
steps
//= 111

// %%
let items = [Some(1), None, Some(3)];
let mut sum = 0;
for item in items {
    let Some(x) = item else { continue };
    sum += x;
}
sum
//= 4

// %%
fn early(x: i32) -> &'static str {
    if x < 0 { return "negative"; }
    "not negative"
}
[early(-1), early(1)]
//= ["negative", "not negative"]

// %%
if sum > 3 { println!("yes") } else { println!("no") }
//> yes

// %%
let x = if sum > 3 { 1 } else { "two" };
//! E0308: `if` and `else` have incompatible types

// %%
match sum { 4 => println!("four"), _ => {} }
//> four

// %%
for (i, c) in "abc".chars().enumerate().skip(1).step_by(1) { print!("{i}{c} "); }
println!("done");
//> 1b 2c done

// %%
break;
//! E0267: `break`

// %%
let mut fib = std::iter::successors(Some((0u32, 1u32)), |&(a, b)| Some((b, a + b))).map(|p| p.0);
fib.nth(10)
//= Some(55)

// %%
{ { { 5 } } }
//= 5

// %%
for a in 1..2 {
}
5
//= 5
