//! Guesses the type of an expression from the index and the text around it, well enough to say
//! which methods it has. What can't be guessed is `None`, never an error.

use syn::{Expr, GenericArgument, Lit, PathArguments, Type};

use super::complete::derefs;
use super::index::{Entry, Index, Kind};
use super::{Names, text};

/// A type by its name and arguments, without references: `Result<Vec<f32>>`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ty {
    pub name: String,
    pub arguments: Vec<Ty>,
}

impl Ty {
    fn simple(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            arguments: Vec::new(),
        }
    }

    /// Reads a type as it is written in Rust.
    pub fn parse(text: &str) -> Option<Self> {
        Self::of(&syn::parse_str(text).ok()?)
    }

    fn of(ty: &Type) -> Option<Self> {
        match ty {
            Type::Reference(reference) => Self::of(&reference.elem),
            Type::Paren(inner) => Self::of(&inner.elem),
            Type::Group(inner) => Self::of(&inner.elem),
            Type::Slice(_) | Type::Array(_) => Some(Self::simple("slice")),
            Type::Path(path) => {
                let last = path.path.segments.last()?;
                let arguments = match &last.arguments {
                    PathArguments::AngleBracketed(list) => list
                        .args
                        .iter()
                        .filter_map(|argument| match argument {
                            GenericArgument::Type(ty) => Self::of(ty),
                            _ => None,
                        })
                        .collect(),
                    _ => Vec::new(),
                };
                Some(Self {
                    name: last.ident.to_string(),
                    arguments,
                })
            }
            _ => None,
        }
    }

    /// The type with `T`, `E`, `K` and `V` replaced by the receiver's arguments; `None` where a
    /// parameter stays open.
    fn with_arguments_of(self, receiver: &Self) -> Option<Self> {
        let position = match self.name.as_str() {
            "T" | "K" => 0,
            "E" | "V" => 1,
            name if name.len() == 1 => return None,
            _ => {
                let arguments = self.arguments.into_iter();
                return Some(Self {
                    name: self.name,
                    arguments: arguments
                        .map_while(|ty| ty.with_arguments_of(receiver))
                        .collect(),
                });
            }
        };
        receiver.arguments.get(position).cloned()
    }

    /// The type to look methods up in: what smart pointers point to.
    fn target(self) -> Self {
        match (self.name.as_str(), self.arguments.first()) {
            ("Box" | "Rc" | "Arc", Some(inner)) => inner.clone().target(),
            _ => self,
        }
    }
}

/// The expressions' surroundings.
pub struct Scope<'a> {
    pub index: &'a Index,
    pub(super) names: &'a Names,
    /// The cell's text up to the cursor.
    pub code: &'a str,
}

/// How many `let`s are followed back.
const DEPTH: usize = 12;

impl Scope<'_> {
    /// The type of an expression.
    pub fn type_of(&self, expression: &str) -> Option<Ty> {
        let expression: Expr = syn::parse_str(expression).ok()?;
        self.infer(&expression, DEPTH).map(Ty::target)
    }

    fn infer(&self, expression: &Expr, depth: usize) -> Option<Ty> {
        let depth = depth.checked_sub(1)?;
        match expression {
            Expr::Lit(literal) => literal_type(&literal.lit),
            Expr::Paren(inner) => self.infer(&inner.expr, depth),
            Expr::Reference(inner) => self.infer(&inner.expr, depth),
            Expr::Unary(inner) => self.infer(&inner.expr, depth),
            Expr::Cast(cast) => Ty::of(&cast.ty),
            Expr::Array(_) => Some(Ty::simple("slice")),
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
                self.gives(&owner, &last)
            }
            Expr::Field(field) => {
                let owner = self.infer(&field.base, depth)?.target();
                let syn::Member::Named(name) = &field.member else {
                    return None;
                };
                self.gives(&owner.name, &name.to_string())
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
                            name: "Option".into(),
                            arguments: call
                                .args
                                .first()
                                .and_then(|x| self.infer(x, depth))
                                .into_iter()
                                .collect(),
                        }),
                        _ => self
                            .free_function(&name)?
                            .gives
                            .as_deref()
                            .and_then(Ty::parse),
                    },
                    count => {
                        let owner = segments[count - 2].ident.to_string();
                        let member = self.gives(&owner, &name);
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
                let receiver = receiver.target();
                let found = derefs(&receiver)
                    .into_iter()
                    .find_map(|owner| self.gives(owner, &name))?;
                found.with_arguments_of(&receiver)
            }
            _ => None,
        }
    }

    fn gives(&self, owner: &str, name: &str) -> Option<Ty> {
        let mut members = self.index.members(owner);
        let member = members.find(|entry| entry.name == name)?;
        Ty::parse(member.gives.as_deref()?)
    }

    fn free_function(&self, name: &str) -> Option<&Entry> {
        let mut items = self.index.items();
        items.find(|entry| entry.kind == Kind::Function && entry.name == name)
    }

    /// The type of a name: from this cell's text, else from the notebook's variables.
    fn variable(&self, name: &str, depth: usize) -> Option<Ty> {
        self.bound_in_text(name, depth).or_else(|| {
            let mut variables = self.names.variables.iter();
            let variable = variables.find(|variable| variable.name == name)?;
            Ty::parse(&variable.ty)
        })
    }

    /// The last `let name = …;`, `let name: T`, parameter `name: T` or closure parameter before
    /// the cursor.
    fn bound_in_text(&self, name: &str, depth: usize) -> Option<Ty> {
        let chars: Vec<char> = self.code.chars().collect();
        let wanted: Vec<char> = name.chars().collect();
        let last = chars.len().checked_sub(wanted.len())?;
        (0..=last)
            .rev()
            .filter(|&at| chars[at..].starts_with(&wanted) && whole_word(&chars, at, wanted.len()))
            .find_map(|at| self.binding(&chars, at, at + wanted.len(), depth))
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
        let member = |owner: String, name: String| {
            let mut entries = self.index.entries.iter();
            entries.find(|entry| entry.owner == owner && entry.name == name)
        };
        match expression {
            Expr::Path(path) => {
                let segments = path.path.segments;
                let name = segments.last()?.ident.to_string();
                match segments.len() {
                    1 => self.free_function(&name),
                    count => member(segments[count - 2].ident.to_string(), name),
                }
            }
            Expr::Field(field) => {
                let syn::Member::Named(name) = &field.member else {
                    return None;
                };
                let owner = self.infer(&field.base, DEPTH)?.target();
                member(owner.name, name.to_string())
            }
            _ => None,
        }
    }
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
