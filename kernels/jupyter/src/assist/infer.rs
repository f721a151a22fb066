//! Guesses the type of an expression from the index and the text around it, well enough to say
//! which methods it has. What can't be guessed is `None`, never an error.

use syn::{Expr, Lit};

use super::index::{Entry, Kind};
use super::known::Known;
use super::lexer::masked;
use super::text;
use super::ty::Ty;
use crate::engine::Variable;

/// The expressions' surroundings.
pub struct Scope<'a> {
    pub known: &'a Known<'a>,
    /// The notebook's variables.
    pub variables: &'a [Variable],
    /// The cell's text up to the cursor.
    pub code: &'a [char],
}

/// How many `let`s are followed back.
const DEPTH: usize = 12;

impl Scope<'_> {
    /// The type of an expression.
    pub fn type_of(&self, expression: &str) -> Option<Ty> {
        let expression: Expr = syn::parse_str(expression).ok()?;
        self.infer(&expression, DEPTH)
    }

    /// The type of an expression about which there is no doubt: a variable of the notebook that the
    /// cell doesn't bind anew, or a literal.
    pub fn certain(&self, expression: &str) -> Option<Ty> {
        match syn::parse_str(expression).ok()? {
            Expr::Lit(literal) => literal_type(&literal.lit),
            Expr::Path(path) => {
                let name = path.path.get_ident()?.to_string();
                (!self.is_bound(&name)).then(|| self.live(&name))?
            }
            _ => None,
        }
    }

    /// Whether the cell may bind a name before the cursor.
    pub fn is_bound(&self, name: &str) -> bool {
        let chars = masked(self.code);
        occurrences(&chars, name).any(|at| {
            let before: String = chars[..at].iter().collect();
            let before = before.trim_end();
            ["let", "mut", "for", "ref", "|", "(", "[", "{", ","]
                .iter()
                .any(|binds| before.ends_with(binds))
        })
    }

    fn live(&self, name: &str) -> Option<Ty> {
        let mut variables = self.variables.iter();
        let variable = variables.find(|variable| variable.name == name)?;
        Ty::parse(&variable.ty)
    }

    fn infer(&self, expression: &Expr, depth: usize) -> Option<Ty> {
        let depth = depth.checked_sub(1)?;
        match expression {
            Expr::Lit(literal) => literal_type(&literal.lit),
            Expr::Paren(inner) => self.infer(&inner.expr, depth),
            Expr::Reference(inner) => self.infer(&inner.expr, depth),
            Expr::Unary(inner) => self.infer(&inner.expr, depth),
            Expr::Cast(cast) => Ty::of(&cast.ty),
            Expr::Array(_) => Some(Ty::simple("array")),
            Expr::Binary(binary) => {
                let left = self.infer(&binary.left, depth);
                let right = || self.infer(&binary.right, depth);
                // `2 * x` has the type of `x`.
                left.filter(|ty| !is_number(ty)).or_else(right)
            }
            Expr::Try(inner) => {
                let ty = self.infer(&inner.expr, depth)?;
                matches!(ty.name.as_str(), "Result" | "Option")
                    .then(|| ty.arguments.into_iter().next())?
            }
            Expr::Struct(made) => {
                let name = made.path.segments.last()?.ident.to_string();
                Some(Ty::simple(&name))
            }
            Expr::Macro(call) => match call.mac.path.get_ident()?.to_string().as_str() {
                "format" => Some(Ty::simple("String")),
                "vec" => Some(Ty::simple("Vec")),
                _ => None,
            },
            Expr::Path(path) => {
                let segments = &path.path.segments;
                let last = segments.last()?.ident.to_string();
                if segments.len() == 1 {
                    return self.variable(&last, depth);
                }
                let owner = segments[segments.len() - 2].ident.to_string();
                self.gives(&Ty::simple(&owner), &last)
            }
            Expr::Field(field) => {
                let owner = self.infer(&field.base, depth)?;
                let name = match &field.member {
                    syn::Member::Named(name) => name.to_string(),
                    syn::Member::Unnamed(index) => index.index.to_string(),
                };
                self.on_value(&owner, &name)
            }
            Expr::Call(call) => {
                let Expr::Path(path) = &*call.func else {
                    return None;
                };
                let segments = &path.path.segments;
                let name = segments.last()?.ident.to_string();
                match segments.len() {
                    1 => match name.as_str() {
                        "Some" => Some(Ty {
                            arguments: call
                                .args
                                .first()
                                .and_then(|x| self.infer(x, depth))
                                .into_iter()
                                .collect(),
                            ..Ty::simple("Option")
                        }),
                        _ => self
                            .free_function(&name)?
                            .gives
                            .as_deref()
                            .and_then(Ty::parse),
                    },
                    count => {
                        let owner = segments[count - 2].ident.to_string();
                        let member = self.gives(&Ty::simple(&owner), &name);
                        member
                            .or_else(|| {
                                self.free_function(&name)?
                                    .gives
                                    .as_deref()
                                    .and_then(Ty::parse)
                            })
                            .or_else(|| constructor(&owner, &name))
                    }
                }
            }
            Expr::MethodCall(call) => {
                let receiver = self.infer(&call.receiver, depth)?;
                let name = call.method.to_string();
                let holds_one = matches!(receiver.name.as_str(), "Result" | "Option");
                match name.as_str() {
                    "clone" | "as_ref" | "as_mut" => return Some(receiver),
                    "unwrap" | "expect" | "unwrap_or" | "unwrap_or_default" if holds_one => {
                        return receiver.arguments.into_iter().next();
                    }
                    _ => {}
                }
                self.on_value(&receiver, &name)
            }
            _ => None,
        }
    }

    /// What a member gives that is named by a path.
    fn gives(&self, owner: &Ty, name: &str) -> Option<Ty> {
        let members = self.known.members(&owner.name, &owner.home);
        let member = members.into_iter().find(|entry| entry.name == name)?;
        Ty::parse(member.gives.as_deref()?)
    }

    /// What a member of a value gives.
    fn on_value(&self, receiver: &Ty, name: &str) -> Option<Ty> {
        let members = self.known.on_value(receiver);
        let member = members.into_iter().find(|entry| entry.name == name)?;
        let ty = Ty::parse(member.gives.as_deref()?)?;
        let pointee = receiver.pointee().unwrap_or(receiver);
        ty.with_arguments_of(pointee)
    }

    fn free_function(&self, name: &str) -> Option<&Entry> {
        let mut items = self.known.items();
        items.find(|entry| entry.kind == Kind::Function && entry.name == name)
    }

    /// The type of a name: from this cell's text, else from the notebook's variables.
    fn variable(&self, name: &str, depth: usize) -> Option<Ty> {
        self.bound_in_text(name, depth).or_else(|| self.live(name))
    }

    /// The last `let name = …;`, `let name: T`, parameter `name: T` or closure parameter before
    /// the cursor.
    fn bound_in_text(&self, name: &str, depth: usize) -> Option<Ty> {
        let chars = masked(self.code);
        let length = name.chars().count();
        let found: Vec<usize> = occurrences(&chars, name).collect();
        let mut latest = found.into_iter().rev();
        latest.find_map(|at| self.binding(&chars, at, at + length, depth))
    }

    /// The type that is bound by the name at `start..end`, if that is a place where names are bound.
    fn binding(&self, chars: &[char], start: usize, end: usize, depth: usize) -> Option<Ty> {
        let text = |from: usize, to: usize| chars[from..to].iter().collect::<String>();
        let before = text(0, start);
        let before = before.trim_end();
        let before = before.strip_suffix("mut").map_or(before, str::trim_end);
        let after = text(end, chars.len());
        let after = after.trim_start();
        if let Some(annotated) = after
            .strip_prefix(':')
            .filter(|rest| !rest.starts_with(':'))
        {
            let stop = annotated
                .find(['=', ';', '|', '\n', ')'])
                .unwrap_or(annotated.len());
            return Ty::parse(annotated[..stop].trim().trim_end_matches(','));
        }
        if before.ends_with("let") {
            let value = after
                .strip_prefix('=')
                .filter(|rest| !rest.starts_with('='))?;
            let value = &value[..statement_end(value)];
            return self.infer(&syn::parse_str(value).ok()?, depth);
        }
        self.closure_parameter(chars, start)
    }

    /// The type of the closure parameter at `start`, from the function that the closure is given
    /// to: `Graph::build("g", |g| …)`.
    fn closure_parameter(&self, chars: &[char], start: usize) -> Option<Ty> {
        let bar = chars[..start].iter().rposition(|&c| c == '|')?;
        let parameters: String = chars[bar + 1..start].iter().collect();
        let plain = |c: char| c.is_alphanumeric() || "_, &".contains(c);
        if !parameters.chars().all(plain) || !chars[start..].contains(&'|') {
            return None;
        }
        let position = parameters.matches(',').count();
        let mut depth = 0;
        let open = chars[..bar].iter().rposition(|&c| {
            match c {
                ')' | ']' | '}' => depth += 1,
                '(' | '[' | '{' => depth -= 1,
                _ => {}
            }
            depth < 0
        })?;
        let callee_start = text::expression_start(chars, open);
        let callee: String = chars[callee_start..open].iter().collect();
        let function = self.callee(callee.trim())?;
        let types = function.closures.first()?;
        Ty::parse(types.get(position)?)
    }

    /// The function that `Graph::build` or `x.map` names.
    fn callee(&self, callee: &str) -> Option<&Entry> {
        let expression: Expr = syn::parse_str(callee).ok()?;
        let member = |owner: &str, name: String| {
            let members = self.known.members(owner, "");
            members.into_iter().find(|entry| entry.name == name)
        };
        match expression {
            Expr::Path(path) => {
                let segments = path.path.segments;
                let name = segments.last()?.ident.to_string();
                match segments.len() {
                    1 => self.free_function(&name),
                    count => member(&segments[count - 2].ident.to_string(), name),
                }
            }
            Expr::Field(field) => {
                let syn::Member::Named(name) = &field.member else {
                    return None;
                };
                let owner = self.infer(&field.base, DEPTH)?;
                let members = self.known.on_value(&owner);
                members.into_iter().find(|entry| *name == entry.name)
            }
            _ => None,
        }
    }
}

/// Where a name stands as a whole word.
fn occurrences<'c>(chars: &'c [char], name: &str) -> impl Iterator<Item = usize> + 'c {
    let wanted: Vec<char> = name.chars().collect();
    let last = (chars.len() + 1).saturating_sub(wanted.len().max(1));
    (0..last)
        .filter(move |&at| chars[at..].starts_with(&wanted) && whole_word(chars, at, wanted.len()))
}

fn whole_word(chars: &[char], start: usize, length: usize) -> bool {
    let word = |c: &char| c.is_alphanumeric() || *c == '_';
    !chars[..start].last().is_some_and(word) && !chars.get(start + length).is_some_and(word)
}

/// Where the statement that a text begins with ends: at the first `;` outside of brackets.
fn statement_end(text: &str) -> usize {
    let mut depth = 0;
    for (at, c) in text.char_indices() {
        match c {
            '(' | '[' | '{' => depth += 1,
            ')' | ']' | '}' => depth -= 1,
            ';' if depth == 0 => return at,
            _ => {}
        }
        if depth < 0 {
            return at;
        }
    }
    text.len()
}

/// `Vec::new()` and the like give the type that they are called on.
fn constructor(owner: &str, name: &str) -> Option<Ty> {
    let usual = matches!(
        name,
        "new" | "default" | "from" | "with_capacity" | "open" | "start"
    );
    (usual && owner.starts_with(char::is_uppercase)).then(|| Ty::simple(owner))
}

fn literal_type(literal: &Lit) -> Option<Ty> {
    let name = match literal {
        Lit::Str(_) => "str",
        Lit::Char(_) => "char",
        Lit::Bool(_) => "bool",
        Lit::Int(number) if number.suffix().is_empty() => "i32",
        Lit::Float(number) if number.suffix().is_empty() => "f64",
        Lit::Int(number) => number.suffix(),
        Lit::Float(number) => number.suffix(),
        _ => return None,
    };
    Some(Ty::simple(name))
}

fn is_number(ty: &Ty) -> bool {
    let (letter, bits) = ty.name.split_at(1.min(ty.name.len()));
    matches!(letter, "i" | "u" | "f") && (bits == "size" || bits.parse::<u8>().is_ok())
}
