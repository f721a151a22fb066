//! A picture made of pixels.

use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::error::WidgetError;
use super::field::{Field, Fields};
use super::handle::handle;
use super::model::{Kind, Model};
use super::twin::Twin;
use crate::figure::svg::escape;

/// A PNG or JPEG that can be replaced; its bytes travel as they are.
///
/// `alt` says what there is to see. Figures need no image: [`super::area`] shows them with the alt
/// text that they have.
///
/// # Errors
/// When the bytes are neither a PNG nor a JPEG.
pub fn image(bytes: &[u8], alt: &str) -> crate::Result<Image> {
    let format = format(bytes)?;
    let alt: Arc<str> = alt.into();
    Ok(Image {
        model: Model::control(
            "ImageModel",
            "ImageView",
            ImageKind(alt),
            [
                ("value", Field::Bytes(bytes.into())),
                ("format", format.into()),
                ("layout", Model::layout([("max_width", "100%")])),
            ],
        ),
    })
}

fn format(bytes: &[u8]) -> Result<&'static str, WidgetError> {
    match bytes {
        [0x89, b'P', b'N', b'G', ..] => Ok("png"),
        [0xff, 0xd8, 0xff, ..] => Ok("jpeg"),
        _ => {
            let what = format!(
                "an image widget was given {} bytes that are neither PNG nor JPEG",
                bytes.len()
            );
            Err(WidgetError::new(what).help("the bytes of a whole .png or .jpg file"))
        }
    }
}

struct ImageKind(Arc<str>);

impl Kind for ImageKind {
    fn twin(&self, state: &Fields) -> Twin {
        let Some(Field::Bytes(bytes)) = state.get("value") else {
            return Twin::default();
        };
        let format = super::field::text(state, "format");
        Twin {
            text: self.0.to_string(),
            html: format!(
                "<img alt=\"{}\" src=\"data:image/{format};base64,{}\">",
                escape(&self.0),
                STANDARD.encode(bytes)
            ),
        }
    }
}

/// A handle on an image; clones are the same image.
#[derive(Clone, Debug)]
pub struct Image {
    model: Arc<Model>,
}

handle!(Image);

impl Image {
    /// Shows another picture.
    ///
    /// # Errors
    /// When the bytes are neither a PNG nor a JPEG.
    pub fn set(&self, bytes: &[u8]) -> crate::Result<()> {
        self.model.set("format", format(bytes)?.into());
        self.model.set("value", Field::Bytes(bytes.into()));
        Ok(())
    }
}
