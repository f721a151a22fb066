//! `dbg!` with places that a notebook's reader knows, in place of the paths of generated files.

/// `cell:3` for line 3 of a generated file.
pub fn place(file: &str, line: u32) -> String {
    let name = file.rsplit('/').next().unwrap_or(file);
    let cell = if name.contains('-') { "earlier cell" } else { "cell" };
    format!("{cell}:{line}")
}

/// As std's.
#[macro_export]
macro_rules! dbg {
    () => {
        ::std::eprintln!("[{}]", $crate::place(::core::file!(), ::core::line!()))
    };
    ($value:expr $(,)?) => {
        match $value {
            value => {
                ::std::eprintln!(
                    "[{}] {} = {:#?}",
                    $crate::place(::core::file!(), ::core::line!()),
                    ::core::stringify!($value),
                    &value,
                );
                value
            }
        }
    };
    ($($value:expr),+ $(,)?) => {
        ($($crate::dbg!($value)),+,)
    };
}
