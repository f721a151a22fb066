//! One control or several, as one.

use std::sync::Arc;

use super::model::Model;

/// Controls that are read together: one, a reference to one, or a tuple of up to four.
pub trait Controls {
    /// The value of one, a tuple of the values of several.
    type Values;

    #[doc(hidden)]
    fn models(&self) -> Vec<Arc<Model>>;

    #[doc(hidden)]
    fn reader(&self) -> impl Fn() -> Self::Values + Send + 'static;
}

/// Makes a control, or with `&` a reference to it, one to be read.
macro_rules! one {
    (& $name:ident $(<$parameter:ident: $bound:path>)?) => {
        $crate::notebook::widget::controls::one!(@ &$name$(<$parameter>)?, $name$(<$parameter>)? $(, $parameter: $bound)?);
    };
    ($name:ident $(<$parameter:ident: $bound:path>)?) => {
        $crate::notebook::widget::controls::one!(@ $name$(<$parameter>)?, $name$(<$parameter>)? $(, $parameter: $bound)?);
    };
    (@ $given:ty, $control:ty $(, $parameter:ident: $bound:path)?) => {
        impl$(<$parameter: $bound>)? $crate::notebook::widget::Controls for $given {
            type Values = <$control as $crate::notebook::widget::Control>::Value;

            fn models(&self) -> Vec<std::sync::Arc<$crate::notebook::widget::model::Model>> {
                vec![self.model.clone()]
            }

            fn reader(&self) -> impl Fn() -> Self::Values + Send + 'static {
                let control: $control = (*self).clone();
                move || control.value()
            }
        }
    };
}

pub(super) use one;

macro_rules! several {
    ($($part:ident),*) => {
        #[expect(non_snake_case, reason = "a part is named after its type")]
        impl<$($part: Controls),*> Controls for ($($part,)*) {
            type Values = ($($part::Values,)*);

            fn models(&self) -> Vec<Arc<Model>> {
                let ($($part,)*) = self;
                [$($part.models()),*].concat()
            }

            fn reader(&self) -> impl Fn() -> Self::Values + Send + 'static {
                let ($($part,)*) = self;
                let ($($part,)*) = ($($part.reader(),)*);
                move || ($($part(),)*)
            }
        }
    };
}

several!(A, B);
several!(A, B, C);
several!(A, B, C, D);
