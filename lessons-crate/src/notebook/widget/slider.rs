//! A slider for one number.

use std::marker::PhantomData;
use std::ops::RangeInclusive;
use std::sync::Arc;

use super::field::{Field, Fields, text};
use super::handle::control;
use super::model::{Kind, Model};
use super::number::{Number, json};
use super::span::Span;
use super::twin::Twin;

/// A slider over a range of numbers; its type follows the range.
///
/// ```
/// use lessons::notebook::widget::slider;
///
/// let bits = slider("bits", 2..=8).value(4).build()?;
/// assert_eq!(bits.value(), 4);
/// bits.on_change(|bits| println!("{bits} bits"));
/// bits.set(5)?;
/// assert!(bits.set(9).unwrap_err().to_string().contains("not in 2..=8"));
/// # Ok::<(), lessons::Error>(())
/// ```
pub fn slider<T: Number>(name: impl Into<String>, range: RangeInclusive<T>) -> SliderBuilder<T> {
    SliderBuilder {
        name: name.into(),
        range,
        value: None,
        step: None,
        continuous: true,
    }
}

/// A slider that is being described.
#[derive(Debug, Clone)]
#[must_use = "call .build() to have the slider"]
pub struct SliderBuilder<T> {
    name: String,
    range: RangeInclusive<T>,
    value: Option<T>,
    step: Option<T>,
    continuous: bool,
}

impl<T: Number> SliderBuilder<T> {
    /// Where it stands at first; otherwise at the range's start.
    pub fn value(mut self, value: T) -> Self {
        self.value = Some(value);
        self
    }

    /// How far one step goes; otherwise 1, or a hundredth of the range.
    pub fn step(mut self, step: T) -> Self {
        self.step = Some(step);
        self
    }

    /// Whether the value changes while the slider moves (the default), or when it is let go.
    pub fn continuous(mut self, continuous: bool) -> Self {
        self.continuous = continuous;
        self
    }

    /// # Errors
    /// When the range is empty or not finite, the step does not fit it, or the value is outside.
    pub fn build(self) -> crate::Result<Slider<T>> {
        let span = Span::new(&self.name, &self.range, self.step)?;
        let value = self.value.unwrap_or(*self.range.start());
        let value = span.check(&self.name, value)?;
        Ok(Slider {
            model: new_model(&self.name, span, json(value, span.whole), self.continuous),
            span,
            numbers: PhantomData,
        })
    }
}

fn new_model(name: &str, span: Span, value: serde_json::Value, continuous: bool) -> Arc<Model> {
    let kind = if span.whole { "Int" } else { "Float" };
    Model::control(
        &format!("{kind}SliderModel"),
        &format!("{kind}SliderView"),
        SliderKind(span),
        [
            ("value", value.into()),
            ("min", json(span.low, span.whole).into()),
            ("max", json(span.high, span.whole).into()),
            ("step", json(span.step, span.whole).into()),
            ("readout_format", span.readout().into()),
            ("continuous_update", continuous.into()),
            ("description", name.into()),
            ("layout", Model::layout([("width", "440px")])),
            ("style", Model::style("SliderStyleModel")),
        ],
    )
}

struct SliderKind(Span);

impl Kind for SliderKind {
    fn accept(&self, key: &str, value: &Field) -> Option<Field> {
        let Field::Json(json_value) = value else {
            return None;
        };
        let number = json_value.as_f64().filter(|_| key == "value")?;
        let kept = self.0.clamp(number);
        // What is right stays as it was written.
        Some(if kept == number {
            value.clone()
        } else {
            json(kept, self.0.whole).into()
        })
    }

    fn twin(&self, state: &Fields) -> Twin {
        let what = format!("slider {}", self.0.words());
        Twin::control(&text(state, "description"), &text(state, "value"), &what)
    }
}

/// A handle on a slider; clones are the same slider.
#[derive(Clone, Debug)]
pub struct Slider<T> {
    model: Arc<Model>,
    span: Span,
    numbers: PhantomData<fn() -> T>,
}

control!(Slider<T: Number> => T);

impl<T: Number> Slider<T> {
    /// Where it stands.
    pub fn value(&self) -> T {
        T::from_f64(self.model.get("value").as_f64().unwrap_or(self.span.low))
    }

    /// Moves it, and calls what listens.
    ///
    /// # Errors
    /// When the value is outside the range.
    pub fn set(&self, value: T) -> crate::Result<()> {
        let name = self.model.get("description");
        let value = self.span.check(name.as_str().unwrap_or_default(), value)?;
        self.model.set("value", json(value, self.span.whole).into());
        Ok(())
    }
}
