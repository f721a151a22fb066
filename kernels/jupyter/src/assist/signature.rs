//! What a function's signature says: whether it is a method, what it gives, what its closures take.

use syn::punctuated::Punctuated;
use syn::spanned::Spanned;

use super::index::Entry;

/// Fills in what the entry's signature says; `Self` is the owner.
pub fn describe(entry: &mut Entry, owner: Option<&str>) {
    match syn::parse_str::<syn::Signature>(&entry.signature) {
        Ok(signature) => read(&signature, entry, owner),
        // rustdoc writes some things that are no Rust, such as `/* private */`.
        Err(_) => entry.on_value = entry.signature.contains("self"),
    }
}

/// Fills in what a signature says.
pub fn read(signature: &syn::Signature, entry: &mut Entry, owner: Option<&str>) {
    entry.on_value = signature.receiver().is_some();
    entry.gives = match &signature.output {
        syn::ReturnType::Default => None,
        syn::ReturnType::Type(_, ty) => {
            let ty = rust(ty);
            Some(match owner {
                Some(owner) => ty.replace("Self", owner),
                None => ty,
            })
        }
    };
    let inputs = signature.inputs.iter();
    entry.closures = inputs
        .filter_map(|input| match input {
            syn::FnArg::Typed(input) => closure_parameters(&input.ty, &signature.generics),
            syn::FnArg::Receiver(_) => None,
        })
        .collect();
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
pub fn rust(syntax: impl Spanned) -> String {
    let text = syntax.span().source_text().unwrap_or_default();
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    line.replace("( ", "(")
        .replace(", )", ")")
        .replace(" )", ")")
        .replace(" .", ".")
}
