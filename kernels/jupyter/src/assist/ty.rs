//! Types as names with arguments, as much of them as it takes to look members up.

use syn::{GenericArgument, PathArguments, Type, TypeParamBound};

/// A type by its name and arguments, without references: `Result<Vec<f32>>`. A slice is called
/// `slice`, an array `array`, a trait object or `impl Trait` as its trait.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ty {
    pub name: String,
    /// The path before the name, as in `std::vec`; empty when there was none.
    pub home: String,
    pub arguments: Vec<Ty>,
}

impl Ty {
    pub fn simple(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            home: String::new(),
            arguments: Vec::new(),
        }
    }

    /// Reads a type as it is written in Rust, or as rustc writes types that have no name.
    pub fn parse(text: &str) -> Option<Self> {
        Self::of(&syn::parse_str(&writable(text)).ok()?)
    }

    pub fn of(ty: &Type) -> Option<Self> {
        match ty {
            Type::Reference(reference) => Self::of(&reference.elem),
            Type::Paren(inner) => Self::of(&inner.elem),
            Type::Group(inner) => Self::of(&inner.elem),
            Type::Slice(slice) => Some(Self::list("slice", &slice.elem)),
            Type::Array(array) => Some(Self::list("array", &array.elem)),
            Type::Path(path) => Self::of_path(&path.path),
            Type::TraitObject(object) => Self::of_bounds(&object.bounds),
            Type::ImplTrait(opaque) => Self::of_bounds(&opaque.bounds),
            _ => None,
        }
    }

    fn list(name: &str, element: &Type) -> Self {
        Self {
            arguments: Self::of(element).into_iter().collect(),
            ..Self::simple(name)
        }
    }

    fn of_bounds<'b>(bounds: impl IntoIterator<Item = &'b TypeParamBound>) -> Option<Self> {
        bounds.into_iter().find_map(|bound| match bound {
            TypeParamBound::Trait(bound) => Self::of_path(&bound.path),
            _ => None,
        })
    }

    fn of_path(path: &syn::Path) -> Option<Self> {
        let last = path.segments.last()?;
        let before = path.segments.iter().take(path.segments.len() - 1);
        let home: Vec<String> = before.map(|segment| segment.ident.to_string()).collect();
        let arguments = match &last.arguments {
            PathArguments::AngleBracketed(list) => list
                .args
                .iter()
                .filter_map(|argument| match argument {
                    GenericArgument::Type(ty) => Self::of(ty),
                    _ => None,
                })
                .collect(),
            _ => Vec::new(),
        };
        Some(Self {
            name: last.ident.to_string(),
            home: home.join("::"),
            arguments,
        })
    }

    /// The type with `T`, `E`, `K` and `V` replaced by the receiver's arguments; `None` where a
    /// parameter stays open.
    pub fn with_arguments_of(self, receiver: &Self) -> Option<Self> {
        let position = match self.name.as_str() {
            "T" | "K" => 0,
            "E" | "V" => 1,
            name if name.len() == 1 => return None,
            _ => {
                let arguments = self.arguments.into_iter();
                return Some(Self {
                    arguments: arguments
                        .map_while(|ty| ty.with_arguments_of(receiver))
                        .collect(),
                    name: self.name,
                    home: self.home,
                });
            }
        };
        receiver.arguments.get(position).cloned()
    }

    /// What a smart pointer of std points to.
    pub fn pointee(&self) -> Option<&Self> {
        const POINTERS: [&str; 9] = [
            "Box",
            "Rc",
            "Arc",
            "Ref",
            "RefMut",
            "MutexGuard",
            "RwLockReadGuard",
            "RwLockWriteGuard",
            "Cow",
        ];
        self.arguments
            .first()
            .filter(|_| POINTERS.contains(&self.name.as_str()))
    }
}

/// The same text with `_` for what only rustc can write: `{integer}`, `{closure@cell:1}`.
fn writable(text: &str) -> String {
    let text = text.replace("{integer}", "i32").replace("{float}", "f64");
    let mut written = String::with_capacity(text.len());
    let mut depth = 0usize;
    for c in text.chars() {
        match c {
            '{' => {
                if depth == 0 {
                    written.push('_');
                }
                depth += 1;
            }
            '}' => depth = depth.saturating_sub(1),
            _ if depth == 0 => written.push(c),
            _ => {}
        }
    }
    written
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(text: &str) -> Option<(String, String)> {
        Ty::parse(text).map(|ty| (ty.home, ty.name))
    }

    #[test]
    fn types_are_known_by_their_names() {
        for (text, home, expected) in [
            ("&mut std::vec::Vec<{integer}>", "std::vec", "Vec"),
            ("[u8]", "", "slice"),
            ("&[[f32; 2]]", "", "slice"),
            ("[u8; 4]", "", "array"),
            (
                "impl std::iter::Iterator<Item = u8>",
                "std::iter",
                "Iterator",
            ),
            ("std::boxed::Box<dyn Fn() -> u8>", "std::boxed", "Box"),
            (
                "std::iter::Map<std::slice::Iter<'_, i32>, {closure@cell:1}>",
                "std::iter",
                "Map",
            ),
        ] {
            assert_eq!(name(text), Some((home.into(), expected.into())), "{text}");
        }
        assert_eq!(name("("), None);
        assert_eq!(name("(u8, u8)"), None);
    }

    #[test]
    fn arguments_are_kept() {
        let ty = Ty::parse("Option<&Vec<String>>").unwrap();
        assert_eq!(ty.arguments[0].arguments[0].name, "String");
        assert_eq!(
            Ty::parse("Rc<Vec<u8>>").unwrap().pointee().unwrap().name,
            "Vec"
        );
        assert_eq!(ty.pointee(), None);
    }
}
