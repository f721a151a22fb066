//! Asks rustc what type an expression has, in code that is still being written.
//!
//! The expression is replaced by a block that binds it and matches it against a type that it cannot
//! have: the error's label names the type. More such statements ask what it dereferences to, and
//! which traits it implements.

use std::fmt::Write;
use std::ops::Range;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use super::lexer::Open;
use crate::cell::{self, ParsedCell};
use crate::engine::{Analyst, Finding};

/// What rustc says of an expression.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Typed {
    /// Its type with all paths, then what it dereferences to, step by step.
    pub types: Vec<String>,
    /// Those of the traits asked about that it, or what it dereferences to, implements.
    pub traits: Vec<String>,
}

/// How long a question may take. After that the index alone answers.
const LIMIT: Duration = Duration::from_millis(1500);
/// How far is dereferenced: `Rc`, then `RefCell`'s guard, then the value.
const DEREFS: usize = 3;

/// A question in the form of code: where in it rustc's errors are the answers.
struct Question {
    code: String,
    types: Vec<Range<usize>>,
    traits: Vec<(usize, Range<usize>)>,
}

/// The last question and what was answered: while a name is typed, its receiver stays the same.
#[derive(Default)]
pub struct Asked(Mutex<Option<(String, Typed)>>);

impl Asked {
    /// Asks about the expression at `expression`; `gap` follows it, up to the end of the name that is
    /// being completed, and is left out. Both are in characters. `None` when nobody answers; an empty
    /// answer when the compiler doesn't know either.
    pub fn ask(
        &self,
        analyst: &dyn Analyst,
        chars: &[char],
        expression: Range<usize>,
        gap: usize,
        traits: &[String],
    ) -> Option<Typed> {
        let text = |range: Range<usize>| chars[range].iter().collect::<String>();
        let before = text(0..expression.start);
        let question = question(&text(expression), traits);
        let (code, _) = whole(&before, &question.code, &text(gap..chars.len()))?;
        let last = || self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((asked, answered)) = &*last()
            && *asked == code
        {
            return Some(answered.clone());
        }
        let findings = analyst.check(&code, LIMIT)?;
        let answered = answer(&question, before.len(), &findings, traits);
        *last() = Some((code, answered.clone()));
        Some(answered)
    }
}

/// Makes code that is being written whole: what stands before a hole and after it, with something in
/// the hole, and where that does not parse, with what closes the open brackets instead of the rest.
pub fn whole(before: &str, filling: &str, after: &str) -> Option<(String, ParsedCell)> {
    let chars: Vec<char> = before.chars().collect();
    let closers = Open::scan(&chars).closers();
    let ends = [
        after.to_owned(),
        format!(";{after}"),
        closers.clone(),
        format!(";{closers}"),
        format!("{closers};"),
        format!(";{closers};"),
    ];
    ends.iter().find_map(|end| {
        let code = format!("{before}{filling}{end}");
        let parsed = cell::parse(&code).ok()?;
        Some((code, parsed))
    })
}

fn question(expression: &str, traits: &[String]) -> Question {
    let mut code = format!("{{ struct LessonsAsks; let lessons_it = {expression}; ");
    let mut types = Vec::new();
    let mut asked = Vec::new();
    let ask = |code: &mut String, before: &str, subject: &str, after: &str| {
        code.push_str(before);
        let start = code.len();
        code.push_str(subject);
        let range = start..code.len();
        code.push_str(after);
        range
    };
    for depth in 0..=DEREFS {
        let stars = "*".repeat(depth);
        let subject = format!("{stars}lessons_it");
        types.push(ask(&mut code, "let LessonsAsks = ", &subject, "; "));
    }
    for (index, name) in traits.iter().enumerate() {
        let _ = write!(
            code,
            "fn lessons_is_{index}<T: ?Sized + {name}>(_: &T) {{}} "
        );
        for stars in ["", "*"] {
            let before = format!("lessons_is_{index}(");
            let range = ask(&mut code, &before, &format!("&{stars}lessons_it"), "); ");
            asked.push((stars.len(), range));
        }
    }
    code.push_str("loop {} }");
    Question {
        code,
        types,
        traits: asked,
    }
}

fn answer(question: &Question, start: usize, findings: &[Finding], traits: &[String]) -> Typed {
    let at = |range: &Range<usize>| {
        let range = range.start + start..range.end + start;
        findings.iter().filter(move |finding| {
            range.start <= finding.range.start && finding.range.end <= range.end
        })
    };
    // The pattern is what the error is about; the subject carries the label.
    let mut types = Vec::new();
    for range in &question.types {
        let pattern = range.start - "LessonsAsks = ".len()..range.end;
        let label = at(&pattern).flat_map(|finding| &finding.labels);
        let ty = label
            .filter_map(|label| {
                let ty = label.strip_prefix("this expression has type `")?;
                ty.strip_suffix('`')
            })
            .next();
        match ty {
            Some(ty) => types.push(ty.replace("{integer}", "i32").replace("{float}", "f64")),
            None => break,
        }
    }
    if types.is_empty() {
        return Typed::default();
    }
    let mut implemented = Vec::new();
    for (index, name) in traits.iter().enumerate() {
        let asked = &question.traits[2 * index..2 * index + 2];
        let holds = asked
            .iter()
            .any(|(depth, range)| *depth < types.len() && at(range).next().is_none());
        if holds {
            implemented.push(name.clone());
        }
    }
    Typed {
        types,
        traits: implemented,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::Variable;

    /// Says of every question that the expression is a `Box<u8>`, and keeps the code.
    #[derive(Default)]
    struct Fake(Mutex<String>);

    impl Analyst for Fake {
        fn check(&self, code: &str, _: Duration) -> Option<Vec<Finding>> {
            *self.0.lock().unwrap() = code.to_owned();
            let found = |needle: &str, label: &str| {
                let start = code.find(needle).unwrap();
                Finding {
                    range: start..start + needle.len(),
                    labels: vec![label.into()],
                }
            };
            let pattern = |subject: &str, ty: &str| {
                let mut finding = found(
                    &format!("LessonsAsks = {subject};"),
                    &format!("this expression has type `{ty}`"),
                );
                finding.range.end = finding.range.start + "LessonsAsks".len();
                finding
            };
            Some(vec![
                pattern("lessons_it", "std::boxed::Box<u8>"),
                pattern("*lessons_it", "u8"),
                found("&lessons_it", ""),
                found("&*lessons_it", ""),
            ])
        }

        fn variables(&self) -> Vec<Variable> {
            Vec::new()
        }

        fn items(&self) -> Vec<String> {
            Vec::new()
        }
    }

    fn asked(code: &str, expression: &str) -> (Option<Typed>, String) {
        let fake = Fake::default();
        let chars: Vec<char> = code.chars().collect();
        let start = code[..code.find(expression).unwrap()].chars().count();
        let end = start + expression.chars().count();
        let traits = ["std::io::Read".to_owned(), "std::fmt::Debug".to_owned()];
        let gap = (end + 1).min(chars.len());
        let typed = Asked::default().ask(&fake, &chars, start..end, gap, &traits);
        (typed, fake.0.into_inner().unwrap())
    }

    #[test]
    fn what_rustc_says_is_read() {
        let (typed, _) = asked("let ü = 1; f(x).", "f(x)");
        let typed = typed.unwrap();
        assert_eq!(typed.types, ["std::boxed::Box<u8>", "u8"]);
        assert_eq!(typed.traits, ["std::fmt::Debug"]);
    }

    #[test]
    fn code_in_the_making_is_made_whole() {
        for (code, end) in [
            ("each(|x| { x.y.", "})"),
            ("let z = x.y.", "}"),
            ("fn f() { let z = x.y.", ";}"),
            ("x.y.\nlet z = 1;", "let z = 1;"),
            ("match 1 { 1 => x.y.", "}"),
        ] {
            let (typed, asked) = asked(code, "x.y");
            assert!(typed.is_some(), "{code}");
            assert!(asked.trim_end().ends_with(end), "{code}: {asked}");
        }
    }
}
