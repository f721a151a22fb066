//! A slider with two handles, for a range within a range.

use std::marker::PhantomData;
use std::ops::RangeInclusive;
use std::sync::Arc;

use serde_json::Value;

use super::error::WidgetError;
use super::field::{Field, Fields, text};
use super::handle::control;
use super::model::{Kind, Model};
use super::number::{Number, json};
use super::span::Span;
use super::twin::Twin;

/// A slider that chooses a range within a range.
///
/// ```
/// use lessons::notebook::widget::range_slider;
///
/// let layers = range_slider("layers", 0..=5).value(1..=3).build()?;
/// assert_eq!(layers.value(), 1..=3);
/// # Ok::<(), lessons::Error>(())
/// ```
pub fn range_slider<T: Number>(
    name: impl Into<String>,
    range: RangeInclusive<T>,
) -> RangeSliderBuilder<T> {
    RangeSliderBuilder {
        name: name.into(),
        range,
        value: None,
        step: None,
    }
}

/// A range slider that is being described.
#[derive(Debug, Clone)]
#[must_use = "call .build() to have the slider"]
pub struct RangeSliderBuilder<T> {
    name: String,
    range: RangeInclusive<T>,
    value: Option<RangeInclusive<T>>,
    step: Option<T>,
}

impl<T: Number> RangeSliderBuilder<T> {
    /// What it chooses at first; otherwise all.
    pub fn value(mut self, value: RangeInclusive<T>) -> Self {
        self.value = Some(value);
        self
    }

    /// How far one step goes; otherwise 1, or a hundredth of the range.
    pub fn step(mut self, step: T) -> Self {
        self.step = Some(step);
        self
    }

    /// # Errors
    /// When the range is empty or not finite, the step does not fit it, or the value is outside or
    /// the wrong way round.
    pub fn build(self) -> crate::Result<RangeSlider<T>> {
        let span = Span::new(&self.name, &self.range, self.step)?;
        let value = self.value.unwrap_or(self.range);
        let value = pair(&self.name, &span, &value)?;
        Ok(RangeSlider {
            model: new_model(&self.name, span, value),
            span,
            numbers: PhantomData,
        })
    }
}

/// # Errors
/// When an end is outside of the span, or the ends are the wrong way round.
fn pair<T: Number>(
    name: &str,
    span: &Span,
    range: &RangeInclusive<T>,
) -> Result<Value, WidgetError> {
    let (low, high) = (
        span.check(name, *range.start())?,
        span.check(name, *range.end())?,
    );
    if low > high {
        let what = format!("the slider {name:?}: {range:?} is empty");
        return Err(WidgetError::new(what).help("the smaller end first"));
    }
    Ok(Value::from(vec![
        json(low, span.whole),
        json(high, span.whole),
    ]))
}

fn new_model(name: &str, span: Span, value: Value) -> Arc<Model> {
    let kind = if span.whole { "Int" } else { "Float" };
    Model::control(
        &format!("{kind}RangeSliderModel"),
        &format!("{kind}RangeSliderView"),
        RangeSliderKind(span),
        [
            ("value", value.into()),
            ("min", json(span.low, span.whole).into()),
            ("max", json(span.high, span.whole).into()),
            ("step", json(span.step, span.whole).into()),
            ("readout_format", span.readout().into()),
            ("description", name.into()),
            ("layout", Model::layout([("width", "440px")])),
            ("style", Model::style("SliderStyleModel")),
        ],
    )
}

struct RangeSliderKind(Span);

impl Kind for RangeSliderKind {
    fn accept(&self, key: &str, value: &Field) -> Option<Field> {
        let Field::Json(sent) = value else {
            return None;
        };
        let [low, high] = ends(sent).filter(|_| key == "value")?;
        let kept = [self.0.clamp(low), self.0.clamp(high.max(low))];
        // What is right stays as it was written.
        Some(if kept == [low, high] {
            value.clone()
        } else {
            Value::from(kept.map(|end| json(end, self.0.whole)).to_vec()).into()
        })
    }

    fn twin(&self, state: &Fields) -> Twin {
        let value = match state.get("value") {
            Some(Field::Json(value)) => ends(value).unwrap_or([self.0.low, self.0.high]),
            _ => [self.0.low, self.0.high],
        };
        let what = format!("slider for a range {}", self.0.words());
        let value = format!("{}..={}", value[0], value[1]);
        Twin::control(&text(state, "description"), &value, &what)
    }
}

fn ends(value: &Value) -> Option<[f64; 2]> {
    let [low, high] = value.as_array()?.as_slice() else {
        return None;
    };
    Some([low.as_f64()?, high.as_f64()?])
}

/// A handle on a range slider; clones are the same slider.
#[derive(Clone, Debug)]
pub struct RangeSlider<T> {
    model: Arc<Model>,
    span: Span,
    numbers: PhantomData<fn() -> T>,
}

control!(RangeSlider<T: Number> => RangeInclusive<T>);

impl<T: Number> RangeSlider<T> {
    /// The range that it chooses.
    pub fn value(&self) -> RangeInclusive<T> {
        let ends = ends(&self.model.get("value")).unwrap_or([self.span.low, self.span.high]);
        T::from_f64(ends[0])..=T::from_f64(ends[1])
    }

    /// Chooses another range, and calls what listens.
    ///
    /// # Errors
    /// When the range is outside of the slider's, or the wrong way round.
    pub fn set(&self, value: RangeInclusive<T>) -> crate::Result<()> {
        let name = self.model.get("description");
        let value = pair(name.as_str().unwrap_or_default(), &self.span, &value)?;
        self.model.set("value", value.into());
        Ok(())
    }
}
