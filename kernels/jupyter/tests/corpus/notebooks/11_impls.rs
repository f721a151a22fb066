// Impl blocks that run again, grow, and change.

// %%
trait Mammal {
    fn noise(&self) -> String;
}
struct Cat;
//.

// %%
impl Mammal for Cat {
    fn noise(&self) -> String { "meow".into() }
}
Cat.noise()
//= "meow"

// %%
impl Mammal for Cat {
    fn noise(&self) -> String { "purr".into() }
}
Cat.noise()
//= "purr"

// %%
impl Cat {
    fn lives(&self) -> u8 { 9 }
    fn name() -> &'static str { "Tom" }
}
(Cat.lives(), Cat::name())
//= (9, "Tom")

// %%
impl Cat {
    fn lives(&self) -> u8 { 7 }
}
(Cat.lives(), Cat::name())
//= (7, "Tom")

// %%
impl Cat {
    const LEGS: u8 = 4;
    fn legs(&self) -> u8 { Self::LEGS }
}
Cat.legs()
//= 4

// %%
struct Wrapper<T>(T);
impl<T> Wrapper<T> {
    fn get(&self) -> &T { &self.0 }
}
impl Wrapper<i32> {
    fn double(&self) -> i32 { self.0 * 2 }
}
(Wrapper("x").get().len(), Wrapper(4).double())
//= (1, 8)

// %%
impl<T> Wrapper<T> {
    fn get(&self) -> &T { println!("got"); &self.0 }
}
*Wrapper(1).get()
//> got
//= 1

// %%
let cats: Vec<Box<dyn Mammal>> = vec![Box::new(Cat)];
//.

// %%
cats[0].noise()
//= "purr"

// %%
impl Mammal for i32 {
    fn noise(&self) -> String { format!("number {self}") }
}
5.noise()
//= "number 5"

// %%
impl Mammal for Cat {}
//! E0046: missing: `noise`

// %%
Cat.noise()
//= "purr"

// %%
impl From<Cat> for String {
    fn from(_: Cat) -> String { "a cat".into() }
}
let text: String = Cat.into();
text
//= "a cat"
