//! Makes an [`Index`] from sources: a crate's files, or items of a notebook. What macros generate isn't
//! seen.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Context;

use super::exports::{self, Export};
use super::index::{Entry, Index, Kind};
use super::signature::{self, rust};
use super::ty::Ty;

impl Index {
    /// Reads the sources of a crate, beginning with its `lib.rs`, and follows its modules.
    ///
    /// # Errors
    /// When a source file can't be read or parsed.
    pub fn of_crate(name: &str, root: &Path) -> anyhow::Result<Self> {
        let mut reader = Reader::default();
        let folder = root.parent().unwrap_or(Path::new("."));
        let entry = Entry::new(Kind::Module, name, "", &format!("crate {name}"));
        reader.add(entry, name, &[]);
        reader.add_file(root, folder, name)?;
        let mut index = reader.index;
        exports::resolve(&mut index, &reader.exports);
        Ok(index)
    }

    /// Reads what can be read of the sources of a crate of others, where modules may depend on the
    /// platform or lie elsewhere.
    pub fn of_foreign_crate(name: &str, root: &Path) -> Self {
        let mut reader = Reader {
            lenient: true,
            ..Reader::default()
        };
        let folder = root.parent().unwrap_or(Path::new("."));
        let entry = Entry::new(Kind::Module, name, "", &format!("crate {name}"));
        reader.add(entry, name, &[]);
        // A crate whose `lib.rs` can't be read is not known, that is all.
        let _ = reader.add_file(root, folder, name);
        let mut index = reader.index;
        exports::resolve(&mut index, &reader.exports);
        index
    }

    /// Reads items of a notebook, where privacy means nothing. An item that isn't Rust is left out.
    pub fn of_items<'t>(items: impl IntoIterator<Item = &'t str>) -> Self {
        let mut reader = Reader {
            own: true,
            ..Reader::default()
        };
        for text in items {
            if let Ok(file) = syn::parse_file(text) {
                // Modules of a cell have no files.
                let _ = reader.add_items(&file.items, Path::new(""), "");
            }
        }
        reader.index
    }
}

/// Collects what the sources say.
#[derive(Default)]
struct Reader {
    index: Index,
    exports: Vec<Export>,
    /// Whether private items count.
    own: bool,
    /// Whether files that can't be read are passed over.
    lenient: bool,
}

impl Reader {
    fn add_file(&mut self, file: &Path, folder: &Path, path: &str) -> anyhow::Result<()> {
        let text =
            fs::read_to_string(file).with_context(|| format!("can't read {}", file.display()))?;
        let parsed =
            syn::parse_file(&text).with_context(|| format!("can't parse {}", file.display()))?;
        // The last entry is the module that the file is the text of, unless that is private.
        let own = |entry: &&mut Entry| {
            let at = match entry.owner.as_str() {
                "" => entry.name.clone(),
                owner => format!("{owner}::{}", entry.name),
            };
            entry.kind == Kind::Module && at == path && entry.doc.is_empty()
        };
        if let Some(module) = self.index.entries.last_mut().filter(own) {
            module.doc = documentation(&parsed.attrs);
        }
        self.add_items(&parsed.items, folder, path)
    }

    fn add_items(&mut self, items: &[syn::Item], folder: &Path, path: &str) -> anyhow::Result<()> {
        for item in items {
            match item {
                syn::Item::Mod(module) if !hidden(&module.attrs) => {
                    let name = module.ident.to_string();
                    let inner = match path {
                        "" => name.clone(),
                        path => format!("{path}::{name}"),
                    };
                    if self.sees(&module.vis) {
                        let signature = format!("mod {inner}");
                        let entry = Entry::new(Kind::Module, &name, path, &signature);
                        self.add(entry, path, &module.attrs);
                    }
                    match &module.content {
                        Some((_, items)) => self.add_items(items, &folder.join(&name), &inner)?,
                        None => {
                            let file = module_file(folder, &name);
                            let added = self.add_file(&file, &folder.join(&name), &inner);
                            if !self.lenient {
                                added?;
                            }
                        }
                    }
                }
                syn::Item::Impl(block) => self.add_impl(block, path),
                syn::Item::Use(item) if self.sees(&item.vis) && !hidden(&item.attrs) => {
                    Export::collect(&item.tree, path, &mut self.exports);
                }
                item => self.add_item(item, path),
            }
        }
        Ok(())
    }

    fn sees(&self, visibility: &syn::Visibility) -> bool {
        self.own || matches!(visibility, syn::Visibility::Public(_))
    }

    fn add_item(&mut self, item: &syn::Item, path: &str) {
        match item {
            syn::Item::Fn(function) if self.sees(&function.vis) => {
                let attributes = &function.attrs;
                self.add_function(Kind::Function, &function.sig, path, path, attributes);
            }
            syn::Item::Struct(item) if self.sees(&item.vis) => {
                let name = item.ident.to_string();
                let signature = format!("struct {name}{}", rust(&item.generics));
                let entry = Entry::new(Kind::Struct, &name, path, &signature);
                self.add(entry, path, &item.attrs);
                self.add_derived(&name, &item.attrs);
                for (position, field) in item.fields.iter().enumerate() {
                    if !self.sees(&field.vis) {
                        continue;
                    }
                    let ident = match &field.ident {
                        Some(ident) => ident.to_string(),
                        None => position.to_string(),
                    };
                    let ty = rust(&field.ty);
                    let signature = format!("{ident}: {ty}");
                    let mut entry = Entry::new(Kind::Field, &ident, &name, &signature);
                    entry.gives = Some(ty);
                    entry.on_value = true;
                    self.add(entry, path, &field.attrs);
                }
            }
            syn::Item::Enum(item) if self.sees(&item.vis) => {
                let name = item.ident.to_string();
                let entry = Entry::new(Kind::Enum, &name, path, &format!("enum {name}"));
                self.add(entry, path, &item.attrs);
                self.add_derived(&name, &item.attrs);
                for variant in &item.variants {
                    let variant_name = variant.ident.to_string();
                    let fields = match &variant.fields {
                        syn::Fields::Unit => String::new(),
                        syn::Fields::Named(fields) => format!(" {}", rust(fields)),
                        syn::Fields::Unnamed(fields) => rust(fields),
                    };
                    let signature = format!("{name}::{variant_name}{fields}");
                    let mut entry = Entry::new(Kind::Variant, &variant_name, &name, &signature);
                    entry.gives = Some(name.clone());
                    self.add(entry, path, &variant.attrs);
                }
            }
            syn::Item::Trait(item) if self.sees(&item.vis) => {
                let name = item.ident.to_string();
                let entry = Entry::new(Kind::Trait, &name, path, &format!("trait {name}"));
                self.add(entry, path, &item.attrs);
                for member in &item.items {
                    if let syn::TraitItem::Fn(function) = member {
                        let attributes = &function.attrs;
                        self.add_function(Kind::Method, &function.sig, &name, path, attributes);
                    }
                }
            }
            syn::Item::Type(item) if self.sees(&item.vis) => {
                let name = item.ident.to_string();
                let signature = format!("type {name} = {}", rust(&item.ty));
                let entry = Entry::new(Kind::Type, &name, path, &signature);
                self.add(entry, path, &item.attrs);
            }
            syn::Item::Const(item) if self.sees(&item.vis) => {
                self.add_const("const", &item.ident, &item.ty, path, path, &item.attrs);
            }
            syn::Item::Static(item) if self.sees(&item.vis) => {
                self.add_const("static", &item.ident, &item.ty, path, path, &item.attrs);
            }
            syn::Item::Macro(item) if self.own || exported(&item.attrs) => {
                if let Some(ident) = &item.ident {
                    // As it is written in a call, like those of std.
                    let name = format!("{ident}!");
                    let entry = Entry::new(Kind::Macro, &name, path, &name);
                    self.add(entry, path, &item.attrs);
                }
            }
            _ => {}
        }
    }

    fn add_const(
        &mut self,
        keyword: &str,
        ident: &syn::Ident,
        ty: &syn::Type,
        owner: &str,
        path: &str,
        attributes: &[syn::Attribute],
    ) {
        let ty = rust(ty);
        let signature = format!("{keyword} {ident}: {ty}");
        let mut entry = Entry::new(Kind::Const, &ident.to_string(), owner, &signature);
        entry.gives = Some(ty);
        self.add(entry, path, attributes);
    }

    /// The methods of an inherent impl; those of a trait are known from the trait.
    fn add_impl(&mut self, block: &syn::ItemImpl, path: &str) {
        let Some(owner) = Ty::of(&block.self_ty).map(|ty| ty.name) else {
            return;
        };
        if let Some((_, of, _)) = &block.trait_ {
            if let Some(last) = of.segments.last() {
                self.index.implement(&owner, &last.ident.to_string());
                if last.ident == "Deref" {
                    self.add_deref(&owner, block);
                }
            }
            return;
        }
        for member in &block.items {
            match member {
                syn::ImplItem::Fn(function) if self.sees(&function.vis) => {
                    let attributes = &function.attrs;
                    self.add_function(Kind::Method, &function.sig, &owner, path, attributes);
                }
                syn::ImplItem::Const(item) if self.sees(&item.vis) => {
                    self.add_const("const", &item.ident, &item.ty, &owner, path, &item.attrs);
                }
                _ => {}
            }
        }
    }

    fn add_deref(&mut self, owner: &str, block: &syn::ItemImpl) {
        for member in &block.items {
            if let syn::ImplItem::Type(target) = member {
                self.index.derefs.insert(owner.to_owned(), rust(&target.ty));
            }
        }
    }

    /// The traits in a `derive`.
    fn add_derived(&mut self, name: &str, attributes: &[syn::Attribute]) {
        for attribute in attributes {
            if attribute.path().is_ident("derive") {
                // A derive that can't be read is rustc's business.
                let _ = attribute.parse_nested_meta(|derived| {
                    if let Some(last) = derived.path.segments.last() {
                        self.index.implement(name, &last.ident.to_string());
                    }
                    Ok(())
                });
            }
        }
    }

    fn add_function(
        &mut self,
        kind: Kind,
        signature: &syn::Signature,
        owner: &str,
        path: &str,
        attributes: &[syn::Attribute],
    ) {
        let name = signature.ident.to_string();
        let mut entry = Entry::new(kind, &name, owner, &rust(signature));
        let of_type = (kind == Kind::Method).then_some(owner);
        signature::read(signature, &mut entry, of_type);
        self.add(entry, path, attributes);
    }

    fn add(&mut self, mut entry: Entry, path: &str, attributes: &[syn::Attribute]) {
        if !hidden(attributes) {
            entry.home = path.to_owned();
            entry.doc = documentation(attributes);
            self.index.entries.push(entry);
        }
    }
}

fn module_file(folder: &Path, name: &str) -> PathBuf {
    let file = folder.join(format!("{name}.rs"));
    match file.is_file() {
        true => file,
        false => folder.join(name).join("mod.rs"),
    }
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
        assert_eq!(entry("lessons").doc, "A crate.");
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
    fn a_missing_file_costs_a_foreign_crate_no_more_than_that() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().join("lib.rs");
        fs::write(&root, "mod elsewhere; pub fn here() {}").unwrap();
        assert!(Index::of_crate("other", &root).is_err());
        let index = Index::of_foreign_crate("other", &root);
        let names: Vec<&str> = index
            .entries
            .iter()
            .map(|entry| entry.name.as_str())
            .collect();
        assert_eq!(names, ["other", "here"]);
        let unknown = Index::of_foreign_crate("none", Path::new("/nowhere"));
        assert_eq!(unknown.entries.len(), 1);
    }

    #[test]
    fn an_index_survives_its_file() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("index.json");
        index().write(&file).unwrap();
        assert_eq!(Index::read(&file).unwrap(), index());
    }
}
