//! One of rustdoc's pages, as entries of an [`Index`].

use super::super::html::{markdown, plain};
use super::super::index::{Entry, Index, Kind};
use super::super::signature;

/// Documentation beyond so many bytes is cut at a paragraph.
const LONGEST: usize = 1600;

/// Reads one page: `struct.Vec.html` tells of a struct and its methods.
pub fn read_page(file: &str, page: &str, module: &str, index: &mut Index) {
    let parts: Vec<&str> = file.trim_end_matches(".html").split('.').collect();
    let (kind, name) = match parts[..] {
        ["index"] => (Kind::Module, module.rsplit("::").next().unwrap_or(module)),
        ["struct", name] => (Kind::Struct, name),
        ["union", name] => (Kind::Struct, name),
        ["enum", name] => (Kind::Enum, name),
        ["trait", name] => (Kind::Trait, name),
        ["fn", name] => (Kind::Function, name),
        ["macro", name] if !name.ends_with('!') => (Kind::Macro, name),
        ["type", name] => (Kind::Type, name),
        ["constant" | "static", name] => (Kind::Const, name),
        ["primitive", name] => (Kind::Type, name),
        ["keyword", name] => (Kind::Keyword, name),
        _ => return,
    };
    let head = &page[..page.find("<section id=").unwrap_or(page.len())];
    if unusable(head) {
        return;
    }
    let declared = between(page, "<pre class=\"rust item-decl\">", "</pre>").map(plain);
    let owner = match kind {
        Kind::Module => module.rsplit_once("::").map_or("", |(outer, _)| outer),
        Kind::Keyword => "keyword",
        Kind::Macro if module == "std" => "macro",
        _ if parts[0] == "primitive" => "primitive",
        _ => module,
    };
    let signature = match (kind, declared) {
        (Kind::Module, _) => format!("mod {module}"),
        (Kind::Macro, _) => format!("{name}!"),
        (Kind::Keyword, _) => name.to_owned(),
        (_, Some(declared)) => shortened(&declared, kind, name),
        (_, None) => name.to_owned(),
    };
    let mut entry = Entry::new(kind, name, owner, &signature);
    if kind == Kind::Macro {
        entry.name.push('!');
    }
    entry.home = module.to_owned();
    entry.doc = doc_after(page, "id=\"main-content\"");
    if kind == Kind::Function {
        signature::describe(&mut entry, None);
    }
    index.entries.push(entry);
    if matches!(kind, Kind::Struct | Kind::Enum | Kind::Trait | Kind::Type) {
        let owner = if parts[0] == "primitive" && name == "never" {
            return;
        } else {
            name
        };
        read_members(page, owner, module, index);
    }
}

/// The declaration on one line, without the bodies of structs, enums and traits.
fn shortened(declared: &str, kind: Kind, name: &str) -> String {
    let line = one_line(declared);
    let line = line.trim_start_matches("pub ");
    match kind {
        Kind::Struct | Kind::Enum | Kind::Trait => {
            let end = line.find(['{', ';']).unwrap_or(line.len());
            let end = line[..end].find(" where").unwrap_or(end);
            let short = line[..end].trim();
            // A tuple struct's private parts say nothing.
            let private = short.find("(/*").unwrap_or(short.len());
            match short.is_empty() {
                true => name.to_owned(),
                false => short[..private].to_owned(),
            }
        }
        _ => line.trim_end_matches([';', ' ']).to_owned(),
    }
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Methods, variants, fields and the traits that are implemented.
fn read_members(page: &str, owner: &str, module: &str, index: &mut Index) {
    // Whose methods the sections are about: from `Vec` on, those of the slice that it dereferences to.
    let mut target = owner.to_owned();
    let mut in_own = true;
    let headings = page.match_indices("<h2 id=\"");
    let mut starts: Vec<usize> = page
        .match_indices("<section id=\"")
        .chain(headings)
        .map(|(at, _)| at)
        .collect();
    starts.sort_unstable();
    for (number, &at) in starts.iter().enumerate() {
        let end = starts.get(number + 1).copied().unwrap_or(page.len());
        let part = &page[at..end];
        let id = between(part, "id=\"", "\"").unwrap_or_default();
        if part.starts_with("<h2") {
            in_own =
                !id.contains("trait-impl") && !id.contains("synthetic") && !id.contains("blanket");
            if id.starts_with("deref-methods") {
                let text = plain(part);
                let name = text.split("Target = ").nth(1).unwrap_or_default();
                let name = name.split(['>', '<', '§']).next().unwrap_or_default();
                target = type_name(name);
                index.derefs.insert(owner.to_owned(), target.clone());
            }
            continue;
        }
        let (kind, name) = id.split_once('.').unwrap_or((id, ""));
        let name = name.split('-').next().unwrap_or(name);
        match kind {
            "method" | "tymethod" | "associatedconstant" | "variant" if in_own => {
                let Some(header) = header(part) else { continue };
                if unusable(part) {
                    continue;
                }
                let member = match kind {
                    "variant" => Kind::Variant,
                    "associatedconstant" => Kind::Const,
                    _ => Kind::Method,
                };
                let text = match member {
                    Kind::Variant => format!("{owner}::{header}"),
                    _ => header,
                };
                let mut entry = Entry::new(member, name, &target, &text);
                entry.home = module.to_owned();
                entry.doc = doc_after(part, "</section>");
                match member {
                    Kind::Method => signature::describe(&mut entry, Some(&target)),
                    Kind::Variant => entry.gives = Some(owner.to_owned()),
                    _ => {}
                }
                index.entries.push(entry);
            }
            _ if id.starts_with("impl-") && !in_own => {
                if let Some(name) = header(part).and_then(|header| implemented(&header, owner)) {
                    index.implement(owner, &name);
                }
            }
            _ => {}
        }
    }
}

/// The code in a section's heading, on one line, as one would write it in a trait.
fn header(part: &str) -> Option<String> {
    let start = part.find("class=\"code-header\">")?;
    let code = &part[start + 20..];
    let end = code
        .find("</h4>")
        .into_iter()
        .chain(code.find("</h3>"))
        .min()?;
    // Types that rustdoc explains in a tooltip have a sign behind them.
    let text = one_line(
        &plain(&code[..end])
            .replace('ⓘ', " ")
            .replace("where ", " where "),
    );
    let text = text.trim_end_matches(',').replace(",)", ")");
    let text = text.strip_prefix("pub ").unwrap_or(&text);
    let text = text
        .strip_prefix("const ")
        .filter(|rest| rest.starts_with("fn "))
        .unwrap_or(text);
    Some(text.trim().to_owned())
}

/// The trait in `impl<T> Clone for Vec<T>`, if the impl is for the type itself.
fn implemented(header: &str, owner: &str) -> Option<String> {
    let rest = header.strip_prefix("impl")?;
    let rest = match rest.starts_with('<') {
        true => {
            let mut depth = 0;
            let end = rest.char_indices().position(|(at, c)| {
                match c {
                    '<' => depth += 1,
                    '>' if !rest[..at].ends_with('-') => depth -= 1,
                    _ => {}
                }
                depth == 0
            })?;
            rest.chars().skip(end + 1).collect::<String>()
        }
        false => rest.to_owned(),
    };
    let (name, of) = rest.trim().split_once(" for ")?;
    let of = of.split(" where").next().unwrap_or(of).trim();
    let name = name.split('<').next().unwrap_or(name).trim();
    let blanket = of.len() == 1 || of.starts_with(|c: char| c.is_uppercase()) && of.len() <= 2;
    (!name.starts_with('!') && (blanket || type_name(of) == owner))
        .then(|| name.rsplit("::").next().unwrap_or(name).to_owned())
}

/// `Vec` for `Vec<T, A>`, `slice` for `[T]`.
fn type_name(text: &str) -> String {
    let text = text.trim();
    if let Some(inner) = text.strip_prefix('[') {
        return if inner.contains(';') {
            "array"
        } else {
            "slice"
        }
        .to_owned();
    }
    if text.starts_with('&') {
        return "reference".into();
    }
    let end = text.find(['<', ' ']).unwrap_or(text.len());
    text[..end]
        .rsplit("::")
        .next()
        .unwrap_or_default()
        .to_owned()
}

/// Whether a piece of a page says that what it is about cannot be used, or should not.
fn unusable(part: &str) -> bool {
    part.contains("class=\"stab unstable\"") || part.contains("class=\"stab deprecated\"")
}

/// The documentation that stands next after a mark, as Markdown.
fn doc_after(page: &str, mark: &str) -> String {
    let Some(start) = page.find(mark) else {
        return String::new();
    };
    let rest = &page[start..];
    let Some(block) = rest.find("<div class=\"docblock") else {
        return String::new();
    };
    // It belongs to something else if another section comes first.
    if rest[mark.len()..block.max(mark.len())].contains("<section id=\"") {
        return String::new();
    }
    let block = &rest[block..];
    let end = block.find("</details>").unwrap_or(block.len());
    let end = block[..end].find("<h2 id=").unwrap_or(end);
    let text = markdown(&block[..end]);
    let text = text.split("\nRead more").next().unwrap_or_default().trim();
    if text.len() <= LONGEST {
        return text.to_owned();
    }
    let cut = (0..=LONGEST)
        .rev()
        .find(|&at| text.is_char_boundary(at))
        .unwrap_or(0);
    let end = text[..cut].rfind("\n\n").unwrap_or(cut);
    let text = &text[..end];
    // A code block that is cut open is closed.
    match text.matches("```").count() % 2 {
        0 => text.trim_end().to_owned(),
        _ => text[..text.rfind("```").unwrap_or(0)].trim_end().to_owned(),
    }
}

fn between<'p>(page: &'p str, start: &str, end: &str) -> Option<&'p str> {
    let (_, rest) = page.split_once(start)?;
    Some(rest.split_once(end)?.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAGE: &str = r##"<section id="main-content" class="content"><pre class="rust item-decl"><code>pub struct Stack&lt;T&gt; { <span class="comment">/* private fields */</span> }</code></pre><details class="top-doc"><div class="docblock"><p>A pile of <code>T</code>s.</p></div></details><h2 id="implementations" class="section-header">Implementations</h2><section id="impl-Stack%3CT%3E" class="impl"><h3 class="code-header">impl&lt;T&gt; <a href="#">Stack</a>&lt;T&gt;</h3></section><section id="method.push" class="method"><a class="src">Source</a><h4 class="code-header">pub fn <a href="#method.push" class="fn">push</a>(&amp;mut self, value: T) -&gt; <a>Option</a>&lt;T&gt;<div class="where">where
    T: <a>Clone</a>,</div></h4></section></summary><div class="docblock"><p>Puts it on <em>top</em>.</p>
<h5 id="examples"><a class="doc-anchor">§</a>Examples</h5>
<pre class="rust rust-example-rendered"><code><span class="kw">let </span>a = <span class="number">1</span> &lt; <span class="number">2</span>;</code></pre></div></details><section id="method.secret" class="method"><h4 class="code-header">pub fn <a>secret</a>(&amp;self)</h4></section><span class="item-info"><div class="stab unstable">nightly-only</div></span><h2 id="deref-methods-%5BT%5D" class="section-header"><span>Methods from <a>Deref</a>&lt;Target = <a>[T]</a>&gt;</span></h2><section id="method.len-1" class="method"><h4 class="code-header">pub const fn <a>len</a>(&amp;self) -&gt; <a>usize</a></h4></section><div class="docblock"><p>How many.</p></div><h2 id="trait-implementations">Trait Implementations</h2><section id="impl-Clone-for-Stack%3CT%3E" class="impl"><h3 class="code-header">impl&lt;T&gt; <a>Clone</a> for <a>Stack</a>&lt;T&gt;<div class="where">where
    T: Clone,</div></h3></section><section id="method.clone" class="method trait-impl"><h4 class="code-header">fn <a>clone</a>(&amp;self) -&gt; Self</h4></section><section id="impl-IntoIterator-for-%26Stack%3CT%3E" class="impl"><h3 class="code-header">impl&lt;'a, T&gt; <a>IntoIterator</a> for &amp;'a <a>Stack</a>&lt;T&gt;</h3></section><h2 id="blanket-implementations">Blanket Implementations</h2><section id="impl-ToOwned-for-T" class="impl"><h3 class="code-header">impl&lt;T&gt; <a>ToOwned</a> for T<div class="where">where T: Clone,</div></h3></section>"##;

    #[test]
    fn a_page_tells_methods_docs_and_traits() {
        let mut index = Index::default();
        read_page("struct.Stack.html", PAGE, "std::pile", &mut index);
        let names: Vec<(&str, &str)> = index
            .entries
            .iter()
            .map(|entry| (entry.owner.as_str(), entry.name.as_str()))
            .collect();
        assert_eq!(
            names,
            [("std::pile", "Stack"), ("Stack", "push"), ("slice", "len")]
        );
        let push = &index.entries[1];
        assert_eq!(
            push.signature,
            "fn push(&mut self, value: T) -> Option<T> where T: Clone"
        );
        assert_eq!(push.gives.as_deref(), Some("Option<T>"));
        assert!(push.on_value);
        assert_eq!(
            push.doc,
            "Puts it on *top*.\n\n##### Examples\n\n```rust\nlet a = 1 < 2;\n```"
        );
        assert_eq!(index.entries[0].signature, "struct Stack<T>");
        assert_eq!(index.entries[0].doc, "A pile of `T`s.");
        assert_eq!(index.entries[2].signature, "fn len(&self) -> usize");
        assert_eq!(index.derefs["Stack"], "slice");
        let traits: Vec<&str> = index.implements["Stack"]
            .iter()
            .map(String::as_str)
            .collect();
        assert_eq!(traits, ["Clone", "ToOwned"]);
    }
}
