// Moved and copied values.

// %%
let s = String::from("moved");
let n = 5;
let t = s;
t
//= "moved"

// %%
s
//! E0425: cannot find value `s`
//+ moved

// %%
let u = t;
//.

// %%
t.len()
//! E0425: cannot find value `t`
//+ moved by an earlier cell

// %%
let m = n;
(m, n)
//= (5, 5)

// %%
fn eat(_: String) {}
eat(u.clone());
u
//= "moved"

// %%
u
//= "moved"

// %%
let pair = (String::from("left"), String::from("right"));
//.

// %%
let left = pair.0;
left
//= "left"

// %%
pair.1
//! E0425: cannot find value `pair`
//+ moved

// %%
let mut word = String::from("hello");
//.

// %%
let taken = word;
//.

// %%
word = String::from("world");
(&taken, &word)
//= ("hello", "world")

// %%
word.push('!');
word
//= "world!"

// %%
let list = vec![1, 2, 3];
for i in list {
    print!("{i} ");
}
println!();
//> 1 2 3 

// %%
list.len()
//! E0425: cannot find value `list`
//+ moved

// %%
let job = std::thread::spawn(move || taken.len());
job.join().unwrap()
//= 5

// %%
let boxed = Box::new(vec![1]);
let unboxed = *boxed;
unboxed
//= [1]
