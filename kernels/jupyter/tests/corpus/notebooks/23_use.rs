// `use` across cells.

// %%
use std::collections::{BTreeMap, HashSet as Set};
use std::fmt::Write as _;
//.

// %%
let mut map = BTreeMap::new();
map.insert(1, "one");
let set: Set<i32> = [1, 1, 2].into_iter().collect();
(map, set.len())
//= ({1: "one"}, 2)

// %%
let mut text = String::new();
write!(text, "{}-{}", 1, 2)?;
text
//= "1-2"

// %%
use std::collections::BTreeMap;
use std::collections::BTreeMap;
//.

// %%
use std::collections::BTreeMap; // and again in another cell
BTreeMap::<i32, i32>::new().len()
//= 0

// %%
use std::cmp::Ordering;
1.cmp(&2) == Ordering::Less
//= true

// %%
use std::sync::atomic::Ordering; // another thing of the same name takes its place
Ordering::SeqCst
//= SeqCst

// %%
struct BTreeMap;
let own = BTreeMap;
//.

// %%
use no_such_crate::thing;
//! E0432: unresolved import

// %%
use std::collections::NoSuchThing;
//! E0432: no `NoSuchThing` in `collections`

// %%
Set::from([1]).len()
//= 1

// %%
use std::f64::consts::*;
(PI * 100.0).round()
//= 314.0

// %%
enum Level { Low, High }
use Level::*;
fn score(level: Level) -> i32 { match level { Low => 1, High => 2 } }
score(High)
//= 2

// %%
use std::io::{self, Read};
let mut buffer = String::new();
io::Cursor::new("read").read_to_string(&mut buffer)?;
buffer
//= "read"

// %%
fn scoped() -> i32 { use std::collections::VecDeque; VecDeque::from([1, 2]).len() as i32 }
scoped()
//= 2

// %%
extern crate alloc;
alloc::vec![1, 2].len()
//= 2

// %%
alloc::string::String::from("x").len()
//= 1
