//! What a cell's macro calls expand to, told by rustc: items that later cells see, or variables.
//!
//! Only calls of macros that are not std's are asked about, and an answer is kept like a compiled
//! unit.

use std::fs;
use std::path::Path;

use anyhow::Context;
use proc_macro2::{Delimiter, TokenStream, TokenTree};

use super::compile::{key, write_unit, write_whole};
use super::generate::{CALL, Choices, Generator, Mode};
use super::rustc::{Compiler, Emit};

/// The expansion of each of the cell's calls, as source text; `None` where rustc gives none, because
/// the call is wrong: compiling it says what is.
///
/// # Errors
/// When files or rustc itself failed.
pub fn expand(
    compiler: &Compiler,
    generator: &Generator<'_>,
    cache: &Path,
    work: &Path,
) -> anyhow::Result<Vec<Option<String>>> {
    let unit = generator.unit(&Choices::default(), Mode::Expand);
    let arguments = compiler.arguments(&unit, 0);
    let folder = cache.join("units").join(key(compiler, &unit, &arguments));
    let kept = folder.join("verdict.json");
    if let Ok(text) = fs::read(&kept)
        && let Ok(known) = serde_json::from_slice(&text)
    {
        return Ok(known);
    }
    let sources = work.join("expand");
    write_unit(&unit, &sources)?;
    let output = work.join("expanded.rs");
    // What an earlier cell left must not be taken for the answer.
    let _ = fs::remove_file(&output);
    compiler.compile(&sources, &arguments, Emit::Expanded, &output)?;
    let text = fs::read_to_string(&output).unwrap_or_default();
    let expansions: Vec<Option<String>> = read(&text, generator.cell.calls.len());
    if expansions.iter().all(Option::is_some) {
        fs::create_dir_all(&folder)
            .with_context(|| format!("cannot create {}", folder.display()))?;
        write_whole(&kept, &serde_json::to_vec(&expansions)?)?;
    }
    Ok(expansions)
}

/// The bodies of the functions around the calls.
fn read(text: &str, count: usize) -> Vec<Option<String>> {
    let mut found = vec![None; count];
    let Ok(tokens) = text.parse::<TokenStream>() else {
        return found;
    };
    let tokens: Vec<TokenTree> = tokens.into_iter().collect();
    for window in tokens.windows(3) {
        let [
            TokenTree::Ident(name),
            TokenTree::Group(_),
            TokenTree::Group(body),
        ] = window
        else {
            continue;
        };
        let number = name.to_string();
        let number = number
            .strip_prefix(CALL)
            .and_then(|n| n.parse::<usize>().ok());
        if let Some(place) = number.and_then(|number| found.get_mut(number))
            && body.delimiter() == Delimiter::Brace
        {
            *place = Some(body.stream().to_string());
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bodies_are_found_among_other_code() {
        let text =
            "use std::prelude::v1::*;\nfn other() { 1 }\nfn __lessons_call_1() { struct S; }\n";
        assert_eq!(read(text, 2), [None, Some("struct S ;".to_owned())]);
        assert_eq!(read("fn __lessons_call_0( {", 1), [None]);
    }
}
