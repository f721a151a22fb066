// Text beyond ASCII.

// %%
let größe = 1.80;
let 名前 = "蟹";
let имя = String::from("Иван");
//.

// %%
(größe, 名前, &имя)
//= (1.8, "蟹", "Иван")

// %%
println!("{größe:>6.2}|{名前:^4}|{имя:*<6}|");
//>   1.80| 蟹  |Иван**|

// %%
"🦀".len() + "é".chars().count()
//= 5

// %%
let family = "👨‍👩‍👧";
family.chars().count()
//= 5

// %%
fn grüße(wen: &str) -> String { format!("Grüße, {wen}!") }
grüße("Welt")
//= "Grüße, Welt!"

// %%
grüße(größe)
//! E0308: mismatched types
//+ cell:1:7

// %%
struct Пара { α: i32, β: i32 }
let п = Пара { α: 1, β: 2 };
п.α + п.β
//= 3

// %%
"שלום עולם\u{200f}"
//= "שלום עולם\u{200f}"

// %%
'\u{1F980}'
//= '🦀'

// %%
let text = "tab\there";  // ünïcödé in a comment
text.escape_debug().to_string()
//= "tab\\there"

// %%
println!("{}", "é ǆ ﬁ".to_uppercase());
//> É Ǆ FI

// %%
b"bytes\xff"
//~ 255

// %%
"ß".to_uppercase()
//= "SS"

// %%
let ünused = ;
//! SyntaxError: expected expression
