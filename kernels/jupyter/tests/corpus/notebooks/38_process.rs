// The process in which cells run: environment, files, input, and its death.

// %%
unsafe { std::env::set_var("CORPUS_VALUE", "set by a cell") };
//.

// %%
std::env::var("CORPUS_VALUE")?
//= "set by a cell"

// %%
let file = std::env::temp_dir().join(format!("lessons-corpus-{}", std::process::id()));
std::fs::write(&file, "written\n")?;
//.

// %%
let text = std::fs::read_to_string(&file)?;
std::fs::remove_file(&file)?;
text
//= "written\n"

// %%
String::from_utf8(std::process::Command::new("echo").arg("from a program").output()?.stdout)?
//= "from a program\n"

// %%
fn kept() -> i32 { 42 }
let lost = 1;
let also_lost = 2;
std::process::exit(3);
//! RuntimeDied: exit code 3

// %%
lost
//! E0425: cannot find value `lost`
//+ lost

// %%
kept()
//= 42

// %%
let again = 5;
std::process::abort();
//! RuntimeDied: SIGABRT

// %%
fn endless(n: u64) -> u64 { std::hint::black_box([n; 64]); 1 + endless(n + 1) }
endless(0)
//! RuntimeDied
//2 overflowed its stack

// %%
1 + 1
//= 2
