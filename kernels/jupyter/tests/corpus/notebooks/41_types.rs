// Variables of every kind of type are kept.

// %%
use std::{cell::RefCell, collections::*, rc::Rc, sync::*};
mod shapes {
    #[derive(Debug, Clone)]
    pub struct Circle<T>(pub T);
    pub mod inner { #[derive(Debug)] pub enum Kind { A, B(u8) } }
}
let map: HashMap<String, Vec<Option<u8>>> = HashMap::new();
let shared = Rc::new(RefCell::new(vec![(1, 'a')]));
let locked = Arc::new(Mutex::new([0u64; 3]));
let circle = shapes::Circle(1.5f32);
let kind = shapes::inner::Kind::B(4);
let nested = (((1u8, 2i64), ["a"; 2]), ());
let range = 0..=10usize;
let error: Option<Box<dyn std::error::Error + Send + Sync>> = None;
let start = std::time::Instant::now();
//.

// %%
(map.len(), shared.borrow()[0], locked.lock().unwrap().len(), circle.0, &nested.0.1)
//= (0, (1, 'a'), 3, 1.5, ["a", "a"])

// %%
(kind, range.contains(&10), error.is_none(), start.elapsed().as_secs() < 100)
//= (B(4), true, true, true)

// %%
let generic: Vec<Box<dyn Fn(&str) -> Result<usize, std::num::ParseIntError> + Send>> = vec![Box::new(|s| s.parse())];
let array_of_fns = [i32::abs as fn(i32) -> i32, |x| x + 1];
let tuple_struct_fn = shapes::Circle::<u8>;
//.

// %%
(generic[0]("12")?, array_of_fns[1](1), tuple_struct_fn(3).0)
//= (12, 2, 3)

// %%
let it = vec![1, 2, 3].into_iter().peekable();
let chars = "static text".chars();
let bytes = b"bytes";
let pattern: &[&[u8]] = &[b"a", b"bc"];
//.

// %%
let mut it = it;
(it.peek(), chars.count(), bytes.len(), pattern.len())
//= (Some(1), 11, 5, 2)

// %%
let path = std::path::PathBuf::from("/a/b.rs");
let os = path.file_name().map(|n| n.to_owned());
let duration = std::time::Duration::from_millis(1500);
let wrapping = std::num::Wrapping(250u8) + std::num::Wrapping(10);
let reverse = std::cmp::Reverse(1);
//.

// %%
(&os, duration.as_secs_f64(), wrapping.0, reverse.0)
//= (Some("b.rs"), 1.5, 4, 1)

// %%
struct Lens<S, A> { get: fn(&S) -> &A, set: Box<dyn Fn(&mut S, A)> }
let lens: Lens<(i32, String), String> = Lens { get: |s| &s.1, set: Box::new(|s, a| s.1 = a) };
let mut subject = (1, "before".to_string());
//.

// %%
(lens.set)(&mut subject, "after".into());
(lens.get)(&subject)
//= "after"

// %%
let never_result: Result<(), std::convert::Infallible> = Ok(());
let unit = ();
let phantom = std::marker::PhantomData::<fn() -> String>;
let big = [0u8; 1 << 16];
//.

// %%
(unit, never_result.is_ok(), big.len())
//= ((), true, 65536)

// %%
trait Animal { fn legs(&self) -> u32; }
impl<F: Fn() -> u32> Animal for F { fn legs(&self) -> u32 { self() } }
let animal: Rc<dyn Animal> = Rc::new(|| 4);
let animals: BTreeMap<&str, Rc<dyn Animal>> = [("dog", animal.clone())].into();
//.

// %%
animals["dog"].legs() + animal.legs()
//= 8
