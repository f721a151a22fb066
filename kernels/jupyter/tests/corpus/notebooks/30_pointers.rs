// Smart pointers and drops.

// %%
use std::cell::{Cell, RefCell};
use std::rc::{Rc, Weak};
let shared = Rc::new(RefCell::new(vec![1]));
let other = shared.clone();
//.

// %%
other.borrow_mut().push(2);
(&shared, Rc::strong_count(&other))
//= (RefCell { value: [1, 2] }, 2)

// %%
shared.borrow().len()
//= 2

// %%
#[derive(Debug)]
struct Node { value: i32, parent: RefCell<Weak<Node>>, children: RefCell<Vec<Rc<Node>>> }
let leaf = Rc::new(Node { value: 3, parent: RefCell::new(Weak::new()), children: RefCell::new(vec![]) });
let branch = Rc::new(Node { value: 5, parent: RefCell::new(Weak::new()), children: RefCell::new(vec![Rc::clone(&leaf)]) });
*leaf.parent.borrow_mut() = Rc::downgrade(&branch);
//.

// %%
leaf.parent.borrow().upgrade().map(|p| p.value)
//= Some(5)

// %%
drop(branch);
leaf.parent.borrow().upgrade().is_none()
//= true

// %%
struct Noisy(i32);
impl Drop for Noisy { fn drop(&mut self) { println!("drop {}", self.0); } }
{
    let a = Noisy(1);
    let b = Noisy(2);
    println!("in the block");
}
//> in the block
//> drop 2
//> drop 1

// %%
let noisy = Noisy(3);
let boxed: Box<dyn std::any::Any> = Box::new(Noisy(4));
//.

// %%
Noisy(5);
println!("after");
//> drop 5
//> after

// %%
let _ = Noisy(6);
let _kept = Noisy(7);
println!("end");
//> drop 6
//> end

// %%
drop((noisy, boxed));
//> drop 3
//> drop 4

// %%
drop(_kept);
//> drop 7

// %%
let counter = Cell::new(1);
counter.set(counter.get() + 1);
counter
//= Cell { value: 2 }

// %%
use std::ops::{Deref, DerefMut};
struct Guarded(Vec<i32>);
impl Deref for Guarded { type Target = Vec<i32>; fn deref(&self) -> &Vec<i32> { &self.0 } }
impl DerefMut for Guarded { fn deref_mut(&mut self) -> &mut Vec<i32> { &mut self.0 } }
let mut guarded = Guarded(vec![1]);
guarded.push(2);
guarded.len()
//= 2

// %%
let raw = Box::into_raw(Box::new(11));
//.

// %%
let back = unsafe { Box::from_raw(raw) };
*back
//= 11

// %%
let pinned = std::pin::Pin::new(&mut 5).get_mut() as *mut i32 as usize != 0;
pinned
//= true
