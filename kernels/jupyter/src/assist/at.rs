//! A place in a cell, and all that is known there.

use std::ops::Range;
use std::sync::Arc;

use super::binding;
use super::infer::Scope;
use super::known::{Known, PRELUDE};
use super::lexer::masked;
use super::lookup::Lookup;
use super::own::Own;
use super::probe::{self, Typed};
use super::text::{Before, Spot};
use super::ty::Ty;
use super::{Loaded, Notebook};
use crate::engine::Variable;

/// A name in a cell, under the cursor.
pub struct At<'a> {
    pub spot: Spot,
    pub notebook: &'a Notebook,
    loaded: &'a Loaded,
    added: &'a [Arc<Lookup>],
    chars: Vec<char>,
    cell: Own,
}

impl<'a> At<'a> {
    /// The place at a cursor; `None` inside a comment or string.
    pub fn new(
        loaded: &'a Loaded,
        added: &'a [Arc<Lookup>],
        notebook: &'a Notebook,
        code: &str,
        cursor: usize,
    ) -> Option<Self> {
        let spot = Spot::at(code, cursor)?;
        let chars: Vec<char> = code.chars().collect();
        let text = |range: &[char]| range.iter().collect::<String>();
        // What is being written stands for nothing.
        let parsed = probe::whole(
            &text(&chars[..spot.subject]),
            "()",
            &text(&chars[spot.end..]),
        );
        let cell = parsed.map_or_else(Own::default, |(_, cell)| Own::of_cell(&cell));
        Some(Self {
            spot,
            notebook,
            loaded,
            added,
            chars,
            cell,
        })
    }

    pub fn known(&self) -> Known<'_> {
        let own = self.notebook.own();
        let imports = own.imports.iter().chain(&self.cell.imports);
        Known {
            near: vec![
                &self.cell.index,
                &own.index,
                &self.loaded.library,
                &self.loaded.language,
            ],
            far: [&self.loaded.std, &self.loaded.crates]
                .into_iter()
                .chain(self.added.iter().map(Arc::as_ref))
                .collect(),
            imports: imports.cloned().collect(),
        }
    }

    /// The indexes of what the notebook itself defines, this cell first.
    pub fn own(&self) -> [&Lookup; 2] {
        [&self.cell.index, &self.notebook.own().index]
    }

    /// The source text of an item of this cell or the notebook.
    pub fn source_of(&self, name: &str) -> Option<&str> {
        let notebook = || self.notebook.own().source_of(name);
        self.cell.source_of(name).or_else(notebook)
    }

    /// The cell's characters before the name, or before what says whose name it is.
    pub fn before(&self) -> &[char] {
        &self.chars[..self.spot.subject]
    }

    fn scope<'s>(&'s self, known: &'s Known<'s>) -> Scope<'s> {
        Scope {
            known,
            variables: &self.notebook.own().variables,
            code: self.before(),
        }
    }

    /// The variable of the notebook that a name means here, where this cell does not bind it anew.
    pub fn variable(&self, name: &str) -> Option<&Variable> {
        let known = self.known();
        if self.scope(&known).is_bound(name) {
            return None;
        }
        let mut variables = self.notebook.variables.iter();
        variables.find(|variable| variable.name == name)
    }

    /// The types that a value before the cursor has and dereferences to, and the traits that the
    /// compiler found implemented: where the type can't be read off the text, the compiler is asked,
    /// and where it doesn't answer, the text is guessed from.
    pub fn receiver(&self, expression: &str) -> Receiver {
        let known = self.known();
        let scope = self.scope(&known);
        if let Some(ty) = scope.certain(expression).filter(|ty| known.has_members(ty)) {
            return Receiver::of(ty);
        }
        let length = expression.chars().count();
        let asked = self.spot.subject..self.spot.subject + length;
        let typed = self.ask(&self.chars, asked, self.spot.end, &self.traits(&known));
        let answered = typed.is_some();
        let typed = typed.unwrap_or_default();
        let types: Vec<Ty> = typed
            .types
            .iter()
            .map_while(|text| Ty::parse(text))
            .collect();
        if typed.types.is_empty() {
            let guessed = scope.type_of(expression).into_iter();
            return Receiver {
                types: guessed.collect(),
                answered,
                ..Receiver::default()
            };
        }
        Receiver {
            types,
            traits: typed.traits,
            answered,
            written: typed.types.into_iter().next(),
        }
    }

    /// The type of a name that this cell binds.
    pub fn bound(&self, name: &str) -> Option<String> {
        let known = self.known();
        if !self.scope(&known).is_bound(name) {
            return None;
        }
        let asked = self.spot.start..self.spot.end;
        let typed = self
            .ask(&self.chars, asked, self.spot.end, &[])
            .unwrap_or_default();
        typed.types.into_iter().next().or_else(|| {
            let ty = self.scope(&known).type_of(name)?;
            Some(ty.name)
        })
    }

    /// The type of the name itself, where it is being bound.
    pub fn binding(&self) -> Option<String> {
        let range = self.spot.start..self.spot.end;
        let bound = binding::at(&masked(&self.chars), range.start, range.end)?;
        let mut chars = self.chars[..bound.usable].to_vec();
        chars.extend(bound.open.then_some(';'));
        let asked = chars.len()..chars.len() + range.len();
        chars.extend(&self.chars[range]);
        chars.extend(&self.chars[bound.usable..]);
        let known = self.known();
        let typed = self.ask(&chars, asked.clone(), asked.end, &[]);
        typed
            .unwrap_or_default()
            .types
            .into_iter()
            .next()
            .or_else(|| {
                let scope = Scope {
                    code: &self.chars[..bound.usable],
                    ..self.scope(&known)
                };
                Some(scope.type_of(&self.spot.name)?.name)
            })
    }

    /// A guess of the type of a name that this cell binds.
    pub fn guess(&self, name: &str) -> String {
        let known = self.known();
        let ty = self.scope(&known).type_of(name);
        ty.map_or_else(String::new, |ty| ty.name)
    }

    fn ask(
        &self,
        chars: &[char],
        asked: Range<usize>,
        end: usize,
        traits: &[String],
    ) -> Option<Typed> {
        let analyst = self.notebook.analyst.as_ref()?;
        let memory = &self.notebook.asked;
        memory.ask(&**analyst, chars, asked, end, traits)
    }

    /// The traits that the compiler is asked about: those of std's prelude, and the notebook's own.
    fn traits(&self, known: &Known<'_>) -> Vec<String> {
        const ITERATORS: [&str; 4] = [
            "Iterator",
            "DoubleEndedIterator",
            "ExactSizeIterator",
            "IntoIterator",
        ];
        let mut traits: Vec<String> = Vec::new();
        for name in PRELUDE {
            match name {
                "Clone" => traits.push("::std::clone::Clone".into()),
                "ToString" => traits.push("::std::string::ToString".into()),
                _ if ITERATORS.contains(&name) => traits.push(format!("::std::iter::{name}")),
                _ => {}
            }
        }
        for entry in self.own().into_iter().flat_map(|index| index.items()) {
            if entry.kind == super::Kind::Trait {
                traits.push(entry.name.clone());
            }
        }
        let imported = known.imports.iter().filter(|(name, _)| {
            let mut items = known.items();
            items.any(|entry| entry.name == *name && entry.kind == super::Kind::Trait)
        });
        traits.extend(imported.map(|(name, home)| format!("{home}::{name}")));
        traits
    }

    /// What stands before the name.
    pub fn what(&self) -> &Before {
        &self.spot.before
    }

    /// The characters of the whole cell.
    pub fn chars(&self) -> &[char] {
        &self.chars
    }
}

/// What is known of a value.
#[derive(Debug, Clone, Default)]
pub struct Receiver {
    /// Its type and what it dereferences to, step by step; empty when nothing is known.
    pub types: Vec<Ty>,
    /// Paths of traits that it implements.
    pub traits: Vec<String>,
    /// Its type as the compiler writes it.
    pub written: Option<String>,
    /// Whether the compiler was asked and had an answer, if only that it doesn't know.
    pub answered: bool,
}

impl Receiver {
    fn of(ty: Ty) -> Self {
        Self {
            types: vec![ty],
            ..Self::default()
        }
    }

    /// Its members.
    pub fn members<'k>(&self, known: &Known<'k>) -> Vec<&'k super::Entry> {
        let mut members: Vec<&super::Entry> = Vec::new();
        for ty in &self.types {
            members.extend(known.on_value(ty));
        }
        for path in &self.traits {
            let (home, name) = path.rsplit_once("::").unwrap_or(("", path));
            let home = home.trim_start_matches("::");
            let of_trait = known.members(name, home).into_iter();
            members.extend(of_trait.filter(|entry| entry.on_value));
        }
        members
    }

    /// Whether nothing is known.
    pub fn is_unknown(&self) -> bool {
        self.types.is_empty() && self.written.is_none()
    }
}
