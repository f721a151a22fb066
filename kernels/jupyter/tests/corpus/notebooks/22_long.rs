// Much output.

// %%
for i in 0..100_000 {
    println!("line {i}");
}
//# 100000 lines, the last: line 99999

// %%
println!("{}", "x".repeat(1_000_000));
println!("end");
//# 2 lines, the last: end

// %%
(0..3).map(|i| vec![i; 3]).collect::<Vec<_>>()
//= [[0, 0, 0], [1, 1, 1], [2, 2, 2]]

// %%
(0..60).collect::<Vec<i32>>()
//~ 59

// %%
let long = "ab".repeat(30);
long.len()
//= 60

// %%
long
//= "abababababababababababababababababababababababababababababab"

// %%
let mut out = std::io::stdout().lock();
for i in 0..1000 {
    use std::io::Write;
    writeln!(out, "{i}")?;
}
//# 1000 lines, the last: 999

// %%
for i in 0..300 {
    eprintln!("error {i}");
}
//2 error 299

// %%
#[derive(Debug)]
struct Deep(Option<Box<Deep>>);
let mut deep = Deep(None);
for _ in 0..3 { deep = Deep(Some(Box::new(deep))); }
deep
//= Deep(Some(Deep(Some(Deep(Some(Deep(None)))))))
