// Types keep who they are from cell to cell.

// %%
use std::any::{Any, TypeId};
#[derive(Debug, PartialEq)]
struct Mine(i32);
let any: Box<dyn Any> = Box::new(Mine(5));
let id = TypeId::of::<Mine>();
//.

// %%
any.downcast_ref::<Mine>()
//= Some(Mine(5))

// %%
id == TypeId::of::<Mine>()
//= true

// %%
fn describe(value: &dyn Any) -> &'static str {
    if value.is::<Mine>() { "mine" } else if value.is::<i32>() { "i32" } else { "unknown" }
}
(describe(&*any), describe(&1), describe(&"x"))
//= ("mine", "i32", "unknown")

// %%
struct Unrelated;
let unrelated = Unrelated;
//.

// %%
any.downcast_ref::<Mine>().is_some()
//= true

// %%
let all: Vec<Box<dyn Any + Send>> = vec![Box::new(1u8), Box::new("text"), Box::new(Mine(1))];
//.

// %%
all.iter().filter(|x| x.is::<&str>()).count() + all.iter().filter(|x| x.is::<Mine>()).count()
//= 2

// %%
let mine = any.downcast::<Mine>().unwrap();
mine.0
//= 5

// %%
use std::error::Error;
#[derive(Debug)] struct Wrong;
impl std::fmt::Display for Wrong { fn fmt(&self, f: &mut std::fmt::Formatter) -> std::fmt::Result { write!(f, "wrong") } }
impl Error for Wrong {}
let error: Box<dyn Error + Send + Sync> = Box::new(Wrong);
//.

// %%
error.downcast_ref::<Wrong>().is_some()
//= true

// %%
let payload = std::panic::catch_unwind(|| std::panic::panic_any(Mine(3))).unwrap_err();
//2 a value that is not text

// %%
payload.downcast_ref::<Mine>()
//= Some(Mine(3))
