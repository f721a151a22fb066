// Variables, declared in all the ways of a pattern.

// %%
let a = 1;
let b: f64 = 2.5;
let (c, mut d, _) = ('c', vec![1], "dropped");
//.

// %%
d.push(2);
(a, b, c, &d)
//= (1, 2.5, 'c', [1, 2])

// %%
#[derive(Debug, Clone)]
struct Point {
    x: i32,
    y: (i32, i32),
}
let p = Point { x: 1, y: (2, 3) };
let Point { x, y: (first, second) } = p.clone();
x + first + second
//= 6

// %%
let Some(inner) = Some(5u8) else { panic!("none") };
inner
//= 5

// %%
let [head, .., tail] = [1, 2, 3, 4];
let whole @ (left, _) = (10, 20);
(head, tail, whole, left)
//= (1, 4, (10, 20), 10)

// %%
let r#type = "keyword";
let r#match = 2;
//.

// %%
format!("{} {}", r#type, r#match)
//= "keyword 2"

// %%
let later: i32;
//.

// %%
later = 7;
later
//= 7

// %%
let _ignored = String::from("an underscore name is kept");
//.

// %%
_ignored.len()
//= 26

// %%
let (mut m, n);
(m, n) = (1, 2);
m += n;
m
//= 3

// %%
m + n
//= 5

// %%
let v1 = Default::default();
let n: u64 = v1;
"bar"
//= "bar"

// %%
#[allow(unused)]
#[cfg(not(any()))]
let with_attributes = 1;
#[cfg(any())]
let switched_off = compile_error!("never");
with_attributes
//= 1
