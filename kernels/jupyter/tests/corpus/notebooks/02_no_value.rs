// Cells that show nothing.

// %%
// only a comment
//.

// %%
()
//.

// %%
1;
//.

// %%
let x = 1;
//.

// %%
println!("printed, and no value")
//> printed, and no value

// %%
for i in 0..2 {
    println!("{i}");
}
//> 0
//> 1

// %%
if x == 1 {
    println!("one");
}
//> one

// %%
vec![1].push(2)
//.

// %%
fn nothing() {}
nothing()
//.

// %%
;;
//2 unnecessary trailing semicolons

// %%
x // a comment after the value
//= 1

// %%
x /* and a block comment
over two lines */
//= 1

// %%
let y = { x + 1 } // a last `let` needs no semicolon
//.

// %%
y
//= 2
