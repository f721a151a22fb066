//! Makes an [`Index`] from a crate's sources. What macros generate isn't seen.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Context;
use syn::punctuated::Punctuated;
use syn::spanned::Spanned;

use super::exports::{self, Export};
use super::index::{Entry, Index, Kind};

impl Index {
    /// Reads the sources of a crate, beginning with its `lib.rs`, and follows its modules.
    ///
    /// # Errors
    /// When a source file can't be read or parsed.
    pub fn of_crate(name: &str, root: &Path) -> anyhow::Result<Self> {
        let mut reader = Reader::default();
        let folder = root.parent().unwrap_or(Path::new("."));
        reader.add_file(root, folder, name)?;
        let mut index = reader.index;
        exports::resolve(&mut index, &reader.exports);
        Ok(index)
    }
}

/// Collects what the source files say.
#[derive(Default)]
struct Reader {
    index: Index,
    exports: Vec<Export>,
}

impl Reader {
    fn add_file(&mut self, file: &Path, folder: &Path, path: &str) -> anyhow::Result<()> {
        let text =
            fs::read_to_string(file).with_context(|| format!("can't read {}", file.display()))?;
        let parsed =
            syn::parse_file(&text).with_context(|| format!("can't parse {}", file.display()))?;
        self.add_items(&parsed.items, folder, path)
    }

    fn add_items(&mut self, items: &[syn::Item], folder: &Path, path: &str) -> anyhow::Result<()> {
        for item in items {
            match item {
                syn::Item::Mod(module) if !hidden(&module.attrs) => {
                    let name = module.ident.to_string();
                    let inner = format!("{path}::{name}");
                    if public(&module.vis) {
                        let signature = format!("mod {inner}");
                        self.add(Kind::Module, &name, path, signature, &module.attrs);
                    }
                    match &module.content {
                        Some((_, items)) => self.add_items(items, &folder.join(&name), &inner)?,
                        None => {
                            let file = module_file(folder, &name);
                            self.add_file(&file, &folder.join(&name), &inner)?;
                        }
                    }
                }
                syn::Item::Impl(block) => self.add_impl(block),
                syn::Item::Use(item) if public(&item.vis) && !hidden(&item.attrs) => {
                    Export::collect(&item.tree, path, &mut self.exports);
                }
                item => self.add_item(item, path),
            }
        }
        Ok(())
    }

    fn add_item(&mut self, item: &syn::Item, path: &str) {
        match item {
            syn::Item::Fn(function) if public(&function.vis) => {
                self.add_function(Kind::Function, &function.sig, path, &function.attrs);
            }
            syn::Item::Struct(item) if public(&item.vis) => {
                let name = item.ident.to_string();
                let signature = format!("struct {name}{}", rust(&item.generics));
                self.add(Kind::Struct, &name, path, signature, &item.attrs);
                for field in item.fields.iter().filter(|field| public(&field.vis)) {
                    let Some(ident) = &field.ident else { continue };
                    let ty = rust(&field.ty);
                    let signature = format!("{ident}: {ty}");
                    let entry = self.add(
                        Kind::Field,
                        &ident.to_string(),
                        &name,
                        signature,
                        &field.attrs,
                    );
                    entry.gives = Some(ty);
                    entry.on_value = true;
                }
            }
            syn::Item::Enum(item) if public(&item.vis) => {
                let name = item.ident.to_string();
                self.add(Kind::Enum, &name, path, format!("enum {name}"), &item.attrs);
                for variant in &item.variants {
                    let variant_name = variant.ident.to_string();
                    let fields = match &variant.fields {
                        syn::Fields::Unit => String::new(),
                        syn::Fields::Named(fields) => format!(" {}", rust(fields)),
                        syn::Fields::Unnamed(fields) => rust(fields),
                    };
                    let signature = format!("{name}::{variant_name}{fields}");
                    let entry = self.add(
                        Kind::Variant,
                        &variant_name,
                        &name,
                        signature,
                        &variant.attrs,
                    );
                    entry.gives = Some(name.clone());
                }
            }
            syn::Item::Trait(item) if public(&item.vis) => {
                let name = item.ident.to_string();
                self.add(
                    Kind::Trait,
                    &name,
                    path,
                    format!("trait {name}"),
                    &item.attrs,
                );
                for member in &item.items {
                    if let syn::TraitItem::Fn(function) = member {
                        self.add_function(Kind::Method, &function.sig, &name, &function.attrs);
                    }
                }
            }
            syn::Item::Type(item) if public(&item.vis) => {
                let name = item.ident.to_string();
                let signature = format!("type {name} = {}", rust(&item.ty));
                self.add(Kind::Type, &name, path, signature, &item.attrs);
            }
            syn::Item::Const(item) if public(&item.vis) => {
                let name = item.ident.to_string();
                let ty = rust(&item.ty);
                let signature = format!("const {name}: {ty}");
                self.add(Kind::Const, &name, path, signature, &item.attrs)
                    .gives = Some(ty);
            }
            syn::Item::Macro(item) if exported(&item.attrs) => {
                if let Some(ident) = &item.ident {
                    let name = ident.to_string();
                    self.add(Kind::Macro, &name, path, format!("{name}!"), &item.attrs);
                }
            }
            _ => {}
        }
    }

    /// The methods of an inherent impl; those of a trait are known from the trait.
    fn add_impl(&mut self, block: &syn::ItemImpl) {
        let Some(owner) = head(&block.self_ty) else {
            return;
        };
        if block.trait_.is_some() {
            return;
        }
        for member in &block.items {
            match member {
                syn::ImplItem::Fn(function) if public(&function.vis) => {
                    self.add_function(Kind::Method, &function.sig, &owner, &function.attrs);
                }
                syn::ImplItem::Const(item) if public(&item.vis) => {
                    let ty = rust(&item.ty);
                    let signature = format!("const {}: {ty}", item.ident);
                    let name = item.ident.to_string();
                    self.add(Kind::Const, &name, &owner, signature, &item.attrs)
                        .gives = Some(ty);
                }
                _ => {}
            }
        }
    }

    fn add_function(
        &mut self,
        kind: Kind,
        signature: &syn::Signature,
        owner: &str,
        attributes: &[syn::Attribute],
    ) {
        if hidden(attributes) {
            return;
        }
        let gives = match &signature.output {
            syn::ReturnType::Default => None,
            syn::ReturnType::Type(_, ty) => Some(rust(ty).replace("Self", owner)),
        };
        let closures = signature
            .inputs
            .iter()
            .filter_map(|input| match input {
                syn::FnArg::Typed(input) => closure_parameters(&input.ty, &signature.generics),
                syn::FnArg::Receiver(_) => None,
            })
            .collect();
        let name = signature.ident.to_string();
        let entry = self.add(kind, &name, owner, rust(signature), attributes);
        entry.on_value = signature.receiver().is_some();
        entry.gives = gives;
        entry.closures = closures;
    }

    fn add(
        &mut self,
        kind: Kind,
        name: &str,
        owner: &str,
        signature: String,
        attributes: &[syn::Attribute],
    ) -> &mut Entry {
        self.index.entries.push(Entry {
            kind,
            name: name.to_owned(),
            owner: owner.to_owned(),
            signature,
            doc: documentation(attributes),
            on_value: false,
            gives: None,
            closures: Vec::new(),
        });
        let last = self.index.entries.len() - 1;
        &mut self.index.entries[last]
    }
}

fn module_file(folder: &Path, name: &str) -> PathBuf {
    let file = folder.join(format!("{name}.rs"));
    match file.is_file() {
        true => file,
        false => folder.join(name).join("mod.rs"),
    }
}

fn public(visibility: &syn::Visibility) -> bool {
    matches!(visibility, syn::Visibility::Public(_))
}

/// Whether an item is only there for tests, or not meant to be seen.
fn hidden(attributes: &[syn::Attribute]) -> bool {
    attributes.iter().any(|attribute| {
        let text = rust(&attribute.meta);
        text.starts_with("cfg(test") || text == "doc(hidden)"
    })
}

fn exported(attributes: &[syn::Attribute]) -> bool {
    attributes
        .iter()
        .any(|attribute| attribute.path().is_ident("macro_export"))
}

fn documentation(attributes: &[syn::Attribute]) -> String {
    let mut lines = Vec::new();
    for attribute in attributes {
        if let syn::Meta::NameValue(pair) = &attribute.meta
            && pair.path.is_ident("doc")
            && let syn::Expr::Lit(literal) = &pair.value
            && let syn::Lit::Str(text) = &literal.lit
        {
            let text = text.value();
            lines.push(text.strip_prefix(' ').unwrap_or(&text).to_owned());
        }
    }
    lines.join("\n").trim().to_owned()
}

/// The last name of a type's path: `graph::Value` → `Value`.
fn head(ty: &syn::Type) -> Option<String> {
    match ty {
        syn::Type::Path(path) => Some(path.path.segments.last()?.ident.to_string()),
        syn::Type::Reference(reference) => head(&reference.elem),
        _ => None,
    }
}

/// The parameters of `impl FnOnce(&Builder)`, or of a generic `F: FnOnce(&Builder)`.
fn closure_parameters(ty: &syn::Type, generics: &syn::Generics) -> Option<Vec<String>> {
    match ty {
        syn::Type::ImplTrait(bounds) => in_bounds(&bounds.bounds),
        syn::Type::Reference(reference) => closure_parameters(&reference.elem, generics),
        syn::Type::Path(path) => {
            let name = path.path.get_ident()?;
            let direct = generics
                .type_params()
                .filter(|parameter| parameter.ident == *name);
            let from_where = generics
                .where_clause
                .iter()
                .flat_map(|clause| &clause.predicates);
            direct
                .map(|parameter| &parameter.bounds)
                .chain(from_where.filter_map(|predicate| match predicate {
                    syn::WherePredicate::Type(bounded) if *name == rust(&bounded.bounded_ty) => {
                        Some(&bounded.bounds)
                    }
                    _ => None,
                }))
                .find_map(in_bounds)
        }
        _ => None,
    }
}

fn in_bounds(bounds: &Punctuated<syn::TypeParamBound, syn::Token![+]>) -> Option<Vec<String>> {
    bounds.iter().find_map(|bound| {
        let syn::TypeParamBound::Trait(bound) = bound else {
            return None;
        };
        let last = bound.path.segments.last()?;
        let syn::PathArguments::Parenthesized(arguments) = &last.arguments else {
            return None;
        };
        Some(arguments.inputs.iter().map(rust).collect())
    })
}

/// The source text of a piece of syntax, on one line.
fn rust(syntax: impl Spanned) -> String {
    let text = syntax.span().source_text().unwrap_or_default();
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    line.replace("( ", "(")
        .replace(", )", ")")
        .replace(" )", ")")
        .replace(" .", ".")
}

#[cfg(test)]
mod tests {
    use super::*;

    const SOURCE: &str = r#"
        //! A crate.
        pub mod graph {
            /// A value.
            ///
            /// Two lines.
            pub struct Value { pub id: u32, secret: u32 }
            impl Value {
                /// The product.
                pub fn matmul(
                    self,
                    other: Value,
                ) -> Value { self }
                pub fn start(name: &str) -> Result<Self, Error> { todo!() }
                fn hidden(self) {}
                #[doc(hidden)]
                pub fn internal(self) {}
            }
            impl Clone for Value { fn clone(&self) -> Self { *self } }
            pub enum DType { F32, Other(u8) }
            pub fn build<F>(name: &str, describe: F) -> Graph where F: FnOnce(&Builder) { }
            pub fn each(f: impl Fn(&Value, usize) -> bool) {}
        }
        mod inner { pub fn deep() {} pub mod more { pub const MANY: usize = 3; } }
        pub use inner::deep as shallow;
        pub mod prelude {
            pub use crate::graph::{Value, build};
            pub use super::inner::more::*;
            pub use crate::shallow;
            pub use candle::Tensor;
        }
        #[cfg(test)]
        mod tests { pub fn nothing() {} }
    "#;

    fn index() -> Index {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().join("lib.rs");
        fs::write(&root, SOURCE).unwrap();
        Index::of_crate("lessons", &root).unwrap()
    }

    fn entry(name: &str) -> Entry {
        let found = index().entries.into_iter().find(|entry| entry.name == name);
        found.unwrap_or_else(|| panic!("no {name}"))
    }

    #[test]
    fn public_items_have_signature_docs_and_owner() {
        let matmul = entry("matmul");
        assert_eq!(matmul.signature, "fn matmul(self, other: Value) -> Value");
        assert_eq!(matmul.doc, "The product.");
        assert_eq!((matmul.owner.as_str(), matmul.on_value), ("Value", true));
        assert_eq!(entry("Value").doc, "A value.\n\nTwo lines.");
        assert_eq!(entry("Value").owner, "lessons::graph");
        assert_eq!(entry("Other").signature, "DType::Other(u8)");
        assert_eq!(entry("id").gives.as_deref(), Some("u32"));
    }

    #[test]
    fn what_calls_give_and_what_closures_take() {
        assert_eq!(
            entry("start").gives.as_deref(),
            Some("Result<Value, Error>")
        );
        assert_eq!(entry("build").closures, [["&Builder"]]);
        assert_eq!(entry("each").closures, [["&Value", "usize"]]);
    }

    #[test]
    fn modules_have_what_they_export() {
        let index = index();
        let names = |owner: &str| -> Vec<String> {
            let of_owner = index.items().filter(|entry| entry.owner == owner);
            of_owner.map(|entry| entry.name.clone()).collect()
        };
        assert_eq!(names("lessons"), ["graph", "prelude", "shallow"]);
        assert_eq!(
            names("lessons::prelude"),
            ["Value", "build", "MANY", "shallow", "Tensor"]
        );
    }

    #[test]
    fn private_hidden_and_test_items_are_left_out() {
        let names: Vec<String> = index()
            .entries
            .into_iter()
            .map(|entry| entry.name)
            .collect();
        for name in ["hidden", "internal", "clone", "secret", "nothing", "tests"] {
            assert!(!names.iter().any(|known| known == name), "{name}");
        }
    }

    #[test]
    fn an_index_survives_its_file() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("index.json");
        index().write(&file).unwrap();
        assert_eq!(Index::read(&file).unwrap(), index());
    }
}
