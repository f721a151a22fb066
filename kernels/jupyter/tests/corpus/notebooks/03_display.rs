// Values and prints with content of their own type.

// %%
struct Html(String);
impl Html {
    fn evcxr_display(&self) {
        println!("EVCXR_BEGIN_CONTENT text/html\n<b>{}</b>\nEVCXR_END_CONTENT", self.0);
    }
}
Html("bold".into())
//@ text/html: <b>bold</b>

// %%
let html = Html("kept".into());
html
//@ text/html: <b>kept</b>

// %%
html
//@ text/html: <b>kept</b>

// %%
&&html
//@ text/html: <b>kept</b>

// %%
trait Picture {
    fn evcxr_display(&self);
}
#[derive(Debug)]
struct Both;
impl Picture for Both {
    fn evcxr_display(&self) {
        println!("EVCXR_BEGIN_CONTENT text/plain\nby the trait\nEVCXR_END_CONTENT");
    }
}
Both
//= by the trait

// %%
println!("EVCXR_BEGIN_CONTENT image/svg+xml\n<svg>1</svg>\nEVCXR_END_CONTENT");
println!("between");
println!("EVCXR_BEGIN_CONTENT image/svg+xml\n<svg>2</svg>\nEVCXR_END_CONTENT");
//> between
//@ image/svg+xml: <svg>1</svg>
//@ image/svg+xml: <svg>2</svg>

// %%
for i in 0..3 {
    println!("EVCXR_BEGIN_CONTENT text/html\n<i>{i}</i>\nEVCXR_END_CONTENT");
}
//@ text/html: <i>0</i>
//@ text/html: <i>1</i>
//@ text/html: <i>2</i>

// %%
struct Silent;
let silent = Silent;
//.

// %%
silent
//! E0277: `Silent` doesn't implement `Debug`
//+ end the line with `;`

// %%
silent;
//.

// %%
impl std::fmt::Debug for Silent {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "<not silent any more>")
    }
}
Silent
//= <not silent any more>

// %%
impl<T: std::fmt::Debug> Picture for Vec<T> {
    fn evcxr_display(&self) {
        println!("EVCXR_BEGIN_CONTENT text/plain\n{} elements\nEVCXR_END_CONTENT", self.len());
    }
}
vec![1, 2, 3]
//= 3 elements
