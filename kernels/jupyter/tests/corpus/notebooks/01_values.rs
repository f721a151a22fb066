// The value at a cell's end, of every kind that Debug shows.

// %%
1 + 2
//= 3

// %%
"a\n\"b\""
//= "a\n\"b\""

// %%
(1u8, -2i64, 3.0f32, true, 'x', ())
//= (1, -2, 3.0, true, 'x', ())

// %%
let v = vec![Some("ü🦀".to_string()), None];
v
//= [Some("ü🦀"), None]

// %%
if 1 < 2 { "less" } else { "more" }
//= "less"

// %%
match (3, 4) {
    (a, b) if a > b => a,
    (_, b) => b * 10,
}
//= 40

// %%
{
    let a = 2;
    a * a
}
//= 4

// %%
&&&7
//= 7

// %%
Box::new(std::rc::Rc::new(std::sync::Arc::new(5)))
//= 5

// %%
loop {
    break "out of the loop";
}
//= "out of the loop"

// %%
unsafe { *(&raw const *&1.0f32).cast::<u32>() }
//= 1065353216

// %%
[f64::NAN, f64::INFINITY, -0.0, 1e300, 0.1 + 0.2]
//= [NaN, inf, -0.0, 1e300, 0.30000000000000004]

// %%
u128::MAX
//= 340282366920938463463374607431768211455
