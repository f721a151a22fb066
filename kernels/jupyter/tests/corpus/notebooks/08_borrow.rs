// References: within a cell, across cells where they are static, and refused where they are not.

// %%
let all = vec![10, 20, 30, 40, 50];
let some = &all[1..3];
//! NotKept: `some`
//+ borrows

// %%
let all = vec![10, 20, 30, 40, 50];
let some = &all[1..3];
some.iter().sum::<i32>()
//= 50

// %%
some.len()
//! E0425: cannot find value `some`
//+ borrows

// %%
all.len()
//= 5

// %%
let text: &'static str = "static";
let words: Vec<&str> = "kept as well".split(' ').collect();
//.

// %%
(text, &words)
//= ("static", ["kept", "as", "well"])

// %%
let leaked = Box::leak(Box::new(vec![1, 2, 3]));
leaked.push(4);
//.

// %%
leaked.len()
//= 4

// %%
let leaked: &'static Vec<i32> = leaked;
let part = &leaked[1..3];
//.

// %%
part
//= [2, 3]

// %%
let mut s = String::new();
s += "abc";
let s = &s;
println!("s={s}");
//> s=abc

// %%
struct Foo<'a> {
    v: &'a str,
}
let f1 = Foo { v: "one" };
let f2 = Foo { v: "two" };
//.

// %%
f1.v.len() + f2.v.len()
//= 6

// %%
fn longest<'a>(a: &'a str, b: &'a str) -> &'a str {
    if a.len() > b.len() { a } else { b }
}
let owned = String::from("longer");
longest(&owned, "short")
//= "longer"

// %%
use std::borrow::Cow;
let cow: Cow<str> = Cow::Borrowed("cow");
//.

// %%
cow
//= "cow"

// %%
let iterator = all.iter();
//! NotKept: `iterator`

// %%
let mut owned_iterator = all.clone().into_iter();
owned_iterator.next();
//.

// %%
owned_iterator.collect::<Vec<_>>()
//= [20, 30, 40, 50]
