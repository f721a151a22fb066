// Items in blocks and functions, and items beside statements that use them.

// %%
let outer = {
    fn inner() -> i32 { 5 }
    struct Local(i32);
    impl Local { fn twice(&self) -> i32 { self.0 * 2 } }
    Local(inner()).twice()
};
outer
//= 10

// %%
inner()
//! E0425: cannot find function `inner`

// %%
let early = later_in_the_cell();
fn later_in_the_cell() -> i32 { 3 }
early
//= 3

// %%
fn uses_a_variable() -> i32 { outer }
//! E0425: cannot find value `outer`

// %%
const BASE: i32 = 10;
let x = BASE * 2;
fn from_const() -> i32 { BASE + 1 }
x + from_const()
//= 31

// %%
fn generic_inner<T: Clone>(t: &T) -> (T, T) {
    fn pair<U: Clone>(u: &U) -> (U, U) { (u.clone(), u.clone()) }
    pair(t)
}
generic_inner(&"x")
//= ("x", "x")

// %%
for i in 0..2 {
    const STEP: i32 = 5;
    println!("{}", i * STEP);
}
//> 0
//> 5

// %%
{
    use std::collections::HashMap;
    let mut m = HashMap::new();
    m.insert(1, 2);
    m.len()
}
//= 1

// %%
HashMap::<i32, i32>::new()
//! E0433: HashMap

// %%
struct Tree { left: Option<Box<Tree>>, value: i32 }
impl Tree { fn depth(&self) -> i32 { 1 + self.left.as_ref().map_or(0, |t| t.depth()) } }
let tree = Tree { left: Some(Box::new(Tree { left: None, value: 1 })), value: 2 };
(tree.depth(), tree.value)
//= (2, 2)

// %%
let local_struct = {
    #[derive(Debug)]
    struct Hidden(i32);
    Hidden(1)
};
//! NotKept: `local_struct`

// %%
let local_struct = {
    #[derive(Debug)]
    struct Hidden(i32);
    Hidden(1)
};
println!("{local_struct:?}");
//> Hidden(1)
