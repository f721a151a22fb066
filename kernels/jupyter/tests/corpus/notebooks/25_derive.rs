// Derives of std.

// %%
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
enum Suit {
    #[default]
    Clubs,
    Hearts,
    Spades,
}
use Suit::*;
(Spades > Hearts, Suit::default(), Hearts.clone() == Hearts)
//= (true, Clubs, true)

// %%
let mut hand = vec![Spades, Clubs, Hearts];
hand.sort();
hand
//= [Clubs, Hearts, Spades]

// %%
let counts: std::collections::HashMap<Suit, usize> = [(Clubs, 1)].into();
//.

// %%
counts[&Clubs]
//= 1

// %%
#[derive(Debug, Clone, Default, PartialEq)]
struct Config { name: String, retries: Option<u8>, suit: Suit, nested: Vec<Config> }
let config = Config { name: "a".into(), ..Default::default() };
//.

// %%
config.clone() == config
//= true

// %%
Config { retries: Some(3), ..config }.retries
//= Some(3)

// %%
#[derive(Debug)]
struct Tuple(i32, #[allow(unused)] f64);
#[derive(Debug)]
struct Unit;
(Tuple(1, 2.0), Unit)
//= (Tuple(1, 2.0), Unit)

// %%
#[derive(Debug, Clone)]
struct Generic<'a, T: ?Sized> { part: &'a T }
let g = Generic { part: "text" };
//.

// %%
let g2 = Generic { part: &5 }.clone();
g
//= Generic { part: "text" }

// %%
#[derive(NoSuchDerive)]
struct Broken;
//! SyntaxError: cannot find derive macro `NoSuchDerive`

// %%
#[derive(Copy, Clone)]
struct NotCopy(String);
//! E0204: `Copy` cannot be implemented

// %%
#[derive(Debug)]
//! SyntaxError

// %%
#[derive(Debug)]
#[repr(u8)]
enum Code { Ok = 200, Teapot = 218 }
Code::Teapot as u8
//= 218
