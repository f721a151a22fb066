// Macros that define items.

// %%
macro_rules! foo {
    ($i:ident) => {
        #[derive(Debug, Default)]
        struct $i {}
    };
}
foo!(Foo);
//.

// %%
Foo {}
//= Foo

// %%
foo!(Bar);
let bar = Bar::default();
//.

// %%
(bar, Foo {})
//= (Bar, Foo)

// %%
macro_rules! getter {
    ($name:ident, $value:expr) => {
        fn $name() -> i32 { $value }
    };
}
getter!(seven, 7);
getter! { eight, 8 }
seven() + eight()
//= 15

// %%
seven() * eight()
//= 56

// %%
getter!(seven, 70);
//.

// %%
seven() + eight()
//= 78

// %%
macro_rules! newtypes {
    ($($name:ident($inner:ty)),*) => {
        $(
            #[derive(Debug, Clone, PartialEq)]
            struct $name($inner);
            impl From<$inner> for $name { fn from(x: $inner) -> Self { $name(x) } }
            impl $name { fn into_inner(self) -> $inner { self.0 } }
        )*
    };
}
newtypes!(Meters(f64), Label(String));
let label = Label::from("x".to_string());
//.

// %%
(Meters::from(2.0), label.into_inner())
//= (Meters(2.0), "x")

// %%
trait Speak { fn speak(&self) -> &'static str; }
macro_rules! speak {
    ($($t:ty => $s:literal),*) => { $(impl Speak for $t { fn speak(&self) -> &'static str { $s } })* };
}
speak!(i32 => "int", bool => "bool");
//.

// %%
(1.speak(), true.speak())
//= ("int", "bool")

// %%
std::thread_local! {
    static SEEN: std::cell::Cell<u32> = const { std::cell::Cell::new(0) };
}
SEEN.set(SEEN.get() + 1);
//.

// %%
SEEN.get()
//= 1

// %%
macro_rules! enumerate {
    ($name:ident { $($variant:ident),* }) => {
        #[derive(Debug, Clone, Copy, PartialEq)]
        enum $name { $($variant),* }
        const ALL: &[$name] = &[$($name::$variant),*];
    };
}
enumerate!(Color { Red, Green });
//.

// %%
ALL
//= [Red, Green]

// %%
Color::Green as i32
//= 1
