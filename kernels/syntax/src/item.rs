//! One item of a cell: what it defines, what it mentions, and what a later item replaces in it.

use std::collections::BTreeSet;
use std::ops::Range;

use quote::ToTokens;
use syn::{Fields, ForeignItem, ImplItem, Stmt, UseTree};

use super::check_points::{self, Arithmetic, CheckPoint};
use super::memory::{self, Memory};
use super::{idents, loops, range_of};

/// The three spaces of Rust's names: an item replaces an earlier one only within its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Namespace {
    Type,
    Value,
    Macro,
}

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Name {
    pub space: Namespace,
    pub name: String,
}

/// One path that a `use` brings in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Leaf {
    /// As source text, without `use` and `;`.
    pub path: String,
    /// The name it binds; `None` for `*` and `as _`.
    pub binding: Option<String>,
}

impl Leaf {
    /// The first segment of a path that starts in the notebook itself.
    pub fn root(&self) -> Option<String> {
        let mut segments = self.path.split("::").map(str::trim);
        let root = segments.find(|segment| !matches!(*segment, "crate" | "self" | ""))?;
        let root = root.split(' ').next().unwrap_or(root);
        (root != "*").then(|| root.to_owned())
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ItemKind {
    /// A function, constant, module or the like: its source text is all there is to it.
    Plain,
    /// A struct, enum, union, type alias or trait: values and vtables are laid out after it.
    Type,
    /// `macro_rules!`: must stand before what calls it.
    Macro,
    Use(Vec<Leaf>),
    Impl {
        of: ImplOf,
        /// The associated items and where they stand.
        members: Vec<(String, Range<usize>)>,
    },
    /// A call of a macro that expands to items; its names are theirs.
    Call {
        impls: Vec<ImplOf>,
        /// Whether there are types among them.
        types: bool,
    },
}

/// What an impl is for.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct ImplOf {
    /// The trait with its arguments, as normalized text; `None` for an inherent impl.
    pub of_trait: Option<String>,
    pub self_type: String,
    /// Identifiers in the self type and in the trait: the impl comes along with these.
    pub self_names: BTreeSet<String>,
    pub trait_names: BTreeSet<String>,
}

/// An item at the top level of a cell.
#[derive(Debug, Clone)]
pub struct Item {
    pub kind: ItemKind,
    pub range: Range<usize>,
    pub names: Vec<Name>,
    /// Names inside the item that may be mentioned without it: a trait's methods, an enum's variants,
    /// a module's items.
    pub provides: BTreeSet<String>,
    pub uses: BTreeSet<String>,
    /// The statics in it, in order.
    pub memory: Vec<Memory>,
    /// Whether code in it loops.
    pub loops: bool,
    /// Where its code looks whether it has been interrupted.
    pub check_points: Vec<CheckPoint>,
    /// Set for a function that only computes.
    pub arithmetic: Option<Arithmetic>,
    /// The tokens as text: equal for two items exactly when they differ in layout and comments only.
    pub normalized: String,
}

/// Macros of std and of well-known crates that expand to items.
const ITEM_MACROS: [&str; 3] = ["thread_local", "lazy_static", "bitflags"];

impl Item {
    /// The item that a statement is, if it is one.
    pub fn of_statement(statement: &Stmt, range: Range<usize>) -> Option<Item> {
        let item = match statement {
            Stmt::Item(item) => item.clone(),
            Stmt::Macro(call) => {
                let name = call.mac.path.segments.last()?.ident.to_string();
                if !ITEM_MACROS.contains(&name.as_str()) {
                    return None;
                }
                return Some(Item {
                    kind: ItemKind::Plain,
                    range,
                    names: names_after_static(call.mac.tokens.clone()),
                    provides: BTreeSet::new(),
                    uses: idents::in_tokens(statement.to_token_stream()),
                    memory: memory::in_statement(statement),
                    loops: loops::in_statement(statement),
                    check_points: Vec::new(),
                    arithmetic: None,
                    normalized: statement.to_token_stream().to_string(),
                });
            }
            _ => return None,
        };
        let (kind, names) = kind_and_names(&item);
        let uses = idents::in_tokens(item.to_token_stream());
        Some(Item {
            kind,
            range,
            names,
            provides: {
                let mut provides = BTreeSet::new();
                collect_provided(&item, &mut provides);
                provides
            },
            uses,
            memory: memory::in_statement(statement),
            loops: loops::in_statement(statement),
            check_points: check_points::in_item(&item),
            arithmetic: check_points::arithmetic(&item),
            normalized: item.to_token_stream().to_string(),
        })
    }

    /// The impls in it.
    pub fn impls(&self) -> &[ImplOf] {
        match &self.kind {
            ItemKind::Impl { of, .. } => std::slice::from_ref(of),
            ItemKind::Call { impls, .. } => impls,
            _ => &[],
        }
    }

    /// Whether values are laid out after it.
    pub fn has_types(&self) -> bool {
        matches!(
            self.kind,
            ItemKind::Type | ItemKind::Call { types: true, .. }
        )
    }

    /// The name to show to people, if the item has one.
    pub fn title(&self) -> Option<&str> {
        match self.kind {
            ItemKind::Use(_) | ItemKind::Impl { .. } => None,
            _ => self.names.first().map(|name| name.name.as_str()),
        }
    }
}

pub(super) fn kind_and_names(item: &syn::Item) -> (ItemKind, Vec<Name>) {
    use Namespace::{Macro, Type, Value};
    let named = |ident: &syn::Ident, spaces: &[Namespace]| {
        let name = plain(ident);
        let names = spaces.iter().map(|&space| Name {
            space,
            name: name.clone(),
        });
        names.collect::<Vec<_>>()
    };
    match item {
        syn::Item::Fn(item) => (ItemKind::Plain, named(&item.sig.ident, &[Value])),
        syn::Item::Const(item) if item.ident == "_" => (ItemKind::Plain, Vec::new()),
        syn::Item::Const(item) => (ItemKind::Plain, named(&item.ident, &[Value])),
        syn::Item::Mod(item) => (ItemKind::Plain, named(&item.ident, &[Type])),
        syn::Item::ExternCrate(item) => {
            let ident = item.rename.as_ref().map_or(&item.ident, |(_, name)| name);
            (ItemKind::Plain, named(ident, &[Type]))
        }
        syn::Item::ForeignMod(item) => {
            let idents = item.items.iter().filter_map(|item| match item {
                ForeignItem::Fn(item) => Some(named(&item.sig.ident, &[Value])),
                ForeignItem::Static(item) => Some(named(&item.ident, &[Value])),
                ForeignItem::Type(item) => Some(named(&item.ident, &[Type])),
                _ => None,
            });
            (ItemKind::Plain, idents.flatten().collect())
        }
        syn::Item::Struct(item) => {
            let spaces: &[_] = match item.fields {
                Fields::Named(_) => &[Type],
                Fields::Unnamed(_) | Fields::Unit => &[Type, Value],
            };
            (ItemKind::Type, named(&item.ident, spaces))
        }
        syn::Item::Enum(item) => (ItemKind::Type, named(&item.ident, &[Type])),
        syn::Item::Union(item) => (ItemKind::Type, named(&item.ident, &[Type])),
        syn::Item::Type(item) => (ItemKind::Type, named(&item.ident, &[Type])),
        syn::Item::Trait(item) => (ItemKind::Type, named(&item.ident, &[Type])),
        syn::Item::TraitAlias(item) => (ItemKind::Type, named(&item.ident, &[Type])),
        syn::Item::Static(item) => (ItemKind::Plain, named(&item.ident, &[Value])),
        syn::Item::Macro(item) => match &item.ident {
            Some(ident) => (ItemKind::Macro, named(ident, &[Macro])),
            None => (ItemKind::Plain, names_after_static(item.mac.tokens.clone())),
        },
        syn::Item::Use(item) => {
            let mut leaves = Vec::new();
            let root = if item.leading_colon.is_some() {
                "::"
            } else {
                ""
            };
            collect_leaves(&item.tree, root, &mut leaves);
            let bound = leaves.iter().filter_map(|leaf| leaf.binding.clone());
            let names = bound.flat_map(|name| {
                // What it names is known to rustc alone.
                [Type, Value, Macro].map(|space| Name {
                    space,
                    name: name.clone(),
                })
            });
            let names = names.collect();
            (ItemKind::Use(leaves), names)
        }
        syn::Item::Impl(item) => (impl_kind(item), Vec::new()),
        _ => (ItemKind::Plain, Vec::new()),
    }
}

pub(super) fn collect_provided(item: &syn::Item, provided: &mut BTreeSet<String>) {
    match item {
        syn::Item::Trait(item) => {
            provided.extend(item.items.iter().filter_map(|member| match member {
                syn::TraitItem::Fn(member) => Some(plain(&member.sig.ident)),
                _ => None,
            }));
        }
        syn::Item::Enum(item) => {
            provided.extend(item.variants.iter().map(|variant| plain(&variant.ident)));
        }
        syn::Item::Mod(item) => {
            for item in item.content.iter().flat_map(|(_, items)| items) {
                let (_, names) = kind_and_names(item);
                provided.extend(names.into_iter().map(|name| name.name));
                collect_provided(item, provided);
            }
        }
        _ => {}
    }
}

fn impl_kind(item: &syn::ItemImpl) -> ItemKind {
    let of_trait = item.trait_.as_ref().map(|(bang, path, _)| {
        format!(
            "{}{}",
            if bang.is_some() { "!" } else { "" },
            path.to_token_stream()
        )
    });
    let trait_names = item
        .trait_
        .as_ref()
        .map(|(_, path, _)| idents::in_tokens(path.to_token_stream()))
        .unwrap_or_default();
    let members = item.items.iter().filter_map(|member| {
        let ident = match member {
            ImplItem::Fn(member) => &member.sig.ident,
            ImplItem::Const(member) => &member.ident,
            ImplItem::Type(member) => &member.ident,
            _ => return None,
        };
        Some((plain(ident), range_of(member)))
    });
    ItemKind::Impl {
        of: ImplOf {
            of_trait,
            self_type: item.self_ty.to_token_stream().to_string(),
            self_names: idents::in_tokens(item.self_ty.to_token_stream()),
            trait_names,
        },
        members: members.collect(),
    }
}

fn plain(ident: &syn::Ident) -> String {
    let name = ident.to_string();
    name.strip_prefix("r#").unwrap_or(&name).to_owned()
}

fn collect_leaves(tree: &UseTree, path: &str, leaves: &mut Vec<Leaf>) {
    match tree {
        UseTree::Path(tree) => {
            collect_leaves(&tree.tree, &format!("{path}{}::", tree.ident), leaves)
        }
        UseTree::Name(tree) if tree.ident == "self" => {
            let path = path.trim_end_matches("::");
            leaves.push(Leaf {
                path: path.to_owned(),
                binding: path.rsplit("::").next().map(str::to_owned),
            });
        }
        UseTree::Name(tree) => leaves.push(Leaf {
            path: format!("{path}{}", tree.ident),
            binding: Some(plain(&tree.ident)),
        }),
        UseTree::Rename(tree) => {
            let path = if tree.ident == "self" {
                path.trim_end_matches("::").to_owned()
            } else {
                format!("{path}{}", tree.ident)
            };
            leaves.push(Leaf {
                path: format!("{path} as {}", tree.rename),
                binding: (tree.rename != "_").then(|| plain(&tree.rename)),
            });
        }
        UseTree::Glob(_) => leaves.push(Leaf {
            path: format!("{path}*"),
            binding: None,
        }),
        UseTree::Group(tree) => {
            for tree in &tree.items {
                collect_leaves(tree, path, leaves);
            }
        }
    }
}

/// The names in `static NAME: …` and `static ref NAME: …` of a macro's input.
fn names_after_static(tokens: proc_macro2::TokenStream) -> Vec<Name> {
    let words: Vec<String> = tokens.into_iter().map(|token| token.to_string()).collect();
    let mut names = Vec::new();
    for (index, word) in words.iter().enumerate() {
        if word == "static" || word == "struct" {
            let name = words[index + 1..].iter().find(|word| *word != "ref");
            let spaces = [Namespace::Value, Namespace::Type];
            names.extend(name.into_iter().flat_map(|name| {
                spaces.map(|space| Name {
                    space,
                    name: name.clone(),
                })
            }));
        }
    }
    names
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::parse;

    fn item(code: &str) -> Item {
        parse(code).unwrap().items.remove(0)
    }

    #[test]
    fn a_use_is_split_into_its_leaves() {
        let ItemKind::Use(leaves) =
            item("pub use a::{self, b::*, c as d, T as _, self as s};").kind
        else {
            panic!("not a use")
        };
        let shown: Vec<_> = leaves
            .iter()
            .map(|leaf| (leaf.path.as_str(), leaf.binding.as_deref()))
            .collect();
        assert_eq!(
            shown,
            [
                ("a", Some("a")),
                ("a::b::*", None),
                ("a::c as d", Some("d")),
                ("a::T as _", None),
                ("a as s", Some("s")),
            ]
        );
    }

    #[test]
    fn an_impl_knows_what_it_comes_along_with() {
        let ItemKind::Impl { of, members } =
            item("impl From<Meters> for Vec<Feet> { fn from(m: Meters) -> Self { todo!() } }").kind
        else {
            panic!("not an impl")
        };
        assert_eq!(of.of_trait.as_deref(), Some("From < Meters >"));
        assert!(of.self_names.contains("Feet") && !of.self_names.contains("Meters"));
        assert!(of.trait_names.contains("Meters"));
        assert_eq!(members[0].0, "from");
    }

    #[test]
    fn layout_and_comments_do_not_change_an_item() {
        let one = item("fn f(x: i32) -> i32 { x + 1 }");
        let two = item("fn f( x: i32 ) -> i32 {\n    // more\n    x + 1\n}");
        assert_eq!(one.normalized, two.normalized);
        assert_ne!(
            one.normalized,
            item("fn f(x: i32) -> i32 { x + 2 }").normalized
        );
    }

    #[test]
    fn thread_locals_are_items() {
        let item = item("thread_local! { static SEEN: u32 = 0; }");
        assert_eq!(item.names[0].name, "SEEN");
    }
}
