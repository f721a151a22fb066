// Variables inside macros and format strings, where only a careful reader finds them.

// %%
let width: usize = 6;
let precision: usize = 2;
let value = 3.14159;
let mut hits = 0;
//.

// %%
format!("{value:>width$.precision$}")
//= "  3.14"

// %%
format!("{:>1$}|{:.*}", 7, 4, value)
//= "   7|3.1416"

// %%
assert!(width == 6, "width is {width}");
//.

// %%
macro_rules! bump { ($v:ident) => { $v += 1 }; ($v:ident by $n:expr) => { $v += $n }; }
bump!(hits);
bump!(hits by width as i32);
hits
//= 7

// %%
let r#fn = 3;
println!("{}", r#fn + hits);
//> 10

// %%
vec![width; precision].iter().sum::<usize>() + matches!(hits, 7) as usize
//= 13

// %%
let mut swap = |a: &mut i32| { std::mem::swap(a, &mut hits) };
let mut other = 100;
(swap)(&mut other);
(other, hits)
//= (7, 100)

// %%
println!(
    "{a} {b:?} {width}",
    a = hits,
    b = Some(value),
);
//> 100 Some(3.14159) 6

// %%
let text = stringify!(width);
let code = concat!(line!(), ":", column!());
(text, code)
//= ("width", "2:34")

// %%
dbg!(width + 1) + 1
//= 8
//2 width + 1 = 7

// %%
write!(&mut String::new(), "{}", 1)
//! E0599: cannot write into `&mut String`
//+ Write
