//! A figure that follows its controls.

use std::sync::Arc;

use super::boxes::{Boxed, vbox};
use super::controls::Controls;
use super::draw::{Draw, failure};
use super::handle::{HasModel, Widget, handle};
use super::html::{Html, area};
use super::listeners::Listener;
use super::model::Model;
use super::twin::Twin;
use crate::notebook::Bundle;
use crate::notebook::comm::caught;

/// Draws what `draw` makes of the controls' values, and again whenever one of them changes.
///
/// `controls` is one control, a reference to one, or a tuple of up to four. `draw` gives a figure
/// or whatever draws itself as one, a text, or a result of these; an error or a panic is shown in
/// the figure's place. As the last expression of a cell the whole shows itself.
///
/// ```
/// use lessons::notebook::widget::{interact, slider};
/// use lessons::prelude::*;
///
/// let bend = slider("bend", 0.0..=2.0).value(1.0).step(0.1).build()?;
/// interact(&bend, |bend| {
///     let points = (0..=20).map(|i| f64::from(i) / 10.0 - 1.0).map(|x| (x, bend * x * x));
///     LineChart::new("A parabola").series("y", points).figure()
/// })
/// # ;
/// # Ok::<(), lessons::Error>(())
/// ```
pub fn interact<C: Controls, D: Draw>(
    controls: C,
    mut draw: impl FnMut(C::Values) -> D + Send + 'static,
) -> Interaction {
    let models = controls.models();
    let values = controls.reader();
    connect(&models, Box::new(move || draw(values()).bundle()))
}

/// What [`interact`] shows: the controls, and below them what they draw.
#[derive(Clone, Debug)]
pub struct Interaction {
    model: Arc<Model>,
    all: Boxed,
    area: Html,
}

handle!(Interaction);

impl Interaction {
    /// The place below the controls.
    pub fn area(&self) -> &Html {
        &self.area
    }

    /// Shows this where there are no widgets, in place of the controls and what they drew: for instance
    /// all that a slider leads through, side by side.
    pub fn still(self, drawn: &impl Draw) -> Interaction {
        self.all.set_still(Twin::of(&drawn.bundle()));
        self
    }
}

fn connect(models: &[Arc<Model>], mut draw: Box<dyn FnMut() -> Bundle + Send>) -> Interaction {
    let area = area();
    let place = area.clone();
    let redraw = Listener::new(move || {
        let drawn = caught(&mut draw).unwrap_or_else(|panic| {
            failure(&format!("the function of `interact` panicked: {panic}"))
        });
        place.show_twin(Twin::of(&drawn));
    });
    redraw.call();
    let all = vbox();
    for model in models {
        model.changed.add(redraw.clone());
        all.add(&Part(model.clone()));
    }
    all.add(&area);
    Interaction {
        model: all.model().clone(),
        all,
        area,
    }
}

/// A control of which only the model is known.
struct Part(Arc<Model>);

impl HasModel for Part {
    fn model(&self) -> &Arc<Model> {
        &self.0
    }
}

impl Widget for Part {}
