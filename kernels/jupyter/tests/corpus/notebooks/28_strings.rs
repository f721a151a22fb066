// Strings and formatting.

// %%
let name = "Ferris";
let width: usize = 10;
let pi = 3.14159265;
//.

// %%
println!("{name:>width$}|{pi:.2}|{pi:8.3}|{:+}|{:#x}|{:#010b}", 5, 255, 5);
//>     Ferris|3.14|   3.142|+5|0xff|0b00000101

// %%
println!("{0} {1} {0} {name:?} {{literal}}", 1, 2);
//> 1 2 1 "Ferris" {literal}

// %%
format!("{:?} {:5}|{:<5}|{:^5}|{:>5}", Some(1), 1, 2, 3, 4)
//= "Some(1)     1|2    |  3  |    4"

// %%
r#"raw "string" with \n"#
//= "raw \"string\" with \\n"

// %%
let multi = "line one
line two \
continued";
println!("{multi}");
//> line one
//> line two continued

// %%
c"c string".to_bytes().len()
//= 8

// %%
let mut s = String::from("hello");
s.insert(0, '>');
s.replace_range(1..2, "J");
s
//= ">Jello"

// %%
&s[1..3]
//= "Je"

// %%
"a,b,,c".split(',').filter(|p| !p.is_empty()).collect::<Vec<_>>().join("-")
//= "a-b-c"

// %%
print!("no newline");
//> no newline

// %%
print!("one ");
print!("two ");
println!("three");
//> one two three

// %%
println!("{}", 5, 6);
//! SyntaxError: argument never used

// %%
println!("{missing}");
//! E0425: cannot find value `missing`

// %%
println!("{:?}", (1, "two", [3.0]));
println!("{:#?}", (1,));
//> (1, "two", [3.0])
//> (
//>     1,
//> )

// %%
eprintln!("to standard error");
//2 to standard error

// %%
std::fmt::format(format_args!("{}", concat!("a", 1, true)))
//= "a1true"

// %%
stringify!(a + b)
//= "a + b"

// %%
"no_ascii é".is_char_boundary(10)
//= false

// %%
&"é"[0..1]
//! Panic: not a char boundary
