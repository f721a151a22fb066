// macro_rules across cells.

// %%
macro_rules! square {
    ($x:expr) => { $x * $x };
}
//.

// %%
square!(2 + 1)
//= 9

// %%
fn nine() -> i32 { square!(3) }
nine()
//= 9

// %%
macro_rules! hashmap {
    ($($k:expr => $v:expr),* $(,)?) => {{
        let mut map = std::collections::BTreeMap::new();
        $(map.insert($k, $v);)*
        map
    }};
}
hashmap! { "a" => 1, "b" => 2 }
//= {"a": 1, "b": 2}

// %%
hashmap!("a" => 1, "b" => 2,)
//= {"a": 1, "b": 2}

// %%
let map = hashmap!['x' => vec![1]];
//.

// %%
map[&'x'].len()
//= 1

// %%
macro_rules! count {
    () => { 0usize };
    ($head:tt $($tail:tt)*) => { 1usize + count!($($tail)*) };
}
count!(a b c d)
//= 4

// %%
macro_rules! square {
    ($x:expr) => { format!("square of {}", $x) };
}
square!(5)
//= "square of 5"

// %%
nine()
//! E0308: mismatched types
//+ earlier cell

// %%
let x = 1;
macro_rules! hygienic {
    ($e:expr) => {{ let x = 10; $e + x }};
}
hygienic!(x)
//= 11

// %%
hygienic!("text")
//! E0369: cannot add

// %%
undefined_macro!(1)
//! SyntaxError: cannot find macro `undefined_macro`

// %%
macro_rules! say {
    ($($arg:tt)*) => { println!("say: {}", format_args!($($arg)*)) };
}
say!("{} and {x}", 2)
//> say: 2 and 1

// %%
macro_rules! declare {
    ($name:ident = $value:expr) => { let $name = $value; };
}
declare!(made = 41);
made + 1
//= 42

// %%
made
//= 41
