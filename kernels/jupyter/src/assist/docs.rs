//! A piece of documentation as a MIME bundle.

use serde_json::{Value, json};

/// What inspection shows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Doc {
    /// Rust code: a signature, or a variable with its type.
    pub signature: String,
    /// Markdown; may be empty.
    pub text: String,
}

impl Doc {
    /// `text/plain` and `text/markdown`.
    pub fn bundle(&self) -> Value {
        let Self { signature, text } = self;
        match text.is_empty() {
            true => json!({
                "text/plain": signature,
                "text/markdown": format!("```rust\n{signature}\n```"),
            }),
            false => json!({
                "text/plain": format!("{signature}\n\n{text}"),
                "text/markdown": format!("```rust\n{signature}\n```\n\n{}", rust_fences(text)),
            }),
        }
    }
}

/// Markdown in which plain code fences, which rustdoc takes as Rust, say so.
fn rust_fences(text: &str) -> String {
    let mut inside = false;
    let mut lines = Vec::new();
    for line in text.lines() {
        if let Some(language) = line.trim_start().strip_prefix("```") {
            inside = !inside;
            if inside
                && (language.is_empty()
                    || language.contains("ignore")
                    || language.contains("no_run"))
            {
                lines.push("```rust".to_owned());
                continue;
            }
        } else if inside && (line == "#" || line.starts_with("# ")) {
            // A line that rustdoc hides.
            continue;
        }
        lines.push(line.to_owned());
    }
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn examples_become_rust_and_lose_their_hidden_lines() {
        let doc = Doc {
            signature: "fn f()".into(),
            text: "Does it.\n\n```\nf();\n# Ok::<(), ()>(())\n```".into(),
        };
        let bundle = doc.bundle();
        let markdown = bundle["text/markdown"].as_str().unwrap();
        assert_eq!(
            markdown,
            "```rust\nfn f()\n```\n\nDoes it.\n\n```rust\nf();\n```"
        );
        assert!(
            bundle["text/plain"]
                .as_str()
                .unwrap()
                .starts_with("fn f()\n\nDoes it.")
        );
    }
}
