//! rustdoc's HTML as text.

/// The text of a piece of HTML, without tags.
pub fn plain(html: &str) -> String {
    let mut text = String::with_capacity(html.len());
    let mut rest = html;
    while let Some(open) = rest.find('<') {
        text.push_str(&rest[..open]);
        let tag = &rest[open..];
        // Blocks begin on a line of their own.
        if tag.starts_with("<div") || tag.starts_with("<br") {
            text.push('\n');
        }
        match tag.find('>') {
            Some(close) => rest = &tag[close + 1..],
            None => rest = "",
        }
    }
    text.push_str(rest);
    entities(&text)
}

fn entities(text: &str) -> String {
    if !text.contains('&') {
        return text.to_owned();
    }
    text.replace("&lt;", "<")
        .replace("&gt;", ">")
        .replace("&quot;", "\"")
        .replace("&#39;", "'")
        .replace("&nbsp;", " ")
        .replace("&amp;", "&")
}

/// A documentation block as Markdown: paragraphs, headings, lists, code.
pub fn markdown(html: &str) -> String {
    let mut out = String::new();
    let mut code = false;
    let mut rest = html;
    let push = |text: &str, code: bool, out: &mut String| {
        let text = entities(text);
        if code {
            out.push_str(&text);
            return;
        }
        for (index, line) in text.split('\n').enumerate() {
            if index > 0 && !out.ends_with([' ', '\n']) && !out.is_empty() {
                out.push(' ');
            }
            out.push_str(if out.ends_with([' ', '\n']) {
                line.trim_start()
            } else {
                line
            });
        }
    };
    while let Some(open) = rest.find('<') {
        push(&rest[..open], code, &mut out);
        let tag = &rest[open + 1..];
        let Some(close) = tag.find('>') else {
            rest = "";
            break;
        };
        let name: String = tag[..close]
            .chars()
            .take_while(|c| c.is_alphanumeric() || *c == '/')
            .collect();
        rest = &tag[close + 1..];
        match name.as_str() {
            "pre" => {
                block(&mut out);
                out.push_str(match tag[..close].contains("rust") {
                    true => "```rust\n",
                    false => "```text\n",
                });
                code = true;
            }
            "/pre" => {
                if !out.ends_with('\n') {
                    out.push('\n');
                }
                out.push_str("```");
                block(&mut out);
                code = false;
            }
            "code" | "/code" if !code => out.push('`'),
            "em" | "/em" | "i" | "/i" if !code => out.push('*'),
            "strong" | "/strong" if !code => out.push_str("**"),
            "p" | "/p" | "/ul" | "/ol" | "/table" | "/h1" | "/h2" | "/h3" | "/h4" | "/h5"
            | "/h6" => {
                block(&mut out);
            }
            "h1" | "h2" | "h3" | "h4" | "h5" | "h6" => {
                block(&mut out);
                let level = name[1..].parse().unwrap_or(5);
                out.extend(std::iter::repeat_n('#', level));
                out.push(' ');
            }
            "li" => {
                if !out.is_empty() && !out.ends_with('\n') {
                    out.truncate(out.trim_end_matches(' ').len());
                    out.push('\n');
                }
                out.push_str("- ");
            }
            // The sign that a heading can be linked to, and the button that runs an example.
            "a" if tag[..close].contains("doc-anchor") || tag[..close].contains("test-arrow") => {
                rest = rest.split_once("</a>").map_or("", |(_, rest)| rest);
            }
            _ => {}
        }
    }
    push(rest, code, &mut out);
    out.trim().to_owned()
}

/// Ends the paragraph.
fn block(out: &mut String) {
    while out.ends_with(' ') {
        out.pop();
    }
    // Inside a list item, a paragraph does not end the line.
    if out.is_empty() || out.ends_with("\n\n") || out.ends_with("\n-") {
        if out.ends_with("\n-") {
            out.push(' ');
        }
        return;
    }
    out.push_str(if out.ends_with('\n') { "\n" } else { "\n\n" });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_lists_and_entities() {
        assert_eq!(
            markdown(
                "<p>One\nline &amp; <a href=\"x\">more</a>.</p>\n<ul>\n<li><code>a</code></li>\n<li>b</li>\n</ul>\n<p>End</p>"
            ),
            "One line & more.\n\n- `a`\n- b\n\nEnd"
        );
        assert_eq!(
            plain("fn f(&amp;self) -&gt; <a>&lt;T&gt;</a>"),
            "fn f(&self) -> <T>"
        );
    }

    #[test]
    fn nothing_makes_it_panic() {
        for text in [
            "<",
            "<p",
            "</",
            "<pre>x",
            "&",
            "<h9>x",
            "<a class=\"doc-anchor\">",
        ] {
            let _ = (plain(text), markdown(text));
        }
    }
}
