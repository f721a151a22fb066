//! rustc's diagnostics, told in terms of the cell.
//!
//! rustc sees generated files; the user sees the cell. Every span is carried back to the cell's own
//! bytes, spans in generated code are left out, and the message is drawn by the renderer that rustc
//! draws with.

use std::ops::Range;

use annotate_snippets::{AnnotationKind, Element, Group, Level, Patch, Renderer, Snippet};

use super::generate::{CellText, Origin, Unit};
use super::rustc::{Diagnostic, Span};

/// A place in a cell.
#[derive(Debug, Clone)]
pub struct Place {
    pub cell: CellText,
    pub range: Range<usize>,
}

/// Where a span lies: the user's code, or generated code with a meaning.
#[derive(Debug, Clone)]
enum Found {
    User(Place),
    Generated(Origin),
}

/// Reads diagnostics against the unit they are about.
pub struct Translator<'u> {
    pub unit: &'u Unit,
}

impl Translator<'_> {
    /// The user's code that a span lies in, looking through macros from the inside out.
    pub fn place(&self, span: &Span) -> Option<Place> {
        let mut span = span;
        loop {
            match self.find(span) {
                Some(Found::User(place)) => return Some(place),
                Some(Found::Generated(Origin::Shown)) if self.closes_value(span) => {
                    let mut value = self.shown()?;
                    value.range.start = value.range.end;
                    return Some(value);
                }
                Some(Found::Generated(Origin::End)) => return self.end(),
                _ => {}
            }
            span = &span.expansion.as_ref()?.span;
        }
    }

    /// Where the cell's text ends.
    fn end(&self) -> Option<Place> {
        let file = self.unit.files.iter().find(|file| file.name == "cell.rs")?;
        let cell = file.cell.clone()?;
        let end = cell.text.trim_end().len();
        Some(Place {
            cell,
            range: end..end,
        })
    }

    /// An error about the end of the cell, where rustc found what was put there, in the cell's terms.
    pub fn at_end(&self, mut diagnostic: Diagnostic) -> Diagnostic {
        if self.primary_origin(&diagnostic) == Some(Origin::End) {
            let end = "found the end of the cell";
            diagnostic.message = diagnostic.message.replace("found `;`", end);
            for span in &mut diagnostic.spans {
                span.label.take_if(|label| label == "unexpected token");
            }
        }
        diagnostic
    }

    /// Whether a span is where something may be added to the cell's value, to which rustc counts the
    /// parentheses around it.
    fn closes_value(&self, span: &Span) -> bool {
        let mut files = self.unit.files.iter();
        let file = files.find(|file| file.name == "cell.rs");
        let mut segments = file.iter().flat_map(|file| &file.segments);
        let shown = segments.find(|segment| segment.origin == Origin::Shown);
        span.suggested_replacement.is_some()
            && span.byte_start == span.byte_end
            && shown.is_some_and(|shown| span.byte_start == shown.generated.start + ")".len())
    }

    fn find(&self, span: &Span) -> Option<Found> {
        let name = span.file_name.rsplit('/').next()?;
        let file = self.unit.files.iter().find(|file| file.name == name)?;
        let at = |position: usize, end: bool| {
            file.segments.iter().find(|segment| {
                let range = &segment.generated;
                if end {
                    range.start < position && position <= range.end
                } else {
                    range.start <= position && position < range.end
                }
            })
        };
        // The parentheses around the cell's value belong to rustc's idea of it.
        let within = || {
            file.segments.iter().find(|segment| {
                let range = &segment.generated;
                let inside = span.byte_start <= range.start && range.start < span.byte_end;
                inside && matches!(segment.origin, Origin::User(_))
            })
        };
        let first = at(span.byte_start, false)
            .or_else(|| at(span.byte_start, true))
            .or_else(within)?;
        let Origin::User(offset) = first.origin else {
            return Some(Found::Generated(first.origin.clone()));
        };
        let start = offset + span.byte_start.saturating_sub(first.generated.start);
        let end = match at(span.byte_end, true) {
            Some(last) => match last.origin {
                Origin::User(offset) => offset + (span.byte_end - last.generated.start),
                _ => offset + first.generated.len(),
            },
            None => start,
        };
        let cell = file.cell.clone()?;
        Some(Found::User(Place {
            cell,
            range: start..end.max(start),
        }))
    }

    /// What generated code a diagnostic touches with any of its spans.
    pub fn touches(&self, diagnostic: &Diagnostic) -> Vec<Origin> {
        let children = diagnostic.children.iter().flat_map(|child| &child.spans);
        let spans = diagnostic.spans.iter().chain(children);
        let found = spans.filter_map(|span| match self.find(span) {
            Some(Found::Generated(origin)) => Some(origin),
            _ => None,
        });
        found.collect()
    }

    /// The generated code that the diagnostic's primary span lies in.
    pub fn primary_origin(&self, diagnostic: &Diagnostic) -> Option<Origin> {
        let span = diagnostic.spans.iter().find(|span| span.is_primary)?;
        match self.find(span)? {
            Found::Generated(origin) => Some(origin),
            Found::User(_) => None,
        }
    }

    /// The user's code that a diagnostic is about.
    pub fn primary(&self, diagnostic: &Diagnostic) -> Option<Place> {
        let span = diagnostic.spans.iter().find(|span| span.is_primary)?;
        self.place(span)
    }

    /// The cell's last expression, for errors about showing it.
    fn shown(&self) -> Option<Place> {
        let file = self.unit.files.iter().find(|file| file.name == "cell.rs")?;
        let shown = file
            .segments
            .iter()
            .position(|segment| segment.origin == Origin::Shown)?;
        let before = file.segments.get(shown.checked_sub(1)?)?;
        let Origin::User(start) = before.origin else {
            return None;
        };
        Some(Place {
            cell: file.cell.clone()?,
            range: start..start + before.generated.len(),
        })
    }

    /// Draws a diagnostic with colors; `helps` are added below.
    pub fn render(&self, diagnostic: &Diagnostic, helps: &[String]) -> String {
        let level = level(&diagnostic.level);
        let mut title = level.primary_title(diagnostic.message.as_str());
        if let Some(code) = diagnostic.code() {
            title = title.id(code);
        }
        let mut main = Group::with_title(title);
        let mut places = self.places(&diagnostic.spans);
        if !places.iter().any(|(_, primary, _)| *primary)
            && self.primary_origin(diagnostic) == Some(Origin::Shown)
            && let Some(place) = self.shown()
        {
            places.push((place, true, Some("the cell's value".to_owned())));
        }
        main = main.elements(snippets(&places));
        let mut groups = Vec::new();
        for child in &diagnostic.children {
            match self.child(child) {
                Child::Footer(element) => main = main.element(element),
                Child::Group(group) => groups.push(group),
                Child::Nothing => {}
            }
        }
        for help in helps {
            main = main.element(Level::HELP.message(help.as_str()));
        }
        let mut report = vec![main];
        report.extend(groups);
        Renderer::styled().render(&report)
    }

    fn child<'d>(&self, child: &'d Diagnostic) -> Child<'d> {
        let level = level(&child.level);
        let patches: Vec<(Option<Place>, &str)> = child
            .spans
            .iter()
            .filter_map(|span| {
                let replacement = span.suggested_replacement.as_deref()?;
                Some((self.place(span), replacement))
            })
            .collect();
        if !patches.is_empty() {
            // How an earlier cell declared a variable is not to be changed here.
            let taken = |origin: &Origin| matches!(origin, Origin::Take(_));
            if self.touches(child).iter().any(taken) {
                return Child::Nothing;
            }
            return suggestion(child, &patches);
        }
        let places = self.places(&child.spans);
        if !places.is_empty() {
            let title = level.secondary_title(child.message.as_str());
            return Child::Group(Group::with_title(title).elements(snippets(&places)));
        }
        // A note whose place is generated code or the standard library says nothing without it.
        let about_generated =
            !child.spans.is_empty() && self.touches(child).len() == child.spans.len();
        if about_generated || child.message.starts_with("for more information") {
            return Child::Nothing;
        }
        Child::Footer(level.message(child.message.as_str()).into())
    }

    fn places(&self, spans: &[Span]) -> Vec<(Place, bool, Option<String>)> {
        let places = spans
            .iter()
            .filter_map(|span| Some((self.place(span)?, span.is_primary, span.label.clone())));
        places.collect()
    }
}

enum Child<'d> {
    Footer(Element<'d>),
    Group(Group<'d>),
    Nothing,
}

fn suggestion<'d>(child: &'d Diagnostic, patches: &[(Option<Place>, &str)]) -> Child<'d> {
    let level = level(&child.level);
    let placed: Vec<(&Place, &str)> = patches
        .iter()
        .filter_map(|(place, replacement)| Some((place.as_ref()?, *replacement)))
        .collect();
    match placed.first() {
        Some((first, _))
            if placed.len() == patches.len()
                && placed
                    .iter()
                    .all(|(place, _)| same_cell(&place.cell, &first.cell)) =>
        {
            let mut snippet =
                Snippet::source(first.cell.text.to_string()).path(origin(&first.cell));
            for (place, replacement) in &placed {
                snippet = snippet.patch(Patch::new(place.range.clone(), (*replacement).to_owned()));
            }
            let title = level.secondary_title(child.message.as_str());
            Child::Group(Group::with_title(title).element(snippet))
        }
        Some(_) => Child::Nothing,
        None => {
            // Code to put outside of the cell's own, such as an import: said in words.
            let codes: Vec<&str> = patches
                .iter()
                .map(|(_, replacement)| replacement.trim())
                .collect();
            let text = format!("{}: {}", child.message, codes.join(" or "));
            Child::Footer(level.message(text).into())
        }
    }
}

/// One snippet for each cell that the places lie in, the current cell's first.
fn snippets<'a>(
    places: &[(Place, bool, Option<String>)],
) -> Vec<Snippet<'a, annotate_snippets::Annotation<'a>>> {
    let mut groups: Vec<(CellText, Vec<annotate_snippets::Annotation<'a>>)> = Vec::new();
    let mut ordered: Vec<&(Place, bool, Option<String>)> = places.iter().collect();
    ordered.sort_by_key(|(place, primary, _)| (!primary, !place.cell.current));
    for (place, primary, label) in ordered {
        let kind = if *primary {
            AnnotationKind::Primary
        } else {
            AnnotationKind::Context
        };
        let annotation = kind.span(place.range.clone()).label(label.clone());
        match groups
            .iter_mut()
            .find(|(cell, _)| same_cell(cell, &place.cell))
        {
            Some((_, annotations)) => annotations.push(annotation),
            None => groups.push((place.cell.clone(), vec![annotation])),
        }
    }
    let snippets = groups.into_iter().map(|(cell, annotations)| {
        Snippet::source(cell.text.to_string())
            .path(origin(&cell))
            .annotations(annotations)
    });
    snippets.collect()
}

fn same_cell(one: &CellText, other: &CellText) -> bool {
    one.current == other.current && one.text == other.text
}

fn origin(cell: &CellText) -> &'static str {
    if cell.current { "cell" } else { "earlier cell" }
}

fn level(name: &str) -> Level<'static> {
    match name {
        "warning" => Level::WARNING,
        "note" | "failure-note" => Level::NOTE,
        "help" => Level::HELP,
        _ => Level::ERROR,
    }
}
